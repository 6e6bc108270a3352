#include "gateway/http/message_body.h"

static bool two_readings(struct http_refusal *refusal_out) {
    return http_refuse(refusal_out, 400, "The message can be read in two ways.");
}

enum outcome message_body_init(struct message_body *body, bool of_requests, const struct http_limits *limits) {
    *body = (struct message_body){.limits = *limits};
    return wire_check_create(of_requests, &body->check);
}

void message_body_deinit(struct message_body *body) {
    wire_check_destroy(body->check);
    body->check = NULL;
}

static uint64_t bytes_to_come(const struct message_body *body, const struct http_head *head) {
    if (body->framing == BODY_LENGTH) return head->content_length;
    return body->framing == BODY_UNTIL_CLOSE ? body->limits.body_bytes : 0;
}

bool message_body_begin(struct message_body *body, struct slice raw_head, const struct http_head *head,
                        enum body_framing framing, struct http_refusal *refusal_out) {
    body->framing = framing;
    body->left_bytes = bytes_to_come(body, head);
    chunk_guard_init(&body->chunks, &body->limits);
    const struct wire_reading ours = {
        .method = head->method_name,
        .target = head->target,
        .status = head->status,
        .minor_version = head->minor_version,
        .fields = head->fields,
        .field_count = head->field_count,
        .content_length = head->content_length,
        .has_length = head->has_length,
        .chunked = head->chunked,
        .keep_alive = head->keep_alive,
        .to_head = framing == BODY_SKIPPED,
        .ends = framing != BODY_CHUNKED && framing != BODY_UNTIL_CLOSE && body->left_bytes == 0,
    };
    return wire_check_head(body->check, raw_head, &ours) || two_readings(refusal_out);
}

static enum http_event finish(struct message_body *body, struct http_refusal *refusal_out) {
    if (wire_check_finish(body->check)) return HTTP_DONE;
    two_readings(refusal_out);
    return HTTP_REFUSED;
}

/* Gives out up to left_bytes of `bytes` as body. */
static enum http_event feed_plain(struct message_body *body, struct slice bytes, size_t *used_out,
                                  struct slice *body_out, struct http_refusal *refusal_out) {
    if (bytes.len == 0) return HTTP_NEED_MORE;
    const size_t used = bytes.len < body->left_bytes ? bytes.len : (size_t)body->left_bytes;
    const struct slice data = slice_range(bytes, 0, used);
    body->left_bytes -= used;
    const bool ends = body->framing == BODY_LENGTH && body->left_bytes == 0;
    if (!wire_check_bytes(body->check, data, data, ends)) {
        two_readings(refusal_out);
        return HTTP_REFUSED;
    }
    *used_out = used;
    *body_out = data;
    return HTTP_BODY;
}

static enum http_event feed_until_close(struct message_body *body, struct slice bytes, size_t *used_out,
                                        struct slice *body_out, struct http_refusal *refusal_out) {
    if (bytes.len > 0 && body->left_bytes == 0) {
        http_refuse(refusal_out, 413, "The body is too large.");
        return HTTP_REFUSED;
    }
    return feed_plain(body, bytes, used_out, body_out, refusal_out);
}

static enum http_event feed_chunked(struct message_body *body, struct slice bytes, size_t *used_out,
                                    struct slice *body_out, struct http_refusal *refusal_out) {
    while (*used_out < bytes.len) {
        const struct slice rest = slice_range(bytes, *used_out, bytes.len);
        size_t used = 0;
        const enum chunk_part part = chunk_guard_feed(&body->chunks, rest, &used, refusal_out);
        if (part == CHUNK_REFUSED) return HTTP_REFUSED;
        const struct slice piece = slice_range(rest, 0, used);
        const struct slice data = part == CHUNK_DATA ? piece : slice_of(NULL, 0);
        if (!wire_check_bytes(body->check, piece, data, part == CHUNK_END)) {
            two_readings(refusal_out);
            return HTTP_REFUSED;
        }
        *used_out += used;
        *body_out = data;
        if (part == CHUNK_DATA) return HTTP_BODY;
        if (part == CHUNK_END) return finish(body, refusal_out);
    }
    return HTTP_NEED_MORE;
}

enum http_event message_body_feed(struct message_body *body, struct slice bytes, size_t *used_out,
                                  struct slice *body_out, struct http_refusal *refusal_out) {
    *used_out = 0;
    *body_out = slice_of(NULL, 0);
    switch (body->framing) {
    case BODY_NONE:
    case BODY_SKIPPED: return finish(body, refusal_out);
    case BODY_LENGTH:
        if (body->left_bytes == 0) return finish(body, refusal_out);
        return feed_plain(body, bytes, used_out, body_out, refusal_out);
    case BODY_CHUNKED: return feed_chunked(body, bytes, used_out, body_out, refusal_out);
    case BODY_UNTIL_CLOSE: return feed_until_close(body, bytes, used_out, body_out, refusal_out);
    }
    two_readings(refusal_out);
    return HTTP_REFUSED;
}

bool message_body_finish(struct message_body *body) {
    return body->framing == BODY_UNTIL_CLOSE && wire_check_finish(body->check);
}
