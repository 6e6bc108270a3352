#include "unit/gateway/exchange/inbound_fixture.h"

#include <stdlib.h>

#include "unit/failing_alloc.h"

#define CHAT(content) "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"" content "\"}]}"

static const char *const medium_body = CHAT("mail bob@host.org, then Ada Lovelace");

/* Each step by itself, whatever has been done. */
static enum outcome step_named(struct trip *trip, enum inbound_progress after) {
    struct inbound *in = &trip->in;
    switch (after) {
    case INBOUND_NEW: return inbound_span(in);
    case INBOUND_SPANNED: return inbound_scan(in);
    case INBOUND_SCANNED: return inbound_decide(in, NOW_MS);
    case INBOUND_DECIDED: return inbound_select(in);
    case INBOUND_SELECTED: return inbound_mint(in, fixture.reader, &fixture.scope);
    case INBOUND_MINTED: return inbound_assemble(in);
    case INBOUND_ASSEMBLED: return inbound_recheck(in, NOW_MS);
    case INBOUND_RECHECKED: break;
    }
    return OUTCOME_OK;
}

static void each_step_waits_for_the_one_before(void **state) {
    (void)state;
    for (int reached = INBOUND_NEW; reached <= INBOUND_RECHECKED; reached++) {
        for (int step = INBOUND_SPANNED; step < INBOUND_RECHECKED; step++) {
            if (step == reached) continue;
            struct trip trip;
            trip_begin(&trip, &api_openai_chat, slice_str(medium_body));
            assert_int_equal(trip_to(&trip, (enum inbound_progress)reached), OUTCOME_OK);
            assert_int_equal(step_named(&trip, (enum inbound_progress)step), OUTCOME_DENIED);
            assert_int_equal(trip.in.progress, reached);
            trip_end(&trip);
        }
    }
}

static void each_step_moves_on_by_one(void **state) {
    (void)state;
    struct trip trip;
    trip_begin(&trip, &api_openai_chat, slice_str(medium_body));
    for (int progress = INBOUND_NEW; progress < INBOUND_RECHECKED; progress++) {
        assert_int_equal(trip.in.progress, progress);
        assert_int_equal(trip_step(&trip), OUTCOME_OK);
    }
    assert_int_equal(trip.in.progress, INBOUND_RECHECKED);
    assert_outgoing(&trip, CHAT("mail $, then $"), "bob@host.org", "Ada Lovelace");
    trip_end(&trip);
}

static void spans_only_strict_json_objects(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "",    "{", "[]", "\"text\"", "17", "{\"a\":1,}", "{}{}", "{\"a\":1,\"\\u0061\":2}", "{\"a\":\"\\ud800\"}",
        "null"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct trip trip;
        assert_int_equal(trip_chat(&trip, bodies[i]), OUTCOME_INVALID);
        assert_int_equal(trip.in.progress, INBOUND_NEW);
        assert_non_null(trip.in.json_error.reason);
        trip_end(&trip);
    }
}

static void lists_of_token_ids_are_unsupported(void **state) {
    (void)state;
    struct trip trip;
    assert_int_equal(trip_chat(&trip, "{\"messages\":[{\"content\":[1,2,3]}]}"), OUTCOME_UNSUPPORTED);
    assert_int_equal(trip.in.progress, INBOUND_NEW);
    trip_end(&trip);
}

/* The verdict on a body under the fixture's rules. */
static struct verdict verdict_on(const char *body) {
    struct trip trip;
    trip_begin(&trip, &api_openai_chat, slice_str(body));
    assert_int_equal(trip_to(&trip, INBOUND_DECIDED), OUTCOME_OK);
    const struct verdict verdict = trip.in.verdict;
    trip_end(&trip);
    return verdict;
}

static void assert_verdict(const char *body, enum tier tier, uint32_t candidate_count) {
    const struct verdict verdict = verdict_on(body);
    assert_int_equal(verdict.tier, tier);
    assert_int_equal(verdict.state, tier == TIER_BLOCKED ? VERDICT_BLOCK : VERDICT_ALLOW);
    assert_int_equal(verdict.candidate_count, candidate_count);
}

static void the_worst_finding_decides(void **state) {
    (void)state;
    assert_verdict(CHAT("nothing to see"), TIER_LOW, 3);
    assert_verdict(CHAT("bob@host.org"), TIER_MEDIUM, 2);
    assert_verdict(CHAT("the forecast"), TIER_HIGH, 1);
    assert_verdict(CHAT("bob@host.org, the forecast"), TIER_HIGH, 1);
    assert_verdict(CHAT("bob@host.org sk-abcd1234"), TIER_BLOCKED, 0);
    assert_verdict(CHAT("perhaps"), TIER_LOW, 3);
    assert_verdict("{}", TIER_LOW, 3);
}

static void findings_count_wherever_they_stand(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "{\"unknown\":\"sk-abcd1234\"}",
        "{\"sk-abcd1234\":1}",
        "{\"a\":{\"b\":[[[\"sk-abcd1234\"]]]}}",
        "{\"messages\":[{\"content\":\"\\u0073\\u006b-abcd1234\"}]}",
        "{\"model\":\"sk-abcd1234\"}",
        "{\"messages\":[{\"tool_calls\":[{\"function\":{\"arguments\":\"[\\\"\\\\u0073k-abcd1234\\\"]\"}}]}]}",
        "{\"messages\":[{\"tool_calls\":[{\"function\":{\"arguments\":\"{\\\"sk-abcd1234\\\":0}\"}}]}]}",
        "{\"messages\":[{\"tool_calls\":[{\"function\":{\"arguments\":\"broken { sk-abcd1234\"}}]}]}",
        "{\"messages\":[{\"content\":[{\"image_url\":{\"url\":\"https://x.org/sk-abcd1234\"}}]}]}",
        "{\"messages\":[{\"content\":[{\"image_url\":{\"url\":\"data:sk-abcd1234;base64,QUJD\"}}]}]}",
        "{\"messages\":[{\"content\":[{\"file\":{\"file_id\":\"sk-abcd1234\"}}]}]}",
        "{\"messages\":[{\"content\":[{\"file\":{\"filename\":\"sk-abcd1234\"}}]}]}",
        "{\"tools\":[{\"function\":{\"parameters\":{\"enum\":[\"sk-abcd1234\"]}}}]}",
        "{\"stop\":[\"sk-abcd1234\"],\"metadata\":{}}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        if (verdict_on(bodies[i]).state != VERDICT_BLOCK) print_error("%s\n", bodies[i]);
        assert_int_equal(verdict_on(bodies[i]).state, VERDICT_BLOCK);
    }
}

#define PICTURE "{\"messages\":[{\"content\":[{\"image_url\":{\"url\":\"data:image/png;base64,QUJD\"}}]}]}"

static void binary_parts_go_as_the_policy_says(void **state) {
    (void)state;
    assert_verdict(PICTURE, TIER_HIGH, 1);
    fixture.policy.binary = POLICY_BLOCK;
    assert_verdict(PICTURE, TIER_BLOCKED, 0);
    fixture.policy.binary = POLICY_ALLOW;
    assert_verdict(PICTURE, TIER_LOW, 3);
    fixture_rules();
}

#define LINK(text) \
    "{\"messages\":[{\"content\":[{\"text\":\"" text "\"},{\"image_url\":{\"url\":\"https://x.com/a.png\"}}]}]}"

static void references_go_along_with_what_is_not_sensitive(void **state) {
    (void)state;
    assert_verdict(LINK("plain"), TIER_LOW, 3);
    assert_verdict(LINK("bob@host.org"), TIER_BLOCKED, 0);
    fixture.policy.references = POLICY_LOCAL;
    assert_verdict(LINK("plain"), TIER_LOW, 3);
    assert_verdict(LINK("bob@host.org"), TIER_HIGH, 1);
    fixture.policy.references = POLICY_ALLOW;
    assert_verdict(LINK("bob@host.org"), TIER_MEDIUM, 2);
    fixture_rules();
}

static void a_blocked_body_goes_no_further(void **state) {
    (void)state;
    struct trip trip;
    assert_int_equal(trip_chat(&trip, CHAT("sk-abcd1234")), OUTCOME_DENIED);
    assert_int_equal(trip.in.progress, INBOUND_DECIDED);
    assert_int_equal(trip.in.outgoing.len, 0);
    trip_end(&trip);
}

static void a_clean_body_leaves_as_the_same_bytes(void **state) {
    (void)state;
    static const char *const body = "{ \"model\" : \"m\\u0065\",\n \"n\":1.50e+1 , \"messages\":[] }";
    struct trip trip;
    assert_int_equal(trip_chat(&trip, body), OUTCOME_OK);
    assert_ptr_equal(trip.in.outgoing.data, body);
    assert_int_equal(trip.in.outgoing.len, strlen(body));
    assert_int_equal(trip.in.minted_count, 0);
    trip_end(&trip);
}

/* A listing has no body: it takes the same way. */
static void no_body_at_all_is_clean_text(void **state) {
    (void)state;
    struct trip trip;
    trip_begin(&trip, NULL, slice_of(NULL, 0));
    assert_int_equal(trip_to(&trip, INBOUND_RECHECKED), OUTCOME_OK);
    assert_int_equal(trip.in.outgoing.len, 0);
    assert_int_equal(trip.in.verdict.candidate_count, 3);
    trip_end(&trip);
}

static void plain_text_takes_the_same_way(void **state) {
    (void)state;
    struct trip trip;
    trip_begin(&trip, NULL, SLICE("to bob@host.org: \"x\\u0041\""));
    assert_int_equal(trip_to(&trip, INBOUND_RECHECKED), OUTCOME_OK);
    assert_outgoing(&trip, "to $: \"x\\u0041\"", "bob@host.org");
    trip_end(&trip);
}

static void stripping_replaces_what_would_block(void **state) {
    (void)state;
    struct trip trip;
    trip_begin(&trip, NULL, SLICE("use sk-abcd1234 with bob@host.org"));
    trip.in.strip = true;
    assert_int_equal(trip_to(&trip, INBOUND_ASSEMBLED), OUTCOME_OK);
    assert_outgoing(&trip, "use $ with $", "sk-abcd1234", "bob@host.org");
    assert_int_equal(trip_step(&trip), OUTCOME_DENIED); /* what was stripped is for reading, never for sending */
    trip_end(&trip);
}

/* An override that runs out between the decision and the recheck does not count any more. */
static void an_override_expires_in_the_middle(void **state) {
    (void)state;
    const struct override override = {"agent", "email", TIER_LOW, NOW_MS + 1, "because"};
    fixture.rules.overrides = &override;
    fixture.rules.override_count = 1;
    struct trip trip;
    trip_begin(&trip, &api_openai_chat, slice_str(CHAT("bob@host.org")));
    assert_int_equal(trip_to(&trip, INBOUND_ASSEMBLED), OUTCOME_OK);
    assert_int_equal(trip.in.verdict.tier, TIER_LOW);
    assert_ptr_equal(trip.in.outgoing.data, trip.in.body.data);
    assert_int_equal(inbound_recheck(&trip.in, NOW_MS + 1), OUTCOME_DENIED);
    assert_int_equal(inbound_recheck(&trip.in, NOW_MS), OUTCOME_OK);
    trip_end(&trip);
    fixture_rules();
}

#ifdef SLUICE_FAULTS
static void an_injected_fault_stops_its_step(void **state) {
    (void)state;
    static const struct {
        const char *point;
        enum inbound_progress before;
    } faults[] = {{"span", INBOUND_NEW},
                  {"scan", INBOUND_SPANNED},
                  {"decide", INBOUND_SCANNED},
                  {"tokenise", INBOUND_DECIDED},
                  {"recheck", INBOUND_ASSEMBLED}};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct trip trip;
        assert_int_equal(setenv("SLUICE_FAULT", faults[i].point, 1), 0);
        assert_int_equal(trip_chat(&trip, medium_body), OUTCOME_FAULT);
        assert_int_equal(trip.in.progress, faults[i].before);
        assert_int_equal(unsetenv("SLUICE_FAULT"), 0);
        trip_end(&trip);
    }
}
#endif

static void a_full_arena_stops_every_step(void **state) {
    (void)state;
    size_t need = 0;
    for (size_t limit = 64; need == 0; limit += limit / 8) {
        struct trip trip;
        trip_begin(&trip, &api_openai_chat, slice_str(medium_body));
        trip.arena.limit_bytes = limit;
        const enum outcome outcome = trip_to(&trip, INBOUND_RECHECKED);
        if (outcome == OUTCOME_OK)
            need = limit;
        else
            assert_true(outcome == OUTCOME_OVERFLOW || outcome == OUTCOME_NO_MEMORY || outcome == OUTCOME_DENIED);
        trip_end(&trip);
    }
    assert_true(need > 1024);
}

/* Every allocation of a whole trip is failed once: an error, and nothing that could be sent. */
static void every_failed_allocation_stops_the_trip(void **state) {
    (void)state;
    static const char *const body =
        "{\"model\":\"gpt-4o\",\"n\":4111111111111111,\"messages\":[{\"content\":\"bob@host.org "
        "J\\u00fcrgen\",\"tool_calls\":[{\"function\":{\"arguments\":\"{\\\"to\\\":\\\"Ada "
        "Lovelace\\\"}\"}}]}]}";
    struct trip trip;
    assert_int_equal(trip_chat(&trip, body), OUTCOME_OK); /* all its values are durable from here on */
    trip_end(&trip);
    for (unsigned nth = 1;; nth++) {
        trip_begin(&trip, &api_openai_chat, slice_str(body));
        failing_alloc_arm(nth);
        const enum outcome outcome = trip_to(&trip, INBOUND_RECHECKED);
        const bool failed = failing_alloc_disarm();
        if (failed) assert_int_not_equal(trip.in.progress, INBOUND_RECHECKED);
        assert_int_equal(outcome == OUTCOME_OK, !failed);
        trip_end(&trip);
        if (!failed) break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_waits_for_the_one_before),
        cmocka_unit_test(each_step_moves_on_by_one),
        cmocka_unit_test(spans_only_strict_json_objects),
        cmocka_unit_test(lists_of_token_ids_are_unsupported),
        cmocka_unit_test(the_worst_finding_decides),
        cmocka_unit_test(findings_count_wherever_they_stand),
        cmocka_unit_test(binary_parts_go_as_the_policy_says),
        cmocka_unit_test(references_go_along_with_what_is_not_sensitive),
        cmocka_unit_test(a_blocked_body_goes_no_further),
        cmocka_unit_test(a_clean_body_leaves_as_the_same_bytes),
        cmocka_unit_test(no_body_at_all_is_clean_text),
        cmocka_unit_test(plain_text_takes_the_same_way),
        cmocka_unit_test(stripping_replaces_what_would_block),
        cmocka_unit_test(an_override_expires_in_the_middle),
#ifdef SLUICE_FAULTS
        cmocka_unit_test(an_injected_fault_stops_its_step),
#endif
        cmocka_unit_test(a_full_arena_stops_every_step),
        cmocka_unit_test(every_failed_allocation_stops_the_trip),
    };
    return cmocka_run_group_tests(tests, fixture_make, fixture_drop);
}
