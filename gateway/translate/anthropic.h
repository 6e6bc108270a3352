/* Anthropic messages: the parts of its format row.
 *
 * Source: the types of the official package anthropic. The newest package has no temperature, top_p and top_k any
 * more, since the newest models refuse them; older packages send them, and older models take them, so they are
 * read and written here. */
#ifndef SLUICE_GATEWAY_TRANSLATE_ANTHROPIC_H
#define SLUICE_GATEWAY_TRANSLATE_ANTHROPIC_H

#include "gateway/translate/format.h"

enum outcome anthropic_read_request(struct reading *reading);
enum outcome anthropic_write_request(const struct conversation *conversation, const struct writing *writing);

enum outcome anthropic_read_reply(const struct json_doc *doc, struct arena *arena, struct reply *reply_out);
enum outcome anthropic_write_reply(const struct reply *reply, const struct writing *writing);

enum outcome anthropic_read_event(struct translate_stream *stream, const struct relay_event *event, struct buffer *out);
extern const struct relay_writer anthropic_relay_writer;

void anthropic_write_error(struct buffer *out, unsigned status, struct slice message);

/* Between the words of stop_reason and ours; UNKNOWN for a word that is none, or that only server tools need. */
enum reply_finish anthropic_finish_of(struct slice encoded_word);
const char *anthropic_finish_word(enum reply_finish finish);

/* Takes what a usage object says; members that are not there keep what was known. */
void anthropic_read_usage(const struct json_doc *doc, uint32_t usage, struct reply_usage *usage_out);
void anthropic_write_usage(struct buffer *out, const struct reply_usage *usage);

#endif
