#include "gateway/api/field_map.h"

#include <stdlib.h>

#include "gateway/body/json_text.h"

#define PLAIN_NODE 0 /* below it everything is plain */
#define ROOT_NODE 1
#define LONGEST_NAME 256 /* six bytes an escape: every known name fits however it is spelled */

struct map_node {
    struct slice name; /* member name; "[]" for elements; "*" for any member */
    uint16_t first_child, sibling;
    enum field_meaning meaning;
    const char *path; /* of the rule that ends here, or NULL */
};

struct field_map {
    uint32_t count, capacity;
    struct map_node nodes[];
};

static const struct slice element_name = {"[]", 2};
static const struct slice any_name = {"*", 1};

static uint16_t child_named(const struct field_map *map, uint16_t parent, struct slice name) {
    uint16_t child = map->nodes[parent].first_child;
    while (child && !slice_equal(map->nodes[child].name, name)) child = map->nodes[child].sibling;
    return child;
}

static uint16_t child_member(const struct field_map *map, uint16_t parent, struct slice name) {
    if (map->nodes[parent].first_child == 0) return PLAIN_NODE;
    if (slice_equal(name, element_name)) return child_named(map, parent, any_name); /* it is no element */
    const uint16_t child = child_named(map, parent, name);
    return child ? child : child_named(map, parent, any_name);
}

static uint16_t child_add(struct field_map *map, uint16_t parent, struct slice name) {
    uint16_t child = child_named(map, parent, name);
    if (child) return child;
    child = (uint16_t)map->count++;
    map->nodes[child] = (struct map_node){.name = name, .sibling = map->nodes[parent].first_child};
    map->nodes[parent].first_child = child;
    return child;
}

/* The next step of a path: a name, or "[]"; empty at the end. */
static struct slice path_step(struct slice *path) {
    if (path->len && path->data[0] == '.') *path = slice_range(*path, 1, path->len);
    size_t len = 0;
    if (slice_starts_with(*path, element_name))
        len = 2;
    else
        while (len < path->len && path->data[len] != '.' && path->data[len] != '[') len++;
    const struct slice step = slice_range(*path, 0, len);
    *path = slice_range(*path, len, path->len);
    return step;
}

static uint32_t steps_of(const char *path) {
    uint32_t count = 0;
    for (struct slice rest = slice_str(path); rest.len; count++) (void)path_step(&rest);
    return count;
}

enum outcome field_map_create(const struct field_rule *rules, uint32_t count, struct field_map **map_out) {
    uint32_t capacity = ROOT_NODE + 1;
    for (uint32_t i = 0; i < count; i++) capacity += steps_of(rules[i].path);
    struct field_map *map = calloc(1, sizeof *map + capacity * sizeof map->nodes[0]);
    if (map == NULL) return OUTCOME_NO_MEMORY;
    map->capacity = capacity;
    map->count = ROOT_NODE + 1;
    for (uint32_t i = 0; i < count; i++) {
        uint16_t node = ROOT_NODE;
        for (struct slice rest = slice_str(rules[i].path); rest.len;) node = child_add(map, node, path_step(&rest));
        map->nodes[node].meaning = rules[i].meaning;
        map->nodes[node].path = rules[i].path;
    }
    *map_out = map;
    return OUTCOME_OK;
}

void field_map_destroy(struct field_map **map) {
    free(*map);
    *map = NULL;
}

/* The key as an upstream reads it: an escaped spelling of a known name must not change what it means. */
static struct slice key_name(const struct json_doc *doc, uint32_t key, char spelled_out[static LONGEST_NAME]) {
    const struct slice raw = json_raw(doc, key);
    if (!doc->nodes[key].escaped || raw.len > LONGEST_NAME) return raw;
    return slice_of(spelled_out, json_text_decode(raw, spelled_out));
}

void field_map_apply(const struct field_map *map, struct json_doc *doc) {
    for (uint32_t i = 0; i < doc->count; i++) {
        struct json_node *node = &doc->nodes[i];
        if (node->parent == JSON_NONE) {
            node->field = ROOT_NODE;
        } else if (node->type == JSON_KEY) {
            char spelled_out[LONGEST_NAME];
            node->field = PLAIN_NODE;
            doc->nodes[i + 1].field = child_member(map, doc->nodes[node->parent].field, key_name(doc, i, spelled_out));
        } else if (doc->nodes[node->parent].type == JSON_ARRAY) {
            node->field = child_named(map, doc->nodes[node->parent].field, element_name);
        }
    }
}

enum field_meaning field_map_meaning(const struct field_map *map, const struct json_node *node) {
    return node->type == JSON_KEY ? FIELD_PLAIN : map->nodes[node->field].meaning;
}

const char *field_map_path(const struct field_map *map, uint16_t field) {
    return map->nodes[field].path;
}
