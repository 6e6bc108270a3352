#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "route/override.h"

#define NOW_MS 1000u
#define LATER_MS 2000u

static int64_t find_one(struct override override, const char *kind, enum tier tier) {
    return override_find(&override, 1, "bot", kind, tier, NOW_MS);
}

static void an_override_must_be_explicit_unexpired_and_justified(void **state) {
    (void)state;
    static const struct {
        struct override override;
        enum tier tier;
        bool counts;
    } table[] = {
        {{"bot", "email", TIER_LOW, LATER_MS, "why"}, TIER_MEDIUM, true},
        {{"bot", "email", TIER_LOW, NOW_MS + 1, "why"}, TIER_MEDIUM, true},
        {{"bot", "email", TIER_LOW, NOW_MS, "why"}, TIER_MEDIUM, false}, /* over at its moment */
        {{"bot", "email", TIER_LOW, 0, "why"}, TIER_MEDIUM, false},
        {{"bot", "email", TIER_LOW, LATER_MS, ""}, TIER_MEDIUM, false},
        {{"bot", "email", TIER_LOW, LATER_MS, NULL}, TIER_MEDIUM, false},
        {{"other", "email", TIER_LOW, LATER_MS, "why"}, TIER_MEDIUM, false},
        {{"*", "email", TIER_LOW, LATER_MS, "why"}, TIER_MEDIUM, false}, /* no wildcard for agents */
        {{NULL, "email", TIER_LOW, LATER_MS, "why"}, TIER_MEDIUM, false},
        {{"bot", "phone", TIER_LOW, LATER_MS, "why"}, TIER_MEDIUM, false},
        {{"bot", NULL, TIER_LOW, LATER_MS, "why"}, TIER_MEDIUM, false},
        {{"bot", "*", TIER_LOW, LATER_MS, "why"}, TIER_MEDIUM, true},
        {{"bot", "*", TIER_LOW, LATER_MS, "why"}, TIER_HIGH, true},
        {{"bot", "*", TIER_LOW, LATER_MS, "why"}, TIER_BLOCKED, false}, /* BLOCKED must be named */
        {{"bot", "email", TIER_HIGH, LATER_MS, "why"}, TIER_BLOCKED, true},
        {{"bot", "email", TIER_MEDIUM, LATER_MS, "why"}, TIER_MEDIUM, false}, /* lowers nothing */
        {{"bot", "email", TIER_HIGH, LATER_MS, "why"}, TIER_MEDIUM, false},   /* would raise */
        {{"bot", "email", TIER_NONE, LATER_MS, "why"}, TIER_MEDIUM, false},
        {{"bot", "email", (enum tier) - 1, LATER_MS, "why"}, TIER_MEDIUM, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(find_one(table[i].override, "email", table[i].tier), table[i].counts ? 0 : -1);
}

static void the_closest_and_mildest_counts(void **state) {
    (void)state;
    static const struct override all[] = {
        {"bot", "*", TIER_LOW, LATER_MS, "a"},        {"bot", "email", TIER_LOW, LATER_MS, "b"},
        {"bot", "email", TIER_MEDIUM, LATER_MS, "c"}, {"bot", "*", TIER_HIGH, LATER_MS, "d"},
        {"bot", "email", TIER_HIGH, NOW_MS, "over"},
    };
    assert_int_equal(override_find(all, 5, "bot", "email", TIER_HIGH, NOW_MS), 2);
    assert_int_equal(override_find(all, 5, "bot", "email", TIER_MEDIUM, NOW_MS), 1);
    assert_int_equal(override_find(all, 5, "bot", "phone", TIER_HIGH, NOW_MS), 0);
    assert_int_equal(override_find(all, 5, "bot", "phone", TIER_BLOCKED, NOW_MS), -1);
    assert_int_equal(override_find(all, 5, "bot", "email", TIER_HIGH, LATER_MS), -1);
    assert_int_equal(override_find(NULL, 0, "bot", "email", TIER_HIGH, NOW_MS), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_override_must_be_explicit_unexpired_and_justified),
        cmocka_unit_test(the_closest_and_mildest_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
