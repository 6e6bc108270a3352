/* Ollama's chat: the parts of its format row.
 *
 * Source: the types of the official package ollama, and api/types.go of the server for what the package leaves out
 * (ids of tool calls, tool_call_id), which are read but not written. */
#ifndef SLUICE_GATEWAY_TRANSLATE_OLLAMA_H
#define SLUICE_GATEWAY_TRANSLATE_OLLAMA_H

#include "gateway/translate/format.h"

enum outcome ollama_read_request(struct reading *reading);
enum outcome ollama_write_request(const struct conversation *conversation, const struct writing *writing);

enum outcome ollama_read_reply(const struct json_doc *doc, struct arena *arena, struct reply *reply_out);
enum outcome ollama_write_reply(const struct reply *reply, const struct writing *writing);

enum outcome ollama_read_event(struct translate_stream *stream, const struct relay_event *event, struct buffer *out);
extern const struct relay_writer ollama_relay_writer;

void ollama_write_error(struct buffer *out, unsigned status, struct slice message);

/* Between the words of done_reason and ours; an absent word is a stop. UNKNOWN for a word that is none. */
enum reply_finish ollama_finish_of(struct slice encoded_word);
const char *ollama_finish_word(enum reply_finish finish);

/* Whether what a message holds is of the types that can be read. */
bool ollama_message_is_sound(const struct json_doc *doc, uint32_t message);

/* The counts at the end of an answer, which stand in the answer itself. */
void ollama_read_usage(const struct json_doc *doc, struct reply_usage *usage_out);
void ollama_write_usage(struct buffer *out, const struct reply_usage *usage);

/* Between created_at (RFC 3339) and seconds since 1970; 0 for what is no time. */
uint64_t ollama_moment_of(struct slice encoded);
void ollama_write_moment(struct buffer *out, uint64_t moment_s);

#endif
