#include "gateway/exchange/answer_document.h"

#include "gateway/body/json_text.h"
#include "gateway/exchange/splice_list.h"

#define DEEPEST 64
#define MOST_NODES (4u << 20)

enum outcome answer_text_restore(struct slice raw, enum restore_form form, const struct restore_source *source,
                                 struct arena *scratch, struct buffer *out, bool *changed_out,
                                 struct restore_counts *counts) {
    char *decoded = arena_alloc(scratch, raw.len);
    if (decoded == NULL) return OUTCOME_OVERFLOW;
    const struct slice text = slice_of(decoded, json_text_decode(raw, decoded));
    struct restore_window window;
    restore_window_init(&window);
    struct buffer plain;
    buffer_init(&plain, 0);
    enum outcome outcome = restore_window_feed(&window, source, form, text, &plain);
    if (outcome == OUTCOME_OK) {
        restore_window_flush(&window, &plain);
        *changed_out = !slice_equal(buffer_slice(&plain), text);
        if (*changed_out) json_text_encode(out, buffer_slice(&plain));
        if (plain.failed || out->failed) outcome = OUTCOME_NO_MEMORY;
        counts->restored += window.restored;
        counts->left += window.left;
    }
    buffer_deinit(&plain);
    return outcome;
}

static enum outcome restore_node(const struct json_doc *doc, uint32_t i, enum restore_form form,
                                 const struct restore_source *source, struct splice_list *splices,
                                 struct restore_counts *counts) {
    struct buffer encoded;
    buffer_init(&encoded, 0);
    bool changed = false;
    enum outcome outcome =
        answer_text_restore(json_raw(doc, i), form, source, splices->arena, &encoded, &changed, counts);
    if (outcome == OUTCOME_OK && changed) {
        outcome = splice_list_add(splices, &doc->nodes[i], arena_copy(splices->arena, buffer_slice(&encoded)));
    }
    buffer_deinit(&encoded);
    return outcome;
}

static enum outcome collect_splices(const struct json_doc *doc, const struct field_map *map,
                                    const struct restore_source *source, bool tokens_issued,
                                    struct splice_list *splices, struct restore_counts *counts) {
    enum outcome outcome = OUTCOME_OK;
    for (uint32_t i = 0; i < doc->count && outcome == OUTCOME_OK; i++) {
        const struct json_node *node = &doc->nodes[i];
        const enum field_meaning meaning = field_map_meaning(map, node);
        if (meaning == FIELD_STRIPPED && tokens_issued) {
            outcome = splice_list_add(splices, node, SLICE("null"));
            i = node->next - 1; /* nothing inside it is left to restore */
        } else if ((node->type == JSON_STRING || node->type == JSON_KEY) &&
                   (meaning == FIELD_TEXT || meaning == FIELD_JSON_TEXT)) {
            const enum restore_form form = meaning == FIELD_TEXT ? RESTORE_PLAIN : RESTORE_JSON;
            outcome = restore_node(doc, i, form, source, splices, counts);
        }
    }
    return outcome;
}

enum outcome answer_document_restore(struct slice answer, const struct api *api, const struct restore_source *source,
                                     bool tokens_issued, struct arena *scratch, struct buffer *out,
                                     struct restore_counts *counts) {
    const struct json_limits limits = {.max_depth = DEEPEST, .max_nodes = MOST_NODES, .lenient_surrogates = true};
    struct json_doc doc;
    struct json_error error;
    if (json_walk(answer, &limits, scratch, &doc, &error) != OUTCOME_OK) {
        buffer_append(out, answer);
        return out->failed ? OUTCOME_NO_MEMORY : OUTCOME_OK;
    }
    const struct field_map *map = api_maps_of(api)->answer;
    field_map_apply(map, &doc);
    struct splice_list splices = {.arena = scratch};
    const enum outcome outcome = collect_splices(&doc, map, source, tokens_issued, &splices, counts);
    if (outcome != OUTCOME_OK) return outcome;
    return json_splice_append(answer, splices.items, splices.count, out);
}
