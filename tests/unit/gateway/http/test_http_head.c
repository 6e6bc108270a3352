#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/http/http_head.h"

static const struct http_head head = {
    .fields = {{SLICE("Content-Type"), SLICE("a")},
               {SLICE("Connection"), SLICE("keep-alive ,\tClose, x-b")},
               {SLICE("connection"), SLICE("")},
               {SLICE("CONNECTION"), SLICE(",te,")}},
    .field_count = 4,
};

static void test_fields_by_name(void **state) {
    (void)state;
    assert_true(slice_equal(*http_head_field(&head, "content-type"), SLICE("a")));
    assert_true(slice_equal(*http_head_field(&head, "connection"), SLICE("keep-alive ,\tClose, x-b")));
    assert_null(http_head_field(&head, "content-typ"));
    assert_null(http_head_field(&head, ""));
    assert_int_equal(http_head_field_count(&head, "connection"), 3);
    assert_int_equal(http_head_field_count(&head, "te"), 0);
}

static void test_lists(void **state) {
    (void)state;
    assert_true(http_head_lists(&head, "connection", "keep-alive"));
    assert_true(http_head_lists(&head, "connection", "close"));
    assert_true(http_head_lists(&head, "connection", "x-b"));
    assert_true(http_head_lists(&head, "connection", "te"));
    assert_false(http_head_lists(&head, "connection", "x"));
    assert_false(http_head_lists(&head, "connection", "keep"));
    assert_false(http_head_lists(&head, "content-type", "close"));
    assert_false(http_head_lists(&head, "none", "close"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fields_by_name), cmocka_unit_test(test_lists)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
