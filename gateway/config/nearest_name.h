/* Which known name somebody probably meant. */
#ifndef SLUICE_GATEWAY_CONFIG_NEAREST_NAME_H
#define SLUICE_GATEWAY_CONFIG_NEAREST_NAME_H

#include <stddef.h>

#include "base/slice.h"

/* Names longer than this are never similar to anything. */
#define NEAREST_NAME_LONGEST 64u

/* How many letters must be added, dropped, changed or swapped with their neighbour (Damerau-Levenshtein,
 * each place once) to get from a to b; NEAREST_NAME_LONGEST for longer names. */
size_t name_distance(struct slice a, struct slice b);

/* A search over candidates, one at a time. Start with {.asked = ...}. */
struct nearest_name {
    struct slice asked;
    const char *name; /* the best so far; NULL: nothing is similar enough (a third of its letters differ) */
    size_t distance;
};

void nearest_name_offer(struct nearest_name *search, const char *candidate);

#endif
