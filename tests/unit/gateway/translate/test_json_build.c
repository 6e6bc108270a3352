#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "gateway/translate/json_build.h"
#include "unit/failing_alloc.h"

static void assert_built(struct buffer *out, const char *expected) {
    assert_false(out->failed);
    assert_true(slice_equal(buffer_slice(out), slice_str(expected)));
    buffer_deinit(out);
}

static void test_commas(void **state) {
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    json_build_begin(&out, NULL, '{');
    json_build_begin(&out, "empty", '{');
    json_build_end(&out, '}');
    json_build_begin(&out, "none", '[');
    json_build_end(&out, ']');
    json_build_begin(&out, "list", '[');
    json_build_uint(&out, NULL, 0);
    json_build_null(&out, NULL);
    json_build_bool(&out, NULL, true);
    json_build_word(&out, NULL, "w");
    json_build_begin(&out, NULL, '[');
    json_build_end(&out, ']');
    json_build_end(&out, ']');
    json_build_value(&out, "v", SLICE("[1, 2]"));
    json_build_bool(&out, "b", false);
    json_build_end(&out, '}');
    assert_built(&out, "{\"empty\":{},\"none\":[],\"list\":[0,null,true,\"w\",[]],\"v\":[1, 2],\"b\":false}");
}

/* A text that ends like something that no comma follows. */
static void test_texts_do_not_mislead(void **state) {
    (void)state;
    static const char *const texts[] = {"", " ", "{", "[", ":", ",", "\\\\", "a\\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct buffer out;
        buffer_init(&out, 0);
        json_build_begin(&out, NULL, '[');
        json_build_string(&out, NULL, slice_str(texts[i]));
        json_build_string_begin(&out, NULL);
        buffer_append_str(&out, texts[i]);
        json_build_string_end(&out);
        json_build_uint(&out, NULL, 1);
        json_build_end(&out, ']');
        buffer_append_char(&out, '\0');
        char expected[64];
        assert_true(snprintf(expected, sizeof expected, "[\"%s\",\"%s\",1]", texts[i], texts[i]) > 0);
        assert_string_equal(out.data, expected);
        buffer_deinit(&out);
    }
}

static void test_plain_text_is_escaped(void **state) {
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    json_build_begin(&out, NULL, '{');
    json_build_plain(&out, "p", SLICE("a\"\n\xc3\xa9"));
    json_build_string(&out, "e", SLICE("a\\\"\\n"));
    json_build_end(&out, '}');
    assert_built(&out, "{\"p\":\"a\\\"\\n\xc3\xa9\",\"e\":\"a\\\"\\n\"}");
}

/* Documents that follow each other, as lines and as events. */
static void test_beginnings(void **state) {
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    for (int i = 0; i < 2; i++) {
        json_build_begin(&out, NULL, '{');
        json_build_end(&out, '}');
        buffer_append_str(&out, "\ndata: ");
    }
    json_build_uint(&out, NULL, UINT64_MAX);
    assert_built(&out, "{}\ndata: {}\ndata: 18446744073709551615");
}

static void test_without_memory(void **state) {
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    failing_alloc_arm(1);
    json_build_begin(&out, "a", '{');
    assert_true(failing_alloc_disarm());
    json_build_end(&out, '}');
    assert_true(out.failed);
    buffer_deinit(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commas),
        cmocka_unit_test(test_texts_do_not_mislead),
        cmocka_unit_test(test_plain_text_is_escaped),
        cmocka_unit_test(test_beginnings),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
