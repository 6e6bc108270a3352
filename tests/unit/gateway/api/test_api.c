#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/api/api.h"
#include "unit/failing_alloc.h"

static void names_its_families(void **state) {
    (void)state;
    static const struct api_family *const families[] = {&api_family_openai, &api_family_anthropic, &api_family_ollama,
                                                        &api_family_gemini};
    const char *const *names = api_names();
    for (size_t i = 0; i < 4; i++) assert_string_equal(names[i], families[i]->name);
    assert_null(names[4]);
    assert_ptr_equal(api_default(), &api_openai_chat);
}

static void makes_all_maps_or_none(void **state) {
    (void)state;
    unsigned nth = 1;
    for (;; nth++) {
        failing_alloc_arm(nth);
        const enum outcome outcome = api_maps_create();
        if (!failing_alloc_disarm()) {
            assert_int_equal(outcome, OUTCOME_OK);
            break;
        }
        assert_int_equal(outcome, OUTCOME_NO_MEMORY);
        assert_null(api_maps_of(&api_openai_chat)->request);
        assert_null(api_maps_of(&api_openai_chat)->answer);
        assert_null(api_maps_of(&api_openai_chat)->event);
    }
    assert_int_equal(nth, 3 * 7 + 1); /* three maps a format */
    assert_non_null(api_maps_of(&api_openai_chat)->request);
    assert_non_null(api_maps_of(&api_openai_chat)->answer);
    assert_non_null(api_maps_of(&api_openai_chat)->event);
    api_maps_destroy();
    api_maps_destroy();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_its_families),
        cmocka_unit_test(makes_all_maps_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
