/* The arena in both its builds: SLUICE_ARENA_SEPARATE (asan preset) and chunks (tsan preset). */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "unit/failing_alloc.h"

/* Stands in for libc's, so that the tests see what is wiped while it can still be read. */
static struct {
    const unsigned char *watched;
    size_t calls, bytes;
    bool watched_was_wiped;
} wipes;

void explicit_bzero(void *memory, size_t bytes) {
    volatile unsigned char *at = memory;
    for (size_t i = 0; i < bytes; i++) at[i] = 0;
    wipes.calls++;
    wipes.bytes += bytes;
    const unsigned char *begin = memory;
    if (wipes.watched && wipes.watched >= begin && wipes.watched < begin + bytes) wipes.watched_was_wiped = true;
}

static void watch_wipes(const void *watched) {
    memset(&wipes, 0, sizeof wipes);
    wipes.watched = watched;
}

static bool all_bytes_are(const void *memory, unsigned char value, size_t bytes) {
    const unsigned char *at = memory;
    for (size_t i = 0; i < bytes; i++)
        if (at[i] != value) return false;
    return true;
}

static void allocations_are_aligned_and_apart(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 8u << 20);
    enum { COUNT = 400 };
    unsigned char *blocks[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = arena_alloc(&arena, i * 7);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
        memset(blocks[i], (int)(i & 0xff), i * 7);
    }
    for (size_t i = 0; i < COUNT; i++) assert_true(all_bytes_are(blocks[i], (unsigned char)i, i * 7));
    arena_reset(&arena);
}

static void zero_bytes_answer_a_pointer_of_their_own(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    void *first = arena_alloc(&arena, 0), *second = arena_alloc(&arena, 0);
    assert_non_null(first);
    assert_non_null(second);
    assert_ptr_not_equal(first, second);
    assert_non_null(arena_zalloc(&arena, 0, 8));
    assert_non_null(arena_copy(&arena, slice_of(NULL, 0)).data);
    assert_false(arena.overflowed);
    arena_reset(&arena);
}

static void the_limit_is_exact(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 4096);
    assert_non_null(arena_alloc(&arena, 4000));
    assert_non_null(arena_alloc(&arena, 96));
    assert_int_equal(arena.used_bytes, 4096);
    assert_null(arena_alloc(&arena, 1));
    assert_true(arena.overflowed);
    arena_reset(&arena);

    arena_init(&arena, 0);
    assert_null(arena_alloc(&arena, 0));
    arena_reset(&arena);
}

static void overflow_is_sticky_until_the_reset(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    char *kept = arena_string(&arena, SLICE("kept"));
    assert_null(arena_alloc(&arena, 1025));
    assert_null(arena_alloc(&arena, 1));
    assert_null(arena_zalloc(&arena, 1, 1));
    assert_null(arena_grow(&arena, NULL, 0, 1));
    assert_null(arena_grow(&arena, kept, 5, 6));
    assert_null(arena_copy(&arena, SLICE("x")).data);
    assert_null(arena_string(&arena, SLICE("x")));
    assert_string_equal(kept, "kept");
    arena_reset(&arena);
    assert_false(arena.overflowed);
    assert_int_equal(arena.used_bytes, 0);
    assert_non_null(arena_alloc(&arena, 1024));
    arena_reset(&arena);
}

static void sizes_near_the_top_do_not_wrap(void **state) {
    (void)state;
    for (size_t below = 0; below < 64; below++) {
        struct arena arena;
        arena_init(&arena, 1u << 20);
        assert_null(arena_alloc(&arena, SIZE_MAX - below));
        arena_reset(&arena);
    }
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    assert_null(arena_alloc(&arena, SIZE_MAX));
    arena_reset(&arena);
    assert_null(arena_zalloc(&arena, SIZE_MAX / 2, 3));
    assert_true(arena.overflowed);
    arena_reset(&arena);
    assert_null(arena_zalloc(&arena, (size_t)1 << 33, (size_t)1 << 31));
    arena_reset(&arena);
    assert_null(arena_string(&arena, slice_of("", SIZE_MAX)));
    arena_reset(&arena);
    char *small = arena_string(&arena, SLICE("small"));
    assert_null(arena_grow(&arena, small, 6, SIZE_MAX));
    assert_string_equal(small, "small");
    arena_reset(&arena);
}

static void zalloc_zeroes_memory_that_was_used(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 1u << 16);
    for (int round = 0; round < 3; round++) {
        unsigned char *block = arena_zalloc(&arena, 100, 7);
        assert_true(all_bytes_are(block, 0, 700));
        memset(block, 0xee, 700);
        arena_reset(&arena);
    }
}

static void the_newest_grows(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 1u << 20);
    char *text = arena_grow(&arena, NULL, 0, 3);
    const char *const first = text;
    (void)first;
    for (size_t i = 0; i < 3; i++) text[i] = (char)('a' + i);
    for (size_t len = 3; len < 3000; len++) {
        text = arena_grow(&arena, text, len, len + 1);
        assert_non_null(text);
        text[len] = (char)('a' + len % 26);
    }
    for (size_t i = 0; i < 3000; i++) assert_int_equal(text[i], 'a' + i % 26);
    assert_ptr_equal(arena_grow(&arena, text, 3000, 10), text);
    assert_in_range(arena.used_bytes, 3000, 3000 + _Alignof(max_align_t));
#ifndef SLUICE_ARENA_SEPARATE
    assert_ptr_equal(text, first);
#endif
    arena_reset(&arena);
}

static void what_is_not_the_newest_moves_and_is_wiped(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 1u << 20);
    char *old = arena_string(&arena, SLICE("secret"));
    char *newer = arena_string(&arena, SLICE("newer"));
    char *moved = arena_grow(&arena, old, 7, 100);
    assert_ptr_not_equal(moved, old);
    assert_string_equal(moved, "secret");
    assert_true(all_bytes_are(old, 0, 7));
    memset(moved, 'x', 100);
    assert_string_equal(newer, "newer");
    arena_reset(&arena);
}

static void growth_stops_at_the_limit_and_keeps_the_old(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 64);
    char *text = arena_string(&arena, SLICE("0123456789"));
    assert_null(arena_grow(&arena, text, 11, 65));
    assert_true(arena.overflowed);
    assert_string_equal(text, "0123456789");
    arena_reset(&arena);

    /* What grows in place counts once. */
    text = arena_string(&arena, SLICE("0123456789"));
    text = arena_grow(&arena, text, 11, 64);
    assert_non_null(text);
    assert_string_equal(text, "0123456789");
    assert_int_equal(arena.used_bytes, 64);
    arena_reset(&arena);
}

static void the_reset_wipes_what_was_handed_out(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 1u << 20);
    size_t handed_out = 0;
    const unsigned char *middle = NULL;
    for (size_t bytes = 1; bytes < 20000; bytes = bytes * 3 + 1) {
        unsigned char *block = arena_alloc(&arena, bytes);
        memset(block, 'v', bytes);
        handed_out += bytes;
        if (bytes > 100 && middle == NULL) middle = block + bytes / 2;
    }
    watch_wipes(middle);
    arena_reset(&arena);
    assert_true(wipes.watched_was_wiped);
    assert_true(wipes.bytes >= handed_out);
}

static bool scenario(struct arena *arena) {
    char *grown = NULL;
    size_t len = 0;
    for (int i = 0; i < 30 && !arena->overflowed; i++) {
        char *fresh = arena_grow(arena, grown, len, len + 1500);
        if (fresh == NULL) break;
        grown = fresh;
        memset(grown + len, 'g', 1500);
        len += 1500;
        (void)arena_copy(arena, SLICE("between"));
    }
    if (grown) assert_true(all_bytes_are(grown, 'g', len));
    return len == 45000;
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    unsigned nth = 1;
    for (;; nth++) {
        struct arena arena;
        arena_init(&arena, 4u << 20);
        failing_alloc_arm(nth);
        const bool whole = scenario(&arena);
        const bool failed = failing_alloc_disarm();
        assert_int_equal(arena.overflowed, failed);
        arena_reset(&arena);
        if (!failed) {
            assert_true(whole);
            break;
        }
    }
    assert_true(nth > 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_aligned_and_apart),
        cmocka_unit_test(zero_bytes_answer_a_pointer_of_their_own),
        cmocka_unit_test(the_limit_is_exact),
        cmocka_unit_test(overflow_is_sticky_until_the_reset),
        cmocka_unit_test(sizes_near_the_top_do_not_wrap),
        cmocka_unit_test(zalloc_zeroes_memory_that_was_used),
        cmocka_unit_test(the_newest_grows),
        cmocka_unit_test(what_is_not_the_newest_moves_and_is_wiped),
        cmocka_unit_test(growth_stops_at_the_limit_and_keeps_the_old),
        cmocka_unit_test(the_reset_wipes_what_was_handed_out),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
