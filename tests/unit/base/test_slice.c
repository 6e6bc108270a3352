#include "base/slice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

static void literals_keep_their_nul_bytes(void **state) {
    (void)state;
    assert_int_equal(SLICE("a\0b").len, 3);
    assert_int_equal(SLICE("").len, 0);
    assert_int_equal(slice_str("a\0b").len, 1);
}

static void equality_is_of_all_bytes(void **state) {
    (void)state;
    assert_true(slice_equal(SLICE("abc"), SLICE("abc")));
    assert_false(slice_equal(SLICE("abc"), SLICE("abd")));
    assert_false(slice_equal(SLICE("abc"), SLICE("ab")));
    assert_false(slice_equal(SLICE("a\0b"), SLICE("a\0c")));
    assert_false(slice_equal(SLICE("Abc"), SLICE("abc")));
    assert_true(slice_equal(slice_of(NULL, 0), SLICE("")));
    assert_true(slice_equal(slice_of(NULL, 0), slice_of(NULL, 0)));
}

static void case_is_ignored_for_ascii_letters_only(void **state) {
    (void)state;
    assert_true(slice_equal_nocase(SLICE("Content-LENGTH"), SLICE("content-length")));
    assert_false(slice_equal_nocase(SLICE("Content_Length"), SLICE("content-length")));
    assert_false(slice_equal_nocase(SLICE("\xc3\x84"), SLICE("\xc3\xa4")));
    for (int c = 0; c < 256; c++) {
        const char folded = slice_ascii_lower((char)c);
        const bool letter = c >= 'A' && c <= 'Z';
        assert_int_equal((unsigned char)folded, letter ? c + 32 : c);
    }
}

static void prefixes(void **state) {
    (void)state;
    assert_true(slice_starts_with(SLICE("Bearer x"), SLICE("Bearer ")));
    assert_true(slice_starts_with(SLICE("Bearer"), SLICE("")));
    assert_true(slice_starts_with(SLICE("Bearer"), SLICE("Bearer")));
    assert_false(slice_starts_with(SLICE("Bear"), SLICE("Bearer")));
    assert_true(slice_starts_with(slice_of(NULL, 0), slice_of(NULL, 0)));
}

static void ranges_are_half_open(void **state) {
    (void)state;
    assert_true(slice_equal(slice_range(SLICE("abcdef"), 2, 4), SLICE("cd")));
    assert_int_equal(slice_range(SLICE("abcdef"), 6, 6).len, 0);
    assert_true(slice_equal(slice_range(SLICE("abcdef"), 0, 6), SLICE("abcdef")));
}

static void trimming_takes_spaces_and_tabs_only(void **state) {
    (void)state;
    assert_true(slice_equal(slice_trim(SLICE(" \t a b\t ")), SLICE("a b")));
    assert_int_equal(slice_trim(SLICE(" \t \t")).len, 0);
    assert_int_equal(slice_trim(slice_of(NULL, 0)).len, 0);
    assert_true(slice_equal(slice_trim(SLICE("\v1\r\n")), SLICE("\v1\r\n")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_keep_their_nul_bytes),
        cmocka_unit_test(equality_is_of_all_bytes),
        cmocka_unit_test(case_is_ignored_for_ascii_letters_only),
        cmocka_unit_test(prefixes),
        cmocka_unit_test(ranges_are_half_open),
        cmocka_unit_test(trimming_takes_spaces_and_tabs_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
