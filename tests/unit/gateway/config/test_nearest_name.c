#include "gateway/config/nearest_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

static void distances(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        size_t distance;
    } table[] = {
        {"", "", 0},       {"", "abc", 3},      {"abc", "abc", 0},        {"abc", "ab", 1},        {"abc", "xabc", 1},
        {"abc", "axc", 1}, {"abcd", "acbd", 1}, {"kitten", "sitting", 3}, {"listen", "silent", 4}, {"ca", "abc", 3},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_int_equal(name_distance(slice_str(table[i].a), slice_str(table[i].b)), table[i].distance);
        assert_int_equal(name_distance(slice_str(table[i].b), slice_str(table[i].a)), table[i].distance);
    }
}

static void long_names_are_like_nothing(void **state) {
    (void)state;
    static const char text[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    assert_int_equal(sizeof text - 1, NEAREST_NAME_LONGEST + 1);
    assert_int_equal(name_distance(slice_of(text, 64), slice_of(text, 64)), 0);
    assert_int_equal(name_distance(slice_of(text, 65), slice_of(text, 65)), NEAREST_NAME_LONGEST);
}

static const char *nearest(const char *asked) {
    static const char *const names[] = {"upstreams", "url", "name", "limits", "threads"};
    struct nearest_name search = {.asked = slice_str(asked)};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) nearest_name_offer(&search, names[i]);
    return search.name;
}

static void a_slip_finds_its_name(void **state) {
    (void)state;
    assert_string_equal(nearest("upstream"), "upstreams");
    assert_string_equal(nearest("upstraems"), "upstreams");
    assert_string_equal(nearest("uri"), "url");
    assert_string_equal(nearest("nmae"), "name");
    assert_string_equal(nearest("thread"), "threads");
    assert_null(nearest("zz"));
    assert_null(nearest("completely_different"));
    assert_null(nearest(""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances),
        cmocka_unit_test(long_names_are_like_nothing),
        cmocka_unit_test(a_slip_finds_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
