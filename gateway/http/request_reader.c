/* head -> body -> done -> (reset) head; or refused, from anywhere and for ever. */
#include "gateway/http/request_reader.h"

#include <stdlib.h>

#include "gateway/http/head_reader.h"
#include "gateway/http/message_body.h"
#include "gateway/http/reader_state.h"
#include "gateway/http/request_rules.h"

struct request_reader {
    enum reader_state state;
    bool head_accepted; /* head may be shown, also when the body is refused later */
    struct http_limits limits;
    struct head_reader head;
    struct message_body body;
    struct http_refusal refusal;
};

enum outcome request_reader_create(const struct http_limits *limits, struct request_reader **out) {
    struct request_reader *reader = malloc(sizeof *reader);
    if (reader == NULL) return OUTCOME_NO_MEMORY;
    reader->state = READER_IN_HEAD;
    reader->head_accepted = false;
    reader->limits = *limits;
    reader->refusal = (struct http_refusal){0, NULL};
    head_reader_init(&reader->head, HEAD_OF_REQUEST, limits->head_bytes);
    const enum outcome outcome = message_body_init(&reader->body, true, limits);
    if (outcome != OUTCOME_OK) {
        request_reader_destroy(reader);
        return outcome;
    }
    *out = reader;
    return OUTCOME_OK;
}

void request_reader_destroy(struct request_reader *reader) {
    if (reader == NULL) return;
    message_body_deinit(&reader->body);
    head_reader_deinit(&reader->head);
    free(reader);
}

static enum body_framing framing_of(const struct http_head *head) {
    if (head->chunked) return BODY_CHUNKED;
    return head->has_length ? BODY_LENGTH : BODY_NONE;
}

static bool accept_head(struct request_reader *reader) {
    struct http_head *head = &reader->head.head;
    reader->head_accepted =
        request_rules_apply(head, &reader->limits, &reader->refusal) &&
        message_body_begin(&reader->body, head_reader_raw(&reader->head), head, framing_of(head), &reader->refusal);
    return reader->head_accepted;
}

static enum http_event feed_head(struct request_reader *reader, struct slice bytes, size_t *used_out) {
    switch (head_reader_feed(&reader->head, bytes, used_out, &reader->refusal)) {
    case HEAD_NEEDS_MORE: return HTTP_NEED_MORE;
    case HEAD_COMPLETE: return accept_head(reader) ? HTTP_HEAD : HTTP_REFUSED;
    case HEAD_REFUSED: break;
    }
    return HTTP_REFUSED;
}

enum http_event request_reader_feed(struct request_reader *reader, struct slice bytes, size_t *consumed_out,
                                    struct slice *body_out) {
    *consumed_out = 0;
    *body_out = slice_of(NULL, 0);
    enum http_event event = HTTP_REFUSED;
    switch (reader->state) {
    case READER_IN_HEAD: event = feed_head(reader, bytes, consumed_out); break;
    case READER_IN_BODY:
        event = message_body_feed(&reader->body, bytes, consumed_out, body_out, &reader->refusal);
        break;
    case READER_DONE: event = HTTP_DONE; break;
    case READER_REFUSED: break;
    }
    reader->state = reader_state_after(reader->state, event);
    if (event == HTTP_REFUSED) {
        *consumed_out = bytes.len;
        *body_out = slice_of(NULL, 0);
    }
    return event;
}

enum http_event request_reader_finish(struct request_reader *reader) {
    if (reader->state == READER_DONE || (reader->state == READER_IN_HEAD && request_reader_is_idle(reader)))
        return HTTP_DONE;
    if (reader->state != READER_REFUSED) http_refuse(&reader->refusal, 400, "The request ended before it was whole.");
    reader->state = READER_REFUSED;
    return HTTP_REFUSED;
}

void request_reader_reset(struct request_reader *reader) {
    if (reader->state == READER_REFUSED || request_reader_is_idle(reader)) return;
    if (reader->state != READER_DONE || !reader->head.head.keep_alive) {
        http_refuse(&reader->refusal, 400, "No request may follow on this connection.");
        reader->state = READER_REFUSED;
        return;
    }
    head_reader_reset(&reader->head);
    reader->head_accepted = false;
    reader->state = READER_IN_HEAD;
}

const struct http_head *request_reader_head(const struct request_reader *reader) {
    return reader->head_accepted ? &reader->head.head : NULL;
}

bool request_reader_is_idle(const struct request_reader *reader) {
    return reader->state == READER_IN_HEAD && head_reader_is_idle(&reader->head);
}

struct http_refusal request_reader_refusal(const struct request_reader *reader) {
    return reader->refusal;
}
