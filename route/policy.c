#include "route/policy.h"

#include <stddef.h>

#include "route/tier.h"

#define COUNT_OF(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

static const char *const balanced_packs[] = {"secrets", "pii", "network", "finance"};
static const char *const strict_packs[] = {"secrets", "pii", "network", "finance", "strict"};

static const struct policy builtins[] = {
    {
        .name = "balanced",
        .packs = balanced_packs,
        .pack_count = COUNT_OF(balanced_packs),
        .threshold = 0.5f,
        .binary = POLICY_LOCAL,
        .references = POLICY_BLOCK,
    },
    {
        /* To the letter: whatever a rule finds counts, however unsure. */
        .name = "strict",
        .packs = strict_packs,
        .pack_count = COUNT_OF(strict_packs),
        .threshold = 0.0f,
        .binary = POLICY_LOCAL,
        .references = POLICY_BLOCK,
    },
};

static const char *const action_names[] = {"block", "local", "allow"};

const struct policy *policy_builtin(const char *name) {
    for (uint32_t i = 0; i < COUNT_OF(builtins); i++)
        if (strcmp(builtins[i].name, name) == 0) return &builtins[i];
    return NULL;
}

const char *policy_builtin_name(uint32_t index) {
    return index < COUNT_OF(builtins) ? builtins[index].name : NULL;
}

const struct policy_kind *policy_kind_find(const struct policy *policy, const char *kind) {
    for (uint32_t i = 0; i < policy->kind_count; i++)
        if (strcmp(policy->kinds[i].kind, kind) == 0) return &policy->kinds[i];
    return NULL;
}

enum tier policy_tier_of(const struct policy *policy, const struct rule_info *rule, float confidence) {
    const struct policy_kind *entry = policy_kind_find(policy, rule->kind);
    const float threshold = entry && entry->threshold >= 0 ? entry->threshold : policy->threshold;
    if (confidence < threshold) return TIER_LOW;
    return tier_max(rule->tier, entry ? entry->tier : TIER_NONE);
}

bool policy_tokenises(enum tier tier) {
    return tier == TIER_MEDIUM || tier == TIER_HIGH;
}

const char *policy_action_name(enum policy_action action) {
    return action_names[(unsigned)action < COUNT_OF(action_names) ? action : POLICY_BLOCK];
}

bool policy_action_parse(struct slice text, enum policy_action *action_out) {
    for (unsigned i = 0; i < COUNT_OF(action_names); i++) {
        if (!slice_equal(text, slice_str(action_names[i]))) continue;
        *action_out = (enum policy_action)i;
        return true;
    }
    *action_out = POLICY_BLOCK;
    return false;
}

enum tier policy_action_tier(enum policy_action action) {
    switch (action) {
    case POLICY_ALLOW: return TIER_LOW;
    case POLICY_LOCAL: return TIER_HIGH;
    case POLICY_BLOCK: break;
    }
    return TIER_BLOCKED;
}
