#include "gateway/exchange/inbound.h"

#include "base/fault.h"
#include "route/tier.h"

#define DEEPEST 64
#define MOST_NODES (4u << 20)

void inbound_init(struct inbound *in, struct arena *arena, const struct inbound_rules *rules, const struct api *api,
                  struct slice body) {
    *in = (struct inbound){.arena = arena, .rules = rules, .api = api, .body = body};
}

static enum outcome span_json(struct inbound *in) {
    const struct json_limits limits = {.max_depth = DEEPEST, .max_nodes = MOST_NODES};
    const enum outcome outcome = json_walk(in->body, &limits, in->arena, &in->doc, &in->json_error);
    if (outcome != OUTCOME_OK) return outcome;
    if (!json_is(&in->doc, 0, JSON_OBJECT)) {
        in->json_error = (struct json_error){.offset = 0, .reason = "the body must be a JSON object"};
        return OUTCOME_INVALID;
    }
    const struct field_map *map = api_maps_of(in->api)->request;
    field_map_apply(map, &in->doc);
    layout_document(&in->layout, &in->doc, map, in->arena);
    return OUTCOME_OK;
}

enum outcome inbound_span(struct inbound *in) {
    if (fault_hit("span")) return OUTCOME_FAULT;
    enum outcome outcome = OUTCOME_OK;
    if (in->api && !in->no_body)
        outcome = span_json(in);
    else
        layout_plain(&in->layout, in->body, in->arena);
    if (outcome != OUTCOME_OK) return outcome;
    for (uint32_t i = 0; i < in->carried_count; i++) layout_carried(&in->layout, in->carried[i]);
    if (!scan_text_ok(&in->layout.text) || in->arena->overflowed) return OUTCOME_OVERFLOW;
    if (in->layout.has_token_ids) return OUTCOME_UNSUPPORTED;
    in->progress = INBOUND_SPANNED;
    return OUTCOME_OK;
}

enum outcome inbound_scan(struct inbound *in) {
    if (fault_hit("scan")) return OUTCOME_FAULT;
    if (in->progress != INBOUND_SPANNED) return OUTCOME_DENIED;
    const enum outcome outcome = detector_scan(in->rules->detector, &in->layout.text, in->arena, &in->findings);
    if (outcome == OUTCOME_OK) in->progress = INBOUND_SCANNED;
    return outcome;
}

static const struct rule_info *rule_of(const void *detector, uint16_t index) {
    return detector_rule(detector, index);
}

/* What the body's parts demand by themselves, whatever was found in its text. */
static enum tier tier_of_parts(const struct inbound *in) {
    enum tier tier = TIER_NONE;
    if (in->layout.has_binary) tier = policy_action_tier(in->rules->policy->binary);
    return tier;
}

/* Whom plain text, or a body without a route (`redact`), could be sent to. */
static const char *const text_families[] = {"openai", "anthropic", "ollama", "gemini", NULL};

struct verdict_input inbound_verdict_input(const struct inbound *in, uint64_t now_ms) {
    return (struct verdict_input){
        .policy = in->rules->policy,
        .rule = rule_of,
        .rule_owner = in->rules->detector,
        .rule_count = detector_rule_count(in->rules->detector),
        .findings = in->findings,
        .agent = in->rules->agent,
        .overrides = in->rules->overrides,
        .override_count = in->rules->override_count,
        .now_ms = now_ms,
        .upstreams = in->rules->upstreams,
        .upstream_count = in->rules->upstream_count,
        .apis = in->families ? in->families : text_families,
        .at_least = tier_of_parts(in),
    };
}

/* References to content that was never seen may go along with what is not sensitive; above that, policy decides. */
static enum outcome decide_references(struct inbound *in, struct verdict_input *input) {
    if (!in->layout.has_reference || in->verdict.tier <= TIER_LOW) return OUTCOME_OK;
    const enum tier demanded = policy_action_tier(in->rules->policy->references);
    if (demanded <= in->verdict.tier) return OUTCOME_OK;
    input->at_least = demanded;
    return verdict_decide(input, &in->verdict);
}

/* An embedding with findings goes to local upstreams only, and as it is. */
static enum outcome decide_embedding(struct inbound *in, struct verdict_input *input) {
    if (!in->embedding || in->verdict.state != VERDICT_ALLOW || in->verdict.tier <= TIER_LOW) return OUTCOME_OK;
    input->at_least = tier_max(input->at_least, TIER_HIGH);
    const enum outcome outcome = verdict_decide(input, &in->verdict);
    in->verdict.tokenise = false;
    return outcome;
}

enum outcome inbound_decide(struct inbound *in, uint64_t now_ms) {
    if (fault_hit("decide")) return OUTCOME_FAULT;
    if (in->progress != INBOUND_SCANNED) return OUTCOME_DENIED;
    struct verdict_input input = inbound_verdict_input(in, now_ms);
    enum outcome outcome = verdict_decide(&input, &in->verdict);
    if (outcome == OUTCOME_OK) outcome = decide_references(in, &input);
    if (outcome == OUTCOME_OK) outcome = decide_embedding(in, &input);
    if (outcome == OUTCOME_OK)
        in->progress = INBOUND_DECIDED;
    else
        in->verdict = (struct verdict){0};
    return outcome;
}
