/* The one way down: an operator's explicit permission for one agent to send a kind at a lower tier.
 *
 * An override counts only while all of this holds: it names this agent exactly, it has not expired, it
 * says why, and it lowers. `kind` may be "*", but what is BLOCKED goes down only by an override that
 * names its kind. An entry that names the kind goes before "*"; of several that remain, the one that
 * lowers least.
 *
 * Owns: nothing.  Units: until_ms counts milliseconds since 1970 UTC, half-open (at until_ms it is over).
 * Pure functions; any thread. */
#ifndef SLUICE_ROUTE_OVERRIDE_H
#define SLUICE_ROUTE_OVERRIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "detect/finding.h"

#define OVERRIDE_ANY_KIND "*"

struct override {
    const char *agent, *kind;
    enum tier to; /* LOW, MEDIUM or HIGH; an entry that says anything else never counts */
    uint64_t until_ms;
    const char *reason;
};

/* The override that lowers a finding of `kind` at `tier` for `agent` at `now_ms`, as an index into
 * `overrides`; -1 when none does. */
int64_t override_find(const struct override *overrides, uint32_t count, const char *agent, const char *kind,
                      enum tier tier, uint64_t now_ms);

#endif
