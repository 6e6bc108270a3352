#include "gateway/api/api.h"

#include "base/require.h"

static const struct api *const apis[] = {&api_openai_chat};
#define API_COUNT (sizeof apis / sizeof apis[0])

static const struct api_route routes[] = {
    {HTTP_POST, "/v1/chat/completions", "/chat/completions", &api_openai_chat, ROUTE_PROMPT},
    {HTTP_GET, "/v1/models", "/models", &api_openai_chat, ROUTE_LISTING},
};

static struct api_maps maps[API_COUNT];

enum route_match api_route_find(enum http_method method, struct slice path, const struct api_route **route_out) {
    enum route_match match = ROUTE_NO_PATH;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (!slice_equal(path, slice_str(routes[i].path))) continue;
        match = ROUTE_NO_METHOD;
        if (routes[i].method != method) continue;
        *route_out = &routes[i];
        return ROUTE_FOUND;
    }
    return match;
}

const struct api *api_default(void) {
    return &api_openai_chat;
}

const char *const *api_names(void) {
    static const char *const names[] = {"openai", NULL};
    _Static_assert(sizeof names / sizeof names[0] == API_COUNT + 1, "one name a format");
    return names;
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
    require(!"an api that is not in the table");
    return NULL;
}
