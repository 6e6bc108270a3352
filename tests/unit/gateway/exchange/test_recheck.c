#include "unit/gateway/exchange/inbound_fixture.h"

#include <stdio.h>

#include "base/clock.h"

#define CHAT(content) "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"" content "\"}]}"

/* Rechecks `outgoing` in the place of what was assembled from `body`. */
static enum outcome recheck_of(const char *body, const char *outgoing) {
    struct trip trip;
    trip_begin(&trip, &api_openai_chat, slice_str(body));
    assert_int_equal(trip_to(&trip, INBOUND_ASSEMBLED), OUTCOME_OK);
    trip.in.outgoing = slice_str(outgoing);
    const enum outcome outcome = inbound_recheck(&trip.in, NOW_MS);
    assert_int_equal(trip.in.progress, outcome == OUTCOME_OK ? INBOUND_RECHECKED : INBOUND_ASSEMBLED);
    trip_end(&trip);
    return outcome;
}

static const char *const body = CHAT("Ada Lovelace");

static void bytes_without_a_value_pass(void **state) {
    (void)state;
    assert_int_equal(recheck_of(body, CHAT("somebody")), OUTCOME_OK);
}

static void a_residue_blocks_wherever_it_stands(void **state) {
    (void)state;
    static const char *const outgoing[] = {
        CHAT("Ada Lovelace"),
        CHAT("xAda Lovelacex"),
        CHAT("\\u0041da Lovelac\\u0065"),
        "{\"Ada Lovelace\":1}",
        "{\"unknown\":[[{\"a\":\"xxAda Lovelace\"}]]}",
        "{\"messages\":[{\"tool_calls\":[{\"function\":{\"arguments\":\"{\\\"a\\\":\\\"Ad\\\\u0061 "
        "Lovelacey\\\"}\"}}]}]}",
        "{\"messages\":[{\"tool_calls\":[{\"function\":{\"arguments\":\"broken {Ada Lovelace1\"}}]}]}",
        "{\"messages\":[{\"content\":[{\"image_url\":{\"url\":\"http://x/Ada Lovelace\"}}]}]}",
    };
    for (size_t i = 0; i < sizeof outgoing / sizeof outgoing[0]; i++)
        assert_int_equal(recheck_of(body, outgoing[i]), OUTCOME_DENIED);
}

static void what_is_no_strict_json_any_more_blocks(void **state) {
    (void)state;
    static const char *const outgoing[] = {"",           "{",        "[]", "{\"a\":1,\"a\":2}", CHAT("a") "x",
                                           CHAT("\xff"), CHAT("\\x")};
    for (size_t i = 0; i < sizeof outgoing / sizeof outgoing[0]; i++)
        assert_int_equal(recheck_of(body, outgoing[i]), OUTCOME_INVALID);
    assert_int_equal(recheck_of(body, "{\"messages\":[{\"content\":[1]}]}"), OUTCOME_UNSUPPORTED);
}

static void what_blocks_is_found_again(void **state) {
    (void)state;
    assert_int_equal(recheck_of(body, CHAT("sk-abcd1234")), OUTCOME_DENIED);
    assert_int_equal(recheck_of(body, CHAT("bob@host.org")), OUTCOME_DENIED);
}

/* The candidates were chosen for the tier that was decided: nothing worse may be in what leaves. */
static void a_worse_tier_than_was_decided_blocks(void **state) {
    (void)state;
    assert_int_equal(recheck_of(body, CHAT("the forecast")), OUTCOME_DENIED);
    assert_int_equal(recheck_of(CHAT("Ada Lovelace forecast"), CHAT("the forecast")), OUTCOME_OK);
}

/* As if assembling had done nothing: the unchanged body is judged by its own findings. */
static void an_untouched_body_with_findings_blocks(void **state) {
    (void)state;
    struct trip trip;
    trip_begin(&trip, &api_openai_chat, slice_str(body));
    assert_int_equal(trip_to(&trip, INBOUND_ASSEMBLED), OUTCOME_OK);
    trip.in.outgoing = trip.in.body;
    assert_int_equal(inbound_recheck(&trip.in, NOW_MS), OUTCOME_DENIED);
    trip_end(&trip);
}

static void a_verdict_that_is_no_permission_blocks(void **state) {
    (void)state;
    static const enum verdict_state states[] = {VERDICT_UNDECIDED, VERDICT_BLOCK};
    for (size_t i = 0; i < 2; i++) {
        struct trip trip;
        trip_begin(&trip, &api_openai_chat, slice_str(body));
        assert_int_equal(trip_to(&trip, INBOUND_ASSEMBLED), OUTCOME_OK);
        trip.in.verdict.state = states[i];
        assert_int_equal(inbound_recheck(&trip.in, NOW_MS), OUTCOME_DENIED);
        trip_end(&trip);
    }
}

/* `test_assigned` finds every token, and the value PERSON stands in every token of that label: neither is a residue. */
static void tokens_of_our_own_are_no_residue(void **state) {
    (void)state;
    struct trip trip;
    assert_int_equal(trip_chat(&trip, CHAT("Ada Lovelace and PERSON, J\\u00fcrgen")), OUTCOME_OK);
    assert_outgoing(&trip, CHAT("$ and $, $"), "Ada Lovelace", "PERSON", "J\xc3\xbcrgen");
    trip_end(&trip);
}

/* Only those, and only whole: a token that nobody minted here is text like any other. */
static void other_tokens_are_findings_like_any_other(void **state) {
    (void)state;
    struct trip trip;
    trip_begin(&trip, &api_openai_chat, slice_str(body));
    assert_int_equal(trip_to(&trip, INBOUND_ASSEMBLED), OUTCOME_OK);
    char outgoing[256];
    const struct token *token = &trip.in.minted[0].token;
    (void)snprintf(outgoing, sizeof outgoing, CHAT("%s"), token->text);
    trip.in.outgoing = slice_str(outgoing);
    assert_int_equal(inbound_recheck(&trip.in, NOW_MS), OUTCOME_OK);
    trip.in.progress = INBOUND_ASSEMBLED;
    const unsigned char hash[8] = {1, 2, 3};
    const struct token other = token_build(SLICE("PERSON"), hash);
    (void)snprintf(outgoing, sizeof outgoing, CHAT("%s %s"), token->text, other.text);
    trip.in.outgoing = slice_str(outgoing);
    assert_int_equal(inbound_recheck(&trip.in, NOW_MS), OUTCOME_DENIED);
    (void)snprintf(outgoing, sizeof outgoing, CHAT("AB_%s"), token->text + token->len - 10);
    trip.in.outgoing = slice_str(outgoing);
    assert_int_equal(inbound_recheck(&trip.in, NOW_MS), OUTCOME_DENIED);
    trip_end(&trip);
}

/* Whatever the built-in rules find and replace, they must not find its token again: such a request could never leave.
 */
static void built_in_rules_accept_their_own_tokens(void **state) {
    (void)state;
    static const char *const texts[] = {
        "password hint for ada.lovelace@example.org",
        "api_key: ada.lovelace@example.org",
        "\\\"token\\\": \\\"ada.lovelace@example.org\\\"",
        "secret=ada.lovelace@example.org",
        "AWS_SECRET_ACCESS_KEY=10.1.2.3",
        "Authorization: ada.lovelace@example.org",
        "call +44 20 7946 0958 or +1 (415) 555-0132",
        "card 4111 1111 1111 1111 exp 12/29",
        "IBAN DE89 3704 0044 0532 0130 00",
        "host db01.corp.example.com at 192.168.10.20",
        "SSN 219-09-9999",
        "We pay $12,000,000 to ada.lovelace@example.org, 10.1.2.3",
        "ada.lovelace@example.org,bob@example.org;4111111111111111/10.1.2.3:+442079460958",
    };
    static const char *const names[] = {"secrets", "pii", "network", "finance"};
    struct pack_source packs[4];
    for (size_t i = 0; i < 4; i++) packs[i] = pack_builtin(names[i]);
    struct detector *own = fixture.detector;
    struct detail detail = {""};
    assert_int_equal(detector_create(packs, 4, &fixture.detector, &detail), OUTCOME_OK);
    fixture_rules();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char chat[512];
        (void)snprintf(chat, sizeof chat, CHAT("%s"), texts[i]);
        struct trip trip;
        const enum outcome outcome = trip_chat(&trip, chat);
        const bool blocked = trip.in.progress == INBOUND_DECIDED && trip.in.verdict.state == VERDICT_BLOCK;
        if (outcome != OUTCOME_OK && !blocked)
            print_error("%s: %d\n%.*s\n", texts[i], trip.in.progress, (int)trip.in.outgoing.len, trip.in.outgoing.data);
        assert_true(outcome == OUTCOME_OK || blocked);
        trip_end(&trip);
    }
    detector_destroy(&fixture.detector);
    fixture.detector = own;
    fixture_rules();
}

/* What is sent in another format is judged as that format, and only behind a recheck of its own. */
static void a_translated_body_is_rechecked_too(void **state) {
    (void)state;
    struct trip trip;
    trip_begin(&trip, &api_openai_chat, slice_str(body));
    assert_int_equal(trip_to(&trip, INBOUND_ASSEMBLED), OUTCOME_OK);
    const struct api *other = &api_anthropic_messages;
    assert_int_equal(inbound_recheck_translated(&trip.in, other, SLICE("{}"), NOW_MS), OUTCOME_DENIED);
    assert_int_equal(trip_step(&trip), OUTCOME_OK);
    static const struct {
        const char *translated;
        enum outcome outcome;
    } cases[] = {
        {"{\"messages\":[{\"content\":\"somebody\"}]}", OUTCOME_OK},
        {"{\"system\":\"Ada Lovelace\"}", OUTCOME_DENIED},
        {"{\"messages\":[{\"content\":[{\"type\":\"tool_use\",\"input\":{\"Ada Lovelace\":1}}]}]}", OUTCOME_DENIED},
        {"{\"a\":\"sk-abcd1234\"}", OUTCOME_DENIED},
        {"{\"a\":\"bob@host.org\"}", OUTCOME_DENIED},
        {"{\"a\":\"the forecast\"}", OUTCOME_DENIED},
        {"{\"a\":", OUTCOME_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(inbound_recheck_translated(&trip.in, other, slice_str(cases[i].translated), NOW_MS),
                         cases[i].outcome);
    trip.in.verdict.state = VERDICT_UNDECIDED;
    assert_int_equal(inbound_recheck_translated(&trip.in, other, SLICE("{}"), NOW_MS), OUTCOME_DENIED);
    trip_end(&trip);
}

/* As many values as a scan allows findings: the recheck stays one pass. */
static void many_values_cost_one_pass(void **state) {
    (void)state;
    enum { COUNT = 4000 };
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append_str(&text, "{\"messages\":[{\"content\":\"");
    for (int i = 0; i < COUNT; i++)
        buffer_append_format(&text, "%c%c%c%c@host.org ", 'a' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676 % 26, 'z');
    buffer_append_str(&text, "PERSON Ada Lovelace\"}]}");
    struct trip trip;
    trip_begin(&trip, &api_openai_chat, buffer_slice(&text));
    assert_int_equal(trip_to(&trip, INBOUND_ASSEMBLED), OUTCOME_OK);
    const uint64_t begin_ns = clock_monotonic_ns();
    assert_int_equal(trip_step(&trip), OUTCOME_OK);
    assert_true(clock_monotonic_ns() - begin_ns < 1000000000u);
    trip_end(&trip);
    buffer_deinit(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_without_a_value_pass),
        cmocka_unit_test(a_residue_blocks_wherever_it_stands),
        cmocka_unit_test(what_is_no_strict_json_any_more_blocks),
        cmocka_unit_test(what_blocks_is_found_again),
        cmocka_unit_test(a_worse_tier_than_was_decided_blocks),
        cmocka_unit_test(an_untouched_body_with_findings_blocks),
        cmocka_unit_test(a_verdict_that_is_no_permission_blocks),
        cmocka_unit_test(tokens_of_our_own_are_no_residue),
        cmocka_unit_test(other_tokens_are_findings_like_any_other),
        cmocka_unit_test(built_in_rules_accept_their_own_tokens),
        cmocka_unit_test(a_translated_body_is_rechecked_too),
        cmocka_unit_test(many_values_cost_one_pass),
    };
    return cmocka_run_group_tests(tests, fixture_make, fixture_drop);
}
