/* The happy path of a scan: on_end notes windows (or delivers a hit of fixed length at once), then
 * each window is searched for starts. Anything but HS_SUCCESS is an error, and there is no partial
 * result to use. */
#include "detect/database.h"

#include <stdlib.h>
#include <string.h>

#include "detect/rule_set.h"
#include "detect/scratch.h"

#define NO_WINDOW UINT32_MAX
#define FIRST_WINDOWS 64u
#define CONTEXT_BYTES 1u /* what \b, ^ and $ look at on either side of a match */

struct compiled_rule {
    hs_database_t *starts; /* the pattern alone, reporting where matches begin; NULL when of fixed length */
    uint32_t shortest, longest;
};

struct database {
    hs_database_t *ends; /* all patterns; a match's id is its rule */
    hs_scratch_t *prototype;
    uint64_t generation;
    struct compiled_rule *rules;
    uint32_t rule_count;
};

/* Where matches of one rule end, first to last, and somewhere between. */
struct window {
    uint32_t first_end, last_end;
    uint16_t rule;
};

struct scan {
    const struct database *database;
    struct slice text;
    struct arena *arena;
    database_on_hit *on_hit;
    void *context;
    struct window *windows;
    uint32_t window_count, window_capacity;
    uint32_t *newest_window; /* by rule */
    enum outcome failure;    /* why a callback stopped */
};

static enum outcome engine_outcome(hs_error_t error) {
    if (error == HS_SUCCESS) return OUTCOME_OK;
    return error == HS_NOMEM ? OUTCOME_NO_MEMORY : OUTCOME_ENGINE;
}

static unsigned pattern_flags(const struct rule *rule) {
    return HS_FLAG_MULTILINE | (rule->caseless ? HS_FLAG_CASELESS : 0u);
}

/* Takes over the compiler's error. */
static enum outcome compile_refuse(hs_compile_error_t *error, const struct rule *rule, struct detail *detail) {
    const enum outcome outcome =
        rule ? rule_refuse(rule, detail, "the pattern does not compile: %.160s", error->message)
             : detail_set(detail, OUTCOME_ENGINE, "the patterns do not compile: %.160s", error->message);
    hs_free_compile_error(error);
    return outcome;
}

static enum outcome measure_rule(const struct rule *rule, struct compiled_rule *compiled, struct detail *detail) {
    hs_expr_info_t *info = NULL;
    hs_compile_error_t *error = NULL;
    if (hs_expression_info(rule->pattern, pattern_flags(rule), &info, &error) != HS_SUCCESS)
        return compile_refuse(error, rule, detail);
    compiled->shortest = info->min_width;
    compiled->longest = info->max_width;
    free(info); /* made by malloc: no misc allocator is set */
    if (compiled->longest > DATABASE_LONGEST_MATCH)
        return rule_refuse(rule, detail,
                           "the pattern's longest match must be at most %u bytes; let an extent find "
                           "the rest",
                           DATABASE_LONGEST_MATCH);
    return OUTCOME_OK;
}

static enum outcome compile_rule(const struct rule *rule, struct compiled_rule *compiled, struct detail *detail) {
    const enum outcome outcome = measure_rule(rule, compiled, detail);
    if (outcome != OUTCOME_OK || compiled->shortest == compiled->longest) return outcome;
    hs_compile_error_t *error = NULL;
    if (hs_compile(rule->pattern, pattern_flags(rule) | HS_FLAG_SOM_LEFTMOST, HS_MODE_BLOCK, NULL, &compiled->starts,
                   &error) != HS_SUCCESS)
        return compile_refuse(error, rule, detail);
    return OUTCOME_OK;
}

static enum outcome compile_ends(struct database *database, const struct rule *rules, struct detail *detail) {
    const uint32_t count = database->rule_count;
    const char **patterns = calloc(count, sizeof *patterns);
    unsigned *flags = calloc(count, sizeof *flags), *ids = calloc(count, sizeof *ids);
    enum outcome outcome = OUTCOME_NO_MEMORY;
    if (patterns == NULL || flags == NULL || ids == NULL) goto done;
    for (uint32_t i = 0; i < count; i++) {
        patterns[i] = rules[i].pattern;
        flags[i] = pattern_flags(&rules[i]);
        ids[i] = i;
    }
    hs_compile_error_t *error = NULL;
    outcome = OUTCOME_OK;
    if (hs_compile_multi(patterns, flags, ids, count, HS_MODE_BLOCK, NULL, &database->ends, &error) != HS_SUCCESS)
        outcome = compile_refuse(error, error->expression >= 0 ? &rules[error->expression] : NULL, detail);
done:
    free(ids);
    free(flags);
    free(patterns);
    return outcome;
}

/* One scratch serves every database it was made for, one after the other. */
static enum outcome make_prototype(struct database *database) {
    enum outcome outcome = engine_outcome(hs_alloc_scratch(database->ends, &database->prototype));
    for (uint32_t i = 0; outcome == OUTCOME_OK && i < database->rule_count; i++)
        if (database->rules[i].starts != NULL)
            outcome = engine_outcome(hs_alloc_scratch(database->rules[i].starts, &database->prototype));
    return outcome;
}

static enum outcome compile_all(struct database *database, const struct rule *rules, struct detail *detail) {
    for (uint32_t i = 0; i < database->rule_count; i++) {
        const enum outcome outcome = compile_rule(&rules[i], &database->rules[i], detail);
        if (outcome != OUTCOME_OK) return outcome;
    }
    const enum outcome outcome = compile_ends(database, rules, detail);
    return outcome == OUTCOME_OK ? make_prototype(database) : outcome;
}

enum outcome database_create(const struct rule *rules, uint32_t rule_count, struct database **database_out,
                             struct detail *detail) {
    *database_out = NULL;
    if (hs_valid_platform() != HS_SUCCESS)
        return detail_set(detail, OUTCOME_UNSUPPORTED, "this processor cannot run Hyperscan (it needs SSSE3)");
    struct database *database = calloc(1, sizeof *database);
    if (database == NULL) return OUTCOME_NO_MEMORY;
    database->generation = scratch_new_generation();
    database->rules = calloc(rule_count, sizeof *database->rules);
    database->rule_count = rule_count;
    enum outcome outcome = database->rules ? compile_all(database, rules, detail) : OUTCOME_NO_MEMORY;
    if (outcome != OUTCOME_OK) database_destroy(&database);
    *database_out = database;
    return outcome;
}

void database_destroy(struct database **database_ref) {
    struct database *database = *database_ref;
    if (database == NULL) return;
    scratch_forget(database->generation);
    for (uint32_t i = 0; database->rules && i < database->rule_count; i++) hs_free_database(database->rules[i].starts);
    hs_free_database(database->ends);
    hs_free_scratch(database->prototype);
    free(database->rules);
    free(database);
    *database_ref = NULL;
}

static bool stop(struct scan *scan, enum outcome why) {
    if (scan->failure == OUTCOME_OK) scan->failure = why;
    return false;
}

static bool deliver(struct scan *scan, uint16_t rule, struct text_range hit) {
    return scan->on_hit(scan->context, rule, hit) || stop(scan, OUTCOME_OVERFLOW);
}

static bool window_add(struct scan *scan, uint16_t rule, uint32_t end) {
    if (scan->window_count == scan->window_capacity) {
        const uint32_t capacity = scan->window_capacity ? scan->window_capacity * 2 : FIRST_WINDOWS;
        struct window *fresh = arena_grow(scan->arena, scan->windows, scan->window_capacity * sizeof *scan->windows,
                                          capacity * sizeof *scan->windows);
        if (fresh == NULL) return stop(scan, OUTCOME_OVERFLOW);
        scan->windows = fresh;
        scan->window_capacity = capacity;
    }
    scan->newest_window[rule] = scan->window_count;
    scan->windows[scan->window_count++] = (struct window){.first_end = end, .last_end = end, .rule = rule};
    return true;
}

static bool note_end(struct scan *scan, uint16_t rule, uint32_t end) {
    const uint32_t newest = scan->newest_window[rule];
    if (newest == NO_WINDOW) return window_add(scan, rule, end);
    struct window *window = &scan->windows[newest];
    if (end >= window->first_end && end <= window->last_end) return true;
    const uint32_t reach = scan->database->rules[rule].longest + 2 * CONTEXT_BYTES;
    if (end < window->first_end || end - window->last_end > reach) return window_add(scan, rule, end);
    window->last_end = end;
    return true;
}

/* Of all patterns; Hyperscan says only where a match ends. */
static int on_end(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
    (void)from;
    (void)flags;
    struct scan *scan = context;
    const struct compiled_rule *rule = &scan->database->rules[id];
    const uint32_t end = (uint32_t)to;
    if (rule->starts != NULL) return note_end(scan, (uint16_t)id, end) ? 0 : 1;
    return deliver(scan, (uint16_t)id, (struct text_range){end - rule->longest, end}) ? 0 : 1;
}

struct window_search {
    struct scan *scan;
    const struct window *window;
    uint32_t base; /* where the searched bytes begin in the text */
    bool open;     /* `hit` may still get longer */
    struct text_range hit;
};

static bool window_deliver(struct window_search *search) {
    if (!search->open) return true;
    search->open = false;
    return deliver(search->scan, search->window->rule, search->hit);
}

/* Of one pattern. A match that ends outside the window's ends owes itself to the cut: \b or ^ held there
 * only because the text seemed to begin or end. */
static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
    (void)id;
    (void)flags;
    struct window_search *search = context;
    const struct text_range hit = {search->base + (uint32_t)from, search->base + (uint32_t)to};
    if (hit.end < search->window->first_end || hit.end > search->window->last_end) return 0;
    if (search->open && search->hit.begin == hit.begin) {
        search->hit.end = hit.end;
        return 0;
    }
    if (!window_deliver(search)) return 1;
    search->hit = hit;
    search->open = true;
    return 0;
}

static enum outcome scan_outcome(const struct scan *scan, hs_error_t error) {
    if (error == HS_SCAN_TERMINATED) return scan->failure == OUTCOME_OK ? OUTCOME_ENGINE : scan->failure;
    return engine_outcome(error);
}

static enum outcome search_window(struct scan *scan, const struct window *window, hs_scratch_t *scratch) {
    const struct compiled_rule *rule = &scan->database->rules[window->rule];
    const uint32_t back = rule->longest + CONTEXT_BYTES;
    const uint32_t begin = window->first_end > back ? window->first_end - back : 0;
    const uint32_t end = window->last_end < scan->text.len ? window->last_end + CONTEXT_BYTES : window->last_end;
    struct window_search search = {.scan = scan, .window = window, .base = begin};
    const hs_error_t error = hs_scan(rule->starts, scan->text.data + begin, end - begin, 0, scratch, on_match, &search);
    if (error != HS_SUCCESS) return scan_outcome(scan, error);
    return window_deliver(&search) ? OUTCOME_OK : scan->failure;
}

enum outcome database_scan(const struct database *database, struct slice text, struct arena *arena,
                           database_on_hit *on_hit, void *context) {
    if (text.len == 0) return OUTCOME_OK;
    if (text.len > UINT32_MAX / 2) return OUTCOME_OVERFLOW;
    struct scan scan = {.database = database, .text = text, .arena = arena, .on_hit = on_hit, .context = context};
    scan.newest_window = arena_alloc(arena, database->rule_count * sizeof *scan.newest_window);
    if (scan.newest_window == NULL) return OUTCOME_OVERFLOW;
    for (uint32_t i = 0; i < database->rule_count; i++) scan.newest_window[i] = NO_WINDOW;
    hs_scratch_t *scratch = NULL;
    enum outcome outcome = scratch_get(database->generation, database->prototype, &scratch);
    if (outcome != OUTCOME_OK) return outcome;
    const hs_error_t error = hs_scan(database->ends, text.data, (unsigned)text.len, 0, scratch, on_end, &scan);
    outcome = scan_outcome(&scan, error);
    for (uint32_t i = 0; outcome == OUTCOME_OK && i < scan.window_count; i++)
        outcome = search_window(&scan, &scan.windows[i], scratch);
    return outcome;
}
