#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "route/policy.h"

static void two_policies_ship(void **state) {
    (void)state;
    static const char *const packs[] = {"secrets", "pii", "network", "finance", "strict"};
    const struct policy *balanced = policy_builtin("balanced");
    const struct policy *strict = policy_builtin("strict");
    assert_non_null(balanced);
    assert_non_null(strict);
    assert_int_equal(balanced->pack_count, 4);
    assert_int_equal(strict->pack_count, 5);
    for (uint32_t i = 0; i < 5; i++) {
        assert_string_equal(strict->packs[i], packs[i]);
        if (i < 4) assert_string_equal(balanced->packs[i], packs[i]);
    }
    assert_null(policy_builtin("Balanced"));
    assert_null(policy_builtin(""));
    assert_string_equal(policy_builtin_name(0), "balanced");
    assert_string_equal(policy_builtin_name(1), "strict");
    assert_null(policy_builtin_name(2));
}

static void what_cannot_be_scanned_stays_local_or_is_refused(void **state) {
    (void)state;
    for (uint32_t i = 0; policy_builtin_name(i); i++) {
        assert_int_equal(policy_builtin(policy_builtin_name(i))->binary, POLICY_LOCAL);
        assert_int_equal(policy_builtin(policy_builtin_name(i))->references, POLICY_BLOCK);
    }
    assert_int_equal(policy_action_tier(POLICY_BLOCK), TIER_BLOCKED);
    assert_int_equal(policy_action_tier(POLICY_LOCAL), TIER_HIGH);
    assert_int_equal(policy_action_tier(POLICY_ALLOW), TIER_LOW);
    assert_int_equal(policy_action_tier((enum policy_action)9), TIER_BLOCKED);
}

static const struct policy_kind kinds[] = {
    {"email", TIER_HIGH, POLICY_THRESHOLD_UNSET},
    {"phone", TIER_NONE, 0.9f},
    {"card", TIER_LOW, 0.0f},
};
static const struct policy policy = {.name = "t", .threshold = 0.5f, .kinds = kinds, .kind_count = 3};

static void kinds_raise_and_thresholds_silence(void **state) {
    (void)state;
    static const struct {
        const char *kind;
        enum tier rule;
        float confidence;
        enum tier tier;
    } table[] = {
        {"person", TIER_MEDIUM, 0.5f, TIER_MEDIUM}, /* at the threshold */
        {"person", TIER_MEDIUM, 0.49f, TIER_LOW},    {"person", TIER_BLOCKED, 0.49f, TIER_LOW},
        {"email", TIER_MEDIUM, 0.6f, TIER_HIGH},     /* raised by its kind */
        {"email", TIER_BLOCKED, 0.6f, TIER_BLOCKED}, /* never lowered by it */
        {"email", TIER_MEDIUM, 0.1f, TIER_LOW},      {"phone", TIER_MEDIUM, 0.6f, TIER_LOW},
        {"phone", TIER_MEDIUM, 0.95f, TIER_MEDIUM},  {"card", TIER_HIGH, 0.01f, TIER_HIGH},
        {"card", TIER_HIGH, NAN, TIER_HIGH}, /* not a number counts as sure */
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct rule_info rule = {.id = "r", .kind = table[i].kind, .tier = table[i].rule};
        assert_int_equal(policy_tier_of(&policy, &rule, table[i].confidence), table[i].tier);
    }
}

static void only_medium_and_high_are_tokenised(void **state) {
    (void)state;
    assert_false(policy_tokenises(TIER_NONE));
    assert_false(policy_tokenises(TIER_LOW));
    assert_true(policy_tokenises(TIER_MEDIUM));
    assert_true(policy_tokenises(TIER_HIGH));
    assert_false(policy_tokenises(TIER_BLOCKED));
}

static void action_names_and_parsing_agree(void **state) {
    (void)state;
    for (enum policy_action action = POLICY_BLOCK; action <= POLICY_ALLOW; action++) {
        enum policy_action parsed;
        assert_true(policy_action_parse(slice_str(policy_action_name(action)), &parsed));
        assert_int_equal(parsed, action);
    }
    enum policy_action parsed = POLICY_ALLOW;
    assert_false(policy_action_parse(SLICE("Allow"), &parsed));
    assert_int_equal(parsed, POLICY_BLOCK);
    assert_string_equal(policy_action_name((enum policy_action)7), "block");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_policies_ship),
        cmocka_unit_test(what_cannot_be_scanned_stays_local_or_is_refused),
        cmocka_unit_test(kinds_raise_and_thresholds_silence),
        cmocka_unit_test(only_medium_and_high_are_tokenised),
        cmocka_unit_test(action_names_and_parsing_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
