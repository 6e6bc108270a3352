#include "detect/value_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "detect/text_range.h"
#include "unit/failing_alloc.h"

static struct arena arena;

static int setup(void **state) {
    (void)state;
    arena_init(&arena, 64u << 20);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_reset(&arena);
    return 0;
}

static struct value_index *index_of(const struct slice *values, uint32_t count) {
    struct value_index *index = NULL;
    assert_int_equal(value_index_create(values, count, &arena, &index), OUTCOME_OK);
    return index;
}

static void expect_hit(const struct value_index *index, struct slice text, uint32_t from, uint32_t begin, uint32_t end,
                       uint32_t value) {
    struct value_hit hit;
    assert_int_equal(value_index_next(index, text, from, &hit), OUTCOME_OK);
    assert_int_equal(hit.begin, begin);
    assert_int_equal(hit.end, end);
    assert_int_equal(hit.value, value);
}

static void expect_none(const struct value_index *index, struct slice text, uint32_t from) {
    struct value_hit hit;
    assert_int_equal(value_index_next(index, text, from, &hit), OUTCOME_NOT_FOUND);
}

static void test_first_then_longest(void **state) {
    (void)state;
    const struct slice values[] = {SLICE("alpha"), SLICE("alphabet"), SLICE("betamax"), SLICE("alphab")};
    const struct value_index *index = index_of(values, 4);
    expect_hit(index, SLICE("the alphabet"), 0, 4, 12, 1);
    expect_hit(index, SLICE("the alphabe"), 0, 4, 10, 3);
    expect_hit(index, SLICE("alphaalpha"), 1, 5, 10, 0);
    expect_hit(index, SLICE("alphbetamax"), 0, 4, 11, 2);
    expect_none(index, SLICE("alph"), 0);
    expect_none(index, SLICE("alphabet"), 1);
    expect_none(index, SLICE(""), 0);
}

static void test_long_values_match_inside_words(void **state) {
    (void)state;
    const struct slice values[] = {SLICE("s3cr")};
    const struct value_index *index = index_of(values, 1);
    expect_hit(index, SLICE("xs3crx"), 0, 1, 5, 0);
}

static void test_short_values_stand_alone(void **state) {
    (void)state;
    const struct slice values[] = {SLICE("Bo"), SLICE("7"), SLICE("Ann"), SLICE("Bo-")};
    const struct value_index *index = index_of(values, 4);
    expect_none(index,
                SLICE("Bob, Anna, x7, 77, _Bo, Bo_, \xc3\xa9"
                      "Bo"),
                0);
    expect_hit(index, SLICE("to Bo!"), 0, 3, 5, 0);
    expect_hit(index, SLICE("Bo"), 0, 0, 2, 0);
    expect_hit(index, SLICE("(7)"), 0, 1, 2, 1);
    expect_hit(index, SLICE("Bo-.Ann"), 0, 0, 3, 3);
    expect_hit(index, SLICE("Bo-.Ann"), 3, 4, 7, 2);
}

static void test_empty_and_duplicate_values(void **state) {
    (void)state;
    const struct slice values[] = {SLICE(""), SLICE("omega"), SLICE("omega"), {NULL, 0}};
    expect_hit(index_of(values, 4), SLICE("omega"), 0, 0, 5, 1);
    expect_none(index_of(values, 1), SLICE("omega"), 0);
    expect_none(index_of(NULL, 0), SLICE("omega"), 0);
}

static void test_bytes_of_any_kind(void **state) {
    (void)state;
    const struct slice values[] = {{"a\0b\xff", 4}, {"\0\0\0\0\0", 5}};
    const struct value_index *index = index_of(values, 2);
    expect_hit(index, slice_of("xa\0b\xff", 5), 0, 1, 5, 0);
    expect_hit(index, slice_of("\0\0\0\0\0\0", 6), 1, 1, 6, 1);
}

/* What the header promises, tried place by place and value by value. */
static bool naive_at(const struct slice *values, uint32_t count, struct slice text, uint32_t begin,
                     struct value_hit *hit) {
    size_t best = 0;
    for (uint32_t v = 0; v < count; v++) {
        const struct slice rest = slice_range(text, begin, text.len);
        if (values[v].len <= best || !slice_starts_with(rest, values[v])) continue;
        const uint32_t end = begin + (uint32_t)values[v].len;
        const bool alone = !char_is_word(text_before(text, begin)) && !char_is_word(text_at(text, end));
        if (values[v].len < VALUE_SHORTEST_BYTES && !alone) continue;
        best = values[v].len;
        *hit = (struct value_hit){begin, end, v};
    }
    return best > 0;
}

static void test_agrees_with_a_naive_search(void **state) {
    (void)state;
    const unsigned seed = 7;
    print_message("seed %u\n", seed);
    srand(seed);
    for (int round = 0; round < 300; round++) {
        char bytes[40][12], body[400];
        struct slice values[40];
        for (uint32_t v = 0; v < 40; v++) {
            const size_t len = (size_t)rand() % 9;
            for (size_t i = 0; i < len; i++) bytes[v][i] = "ab- "[rand() % 4];
            values[v] = slice_of(bytes[v], len);
        }
        for (size_t i = 0; i < sizeof body; i++) body[i] = "ab- "[rand() % 4];
        const struct slice text = slice_of(body, sizeof body);
        const struct value_index *index = index_of(values, 40);
        for (uint32_t at = 0; at < text.len; at++) {
            struct value_hit expected, got;
            const bool naive = naive_at(values, 40, text, at, &expected);
            const bool found = value_index_next(index, text, at, &got) == OUTCOME_OK && got.begin == at;
            assert_int_equal(found, naive);
            if (found) assert_int_equal(got.end, expected.end);
            if (found) assert_true(slice_equal(values[got.value], values[expected.value]));
        }
    }
}

static uint32_t count_hits(const struct value_index *index, struct slice text) {
    struct value_hit hit;
    uint32_t hits = 0;
    for (uint32_t from = 0; value_index_next(index, text, from, &hit) == OUTCOME_OK; from = hit.end) hits++;
    return hits;
}

/* 10,000 values against 1 MB that begins like all of them at every 16th byte, and against one that is a
 * prefix of many of them everywhere. Bounded by seconds even under sanitizers; a search that is not
 * linear takes hours. */
static void test_many_values_in_a_large_text(void **state) {
    (void)state;
    enum { VALUES = 10000, BYTES = 1 << 20 };
    static char bytes[VALUES][24], body[BYTES];
    static struct slice values[VALUES];
    for (uint32_t v = 0; v < VALUES; v++) {
        const int len = snprintf(bytes[v], sizeof bytes[v], "+141555501%08u", v * 7919u);
        values[v] = slice_of(bytes[v], (size_t)len);
    }
    for (size_t i = 0; i < BYTES; i++) body[i] = "+141555501999999"[i % 16];
    const uint64_t begin_ns = clock_monotonic_ns();
    const struct value_index *index = index_of(values, VALUES);
    assert_int_equal(count_hits(index, slice_of(body, BYTES)), 0);
    memcpy(body + BYTES - 40, bytes[4321], values[4321].len);
    struct value_hit hit;
    assert_int_equal(value_index_next(index, slice_of(body, BYTES), 0, &hit), OUTCOME_OK);
    assert_int_equal(hit.value, 4321);

    for (uint32_t v = 0; v < VALUES; v++)
        memset(bytes[v], 'a', sizeof bytes[v]), bytes[v][22] = 'b', bytes[v][23] = (char)v;
    for (uint32_t v = 0; v < VALUES; v++) values[v] = slice_of(bytes[v], sizeof bytes[v]);
    memset(body, 'a', BYTES);
    assert_int_equal(count_hits(index_of(values, VALUES), slice_of(body, BYTES)), 0);
    const uint64_t took_ms = (clock_monotonic_ns() - begin_ns) / 1000000u;
    print_message("%u ms\n", (unsigned)took_ms);
    assert_true(took_ms < 20000);
}

static void test_arena_overflow_is_answered(void **state) {
    (void)state;
    const struct slice values[] = {SLICE("alpha")};
    struct value_index *index = NULL;
    for (size_t limit = 0; limit < 2000; limit += 16) {
        struct arena small;
        arena_init(&small, limit);
        assert_int_equal(value_index_create(values, 1, &small, &index), OUTCOME_OVERFLOW);
        arena_reset(&small);
    }
    assert_int_equal(value_index_create(values, UINT32_MAX, &arena, &index), OUTCOME_OVERFLOW);
}

static void test_every_allocation_failed_once(void **state) {
    (void)state;
    const struct slice values[] = {SLICE("alpha"), SLICE("b")};
    for (unsigned nth = 1;; nth++) {
        struct arena fresh;
        arena_init(&fresh, 1u << 20);
        struct value_index *index = NULL;
        failing_alloc_arm(nth);
        const enum outcome outcome = value_index_create(values, 2, &fresh, &index);
        const bool failed = failing_alloc_disarm();
        assert_int_equal(outcome, failed ? OUTCOME_OVERFLOW : OUTCOME_OK);
        arena_reset(&fresh);
        if (!failed) break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_then_longest),
        cmocka_unit_test(test_long_values_match_inside_words),
        cmocka_unit_test(test_short_values_stand_alone),
        cmocka_unit_test(test_empty_and_duplicate_values),
        cmocka_unit_test(test_bytes_of_any_kind),
        cmocka_unit_test(test_agrees_with_a_naive_search),
        cmocka_unit_test(test_many_values_in_a_large_text),
        cmocka_unit_test(test_arena_overflow_is_answered),
        cmocka_unit_test(test_every_allocation_failed_once),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
