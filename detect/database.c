/* Hyperscan reports every end of a match: for `k\d{2,8}` on k12345 five matches from one start. So the
 * newest hit of each rule is held back until a match begins elsewhere, or the text ends. Anything but
 * HS_SUCCESS is an error, and there is no partial result to use. */
#include "detect/database.h"

#include <stdlib.h>

#include "detect/rule_set.h"
#include "detect/scratch.h"

struct database {
    hs_database_t *patterns; /* a match's id is its rule */
    hs_scratch_t *prototype;
    uint64_t generation;
    uint32_t rule_count;
};

struct scan {
    database_on_hit *on_hit;
    void *context;
    struct text_range *held; /* by rule: its newest hit, which may still get longer; empty: none */
    bool stopped;            /* by on_hit */
};

static enum outcome engine_outcome(hs_error_t error) {
    if (error == HS_SUCCESS) return OUTCOME_OK;
    return error == HS_NOMEM ? OUTCOME_NO_MEMORY : OUTCOME_ENGINE;
}

static unsigned pattern_flags(const struct rule *rule) {
    return HS_FLAG_SOM_LEFTMOST | HS_FLAG_MULTILINE | (rule->caseless ? HS_FLAG_CASELESS : 0u);
}

/* Takes over the compiler's error. */
static enum outcome compile_refuse(hs_compile_error_t *error, const struct rule *rule, struct detail *detail) {
    const enum outcome outcome =
        rule ? rule_refuse(rule, detail, "the pattern does not compile: %.160s", error->message)
             : detail_set(detail, OUTCOME_ENGINE, "the patterns do not compile: %.160s", error->message);
    hs_free_compile_error(error);
    return outcome;
}

static enum outcome check_length(const struct rule *rule, struct detail *detail) {
    hs_expr_info_t *info = NULL;
    hs_compile_error_t *error = NULL;
    if (hs_expression_info(rule->pattern, pattern_flags(rule), &info, &error) != HS_SUCCESS)
        return compile_refuse(error, rule, detail);
    const bool bounded = info->max_width <= DATABASE_LONGEST_MATCH;
    free(info); /* made by malloc: no misc allocator is set */
    if (bounded) return OUTCOME_OK;
    return rule_refuse(rule, detail, "a match must be at most %u bytes; let an extent find the rest",
                       DATABASE_LONGEST_MATCH);
}

static enum outcome compile(struct database *database, const struct rule *rules, struct detail *detail) {
    const uint32_t count = database->rule_count;
    const char **patterns = calloc(count, sizeof *patterns);
    unsigned *flags = calloc(count, sizeof *flags), *ids = calloc(count, sizeof *ids);
    enum outcome outcome = patterns && flags && ids ? OUTCOME_OK : OUTCOME_NO_MEMORY;
    for (uint32_t i = 0; i < count && outcome == OUTCOME_OK; i++) {
        patterns[i] = rules[i].pattern;
        flags[i] = pattern_flags(&rules[i]);
        ids[i] = i;
        outcome = check_length(&rules[i], detail);
    }
    hs_compile_error_t *error = NULL;
    if (outcome == OUTCOME_OK &&
        hs_compile_multi(patterns, flags, ids, count, HS_MODE_BLOCK, NULL, &database->patterns, &error) != HS_SUCCESS)
        outcome = compile_refuse(error, error->expression >= 0 ? &rules[error->expression] : NULL, detail);
    free(ids);
    free(flags);
    free(patterns);
    return outcome;
}

enum outcome database_create(const struct rule *rules, uint32_t rule_count, struct database **database_out,
                             struct detail *detail) {
    *database_out = NULL;
    if (hs_valid_platform() != HS_SUCCESS)
        return detail_set(detail, OUTCOME_UNSUPPORTED, "this processor cannot run Hyperscan (it needs SSSE3)");
    struct database *database = calloc(1, sizeof *database);
    if (database == NULL) return OUTCOME_NO_MEMORY;
    database->generation = scratch_new_generation();
    database->rule_count = rule_count;
    enum outcome outcome = compile(database, rules, detail);
    if (outcome == OUTCOME_OK) outcome = engine_outcome(hs_alloc_scratch(database->patterns, &database->prototype));
    if (outcome != OUTCOME_OK) database_destroy(&database);
    *database_out = database;
    return outcome;
}

void database_destroy(struct database **database_ref) {
    struct database *database = *database_ref;
    if (database == NULL) return;
    scratch_forget(database->generation);
    hs_free_database(database->patterns);
    hs_free_scratch(database->prototype);
    free(database);
    *database_ref = NULL;
}

/* False when on_hit stops the scan. */
static bool deliver_held(struct scan *scan, uint16_t rule) {
    const struct text_range hit = scan->held[rule];
    scan->held[rule] = (struct text_range){0};
    if (hit.begin == hit.end || scan->on_hit(scan->context, rule, hit)) return true;
    scan->stopped = true;
    return false;
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
    (void)flags;
    struct scan *scan = context;
    struct text_range *held = &scan->held[id];
    const struct text_range match = {(uint32_t)from, (uint32_t)to};
    if (held->begin < held->end && held->begin == match.begin) {
        if (match.end > held->end) held->end = match.end;
        return 0;
    }
    if (!deliver_held(scan, (uint16_t)id)) return 1;
    *held = match;
    return 0;
}

static enum outcome scan_outcome(const struct scan *scan, hs_error_t error) {
    if (scan->stopped) return OUTCOME_OVERFLOW;
    return engine_outcome(error);
}

enum outcome database_scan(const struct database *database, struct slice text, struct arena *arena,
                           database_on_hit *on_hit, void *context) {
    if (text.len == 0) return OUTCOME_OK;
    if (text.len > UINT32_MAX / 2) return OUTCOME_OVERFLOW;
    struct scan scan = {.on_hit = on_hit, .context = context};
    scan.held = arena_zalloc(arena, database->rule_count, sizeof *scan.held);
    if (scan.held == NULL) return OUTCOME_OVERFLOW;
    hs_scratch_t *scratch = NULL;
    enum outcome outcome = scratch_get(database->generation, database->prototype, &scratch);
    if (outcome != OUTCOME_OK) return outcome;
    outcome =
        scan_outcome(&scan, hs_scan(database->patterns, text.data, (unsigned)text.len, 0, scratch, on_match, &scan));
    for (uint32_t rule = 0; outcome == OUTCOME_OK && rule < database->rule_count; rule++)
        if (!deliver_held(&scan, (uint16_t)rule)) outcome = OUTCOME_OVERFLOW;
    return outcome;
}
