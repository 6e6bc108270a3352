#include "detect/pass.h"

#include <stdlib.h>

#include "base/require.h"

#define FIRST_FINDINGS 16u

struct pass {
    const struct rule *rules;
    struct slice text;
    struct arena *arena;
    struct finding *items;
    uint32_t count, capacity;
    struct text_range *newest; /* by rule: its newest finding */
};

static bool confirms(const struct rule *rule, struct slice text, struct text_range *range) {
    if (rule->extent != NULL && !rule->extent(text, range)) return false;
    if (broken(range->begin < range->end && range->end <= text.len)) return false;
    for (uint32_t i = 0; i < rule->validator_count; i++)
        if (!rule->validators[i](text, *range)) return false;
    return true;
}

/* The budget counts what the patterns find, before double finds are dropped. */
static bool reserve_finding(struct pass *pass) {
    if (pass->count < pass->capacity) return true;
    if (pass->count >= PASS_FINDINGS_MOST) return false;
    const uint32_t capacity = pass->capacity ? pass->capacity * 2 : FIRST_FINDINGS;
    struct finding *fresh =
        arena_grow(pass->arena, pass->items, pass->capacity * sizeof *pass->items, capacity * sizeof *pass->items);
    if (fresh == NULL) return false;
    pass->items = fresh;
    pass->capacity = capacity;
    return true;
}

static bool on_hit(void *context, uint16_t index, struct text_range hit) {
    struct pass *pass = context;
    const struct rule *rule = &pass->rules[index];
    struct text_range range = hit, *newest = &pass->newest[index];
    /* A hit within what its rule has just found tells nothing new, and may be one of thousands. */
    if (hit.begin >= newest->begin && hit.end <= newest->end) return true;
    if (!confirms(rule, pass->text, &range)) return true;
    if (!reserve_finding(pass)) return false;
    *newest = range;
    pass->items[pass->count++] =
        (struct finding){.begin = range.begin, .end = range.end, .rule = index, .confidence = rule->info.confidence};
    return true;
}

static int compare_findings(const void *left, const void *right) {
    const struct finding *a = left, *b = right;
    if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
    if (a->end != b->end) return a->end > b->end ? -1 : 1;
    return (int)a->rule - (int)b->rule;
}

/* In sorted order a finding lies within an earlier one of its rule when it ends no later than the
 * furthest end of that rule so far. `reach` is all zero. */
static uint32_t drop_contained(struct finding *items, uint32_t count, uint32_t *reach) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (items[i].end <= reach[items[i].rule]) continue;
        reach[items[i].rule] = items[i].end;
        items[kept++] = items[i];
    }
    return kept;
}

enum outcome pass_run(const struct database *database, const struct rule *rules, uint32_t rule_count, struct slice text,
                      struct arena *arena, struct finding_list *findings_out) {
    *findings_out = (struct finding_list){0};
    struct pass pass = {.rules = rules, .text = text, .arena = arena};
    pass.newest = arena_zalloc(arena, rule_count, sizeof *pass.newest);
    if (pass.newest == NULL) return OUTCOME_OVERFLOW;
    const enum outcome outcome = database_scan(database, text, arena, on_hit, &pass);
    if (outcome != OUTCOME_OK || pass.count == 0) return outcome;
    uint32_t *reach = arena_zalloc(arena, rule_count, sizeof *reach);
    if (reach == NULL) return OUTCOME_OVERFLOW;
    qsort(pass.items, pass.count, sizeof *pass.items, compare_findings);
    *findings_out = (struct finding_list){pass.items, drop_contained(pass.items, pass.count, reach)};
    return OUTCOME_OK;
}
