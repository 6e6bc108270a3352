/* The oracle is each pattern alone, match by match: of all that begin at one place the longest must come. */
#include "detect/database.h"

#include <hs/hs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { HITS_MOST = 200000, TEXT_BYTES = 6000 };

struct hits {
    struct {
        uint16_t rule;
        struct text_range range;
    } at[HITS_MOST];
    uint32_t count, stop_after;
};

static struct hits got;

static bool on_hit(void *context, uint16_t rule, struct text_range hit) {
    struct hits *hits = context;
    if (hits->count == hits->stop_after) return false;
    hits->at[hits->count].rule = rule;
    hits->at[hits->count++].range = hit;
    return true;
}

static bool has_hit(const struct hits *hits, uint16_t rule, uint32_t begin, uint32_t end) {
    for (uint32_t i = 0; i < hits->count; i++)
        if (hits->at[i].rule == rule && hits->at[i].range.begin == begin && hits->at[i].range.end >= end) return true;
    return false;
}

static struct database *database_of(const char *const *patterns, uint16_t count) {
    struct rule *rules = calloc(count, sizeof *rules);
    for (uint16_t i = 0; i < count; i++)
        rules[i] = (struct rule){.pattern = patterns[i], .info.id = "r", .pack = "test"};
    struct database *database = NULL;
    struct detail detail = {{0}};
    assert_int_equal(database_create(rules, count, &database, &detail), OUTCOME_OK);
    free(rules);
    return database;
}

static enum outcome scan(const struct database *database, struct slice text, size_t arena_bytes) {
    struct arena arena;
    arena_init(&arena, arena_bytes);
    got.count = 0;
    const enum outcome outcome = database_scan(database, text, &arena, on_hit, &got);
    arena_reset(&arena);
    return outcome;
}

struct oracle {
    uint16_t rule;
    uint32_t matches;
    const struct hits *hits;
};

static int on_oracle(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *context) {
    (void)id;
    (void)flags;
    struct oracle *oracle = context;
    oracle->matches++;
    assert_true(has_hit(oracle->hits, oracle->rule, (uint32_t)from, (uint32_t)to));
    return 0;
}

static void expect_as_oracle(const char *const *patterns, uint16_t count, struct slice text) {
    for (uint16_t rule = 0; rule < count; rule++) {
        hs_database_t *whole = NULL;
        hs_scratch_t *scratch = NULL;
        hs_compile_error_t *error = NULL;
        assert_int_equal(
            hs_compile(patterns[rule], HS_FLAG_MULTILINE | HS_FLAG_SOM_LEFTMOST, HS_MODE_BLOCK, NULL, &whole, &error),
            HS_SUCCESS);
        assert_int_equal(hs_alloc_scratch(whole, &scratch), HS_SUCCESS);
        struct oracle oracle = {.rule = rule, .hits = &got};
        assert_int_equal(hs_scan(whole, text.data, (unsigned)text.len, 0, scratch, on_oracle, &oracle), HS_SUCCESS);
        uint32_t found = 0;
        for (uint32_t i = 0; i < got.count; i++) found += got.at[i].rule == rule;
        assert_true(found <= oracle.matches); /* nothing that the oracle does not see */
        assert_int_equal(found == 0, oracle.matches == 0);
        hs_free_scratch(scratch);
        hs_free_database(whole);
    }
}

static void test_finds_what_each_pattern_finds_alone(void **state) {
    (void)state;
    static const char *const patterns[] = {"\\ba{1,5}b\\b", "^ab?c",          "[ab]{2,9}c$",
                                           "abc",           "\\b[abc]{3}\\b", "a.{0,6}c"};
    enum { PATTERNS = sizeof patterns / sizeof *patterns };
    struct database *database = database_of(patterns, PATTERNS);
    const unsigned seed = 99;
    print_message("seed %u\n", seed);
    srand(seed);
    static char text[TEXT_BYTES];
    got.stop_after = HITS_MOST;
    for (int round = 0; round < 6; round++) {
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = (round < 3 ? "aaabbc \n" : "........ abc\n\0\xff")[rand() % (round < 3 ? 8 : 15)];
        assert_int_equal(scan(database, slice_of(text, sizeof text), 1u << 24), OUTCOME_OK);
        expect_as_oracle(patterns, PATTERNS, slice_of(text, sizeof text));
    }
    database_destroy(&database);
    assert_null(database);
}

static void test_longest_end_of_each_start(void **state) {
    (void)state;
    static const char *const patterns[] = {"k[0-9]{2,8}"};
    struct database *database = database_of(patterns, 1);
    got.stop_after = HITS_MOST;
    assert_int_equal(scan(database, SLICE("xk1234567890 k12"), 1u << 16), OUTCOME_OK);
    assert_int_equal(got.count, 2);
    assert_int_equal(got.at[0].range.begin, 1);
    assert_int_equal(got.at[0].range.end, 10);
    assert_int_equal(got.at[1].range.begin, 13);
    assert_int_equal(scan(database, slice_of(NULL, 0), 1u << 16), OUTCOME_OK);
    assert_int_equal(got.count, 0);
    database_destroy(&database);
}

static void test_stopping_and_a_full_arena_are_overflow(void **state) {
    (void)state;
    static const char *const patterns[] = {"k[0-9]{2,8}", "abcd"};
    struct database *database = database_of(patterns, 2);
    got.stop_after = 1;
    assert_int_equal(scan(database, SLICE("k123 k123"), 1u << 16), OUTCOME_OVERFLOW);
    assert_int_equal(scan(database, SLICE("abcdabcd"), 1u << 16), OUTCOME_OVERFLOW);
    got.stop_after = HITS_MOST;
    assert_int_equal(scan(database, SLICE("k123"), 0), OUTCOME_OVERFLOW);
    database_destroy(&database);
}

static void expect_refused(const char *pattern) {
    struct rule rule = {.pattern = pattern, .info.id = "odd_rule", .pack = "test", .line = 3, .column = 5};
    struct database *database = NULL;
    struct detail detail = {{0}};
    assert_int_equal(database_create(&rule, 1, &database, &detail), OUTCOME_INVALID);
    assert_null(database);
    assert_non_null(strstr(detail.text, "test:3:5: rule `odd_rule`: "));
}

static void test_patterns_that_are_refused(void **state) {
    (void)state;
    expect_refused("a(b");
    expect_refused("a+b");         /* no bound */
    expect_refused("(?<=a)b");     /* not in Hyperscan's dialect */
    expect_refused("a.{0,2000}b"); /* too long */
    expect_refused("a?");          /* matches nothing */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_what_each_pattern_finds_alone),
        cmocka_unit_test(test_longest_end_of_each_start),
        cmocka_unit_test(test_stopping_and_a_full_arena_are_overflow),
        cmocka_unit_test(test_patterns_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
