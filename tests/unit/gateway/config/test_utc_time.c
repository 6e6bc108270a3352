#include "gateway/config/utc_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>
#include <cmocka.h>

static void moments_that_exist(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint64_t seconds;
    } table[] = {
        {"1970-01-01", 0},
        {"1970-01-01T00:00:01Z", 1},
        {"2000-02-29", 951782400},
        {"2024-02-29T23:59:59Z", 1709251199},
        {"2026-12-31", 1798675200},
        {"2100-03-01", 4107542400},
        {"9999-12-31T23:59:59Z", 253402300799},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        uint64_t ms;
        assert_true(utc_time_parse(slice_str(table[i].text), &ms));
        assert_int_equal(ms, table[i].seconds * 1000);
    }
}

/* Every day of more than a century, against the C library's calendar. */
static void every_day_agrees_with_gmtime(void **state) {
    (void)state;
    for (int64_t day = 0; day < 50000; day++) {
        const time_t seconds = day * 86400;
        struct tm at;
        char text[16];
        uint64_t ms;
        assert_non_null(gmtime_r(&seconds, &at));
        assert_int_equal(strftime(text, sizeof text, "%Y-%m-%d", &at), 10);
        assert_true(utc_time_parse(slice_of(text, 10), &ms));
        assert_int_equal(ms, (uint64_t)seconds * 1000);
    }
}

static void anything_else_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "2026",
        "2026-13-01",
        "2026-00-01",
        "2026-01-00",
        "2026-04-31",
        "2025-02-29",
        "2100-02-29",
        "1969-12-31",
        "2026-1-1",
        "2026/01/01",
        "2026-01-01 ",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00:00+01:00",
        "2026-01-01t00:00:00z",
        "2026-01-01 00:00:00Z",
        "+026-01-01",
        "20a6-01-01",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uint64_t ms;
        assert_false(utc_time_parse(slice_str(texts[i]), &ms));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_that_exist),
        cmocka_unit_test(every_day_agrees_with_gmtime),
        cmocka_unit_test(anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
