#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "route/verdict.h"

#define NOW_MS 1000u
#define LATER_MS 2000u

enum { RULE_LOW, RULE_EMAIL, RULE_PHONE, RULE_PAY, RULE_KEY, RULE_BROKEN, RULE_COUNT };

static const struct rule_info rules[RULE_COUNT] = {
    [RULE_LOW] = {"low", "plain", "PLAIN", TIER_LOW, false, 1},
    [RULE_EMAIL] = {"email", "email", "EMAIL", TIER_MEDIUM, true, 1},
    [RULE_PHONE] = {"phone", "phone", "PHONE", TIER_MEDIUM, true, 1},
    [RULE_PAY] = {"pay", "pay", "PAY", TIER_HIGH, true, 1},
    [RULE_KEY] = {"key", "credential", "KEY", TIER_BLOCKED, true, 1},
    [RULE_BROKEN] = {"broken", "broken", "BROKEN", TIER_NONE, true, 1},
};

struct rule_table {
    const struct rule_info *rules;
    uint32_t count;
};

static const struct rule_table all_rules = {rules, RULE_COUNT};

static const struct rule_info *rule_of(const void *owner, uint16_t index) {
    const struct rule_table *table = owner;
    assert_true(index < table->count);
    return &table->rules[index];
}

static const char *const openai_only[] = {"openai", NULL};

static const struct route_upstream upstreams[] = {
    {.name = "router", .class_ = CLASS_METERED, .api = "openai"},
    {.name = "ollama", .class_ = CLASS_LOCAL, .api = "openai"},
    {.name = "claude", .class_ = CLASS_SUBSCRIPTION, .api = "anthropic"},
    {.name = "openai", .class_ = CLASS_SUBSCRIPTION, .api = "openai"},
    {.name = "nobody", .class_ = CLASS_NONE, .api = "openai"},
};

static const struct policy policy = {.name = "t", .threshold = 0.5f};

static struct verdict_input input_of(struct finding *findings, uint32_t count) {
    return (struct verdict_input){
        .policy = &policy,
        .rule = rule_of,
        .rule_owner = &all_rules,
        .rule_count = RULE_COUNT,
        .findings = {findings, count},
        .agent = "bot",
        .now_ms = NOW_MS,
        .upstreams = upstreams,
        .upstream_count = 5,
        .apis = openai_only,
    };
}

static struct verdict decide(const struct verdict_input *input) {
    struct verdict verdict;
    assert_int_equal(verdict_decide(input, &verdict), OUTCOME_OK);
    return verdict;
}

static void assert_candidates(const struct verdict *verdict, uint32_t count, const uint32_t *expected) {
    assert_int_equal(verdict->candidate_count, count);
    for (uint32_t i = 0; i < count; i++) assert_int_equal(verdict->candidates[i], expected[i]);
}

static void the_worst_finding_sets_tier_and_candidates(void **state) {
    (void)state;
    static const struct {
        uint32_t count;
        uint16_t found[3];
        enum tier tier;
        enum verdict_state state;
        bool tokenise;
        uint32_t candidate_count;
        uint32_t candidates[3];
    } table[] = {
        {0, {0}, TIER_LOW, VERDICT_ALLOW, false, 3, {0, 1, 3}},
        {1, {RULE_LOW}, TIER_LOW, VERDICT_ALLOW, false, 3, {0, 1, 3}},
        {2, {RULE_LOW, RULE_EMAIL}, TIER_MEDIUM, VERDICT_ALLOW, true, 2, {1, 3}},
        {2, {RULE_PAY, RULE_EMAIL}, TIER_HIGH, VERDICT_ALLOW, true, 1, {1}},
        {3, {RULE_EMAIL, RULE_KEY, RULE_PAY}, TIER_BLOCKED, VERDICT_BLOCK, false, 0, {0}},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct finding findings[3];
        for (uint32_t f = 0; f < table[i].count; f++) findings[f] = (struct finding){f, f + 1, table[i].found[f], 1};
        const struct verdict_input input = input_of(findings, table[i].count);
        const struct verdict verdict = decide(&input);
        assert_int_equal(verdict.tier, table[i].tier);
        assert_int_equal(verdict.state, table[i].state);
        assert_int_equal(verdict.tokenise, table[i].tokenise);
        assert_candidates(&verdict, table[i].candidate_count, table[i].candidates);
        assert_int_equal(verdict.overrides_used, 0);
    }
}

static void candidates_are_upstreams_of_the_called_format_only(void **state) {
    (void)state;
    struct verdict_input input = input_of(NULL, 0);
    input.apis = (const char *const[]){"anthropic", NULL};
    struct verdict verdict = decide(&input);
    assert_candidates(&verdict, 1, (const uint32_t[]){2});
    /* Allowed, but nobody configured may get it: the exchange answers 503. */
    input.at_least = TIER_HIGH;
    verdict = decide(&input);
    assert_int_equal(verdict.state, VERDICT_ALLOW);
    assert_int_equal(verdict.candidate_count, 0);
    input.upstream_count = 0;
    assert_int_equal(decide(&input).candidate_count, 0);
}

static void the_caller_raises_the_tier(void **state) {
    (void)state;
    struct finding findings[] = {{0, 1, RULE_EMAIL, 1}};
    struct verdict_input input = input_of(findings, 1);
    input.at_least = TIER_LOW;
    assert_int_equal(decide(&input).tier, TIER_MEDIUM);
    input.at_least = TIER_HIGH;
    struct verdict verdict = decide(&input);
    assert_int_equal(verdict.tier, TIER_HIGH);
    assert_int_equal(verdict.reason_count, 0);
    input.at_least = TIER_BLOCKED;
    verdict = decide(&input);
    assert_int_equal(verdict.state, VERDICT_BLOCK);
    assert_int_equal(verdict.candidate_count, 0);
}

static void an_unsure_finding_does_not_count(void **state) {
    (void)state;
    struct finding findings[] = {{0, 1, RULE_KEY, 0.4f}, {2, 3, RULE_EMAIL, 0.5f}};
    const struct verdict_input input = input_of(findings, 2);
    const struct verdict verdict = decide(&input);
    assert_int_equal(verdict.tier, TIER_MEDIUM);
    assert_int_equal(verdict.reason_count, 1);
    assert_int_equal(verdict.reasons[0], RULE_EMAIL);
    assert_int_equal(verdict_finding_tier(&input, &findings[0]), TIER_LOW);
    assert_int_equal(verdict_finding_tier(&input, &findings[1]), TIER_MEDIUM);
}

static void reasons_are_the_distinct_rules_that_set_the_tier(void **state) {
    (void)state;
    struct finding findings[] = {
        {0, 1, RULE_LOW, 1}, {1, 2, RULE_PHONE, 1}, {2, 3, RULE_EMAIL, 1}, {3, 4, RULE_PHONE, 1}, {4, 5, RULE_EMAIL, 1},
    };
    const struct verdict_input input = input_of(findings, 5);
    const struct verdict verdict = decide(&input);
    assert_int_equal(verdict.reason_count, 2);
    assert_int_equal(verdict.reasons[0], RULE_PHONE);
    assert_int_equal(verdict.reasons[1], RULE_EMAIL);
}

static void reasons_beyond_the_limit_are_left_out(void **state) {
    (void)state;
    enum { MANY = VERDICT_REASONS_MAX + 4 };
    struct rule_info many[MANY];
    struct finding findings[MANY];
    for (uint32_t i = 0; i < MANY; i++) {
        many[i] = rules[RULE_EMAIL];
        findings[i] = (struct finding){i, i + 1, (uint16_t)i, 1};
    }
    const struct rule_table table = {many, MANY};
    struct verdict_input input = input_of(findings, MANY);
    input.rule_owner = &table;
    input.rule_count = MANY;
    const struct verdict verdict = decide(&input);
    assert_int_equal(verdict.state, VERDICT_ALLOW);
    assert_int_equal(verdict.reason_count, VERDICT_REASONS_MAX);
    assert_int_equal(verdict.reasons[VERDICT_REASONS_MAX - 1], VERDICT_REASONS_MAX - 1);
}

static void an_override_lowers_what_it_names_and_is_noted(void **state) {
    (void)state;
    static const struct override overrides[] = {
        {"other", "email", TIER_LOW, LATER_MS, "not this agent"},
        {"bot", "email", TIER_LOW, LATER_MS, "public addresses"},
        {"bot", "credential", TIER_HIGH, LATER_MS, "test keys"},
        {"bot", "pay", TIER_LOW, NOW_MS, "over"},
    };
    struct finding findings[] = {
        {0, 1, RULE_EMAIL, 1}, {1, 2, RULE_EMAIL, 1}, {2, 3, RULE_KEY, 1}, {3, 4, RULE_PAY, 1}};
    struct verdict_input input = input_of(findings, 2);
    input.overrides = overrides;
    input.override_count = 4;
    struct verdict verdict = decide(&input);
    assert_int_equal(verdict.tier, TIER_LOW);
    assert_int_equal(verdict.reason_count, 0);
    assert_int_equal(verdict.overrides_used, 1);
    assert_int_equal(verdict.override_ids[0], 1);
    assert_false(verdict.tokenise);

    input.findings.count = 4;
    verdict = decide(&input);
    assert_int_equal(verdict.tier, TIER_HIGH);
    assert_int_equal(verdict.overrides_used, 2);
    assert_int_equal(verdict.override_ids[1], 2);
    assert_int_equal(verdict_finding_tier(&input, &findings[2]), TIER_HIGH);

    input.now_ms = LATER_MS;
    verdict = decide(&input);
    assert_int_equal(verdict.state, VERDICT_BLOCK);
    assert_int_equal(verdict.overrides_used, 0);
}

static void overrides_never_lower_what_the_caller_raised(void **state) {
    (void)state;
    static const struct override overrides[] = {{"bot", "*", TIER_LOW, LATER_MS, "why"}};
    struct verdict_input input = input_of(NULL, 0);
    input.overrides = overrides;
    input.override_count = 1;
    input.at_least = TIER_HIGH;
    assert_int_equal(decide(&input).tier, TIER_HIGH);
}

static void more_overrides_than_can_be_noted_block(void **state) {
    (void)state;
    enum { MANY = VERDICT_OVERRIDES_MAX + 1 };
    char kinds[MANY][2] = {{0}};
    struct rule_info many[MANY];
    struct finding findings[MANY];
    struct override overrides[MANY];
    for (uint32_t i = 0; i < MANY; i++) {
        kinds[i][0] = (char)('a' + i);
        many[i] = (struct rule_info){kinds[i], kinds[i], "X", TIER_MEDIUM, true, 1};
        findings[i] = (struct finding){i, i + 1, (uint16_t)i, 1};
        overrides[i] = (struct override){"bot", kinds[i], TIER_LOW, LATER_MS, "why"};
    }
    const struct rule_table table = {many, MANY};
    struct verdict_input input = input_of(findings, MANY);
    input.rule_owner = &table;
    input.rule_count = MANY;
    input.overrides = overrides;
    input.override_count = MANY;
    struct verdict verdict = {.state = VERDICT_ALLOW};
    assert_int_equal(verdict_decide(&input, &verdict), OUTCOME_OVERFLOW);
    assert_int_equal(verdict.state, VERDICT_UNDECIDED);
    input.findings.count = MANY - 1;
    verdict = decide(&input);
    assert_int_equal(verdict.tier, TIER_LOW);
    assert_int_equal(verdict.overrides_used, VERDICT_OVERRIDES_MAX);
}

static void what_is_not_complete_stays_undecided(void **state) {
    (void)state;
    struct finding beyond = {0, 1, RULE_COUNT, 1}, broken_rule = {0, 1, RULE_BROKEN, 1};
    static struct route_upstream many[ROUTE_UPSTREAMS_MAX + 1];
    struct verdict_input inputs[8];
    static const enum outcome expected[8] = {
        OUTCOME_INVALID, OUTCOME_INVALID, OUTCOME_INVALID, OUTCOME_INVALID,
        OUTCOME_INVALID, OUTCOME_INVALID, OUTCOME_INVALID, OUTCOME_OVERFLOW,
    };
    for (size_t i = 0; i < 8; i++) inputs[i] = input_of(NULL, 0);
    inputs[0].policy = NULL;
    inputs[1].rule = NULL;
    inputs[2].agent = NULL;
    inputs[3].apis = NULL;
    inputs[4].at_least = (enum tier)17;
    inputs[5].findings = (struct finding_list){&beyond, 1};
    inputs[6].findings = (struct finding_list){&broken_rule, 1};
    inputs[7].upstreams = many;
    inputs[7].upstream_count = ROUTE_UPSTREAMS_MAX + 1;
    for (size_t i = 0; i < 8; i++) {
        struct verdict verdict = {.state = VERDICT_ALLOW, .candidate_count = 3};
        assert_int_equal(verdict_decide(&inputs[i], &verdict), expected[i]);
        assert_int_equal(verdict.state, VERDICT_UNDECIDED);
        assert_int_equal(verdict.candidate_count, 0);
    }
    assert_int_equal(verdict_finding_tier(&inputs[5], &beyond), TIER_BLOCKED);
    assert_int_equal(verdict_finding_tier(&inputs[6], &broken_rule), TIER_BLOCKED);
}

static void the_most_upstreams_fit(void **state) {
    (void)state;
    struct route_upstream many[ROUTE_UPSTREAMS_MAX];
    for (size_t i = 0; i < ROUTE_UPSTREAMS_MAX; i++) many[i] = upstreams[1];
    struct verdict_input input = input_of(NULL, 0);
    input.upstreams = many;
    input.upstream_count = ROUTE_UPSTREAMS_MAX;
    assert_int_equal(decide(&input).candidate_count, ROUTE_UPSTREAMS_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worst_finding_sets_tier_and_candidates),
        cmocka_unit_test(candidates_are_upstreams_of_the_called_format_only),
        cmocka_unit_test(the_caller_raises_the_tier),
        cmocka_unit_test(an_unsure_finding_does_not_count),
        cmocka_unit_test(reasons_are_the_distinct_rules_that_set_the_tier),
        cmocka_unit_test(reasons_beyond_the_limit_are_left_out),
        cmocka_unit_test(an_override_lowers_what_it_names_and_is_noted),
        cmocka_unit_test(overrides_never_lower_what_the_caller_raised),
        cmocka_unit_test(more_overrides_than_can_be_noted_block),
        cmocka_unit_test(what_is_not_complete_stays_undecided),
        cmocka_unit_test(the_most_upstreams_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
