/* The step `recheck` of struct inbound: the exact bytes that would leave are judged once more.
 *
 * Happy path: bytes that were not changed are the bytes that were scanned, so their findings stand; a
 * changed body is walked, laid out and scanned like a new one. What can fail: it is no strict JSON any
 * more, a replaced value is left in it, or something in it still has a tier that must not leave. */
#include "gateway/exchange/inbound.h"

#include "base/fault.h"
#include "detect/value_index.h"

/* Nothing that blocks, and nothing that should have been replaced, may be among the findings. */
static enum outcome recheck_findings(const struct inbound *in, uint64_t now_ms) {
    const struct verdict_input input = inbound_verdict_input(in, now_ms);
    for (uint32_t i = 0; i < in->findings.count; i++) {
        const enum tier tier = verdict_finding_tier(&input, &in->findings.items[i]);
        if (tier >= TIER_BLOCKED) return OUTCOME_DENIED;
        if (detector_rule(in->rules->detector, in->findings.items[i].rule)->replace && tier > TIER_LOW)
            return OUTCOME_DENIED;
    }
    return OUTCOME_OK;
}

static enum outcome recheck_values(struct inbound *again, const struct inbound *in) {
    struct slice *values = arena_alloc(in->arena, in->minted_count * sizeof *values);
    if (values == NULL) return OUTCOME_OVERFLOW;
    for (uint32_t i = 0; i < in->minted_count; i++) values[i] = in->minted[i].value;
    struct value_index *index = NULL;
    enum outcome outcome = value_index_create(values, in->minted_count, in->arena, &index);
    if (outcome != OUTCOME_OK) return outcome;
    struct value_hit hit;
    const struct slice text = slice_of(again->layout.text.text, again->layout.text.len);
    outcome = value_index_next(index, text, 0, &hit);
    if (outcome == OUTCOME_OK) return OUTCOME_DENIED;
    return outcome == OUTCOME_NOT_FOUND ? OUTCOME_OK : outcome;
}

static enum outcome recheck_changed(struct inbound *in, uint64_t now_ms) {
    struct inbound again;
    inbound_init(&again, in->arena, in->rules, in->api, in->outgoing);
    enum outcome outcome = inbound_span(&again);
    if (outcome == OUTCOME_OK) outcome = inbound_scan(&again);
    if (outcome == OUTCOME_OK) outcome = recheck_findings(&again, now_ms);
    if (outcome == OUTCOME_OK) outcome = recheck_values(&again, in);
    return outcome;
}

enum outcome inbound_recheck(struct inbound *in, uint64_t now_ms) {
    if (fault_hit("recheck")) return OUTCOME_FAULT;
    if (in->progress != INBOUND_ASSEMBLED || in->verdict.state != VERDICT_ALLOW) return OUTCOME_DENIED;
    const bool unchanged = in->outgoing.data == in->body.data && in->outgoing.len == in->body.len;
    const enum outcome outcome = unchanged ? recheck_findings(in, now_ms) : recheck_changed(in, now_ms);
    if (outcome == OUTCOME_OK) in->progress = INBOUND_RECHECKED;
    return outcome;
}
