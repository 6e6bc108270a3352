#include "gateway/translate/reading.h"

#include <stdio.h>
#include <string.h>

#include "gateway/body/json_text.h"

static void problem_set(struct translate_problem *problem, const char *path, const char *member, uint32_t node,
                        const char *reason) {
    if (problem == NULL || problem->reason) return;
    const char *dot = *path && *member ? "." : "";
    if (snprintf(problem->path, sizeof problem->path, "%s%s%s", path, dot, member) < 0) problem->path[0] = '\0';
    problem->node = node;
    problem->reason = reason;
}

enum outcome reading_refuse(struct reading *reading, uint32_t node, enum outcome outcome, const char *reason) {
    problem_set(reading->problem, reading->path, reading->member, node, reason);
    return outcome;
}

enum outcome translate_refuse(struct translate_problem *problem, const char *feature, const char *reason) {
    problem_set(problem, feature, "", JSON_NONE, reason);
    return OUTCOME_UNSUPPORTED;
}

static const struct member *member_find(const struct member *members, struct slice key) {
    for (const struct member *member = members; member->name; member++)
        if (json_text_is(key, slice_str(member->name))) return member;
    return NULL;
}

static enum outcome member_read(struct reading *reading, uint32_t key, const struct member *members, void *into) {
    const uint32_t value = json_value_of(reading->doc, key);
    if (json_is(reading->doc, value, JSON_NULL)) return OUTCOME_OK;
    const struct member *member = member_find(members, json_raw(reading->doc, key));
    if (member == NULL)
        return reading_refuse(reading, value, OUTCOME_UNSUPPORTED, "has a member that cannot be translated");
    if (member->read == NULL) return OUTCOME_OK;
    reading->member = member->name;
    return member->read(reading, value, (char *)into + member->place);
}

enum outcome reading_object(struct reading *reading, uint32_t node, const struct member_table *table, void *into) {
    if (!json_is(reading->doc, node, JSON_OBJECT))
        return reading_refuse(reading, node, OUTCOME_INVALID, "must be an object");
    const char *path = reading->path;
    const char *member = reading->member;
    enum outcome outcome = OUTCOME_OK;
    uint32_t key = json_first(reading->doc, node);
    for (; key != JSON_NONE && outcome == OUTCOME_OK; key = json_after(reading->doc, node, key)) {
        reading->path = table->path;
        reading->member = "";
        outcome = member_read(reading, key, table->members, into);
    }
    reading->path = path;
    reading->member = member;
    return outcome;
}

enum outcome reading_array(struct reading *reading, uint32_t node, reading_fn *each, void *into) {
    if (!json_is(reading->doc, node, JSON_ARRAY))
        return reading_refuse(reading, node, OUTCOME_INVALID, "must be an array");
    const char *path = reading->path;
    const char *member = reading->member;
    enum outcome outcome = OUTCOME_OK;
    uint32_t element = json_first(reading->doc, node);
    for (; element != JSON_NONE && outcome == OUTCOME_OK; element = json_after(reading->doc, node, element)) {
        reading->path = path;
        reading->member = member;
        outcome = each(reading, element, into);
    }
    reading->path = path;
    reading->member = member;
    return outcome;
}

enum outcome reading_string(struct reading *reading, uint32_t node, void *into) {
    if (!json_is(reading->doc, node, JSON_STRING))
        return reading_refuse(reading, node, OUTCOME_INVALID, "must be a string");
    *(struct slice *)into = json_raw(reading->doc, node);
    return OUTCOME_OK;
}

enum outcome reading_number(struct reading *reading, uint32_t node, void *into) {
    if (!json_is(reading->doc, node, JSON_NUMBER))
        return reading_refuse(reading, node, OUTCOME_INVALID, "must be a number");
    *(struct slice *)into = json_raw(reading->doc, node);
    return OUTCOME_OK;
}

enum outcome reading_count(struct reading *reading, uint32_t node, void *into) {
    uint64_t count = 0;
    if (!json_uint(reading->doc, node, &count))
        return reading_refuse(reading, node, OUTCOME_INVALID, "must be a count");
    return reading_number(reading, node, into);
}

enum outcome reading_setting(struct reading *reading, uint32_t node, void *into) {
    const bool yes = json_is(reading->doc, node, JSON_TRUE);
    if (!yes && !json_is(reading->doc, node, JSON_FALSE))
        return reading_refuse(reading, node, OUTCOME_INVALID, "must be true or false");
    *(enum setting *)into = yes ? SETTING_YES : SETTING_NO;
    return OUTCOME_OK;
}

enum outcome reading_json(struct reading *reading, uint32_t node, void *into) {
    if (!json_is(reading->doc, node, JSON_OBJECT))
        return reading_refuse(reading, node, OUTCOME_INVALID, "must be an object");
    *(struct slice *)into = json_raw(reading->doc, node);
    return OUTCOME_OK;
}

enum outcome reading_node(struct reading *reading, uint32_t node, void *into) {
    (void)reading;
    *(uint32_t *)into = node;
    return OUTCOME_OK;
}

enum outcome reading_ignored(struct reading *reading, uint32_t node, void *into) {
    (void)reading;
    (void)node;
    (void)into;
    return OUTCOME_OK;
}

enum outcome reading_off(struct reading *reading, uint32_t node, void *into) {
    (void)into;
    uint64_t number = 1;
    bool off = false;
    switch ((enum json_type)reading->doc->nodes[node].type) {
    case JSON_FALSE: off = true; break;
    case JSON_NUMBER: off = json_uint(reading->doc, node, &number) && number == 0; break;
    case JSON_STRING: off = json_raw(reading->doc, node).len == 0; break;
    case JSON_OBJECT:
    case JSON_ARRAY: off = json_first(reading->doc, node) == JSON_NONE; break;
    default: break;
    }
    return off ? OUTCOME_OK : reading_refuse(reading, node, OUTCOME_UNSUPPORTED, "cannot be translated");
}

enum outcome reading_refused(struct reading *reading, uint32_t node, void *into) {
    (void)into;
    return reading_refuse(reading, node, OUTCOME_UNSUPPORTED, "cannot be translated");
}

static enum outcome stop_add(struct reading *reading, uint32_t node, void *into) {
    (void)into;
    struct slice text;
    const enum outcome outcome = reading_string(reading, node, &text);
    if (outcome != OUTCOME_OK) return outcome;
    return conversation_stop_add(reading->conversation, text) ? OUTCOME_OK : OUTCOME_NO_MEMORY;
}

enum outcome reading_stop(struct reading *reading, uint32_t node, void *into) {
    if (json_is(reading->doc, node, JSON_STRING)) return stop_add(reading, node, into);
    return reading_array(reading, node, stop_add, into);
}

enum outcome reading_require(struct reading *reading, uint32_t node, struct slice field, const char *reason) {
    return field.data ? OUTCOME_OK : reading_refuse(reading, node, OUTCOME_INVALID, reason);
}

enum outcome reading_text_add(struct reading *reading, enum part_kind kind, struct slice text, struct part_list *list) {
    if (text.len == 0) return OUTCOME_OK;
    const struct part part = {.kind = kind, .text = text};
    return part_list_add(list, reading->arena, &part) ? OUTCOME_OK : OUTCOME_NO_MEMORY;
}

static enum outcome form_find(struct reading *reading, uint32_t node, const struct part_form *forms,
                              const struct part_form **form_out) {
    const uint32_t type = json_member(reading->doc, node, SLICE("type"));
    if (!json_is(reading->doc, type, JSON_STRING))
        return reading_refuse(reading, node, OUTCOME_INVALID, "must be an object with a type");
    for (const struct part_form *form = forms; form->type; form++) {
        if (!json_text_is(json_raw(reading->doc, type), slice_str(form->type))) continue;
        *form_out = form;
        return OUTCOME_OK;
    }
    return reading_refuse(reading, type, OUTCOME_UNSUPPORTED, "is of a type that cannot be translated");
}

/* Members may stand in any order, so that only the end shows which were missing. */
static bool is_complete(const struct part *part) {
    switch (part->kind) {
    case PART_CALL: return part->id.len && part->name.len;
    case PART_RESULT: return part->id.len;
    case PART_IMAGE: return part->data.data || part->url.data;
    default: return true;
    }
}

enum outcome reading_part(struct reading *reading, uint32_t node, const struct part_form *forms,
                          struct part_list *list) {
    const struct part_form *form = NULL;
    enum outcome outcome = form_find(reading, node, forms, &form);
    if (outcome != OUTCOME_OK) return outcome;
    struct part part = {.kind = form->kind};
    outcome = reading_object(reading, node, form->table, &part);
    if (outcome != OUTCOME_OK || part_is_empty(&part)) return outcome;
    if (!is_complete(&part)) return reading_refuse(reading, node, OUTCOME_INVALID, "is not complete");
    return part_list_add(list, reading->arena, &part) ? OUTCOME_OK : OUTCOME_NO_MEMORY;
}

struct content_reading {
    const struct part_form *forms;
    struct part_list *list;
};

static enum outcome element_read(struct reading *reading, uint32_t node, void *into) {
    const struct content_reading *content = into;
    return reading_part(reading, node, content->forms, content->list);
}

enum outcome reading_content(struct reading *reading, uint32_t node, const struct part_form *forms,
                             struct part_list *list) {
    if (json_is(reading->doc, node, JSON_STRING))
        return reading_text_add(reading, PART_TEXT, json_raw(reading->doc, node), list);
    if (!json_is(reading->doc, node, JSON_ARRAY))
        return reading_refuse(reading, node, OUTCOME_INVALID, "must be a string or an array");
    struct content_reading content = {forms, list};
    return reading_array(reading, node, element_read, &content);
}

enum outcome reading_word(struct reading *reading, uint32_t node, const char *const *words, uint32_t *index_out) {
    struct slice text;
    const enum outcome outcome = reading_string(reading, node, &text);
    if (outcome != OUTCOME_OK) return outcome;
    for (uint32_t i = 0; words[i]; i++) {
        if (!json_text_is(text, slice_str(words[i]))) continue;
        *index_out = i;
        return OUTCOME_OK;
    }
    return reading_refuse(reading, node, OUTCOME_UNSUPPORTED, "has a value that cannot be translated");
}

enum outcome reading_plain(struct arena *arena, struct slice encoded, struct slice *plain_out) {
    *plain_out = encoded;
    if (encoded.len == 0 || memchr(encoded.data, '\\', encoded.len) == NULL) return OUTCOME_OK;
    char *text = arena_alloc(arena, encoded.len);
    if (text == NULL) return OUTCOME_NO_MEMORY;
    *plain_out = slice_of(text, json_text_decode(encoded, text));
    return OUTCOME_OK;
}
