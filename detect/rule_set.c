/* Loading goes in three rounds: every document, then the kinds of all, then the rules of all; so a rule
 * may use a kind that a later pack declares. Loading is rare, so lookups walk the lists. */
#include "detect/rule_set.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/pack.h"

#define RULES_MOST 4096u

struct loading {
    struct rule_set *set;
    struct pack_kind *kinds;
    uint32_t kind_count;
    struct detail *detail;
};

enum outcome rule_refuse(const struct rule *rule, struct detail *detail, const char *format, ...) {
    char what[224];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return detail_set(detail, OUTCOME_INVALID, "%s:%u:%u: rule `%s`: %s", rule->pack, rule->line, rule->column,
                      rule->info.id, what);
}

static uint32_t count_members(const struct rule_set *set, const char *list) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < set->tree_count; i++)
        for (const struct yaml_node *node = pack_members(set->trees[i], list); node; node = node->next) count++;
    return count;
}

static enum outcome load_trees(struct rule_set *set, const struct pack_source *packs, uint32_t count,
                               struct detail *detail) {
    set->trees = calloc(count ? count : 1, sizeof(struct yaml_tree *));
    if (set->trees == NULL) return OUTCOME_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        enum outcome outcome = yaml_tree_load(packs[i].yaml, packs[i].name, &set->trees[i], detail);
        if (outcome != OUTCOME_OK) return outcome;
        set->tree_count++;
        outcome = pack_check(set->trees[i], detail);
        if (outcome != OUTCOME_OK) return outcome;
    }
    return OUTCOME_OK;
}

static const char *label_of(const struct loading *loading, const char *kind) {
    for (uint32_t i = 0; i < loading->kind_count; i++)
        if (strcmp(loading->kinds[i].name, kind) == 0) return loading->kinds[i].label;
    return NULL;
}

static enum outcome load_kind(struct loading *loading, const struct yaml_tree *tree, const struct yaml_node *node) {
    struct pack_kind kind;
    const enum outcome outcome = pack_read_kind(tree, node, &kind, loading->detail);
    if (outcome != OUTCOME_OK) return outcome;
    const char *label = label_of(loading, kind.name);
    if (label != NULL && strcmp(label, kind.label) != 0)
        return detail_set(loading->detail, OUTCOME_INVALID, "%s:%u:%u: kind `%s` has the label `%s` elsewhere",
                          yaml_tree_name(tree), node->line, node->column, kind.name, label);
    if (label == NULL) loading->kinds[loading->kind_count++] = kind;
    return OUTCOME_OK;
}

static enum outcome load_rule(struct loading *loading, const struct yaml_tree *tree, const struct yaml_node *node) {
    struct rule_set *set = loading->set;
    struct rule *rule = &set->rules[set->rule_count];
    const enum outcome outcome = pack_read_rule(tree, node, rule, loading->detail);
    if (outcome != OUTCOME_OK) return outcome;
    rule->info.label = label_of(loading, rule->info.kind);
    if (rule->info.label == NULL)
        return rule_refuse(rule, loading->detail, "no pack declares the kind `%s`", rule->info.kind);
    for (uint32_t i = 0; i < set->rule_count; i++)
        if (strcmp(set->rules[i].info.id, rule->info.id) == 0)
            return rule_refuse(rule, loading->detail, "%s:%u has this id too", set->rules[i].pack, set->rules[i].line);
    set->rule_count++;
    return OUTCOME_OK;
}

typedef enum outcome load_fn(struct loading *loading, const struct yaml_tree *tree, const struct yaml_node *node);

static enum outcome load_members(struct loading *loading, const char *list, load_fn *load) {
    const struct rule_set *set = loading->set;
    for (uint32_t i = 0; i < set->tree_count; i++) {
        for (const struct yaml_node *node = pack_members(set->trees[i], list); node; node = node->next) {
            const enum outcome outcome = load(loading, set->trees[i], node);
            if (outcome != OUTCOME_OK) return outcome;
        }
    }
    return OUTCOME_OK;
}

static enum outcome load_rules(struct loading *loading) {
    const uint32_t rule_count = count_members(loading->set, "rules");
    const uint32_t kind_count = count_members(loading->set, "kinds");
    if (rule_count > RULES_MOST)
        return detail_set(loading->detail, OUTCOME_INVALID, "more than %u rules in the packs", RULES_MOST);
    loading->set->rules = calloc(rule_count ? rule_count : 1, sizeof(struct rule));
    loading->kinds = calloc(kind_count ? kind_count : 1, sizeof(struct pack_kind));
    if (loading->set->rules == NULL || loading->kinds == NULL) return OUTCOME_NO_MEMORY;
    enum outcome outcome = load_members(loading, "kinds", load_kind);
    if (outcome == OUTCOME_OK) outcome = load_members(loading, "rules", load_rule);
    if (outcome == OUTCOME_OK && rule_count == 0)
        outcome = detail_set(loading->detail, OUTCOME_INVALID, "there are no rules in the packs");
    return outcome;
}

enum outcome rule_set_load(struct rule_set *set, const struct pack_source *packs, uint32_t pack_count,
                           struct detail *detail) {
    *set = (struct rule_set){0};
    struct loading loading = {.set = set, .detail = detail};
    enum outcome outcome = load_trees(set, packs, pack_count, detail);
    if (outcome == OUTCOME_OK) outcome = load_rules(&loading);
    free(loading.kinds);
    if (outcome != OUTCOME_OK) rule_set_deinit(set);
    return outcome;
}

void rule_set_deinit(struct rule_set *set) {
    for (uint32_t i = 0; i < set->tree_count; i++) yaml_tree_destroy(&set->trees[i]);
    free(set->trees);
    free(set->rules);
    *set = (struct rule_set){0};
}
