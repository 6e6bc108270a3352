/* head -> (1xx: head again) -> body -> done -> (reset) head; or refused, from anywhere and for ever. */
#include "gateway/http/response_reader.h"

#include <stdlib.h>

#include "gateway/http/head_reader.h"
#include "gateway/http/message_body.h"
#include "gateway/http/message_framing.h"
#include "gateway/http/reader_state.h"

struct response_reader {
    enum reader_state state;
    bool head_accepted; /* head may be shown, also when the body is refused later */
    bool to_head;
    bool surplus;
    unsigned interim_count;
    struct http_limits limits;
    struct head_reader head;
    struct message_body body;
    struct http_refusal refusal;
};

static void begin(struct response_reader *reader, bool to_head) {
    reader->state = READER_IN_HEAD;
    reader->head_accepted = reader->surplus = false;
    reader->to_head = to_head;
    reader->interim_count = 0;
}

enum outcome response_reader_create(const struct http_limits *limits, bool to_head, struct response_reader **out) {
    struct response_reader *reader = malloc(sizeof *reader);
    if (reader == NULL) return OUTCOME_NO_MEMORY;
    begin(reader, to_head);
    reader->limits = *limits;
    reader->refusal = (struct http_refusal){0, NULL};
    head_reader_init(&reader->head, HEAD_OF_RESPONSE, limits->head_bytes);
    const enum outcome outcome = message_body_init(&reader->body, false, limits);
    if (outcome != OUTCOME_OK) {
        response_reader_destroy(reader);
        return outcome;
    }
    *out = reader;
    return OUTCOME_OK;
}

void response_reader_destroy(struct response_reader *reader) {
    if (reader == NULL) return;
    message_body_deinit(&reader->body);
    head_reader_deinit(&reader->head);
    free(reader);
}

static bool is_interim(const struct http_head *head) {
    return head->status < 200;
}

static bool status_allows_body(const struct http_head *head) {
    return !is_interim(head) && head->status != 204 && head->status != 304;
}

static bool check_status(const struct http_head *head, struct http_refusal *refusal) {
    if (head->status < 100 || head->status > 599)
        return http_refuse(refusal, 502, "The upstream's status is no status.");
    if (head->status == 101) return http_refuse(refusal, 502, "The upstream changed protocols unasked.");
    return true;
}

static enum body_framing framing_of(const struct response_reader *reader, const struct http_head *head) {
    if (!status_allows_body(head)) return BODY_NONE;
    if (reader->to_head) return BODY_SKIPPED;
    if (head->chunked) return BODY_CHUNKED;
    return head->has_length ? BODY_LENGTH : BODY_UNTIL_CLOSE;
}

/* Settles what the head says about its body. */
static bool settle_framing(const struct response_reader *reader, struct http_head *head, enum body_framing *framing_out,
                           struct http_refusal *refusal) {
    if (!message_framing_read(head, refusal)) return false;
    if (!status_allows_body(head) && (head->has_length || head->chunked))
        return http_refuse(refusal, 502, "The upstream announced a body with a status that has none.");
    *framing_out = framing_of(reader, head);
    if (*framing_out == BODY_LENGTH && head->content_length > reader->limits.body_bytes)
        return http_refuse(refusal, 502, "The upstream's body is too large.");
    head->until_close = *framing_out == BODY_UNTIL_CLOSE;
    message_persistence_read(head);
    if (head->until_close) head->keep_alive = false;
    return true;
}

static bool accept_head(struct response_reader *reader) {
    struct http_head *head = &reader->head.head;
    enum body_framing framing = BODY_NONE;
    return check_status(head, &reader->refusal) && settle_framing(reader, head, &framing, &reader->refusal) &&
           message_body_begin(&reader->body, head_reader_raw(&reader->head), head, framing, &reader->refusal);
}

static bool skip_interim(struct response_reader *reader) {
    if (++reader->interim_count > HTTP_INTERIM_MAX)
        return http_refuse(&reader->refusal, 502, "The upstream sent too many 1xx answers.");
    head_reader_reset(&reader->head);
    return true;
}

/* Reads heads until one is final. */
static enum http_event feed_head(struct response_reader *reader, struct slice bytes, size_t *used_out) {
    while (*used_out < bytes.len) {
        size_t used = 0;
        const struct slice rest = slice_range(bytes, *used_out, bytes.len);
        const enum head_verdict verdict = head_reader_feed(&reader->head, rest, &used, &reader->refusal);
        *used_out += used;
        if (verdict == HEAD_NEEDS_MORE) return HTTP_NEED_MORE;
        if (verdict != HEAD_COMPLETE || !accept_head(reader)) return HTTP_REFUSED;
        if (!is_interim(&reader->head.head)) {
            reader->head_accepted = true;
            return HTTP_HEAD;
        }
        if (!skip_interim(reader)) return HTTP_REFUSED;
    }
    return HTTP_NEED_MORE;
}

/* What the shared parts would tell a client, an upstream's fault is told as 502. */
static enum http_event refused(struct response_reader *reader) {
    reader->state = READER_REFUSED;
    if (reader->refusal.status != 503) reader->refusal.status = 502;
    return HTTP_REFUSED;
}

static enum http_event done(struct response_reader *reader, bool bytes_left) {
    if (bytes_left) reader->surplus = true;
    return HTTP_DONE;
}

enum http_event response_reader_feed(struct response_reader *reader, struct slice bytes, size_t *consumed_out,
                                     struct slice *body_out) {
    *consumed_out = 0;
    *body_out = slice_of(NULL, 0);
    enum http_event event = HTTP_REFUSED;
    switch (reader->state) {
    case READER_IN_HEAD: event = feed_head(reader, bytes, consumed_out); break;
    case READER_IN_BODY:
        event = message_body_feed(&reader->body, bytes, consumed_out, body_out, &reader->refusal);
        break;
    case READER_DONE: *consumed_out = bytes.len; return done(reader, bytes.len > 0);
    case READER_REFUSED: break;
    }
    reader->state = reader_state_after(reader->state, event);
    if (event == HTTP_DONE) return done(reader, *consumed_out < bytes.len);
    if (event != HTTP_REFUSED) return event;
    *consumed_out = bytes.len;
    *body_out = slice_of(NULL, 0);
    return refused(reader);
}

enum http_event response_reader_finish(struct response_reader *reader, bool orderly) {
    if (reader->state == READER_DONE) return HTTP_DONE;
    if (reader->state == READER_IN_BODY && orderly && message_body_finish(&reader->body)) {
        reader->state = READER_DONE;
        return HTTP_DONE;
    }
    if (reader->state != READER_REFUSED) http_refuse(&reader->refusal, 502, "The upstream's answer is truncated.");
    return refused(reader);
}

void response_reader_reset(struct response_reader *reader, bool to_head) {
    if (reader->state == READER_REFUSED) return;
    if (!response_reader_is_reusable(reader) && !response_reader_is_idle(reader)) {
        http_refuse(&reader->refusal, 502, "No answer may follow on this connection.");
        reader->state = READER_REFUSED;
        return;
    }
    head_reader_reset(&reader->head);
    begin(reader, to_head);
}

const struct http_head *response_reader_head(const struct response_reader *reader) {
    return reader->head_accepted ? &reader->head.head : NULL;
}

bool response_reader_is_idle(const struct response_reader *reader) {
    return reader->state == READER_IN_HEAD && reader->interim_count == 0 && head_reader_is_idle(&reader->head);
}

bool response_reader_surplus(const struct response_reader *reader) {
    return reader->surplus;
}

bool response_reader_is_reusable(const struct response_reader *reader) {
    return reader->state == READER_DONE && reader->head.head.keep_alive && !reader->surplus;
}

struct http_refusal response_reader_refusal(const struct response_reader *reader) {
    return reader->refusal;
}
