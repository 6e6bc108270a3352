/* That the second reading is a real one: whatever we claim wrongly of a message, it denies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/http/wire_check.h"

static const char head[] = "POST /v1?a HTTP/1.1\r\nHost: a\r\nContent-Length:  3 \r\n\r\n";

struct claim {
    struct wire_reading reading;
    struct http_field fields[3];
};

static void claim_truth(struct claim *claim) {
    *claim = (struct claim){
        .reading = {.method = SLICE("POST"),
                    .target = SLICE("/v1?a"),
                    .minor_version = 1,
                    .fields = claim->fields,
                    .field_count = 2,
                    .content_length = 3,
                    .has_length = true,
                    .keep_alive = true},
        .fields = {{SLICE("Host"), SLICE("a")}, {SLICE("Content-Length"), SLICE("3")}, {SLICE("X"), SLICE("y")}},
    };
}

static struct wire_check *check_new(bool for_requests) {
    struct wire_check *check = NULL;
    assert_int_equal(wire_check_create(for_requests, &check), OUTCOME_OK);
    return check;
}

static void test_the_truth_is_confirmed(void **state) {
    (void)state;
    struct wire_check *check = check_new(true);
    struct claim claim;
    for (int message = 0; message < 2; message++) {
        claim_truth(&claim);
        assert_true(wire_check_head(check, slice_str(head), &claim.reading));
        const struct slice bytes = SLICE("abc");
        assert_true(wire_check_bytes(check, slice_range(bytes, 0, 1), slice_range(bytes, 0, 1), false));
        assert_true(wire_check_bytes(check, slice_range(bytes, 1, 3), slice_range(bytes, 1, 3), true));
        assert_true(wire_check_finish(check));
    }
    wire_check_destroy(check);
}

static void deny(void (*lie)(struct claim *)) {
    struct wire_check *check = check_new(true);
    struct claim claim;
    claim_truth(&claim);
    lie(&claim);
    assert_false(wire_check_head(check, slice_str(head), &claim.reading));
    assert_false(wire_check_bytes(check, SLICE("abc"), slice_of(NULL, 0), true));
    assert_false(wire_check_finish(check));
    claim_truth(&claim);
    assert_true(wire_check_head(check, slice_str(head), &claim.reading));
    wire_check_destroy(check);
}

static void lie_method(struct claim *claim) {
    claim->reading.method = SLICE("PUT");
}
static void lie_target(struct claim *claim) {
    claim->reading.target = SLICE("/v1");
}
static void lie_version(struct claim *claim) {
    claim->reading.minor_version = 0;
}
static void lie_name(struct claim *claim) {
    claim->fields[0].name = SLICE("host");
}
static void lie_value(struct claim *claim) {
    claim->fields[0].value = SLICE("b");
}
static void lie_too_few(struct claim *claim) {
    claim->reading.field_count = 1;
}
static void lie_too_many(struct claim *claim) {
    claim->reading.field_count = 3;
}
static void lie_length(struct claim *claim) {
    claim->reading.content_length = 4;
}
static void lie_no_length(struct claim *claim) {
    claim->reading.has_length = false;
}
static void lie_chunked(struct claim *claim) {
    claim->reading.chunked = true;
}
static void lie_end(struct claim *claim) {
    claim->reading.ends = true;
}

static void test_lies_about_a_head_are_denied(void **state) {
    (void)state;
    static void (*const lies[])(struct claim *) = {
        lie_method,   lie_target, lie_version,   lie_name,    lie_value, lie_too_few,
        lie_too_many, lie_length, lie_no_length, lie_chunked, lie_end,
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) deny(lies[i]);
}

static void assert_denied_behind_head(struct slice bytes, struct slice body, bool ends) {
    struct wire_check *check = check_new(true);
    struct claim claim;
    claim_truth(&claim);
    assert_true(wire_check_head(check, slice_str(head), &claim.reading));
    assert_false(wire_check_bytes(check, bytes, body, ends));
    assert_false(wire_check_finish(check));
    wire_check_destroy(check);
}

static void test_lies_about_a_body_are_denied(void **state) {
    (void)state;
    const struct slice bytes = SLICE("abc");
    assert_denied_behind_head(bytes, slice_range(bytes, 0, 2), true);
    assert_denied_behind_head(bytes, slice_range(bytes, 1, 3), true);
    assert_denied_behind_head(bytes, slice_of(NULL, 0), true);
    assert_denied_behind_head(bytes, bytes, false);
    const struct slice too_short = slice_range(bytes, 0, 2), too_long = SLICE("abcd");
    assert_denied_behind_head(too_short, too_short, true);
    assert_denied_behind_head(too_long, too_long, true);
}

static void test_keep_alive_is_denied(void **state) {
    (void)state;
    struct wire_check *check = check_new(true);
    const struct http_field fields[] = {{SLICE("Host"), SLICE("a")}, {SLICE("Connection"), SLICE("close")}};
    const struct wire_reading claim = {.method = SLICE("GET"),
                                       .target = SLICE("/"),
                                       .minor_version = 1,
                                       .fields = fields,
                                       .field_count = 2,
                                       .keep_alive = true,
                                       .ends = true};
    assert_false(wire_check_head(check, SLICE("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), &claim));
    wire_check_destroy(check);
}

static void test_a_stream_that_ends_early_is_denied(void **state) {
    (void)state;
    struct wire_check *check = check_new(false);
    assert_false(wire_check_finish(check));
    const struct wire_reading claim = {.status = 200, .minor_version = 1};
    assert_true(wire_check_head(check, SLICE("HTTP/1.1 200 OK\r\n\r\n"), &claim));
    const struct slice bytes = SLICE("abc");
    assert_true(wire_check_bytes(check, bytes, bytes, false));
    assert_true(wire_check_finish(check));
    struct wire_reading wrong = claim;
    wrong.status = 201;
    assert_false(wire_check_head(check, SLICE("HTTP/1.1 200 OK\r\n\r\n"), &wrong));
    wire_check_destroy(check);
    wire_check_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_truth_is_confirmed),
        cmocka_unit_test(test_lies_about_a_head_are_denied),
        cmocka_unit_test(test_lies_about_a_body_are_denied),
        cmocka_unit_test(test_keep_alive_is_denied),
        cmocka_unit_test(test_a_stream_that_ends_early_is_denied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
