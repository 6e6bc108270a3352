/* The step `recheck` of struct inbound: the exact bytes that would leave are judged once more.
 *
 * Happy path: bytes that were not changed are the bytes that were scanned, so their findings stand; a
 * changed body is walked, laid out and scanned like a new one. What can fail: it is no strict JSON any
 * more, a replaced value is left in it, or something in it still has a tier that must not leave. */
#include "gateway/exchange/inbound.h"

#include "base/fault.h"
#include "detect/value_index.h"

#define NOWHERE UINT32_MAX

/* The tokens of this exchange that stand in a text, found beside something else that is gone through in order.
 * A run is one token, or several without a byte between. */
struct token_walk {
    const struct value_index *index; /* NULL: there are none */
    struct slice text;
    struct value_hit run, ahead; /* the run at hand, and the first token behind it */
};

static void walk_on(struct token_walk *walk) {
    struct value_hit *run = &walk->run, *ahead = &walk->ahead;
    *run = *ahead;
    do {
        if (ahead->begin == run->end) run->end = ahead->end;
        if (walk->index == NULL || value_index_next(walk->index, walk->text, run->end, ahead) != OUTCOME_OK)
            *ahead = (struct value_hit){NOWHERE, NOWHERE, 0};
    } while (ahead->begin == run->end && run->end != NOWHERE);
}

/* A hit that lies within tokens of our own is chance: they are random text. `begin` never decreases. */
static bool lies_in_token(struct token_walk *walk, uint32_t begin, uint32_t end) {
    while (walk->run.end <= begin) walk_on(walk);
    return walk->run.begin <= begin && end <= walk->run.end;
}

/* Nothing that blocks, nothing that should have been replaced, and nothing worse than what was decided may be
 * among the findings of `judged`. */
static enum outcome recheck_findings(const struct inbound *in, const struct inbound *judged, struct token_walk walk,
                                     uint64_t now_ms) {
    const struct verdict_input input = inbound_verdict_input(judged, now_ms);
    for (uint32_t i = 0; i < judged->findings.count; i++) {
        const struct finding *finding = &judged->findings.items[i];
        const enum tier tier = verdict_finding_tier(&input, finding);
        if (tier <= TIER_LOW || lies_in_token(&walk, finding->begin, finding->end)) continue;
        if (tier >= TIER_BLOCKED || tier > in->verdict.tier) return OUTCOME_DENIED;
        if (!in->embedding && detector_rule(in->rules->detector, finding->rule)->replace) return OUTCOME_DENIED;
    }
    return OUTCOME_OK;
}

static enum outcome recheck_values(const struct value_index *values, struct token_walk walk) {
    struct value_hit hit = {0};
    enum outcome outcome = OUTCOME_OK;
    for (uint32_t from = 0; (outcome = value_index_next(values, walk.text, from, &hit)) == OUTCOME_OK;
         from = hit.begin + 1)
        if (!lies_in_token(&walk, hit.begin, hit.end)) return OUTCOME_DENIED;
    return outcome == OUTCOME_NOT_FOUND ? OUTCOME_OK : outcome;
}

static enum outcome index_minted(const struct inbound *in, bool tokens, struct value_index **index_out) {
    struct slice *items = arena_zalloc(in->arena, in->minted_count, sizeof *items);
    if (items == NULL) return OUTCOME_OVERFLOW;
    for (uint32_t i = 0; i < in->minted_count; i++)
        items[i] = tokens ? token_slice(&in->minted[i].token) : in->minted[i].value;
    return value_index_create(items, in->minted_count, in->arena, index_out);
}

static enum outcome recheck_changed(const struct inbound *in, const struct api *api, struct slice body,
                                    uint64_t now_ms) {
    struct inbound again;
    struct value_index *values = NULL, *tokens = NULL;
    inbound_init(&again, in->arena, in->rules, api, body);
    enum outcome outcome = inbound_span(&again);
    if (outcome == OUTCOME_OK) outcome = inbound_scan(&again);
    if (outcome == OUTCOME_OK) outcome = index_minted(in, false, &values);
    if (outcome == OUTCOME_OK) outcome = index_minted(in, true, &tokens);
    const struct slice text = slice_of(again.layout.text.text, again.layout.text.len);
    const struct token_walk walk = {.index = tokens, .text = text};
    if (outcome == OUTCOME_OK) outcome = recheck_findings(in, &again, walk, now_ms);
    if (outcome == OUTCOME_OK) outcome = recheck_values(values, walk);
    return outcome;
}

enum outcome inbound_recheck(struct inbound *in, uint64_t now_ms) {
    if (fault_hit("recheck")) return OUTCOME_FAULT;
    if (in->progress != INBOUND_ASSEMBLED || in->verdict.state != VERDICT_ALLOW) return OUTCOME_DENIED;
    const bool unchanged = in->outgoing.data == in->body.data && in->outgoing.len == in->body.len;
    const enum outcome outcome = unchanged ? recheck_findings(in, in, (struct token_walk){0}, now_ms)
                                           : recheck_changed(in, in->api, in->outgoing, now_ms);
    if (outcome == OUTCOME_OK) in->progress = INBOUND_RECHECKED;
    return outcome;
}

enum outcome inbound_recheck_translated(const struct inbound *in, const struct api *api, struct slice body,
                                        uint64_t now_ms) {
    if (in->progress != INBOUND_RECHECKED || in->verdict.state != VERDICT_ALLOW) return OUTCOME_DENIED;
    return recheck_changed(in, api, body, now_ms);
}
