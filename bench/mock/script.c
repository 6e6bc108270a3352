#include "bench/mock/script.h"

static enum outcome check_keys(json_t *object, struct detail *detail) {
    struct behaviour behaviour;
    const enum outcome outcome = behaviour_read(object, &behaviour, detail);
    if (outcome == OUTCOME_OK) behaviour_deinit(&behaviour);
    return outcome;
}

static enum outcome check_when(json_t *when, struct detail *detail) {
    if (!json_is_object(when)) return detail_set(detail, OUTCOME_INVALID, "a rule needs {when, then}");
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(when, name, value) {
        const bool known = strcmp(name, "listener") == 0 || strcmp(name, "path") == 0 || strcmp(name, "contains") == 0;
        if (!known || !json_is_string(value))
            return detail_set(detail, OUTCOME_INVALID, "when.%s: expected listener, path or contains, a string", name);
    }
    return OUTCOME_OK;
}

static enum outcome check_scenario(json_t *scenario, struct detail *detail) {
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(scenario, name, value) {
        if (strcmp(name, "default") != 0 && strcmp(name, "rules") != 0)
            return detail_set(detail, OUTCOME_INVALID, "%s: expected default or rules", name);
    }
    json_t *keys = json_object_get(scenario, "default");
    enum outcome outcome = keys ? check_keys(keys, detail) : OUTCOME_OK;
    size_t i = 0;
    json_t *rule = NULL;
    json_array_foreach(json_object_get(scenario, "rules"), i, rule) {
        if (outcome == OUTCOME_OK) outcome = check_when(json_object_get(rule, "when"), detail);
        if (outcome == OUTCOME_OK) outcome = check_keys(json_object_get(rule, "then"), detail);
    }
    return outcome;
}

static enum outcome load(struct script *script, struct detail *detail) {
    json_error_t error;
    json_t *scenario = json_load_file(script->path, JSON_REJECT_DUPLICATES, &error);
    if (scenario == NULL)
        return detail_set(detail, OUTCOME_INVALID, "%s:%d:%d: %s", script->path, error.line, error.column, error.text);
    const enum outcome outcome = check_scenario(scenario, detail);
    if (outcome == OUTCOME_OK) {
        json_decref(script->scenario);
        script->scenario = json_incref(scenario);
    }
    json_decref(scenario);
    return outcome;
}

static bool same_file(const struct stat *a, const struct stat *b) {
    return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static enum outcome refresh(struct script *script, struct detail *detail) {
    struct stat now;
    if (script->path == NULL) return OUTCOME_OK;
    if (stat(script->path, &now) != 0) return detail_set(detail, OUTCOME_IO, "%s: cannot be read", script->path);
    if (script->scenario && same_file(&now, &script->seen)) return OUTCOME_OK;
    const enum outcome outcome = load(script, detail);
    if (outcome == OUTCOME_OK) script->seen = now;
    return outcome;
}

enum outcome script_init(struct script *script, const char *path, struct detail *detail) {
    *script = (struct script){.path = path};
    return refresh(script, detail);
}

void script_deinit(struct script *script) {
    json_decref(script->scenario);
    script->scenario = NULL;
}

static bool holds(json_t *when, const struct request *request) {
    json_t *listener = json_object_get(when, "listener");
    json_t *path = json_object_get(when, "path");
    json_t *contains = json_object_get(when, "contains");
    if (listener && strcmp(json_string_value(listener), request->listener) != 0) return false;
    if (path && !slice_equal(slice_str(json_string_value(path)), request->path)) return false;
    if (contains == NULL) return true;
    return request->body.len && memmem(request->body.data, request->body.len, json_string_value(contains),
                                       json_string_length(contains)) != NULL;
}

static json_t *rule_keys(const struct script *script, const struct request *request) {
    size_t i = 0;
    json_t *rule = NULL;
    json_array_foreach(json_object_get(script->scenario, "rules"), i, rule) {
        if (holds(json_object_get(rule, "when"), request)) return json_object_get(rule, "then");
    }
    return NULL;
}

/* A new reference, or NULL when the request has no keys of its own. Metadata values are strings by the format;
 * Ollama's package has no way to add members but to its options. */
static json_t *request_keys(json_t *body) {
    json_t *keys = json_object_get(body, "mock");
    if (keys == NULL) keys = json_object_get(json_object_get(body, "metadata"), "mock");
    if (keys == NULL) keys = json_object_get(json_object_get(body, "options"), "mock");
    if (!json_is_string(keys)) return json_incref(keys);
    json_t *parsed = json_loads(json_string_value(keys), JSON_REJECT_DUPLICATES, NULL);
    return parsed ? parsed : json_incref(keys);
}

enum outcome script_behaviour(struct script *script, const struct request *request, json_t *body,
                              struct behaviour *behaviour_out, struct detail *detail) {
    enum outcome outcome = refresh(script, detail);
    if (outcome != OUTCOME_OK) return outcome;
    json_t *own = request_keys(body);
    *behaviour_out = behaviour_default();
    if (own == NULL && script->scenario == NULL) return OUTCOME_OK;
    if (own && !json_is_object(own)) {
        json_decref(own);
        return detail_set(detail, OUTCOME_INVALID, "mock: expected an object of keys");
    }
    json_t *merged = json_object();
    json_object_update(merged, json_object_get(script->scenario, "default"));
    json_object_update(merged, rule_keys(script, request));
    json_object_update(merged, own);
    json_decref(own);
    outcome = behaviour_read(merged, behaviour_out, detail);
    json_decref(merged);
    return outcome;
}
