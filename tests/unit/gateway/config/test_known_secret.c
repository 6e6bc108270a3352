#include "gateway/config/known_secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct detector *detector_of(const char *pack) {
    const struct pack_source source = pack_builtin(pack);
    struct detector *detector = NULL;
    struct detail detail = {""};
    assert_non_null(source.yaml.data);
    if (detector_create(&source, 1, &detector, &detail) != OUTCOME_OK) fail_msg("%s", detail.text);
    return detector;
}

static void the_secrets_pack_blocks_it_unless_thresholds_forbid(void **state) {
    (void)state;
    struct detector *detector = detector_of("secrets");
    struct detail detail = {""};
    const enum outcome outcome = known_secret_blocks(detector, policy_builtin("balanced"), &detail);
    if (outcome != OUTCOME_OK) fail_msg("%s", detail.text);
    struct policy deaf = *policy_builtin("balanced");
    deaf.threshold = 1.01f;
    assert_int_equal(known_secret_blocks(detector, &deaf, &detail), OUTCOME_INVALID);
    detector_destroy(&detector);
}

static void rules_that_let_it_pass_are_refused(void **state) {
    (void)state;
    struct detector *detector = detector_of("finance");
    struct detail detail = {""};
    assert_int_equal(known_secret_blocks(detector, policy_builtin("balanced"), &detail), OUTCOME_INVALID);
    assert_string_equal(detail.text, "with these rules and thresholds a private key would not be blocked; see policy "
                                     "and rules");
    detector_destroy(&detector);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_secrets_pack_blocks_it_unless_thresholds_forbid),
        cmocka_unit_test(rules_that_let_it_pass_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
