#include "unit/gateway/exchange/inbound_fixture.h"

#include "gateway/exchange/cleared_body.h"

#define CHAT(model, content) "{\"model\":\"" model "\",\"messages\":[{\"role\":\"user\",\"content\":\"" content "\"}]}"

static const struct audit_entry durable = {.item = {.outcome = OUTCOME_OK}, .sequence = 1};

static const struct cleared_body *clear(struct trip *trip, const char *body) {
    const struct cleared_body *cleared = NULL;
    assert_int_equal(trip_chat(trip, body), OUTCOME_OK);
    assert_int_equal(cleared_body_create(&trip->in, &durable, &cleared), OUTCOME_OK);
    assert_non_null(cleared);
    return cleared;
}

/* The body as `upstream` gets it; the caller frees it. */
static struct buffer parts_of(const struct cleared_body *cleared, uint32_t upstream) {
    struct slice parts[CLEARED_PARTS];
    struct buffer whole;
    size_t len = 0;
    buffer_init(&whole, 0);
    const uint32_t count = cleared_body_parts(cleared, upstream, parts, &len);
    assert_true(count > 0 && count <= CLEARED_PARTS);
    for (uint32_t i = 0; i < count; i++) buffer_append(&whole, parts[i]);
    assert_int_equal(whole.len, len);
    return whole;
}

static void assert_refused(const struct trip *trip, const struct audit_entry *entry) {
    const struct cleared_body *cleared = (const struct cleared_body *)trip;
    assert_int_equal(cleared_body_create(&trip->in, entry, &cleared), OUTCOME_DENIED);
    assert_null(cleared);
}

static void every_step_must_have_succeeded(void **state) {
    (void)state;
    for (int reached = INBOUND_NEW; reached < INBOUND_RECHECKED; reached++) {
        struct trip trip;
        trip_begin(&trip, &api_openai_chat, SLICE(CHAT("m", "bob@host.org")));
        assert_int_equal(trip_to(&trip, (enum inbound_progress)reached), OUTCOME_OK);
        assert_refused(&trip, &durable);
        trip_end(&trip);
    }
}

static void the_record_must_be_durable(void **state) {
    (void)state;
    struct trip trip;
    assert_int_equal(trip_chat(&trip, CHAT("m", "bob@host.org")), OUTCOME_OK);
    assert_refused(&trip, &(struct audit_entry){.sequence = 0}); /* never submitted */
    for (int outcome = OUTCOME_OK + 1; outcome < OUTCOME_COUNT; outcome++)
        assert_refused(&trip, &(struct audit_entry){.item = {.outcome = (enum outcome)outcome}, .sequence = 1});
    trip_end(&trip);
}

static void the_verdict_must_allow(void **state) {
    (void)state;
    struct trip trip;
    assert_int_equal(trip_chat(&trip, CHAT("m", "bob@host.org")), OUTCOME_OK);
    trip.in.verdict.state = VERDICT_UNDECIDED;
    assert_refused(&trip, &durable);
    trip.in.verdict.state = VERDICT_BLOCK;
    assert_refused(&trip, &durable);
    trip_end(&trip);
}

static void what_was_stripped_is_never_sent(void **state) {
    (void)state;
    struct trip trip;
    assert_int_equal(trip_chat(&trip, CHAT("m", "bob@host.org")), OUTCOME_OK);
    trip.in.strip = true;
    assert_refused(&trip, &durable);
    trip_end(&trip);
}

static void an_arena_that_overflowed_is_no_ground_to_stand_on(void **state) {
    (void)state;
    struct trip trip;
    assert_int_equal(trip_chat(&trip, CHAT("m", "bob@host.org")), OUTCOME_OK);
    trip.arena.overflowed = true;
    assert_refused(&trip, &durable);
    trip_end(&trip);
}

static void only_the_verdicts_candidates_get_it(void **state) {
    (void)state;
    static const struct {
        const char *body;
        bool allowed[UPSTREAM_COUNT];
    } cases[] = {
        {CHAT("m", "clean"), {true, true, true}},
        {CHAT("m", "bob@host.org"), {true, true, false}},
        {CHAT("m", "forecast"), {true, false, false}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct trip trip;
        const struct cleared_body *cleared = clear(&trip, cases[i].body);
        for (uint32_t upstream = 0; upstream < UPSTREAM_COUNT; upstream++) {
            struct slice parts[CLEARED_PARTS];
            size_t len = 0;
            assert_int_equal(cleared_body_may_go_to(cleared, upstream), cases[i].allowed[upstream]);
            assert_int_equal(cleared_body_parts(cleared, upstream, parts, &len) > 0, cases[i].allowed[upstream]);
        }
        assert_false(cleared_body_may_go_to(cleared, UPSTREAM_COUNT));
        assert_false(cleared_body_may_go_to(cleared, UINT32_MAX));
        trip_end(&trip);
    }
}

/* Twice checked: a candidate that the tier forbids is refused even if the list names it. */
static void a_candidate_that_the_tier_forbids_is_refused(void **state) {
    (void)state;
    struct trip trip;
    const struct cleared_body *cleared = clear(&trip, CHAT("m", "bob@host.org"));
    trip.in.verdict.candidates[trip.in.verdict.candidate_count++] = METERED;
    assert_false(cleared_body_may_go_to(cleared, METERED));
    trip.in.verdict.state = VERDICT_BLOCK;
    assert_false(cleared_body_may_go_to(cleared, LOCAL));
    trip_end(&trip);
}

static void assert_parts(const struct cleared_body *cleared, uint32_t upstream, const struct trip *trip,
                         const char *format, const char *value) {
    struct buffer whole = parts_of(cleared, upstream);
    struct trip compared = *trip;
    compared.in.outgoing = buffer_slice(&whole);
    assert_outgoing(&compared, format, value);
    buffer_deinit(&whole);
}

static void each_upstream_gets_its_own_name_for_the_model(void **state) {
    (void)state;
    struct trip trip;
    const struct cleared_body *cleared =
        clear(&trip, "{\"a\":\"bob@host.org\",\"model\":\"gpt\\u002d4o\",\"b\":\"x\"}");
    assert_parts(cleared, LOCAL, &trip, "{\"a\":\"$\",\"model\":\"llama \\\"3\\\"\",\"b\":\"x\"}", "bob@host.org");
    assert_parts(cleared, SUBSCRIPTION, &trip, "{\"a\":\"$\",\"model\":\"gpt\\u002d4o\",\"b\":\"x\"}", "bob@host.org");
    trip_end(&trip);
}

static void a_body_that_needs_no_change_is_one_part(void **state) {
    (void)state;
    struct trip trip;
    struct slice parts[CLEARED_PARTS];
    size_t len = 0;
    const char *body = CHAT("other", "clean");
    const struct cleared_body *cleared = clear(&trip, body);
    assert_int_equal(cleared_body_parts(cleared, LOCAL, parts, &len), 1);
    assert_ptr_equal(parts[0].data, body);
    assert_int_equal(parts[0].len, strlen(body));
    trip_end(&trip);
}

static void a_model_that_was_replaced_is_not_mapped(void **state) {
    (void)state;
    static const struct route_model any[] = {{"*", "mapped"}};
    fixture.upstreams[LOCAL].models = any;
    struct trip trip;
    const struct cleared_body *cleared = clear(&trip, "{\"model\":\"bob@host.org\"}");
    assert_parts(cleared, LOCAL, &trip, "{\"model\":\"$\"}", "bob@host.org");
    trip_end(&trip);
    cleared = clear(&trip, "{\"model\":7}");
    assert_parts(cleared, LOCAL, &trip, "{\"model\":7}", NULL);
    trip_end(&trip);
    fixture_rules();
}

static void a_full_arena_sends_nothing(void **state) {
    (void)state;
    struct trip trip;
    struct slice parts[CLEARED_PARTS];
    size_t len = 0;
    const struct cleared_body *cleared = clear(&trip, CHAT("gpt-4o", "clean"));
    trip.arena.limit_bytes = trip.arena.used_bytes;
    assert_int_equal(cleared_body_parts(cleared, LOCAL, parts, &len), 0);
    trip_end(&trip);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_must_have_succeeded),
        cmocka_unit_test(the_record_must_be_durable),
        cmocka_unit_test(the_verdict_must_allow),
        cmocka_unit_test(what_was_stripped_is_never_sent),
        cmocka_unit_test(an_arena_that_overflowed_is_no_ground_to_stand_on),
        cmocka_unit_test(only_the_verdicts_candidates_get_it),
        cmocka_unit_test(a_candidate_that_the_tier_forbids_is_refused),
        cmocka_unit_test(each_upstream_gets_its_own_name_for_the_model),
        cmocka_unit_test(a_body_that_needs_no_change_is_one_part),
        cmocka_unit_test(a_model_that_was_replaced_is_not_mapped),
        cmocka_unit_test(a_full_arena_sends_nothing),
    };
    return cmocka_run_group_tests(tests, fixture_make, fixture_drop);
}
