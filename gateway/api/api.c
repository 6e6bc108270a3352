#include "gateway/api/api.h"

#include "base/require.h"

static const struct api *const apis[] = {
    &api_openai_chat,      &api_openai_completions, &api_openai_embeddings,
    &api_openai_responses, &api_anthropic_messages, &api_ollama_chat,
    &api_gemini,
};
#define API_COUNT (sizeof apis / sizeof apis[0])

static struct api_maps maps[API_COUNT];

const struct api *api_default(void) {
    return &api_openai_chat;
}

const char *const *api_names(void) {
    static const char *const names[] = {"openai", "anthropic", "ollama", "gemini", NULL};
    return names;
}

bool api_event_close_finished(const struct json_doc *doc, struct slice list, struct slice mark,
                              struct event_role *role) {
    const uint32_t elements = json_member(doc, 0, list);
    if (!json_is(doc, elements, JSON_ARRAY)) return false;
    uint32_t place = 0; /* what an element without an index goes by */
    for (uint32_t i = json_first(doc, elements); i != JSON_NONE; i = json_after(doc, elements, i), place++) {
        if (!json_is(doc, json_member(doc, i, mark), JSON_STRING)) continue;
        uint64_t index = 0;
        const uint32_t number = json_member(doc, i, SLICE("index"));
        const bool countable = number != JSON_NONE && json_uint(doc, number, &index) && index < WINDOW_ALL;
        const uint32_t capacity = sizeof role->closes / sizeof role->closes[0];
        if (role->closes_count == capacity) {
            role->closes[0] = WINDOW_ALL;
            role->closes_count = 1;
            return true;
        }
        role->closes[role->closes_count++] = countable ? (uint32_t)index : place;
    }
    return true;
}

static enum outcome map_of_rules(const struct field_rule *rules, struct field_map **map_out) {
    uint32_t count = 0;
    while (rules[count].path) count++;
    return field_map_create(rules, count, map_out);
}

enum outcome api_maps_create(void) {
    enum outcome outcome = OUTCOME_OK;
    for (size_t i = 0; i < API_COUNT && outcome == OUTCOME_OK; i++) {
        outcome = map_of_rules(apis[i]->request_rules, &maps[i].request);
        if (outcome == OUTCOME_OK) outcome = map_of_rules(apis[i]->answer_rules, &maps[i].answer);
        if (outcome == OUTCOME_OK) outcome = map_of_rules(apis[i]->event_rules, &maps[i].event);
    }
    if (outcome != OUTCOME_OK) api_maps_destroy();
    return outcome;
}

void api_maps_destroy(void) {
    for (size_t i = 0; i < API_COUNT; i++) {
        field_map_destroy(&maps[i].request);
        field_map_destroy(&maps[i].answer);
        field_map_destroy(&maps[i].event);
    }
}

const struct api_maps *api_maps_of(const struct api *api) {
    for (size_t i = 0; i < API_COUNT; i++)
        if (apis[i] == api) return &maps[i];
    require_failed("an api that is not in the table", __FILE__, __LINE__);
}
