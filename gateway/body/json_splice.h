/* Replaces ranges of a body and leaves every other byte as it is.
 *
 * Never re-serialising is what keeps key order, spacing and number spelling, and with them the
 * prompt caches of the providers.
 *
 * Units:   byte offsets into the source; ranges are half-open.
 * Errors:  INVALID: the splices are not sorted, overlap, or leave the source; nothing was written.
 * Threads: pure functions of their arguments; any thread. */
#ifndef SLUICE_GATEWAY_BODY_JSON_SPLICE_H
#define SLUICE_GATEWAY_BODY_JSON_SPLICE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/outcome.h"
#include "base/slice.h"

/* Replaces the bytes [begin, end) by text, verbatim: who splices into a string has encoded it before.
 * begin == end inserts; several insertions at one place appear in the order of the array. */
struct json_splice {
    uint32_t begin, end;
    struct slice text;
};

/* The result in one allocation of its exact length; NO_MEMORY when the arena is exhausted. */
enum outcome json_splice_apply(struct slice source, const struct json_splice *splices, uint32_t count,
                               struct arena *arena, struct slice *out) MUST_CHECK;

/* The same, appended to `out`; NO_MEMORY when that failed, now or earlier. */
enum outcome json_splice_append(struct slice source, const struct json_splice *splices, uint32_t count,
                                struct buffer *out) MUST_CHECK;

#endif
