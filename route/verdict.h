/* findings + agent + overrides -> tier; tier + upstreams -> who may get the request.
 *
 * The decision of an exchange. It starts undecided, and undecided blocks: whoever reads a verdict asks
 * `state == VERDICT_ALLOW` and nothing else. It is written at one place, at the very end, so that an
 * error leaves it undecided.
 *
 * Owns:    nothing; indices refer to the input's arrays.
 * Errors:  FAULT (injected), INVALID (a finding of a rule that does not exist, a rule without a tier, an
 *          input that is not complete), OVERFLOW (more than ROUTE_UPSTREAMS_MAX upstreams, or more overrides
 *          used than can be noted): all block.
 * Pure functions: no clock, no I/O; any thread. */
#ifndef SLUICE_ROUTE_VERDICT_H
#define SLUICE_ROUTE_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/outcome.h"
#include "detect/finding.h"
#include "route/override.h"
#include "route/policy.h"
#include "route/upstream.h"

#define VERDICT_REASONS_MAX 16
#define VERDICT_OVERRIDES_MAX 16

enum verdict_state { VERDICT_UNDECIDED = 0, VERDICT_BLOCK, VERDICT_ALLOW };

struct verdict {
    enum verdict_state state;
    enum tier tier;
    uint32_t candidates[ROUTE_UPSTREAMS_MAX]; /* indices of upstreams, those that speak the called format first, then in
                                                 configured order; none when blocked */
    uint32_t candidate_count;                 /* an ALLOW may have none: nobody configured may get it */
    uint16_t reasons[VERDICT_REASONS_MAX]; /* rules that set the tier, distinct; the first ones when there are more */
    uint32_t reason_count;                 /* 0 when nothing was found, or when `at_least` alone set the tier */
    uint32_t overrides_used;               /* how many distinct overrides lowered a finding */
    uint32_t override_ids[VERDICT_OVERRIDES_MAX]; /* their indices: every use of one is in the audit log */
    bool tokenise;                                /* allowed, and the tier's values leave only as tokens */
};

struct verdict_input {
    const struct policy *policy;
    const struct rule_info *(*rule)(const void *rule_owner, uint16_t index); /* asked for index < rule_count only */
    const void *rule_owner;
    struct finding_list findings;
    const char *agent;
    const struct override *overrides;
    const struct route_upstream *upstreams;
    const char *const *apis; /* wire formats that the request can be sent in, the called one first, ended by NULL: only
                                upstreams that speak one of them are candidates */
    uint64_t now_ms;         /* wall clock: overrides expire on a date */
    uint32_t rule_count;
    uint32_t override_count;
    uint32_t upstream_count;
    enum tier at_least; /* raised by the caller, e.g. HIGH for parts that cannot be scanned; TIER_NONE: nothing */
};

/* *verdict_out is undecided for any answer but OK. */
enum outcome verdict_decide(const struct verdict_input *input, struct verdict *verdict_out) MUST_CHECK;

/* The tier of one finding of the input, after policy and overrides: what tokenising (MEDIUM, HIGH) and the
 * recheck (nothing BLOCKED may be left) go by, finding by finding. TIER_BLOCKED for a finding whose rule
 * does not exist or has no tier. */
enum tier verdict_finding_tier(const struct verdict_input *input, const struct finding *finding);

#endif
