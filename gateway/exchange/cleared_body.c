#include "gateway/exchange/cleared_body.h"

#include "gateway/body/json_text.h"

struct cleared_body {
    const struct inbound *in;
};

enum outcome cleared_body_create(const struct inbound *in, const struct audit_entry *entry,
                                 const struct cleared_body **body_out) {
    *body_out = NULL;
    const bool cleared = in->progress == INBOUND_RECHECKED && in->verdict.state == VERDICT_ALLOW && !in->strip &&
                         entry->item.outcome == OUTCOME_OK && entry->sequence > 0 && !in->arena->overflowed;
    if (!cleared) return OUTCOME_DENIED;
    struct cleared_body *body = arena_alloc(in->arena, sizeof *body);
    if (body == NULL) return OUTCOME_OVERFLOW;
    body->in = in;
    *body_out = body;
    return OUTCOME_OK;
}

bool cleared_body_may_go_to(const struct cleared_body *body, uint32_t upstream) {
    const struct verdict *verdict = &body->in->verdict;
    if (verdict->state != VERDICT_ALLOW) return false;
    for (uint32_t i = 0; i < verdict->candidate_count; i++)
        if (verdict->candidates[i] == upstream)
            return tier_allows_class(verdict->tier, body->in->rules->upstreams[upstream].class_);
    return false;
}

/* The mapped model name as it stands between JSON quotes. */
static struct slice encoded_name(const struct inbound *in, struct slice name) {
    struct buffer encoded;
    buffer_init(&encoded, 0);
    json_text_encode(&encoded, name);
    const struct slice copy = encoded.failed ? slice_of(NULL, 0) : arena_copy(in->arena, buffer_slice(&encoded));
    buffer_deinit(&encoded);
    return copy;
}

uint32_t cleared_body_parts(const struct cleared_body *body, uint32_t upstream,
                            struct slice parts_out[static CLEARED_PARTS], size_t *len_out) {
    const struct inbound *in = body->in;
    if (!cleared_body_may_go_to(body, upstream)) return 0;
    struct slice mapped;
    const bool changed =
        in->model_end > in->model_begin && upstream_model(&in->rules->upstreams[upstream], in->model, &mapped) != NULL;
    parts_out[0] = in->outgoing;
    *len_out = in->outgoing.len;
    if (!changed) return 1;
    const struct slice name = encoded_name(in, mapped);
    if (name.data == NULL) return 0;
    parts_out[0] = slice_range(in->outgoing, 0, in->model_begin);
    parts_out[1] = name;
    parts_out[2] = slice_range(in->outgoing, in->model_end, in->outgoing.len);
    *len_out = parts_out[0].len + parts_out[1].len + parts_out[2].len;
    return CLEARED_PARTS;
}

#define DEEPEST 64
#define MOST_NODES (4u << 20)

enum outcome cleared_body_translate(const struct cleared_body *body, uint32_t upstream, const struct api_bridge *bridge,
                                    uint64_t now_ms, struct slice *bytes_out, struct translate_problem *problem_out) {
    const struct inbound *in = body->in;
    if (!cleared_body_may_go_to(body, upstream)) return OUTCOME_DENIED;
    const struct json_limits limits = {.max_depth = DEEPEST, .max_nodes = MOST_NODES};
    struct json_doc doc;
    struct json_error error;
    struct slice mapped, translated;
    enum outcome outcome = json_walk(in->outgoing, &limits, in->arena, &doc, &error);
    if (outcome != OUTCOME_OK) return outcome;
    const char *model = in->model.len ? upstream_model(&in->rules->upstreams[upstream], in->model, &mapped) : NULL;
    outcome = translate_request(bridge->agent, bridge->upstream, &doc, model, in->arena, &translated, problem_out);
    if (outcome == OUTCOME_OK) outcome = inbound_recheck_translated(in, bridge->api, translated, now_ms);
    if (outcome == OUTCOME_OK) *bytes_out = translated;
    return outcome;
}
