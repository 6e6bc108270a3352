/* How findings become tiers: which rule packs are used, how sure a finding must be to count, and which
 * kinds are worse here than their rules say.
 *
 * A policy only ever raises: a kind's own tier counts where it is above the rule's. Lowering is an
 * override's business (route/override.h), which names an agent, an expiry date and a reason.
 *
 * Owns:    nothing; views of static tables or of settings that outlive it.
 * Units:   thresholds and confidences from 0 to 1.  Threads: read-only, any. */
#ifndef SLUICE_ROUTE_POLICY_H
#define SLUICE_ROUTE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "detect/finding.h"

/* What happens to a request with parts that cannot be scanned. Zero is the safest. */
enum policy_action { POLICY_BLOCK = 0, POLICY_LOCAL, POLICY_ALLOW };

/* A negative threshold: the policy's own. */
#define POLICY_THRESHOLD_UNSET (-1.0f)

struct policy_kind {
    const char *kind;
    enum tier tier;  /* TIER_NONE: as the rule says */
    float threshold; /* a finding below it is no reason for anything; negative: the policy's own */
};

struct policy {
    const char *name;
    const char *const *packs; /* names of built-in rule packs */
    uint32_t pack_count;
    float threshold; /* for kinds that have none of their own */
    const struct policy_kind *kinds;
    uint32_t kind_count;
    enum policy_action binary;     /* images, audio, files */
    enum policy_action references; /* content that sluice never saw: file ids, remote URLs */
};

/* "balanced" or "strict"; NULL for any other name. Static storage. */
const struct policy *policy_builtin(const char *name);

/* The built-in policies' names in the order of the documentation; NULL at and behind the end. */
const char *policy_builtin_name(uint32_t index);

/* The kind's entry, or NULL. */
const struct policy_kind *policy_kind_find(const struct policy *policy, const char *kind);

/* The tier of a finding before overrides: TIER_LOW below the threshold, else the worse of the rule's and the
 * kind's. A confidence that is not a number counts as sure. */
enum tier policy_tier_of(const struct policy *policy, const struct rule_info *rule, float confidence);

/* True for the tiers whose values leave only as tokens: MEDIUM and HIGH. LOW leaves byte for byte, BLOCKED
 * not at all. */
bool policy_tokenises(enum tier tier);

/* "block", "local", "allow"; anything that is no action says "block". Static storage. */
const char *policy_action_name(enum policy_action action);
bool policy_action_parse(struct slice text, enum policy_action *action_out);

/* What a part under `action` raises the request to: block -> BLOCKED, local -> HIGH, allow -> LOW. */
enum tier policy_action_tier(enum policy_action action);

#endif
