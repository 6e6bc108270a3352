#include "detect/detector.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/yaml_tree.h"
#include "detect/pass.h"
#include "unit/failing_alloc.h"

#define ARENA_BYTES (64u << 20)

static const char *const BALANCED[] = {"secrets", "pii", "network", "finance", "strict"};
enum { BALANCED_COUNT = 4, STRICT_COUNT = 5 };

static struct detector *balanced, *strict;

static struct detector *builtin_detector(uint32_t count) {
    struct pack_source packs[STRICT_COUNT];
    for (uint32_t i = 0; i < count; i++) packs[i] = pack_builtin(BALANCED[i]);
    struct detector *detector = NULL;
    struct detail detail = {{0}};
    if (detector_create(packs, count, &detector, &detail) != OUTCOME_OK) print_error("%s\n", detail.text);
    assert_non_null(detector);
    return detector;
}

static int setup(void **state) {
    (void)state;
    balanced = builtin_detector(BALANCED_COUNT);
    strict = builtin_detector(STRICT_COUNT);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    detector_destroy(&balanced);
    detector_destroy(&strict);
    return 0;
}

static enum outcome scan(const struct detector *detector, struct slice bytes, struct arena *arena,
                         struct finding_list *findings) {
    struct scan_text text;
    scan_text_init(&text, arena, bytes.len);
    scan_text_add_run(&text, bytes, 0, 0);
    return detector_scan(detector, &text, arena, findings);
}

static void expect_found(const struct detector *detector, const char *text, const char *id, const char *value) {
    struct arena arena;
    struct finding_list findings;
    arena_init(&arena, ARENA_BYTES);
    assert_int_equal(scan(detector, slice_str(text), &arena, &findings), OUTCOME_OK);
    bool found = false;
    for (uint32_t i = 0; i < findings.count; i++) {
        const struct finding *finding = &findings.items[i];
        const struct slice got = slice_range(slice_str(text), finding->begin, finding->end);
        found = found ||
                (strcmp(detector_rule(detector, finding->rule)->id, id) == 0 && slice_equal(got, slice_str(value)));
    }
    if (!found) fail_msg("%s does not find its value in: %s", id, text);
    arena_reset(&arena);
}

static uint32_t count_found(const struct detector *detector, struct slice text, enum tier tier) {
    struct arena arena;
    struct finding_list findings;
    arena_init(&arena, ARENA_BYTES);
    assert_int_equal(scan(detector, text, &arena, &findings), OUTCOME_OK);
    uint32_t count = 0;
    for (uint32_t i = 0; i < findings.count; i++)
        count += detector_rule(detector, findings.items[i].rule)->tier == tier;
    arena_reset(&arena);
    return count;
}

static void test_builtin_packs(void **state) {
    (void)state;
    assert_null(pack_builtin("nope").yaml.data);
    assert_null(pack_builtin("nope").name);
    assert_string_equal(pack_builtin("pii").name, "pii");
    assert_true(detector_rule_count(balanced) >= 70);
    assert_true(detector_rule_count(strict) > detector_rule_count(balanced));
    for (uint32_t i = 0; i < detector_rule_count(strict); i++) {
        const struct rule_info *rule = detector_rule(strict, (uint16_t)i);
        assert_non_null(rule->label);
        assert_true(rule->tier >= TIER_LOW && rule->tier <= TIER_BLOCKED);
    }
}

static void test_strict_routes_words_and_replaces_none(void **state) {
    (void)state;
    assert_int_equal(count_found(strict, SLICE("Reset my password"), TIER_BLOCKED), 1);
    assert_int_equal(count_found(balanced, SLICE("Reset my password"), TIER_BLOCKED), 0);
    assert_int_equal(count_found(strict, SLICE("client_name and PROJECT_X"), TIER_MEDIUM), 2);
    for (uint32_t i = 0; i < detector_rule_count(strict); i++)
        if (strcmp(detector_rule(strict, (uint16_t)i)->kind, "sensitive_word") == 0)
            assert_false(detector_rule(strict, (uint16_t)i)->replace);
}

static void test_findings_are_sorted_and_exact(void **state) {
    (void)state;
    static const char text[] =
        "eva@example.org from 10.20.30.40 pays 4111 1111 1111 1111; postgres://a:lantern9@db-1.corp/x";
    struct arena arena;
    struct finding_list findings;
    arena_init(&arena, ARENA_BYTES);
    assert_int_equal(scan(balanced, slice_str(text), &arena, &findings), OUTCOME_OK);
    static const struct {
        const char *rule, *value;
    } expected[] = {{"email_address", "eva@example.org"},
                    {"ipv4_address", "10.20.30.40"},
                    {"payment_card", "4111 1111 1111 1111"},
                    {"url_password", "lantern9"},
                    {"internal_host", "db-1.corp"}};
    assert_int_equal(findings.count, sizeof expected / sizeof *expected);
    for (uint32_t i = 0; i < findings.count; i++) {
        const struct finding *finding = &findings.items[i];
        assert_string_equal(detector_rule(balanced, finding->rule)->id, expected[i].rule);
        assert_true(
            slice_equal(slice_range(slice_str(text), finding->begin, finding->end), slice_str(expected[i].value)));
        assert_true(i == 0 || findings.items[i - 1].begin <= finding->begin);
        assert_true(finding->confidence == detector_rule(balanced, finding->rule)->confidence);
    }
    arena_reset(&arena);
}

/* A key and its value, as a JSON body is laid into the scan text, map back to the value's source. */
static void test_a_member_laid_with_glue(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct scan_text text;
    scan_text_init(&text, &arena, 0);
    scan_text_add_run(&text, SLICE("db_password"), 2, 1);
    scan_text_add_glue(&text, SLICE("\": \""));
    scan_text_add_run(&text, SLICE("Tr0ub"), 17, 2);
    scan_text_add_atom(&text, SLICE("\""), 22, 2, 2);
    scan_text_add_glue(&text, SLICE(SCAN_SEPARATOR));
    struct finding_list findings;
    struct scan_origin origin;
    assert_int_equal(detector_scan(balanced, &text, &arena, &findings), OUTCOME_OK);
    assert_int_equal(findings.count, 1);
    assert_int_equal(scan_text_origins(&text, findings.items[0].begin, findings.items[0].end, &origin, 1), 1);
    assert_int_equal(origin.piece, 2);
    assert_int_equal(origin.source_begin, 17);
    assert_int_equal(origin.source_end, 22);
    arena_reset(&arena);
}

/* Puts a separator at every place of `text`: no finding may then span it. */
static void separate_everywhere(struct slice text) {
    for (size_t cut = 1; cut < text.len; cut++) {
        struct arena arena;
        arena_init(&arena, ARENA_BYTES);
        struct scan_text laid;
        scan_text_init(&laid, &arena, 0);
        scan_text_add_run(&laid, slice_range(text, 0, cut), 0, 1);
        scan_text_add_glue(&laid, SLICE(SCAN_SEPARATOR));
        scan_text_add_run(&laid, slice_range(text, cut, text.len), (uint32_t)cut, 2);
        struct finding_list findings;
        assert_int_equal(detector_scan(balanced, &laid, &arena, &findings), OUTCOME_OK);
        for (uint32_t i = 0; i < findings.count; i++) {
            const bool spans = findings.items[i].begin <= cut && findings.items[i].end > cut;
            if (spans) fail_msg("%s spans a separator", detector_rule(balanced, findings.items[i].rule)->id);
        }
        arena_reset(&arena);
    }
}

static void test_no_rule_spans_a_separator(void **state) {
    (void)state;
    for (uint32_t p = 0; p < BALANCED_COUNT; p++) {
        const struct pack_source pack = pack_builtin(BALANCED[p]);
        struct yaml_tree *tree = NULL;
        struct detail detail;
        assert_int_equal(yaml_tree_load(pack.yaml, pack.name, &tree, &detail), OUTCOME_OK);
        const struct yaml_node *rule = yaml_member(yaml_tree_root(tree), "rules")->first;
        for (; rule != NULL; rule = rule->next) {
            const struct yaml_node *example = yaml_member(rule, "examples")->first;
            const struct yaml_node *text = yaml_member(example, "text");
            separate_everywhere((text ? text : example)->text);
        }
        yaml_tree_destroy(&tree);
    }
}

static void test_bytes_of_any_kind_break_nothing(void **state) {
    (void)state;
    char text[] =
        "x\xff\xfe\0eva@example.org\0\x80 4111111111111111\xf0\x9f \0ghp_3kTz9QmX2vLs8RpW4nYc7BdF6hJg5AeU0iO1\0";
    assert_true(count_found(balanced, slice_of(text, sizeof text), TIER_MEDIUM) >= 1);
    assert_int_equal(count_found(balanced, slice_of(text, sizeof text), TIER_HIGH), 1);
    assert_int_equal(count_found(balanced, slice_of(text, sizeof text), TIER_BLOCKED), 1);
    assert_int_equal(count_found(balanced, slice_of(NULL, 0), TIER_BLOCKED), 0);
}

/* Text made of pieces that rules begin with, and of random bytes. */
static void test_a_megabyte_of_noise(void **state) {
    (void)state;
    static const char *const pieces[] = {"password=", "\"",    "eyJ",   "-----BEGIN PRIVATE KEY-----",
                                         "4111 ",     "://a:", "@",     ".",
                                         "+49 ",      "\\\\",  "$12M ", "revenue ",
                                         ":00",       "AKIA",  "\n",    " "};
    const unsigned seed = 4711;
    print_message("seed %u\n", seed);
    srand(seed);
    const size_t len = 1u << 20;
    char *bytes = malloc(len);
    assert_non_null(bytes);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < len; i++) bytes[i] = (char)rand();
        for (size_t i = 0; round == 1 && i + 32 < len; i += (size_t)rand() % 24) {
            const char *piece = pieces[(size_t)rand() % (sizeof pieces / sizeof *pieces)];
            for (size_t k = 0; piece[k]; k++) bytes[i + k] = piece[k];
        }
        struct arena arena;
        arena_init(&arena, ARENA_BYTES);
        struct finding_list findings;
        const enum outcome outcome = scan(balanced, slice_of(bytes, len), &arena, &findings);
        assert_true(outcome == OUTCOME_OK || outcome == OUTCOME_OVERFLOW);
        for (uint32_t i = 0; i < findings.count; i++) assert_true(findings.items[i].end <= len);
        arena_reset(&arena);
    }
    free(bytes);
}

static void test_too_many_findings_and_full_arenas_are_overflow(void **state) {
    (void)state;
    const size_t each = 16, count = PASS_FINDINGS_MOST + 1;
    char *bytes = malloc(each * count);
    assert_non_null(bytes);
    for (size_t i = 0; i < count; i++) memcpy(bytes + i * each, " b@example.org\n\n", each);
    struct arena arena;
    struct finding_list findings;
    arena_init(&arena, ARENA_BYTES);
    assert_int_equal(scan(balanced, slice_of(bytes, each * (count - 1)), &arena, &findings), OUTCOME_OK);
    assert_int_equal(findings.count, PASS_FINDINGS_MOST);
    arena_reset(&arena);
    assert_int_equal(scan(balanced, slice_of(bytes, each * count), &arena, &findings), OUTCOME_OVERFLOW);
    assert_int_equal(findings.count, 0);
    arena_reset(&arena);
    free(bytes);

    arena_init(&arena, 1024);
    assert_int_equal(scan(balanced, SLICE("b@example.org"), &arena, &findings), OUTCOME_OVERFLOW);
    arena_reset(&arena);
    struct scan_text broken_text = {.failed = true};
    assert_int_equal(detector_scan(balanced, &broken_text, &arena, &findings), OUTCOME_OVERFLOW);
}

static void *scan_often(void *context) {
    bool *good = context;
    *good = true;
    for (int i = 0; i < 200; i++) {
        char text[96];
        const int len = snprintf(text, sizeof text, "%d: user%d@example.org, password = \"hunter%d!\"", i, i, i);
        struct arena arena;
        struct finding_list findings;
        arena_init(&arena, ARENA_BYTES);
        const struct detector *detector = i % 2 ? balanced : strict;
        *good = *good && scan(detector, slice_of(text, (size_t)len), &arena, &findings) == OUTCOME_OK &&
                findings.count == (i % 2 ? 2 : 3);
        arena_reset(&arena);
    }
    return NULL;
}

static void test_eight_threads(void **state) {
    (void)state;
    pthread_t threads[8];
    bool good[8];
    for (int i = 0; i < 8; i++) assert_int_equal(pthread_create(&threads[i], NULL, scan_often, &good[i]), 0);
    for (int i = 0; i < 8; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < 8; i++) assert_true(good[i]);
}

static const char SMALL[] = "kinds: [{name: k, label: KIND}]\n"
                            "rules:\n"
                            "  - {id: r1, kind: k, tier: LOW, pattern: 'a\\d{1,4}', confidence: 0.5,\n"
                            "     examples: [{text: 'x a12', value: a12}, a1], counterexamples: [b, c]}\n"
                            "  - {id: r2, kind: k, tier: LOW, pattern: zz, confidence: 0.5,\n"
                            "     examples: [zz, azz], counterexamples: [z, Zz]}\n";

static enum outcome create_small(const char *yaml, struct detector **detector, struct detail *detail) {
    const struct pack_source pack = {"small", slice_str(yaml)};
    return detector_create(&pack, 1, detector, detail);
}

/* More detectors than a thread keeps scratches for, used in turn; and one made where another was freed. */
static void test_many_detectors_on_one_thread(void **state) {
    (void)state;
    struct detector *detectors[9];
    struct detail detail;
    for (int i = 0; i < 9; i++) assert_int_equal(create_small(SMALL, &detectors[i], &detail), OUTCOME_OK);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 9; i++) expect_found(detectors[i], "see a123", "r1", "a123");
    for (int i = 0; i < 9; i++) detector_destroy(&detectors[i]);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(create_small(SMALL, &detectors[0], &detail), OUTCOME_OK);
        expect_found(detectors[0], "see a123", "r1", "a123");
        detector_destroy(&detectors[0]);
        assert_null(detectors[0]);
    }
    detector_destroy(&detectors[0]);
}

static void expect_self_test_fails(const char *examples, const char *what) {
    char yaml[512];
    (void)snprintf(yaml, sizeof yaml,
                   "kinds: [{name: k, label: KIND}]\nrules:\n  - id: r1\n    kind: k\n    tier: LOW\n"
                   "    pattern: 'a\\d{1,4}'\n    confidence: 0.5\n%s",
                   examples);
    struct detector *detector = NULL;
    struct detail detail = {{0}};
    assert_int_equal(create_small(yaml, &detector, &detail), OUTCOME_INVALID);
    assert_null(detector);
    if (strstr(detail.text, what) == NULL) fail_msg("expected %s, got: %s", what, detail.text);
}

static void test_examples_run_in_both_directions(void **state) {
    (void)state;
    expect_self_test_fails("    examples: [a1, b1]\n    counterexamples: [b, c]\n",
                           "small:3:5: rule `r1`: the example on line 8 is not found");
    expect_self_test_fails("    examples: [a1, a2]\n    counterexamples:\n      - b\n      - xa3\n",
                           "small:3:5: rule `r1`: the counterexample on line 11 is found");
    expect_self_test_fails("    examples: [a1, {text: a12, value: a1}]\n    counterexamples: [b, c]\n",
                           "the example on line 8 is not found, or not with that value");
}

static void test_every_allocation_failed_once(void **state) {
    (void)state;
    for (unsigned nth = 1;; nth++) {
        struct detector *detector = NULL;
        struct detail detail = {{0}};
        failing_alloc_arm(nth);
        const enum outcome outcome = create_small(SMALL, &detector, &detail);
        const bool failed = failing_alloc_disarm();
        assert_int_equal(outcome != OUTCOME_OK, failed);
        assert_int_equal(detector == NULL, failed);
        if (failed) assert_true(detail.text[0] != 0);
        detector_destroy(&detector);
        if (!failed) break;
    }
}

static void test_every_allocation_of_a_scan_failed_once(void **state) {
    (void)state;
    for (unsigned nth = 1;; nth++) {
        struct detector *detector = NULL;
        struct detail detail;
        assert_int_equal(create_small(SMALL, &detector, &detail), OUTCOME_OK);
        struct arena arena;
        struct finding_list findings;
        arena_init(&arena, ARENA_BYTES);
        failing_alloc_arm(nth);
        const enum outcome outcome = scan(detector, SLICE("a1 zz a22"), &arena, &findings);
        const bool failed = failing_alloc_disarm();
        assert_int_equal(outcome != OUTCOME_OK, failed);
        if (!failed) assert_int_equal(findings.count, 3);
        arena_reset(&arena);
        detector_destroy(&detector);
        if (!failed) break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_builtin_packs),
        cmocka_unit_test(test_strict_routes_words_and_replaces_none),
        cmocka_unit_test(test_findings_are_sorted_and_exact),
        cmocka_unit_test(test_a_member_laid_with_glue),
        cmocka_unit_test(test_no_rule_spans_a_separator),
        cmocka_unit_test(test_bytes_of_any_kind_break_nothing),
        cmocka_unit_test(test_a_megabyte_of_noise),
        cmocka_unit_test(test_too_many_findings_and_full_arenas_are_overflow),
        cmocka_unit_test(test_eight_threads),
        cmocka_unit_test(test_many_detectors_on_one_thread),
        cmocka_unit_test(test_examples_run_in_both_directions),
        cmocka_unit_test(test_every_allocation_failed_once),
        cmocka_unit_test(test_every_allocation_of_a_scan_failed_once),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
