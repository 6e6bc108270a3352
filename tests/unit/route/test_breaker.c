#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "route/breaker.h"

/* One line of a timeline: at `ms`, do `what`; a question has its answer. */
enum what { ALLOWED, REFUSED, FAILS, SUCCEEDS };

struct step {
    uint64_t ms;
    enum what what;
};

static void run(struct breaker *breaker, const struct step *steps, size_t count) {
    for (size_t i = 0; i < count; i++) {
        switch (steps[i].what) {
        case ALLOWED: assert_true(breaker_allows(breaker, steps[i].ms)); break;
        case REFUSED: assert_false(breaker_allows(breaker, steps[i].ms)); break;
        case FAILS: breaker_failure(breaker, steps[i].ms); break;
        case SUCCEEDS: breaker_success(breaker); break;
        }
    }
}

#define RUN(breaker, ...)                                  \
    do {                                                   \
        const struct step steps[] = {__VA_ARGS__};         \
        run(breaker, steps, sizeof steps / sizeof *steps); \
    } while (0)

static void five_failures_in_a_row_open_it(void **state) {
    (void)state;
    struct breaker breaker = {0};
    RUN(&breaker, {0, ALLOWED}, {1, FAILS}, {2, FAILS}, {3, FAILS}, {4, FAILS}, {4, ALLOWED}, {5, SUCCEEDS});
    RUN(&breaker, {6, FAILS}, {7, FAILS}, {8, FAILS}, {9, FAILS}, {9, ALLOWED}, {10, FAILS}, {10, REFUSED});
    assert_int_equal(breaker.state, BREAKER_OPEN);
    assert_int_equal(breaker_wait_ms(&breaker, 10), 10000);
    RUN(&breaker, {10009, REFUSED}, {10010, ALLOWED});
}

static void half_open_lets_one_probe_out(void **state) {
    (void)state;
    struct breaker breaker = {0};
    for (int i = 0; i < 5; i++) breaker_failure(&breaker, 0);
    RUN(&breaker, {10000, ALLOWED}, {10000, REFUSED}, {12000, REFUSED});
    assert_int_equal(breaker.state, BREAKER_HALF_OPEN);
    RUN(&breaker, {12001, SUCCEEDS}, {12001, ALLOWED}, {12001, ALLOWED});
    assert_int_equal(breaker.state, BREAKER_CLOSED);
    assert_int_equal(breaker_wait_ms(&breaker, 12001), 0);
}

static void a_failed_probe_doubles_the_wait_up_to_a_minute(void **state) {
    (void)state;
    static const uint64_t waits[] = {10000, 20000, 40000, 60000, 60000, 60000};
    struct breaker breaker = {0};
    uint64_t now = 7;
    for (int i = 0; i < 5; i++) breaker_failure(&breaker, now);
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        assert_int_equal(breaker_wait_ms(&breaker, now), waits[i]);
        RUN(&breaker, {now + waits[i] - 1, REFUSED}, {now + waits[i], ALLOWED});
        now += waits[i] + 3;
        breaker_failure(&breaker, now);
    }
    /* A success forgets the doubling. */
    now += 60000;
    RUN(&breaker, {now, ALLOWED}, {now, SUCCEEDS});
    for (int i = 0; i < 5; i++) breaker_failure(&breaker, now);
    assert_int_equal(breaker_wait_ms(&breaker, now), 10000);
}

static void a_probe_that_never_reports_is_replaced(void **state) {
    (void)state;
    struct breaker breaker = {0};
    for (int i = 0; i < 5; i++) breaker_failure(&breaker, 0);
    RUN(&breaker, {10000, ALLOWED}, {19999, REFUSED}, {20000, ALLOWED}, {20000, REFUSED});
}

static void late_reports_do_not_prolong(void **state) {
    (void)state;
    struct breaker breaker = {0};
    for (int i = 0; i < 5; i++) breaker_failure(&breaker, 0);
    for (int i = 0; i < 20; i++) breaker_failure(&breaker, 9000);
    RUN(&breaker, {10000, ALLOWED});
    struct breaker answered = {0};
    for (int i = 0; i < 5; i++) breaker_failure(&answered, 0);
    RUN(&answered, {1, REFUSED}, {2, SUCCEEDS}, {2, ALLOWED});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_failures_in_a_row_open_it),
        cmocka_unit_test(half_open_lets_one_probe_out),
        cmocka_unit_test(a_failed_probe_doubles_the_wait_up_to_a_minute),
        cmocka_unit_test(a_probe_that_never_reports_is_replaced),
        cmocka_unit_test(late_reports_do_not_prolong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
