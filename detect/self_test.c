#include "detect/self_test.h"

#include "detect/pass.h"

#define ARENA_BYTES (4u << 20)

struct trial {
    const struct database *database;
    const struct rule_set *set;
    struct arena arena;
    struct detail *detail;
};

/* Whether the rule finds anything; with `value`, whether it finds exactly that. */
static bool finds(const struct finding_list *findings, uint16_t rule, struct slice text, const struct slice *value) {
    for (uint32_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        if (finding->rule != rule) continue;
        if (value == NULL || slice_equal(slice_range(text, finding->begin, finding->end), *value)) return true;
    }
    return false;
}

static enum outcome try_text(struct trial *trial, uint16_t rule, struct slice text, const struct slice *value,
                             bool *found_out) {
    struct finding_list findings;
    arena_reset(&trial->arena);
    const enum outcome outcome =
        pass_run(trial->database, trial->set->rules, trial->set->rule_count, text, &trial->arena, &findings);
    if (outcome == OUTCOME_OK) *found_out = finds(&findings, rule, text, value);
    return outcome;
}

static enum outcome try_example(struct trial *trial, uint16_t rule, const struct yaml_node *example, bool expected) {
    const struct yaml_node *text = yaml_member(example, "text"), *value = yaml_member(example, "value");
    bool found = false;
    const enum outcome outcome =
        try_text(trial, rule, (text ? text : example)->text, value ? &value->text : NULL, &found);
    if (outcome != OUTCOME_OK || found == expected) return outcome;
    return rule_refuse(&trial->set->rules[rule], trial->detail, "the %s on line %u %s", //
                       expected ? "example" : "counterexample", example->line,
                       expected ? "is not found, or not with that value" : "is found");
}

static enum outcome try_rule(struct trial *trial, uint16_t index) {
    const struct rule *rule = &trial->set->rules[index];
    enum outcome outcome = OUTCOME_OK;
    for (const struct yaml_node *text = rule->examples->first; text && outcome == OUTCOME_OK; text = text->next)
        outcome = try_example(trial, index, text, true);
    for (const struct yaml_node *text = rule->counterexamples->first; text && outcome == OUTCOME_OK; text = text->next)
        outcome = try_example(trial, index, text, false);
    return outcome;
}

enum outcome self_test_run(const struct database *database, const struct rule_set *set, struct detail *detail) {
    struct trial trial = {.database = database, .set = set, .detail = detail};
    arena_init(&trial.arena, ARENA_BYTES);
    enum outcome outcome = OUTCOME_OK;
    for (uint32_t i = 0; i < set->rule_count && outcome == OUTCOME_OK; i++) outcome = try_rule(&trial, (uint16_t)i);
    arena_reset(&trial.arena);
    return outcome;
}
