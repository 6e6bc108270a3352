/* A set of exact values, and every place in a text where one of them stands: one pass, however many values.
 *
 * Used twice: to replace a found value everywhere in the request, and to prove that none is left in
 * what is about to be sent. Values shorter than VALUE_SHORTEST_BYTES are only matched where they
 * stand alone (no letter, digit or underscore on either side).
 *
 * Owns: nothing; lives in the caller's arena; holds views of the values.  Threads: one at a time. */
#ifndef SLUICE_DETECT_VALUE_INDEX_H
#define SLUICE_DETECT_VALUE_INDEX_H

#include <stdint.h>

#include "base/arena.h"
#include "base/outcome.h"
#include "base/slice.h"

#define VALUE_SHORTEST_BYTES 4

struct value_index;

struct value_hit {
    uint32_t begin, end; /* half-open, in the text */
    uint32_t value;      /* index into the values given */
};

/* Empty and duplicate values are allowed (of duplicates the first is reported). NULL-safe on overflow:
 * answers OVERFLOW. */
enum outcome value_index_create(const struct slice *values, uint32_t count, struct arena *arena,
                                struct value_index **index_out) MUST_CHECK;

/* The first hit that begins at or after `from`; of several at one place the longest. NOT_FOUND when
 * there is none. */
enum outcome value_index_next(const struct value_index *index, struct slice text, uint32_t from,
                              struct value_hit *hit_out) MUST_CHECK;

#endif
