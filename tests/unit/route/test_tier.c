#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "route/tier.h"

static void names_and_parsing_agree(void **state) {
    (void)state;
    for (enum tier tier = TIER_LOW; tier <= TIER_BLOCKED; tier++) {
        enum tier parsed;
        assert_true(tier_parse(slice_str(tier_name(tier)), &parsed));
        assert_int_equal(parsed, tier);
    }
    enum tier lower;
    assert_true(tier_parse(SLICE("high"), &lower));
    assert_int_equal(lower, TIER_HIGH);
}

static void no_other_word_is_a_tier(void **state) {
    (void)state;
    static const char *const words[] = {"", "NONE", "LO", "LOWER", "HIGH ", "4"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        enum tier parsed = TIER_LOW;
        assert_false(tier_parse(slice_str(words[i]), &parsed));
        assert_int_equal(parsed, TIER_NONE);
    }
}

static void what_is_no_tier_has_no_name(void **state) {
    (void)state;
    assert_string_equal(tier_name(TIER_NONE), "NONE");
    assert_string_equal(tier_name((enum tier)99), "NONE");
    assert_false(tier_valid(TIER_NONE));
    assert_false(tier_valid((enum tier)(TIER_BLOCKED + 1)));
}

static void the_worse_of_two_wins(void **state) {
    (void)state;
    assert_int_equal(tier_max(TIER_LOW, TIER_HIGH), TIER_HIGH);
    assert_int_equal(tier_max(TIER_BLOCKED, TIER_NONE), TIER_BLOCKED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_parsing_agree),
        cmocka_unit_test(no_other_word_is_a_tier),
        cmocka_unit_test(what_is_no_tier_has_no_name),
        cmocka_unit_test(the_worse_of_two_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
