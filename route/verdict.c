/* One pass over the findings sets the tier, one over the upstreams the candidates. The first error wins and
 * leaves the caller's verdict undecided. */
#include "route/verdict.h"

#include <string.h>

#include "route/tier.h"

static const struct rule_info *rule_of(const struct verdict_input *input, const struct finding *finding) {
    return finding->rule < input->rule_count ? input->rule(input->rule_owner, finding->rule) : NULL;
}

/* The tier after overrides; *override_out is the one that lowered it, or -1. */
static enum tier lowered_tier(const struct verdict_input *input, const struct rule_info *rule, enum tier tier,
                              int64_t *override_out) {
    *override_out =
        override_find(input->overrides, input->override_count, input->agent, rule->kind, tier, input->now_ms);
    return *override_out < 0 ? tier : input->overrides[*override_out].to;
}

/* False when there is no room left to note another one. */
static bool note_override(struct verdict *verdict, int64_t override) {
    for (uint32_t i = 0; i < verdict->overrides_used; i++)
        if (verdict->override_ids[i] == (uint32_t) override) return true;
    if (verdict->overrides_used == VERDICT_OVERRIDES_MAX) return false;
    verdict->override_ids[verdict->overrides_used++] = (uint32_t) override;
    return true;
}

static void note_reason(struct verdict *verdict, uint16_t rule) {
    for (uint32_t i = 0; i < verdict->reason_count; i++)
        if (verdict->reasons[i] == rule) return;
    if (verdict->reason_count < VERDICT_REASONS_MAX) verdict->reasons[verdict->reason_count++] = rule;
}

/* Raises the verdict's tier to what the finding asks for. */
static enum outcome weigh(const struct verdict_input *input, const struct finding *finding, struct verdict *verdict) {
    const struct rule_info *rule = rule_of(input, finding);
    if (rule == NULL || !tier_valid(rule->tier)) return OUTCOME_INVALID;
    const enum tier found = policy_tier_of(input->policy, rule, finding->confidence);
    int64_t override;
    const enum tier tier = lowered_tier(input, rule, found, &override);
    if (override >= 0 && !note_override(verdict, override)) return OUTCOME_OVERFLOW;
    if (tier > verdict->tier) {
        verdict->tier = tier;
        verdict->reason_count = 0;
    }
    if (tier == verdict->tier && tier > TIER_LOW) note_reason(verdict, finding->rule);
    return OUTCOME_OK;
}

/* The place of the upstream's format in the list; -1: it speaks none of them. */
static int place_of(const struct route_upstream *upstream, const char *const *apis) {
    for (int i = 0; apis[i]; i++)
        if (strcmp(upstream->api, apis[i]) == 0) return i;
    return -1;
}

/* In configured order, but those that speak the called format itself before those that need a translation. */
static void choose_candidates(const struct verdict_input *input, struct verdict *verdict) {
    for (int translated = 0; translated <= 1; translated++) {
        for (uint32_t i = 0; i < input->upstream_count; i++) {
            const struct route_upstream *upstream = &input->upstreams[i];
            const int place = place_of(upstream, input->apis);
            if (place < 0 || (place > 0) != translated || !tier_allows_class(verdict->tier, upstream->class_)) continue;
            verdict->candidates[verdict->candidate_count++] = i;
        }
    }
}

static bool complete(const struct verdict_input *input) {
    if (input->policy == NULL || input->rule == NULL || input->agent == NULL || input->apis == NULL) return false;
    return (unsigned)input->at_least <= TIER_BLOCKED;
}

enum outcome verdict_decide(const struct verdict_input *input, struct verdict *verdict_out) {
    *verdict_out = (struct verdict){.state = VERDICT_UNDECIDED};
    if (!complete(input)) return OUTCOME_INVALID;
    if (input->upstream_count > ROUTE_UPSTREAMS_MAX) return OUTCOME_OVERFLOW;

    struct verdict verdict = {.tier = tier_max(TIER_LOW, input->at_least)};
    for (uint32_t i = 0; i < input->findings.count; i++) {
        const enum outcome outcome = weigh(input, &input->findings.items[i], &verdict);
        if (outcome != OUTCOME_OK) return outcome;
    }
    if (verdict.tier == TIER_BLOCKED) {
        verdict.state = VERDICT_BLOCK;
    } else {
        choose_candidates(input, &verdict);
        verdict.tokenise = policy_tokenises(verdict.tier);
        verdict.state = VERDICT_ALLOW;
    }
    *verdict_out = verdict;
    return OUTCOME_OK;
}

enum tier verdict_finding_tier(const struct verdict_input *input, const struct finding *finding) {
    const struct rule_info *rule = rule_of(input, finding);
    if (rule == NULL || !tier_valid(rule->tier)) return TIER_BLOCKED;
    int64_t override;
    return lowered_tier(input, rule, policy_tier_of(input->policy, rule, finding->confidence), &override);
}
