#include "route/tier.h"

static const char *const names[] = {
    [TIER_NONE] = "NONE", [TIER_LOW] = "LOW",         [TIER_MEDIUM] = "MEDIUM",
    [TIER_HIGH] = "HIGH", [TIER_BLOCKED] = "BLOCKED",
};

const char *tier_name(enum tier tier) {
    return names[tier_valid(tier) ? tier : TIER_NONE];
}

bool tier_parse(struct slice text, enum tier *tier_out) {
    for (enum tier tier = TIER_LOW; tier <= TIER_BLOCKED; tier++) {
        if (!slice_equal_nocase(text, slice_str(names[tier]))) continue;
        *tier_out = tier;
        return true;
    }
    *tier_out = TIER_NONE;
    return false;
}
