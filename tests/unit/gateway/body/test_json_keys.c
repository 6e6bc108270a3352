#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "gateway/body/json_walk.h"

#define ARENA_BYTES (256u << 20)
#define HOSTILE_KEYS 100000u

static enum outcome walk(struct slice text, struct json_error *error) {
    struct arena arena;
    struct json_doc doc;
    arena_init(&arena, ARENA_BYTES);
    const enum outcome outcome = json_walk(text, NULL, &arena, &doc, error);
    arena_reset(&arena);
    return outcome;
}

/* An object of `count` keys k0, k1 ...; `format` writes a key, and `twin` is added as the last one. */
static void object_write(struct buffer *out, uint32_t count, bool escaped, const char *twin) {
    buffer_init(out, 0);
    buffer_append_char(out, '{');
    for (uint32_t i = 0; i < count; i++) buffer_append_format(out, escaped ? "\"\\u006b%u\":0," : "\"k%u\":0,", i);
    buffer_append_format(out, "\"%s\":0}", twin);
    assert_false(out->failed);
}

/* Around the count from which on a table is used. */
static void test_all_sizes(void **state) {
    (void)state;
    struct json_error error;
    for (uint32_t count = 1; count < 40; count++)
        for (uint32_t twin = 0; twin < count; twin++) {
            char name[16];
            snprintf(name, sizeof name, twin % 2 ? "\\u006b%u" : "k%u", twin);
            struct buffer text;
            object_write(&text, count, twin % 3 == 0, name);
            assert_int_equal(walk(buffer_slice(&text), &error), OUTCOME_INVALID);
            assert_string_equal(error.reason, "duplicate key");
            assert_memory_equal(text.data + error.offset, name, strlen(name));
            assert_int_equal(error.offset + strlen(name) + 4, text.len);
            buffer_deinit(&text);
            object_write(&text, count, twin % 3 == 0, "kx");
            assert_int_equal(walk(buffer_slice(&text), &error), OUTCOME_OK);
            buffer_deinit(&text);
        }
}

static void test_large_objects_do_not_mix(void **state) {
    (void)state;
    struct buffer text;
    struct json_error error;
    buffer_init(&text, 0);
    buffer_append_char(&text, '[');
    for (int object = 0; object < 50; object++) {
        struct buffer one;
        object_write(&one, 30, object % 2, "last");
        if (object) buffer_append_char(&text, ',');
        buffer_append(&text, buffer_slice(&one));
        buffer_deinit(&one);
    }
    buffer_append_char(&text, ']');
    assert_int_equal(walk(buffer_slice(&text), &error), OUTCOME_OK);
    buffer_deinit(&text);
}

/* Quadratic comparing would take minutes here. */
static void hostile(bool escaped) {
    struct buffer text;
    struct json_error error;
    const uint64_t begin_ns = clock_monotonic_ns();
    object_write(&text, HOSTILE_KEYS, escaped, "other");
    assert_int_equal(walk(buffer_slice(&text), &error), OUTCOME_OK);
    buffer_deinit(&text);
    object_write(&text, HOSTILE_KEYS, escaped, "k0");
    assert_int_equal(walk(buffer_slice(&text), &error), OUTCOME_INVALID);
    buffer_deinit(&text);
    assert_true(clock_monotonic_ns() - begin_ns < UINT64_C(20000000000));
}

static void test_hostile_object(void **state) {
    (void)state;
    hostile(false);
}

static void test_hostile_escaped_object(void **state) {
    (void)state;
    hostile(true);
}

/* Long keys that differ in the last byte only. */
static void test_long_alike_keys(void **state) {
    (void)state;
    struct buffer text;
    struct json_error error;
    buffer_init(&text, 0);
    for (int i = 0; i < 1000; i++) buffer_append_format(&text, "%s\"%0500d%d\":0", i ? "," : "{", 0, i);
    buffer_append_char(&text, '}');
    assert_int_equal(walk(buffer_slice(&text), &error), OUTCOME_OK);
    buffer_deinit(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_sizes),       cmocka_unit_test(test_large_objects_do_not_mix),
        cmocka_unit_test(test_hostile_object),  cmocka_unit_test(test_hostile_escaped_object),
        cmocka_unit_test(test_long_alike_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
