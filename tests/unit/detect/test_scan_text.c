#include "detect/scan_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/failing_alloc.h"

static struct arena arena;

static int setup(void **state) {
    (void)state;
    arena_init(&arena, 16u << 20);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_reset(&arena);
    return 0;
}

static void test_runs_that_continue_are_one_segment(void **state) {
    (void)state;
    struct scan_text text;
    scan_text_init(&text, &arena, 0);
    scan_text_add_run(&text, SLICE("hello "), 10, 1);
    scan_text_add_run(&text, SLICE("world"), 16, 1);
    assert_int_equal(text.segment_count, 1);
    scan_text_add_run(&text, SLICE("gap"), 30, 1);   /* not where the last one ended */
    scan_text_add_run(&text, SLICE("other"), 33, 2); /* another piece */
    assert_int_equal(text.segment_count, 3);
    scan_text_add_run(&text, SLICE(""), 38, 2);
    assert_int_equal(text.segment_count, 3);
    assert_true(scan_text_ok(&text));
    assert_memory_equal(text.text, "hello worldgapother", text.len);
}

static void test_atoms_never_merge_and_glue_does(void **state) {
    (void)state;
    struct scan_text text;
    scan_text_init(&text, &arena, 0);
    scan_text_add_atom(&text, SLICE("\xc3\xa9"), 4, 6, 0);
    scan_text_add_atom(&text, SLICE("\xc3\xa9"), 10, 6, 0);
    scan_text_add_glue(&text, SLICE("\": "));
    scan_text_add_glue(&text, SLICE("\""));
    assert_int_equal(text.segment_count, 3);
}

static void test_origins_of_run_atom_and_glue(void **state) {
    (void)state;
    /* source: "ab\u00e9cd" from 100 on (piece 7), then a value from 200 on (piece 8) */
    struct scan_text text;
    scan_text_init(&text, &arena, 0);
    scan_text_add_run(&text, SLICE("ab"), 100, 7);
    scan_text_add_atom(&text, SLICE("\xc3\xa9"), 102, 6, 7);
    scan_text_add_run(&text, SLICE("cd"), 108, 7);
    scan_text_add_glue(&text, SLICE("\": \""));
    scan_text_add_run(&text, SLICE("value"), 200, 8);
    struct scan_origin origins[4];

    assert_int_equal(scan_text_origins(&text, 0, text.len, origins, 4), 2);
    assert_int_equal(origins[0].piece, 7);
    assert_int_equal(origins[0].source_begin, 100);
    assert_int_equal(origins[0].source_end, 110);
    assert_int_equal(origins[0].scan_begin, 0);
    assert_int_equal(origins[0].scan_end, 6);
    assert_int_equal(origins[1].piece, 8);
    assert_int_equal(origins[1].source_begin, 200);
    assert_int_equal(origins[1].source_end, 205);

    /* the second byte of the atom only: the atom is covered whole, on both sides */
    assert_int_equal(scan_text_origins(&text, 3, 5, origins, 4), 1);
    assert_int_equal(origins[0].source_begin, 102);
    assert_int_equal(origins[0].source_end, 109);
    assert_int_equal(origins[0].scan_begin, 2);
    assert_int_equal(origins[0].scan_end, 5);

    assert_int_equal(scan_text_origins(&text, 6, 10, origins, 4), 0); /* glue */
    assert_int_equal(scan_text_origins(&text, 5, 12, origins, 1), 2); /* more than the capacity */
    assert_int_equal(origins[0].source_begin, 109);
    assert_int_equal(scan_text_origins(&text, 3, 3, origins, 4), 0);
}

/* Every byte range of a text of many random segments maps to what a byte-by-byte map says. */
static void test_origins_agree_with_a_map_of_every_byte(void **state) {
    (void)state;
    enum { SEGMENTS = 60 };
    const unsigned seed = 20240601;
    print_message("seed %u\n", seed);
    srand(seed);
    struct scan_text text;
    scan_text_init(&text, &arena, 0);
    struct {
        uint32_t begin, end, piece;
        bool glue;
    } map[SEGMENTS * 8];
    uint32_t source = 0, piece = 0;
    for (int i = 0; i < SEGMENTS; i++) {
        const uint32_t len = 1 + (uint32_t)rand() % 6, type = (uint32_t)rand() % 3;
        const struct slice bytes = slice_of("abcdefgh", len);
        if (rand() % 4 == 0) piece++, source += 3;
        for (uint32_t k = 0; k < len; k++) {
            map[text.len + k].glue = type == SCAN_GLUE;
            map[text.len + k].piece = piece;
            map[text.len + k].begin = type == SCAN_RUN ? source + k : source;
            map[text.len + k].end = type == SCAN_RUN ? source + k + 1 : source + 9;
        }
        if (type == SCAN_RUN) scan_text_add_run(&text, bytes, source, piece), source += len;
        if (type == SCAN_ATOM) scan_text_add_atom(&text, bytes, source, 9, piece), source += 9;
        if (type == SCAN_GLUE) scan_text_add_glue(&text, bytes);
    }
    assert_true(scan_text_ok(&text));
    for (uint32_t begin = 0; begin < text.len; begin++) {
        for (uint32_t end = begin + 1; end <= text.len; end++) {
            struct scan_origin origins[SEGMENTS];
            const uint32_t count = scan_text_origins(&text, begin, end, origins, SEGMENTS);
            uint32_t at = 0;
            bool any = false;
            for (uint32_t i = begin; i < end; i++) {
                if (map[i].glue) continue;
                if (any && map[i].piece != origins[at].piece) at++;
                any = true;
                assert_true(at < count);
                assert_int_equal(origins[at].piece, map[i].piece);
                assert_true(origins[at].source_begin <= map[i].begin && map[i].end <= origins[at].source_end);
                assert_true(origins[at].scan_begin <= i && i < origins[at].scan_end);
            }
            assert_int_equal(count, any ? at + 1 : 0);
        }
    }
}

static void test_overflow_is_sticky(void **state) {
    (void)state;
    struct arena small;
    arena_init(&small, 4096);
    struct scan_text text;
    scan_text_init(&text, &small, 100);
    assert_true(scan_text_ok(&text));
    for (int i = 0; i < 100; i++) scan_text_add_atom(&text, SLICE("0123456789abcdef0123456789abcdef"), 0, 1, 0);
    assert_false(scan_text_ok(&text));
    const uint32_t len = text.len;
    scan_text_add_glue(&text, SLICE("x"));
    assert_int_equal(text.len, len);
    arena_reset(&small);

    scan_text_init(&text, &arena, SIZE_MAX);
    assert_false(scan_text_ok(&text));
    scan_text_init(&text, &arena, 0);
    scan_text_add_run(&text, SLICE("abc"), UINT32_MAX - 1, 0); /* its end has no offset */
    assert_false(scan_text_ok(&text));
}

static void test_every_allocation_failed_once(void **state) {
    (void)state;
    for (unsigned nth = 1;; nth++) {
        struct arena fresh;
        arena_init(&fresh, 1u << 20);
        failing_alloc_arm(nth);
        struct scan_text text;
        scan_text_init(&text, &fresh, 0);
        for (uint32_t i = 0; i < 500; i++) scan_text_add_run(&text, SLICE("0123456789"), i * 20, i);
        const bool failed = failing_alloc_disarm();
        assert_int_equal(scan_text_ok(&text), !failed);
        arena_reset(&fresh);
        if (!failed) break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_that_continue_are_one_segment),
        cmocka_unit_test(test_atoms_never_merge_and_glue_does),
        cmocka_unit_test(test_origins_of_run_atom_and_glue),
        cmocka_unit_test(test_origins_agree_with_a_map_of_every_byte),
        cmocka_unit_test(test_overflow_is_sticky),
        cmocka_unit_test(test_every_allocation_failed_once),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
