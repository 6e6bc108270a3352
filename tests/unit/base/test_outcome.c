#include "base/outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void each_has_a_name_and_a_text_of_its_own(void **state) {
    (void)state;
    for (int a = 0; a < OUTCOME_COUNT; a++) {
        assert_true(strlen(outcome_name((enum outcome)a)) > 0);
        assert_true(strlen(outcome_text((enum outcome)a)) > 0);
        for (int b = 0; b < a; b++) {
            assert_string_not_equal(outcome_name((enum outcome)a), outcome_name((enum outcome)b));
            assert_string_not_equal(outcome_text((enum outcome)a), outcome_text((enum outcome)b));
        }
    }
    assert_int_equal(OUTCOME_OK, 0);
    assert_string_equal(outcome_name(OUTCOME_NO_MEMORY), "NO_MEMORY");
}

static void numbers_that_are_none_have_a_name_too(void **state) {
    (void)state;
    assert_string_equal(outcome_name(OUTCOME_COUNT), "UNKNOWN");
    assert_string_equal(outcome_text(OUTCOME_COUNT), "unknown outcome");
}

static void detail_is_always_terminated(void **state) {
    (void)state;
    struct detail detail;
    memset(&detail, 'x', sizeof detail);
    assert_int_equal(detail_set(&detail, OUTCOME_IO, "%s:%d", "file", 3), OUTCOME_IO);
    assert_string_equal(detail.text, "file:3");
    char text[2 * sizeof detail.text];
    memset(text, 'y', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_int_equal(detail_set(&detail, OUTCOME_DENIED, "%s", text), OUTCOME_DENIED);
    assert_int_equal(strlen(detail.text), sizeof detail.text - 1);
}

static void detail_may_be_unwanted(void **state) {
    (void)state;
    assert_int_equal(detail_set(NULL, OUTCOME_CRYPTO, "%d", 1), OUTCOME_CRYPTO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_a_name_and_a_text_of_its_own),
        cmocka_unit_test(numbers_that_are_none_have_a_name_too),
        cmocka_unit_test(detail_is_always_terminated),
        cmocka_unit_test(detail_may_be_unwanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
