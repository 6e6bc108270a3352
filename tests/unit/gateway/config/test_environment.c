#include "gateway/config/environment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static enum outcome expand(const char *text, struct buffer *out, struct detail *detail) {
    buffer_init(out, 0);
    return environment_expand(slice_str(text), out, detail);
}

static void variables_are_replaced(void **state) {
    (void)state;
    static const struct {
        const char *text, *expanded;
    } table[] = {
        {"", ""},
        {"plain $ text {}", "plain $ text {}"},
        {"${T_SET}", "value"},
        {"a${T_SET}b${T_SET}c", "avaluebvaluec"},
        {"${T_SET:-other}", "value"},
        {"${T_NOT:-other}", "other"},
        {"${T_NOT:-}", ""},
        {"${T_NOT:-a:-b}", "a:-b"},
        {"${T_EMPTY}", ""},
        {"${T_EMPTY:-other}", "other"},
        {"$${T_SET}", "${T_SET}"},
        {"$$${T_SET}", "$${T_SET}"},
        {"${T_NESTED}", "${T_SET}"}, /* what was put in is not searched again */
        {"$T_SET", "$T_SET"},
    };
    setenv("T_SET", "value", 1);
    setenv("T_EMPTY", "", 1);
    setenv("T_NESTED", "${T_SET}", 1);
    unsetenv("T_NOT");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct buffer out;
        assert_int_equal(expand(table[i].text, &out, NULL), OUTCOME_OK);
        assert_true(slice_equal(buffer_slice(&out), slice_str(table[i].expanded)));
        buffer_deinit(&out);
    }
}

static void what_cannot_be_replaced_is_an_error(void **state) {
    (void)state;
    static const char form[] = "expected ${NAME} or ${NAME:-default}; $${ stands for a plain ${";
    static const struct {
        const char *text, *message;
    } table[] = {
        {"a${T_NOT}", "the environment variable T_NOT is not set; set it, or write ${T_NOT:-default}"},
        {"${T_SET", "a ${ without its closing brace"},
        {"${", "a ${ without its closing brace"},
        {"${}", form},
        {"${1A}", form},
        {"${A B}", form},
        {"${A-b}", form},
        {"${T_NOT:-${T_SET}}", form},
    };
    unsetenv("T_NOT");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct buffer out;
        struct detail detail = {""};
        assert_int_equal(expand(table[i].text, &out, &detail), OUTCOME_INVALID);
        assert_string_equal(detail.text, table[i].message);
        buffer_deinit(&out);
    }
}

static void a_name_may_be_long_but_not_endless(void **state) {
    (void)state;
    char name[129], text[256];
    struct buffer out;
    struct detail detail;
    memset(name, 'A', sizeof name);
    snprintf(text, sizeof text, "${%.129s:-x}", name);
    assert_int_equal(expand(text, &out, &detail), OUTCOME_INVALID);
    buffer_deinit(&out);
    snprintf(text, sizeof text, "${%.128s:-x}", name);
    assert_int_equal(expand(text, &out, &detail), OUTCOME_OK);
    assert_true(slice_equal(buffer_slice(&out), SLICE("x")));
    buffer_deinit(&out);
}

static void use_is_seen(void **state) {
    (void)state;
    assert_false(environment_used(SLICE("")));
    assert_false(environment_used(SLICE("$")));
    assert_false(environment_used(SLICE("$ {")));
    assert_true(environment_used(SLICE("${")));
    assert_true(environment_used(SLICE("a$${b")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_are_replaced),
        cmocka_unit_test(what_cannot_be_replaced_is_an_error),
        cmocka_unit_test(a_name_may_be_long_but_not_endless),
        cmocka_unit_test(use_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
