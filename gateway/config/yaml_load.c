/* The walk from a YAML tree to struct settings, by the table.
 *
 * A map is read in two passes: its members, each by its row, then the defaults of the rows that it did not
 * have. Lists and maps with free names allocate their members first and read each into its place. The
 * first error ends it, and the settings that were half built are destroyed. */
#include <stdlib.h>

#include "gateway/config/loading.h"

#define ARENA_LIMIT_BYTES (64u << 20)
#define LONGEST_PREFIX 96u

static enum outcome read_map(const struct loading *loading, const char *prefix, const struct yaml_node *map,
                             void *base);

static void *field_of(void *base, size_t offset) {
    return (char *)base + offset;
}

static uint32_t member_count(const struct yaml_node *node) {
    uint32_t count = 0;
    for (const struct yaml_node *member = node->first; member; member = member->next) count++;
    return count;
}

/* Zeroed members, noted in their array's fields at once, so that destroying finds them. */
static void *make_members(const struct loading *loading, const struct setting_row *row, uint32_t count, void *base) {
    void *members = arena_zalloc(&loading->settings->arena, count, row->element_bytes);
    if (members == NULL) return NULL;
    memcpy(field_of(base, row->offset), &members, sizeof members);
    memcpy(field_of(base, row->count_offset), &count, sizeof count);
    return members;
}

static enum outcome check_count(const struct loading *loading, const struct setting_row *row,
                                const struct yaml_node *node, uint32_t count) {
    if (count < row->least) return loading_refuse(loading, node, "%s: must not be empty", row->path);
    if (count > row->most) return loading_refuse(loading, node, "%s: more than %d entries", row->path, (int)row->most);
    return OUTCOME_OK;
}

static enum outcome read_list(const struct loading *loading, const struct setting_row *row,
                              const struct yaml_node *node, void *base) {
    const bool groups = row->element == SETTING_GROUP;
    const bool single = node->type == YAML_SCALAR && !groups;
    if (node->type != YAML_LIST && !single) return loading_refuse(loading, node, "%s: expected a list", row->path);
    const uint32_t count = single ? 1 : member_count(node);
    enum outcome outcome = check_count(loading, row, node, count);
    if (outcome != OUTCOME_OK) return outcome;
    char *member = make_members(loading, row, count, base);
    if (member == NULL) return OUTCOME_NO_MEMORY;
    if (single) return value_read(loading, row, row->element, node, member);

    char prefix[LONGEST_PREFIX];
    settings_table_prefix(row, prefix, sizeof prefix);
    for (const struct yaml_node *at = node->first; at && outcome == OUTCOME_OK; at = at->next) {
        outcome = groups ? read_map(loading, prefix, at, member) : value_read(loading, row, row->element, at, member);
        member += row->element_bytes;
    }
    return outcome;
}

static enum outcome read_named(const struct loading *loading, const struct setting_row *row,
                               const struct yaml_node *node, void *base) {
    if (node->type != YAML_MAP) return loading_refuse(loading, node, "%s: expected a map", row->path);
    const uint32_t count = member_count(node);
    enum outcome outcome = check_count(loading, row, node, count);
    if (outcome != OUTCOME_OK) return outcome;
    char *member = make_members(loading, row, count, base);
    if (member == NULL) return OUTCOME_NO_MEMORY;

    char prefix[LONGEST_PREFIX];
    settings_table_prefix(row, prefix, sizeof prefix);
    for (const struct yaml_node *at = node->first; at && outcome == OUTCOME_OK; at = at->next) {
        outcome = value_read_name(loading, row, at->key, (const char **)(void *)member);
        if (outcome != OUTCOME_OK) break;
        outcome = row->element == SETTING_GROUP
                      ? read_map(loading, prefix, at, member)
                      : value_read(loading, row, row->element, at, field_of(member, row->value_offset));
        member += row->element_bytes;
    }
    return outcome;
}

/* A group that is given as a scalar is short for its member `name`, where it has one. */
static enum outcome read_group(const struct loading *loading, const struct setting_row *row,
                               const struct yaml_node *node, void *base) {
    char prefix[LONGEST_PREFIX];
    settings_table_prefix(row, prefix, sizeof prefix);
    const struct setting_row *name = settings_table_child(prefix, SLICE("name"));
    if (node->type != YAML_SCALAR || name == NULL) return read_map(loading, prefix, node, base);
    const struct yaml_node empty = {.type = YAML_MAP, .line = node->line, .column = node->column};
    const enum outcome outcome = read_map(loading, prefix, &empty, base);
    return outcome == OUTCOME_OK ? value_read(loading, name, name->type, node, field_of(base, name->offset)) : outcome;
}

static enum outcome read_row(const struct loading *loading, const struct setting_row *row, const struct yaml_node *node,
                             void *base) {
    switch (row->type) {
    case SETTING_GROUP: return read_group(loading, row, node, base);
    case SETTING_LIST: return read_list(loading, row, node, base);
    case SETTING_NAMED: return read_named(loading, row, node, base);
    default: return value_read(loading, row, row->type, node, field_of(base, row->offset));
    }
}

/* A name that could not be a setting's may be a misplaced value: it is not repeated. */
static bool could_be_setting(struct slice key) {
    for (size_t i = 0; i < key.len; i++)
        if ((key.data[i] < 'a' || key.data[i] > 'z') && key.data[i] != '_') return false;
    return key.len > 0 && key.len <= 32;
}

static enum outcome refuse_unknown(const struct loading *loading, const char *prefix, const struct yaml_node *key) {
    const char *nearest = settings_table_nearest(prefix, key->text);
    const char *ask = nearest ? "; did you mean " : "; see docs/settings.md for all of them";
    if (!could_be_setting(key->text))
        return loading_refuse(loading, key, "unknown setting%s%s", ask, nearest ? nearest : "");
    return loading_refuse(loading, key, "unknown setting %s%s%s%s", prefix, key->text.data, ask,
                          nearest ? nearest : "");
}

/* What an absent setting is: its default, read like any value, an absent group's own defaults, or nothing. */
static enum outcome read_absent(const struct loading *loading, const struct setting_row *row,
                                const struct yaml_node *map, void *base) {
    if (row->required) return loading_refuse(loading, map, "%s is missing", row->path);
    struct yaml_node node = {.type = YAML_MAP, .line = map->line, .column = map->column};
    if (row->type == SETTING_GROUP) return read_row(loading, row, &node, base);
    if (row->type == SETTING_SHARE) {
        const float unset = POLICY_THRESHOLD_UNSET;
        memcpy(field_of(base, row->offset), &unset, sizeof unset);
    }
    if (row->default_text == NULL) return OUTCOME_OK;
    node.type = YAML_SCALAR;
    node.text = slice_str(row->default_text);
    return read_row(loading, row, &node, base);
}

static enum outcome read_map(const struct loading *loading, const char *prefix, const struct yaml_node *map,
                             void *base) {
    if (map->type != YAML_MAP) return loading_refuse(loading, map, "expected a map of settings here");
    for (const struct yaml_node *member = map->first; member; member = member->next) {
        const struct setting_row *row = settings_table_child(prefix, member->key->text);
        if (row == NULL) return refuse_unknown(loading, prefix, member->key);
        const enum outcome outcome = read_row(loading, row, member, base);
        if (outcome != OUTCOME_OK) return outcome;
    }
    for (uint32_t i = 0; settings_table_row(i); i++) {
        const struct setting_row *row = settings_table_row(i);
        const char *name = settings_table_child_name(row, prefix);
        if (name == NULL || yaml_member(map, name)) continue;
        const enum outcome outcome = read_absent(loading, row, map, base);
        if (outcome != OUTCOME_OK) return outcome;
    }
    return OUTCOME_OK;
}

static enum outcome load_tree(const struct yaml_tree *tree, const char *const *apis, struct settings **settings_out,
                              struct detail *detail) {
    struct settings *settings = calloc(1, sizeof *settings);
    if (settings == NULL) return OUTCOME_NO_MEMORY;
    arena_init(&settings->arena, ARENA_LIMIT_BYTES);
    settings->name = arena_string(&settings->arena, slice_str(yaml_tree_name(tree)));
    const struct loading loading = {settings, apis, detail};
    enum outcome outcome = settings->name ? OUTCOME_OK : OUTCOME_NO_MEMORY;
    if (outcome == OUTCOME_OK) outcome = read_map(&loading, "", yaml_tree_root(tree), settings);
    if (outcome == OUTCOME_OK) outcome = settings_check(&loading, yaml_tree_root(tree));
    if (outcome != OUTCOME_OK) settings_destroy(&settings);
    *settings_out = settings;
    return outcome;
}

/* Only INVALID and what the tree says of files come with their own detail. */
static enum outcome explain(enum outcome outcome, const char *name, struct detail *detail) {
    if (outcome == OUTCOME_NO_MEMORY) return detail_set(detail, outcome, "%s: %s", name, outcome_text(outcome));
    return outcome;
}

enum outcome settings_load_text(struct slice text, const char *name, const char *const *apis,
                                struct settings **settings_out, struct detail *detail) {
    struct yaml_tree *tree = NULL;
    *settings_out = NULL;
    enum outcome outcome = yaml_tree_load(text, name, &tree, detail);
    if (outcome == OUTCOME_OK) outcome = load_tree(tree, apis, settings_out, detail);
    yaml_tree_destroy(&tree);
    return explain(outcome, name, detail);
}

enum outcome settings_load_file(const char *path, const char *const *apis, struct settings **settings_out,
                                struct detail *detail) {
    struct yaml_tree *tree = NULL;
    *settings_out = NULL;
    enum outcome outcome = yaml_tree_load_file(path, &tree, detail);
    if (outcome == OUTCOME_OK) outcome = load_tree(tree, apis, settings_out, detail);
    yaml_tree_destroy(&tree);
    return explain(outcome, path, detail);
}
