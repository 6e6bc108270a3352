#include "gateway/config/kinds_check.h"

#include <string.h>

#include "gateway/config/nearest_name.h"
#include "route/tier.h"

static const struct rule_info *rule_at(const struct detector *detector, uint32_t index) {
    return detector_rule(detector, (uint16_t)index);
}

/* The mildest tier of the kind's rules; TIER_NONE when no rule finds it. */
static enum tier mildest_tier(const struct detector *detector, const char *kind) {
    enum tier mildest = TIER_NONE;
    for (uint32_t i = 0; i < detector_rule_count(detector); i++) {
        const struct rule_info *rule = rule_at(detector, i);
        if (strcmp(rule->kind, kind) != 0) continue;
        if (mildest == TIER_NONE || rule->tier < mildest) mildest = rule->tier;
    }
    return mildest;
}

/* The kind is one of lower-case letters, digits and _, so it may be repeated. */
static enum outcome refuse_unknown(const struct settings *settings, const struct detector *detector,
                                   const char *setting, const char *kind, struct detail *detail) {
    struct nearest_name search = {.asked = slice_str(kind)};
    for (uint32_t i = 0; i < detector_rule_count(detector); i++)
        nearest_name_offer(&search, rule_at(detector, i)->kind);
    return detail_set(detail, OUTCOME_INVALID, "%s: %s: no rule finds the kind %s%s%s", settings->name, setting, kind,
                      search.name ? "; did you mean " : "", search.name ? search.name : "");
}

enum outcome kinds_check(const struct settings *settings, const struct detector *detector, struct detail *detail) {
    for (uint32_t i = 0; i < settings->policy.kind_count; i++) {
        const struct policy_kind *kind = &settings->policy.kinds[i];
        const enum tier mildest = mildest_tier(detector, kind->kind);
        if (mildest == TIER_NONE) return refuse_unknown(settings, detector, "policy.kinds", kind->kind, detail);
        if (kind->tier != TIER_NONE && kind->tier < mildest)
            return detail_set(detail, OUTCOME_INVALID,
                              "%s: policy.kinds: %s is %s by its rules, and a policy only raises; overrides lower",
                              settings->name, kind->kind, tier_name(mildest));
    }
    for (uint32_t i = 0; i < settings->override_count; i++) {
        const char *kind = settings->overrides[i].kind;
        if (strcmp(kind, OVERRIDE_ANY_KIND) != 0 && mildest_tier(detector, kind) == TIER_NONE)
            return refuse_unknown(settings, detector, "overrides[].kind", kind, detail);
    }
    return OUTCOME_OK;
}
