/* Tiers as words, and how two of them combine.
 *
 * Glossary
 *   tier   how sensitive a whole request is (enum tier, detect/finding.h); greater is worse
 *
 * Pure functions; any thread. */
#ifndef SLUICE_ROUTE_TIER_H
#define SLUICE_ROUTE_TIER_H

#include <stdbool.h>

#include "base/slice.h"
#include "detect/finding.h"

/* "LOW", "MEDIUM", "HIGH", "BLOCKED"; "NONE" for TIER_NONE and anything that is no tier. Static storage. */
const char *tier_name(enum tier tier);

/* The four words above, in either case; "NONE" is not one of them. *tier_out is TIER_NONE when false. */
bool tier_parse(struct slice text, enum tier *tier_out);

/* LOW to BLOCKED: a tier that a decision may rest on. */
static inline bool tier_valid(enum tier tier) {
    return tier >= TIER_LOW && tier <= TIER_BLOCKED;
}

/* The worse of the two. */
static inline enum tier tier_max(enum tier a, enum tier b) {
    return a > b ? a : b;
}

#endif
