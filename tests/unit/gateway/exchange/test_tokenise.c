#include "unit/gateway/exchange/inbound_fixture.h"

#include <stdio.h>

#include "base/clock.h"

#define CHAT(content) "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"" content "\"}]}"
#define ARGUMENTS(text) "{\"messages\":[{\"tool_calls\":[{\"function\":{\"arguments\":\"" text "\"}}]}]}"

static void go(struct trip *trip, const char *body) {
    const enum outcome outcome = trip_chat(trip, body);
    if (outcome != OUTCOME_OK)
        print_error("%s: %s after %d\n%.*s\n", body, outcome_text(outcome), trip->in.progress,
                    (int)trip->in.outgoing.len, trip->in.outgoing.data);
    assert_int_equal(outcome, OUTCOME_OK);
}

static void equal_values_share_a_token(void **state) {
    (void)state;
    struct trip trip;
    go(&trip, CHAT("bob@host.org, Ada Lovelace, bob@host.org\\nbob@host.org"));
    assert_int_equal(trip.in.minted_count, 2);
    assert_int_equal(trip.in.cover_count, 4);
    assert_outgoing(&trip, CHAT("$, $, $\\n$"), "bob@host.org", "Ada Lovelace", "bob@host.org", "bob@host.org");
    trip_end(&trip);
}

static void the_same_value_has_the_same_token_next_time(void **state) {
    (void)state;
    struct trip first, second;
    go(&first, CHAT("bob@host.org"));
    go(&second, CHAT("again bob@host.org"));
    assert_string_equal(trip_token(&first, "bob@host.org"), trip_token(&second, "bob@host.org"));
    trip_end(&first);
    trip_end(&second);
}

static void every_spelling_of_a_value_is_one_value(void **state) {
    (void)state;
    struct trip trip;
    go(&trip, CHAT("J\xc3\xbcrgen, J\\u00fcrgen, \\u004a\\u00FCrge\\u006e; O\\\"Neil, O\\u0022Neil"));
    assert_int_equal(trip.in.minted_count, 2);
    assert_outgoing(&trip, CHAT("$, $, $; $, $"), "J\xc3\xbcrgen", "J\xc3\xbcrgen", "J\xc3\xbcrgen", "O\"Neil",
                    "O\"Neil");
    trip_end(&trip);
}

static void overlapping_findings_become_one_value_of_the_worst_kind(void **state) {
    (void)state;
    struct trip trip;
    go(&trip, CHAT("to Ada Lovelace Ltd."));
    assert_int_equal(trip.in.minted_count, 1);
    assert_outgoing(&trip, CHAT("to $."), "Ada Lovelace Ltd");
    assert_true(slice_equal(trip.in.minted[0].label, SLICE("ORG")));
    trip_end(&trip);
}

static void a_finding_across_pieces_leaves_a_token_in_each(void **state) {
    (void)state;
    struct trip trip;
    go(&trip, "{\"who\":\"ABCdef\",\"x\":1}");
    assert_outgoing(&trip, "{\"$\":\"$def\",\"x\":1}", "who", "ABC");
    trip_end(&trip);
}

static void numbers_become_strings(void **state) {
    (void)state;
    struct trip trip;
    go(&trip, "{\"card\":4111111111111111,\"list\":[4222222222222222,1]}");
    assert_outgoing(&trip, "{\"card\":\"$\",\"list\":[\"$\",1]}", "4111111111111111", "4222222222222222");
    trip_end(&trip);
    go(&trip, ARGUMENTS("{\\\"card\\\":4111111111111111,\\\"n\\\":[4222222222222222]}"));
    assert_outgoing(&trip, ARGUMENTS("{\\\"card\\\":\\\"$\\\",\\\"n\\\":[\\\"$\\\"]}"), "4111111111111111",
                    "4222222222222222");
    trip_end(&trip);
    go(&trip, ARGUMENTS("4111111111111111"));
    assert_outgoing(&trip, ARGUMENTS("\\\"$\\\""), "4111111111111111");
    trip_end(&trip);
    go(&trip, ARGUMENTS("41111\\u0031111111111\\u0031"));
    assert_outgoing(&trip, ARGUMENTS("\\\"$\\\""), "4111111111111111");
    trip_end(&trip);
}

static void a_number_goes_whole(void **state) {
    (void)state;
    struct trip trip;
    go(&trip, "{\"n\":-12771234.5e3,\"s\":\"12771234\"}");
    assert_outgoing(&trip, "{\"n\":\"$\",\"s\":\"12$34\"}", "-12771234.5e3", "7712");
    trip_end(&trip);
}

static void several_findings_in_a_number_are_one(void **state) {
    (void)state;
    struct trip trip;
    go(&trip, "{\"n\":77121771331,\"m\":[1]}");
    assert_outgoing(&trip, "{\"n\":\"$\",\"m\":[1]}", "77121771331");
    assert_int_equal(trip.in.minted_count, 1);
    trip_end(&trip);
    go(&trip, ARGUMENTS("[77121771331]"));
    assert_outgoing(&trip, ARGUMENTS("[\\\"$\\\"]"), "77121771331");
    trip_end(&trip);
}

/* What stands for a number must restore to that number, not to the part of it that was found. */
static void a_copy_inside_a_number_takes_the_number_with_it(void **state) {
    (void)state;
    struct trip trip;
    go(&trip, "{\"a\":\"9123\",\"n\":1912345,\"m\":912391230,\"b\":\"x9123y\"}");
    assert_outgoing(&trip, "{\"a\":\"$\",\"n\":\"$\",\"m\":\"$\",\"b\":\"x$y\"}", "9123", "1912345", "912391230",
                    "9123");
    for (uint32_t i = 0; i < trip.in.minted_count; i++)
        assert_true(slice_equal(trip.in.minted[i].label, SLICE("PART")));
    trip_end(&trip);
}

static void copies_are_replaced_wherever_they_stand(void **state) {
    (void)state;
    struct trip trip;
    go(&trip,
       "{\"xAda Lovelacex\":[\"Ada Lovelaceta\"],\"unknown\":{\"Ada Lovelace\":\"\\u0041da Lovelace0\"},"
       "\"messages\":[{\"tool_calls\":[{\"function\":{\"arguments\":\"{\\\"k\\\":\\\"zAd\\\\u0061 Lovelace\\\"}\"}}]},"
       "{\"tool_calls\":[{\"function\":{\"arguments\":\"broken zAda Lovelace\"}}]}]}");
    assert_int_equal(trip.in.minted_count, 1);
    assert_outgoing(&trip,
                    "{\"x$x\":[\"$ta\"],\"unknown\":{\"$\":\"$0\"},"
                    "\"messages\":[{\"tool_calls\":[{\"function\":{\"arguments\":\"{\\\"k\\\":\\\"z$\\\"}\"}}]},"
                    "{\"tool_calls\":[{\"function\":{\"arguments\":\"broken z$\"}}]}]}",
                    "Ada Lovelace", "Ada Lovelace", "Ada Lovelace", "Ada Lovelace", "Ada Lovelace", "Ada Lovelace");
    trip_end(&trip);
}

static void a_short_copy_is_replaced_where_it_stands_alone(void **state) {
    (void)state;
    struct trip trip;
    go(&trip, CHAT("Qz, Qzar, \\\"Qz\\\", aQz, Qz9, Qz"));
    assert_outgoing(&trip, CHAT("$, Qzar, \\\"$\\\", aQz, Qz9, $"), "Qz", "Qz", "Qz");
    trip_end(&trip);
}

/* A longer value that overlaps a finding must not hide a shorter one that stands before the finding. */
static void an_overlapping_copy_hides_no_other(void **state) {
    (void)state;
    struct trip trip;
    go(&trip, CHAT("9155-Lovelace Ltd; 9155; x9155-Lovelace Ltd"));
    assert_outgoing(&trip, CHAT("$; $; x$-$"), "9155-Lovelace Ltd", "9155", "9155", "Lovelace Ltd");
    trip_end(&trip);
}

static void values_that_touch_are_told_apart(void **state) {
    (void)state;
    struct trip trip;
    go(&trip, CHAT("J\xc3\xbcrgenJ\xc3\xbcrgen77127713"));
    assert_outgoing(&trip, CHAT("$$$$"), "J\xc3\xbcrgen", "J\xc3\xbcrgen", "7712", "7713");
    trip_end(&trip);
}

static void unsure_findings_stay(void **state) {
    (void)state;
    struct trip trip;
    go(&trip, CHAT("perhaps bob@host.org"));
    assert_outgoing(&trip, CHAT("perhaps $"), "bob@host.org");
    trip_end(&trip);
}

static void words_that_only_route_stay(void **state) {
    (void)state;
    struct trip trip;
    go(&trip, CHAT("the forecast for bob@host.org"));
    assert_int_equal(trip.in.verdict.tier, TIER_HIGH);
    assert_outgoing(&trip, CHAT("the forecast for $"), "bob@host.org");
    trip_end(&trip);
}

static void what_must_not_be_edited_blocks(void **state) {
    (void)state;
    fixture.policy.references = POLICY_ALLOW;
    struct trip trip;
    assert_int_equal(trip_chat(&trip, "{\"messages\":[{\"content\":[{\"file\":{\"file_id\":\"bob@host.org\"}}]}]}"),
                     OUTCOME_DENIED);
    assert_int_equal(trip.in.progress, INBOUND_DECIDED);
    trip_end(&trip);
    assert_int_equal(trip_chat(&trip, "{\"a\":\"bob@host.org\",\"messages\":[{\"content\":[{\"file\":{\"file_id\":"
                                      "\"xbob@host.orgx\"}}]}]}"),
                     OUTCOME_DENIED); /* a copy, which no rule has found */
    trip_end(&trip);
    fixture_rules();
}

static void assert_model(const char *body, const char *model, const char *written) {
    struct trip trip;
    go(&trip, body);
    assert_true(slice_equal(trip.in.model, slice_str(model)));
    const struct slice found = slice_range(trip.in.outgoing, trip.in.model_begin, trip.in.model_end);
    assert_true(slice_equal(found, slice_str(written)));
    trip_end(&trip);
}

static void the_model_is_found_behind_every_splice(void **state) {
    (void)state;
    assert_model("{\"model\":\"gpt-4o\"}", "gpt-4o", "gpt-4o");
    assert_model("{\"model\":\"gpt-4o\",\"a\":\"bob@host.org\"}", "gpt-4o", "gpt-4o");
    assert_model("{\"a\":\"bob@host.org\",\"b\":4111111111111111,\"model\":\"gpt-4o\"}", "gpt-4o", "gpt-4o");
    assert_model("{\"a\":[\"Ada Lovelace\",\"Ada Lovelace Ltd\"],\"model\":\"gpt\\u002d4o\",\"c\":\"Qz\"}", "gpt-4o",
                 "gpt\\u002d4o");
    assert_model("{\"Qz\":1,\"mod\\u0065l\":\"gpt-4o\"}", "gpt-4o", "gpt-4o");
}

static void a_model_that_cannot_be_mapped_is_not(void **state) {
    (void)state;
    assert_model("{\"model\":7}", "", "");
    assert_model("{\"messages\":[]}", "", "");
    assert_model("{\"x\":{\"model\":\"gpt-4o\"}}", "", "");
    assert_model("{\"model\":\"bob@host.org\"}", "", "");
    assert_model("{\"model\":\"Qz\",\"a\":\"Qz\"}", "", "");
}

static void a_token_is_durable_before_it_is_used(void **state) {
    (void)state;
    struct trip trip;
    trip_begin(&trip, &api_openai_chat, SLICE(CHAT("fresh@host.org")));
    assert_int_equal(trip_to(&trip, INBOUND_SELECTED), OUTCOME_OK);
    assert_int_equal(inbound_mint(&trip.in, fixture.reader, &fixture.scope), OUTCOME_AGAIN);
    assert_int_equal(trip.in.progress, INBOUND_SELECTED);
    assert_int_equal(inbound_mint(&trip.in, fixture.reader, &fixture.scope), OUTCOME_AGAIN); /* nothing was written */
    assert_int_equal(inbound_assemble(&trip.in), OUTCOME_DENIED);
    assert_int_equal(trip_write(&trip.in), OUTCOME_OK);
    assert_int_equal(inbound_mint(&trip.in, fixture.reader, &fixture.scope), OUTCOME_OK);
    trip_end(&trip);
}

static void an_empty_value_list_mints_nothing(void **state) {
    (void)state;
    struct trip trip;
    trip_begin(&trip, &api_openai_chat, SLICE("{}"));
    assert_int_equal(trip_to(&trip, INBOUND_SELECTED), OUTCOME_OK);
    assert_int_equal(inbound_mint(&trip.in, fixture.reader, &fixture.scope), OUTCOME_OK);
    trip_end(&trip);
}

/* Hostile sizes: selecting and assembling stay nearly linear. */
static void many_copies_and_values_cost_little(void **state) {
    (void)state;
    enum { COUNT = 20000 };
    struct buffer text;
    buffer_init(&text, 0);
    buffer_append_str(&text, "{\"a\":\"Ada Lovelace\",\"b\":\"");
    for (int i = 0; i < COUNT; i++) buffer_append_str(&text, "xAda Lovelacex");
    buffer_append_str(&text, "\",\"c\":[");
    for (int i = 0; i < COUNT; i++) buffer_append_format(&text, "\"%05d\",", i);
    buffer_append_str(&text, "0]}");
    struct trip trip;
    trip_begin(&trip, &api_openai_chat, buffer_slice(&text));
    const uint64_t begin_ns = clock_monotonic_ns();
    assert_int_equal(trip_to(&trip, INBOUND_RECHECKED), OUTCOME_OK);
    assert_true(clock_monotonic_ns() - begin_ns < 3000000000u);
    assert_int_equal(trip.in.cover_count, COUNT + 1 + 200);
    trip_end(&trip);
    buffer_deinit(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_values_share_a_token),
        cmocka_unit_test(the_same_value_has_the_same_token_next_time),
        cmocka_unit_test(every_spelling_of_a_value_is_one_value),
        cmocka_unit_test(overlapping_findings_become_one_value_of_the_worst_kind),
        cmocka_unit_test(a_finding_across_pieces_leaves_a_token_in_each),
        cmocka_unit_test(numbers_become_strings),
        cmocka_unit_test(a_number_goes_whole),
        cmocka_unit_test(several_findings_in_a_number_are_one),
        cmocka_unit_test(a_copy_inside_a_number_takes_the_number_with_it),
        cmocka_unit_test(copies_are_replaced_wherever_they_stand),
        cmocka_unit_test(a_short_copy_is_replaced_where_it_stands_alone),
        cmocka_unit_test(an_overlapping_copy_hides_no_other),
        cmocka_unit_test(values_that_touch_are_told_apart),
        cmocka_unit_test(unsure_findings_stay),
        cmocka_unit_test(words_that_only_route_stay),
        cmocka_unit_test(what_must_not_be_edited_blocks),
        cmocka_unit_test(the_model_is_found_behind_every_splice),
        cmocka_unit_test(a_model_that_cannot_be_mapped_is_not),
        cmocka_unit_test(a_token_is_durable_before_it_is_used),
        cmocka_unit_test(an_empty_value_list_mints_nothing),
        cmocka_unit_test(many_copies_and_values_cost_little),
    };
    return cmocka_run_group_tests(tests, fixture_make, fixture_drop);
}
