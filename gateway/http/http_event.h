/* What the two readers answer: events, refusals, and the limits they are made with.
 *
 * A reader is pulled, it calls nobody back:
 *
 *     for (;;) {
 *         size_t used;
 *         struct slice body;
 *         enum http_event event = request_reader_feed(reader, rest, &used, &body);
 *         rest = slice_range(rest, used, rest.len);
 *         if (event == HTTP_NEED_MORE) break;           all of it was used: wait for the socket
 *         ... one event a call; go on with what is left, also when that is nothing, until
             HTTP_DONE or HTTP_REFUSED ...
 *     }
 *
 * The verdict on a message, its head and its body do not depend on how the bytes were cut. */
#ifndef SLUICE_HTTP_HTTP_EVENT_H
#define SLUICE_HTTP_HTTP_EVENT_H

#include <stdbool.h>
#include <stddef.h>

enum http_event {
    HTTP_NEED_MORE, /* everything was used; no event is due */
    HTTP_HEAD,      /* the head is whole and accepted */
    HTTP_BODY,      /* a piece of the body, never empty */
    HTTP_DONE,      /* the message has ended; bytes behind it were not used */
    HTTP_REFUSED,   /* for ever: the connection must close */
};

/* Why a message was refused. status 0: it was not. */
struct http_refusal {
    unsigned status;
    const char *reason; /* a static sentence for whoever sent it; never holds input */
};

struct http_limits {
    size_t head_bytes; /* start line and fields with their ends, and the empty line */
    size_t body_bytes; /* of one body, without its chunk framing */
    /* Chunk framing may take this many bytes, and one more for each byte of body that it brought. So chunks
     * of five bytes and more pay for themselves, and chunks of one byte are over after wire_bytes / 4 of
     * them: a sender of nothing else makes us work six times for each byte. */
    size_t wire_bytes;
};

#define HTTP_REQUEST_LIMITS ((struct http_limits){16u << 10, 32u << 20, 64u << 10})
#define HTTP_RESPONSE_LIMITS ((struct http_limits){64u << 10, (size_t)-1, 1u << 20})

/* Refuses, so that a rule's failing path is one line; answers false. */
static inline bool http_refuse(struct http_refusal *refusal_out, unsigned status, const char *reason) {
    *refusal_out = (struct http_refusal){status, reason};
    return false;
}

#endif
