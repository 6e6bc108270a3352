#include "unit/gateway/exchange/inbound_fixture.h"

#include <stdio.h>

#include "base/clock.h"
#include "gateway/exchange/issued.h"
#include "unit/failing_alloc.h"

#define CHAT(content) "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"" content "\"}]}"

static const struct slice labels[] = {{"EMAIL", 5}, {"PERSON", 6}, {"ORG", 3}, {"CARD", 4}, {"PART", 4}, {"SECRET", 6}};
#define LABEL_COUNT (sizeof labels / sizeof labels[0])

/* A request that has been sent, and the tokens that its answer may restore. */
struct asked {
    struct trip trip;
    struct issued issued;
};

static void ask(struct asked *asked, const char *body, const struct vault_scope *scope) {
    assert_int_equal(trip_chat(&asked->trip, body), OUTCOME_OK);
    assert_int_equal(issued_init(&asked->issued, &asked->trip.in, fixture.reader, scope, labels, LABEL_COUNT),
                     OUTCOME_OK);
}

static void drop(struct asked *asked) {
    trip_end(&asked->trip);
}

/* The value that `token` is restored to; NULL: it stays literal. Valid until the next call. */
static const char *restored(struct asked *asked, const char *token) {
    static char text[256];
    struct slice value = {NULL, 0};
    if (!asked->issued.source.lookup(asked->issued.source.owner, slice_str(token), &value)) return NULL;
    assert_true(value.len < sizeof text);
    memcpy(text, value.data, value.len);
    text[value.len] = '\0';
    return text;
}

/* A token that the vault knows, of an earlier request of this agent's. */
static struct token earlier(const char *value) {
    char body[256];
    (void)snprintf(body, sizeof body, CHAT("%s"), value);
    struct trip trip;
    assert_int_equal(trip_chat(&trip, body), OUTCOME_OK);
    assert_int_equal(trip.in.minted_count, 1);
    const struct token token = trip.in.minted[0].token;
    trip_end(&trip);
    return token;
}

static struct token stranger(uint32_t number) {
    unsigned char hash[8] = {0x7f};
    memcpy(hash + 1, &number, sizeof number);
    return token_build(SLICE("PERSON"), hash);
}

static void its_own_tokens_are_restored(void **state) {
    (void)state;
    struct asked asked;
    ask(&asked, CHAT("bob@host.org, Ada Lovelace, 4111111111111111, Qz"), &fixture.scope);
    static const char *const values[] = {"bob@host.org", "Ada Lovelace", "4111111111111111", "Qz"};
    for (size_t i = 0; i < 4; i++) {
        const char *token = trip_token(&asked.trip, values[i]);
        assert_string_equal(restored(&asked, token), values[i]);
    }
    drop(&asked);
}

static void earlier_tokens_of_the_same_agent_are_restored(void **state) {
    (void)state;
    const struct token token = earlier("first@host.org");
    struct asked asked;
    ask(&asked, CHAT("something else"), &fixture.scope);
    for (int i = 0; i < 3; i++) assert_string_equal(restored(&asked, token.text), "first@host.org");
    drop(&asked);
}

static void strangers_stay_literal(void **state) {
    (void)state;
    const struct token token = earlier("second@host.org");
    const struct vault_scope scopes[] = {
        fixture.other_scope,
        vault_scope_of(fixture.vault, SLICE("tenant:a"), SLICE("other agent")),
        vault_scope_of(fixture.vault, SLICE("tenant:b"), SLICE("agent")),
    };
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
        struct asked asked;
        ask(&asked, CHAT("something else"), &scopes[i]);
        assert_null(restored(&asked, token.text));
        assert_null(restored(&asked, stranger(1).text));
        drop(&asked);
    }
}

/* Every way to write a token into a request, so that its text is no proof of anything. */
static void a_token_that_stood_in_the_request_stays_literal(void **state) {
    (void)state;
    const struct token token = earlier("third@host.org");
    char lower[32];
    for (size_t i = 0; i <= token.len; i++) lower[i] = slice_ascii_lower(token.text[i]);
    static const char *const bodies[] = {
        CHAT("see %s!"),
        CHAT("see x%sy"),
        "{\"%s\":1}",
        "{\"unknown\":[{\"a\":\"%s\"}]}",
        "{\"messages\":[{\"tool_calls\":[{\"function\":{\"arguments\":\"{\\\"k\\\":\\\"%s\\\"}\"}}]}]}",
        "{\"messages\":[{\"tool_calls\":[{\"function\":{\"arguments\":\"broken %s\"}}]}]}",
    };
    const char *const spellings[] = {token.text, lower};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        for (size_t k = 0; k < 2; k++) {
            char body[256];
            struct asked asked;
            (void)snprintf(body, sizeof body, bodies[i], spellings[k]);
            fixture.policy.threshold = 2; /* the rules must not see the token, so that it goes through */
            ask(&asked, body, &fixture.scope);
            fixture_rules();
            assert_null(restored(&asked, token.text));
            assert_null(restored(&asked, token.text));
            drop(&asked);
        }
    }
}

static void an_escaped_spelling_is_seen_too(void **state) {
    (void)state;
    const struct token token = earlier("fourth@host.org");
    char body[256];
    struct asked asked;
    fixture.policy.threshold = 2;
    (void)snprintf(body, sizeof body, CHAT("EMAIL\\\\_%s"), token.text + 6);
    ask(&asked, body, &fixture.scope);
    assert_null(restored(&asked, token.text));
    drop(&asked);
    (void)snprintf(body, sizeof body, CHAT("\\u0045MAIL\\u005f%s"), token.text + 6);
    ask(&asked, body, &fixture.scope);
    assert_null(restored(&asked, token.text));
    drop(&asked);
    fixture_rules();
}

/* A history that still holds a token, beside the value itself: the exchange issued that token. */
static void an_issued_token_is_restored_whatever_stood_there(void **state) {
    (void)state;
    const struct token token = earlier("fifth@host.org");
    fixture.policy.kinds = &(struct policy_kind){"credential", TIER_NONE, 1.0f}; /* test_assigned must not block */
    fixture.policy.kind_count = 1;
    char body[256];
    struct asked asked;
    (void)snprintf(body, sizeof body, CHAT("fifth@host.org was %s"), token.text);
    ask(&asked, body, &fixture.scope);
    assert_string_equal(restored(&asked, token.text), "fifth@host.org");
    drop(&asked);
    fixture_rules();
}

/* An upstream may print what it likes: each token costs little, and the vault is not asked for ever. */
static void a_million_strangers_cost_little(void **state) {
    (void)state;
    struct asked asked;
    ask(&asked, CHAT("something else"), &fixture.scope);
    const size_t before = asked.trip.arena.used_bytes;
    const uint64_t begin_ns = clock_monotonic_ns();
    for (uint32_t i = 0; i < 200000; i++) assert_null(restored(&asked, stranger(i).text));
    assert_true(clock_monotonic_ns() - begin_ns < 1500000000u);
    assert_true(asked.trip.arena.used_bytes - before < (1u << 20));
    drop(&asked);
}

static void a_token_said_often_costs_its_value_once(void **state) {
    (void)state;
    const struct token token = earlier("sixth@host.org");
    struct asked asked;
    ask(&asked, CHAT("something else"), &fixture.scope);
    assert_string_equal(restored(&asked, token.text), "sixth@host.org");
    const size_t before = asked.trip.arena.used_bytes;
    for (int i = 0; i < 100000; i++) assert_string_equal(restored(&asked, token.text), "sixth@host.org");
    assert_int_equal(asked.trip.arena.used_bytes, before);
    drop(&asked);
}

static void many_tokens_in_the_request_cost_little(void **state) {
    (void)state;
    enum { COUNT = 20000 };
    struct buffer body;
    buffer_init(&body, 0);
    buffer_append_str(&body, "{\"a\":\"");
    for (uint32_t i = 0; i < COUNT; i++) buffer_append_format(&body, "%s ", stranger(i).text);
    buffer_append_str(&body, "\"}");
    buffer_append_char(&body, '\0');
    struct asked asked;
    fixture.policy.threshold = 2;
    ask(&asked, body.data, &fixture.scope);
    fixture_rules();
    const uint64_t begin_ns = clock_monotonic_ns();
    for (uint32_t i = 0; i < 2 * COUNT; i++) assert_null(restored(&asked, stranger(i).text));
    assert_true(clock_monotonic_ns() - begin_ns < 1500000000u);
    drop(&asked);
    buffer_deinit(&body);
}

/* Without memory nothing is restored that was not issued here. */
static void failed_allocations_restore_nothing(void **state) {
    (void)state;
    const struct token token = earlier("seventh@host.org");
    struct asked asked;
    ask(&asked, CHAT("bob@host.org"), &fixture.scope);
    drop(&asked);
    for (unsigned nth = 1;; nth++) {
        assert_int_equal(trip_chat(&asked.trip, CHAT("bob@host.org")), OUTCOME_OK);
        failing_alloc_arm(nth);
        const enum outcome outcome =
            issued_init(&asked.issued, &asked.trip.in, fixture.reader, &fixture.scope, labels, LABEL_COUNT);
        const char *value = outcome == OUTCOME_OK ? restored(&asked, token.text) : NULL;
        const bool failed = failing_alloc_disarm();
        assert_int_equal(value == NULL, failed);
        if (outcome == OUTCOME_OK) assert_non_null(restored(&asked, trip_token(&asked.trip, "bob@host.org")));
        drop(&asked);
        if (!failed) break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_own_tokens_are_restored),
        cmocka_unit_test(earlier_tokens_of_the_same_agent_are_restored),
        cmocka_unit_test(strangers_stay_literal),
        cmocka_unit_test(a_token_that_stood_in_the_request_stays_literal),
        cmocka_unit_test(an_escaped_spelling_is_seen_too),
        cmocka_unit_test(an_issued_token_is_restored_whatever_stood_there),
        cmocka_unit_test(a_million_strangers_cost_little),
        cmocka_unit_test(a_token_said_often_costs_its_value_once),
        cmocka_unit_test(many_tokens_in_the_request_cost_little),
        cmocka_unit_test(failed_allocations_restore_nothing),
    };
    return cmocka_run_group_tests(tests, fixture_make, fixture_drop);
}
