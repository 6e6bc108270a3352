/* The tape: its shape, moving on it, limits and failures. What is accepted at all: test_json_corpus.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "gateway/body/json_walk.h"
#include "unit/failing_alloc.h"
#include "unit/gateway/body/json_cases.h"

#define ARENA_BYTES (64u << 20)

struct fixture {
    struct arena arena;
    struct json_doc doc;
    struct json_error error;
};

static int setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    if (f == NULL) return -1;
    arena_init(&f->arena, ARENA_BYTES);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    arena_reset(&f->arena);
    free(f);
    return 0;
}

static enum outcome walk_with(struct fixture *f, struct slice text, const struct json_limits *limits) {
    arena_reset(&f->arena);
    return json_walk(text, limits, &f->arena, &f->doc, &f->error);
}

static void walk_good(struct fixture *f, const char *text) {
    assert_int_equal(walk_with(f, slice_str(text), NULL), OUTCOME_OK);
}

static void assert_node(const struct json_doc *doc, uint32_t node, enum json_type type, const char *raw, uint32_t next,
                        uint32_t parent) {
    assert_true(json_is(doc, node, type));
    const struct slice found = json_raw(doc, node);
    assert_int_equal(found.len, strlen(raw));
    assert_memory_equal(found.data, raw, found.len);
    assert_int_equal(doc->nodes[node].next, next);
    assert_int_equal(doc->nodes[node].parent, parent);
    assert_int_equal(doc->nodes[node].field, 0);
}

static void test_tape_in_document_order(void **state) {
    struct fixture *f = *state;
    walk_good(f, " {\"a\": [1, {\"b\\n\":\"x\"}, true], \"c\" :null} ");
    const struct json_doc *doc = &f->doc;
    assert_int_equal(doc->count, 10);
    assert_node(doc, 0, JSON_OBJECT, "{\"a\": [1, {\"b\\n\":\"x\"}, true], \"c\" :null}", 10, JSON_NONE);
    assert_node(doc, 1, JSON_KEY, "a", 8, 0);
    assert_node(doc, 2, JSON_ARRAY, "[1, {\"b\\n\":\"x\"}, true]", 8, 0);
    assert_node(doc, 3, JSON_NUMBER, "1", 4, 2);
    assert_node(doc, 4, JSON_OBJECT, "{\"b\\n\":\"x\"}", 7, 2);
    assert_node(doc, 5, JSON_KEY, "b\\n", 7, 4);
    assert_node(doc, 6, JSON_STRING, "x", 7, 4);
    assert_node(doc, 7, JSON_TRUE, "true", 8, 2);
    assert_node(doc, 8, JSON_KEY, "c", 10, 0);
    assert_node(doc, 9, JSON_NULL, "null", 10, 0);
    assert_true(doc->nodes[5].escaped);
    assert_false(doc->nodes[6].escaped);
}

static void test_scalar_roots(void **state) {
    struct fixture *f = *state;
    walk_good(f, "\"\"");
    assert_node(&f->doc, 0, JSON_STRING, "", 1, JSON_NONE);
    walk_good(f, " -1.5e3 ");
    assert_node(&f->doc, 0, JSON_NUMBER, "-1.5e3", 1, JSON_NONE);
    walk_good(f, "false");
    assert_node(&f->doc, 0, JSON_FALSE, "false", 1, JSON_NONE);
}

static void test_children(void **state) {
    struct fixture *f = *state;
    walk_good(f, "{\"a\":[[],{},7],\"b\":{},\"c\":0}");
    const struct json_doc *doc = &f->doc;
    uint32_t key = json_first(doc, 0);
    assert_node(doc, key, JSON_KEY, "a", 6, 0);
    const uint32_t array = json_value_of(doc, key);
    uint32_t element = json_first(doc, array);
    assert_true(json_is(doc, element, JSON_ARRAY));
    assert_int_equal(json_first(doc, element), JSON_NONE);
    element = json_after(doc, array, element);
    assert_true(json_is(doc, element, JSON_OBJECT));
    element = json_after(doc, array, element);
    assert_node(doc, element, JSON_NUMBER, "7", 6, array);
    assert_int_equal(json_first(doc, element), JSON_NONE);
    assert_int_equal(json_after(doc, array, element), JSON_NONE);
    key = json_after(doc, 0, key);
    assert_node(doc, key, JSON_KEY, "b", 8, 0);
    key = json_after(doc, 0, key);
    assert_node(doc, key, JSON_KEY, "c", 10, 0);
    assert_int_equal(json_after(doc, 0, key), JSON_NONE);
    assert_int_equal(json_first(doc, key), JSON_NONE);
    assert_int_equal(json_first(doc, JSON_NONE), JSON_NONE);
    assert_int_equal(json_after(doc, JSON_NONE, 1), JSON_NONE);
    assert_int_equal(json_after(doc, 0, JSON_NONE), JSON_NONE);
}

static void test_member(void **state) {
    struct fixture *f = *state;
    walk_good(f, "{\"model\":\"m\",\"\\u0061b\":{\"c\":1},\"\":2,\"a\\\"\":3}");
    const struct json_doc *doc = &f->doc;
    assert_int_equal(json_member(doc, 0, SLICE("model")), 2);
    const uint32_t inner = json_member(doc, 0, SLICE("ab"));
    assert_true(json_is(doc, inner, JSON_OBJECT));
    assert_true(json_is(doc, json_member(doc, inner, SLICE("c")), JSON_NUMBER));
    assert_int_equal(json_member(doc, 0, SLICE("c")), JSON_NONE);
    assert_true(json_is(doc, json_member(doc, 0, SLICE("")), JSON_NUMBER));
    assert_true(json_is(doc, json_member(doc, 0, SLICE("a\"")), JSON_NUMBER));
    assert_int_equal(json_member(doc, 0, SLICE("\\u0061b")), JSON_NONE);
    assert_int_equal(json_member(doc, 0, SLICE("mode")), JSON_NONE);
    assert_int_equal(json_member(doc, 0, SLICE("Model")), JSON_NONE);
    assert_int_equal(json_member(doc, 2, SLICE("model")), JSON_NONE);
    assert_int_equal(json_member(doc, JSON_NONE, SLICE("model")), JSON_NONE);
}

static void test_uint(void **state) {
    struct fixture *f = *state;
    uint64_t value = 7;
    walk_good(f, "[0,120,9223372036854775807,-1,1.0,1e3,\"5\",-0]");
    assert_true(json_uint(&f->doc, 1, &value));
    assert_int_equal(value, 0);
    assert_true(json_uint(&f->doc, 2, &value));
    assert_int_equal(value, 120);
    assert_true(json_uint(&f->doc, 3, &value));
    assert_true(value == INT64_MAX);
    for (uint32_t node = 4; node <= 8; node++) assert_false(json_uint(&f->doc, node, &value));
    assert_false(json_uint(&f->doc, JSON_NONE, &value));
    assert_true(value == INT64_MAX);
}

static void assert_refused(struct fixture *f, struct slice text, const struct json_limits *limits, enum outcome outcome,
                           uint32_t offset, const char *reason) {
    assert_int_equal(walk_with(f, text, limits), outcome);
    assert_string_equal(f->error.reason, reason);
    assert_int_equal(f->error.offset, offset);
    assert_int_equal(f->doc.count, 0);
    assert_int_equal(json_first(&f->doc, 0), JSON_NONE);
}

static void test_reasons_and_places(void **state) {
    struct fixture *f = *state;
    assert_refused(f, slice_of(NULL, 0), NULL, OUTCOME_INVALID, 0, "text ends too early");
    assert_refused(f, SLICE("[1,]"), NULL, OUTCOME_INVALID, 3, "expected a value");
    assert_refused(f, SLICE("{\"a\" 1}"), NULL, OUTCOME_INVALID, 5, "expected a colon");
    assert_refused(f, SLICE("{\"a\":1,\"b\":2,\"\\u0061\":3}"), NULL, OUTCOME_INVALID, 14, "duplicate key");
    assert_refused(f, SLICE("[\"x\\ud800\"]"), NULL, OUTCOME_INVALID, 3, "lone surrogate escape");
    assert_refused(f, SLICE("[\"\\u0000\"]"), NULL, OUTCOME_INVALID, 2, "escaped NUL");
    assert_refused(f, SLICE("[\"\\u00x0\"]"), NULL, OUTCOME_INVALID, 2, "malformed \\u escape");
    assert_refused(f, SLICE("[\"ab"), NULL, OUTCOME_INVALID, 4, "string without an end");
    assert_refused(f, SLICE("[\"ab\xff\"]"), NULL, OUTCOME_INVALID, 4, "malformed UTF-8");
    assert_refused(f, SLICE("[12,\0]"), NULL, OUTCOME_INVALID, 4, "NUL byte");
    assert_refused(f, SLICE("{} {}"), NULL, OUTCOME_INVALID, 3, "bytes behind the document");
    assert_refused(f, SLICE("\xef\xbb\xbf{}"), NULL, OUTCOME_INVALID, 0, "byte order mark");
    assert_refused(f, SLICE("[9223372036854775808]"), NULL, OUTCOME_INVALID, 1, "integer outside 64 bits");
}

static void test_depth_limit(void **state) {
    struct fixture *f = *state;
    const struct json_limits limits = {.max_depth = 2};
    assert_int_equal(walk_with(f, SLICE("[[1],{\"a\":0}]"), &limits), OUTCOME_OK);
    assert_refused(f, SLICE("[[1],{\"a\":[]}]"), &limits, OUTCOME_OVERFLOW, 10, "nested too deeply");
}

static void test_node_limit(void **state) {
    struct fixture *f = *state;
    const struct json_limits limits = {.max_nodes = 4};
    assert_int_equal(walk_with(f, SLICE("[1,2,3]"), &limits), OUTCOME_OK);
    assert_int_equal(f->doc.count, 4);
    assert_refused(f, SLICE("[1,2,3,4]"), &limits, OUTCOME_OVERFLOW, 7, "too many nodes");
    const struct json_limits one = {.max_nodes = 1};
    assert_int_equal(walk_with(f, SLICE("[]"), &one), OUTCOME_OK);
}

static void test_length_limit(void **state) {
    struct fixture *f = *state;
    /* refused before a byte is read */
    assert_refused(f, slice_of("", (size_t)UINT32_MAX + 1), NULL, OUTCOME_OVERFLOW, 0, "4 GiB or longer");
}

static void test_error_is_optional(void **state) {
    struct fixture *f = *state;
    assert_int_equal(json_walk(SLICE("["), NULL, &f->arena, &f->doc, NULL), OUTCOME_INVALID);
    assert_int_equal(json_walk(SLICE("[]"), NULL, &f->arena, &f->doc, NULL), OUTCOME_OK);
}

static void test_arena_limit(void **state) {
    (void)state;
    struct arena arena;
    struct json_doc doc;
    struct json_error error;
    arena_init(&arena, 100);
    assert_int_equal(json_walk(SLICE("[1,2]"), NULL, &arena, &doc, &error), OUTCOME_NO_MEMORY);
    assert_int_equal(doc.count, 0);
    assert_string_equal(error.reason, "out of memory");
    arena_reset(&arena);
}

/* What every tape must satisfy, whatever the document. */
static void assert_sound(const struct json_doc *doc) {
    for (uint32_t i = 0; i < doc->count; i++) {
        const struct json_node *node = &doc->nodes[i];
        assert_true(node->begin <= node->end && node->end <= doc->text.len);
        assert_true(node->next > i && node->next <= doc->count);
        if (i == 0) {
            assert_int_equal(node->parent, JSON_NONE);
            assert_int_equal(node->next, doc->count);
            continue;
        }
        assert_true(node->parent < i);
        const struct json_node *parent = &doc->nodes[node->parent];
        assert_true(parent->type == JSON_OBJECT || parent->type == JSON_ARRAY);
        assert_true(node->begin > parent->begin && node->end < parent->end && node->next <= parent->next);
        assert_true(node->begin >= doc->nodes[i - 1].begin);
        if (node->type == JSON_KEY) assert_int_equal(node->next, doc->nodes[i + 1].next);
    }
}

static void test_tapes_of_the_corpus(void **state) {
    struct fixture *f = *state;
    for (size_t i = 0; i < JSON_CASE_COUNT; i++)
        if (walk_with(f, json_cases[i].text, NULL) == OUTCOME_OK) assert_sound(&f->doc);
}

static void test_long_tape(void **state) {
    struct fixture *f = *state;
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append_char(&text, '[');
    for (int i = 0; i < 20000; i++) buffer_append_str(&text, i ? ",{\"k\":[\"v\",1]}" : "{\"k\":[\"v\",1]}");
    buffer_append_char(&text, ']');
    assert_int_equal(walk_with(f, buffer_slice(&text), NULL), OUTCOME_OK);
    assert_int_equal(f->doc.count, 1 + 20000 * 5);
    assert_sound(&f->doc);
    uint32_t elements = 0;
    for (uint32_t e = json_first(&f->doc, 0); e != JSON_NONE; e = json_after(&f->doc, 0, e)) elements++;
    assert_int_equal(elements, 20000);
    buffer_deinit(&text);
}

static void test_failing_allocations(void **state) {
    struct fixture *f = *state;
    const struct slice text = SLICE("{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":1,\"8\":1,\"\\u0039\":1}");
    for (unsigned nth = 1;; nth++) {
        failing_alloc_arm(nth);
        const enum outcome outcome = walk_with(f, text, NULL);
        if (!failing_alloc_disarm()) {
            assert_int_equal(outcome, OUTCOME_OK);
            assert_true(nth > 1);
            break;
        }
        assert_int_equal(outcome, OUTCOME_NO_MEMORY);
        assert_int_equal(f->doc.count, 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_tape_in_document_order),
        TEST(test_scalar_roots),
        TEST(test_children),
        TEST(test_member),
        TEST(test_uint),
        TEST(test_reasons_and_places),
        TEST(test_depth_limit),
        TEST(test_node_limit),
        TEST(test_length_limit),
        TEST(test_error_is_optional),
        TEST(test_arena_limit),
        TEST(test_tapes_of_the_corpus),
        TEST(test_long_tape),
        TEST(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
