#include "gateway/api/field_map.h"

#include <stdlib.h>

#include "gateway/body/json_text.h"

#define PLAIN_NODE 0 /* below it everything is plain */
#define ROOT_NODE 1
#define KINDS_NODE 2    /* its children are the roots of documents of one kind each */
#define ANYWHERE_NODE 3 /* its children are members that mean the same wherever they stand */
#define FIRST_FREE_NODE 4
#define LONGEST_NAME 256 /* six bytes an escape: every known name fits however it is spelled */

struct map_node {
    struct slice name; /* member name; "[]" for elements; "*" for any member */
    uint16_t first_child, sibling;
    enum field_meaning meaning;
    const char *path; /* of the rule that ends here, or NULL */
    bool deep;        /* everything below means the same */
};

struct field_map {
    uint32_t count, capacity;
    struct map_node nodes[];
};

static const struct slice element_name = {"[]", 2};
static const struct slice any_name = {"*", 1};
static const struct slice deep_name = {"**", 2};
static const struct slice anywhere_prefix = {"**.", 3};

static uint16_t child_named(const struct field_map *map, uint16_t parent, struct slice name) {
    uint16_t child = map->nodes[parent].first_child;
    while (child && !slice_equal(map->nodes[child].name, name)) child = map->nodes[child].sibling;
    return child;
}

static uint16_t child_member(const struct field_map *map, uint16_t parent, struct slice name) {
    if (map->nodes[parent].deep) return parent;
    const bool is_name = !slice_equal(name, element_name); /* a member called "[]" is no element */
    uint16_t child = is_name ? child_named(map, parent, name) : PLAIN_NODE;
    if (child == PLAIN_NODE) child = child_named(map, parent, any_name);
    if (child == PLAIN_NODE && is_name) child = child_named(map, ANYWHERE_NODE, name);
    return child;
}

static uint16_t child_element(const struct field_map *map, uint16_t parent) {
    return map->nodes[parent].deep ? parent : child_named(map, parent, element_name);
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

/* Cuts "KIND:" off the front of a path; empty when there is none. */
static struct slice path_kind(struct slice *path) {
    const char *colon = memchr(path->data, ':', path->len);
    if (colon == NULL) return slice_of(NULL, 0);
    const struct slice kind = slice_range(*path, 0, (size_t)(colon - path->data));
    *path = slice_range(*path, kind.len + 1, path->len);
    return kind;
}

static void rule_add(struct field_map *map, const struct field_rule *rule) {
    struct slice rest = slice_str(rule->path);
    const struct slice kind = path_kind(&rest);
    uint16_t node = kind.len ? child_add(map, KINDS_NODE, kind) : ROOT_NODE;
    if (slice_starts_with(rest, anywhere_prefix)) {
        node = ANYWHERE_NODE;
        rest = slice_range(rest, anywhere_prefix.len, rest.len);
    }
    while (rest.len) {
        const struct slice step = path_step(&rest);
        if (slice_equal(step, deep_name))
            map->nodes[node].deep = true;
        else
            node = child_add(map, node, step);
    }
    map->nodes[node].meaning = rule->meaning;
    map->nodes[node].path = rule->path;
}

enum outcome field_map_create(const struct field_rule *rules, uint32_t count, struct field_map **map_out) {
    uint32_t capacity = FIRST_FREE_NODE;
    for (uint32_t i = 0; i < count; i++) capacity += steps_of(rules[i].path) + 1;
    struct field_map *map = calloc(1, sizeof *map + capacity * sizeof map->nodes[0]);
    if (map == NULL) return OUTCOME_NO_MEMORY;
    map->capacity = capacity;
    map->count = FIRST_FREE_NODE;
    for (uint32_t i = 0; i < count; i++) rule_add(map, &rules[i]);
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

static void apply_from(const struct field_map *map, struct json_doc *doc, uint16_t root) {
    for (uint32_t i = 0; i < doc->count; i++) {
        struct json_node *node = &doc->nodes[i];
        if (node->parent == JSON_NONE) {
            node->field = root;
        } else if (node->type == JSON_KEY) {
            char spelled_out[LONGEST_NAME];
            const uint16_t parent = doc->nodes[node->parent].field;
            node->field = map->nodes[parent].deep ? parent : PLAIN_NODE;
            doc->nodes[i + 1].field = child_member(map, parent, key_name(doc, i, spelled_out));
        } else if (doc->nodes[node->parent].type == JSON_ARRAY) {
            node->field = child_element(map, doc->nodes[node->parent].field);
        }
    }
}

void field_map_apply(const struct field_map *map, struct json_doc *doc) {
    apply_from(map, doc, ROOT_NODE);
}

bool field_map_apply_kind(const struct field_map *map, struct json_doc *doc, struct slice kind) {
    const uint16_t root = child_named(map, KINDS_NODE, kind);
    if (root) apply_from(map, doc, root);
    return root != PLAIN_NODE;
}

enum field_meaning field_map_meaning(const struct field_map *map, const struct json_node *node) {
    return map->nodes[node->field].meaning;
}

const char *field_map_path(const struct field_map *map, uint16_t field) {
    return map->nodes[field].path;
}
