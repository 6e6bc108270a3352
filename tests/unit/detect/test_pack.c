/* The form of packs, by their errors: each names pack, line, column, rule and what is wrong. */
#include "detect/rule_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/failing_alloc.h"

#define KINDS "kinds: [{name: k, label: KIND}]\n"
#define GOOD_TAIL "examples: [ab, 'x ab'], counterexamples: [c, d]"
#define RULE(body) KINDS "rules:\n  - {" body "}\n"
#define GOOD_RULE "id: r1, kind: k, tier: LOW, pattern: ab, confidence: 0.5, " GOOD_TAIL

static enum outcome load(struct rule_set *set, const char *first, const char *second, struct detail *detail) {
    const struct pack_source packs[] = {{"one", slice_str(first)}, {"two", slice_str(second ? second : "")}};
    return rule_set_load(set, packs, second ? 2 : 1, detail);
}

static void expect_refused(const char *yaml, const char *place, const char *what) {
    struct rule_set set;
    struct detail detail = {{0}};
    assert_int_equal(load(&set, yaml, NULL, &detail), OUTCOME_INVALID);
    assert_null(set.rules);
    if (strstr(detail.text, place) == NULL || strstr(detail.text, what) == NULL)
        fail_msg("expected %s ... %s, got: %s", place, what, detail.text);
}

static void test_a_whole_rule(void **state) {
    (void)state;
    struct rule_set set;
    struct detail detail = {{0}};
    assert_int_equal(load(&set,
                          KINDS "rules:\n"
                                "  - id: r1\n"
                                "    kind: k\n"
                                "    tier: HIGH\n"
                                "    pattern: 'a\\d'\n"
                                "    flags: [caseless]\n"
                                "    validator: [alone, not_placeholder]\n"
                                "    extent: token\n"
                                "    replace: false\n"
                                "    confidence: 0.75\n"
                                "    examples: [a1, {text: 'see a1', value: a1}]\n"
                                "    counterexamples: [b, c]\n",
                          NULL, &detail),
                     OUTCOME_OK);
    assert_int_equal(set.rule_count, 1);
    const struct rule *rule = &set.rules[0];
    assert_string_equal(rule->info.id, "r1");
    assert_string_equal(rule->info.kind, "k");
    assert_string_equal(rule->info.label, "KIND");
    assert_int_equal(rule->info.tier, TIER_HIGH);
    assert_false(rule->info.replace);
    assert_true(rule->info.confidence == 0.75F);
    assert_string_equal(rule->pattern, "a\\d");
    assert_true(rule->caseless);
    assert_non_null(rule->extent);
    assert_int_equal(rule->validator_count, 2);
    assert_int_equal(rule->line, 3);
    rule_set_deinit(&set);
}

static void test_defaults(void **state) {
    (void)state;
    struct rule_set set;
    struct detail detail = {{0}};
    assert_int_equal(load(&set, RULE(GOOD_RULE), NULL, &detail), OUTCOME_OK);
    assert_true(set.rules[0].info.replace);
    assert_false(set.rules[0].caseless);
    assert_null(set.rules[0].extent);
    assert_int_equal(set.rules[0].validator_count, 0);
    rule_set_deinit(&set);
}

static void test_members_that_are_wrong(void **state) {
    (void)state;
    expect_refused(RULE(GOOD_RULE ", colour: red"), "one:3:", "rule `r1`: unknown key `colour`");
    expect_refused("kinds: []\nrule: []\n", "one:2:1", "unknown key `rule`");
    expect_refused("kinds: {}\n", "one:1:8", "must be a list");
    expect_refused("- a\n", "one:1:1", "a pack is a map");
    expect_refused(RULE("id: R1, kind: k"), "one:3:", "an id is a-z");
    expect_refused(RULE("id: r1, kind: K!"), "one:3:", "a kind is a-z");
    expect_refused(RULE("id: r1, tier: low"), "one:3:", "a tier is LOW");
    expect_refused(RULE("id: r1, pattern: ''"), "one:3:", "a pattern is a text");
    expect_refused(RULE("id: r1, flags: caseless"), "one:3:", "flags are a list");
    expect_refused(RULE("id: r1, flags: [dotall]"), "one:3:", "the only flag");
    expect_refused(RULE("id: r1, validator: nope"), "one:3:", "no such validator");
    expect_refused(RULE("id: r1, validator: [alone, alone, alone, alone, alone]"), "one:3:", "at most 4 validators");
    expect_refused(RULE("id: r1, extent: nope"), "one:3:", "no such extent");
    expect_refused(RULE("id: r1, replace: maybe"), "one:3:", "true or false");
    expect_refused(RULE("id: r1, confidence: 0"), "one:3:", "a confidence is");
    expect_refused(RULE("id: r1, confidence: 1.5"), "one:3:", "a confidence is");
    expect_refused(RULE("id: r1, confidence: high"), "one:3:", "a confidence is");
    expect_refused(RULE("id: r1, examples: [ab]"), "one:3:", "at least 2 examples");
    expect_refused(RULE("id: r1, examples: ab"), "one:3:", "examples are a list");
    expect_refused(RULE("id: r1, examples: [ab, {text: ab}]"), "one:3:", "an example is a text, or");
    expect_refused(RULE("id: r1, examples: [ab, {text: ab, value: a, x: y}]"), "one:3:", "an example is a text, or");
    expect_refused(RULE("id: r1, counterexamples: [ab, {text: a, value: a}]"), "one:3:", "an example is a text");
    expect_refused(RULE("id: r1, kind: k"), "one:3:", "`tier` is missing");
    expect_refused(KINDS "rules: [x]\n", "one:2:", "a rule is a map");
    expect_refused(KINDS, "", "no rules");
}

static void test_kinds_that_are_wrong(void **state) {
    (void)state;
    expect_refused("kinds: [{name: k, label: kind}]\n", "one:1:", "label is 1 to 12 letters");
    expect_refused("kinds: [{name: k, label: ABCDEFGHIJKLM}]\n", "one:1:", "label is 1 to 12 letters");
    expect_refused("kinds: [{name: k, label: A1}]\n", "one:1:", "label is 1 to 12 letters");
    expect_refused("kinds: [{label: A}]\n", "one:1:", "name is a-z");
    expect_refused("kinds: [{name: k, label: A, tier: LOW}]\n", "one:1:", "unknown key `tier`");
    expect_refused("kinds: [k]\n", "one:1:", "a kind is a map");
    expect_refused("rules:\n  - {" GOOD_RULE "}\n", "one:2:5", "rule `r1`: no pack declares the kind `k`");
}

static void test_packs_together(void **state) {
    (void)state;
    struct rule_set set;
    struct detail detail = {{0}};
    /* a kind that a later pack declares, and the same kind twice */
    assert_int_equal(load(&set, "rules:\n  - {" GOOD_RULE "}\n", KINDS, &detail), OUTCOME_OK);
    rule_set_deinit(&set);
    assert_int_equal(load(&set, RULE(GOOD_RULE), KINDS, &detail), OUTCOME_OK);
    rule_set_deinit(&set);
    assert_int_equal(load(&set, RULE(GOOD_RULE), RULE(GOOD_RULE), &detail), OUTCOME_INVALID);
    assert_non_null(strstr(detail.text, "two:3:5: rule `r1`: one:3 has this id too"));
    assert_int_equal(load(&set, RULE(GOOD_RULE), "kinds: [{name: k, label: OTHER}]\n", &detail), OUTCOME_INVALID);
    assert_non_null(strstr(detail.text, "two:1:9: kind `k` has the label `KIND` elsewhere"));
    assert_int_equal(load(&set, RULE(GOOD_RULE), "rules: [", &detail), OUTCOME_INVALID);
}

static void test_every_allocation_failed_once(void **state) {
    (void)state;
    for (unsigned nth = 1;; nth++) {
        struct rule_set set;
        struct detail detail = {{0}};
        failing_alloc_arm(nth);
        const enum outcome outcome = load(&set, RULE(GOOD_RULE), KINDS, &detail);
        const bool failed = failing_alloc_disarm();
        assert_int_equal(outcome != OUTCOME_OK, failed);
        if (!failed) {
            rule_set_deinit(&set);
            break;
        }
        assert_null(set.trees);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_rule),           cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_members_that_are_wrong), cmocka_unit_test(test_kinds_that_are_wrong),
        cmocka_unit_test(test_packs_together),         cmocka_unit_test(test_every_allocation_failed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
