/* Reads chunked framing (RFC 9112 section 7.1), and only its plainest spelling.
 *
 *   chunk      1 to 8 hex digits CR LF, that many bytes, CR LF
 *   the end    a chunk size of zero CR LF CR LF
 *
 * Refused: extensions, spaces, signs, 0x, more than 8 digits (zeros too), bare CR or LF, and any
 * trailer (400); a body above its limit, or framing above its budget (413, see http_limits).
 *
 * Owns: nothing.  Units: bytes.  The verdict does not depend on how the bytes were cut. */
#ifndef SLUICE_HTTP_CHUNK_GUARD_H
#define SLUICE_HTTP_CHUNK_GUARD_H

#include <stdint.h>

#include "base/slice.h"
#include "gateway/http/http_event.h"

enum chunk_part {
    CHUNK_REFUSED,
    CHUNK_FRAMING, /* framing, and all of `bytes` up to data or up to their end */
    CHUNK_DATA,    /* bytes of the body */
    CHUNK_END,     /* framing, up to the end of the body */
};

struct chunk_guard {
    size_t body_limit_bytes, framing_budget_bytes;
    uint64_t body_bytes, framing_bytes; /* read so far */
    uint64_t size;                      /* of the chunk that is being read: what is left of it */
    unsigned digit_count;
    unsigned step; /* what the next byte may be; private */
};

void chunk_guard_init(struct chunk_guard *guard, const struct http_limits *limits);

/* Reads from the front of `bytes` (not empty) one part: all framing, or all data. *used_out is its length. */
enum chunk_part chunk_guard_feed(struct chunk_guard *guard, struct slice bytes, size_t *used_out,
                                 struct http_refusal *refusal_out);

#endif
