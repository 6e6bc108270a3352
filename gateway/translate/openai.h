/* OpenAI chat completions: the parts of its format row.
 *
 * Source: the types of the official package openai (chat.completion, chat.completion.chunk, the error object);
 * `reasoning_content` and `reasoning` are what reasoning servers add to messages and deltas. */
#ifndef SLUICE_GATEWAY_TRANSLATE_OPENAI_H
#define SLUICE_GATEWAY_TRANSLATE_OPENAI_H

#include "gateway/translate/format.h"

enum outcome openai_read_request(struct reading *reading);
enum outcome openai_write_request(const struct conversation *conversation, const struct writing *writing);

enum outcome openai_read_reply(const struct json_doc *doc, struct arena *arena, struct reply *reply_out);
enum outcome openai_write_reply(const struct reply *reply, const struct writing *writing);

enum outcome openai_read_event(struct translate_stream *stream, const struct relay_event *event, struct buffer *out);
extern const struct relay_writer openai_relay_writer;

void openai_write_error(struct buffer *out, unsigned status, struct slice message);

/* Between the words of finish_reason and ours; both null-terminated in meaning: UNKNOWN for a word that is none. */
enum reply_finish openai_finish_of(struct slice encoded_word);
const char *openai_finish_word(enum reply_finish finish);

/* Whether what a message, or a delta of one, holds is of the types that can be read: no content is lost.
 * UNSUPPORTED: audio, or the function call that tool calls replaced. INVALID: another type. */
enum outcome openai_check_message(const struct json_doc *doc, uint32_t message);

/* The same for one tool call. */
enum outcome openai_check_call(const struct json_doc *doc, uint32_t call);

/* The usage object, read into and written as the member `usage`. */
void openai_read_usage(const struct json_doc *doc, uint32_t usage, struct reply_usage *usage_out);
void openai_write_usage(struct buffer *out, const struct reply_usage *usage);

#endif
