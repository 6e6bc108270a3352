#include "unit/gateway/exchange/inbound_fixture.h"

#include <stdio.h>

#include "base/clock.h"
#include "gateway/exchange/json_path.h"

/* The path of the first finding in a chat body. */
static void assert_path(const char *body, const char *expected) {
    struct trip trip;
    struct json_paths paths;
    uint32_t piece_end = 0;
    trip_begin(&trip, &api_openai_chat, slice_str(body));
    assert_int_equal(trip_to(&trip, INBOUND_SCANNED), OUTCOME_OK);
    assert_true(trip.in.findings.count > 0);
    assert_int_equal(json_paths_init(&paths, &trip.in), OUTCOME_OK);
    assert_string_equal(json_path_of_finding(&paths, &trip.in.findings.items[0], &piece_end), expected);
    assert_true(piece_end > trip.in.findings.items[0].begin);
    trip_end(&trip);
}

static void names_and_indices_lead_there(void **state) {
    (void)state;
    assert_path("{\"a\":\"Qz\"}", "$.a");
    assert_path("{\"a\":1,\"b\":{\"c\":[1,[2,\"Qz\"]]}}", "$.b.c[1][1]");
    assert_path("{\"messages\":[{},{\"content\":[{\"text\":\"x\"},{\"text\":\"Qz\"}]}]}",
                "$.messages[1].content[1].text");
    assert_path("{\"n\":{\"card\":4111111111111111}}", "$.n.card");
}

static void what_stands_in_arguments_has_the_path_of_the_string(void **state) {
    (void)state;
    assert_path("{\"messages\":[{\"tool_calls\":[{\"function\":{\"arguments\":\"{\\\"k\\\":\\\"Qz\\\"}\"}}]}]}",
                "$.messages[0].tool_calls[0].function.arguments");
}

static void a_name_that_may_be_a_value_is_not_shown(void **state) {
    (void)state;
    assert_path("{\"PERSON\":1}", "$.*");                          /* found itself */
    assert_path("{\"a\":{\"who\":\"ABC\"}}", "$.a.*");             /* part of a finding */
    assert_path("{\"xPERSONx\":{\"b\":\"PERSON\"}}", "$.*.b");     /* holds what was found elsewhere */
    assert_path("{\"a1\":{\"b-c\":{\"d e\":\"Qz\"}}}", "$.*.*.*"); /* no field's name */
    assert_path("{\"\":{\"\\u0061\":\"Qz\"}}", "$.*.*");
    assert_path("{\"abcdefghijabcdefghijabcdefghijabcdefghijk\":\"Qz\"}", "$.*");
    assert_path("{\"J\xc3\xbcrgen\":\"Qz\"}", "$.*");
}

static void plain_text_has_no_path(void **state) {
    (void)state;
    struct trip trip;
    struct json_paths paths;
    uint32_t piece_end = 0;
    trip_begin(&trip, NULL, SLICE("Qz"));
    assert_int_equal(trip_to(&trip, INBOUND_SCANNED), OUTCOME_OK);
    assert_int_equal(json_paths_init(&paths, &trip.in), OUTCOME_OK);
    assert_null(json_path_of_finding(&paths, &trip.in.findings.items[0], &piece_end));
    trip_end(&trip);
}

static void a_far_element_has_no_number(void **state) {
    (void)state;
    struct buffer body;
    buffer_init(&body, 0);
    buffer_append_str(&body, "{\"a\":[");
    for (int i = 0; i < 5000; i++) buffer_append_str(&body, "1,");
    buffer_append_str(&body, "\"Qz\"]}");
    buffer_append_char(&body, '\0');
    assert_path(body.data, "$.a[*]");
    buffer_deinit(&body);
}

static void a_path_is_cut_at_its_longest(void **state) {
    (void)state;
    struct buffer body;
    buffer_init(&body, 0);
    for (int i = 0; i < 60; i++) buffer_append_str(&body, "{\"abcdefghijklmnopqrst\":");
    buffer_append_str(&body, "\"Qz\"");
    for (int i = 0; i < 60; i++) buffer_append_char(&body, '}');
    struct trip trip;
    struct json_paths paths;
    uint32_t piece_end = 0;
    trip_begin(&trip, &api_openai_chat, buffer_slice(&body));
    assert_int_equal(trip_to(&trip, INBOUND_SCANNED), OUTCOME_OK);
    assert_int_equal(json_paths_init(&paths, &trip.in), OUTCOME_OK);
    const char *path = json_path_of_finding(&paths, &trip.in.findings.items[0], &piece_end);
    assert_memory_equal(path, "$.abcdefghijklmnopqrst.abc", 26);
    assert_true(strlen(path) < 512);
    trip_end(&trip);
    buffer_deinit(&body);
}

/* Very many findings in very many keys: each path costs little. */
static void many_findings_cost_little_each(void **state) {
    (void)state;
    enum { COUNT = 30000 };
    struct buffer body;
    buffer_init(&body, 0);
    buffer_append_char(&body, '{');
    for (int i = 0; i < COUNT; i++) buffer_append_format(&body, "\"%c%d\":\"Qz\",", 'a' + i % 26, i + 100000);
    buffer_append_str(&body, "\"z\":1}");
    struct trip trip;
    struct json_paths paths;
    trip_begin(&trip, &api_openai_chat, buffer_slice(&body));
    assert_int_equal(trip_to(&trip, INBOUND_SCANNED), OUTCOME_OK);
    assert_true(trip.in.findings.count >= COUNT);
    const uint64_t begin_ns = clock_monotonic_ns();
    assert_int_equal(json_paths_init(&paths, &trip.in), OUTCOME_OK);
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t piece_end = 0;
        assert_string_equal(json_path_of_finding(&paths, &trip.in.findings.items[COUNT - 1 - i], &piece_end), "$.*");
    }
    assert_true(clock_monotonic_ns() - begin_ns < 1000000000u);
    trip_end(&trip);
    buffer_deinit(&body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_indices_lead_there),
        cmocka_unit_test(what_stands_in_arguments_has_the_path_of_the_string),
        cmocka_unit_test(a_name_that_may_be_a_value_is_not_shown),
        cmocka_unit_test(plain_text_has_no_path),
        cmocka_unit_test(a_far_element_has_no_number),
        cmocka_unit_test(a_path_is_cut_at_its_longest),
        cmocka_unit_test(many_findings_cost_little_each),
    };
    return cmocka_run_group_tests(tests, fixture_make, fixture_drop);
}
