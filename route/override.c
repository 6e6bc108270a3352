#include "route/override.h"

#include <stddef.h>
#include <string.h>

#include "route/tier.h"

static bool names_kind(const struct override *override) {
    return strcmp(override->kind, OVERRIDE_ANY_KIND) != 0;
}

static bool counts(const struct override *override, const char *agent, const char *kind, enum tier tier,
                   uint64_t now_ms) {
    if (override->agent == NULL || override->kind == NULL) return false;
    if (override->reason == NULL || override->reason[0] == '\0') return false;
    if (!tier_valid(override->to) || override->to >= tier || now_ms >= override->until_ms) return false;
    if (strcmp(override->agent, agent) != 0) return false;
    return names_kind(override) ? strcmp(override->kind, kind) == 0 : tier != TIER_BLOCKED;
}

/* An entry that names the kind beats one that does not; between equals, the one that lowers less. */
static bool better(const struct override *a, const struct override *b) {
    if (names_kind(a) != names_kind(b)) return names_kind(a);
    return a->to > b->to;
}

int64_t override_find(const struct override *overrides, uint32_t count, const char *agent, const char *kind,
                      enum tier tier, uint64_t now_ms) {
    int64_t found = -1;
    for (uint32_t i = 0; i < count; i++) {
        if (!counts(&overrides[i], agent, kind, tier, now_ms)) continue;
        if (found < 0 || better(&overrides[i], &overrides[found])) found = i;
    }
    return found;
}
