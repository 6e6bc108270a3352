#include "base/yaml_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "unit/failing_alloc.h"

/* What must be overwritten; never followed. */
static char not_a_tree;
#define NOT_NULL ((struct yaml_tree *)(void *)&not_a_tree)

static struct yaml_tree *load(const char *text) {
    struct yaml_tree *tree = NULL;
    struct detail detail = {""};
    const enum outcome outcome = yaml_tree_load(slice_str(text), "t.yaml", &tree, &detail);
    if (outcome != OUTCOME_OK) fail_msg("%s: %s", outcome_name(outcome), detail.text);
    assert_non_null(tree);
    return tree;
}

static void assert_text(const struct yaml_node *node, const char *text) {
    assert_non_null(node);
    assert_int_equal(node->type, YAML_SCALAR);
    assert_string_equal(node->text.data, text);
    assert_int_equal(node->text.len, strlen(text));
}

static void keeps_shape_order_and_place(void **state) {
    (void)state;
    struct yaml_tree *tree = load("# a comment\n"
                                  "listen: 127.0.0.1:8787\n"
                                  "upstreams:\n"
                                  "  - {name: a, url: \"http://x/v1\"}\n"
                                  "  - name: b\n"
                                  "empty:\n");
    assert_string_equal(yaml_tree_name(tree), "t.yaml");
    const struct yaml_node *root = yaml_tree_root(tree);
    assert_int_equal(root->type, YAML_MAP);
    assert_null(root->key);
    assert_text(yaml_member(root, "listen"), "127.0.0.1:8787");
    assert_int_equal(yaml_member(root, "listen")->line, 2);
    assert_int_equal(yaml_member(root, "listen")->column, 9);
    assert_int_equal(yaml_member(root, "listen")->key->column, 1);

    const struct yaml_node *list = yaml_member(root, "upstreams");
    assert_int_equal(list->type, YAML_LIST);
    const struct yaml_node *first = list->first, *second = first->next;
    assert_null(first->key);
    assert_null(second->next);
    assert_int_equal(first->line, 4);
    assert_int_equal(first->column, 5);
    assert_text(yaml_member(first, "url"), "http://x/v1");
    assert_true(yaml_member(first, "url")->quoted);
    assert_false(yaml_member(first, "name")->quoted);
    assert_text(yaml_member(second, "name"), "b");
    assert_text(yaml_member(root, "empty"), "");

    assert_null(yaml_member(root, "missing"));
    assert_null(yaml_member(root, "liste"));
    assert_null(yaml_member(list, "name"));
    assert_null(yaml_member(yaml_member(root, "listen"), "x"));
    assert_null(yaml_member(NULL, "x"));
    yaml_tree_destroy(&tree);
    assert_null(tree);
    yaml_tree_destroy(&tree);
}

static void json_is_yaml(void **state) {
    (void)state;
    struct yaml_tree *tree = load("{\"a\": [1, \"1\", {\"b\": true}], \"c\\u00e9\": \"\\u00e9\"}");
    const struct yaml_node *one = yaml_member(yaml_tree_root(tree), "a")->first;
    int64_t number = 0;
    assert_true(yaml_int(one, &number));
    assert_int_equal(number, 1);
    assert_false(yaml_int(one->next, &number));
    bool flag = false;
    assert_true(yaml_bool(yaml_member(one->next->next, "b"), &flag));
    assert_true(flag);
    assert_text(yaml_member(yaml_tree_root(tree), "c\xc3\xa9"), "\xc3\xa9");
    yaml_tree_destroy(&tree);
}

static void a_text_without_a_document_is_an_empty_map(void **state) {
    (void)state;
    const char *const texts[] = {"", "\n\n", "# nothing but a comment\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct yaml_tree *tree = load(texts[i]);
        assert_int_equal(yaml_tree_root(tree)->type, YAML_MAP);
        assert_null(yaml_tree_root(tree)->first);
        yaml_tree_destroy(&tree);
    }
    struct yaml_tree *tree = NULL;
    assert_int_equal(yaml_tree_load(slice_of(NULL, 0), "t.yaml", &tree, NULL), OUTCOME_OK);
    yaml_tree_destroy(&tree);
}

static void block_texts_and_quotes_are_never_numbers(void **state) {
    (void)state;
    struct yaml_tree *tree = load("a: '1'\nb: \"true\"\nc: |\n  12\nd: >-\n  12\n");
    int64_t number = 0;
    bool flag = false;
    for (const struct yaml_node *node = yaml_tree_root(tree)->first; node; node = node->next) {
        assert_true(node->quoted);
        assert_false(yaml_int(node, &number));
        assert_false(yaml_bool(node, &flag));
    }
    assert_text(yaml_member(yaml_tree_root(tree), "c"), "12\n");
    yaml_tree_destroy(&tree);
}

struct refusal_case {
    const char *text;
    const char *begins; /* of the detail: the place, and of what is ours also the words */
};

static void what_is_refused_is_refused_with_its_place(void **state) {
    (void)state;
    static const struct refusal_case cases[] = {
        {"a: 1\nb: 2\na: 3\n", "t.yaml:3:1: the key `a` stands twice"},
        {"x:\n  a: 1\n  \"\\u0061\": 3\n", "t.yaml:3:3: the key `a` stands twice"},
        {"{a: 1, b: {c: 1, c: 2}}", "t.yaml:1:18: the key `c` stands twice"},
        {"a: &x 1\nb: *x\n", "t.yaml:2:4: aliases (*name) are not accepted"},
        {"a: &x {k: 1}\nb:\n  <<: *x\n", "t.yaml:3:7: aliases (*name) are not accepted"},
        {"? *x\n: 1\n", "t.yaml:1:3: a key must be a plain word"},
        {"a: 1\n? [b, c]\n: 2\n", "t.yaml:2:3: a key must be a plain word"},
        {"? {b: c}\n: 2\n", "t.yaml:1:3: a key must be a plain word"},
        {"a: !!int 5\n", "t.yaml:1:4: tags (!name) are not accepted"},
        {"a: !mine {b: 5}\n", "t.yaml:1:4: tags (!name) are not accepted"},
        {"a:\n  - ! [5]\n", "t.yaml:2:5: tags (!name) are not accepted"},
        {"!k a: 5\n", "t.yaml:1:1: tags (!name) are not accepted"},
        {"a: 1\n---\nb: 2\n", "t.yaml:2:1: only one document is accepted"},
        {"a: \"x\\0y\"\n", "t.yaml:1:4: a text must not hold a NUL"},
        {"\"a\\0\": 1\n", "t.yaml:1:1: a text must not hold a NUL"},
        {"a: [1, 2\nb: 3\n", "t.yaml:2:"},
        {"a: 1\n\tb: 2\n", "t.yaml:2:1: "},
        {"a: 1\n b: 2\n", "t.yaml:2:3: "},
        {"a: \"open\n", "t.yaml:"},
        {"a: 1\nbb: \xff\n", "t.yaml:2:5: "},
        {"a: 1\n\nb: \x01\n", "t.yaml:3:4: "},
        {"a: \xc3", "t.yaml:1:4: "},
        {"a: \xed\xa0\x80\n", "t.yaml:1:4: "},
        {"a: @x\n", "t.yaml:1:4: "},
        {"%YAML 9.9\n---\na: 1\n", "t.yaml:1:"},
        {"}", "t.yaml:1:1: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct yaml_tree *tree = NOT_NULL;
        struct detail detail = {""};
        const enum outcome outcome = yaml_tree_load(slice_str(cases[i].text), "t.yaml", &tree, &detail);
        if (outcome != OUTCOME_INVALID || strncmp(detail.text, cases[i].begins, strlen(cases[i].begins)) != 0)
            fail_msg("case %zu: %s, \"%s\", expected \"%s\"", i, outcome_name(outcome), detail.text, cases[i].begins);
        assert_null(tree);
        assert_int_equal(yaml_tree_load(slice_str(cases[i].text), "t.yaml", &tree, NULL), OUTCOME_INVALID);
    }
}

/* `depth` lists within one another. */
static enum outcome load_nested(size_t depth, struct detail *detail) {
    char text[2001];
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    struct yaml_tree *tree = NULL;
    const enum outcome outcome = yaml_tree_load(slice_of(text, 2 * depth), "t.yaml", &tree, detail);
    yaml_tree_destroy(&tree);
    return outcome;
}

static void depth_is_bounded(void **state) {
    (void)state;
    struct detail detail = {""};
    assert_int_equal(load_nested(32, &detail), OUTCOME_OK);
    assert_int_equal(load_nested(33, &detail), OUTCOME_OK);
    assert_int_equal(load_nested(34, &detail), OUTCOME_INVALID);
    assert_string_equal(detail.text, "t.yaml:1:34: nested deeper than 32 levels");
    assert_int_equal(load_nested(1000, &detail), OUTCOME_INVALID);
}

static const struct yaml_node *value_of(struct yaml_tree **tree, const char *text) {
    char line[100];
    snprintf(line, sizeof line, "v: %s\n", text);
    *tree = load(line);
    return yaml_member(yaml_tree_root(*tree), "v");
}

static void assert_int(const char *text, bool valid, int64_t value) {
    struct yaml_tree *tree = NULL;
    int64_t got = 0;
    const bool held = yaml_int(value_of(&tree, text), &got);
    if (held != valid || (valid && got != value)) fail_msg("%s: %d, %lld", text, held, (long long)got);
    yaml_tree_destroy(&tree);
}

static void integers_are_decimal_and_fit(void **state) {
    (void)state;
    assert_int("0", true, 0);
    assert_int("-17", true, -17);
    assert_int("007", true, 7);
    assert_int("9223372036854775807", true, INT64_MAX);
    assert_int("-9223372036854775808", true, INT64_MIN);
    static const char *const bad[] = {"9223372036854775808",
                                      "-9223372036854775809",
                                      "0x10",
                                      "1.0",
                                      "1e3",
                                      "1k",
                                      "1 2",
                                      "--1",
                                      "+",
                                      "",
                                      "[1]",
                                      "{a: 1}",
                                      "'1'",
                                      "true",
                                      "~"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_int(bad[i], false, 0);
}

static void assert_double(const char *text, bool valid, double value) {
    struct yaml_tree *tree = NULL;
    double got = 0;
    const bool held = yaml_double(value_of(&tree, text), &got);
    if (held != valid || (valid && got != value)) fail_msg("%s: %d, %g", text, held, got);
    yaml_tree_destroy(&tree);
}

static void numbers_are_decimal_and_finite(void **state) {
    (void)state;
    assert_double("0.25", true, 0.25);
    assert_double("-3", true, -3);
    assert_double("1e3", true, 1000);
    assert_double(".5", true, 0.5);
    static const char *const bad[] = {"nan",    "NaN",   ".nan", "inf", ".inf", "-inf",  "infinity", "1e999", "-1e999",
                                      "1e-999", "0x1p3", "1.0f", "1,5", "",     "[1.0]", "'1.0'",    "."};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_double(bad[i], false, 0);
}

static void booleans_are_six_words(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int value; /* -1: none */
    } cases[] = {{"true", 1}, {"Yes", 1}, {"ON", 1}, {"false", 0}, {"no", 0},  {"Off", 0},
                 {"1", -1},   {"y", -1},  {"", -1},  {"tru", -1},  {"[]", -1}, {"'true'", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct yaml_tree *tree = NULL;
        bool value = false;
        const bool held = yaml_bool(value_of(&tree, cases[i].text), &value);
        if (held != (cases[i].value >= 0) || (held && value != cases[i].value)) fail_msg("%s", cases[i].text);
        yaml_tree_destroy(&tree);
    }
}

/* Every prefix of a good file is read or refused; none crashes or leaks. */
static void every_prefix_ends_well(void **state) {
    (void)state;
    static const char text[] = "a: {b: [1, \"x\\u00e9\", 'y'], c: |-\n    line\n  }\nd:\n  - e: \xc3\xa9\n  - ~\n";
    for (size_t len = 0; len < sizeof text; len++) {
        char *copy = malloc(len ? len : 1);
        assert_non_null(copy);
        memcpy(copy, text, len);
        struct yaml_tree *tree = NULL;
        struct detail detail = {""};
        const enum outcome outcome = yaml_tree_load(slice_of(copy, len), "t.yaml", &tree, &detail);
        assert_true(outcome == OUTCOME_OK || outcome == OUTCOME_INVALID);
        assert_int_equal(outcome == OUTCOME_OK, tree != NULL);
        assert_int_equal(outcome == OUTCOME_OK, detail.text[0] == '\0');
        yaml_tree_destroy(&tree);
        free(copy);
    }
}

static void files_are_read_whole_or_not(void **state) {
    (void)state;
    char path[] = "/tmp/sluice-test-yaml-XXXXXX";
    const int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, "a: 1\na: 2\n", 10), 10);
    struct yaml_tree *tree = NOT_NULL;
    struct detail detail = {""};
    assert_int_equal(yaml_tree_load_file(path, &tree, &detail), OUTCOME_INVALID);
    assert_null(tree);
    assert_memory_equal(detail.text, path, strlen(path));
    assert_string_equal(detail.text + strlen(path), ":2:1: the key `a` stands twice");

    assert_int_equal(ftruncate(file, 5), 0);
    assert_int_equal(yaml_tree_load_file(path, &tree, &detail), OUTCOME_OK);
    assert_text(yaml_member(yaml_tree_root(tree), "a"), "1");
    yaml_tree_destroy(&tree);

    assert_int_equal(ftruncate(file, 0), 0);
    assert_int_equal(yaml_tree_load_file(path, &tree, &detail), OUTCOME_OK);
    yaml_tree_destroy(&tree);

    assert_int_equal(ftruncate(file, (16 << 20) + 1), 0);
    assert_int_equal(yaml_tree_load_file(path, &tree, &detail), OUTCOME_OVERFLOW);
    assert_null(tree);
    close(file);
    unlink(path);
    assert_int_equal(yaml_tree_load_file(path, &tree, &detail), OUTCOME_NOT_FOUND);
    assert_int_equal(yaml_tree_load_file("/tmp", &tree, &detail), OUTCOME_IO);
    assert_int_equal(yaml_tree_load_file("/tmp", &tree, NULL), OUTCOME_IO);
    assert_null(tree);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    /* Large enough for several arena chunks. */
    static char text[60000];
    size_t len = 0;
    for (int i = 0; len < sizeof text - 100; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "key%d: {a: [x, y], b: \"z\"}\n", i);
    unsigned nth = 1;
    for (;; nth++) {
        struct yaml_tree *tree = NULL;
        struct detail detail = {""};
        failing_alloc_arm(nth);
        const enum outcome outcome = yaml_tree_load(slice_of(text, len), "t.yaml", &tree, &detail);
        const bool failed = failing_alloc_disarm();
        assert_int_equal(outcome == OUTCOME_OK, !failed);
        assert_int_equal(tree != NULL, !failed);
        if (failed) assert_memory_equal(detail.text, "t.yaml: ", 8);
        yaml_tree_destroy(&tree);
        if (!failed) break;
        if (nth > 50) nth += nth / 4; /* the separate arena has thousands */
    }
    assert_true(nth > 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_shape_order_and_place),
        cmocka_unit_test(json_is_yaml),
        cmocka_unit_test(a_text_without_a_document_is_an_empty_map),
        cmocka_unit_test(block_texts_and_quotes_are_never_numbers),
        cmocka_unit_test(what_is_refused_is_refused_with_its_place),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(integers_are_decimal_and_fit),
        cmocka_unit_test(numbers_are_decimal_and_finite),
        cmocka_unit_test(booleans_are_six_words),
        cmocka_unit_test(every_prefix_ends_well),
        cmocka_unit_test(files_are_read_whole_or_not),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
