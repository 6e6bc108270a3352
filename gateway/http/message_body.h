/* Reads the body behind an accepted head, by the one framing that the head settled on.
 *
 * Owns: llhttp's second reading of the message (wire_check.h).  Errors: the first refusal is final;
 * the reader above keeps it. */
#ifndef SLUICE_HTTP_MESSAGE_BODY_H
#define SLUICE_HTTP_MESSAGE_BODY_H

#include "base/outcome.h"
#include "gateway/http/chunk_guard.h"
#include "gateway/http/http_event.h"
#include "gateway/http/http_head.h"
#include "gateway/http/wire_check.h"

enum body_framing {
    BODY_NONE,
    BODY_SKIPPED, /* none, since the message answers HEAD */
    BODY_LENGTH,
    BODY_CHUNKED,
    BODY_UNTIL_CLOSE,
};

struct message_body {
    struct wire_check *check;
    struct http_limits limits;
    enum body_framing framing;
    uint64_t left_bytes; /* until the length, or until the limit */
    struct chunk_guard chunks;
};

enum outcome message_body_init(struct message_body *body, bool of_requests,
                               const struct http_limits *limits) MUST_CHECK;
void message_body_deinit(struct message_body *body);

/* Begins a message. The head's framing, content_length and keep_alive are settled. False: refused. */
bool message_body_begin(struct message_body *body, struct slice raw_head, const struct http_head *head,
                        enum body_framing framing, struct http_refusal *refusal_out);

/* As request_reader_feed, for HTTP_NEED_MORE, HTTP_BODY, HTTP_DONE and HTTP_REFUSED. */
enum http_event message_body_feed(struct message_body *body, struct slice bytes, size_t *used_out,
                                  struct slice *body_out, struct http_refusal *refusal_out);

/* The stream has ended in good order: whether the body is whole. */
bool message_body_finish(struct message_body *body);

#endif
