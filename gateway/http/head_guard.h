/* A guard over the raw head: what passes has one reading, whoever reads it.
 *
 * It stands before every parser and lets through only
 *   - a start line that is exactly  METHOD SP target SP HTTP/1.x  or  HTTP/1.x SP status [SP reason],
 *     behind at most one empty line (of a request: RFC 9112 section 2.2),
 *   - at most HTTP_FIELDS_MAX lines  name ":" value,  each name a token with no space around it,
 *   - lines that end with CR LF, and no other CR or LF; none that begins with a space or a tab,
 *   - the bytes 0x20 to 0x7e, and tabs inside values,
 *   - at most limit_bytes of all that.
 *
 * It looks at each byte once and keeps none; the verdict falls at the first byte that decides it,
 * however the bytes were cut.  Owns: nothing.  Units: bytes. */
#ifndef SLUICE_HTTP_HEAD_GUARD_H
#define SLUICE_HTTP_HEAD_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "gateway/http/http_event.h"

enum head_kind { HEAD_OF_REQUEST, HEAD_OF_RESPONSE };

enum head_verdict {
    HEAD_REFUSED,
    HEAD_NEEDS_MORE,
    HEAD_COMPLETE, /* its last byte is the last that was used */
};

struct head_guard {
    enum head_kind kind;
    size_t limit_bytes;
    size_t used_bytes;
    unsigned step;   /* what the next byte may be; private */
    size_t part_len; /* of the method, target, status or name that is being read */
    char version[8];
    uint32_t field_count;
    bool empty_line_seen;
    struct http_refusal refusal;
};

void head_guard_init(struct head_guard *guard, enum head_kind kind, size_t limit_bytes);

/* Looks at `bytes`; *used_out is how many belong to the head (all of them unless it is complete).
 * A refusal stays: guard->refusal says why, with 400, 414, 431 or 505. */
enum head_verdict head_guard_feed(struct head_guard *guard, struct slice bytes, size_t *used_out);

#endif
