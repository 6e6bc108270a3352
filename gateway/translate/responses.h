/* OpenAI Responses: the parts of its format row. No upstream is spoken to in this format.
 *
 * Source: the types of the official package openai (types/responses). */
#ifndef SLUICE_GATEWAY_TRANSLATE_RESPONSES_H
#define SLUICE_GATEWAY_TRANSLATE_RESPONSES_H

#include "gateway/translate/format.h"

enum outcome responses_read_request(struct reading *reading);
enum outcome responses_write_reply(const struct reply *reply, const struct writing *writing);
extern const struct relay_writer responses_relay_writer;

/* An element of `output`: a message of one text or refusal, reasoning, or a function call. */
struct responses_item {
    enum part_kind kind;
    uint32_t index;     /* in output */
    const char *status; /* "in_progress", "completed" or "incomplete" */
    bool shown;         /* with its content; else empty, as it begins */
    struct slice reply_id;
    struct slice text;     /* encoded; a CALL's arguments are too */
    struct slice id, name; /* CALL */
};

/* name: NULL in an array. */
void responses_write_item(struct buffer *out, const char *name, const struct responses_item *item);

/* The part of an item that holds its text, as `part` or in `content`. */
void responses_write_part(struct buffer *out, const char *name, const struct responses_item *item);

/* The member item_id, or id. */
void responses_write_item_id(struct buffer *out, const char *name, const struct responses_item *item);

struct responses_state {
    const char *status;            /* "in_progress", "completed", "incomplete", "failed" */
    const char *incomplete_reason; /* or NULL */
    struct slice error;            /* encoded message; absent: none */
};

struct responses_state responses_state_of(enum reply_finish finish);

/* A response object up to the opening of `output`, and from its end on; between them stand the items. The object
 * itself is not closed. */
void responses_write_head(struct buffer *out, struct slice id, struct slice model, uint64_t created_s,
                          const struct responses_state *state);
void responses_write_tail(struct buffer *out, const struct reply_usage *usage);

#endif
