#include "unit/gateway/exchange/inbound_fixture.h"

#include <stdio.h>

#include "base/clock.h"
#include "gateway/exchange/refusal.h"

static const struct answer_marks marks = {
    .request_id = {"req_1", 5}, .tier = TIER_HIGH, .upstream = "near", .tokens = 3};

/* NUL-terminated. */
static struct buffer write_refusal(const struct answer_marks *answer_marks, const struct api_error *error,
                                   bool keep_alive) {
    struct buffer out;
    buffer_init(&out, 0);
    refusal_write(&out, answer_marks, &api_openai_chat, error, (struct refusal_connection){keep_alive, 1});
    assert_false(out.failed);
    buffer_append_char(&out, '\0');
    return out;
}

static void every_refusal_carries_the_marks(void **state) {
    (void)state;
    const struct api_error error = {.status = 403, .code = "c", .message = "m"};
    struct buffer out = write_refusal(&marks, &error, true);
    assert_non_null(strstr(out.data, "x-sluice-request-id: req_1\r\n"));
    assert_non_null(strstr(out.data, "x-sluice-tier: HIGH\r\n"));
    assert_non_null(strstr(out.data, "x-sluice-upstream: near\r\n"));
    assert_non_null(strstr(out.data, "x-sluice-tokens: 3\r\n"));
    assert_non_null(strstr(out.data, "content-type: application/json\r\n"));
    assert_null(strstr(out.data, "Connection: close"));
    buffer_deinit(&out);
    const struct answer_marks nothing = {.request_id = SLICE("none"), .tier = TIER_NONE};
    out = write_refusal(&nothing, &error, false);
    assert_non_null(strstr(out.data, "x-sluice-request-id: none\r\n"));
    assert_non_null(strstr(out.data, "x-sluice-tier: none\r\n"));
    assert_non_null(strstr(out.data, "x-sluice-upstream: none\r\n"));
    assert_non_null(strstr(out.data, "x-sluice-tokens: 0\r\n"));
    assert_non_null(strstr(out.data, "Connection: close\r\n"));
    buffer_deinit(&out);
}

static void the_length_is_that_of_the_body(void **state) {
    (void)state;
    const struct api_error error = {.status = 400, .code = "c", .message = "m"};
    struct buffer out = write_refusal(&marks, &error, true);
    const char *end = strstr(out.data, "\r\n\r\n");
    char length[40];
    (void)snprintf(length, sizeof length, "Content-Length: %zu\r\n", strlen(end + 4));
    assert_non_null(strstr(out.data, length));
    buffer_deinit(&out);
}

static void agents_try_again_only_where_it_may_help(void **state) {
    (void)state;
    static const struct {
        unsigned status;
        bool helps;
    } cases[] = {{400, false}, {401, false}, {403, false}, {404, false}, {405, false}, {408, true}, {413, false},
                 {415, false}, {421, false}, {429, true},  {500, true},  {502, true},  {503, true}, {504, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct api_error error = {.status = cases[i].status, .code = "c", .message = "m"};
        struct buffer out = write_refusal(&marks, &error, true);
        assert_int_equal(strstr(out.data, "x-should-retry: false\r\n") == NULL, cases[i].helps);
        buffer_deinit(&out);
    }
}

/* What an agent is told when a body was refused or blocked; NUL-terminated. */
static struct buffer refusal_of(struct trip *trip, const char *body) {
    const enum outcome outcome = trip_chat(trip, body);
    assert_int_not_equal(outcome, OUTCOME_OK);
    const bool blocked = trip->in.progress == INBOUND_DECIDED && trip->in.verdict.state == VERDICT_BLOCK;
    const struct api_error error = blocked ? refusal_of_verdict(&trip->in) : refusal_of_step(&trip->in, outcome);
    return write_refusal(&marks, &error, true);
}

static void a_policy_refusal_names_rules_and_paths(void **state) {
    (void)state;
    struct trip trip;
    struct buffer out =
        refusal_of(&trip, "{\"messages\":[{\"content\":\"x\"},{\"content\":\"sk-abcd1234 and sk-efgh5678\"},"
                          "{\"name\":\"sk-abcd1234\"}],\"user\":\"bob@host.org\"}");
    assert_non_null(strstr(out.data, "HTTP/1.1 403 "));
    assert_non_null(strstr(out.data, "\"code\":\"sluice_blocked\""));
    assert_non_null(strstr(out.data, "\"rules\":[\"test_secret\"]"));
    assert_non_null(strstr(out.data, "\"paths\":[\"$.messages[1].content\",\"$.messages[2].name\"]"));
    assert_non_null(strstr(out.data, "x-should-retry: false"));
    buffer_deinit(&out);
    trip_end(&trip);
}

static void no_refusal_holds_a_value(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "{\"sk-abcd1234\":{\"bob@host.org\":\"sk-abcd1234\"}}",
        "{\"messages\":[{\"content\":\"sk-abcd1234 bob@host.org\"}],\"a\":{\"sk-abcd1234\":1}}",
        "{\"sk-abcd1234\":\"bob@host.org\",",
        "{\"sk-abcd1234\":1,\"sk-abcd1234\":\"bob@host.org\"}",
        "{\"a\":\"sk-abcd1234\xff bob@host.org\"}",
        "{\"messages\":[{\"content\":[1]}],\"sk-abcd1234\":\"bob@host.org\"}",
        "[\"sk-abcd1234\"]",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct trip trip;
        struct buffer out = refusal_of(&trip, bodies[i]);
        assert_null(strstr(out.data, "abcd1234"));
        assert_null(strstr(out.data, "bob"));
        assert_null(strstr(out.data, "host"));
        buffer_deinit(&out);
        trip_end(&trip);
    }
}

static void each_failure_has_its_status(void **state) {
    (void)state;
    static const struct {
        enum inbound_progress progress;
        enum outcome outcome;
        unsigned status;
    } cases[] = {
        {INBOUND_NEW, OUTCOME_UNSUPPORTED, 400},   {INBOUND_NEW, OUTCOME_OVERFLOW, 413},
        {INBOUND_NEW, OUTCOME_FAULT, 503},         {INBOUND_SPANNED, OUTCOME_ENGINE, 503},
        {INBOUND_SPANNED, OUTCOME_OVERFLOW, 413},  {INBOUND_SCANNED, OUTCOME_INVALID, 503},
        {INBOUND_DECIDED, OUTCOME_DENIED, 403},    {INBOUND_SELECTED, OUTCOME_IO, 503},
        {INBOUND_SELECTED, OUTCOME_CONFLICT, 503}, {INBOUND_ASSEMBLED, OUTCOME_DENIED, 403},
        {INBOUND_ASSEMBLED, OUTCOME_INVALID, 503}, {INBOUND_RECHECKED, OUTCOME_DENIED, 403},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trip trip;
        trip_begin(&trip, &api_openai_chat, SLICE("{}"));
        trip.in.progress = cases[i].progress;
        const struct api_error error = refusal_of_step(&trip.in, cases[i].outcome);
        assert_int_equal(error.status, cases[i].status);
        assert_non_null(error.message);
        assert_non_null(error.code);
        trip_end(&trip);
    }
}

static void bad_json_is_told_where_and_why(void **state) {
    (void)state;
    struct trip trip;
    struct buffer out = refusal_of(&trip, "{\"a\":1,}");
    assert_non_null(strstr(out.data, "HTTP/1.1 400 "));
    assert_non_null(strstr(out.data, "expected a key, at byte 7"));
    buffer_deinit(&out);
    trip_end(&trip);
}

static void a_refusal_shows_only_so_many_paths(void **state) {
    (void)state;
    struct buffer body;
    buffer_init(&body, 0);
    buffer_append_str(&body, "{\"a\":[");
    for (int i = 0; i < 3000; i++) buffer_append_str(&body, "\"sk-abcd1234 sk-abcd1234\",");
    buffer_append_str(&body, "1]}");
    buffer_append_char(&body, '\0');
    struct trip trip;
    const uint64_t begin_ns = clock_monotonic_ns();
    struct buffer out = refusal_of(&trip, body.data);
    assert_true(clock_monotonic_ns() - begin_ns < 1000000000u);
    assert_non_null(strstr(out.data, "\"$.a[0]\",\"$.a[1]\""));
    assert_non_null(strstr(out.data, "\"$.a[15]\"]"));
    assert_null(strstr(out.data, "\"$.a[16]\""));
    buffer_deinit(&out);
    trip_end(&trip);
    buffer_deinit(&body);
}

/* Without memory for the lists the refusal stands all the same. */
static void a_full_arena_refuses_without_lists(void **state) {
    (void)state;
    struct trip trip;
    trip_begin(&trip, &api_openai_chat, SLICE("{\"a\":\"sk-abcd1234\"}"));
    assert_int_equal(trip_to(&trip, INBOUND_DECIDED), OUTCOME_OK);
    trip.arena.limit_bytes = trip.arena.used_bytes;
    const struct api_error error = refusal_of_verdict(&trip.in);
    assert_int_equal(error.status, 403);
    assert_null(error.rules);
    assert_null(error.paths);
    struct buffer out = write_refusal(&marks, &error, false);
    buffer_deinit(&out);
    trip_end(&trip);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_refusal_carries_the_marks),
        cmocka_unit_test(the_length_is_that_of_the_body),
        cmocka_unit_test(agents_try_again_only_where_it_may_help),
        cmocka_unit_test(a_policy_refusal_names_rules_and_paths),
        cmocka_unit_test(no_refusal_holds_a_value),
        cmocka_unit_test(each_failure_has_its_status),
        cmocka_unit_test(bad_json_is_told_where_and_why),
        cmocka_unit_test(a_refusal_shows_only_so_many_paths),
        cmocka_unit_test(a_full_arena_refuses_without_lists),
    };
    return cmocka_run_group_tests(tests, fixture_make, fixture_drop);
}
