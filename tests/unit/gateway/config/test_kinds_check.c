#include "gateway/config/kinds_check.h"

#include "tests/unit/gateway/config/loaded.h"

/* Two kinds, one of them with rules of two tiers. */
static const char pack[] =
    "kinds: [{name: email, label: EMAIL}, {name: card, label: CARD}]\n"
    "rules:\n"
    "  - {id: a, kind: email, tier: MEDIUM, pattern: 'a1', confidence: 1, examples: ['a1', 'a1 '], "
    "counterexamples: ['x', 'y']}\n"
    "  - {id: b, kind: email, tier: HIGH, pattern: 'b1', confidence: 1, examples: ['b1', 'b1 '], "
    "counterexamples: ['x', 'y']}\n"
    "  - {id: c, kind: card, tier: HIGH, pattern: 'c1', confidence: 1, examples: ['c1', 'c1 '], "
    "counterexamples: ['x', 'y']}\n";

static int set_up(void **state) {
    const struct pack_source source = {"pack", slice_str(pack)};
    struct detector *detector = NULL;
    struct detail detail = {""};
    if (detector_create(&source, 1, &detector, &detail) != OUTCOME_OK) {
        print_error("%s\n", detail.text);
        return -1;
    }
    *state = detector;
    return 0;
}

static int tear_down(void **state) {
    struct detector *detector = *state;
    detector_destroy(&detector);
    return 0;
}

static void known_kinds_may_rise(void **state) {
    static const char *const texts[] = {
        LEAST,
        LEAST "policy: {kinds: {email: {tier: MEDIUM}, card: {tier: BLOCKED}}}\n",
        LEAST "policy: {kinds: {email: {threshold: 0.1}}}\n",
        LEAST "overrides:\n"
              "  - {agent: default, kind: email, to: LOW, until: 2030-01-01, reason: x}\n"
              "  - {agent: default, kind: \"*\", to: LOW, until: 2030-01-01, reason: x}\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct settings *settings = loaded(texts[i]);
        struct detail detail = {""};
        if (kinds_check(settings, *state, &detail) != OUTCOME_OK) fail_msg("%s", detail.text);
        settings_destroy(&settings);
    }
}

static void unknown_and_lowered_kinds_are_refused(void **state) {
    static const struct {
        const char *text, *message;
    } table[] = {
        {LEAST "policy: {kinds: {emial: {tier: HIGH}}}\n",
         "t: policy.kinds: no rule finds the kind emial; did you mean email"},
        {LEAST "policy: {kinds: {quite_another: {tier: HIGH}}}\n",
         "t: policy.kinds: no rule finds the kind quite_another"},
        {LEAST "policy: {kinds: {\"*\": {tier: HIGH}}}\n", "t: policy.kinds: no rule finds the kind *"},
        {LEAST "policy: {kinds: {email: {tier: LOW}}}\n",
         "t: policy.kinds: email is MEDIUM by its rules, and a policy only raises; overrides lower"},
        {LEAST "policy: {kinds: {card: {tier: MEDIUM}}}\n",
         "t: policy.kinds: card is HIGH by its rules, and a policy only raises; overrides lower"},
        {LEAST "overrides: [{agent: default, kind: cart, to: LOW, until: 2030-01-01, reason: x}]\n",
         "t: overrides[].kind: no rule finds the kind cart; did you mean card"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct settings *settings = loaded(table[i].text);
        struct detail detail = {""};
        assert_int_equal(kinds_check(settings, *state, &detail), OUTCOME_INVALID);
        assert_string_equal(detail.text, table[i].message);
        settings_destroy(&settings);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_kinds_may_rise),
        cmocka_unit_test(unknown_and_lowered_kinds_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
