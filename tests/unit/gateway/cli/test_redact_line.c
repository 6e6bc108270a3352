#include "unit/gateway/exchange/inbound_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/body/json_text.h"
#include "gateway/cli/redact_line.h"
#include "unit/failing_alloc.h"

/* One line of output, parsed. */
struct answer {
    struct buffer line; /* NUL-terminated, without the newline */
    struct arena arena;
    struct json_doc doc;
    bool judged;
};

static void redact(struct answer *answer, const char *line, bool strip) {
    const struct redactor redactor = {.rules = &fixture.rules,
                                      .vault = fixture.vault,
                                      .reader = fixture.reader,
                                      .scope = fixture.scope,
                                      .strip = strip};
    buffer_init(&answer->line, 0);
    arena_init(&answer->arena, 1u << 22);
    answer->judged = redact_line(&redactor, slice_str(line), &answer->line);
    assert_false(answer->line.failed);
    assert_true(answer->line.len > 0 && answer->line.data[answer->line.len - 1] == '\n');
    answer->line.data[answer->line.len - 1] = '\0';
    assert_null(strchr(answer->line.data, '\n'));
    const struct slice text = slice_str(answer->line.data);
    assert_int_equal(json_walk(text, NULL, &answer->arena, &answer->doc, NULL), OUTCOME_OK);
}

static void drop(struct answer *answer) {
    buffer_deinit(&answer->line);
    arena_reset(&answer->arena);
}

static struct slice member(const struct answer *answer, const char *name) {
    return json_raw(&answer->doc, json_member(&answer->doc, 0, slice_str(name)));
}

static void assert_member(const struct answer *answer, const char *name, const char *expected) {
    if (!slice_equal(member(answer, name), slice_str(expected))) print_error("%s\n", answer->line.data);
    assert_true(slice_equal(member(answer, name), slice_str(expected)));
}

static void a_clean_text_passes(void **state) {
    (void)state;
    struct answer answer;
    redact(&answer, "{\"id\": \"7\", \"text\": \"nothing \\u00e9 \\\"here\\\"\"}", false);
    assert_true(answer.judged);
    assert_string_equal(
        answer.line.data,
        "{\"id\": \"7\", \"tier\": \"LOW\", \"action\": \"pass\", \"route\": [\"local\", \"subscription\", "
        "\"metered\"], \"text\": \"nothing \xc3\xa9 \\\"here\\\"\", \"findings\": []}");
    drop(&answer);
}

static void a_finding_tells_its_place_in_the_text(void **state) {
    (void)state;
    struct answer answer;
    redact(&answer, "{\"id\":1,\"text\":\"\\u00e9\\u00e9 bob@host.org, J\\u00fcrgen\"}", false);
    assert_true(answer.judged);
    assert_member(&answer, "id", "1");
    assert_member(&answer, "tier", "MEDIUM");
    assert_member(&answer, "action", "tokenise");
    assert_member(&answer, "route", "[\"local\", \"subscription\"]");
    assert_member(
        &answer, "findings",
        "[{\"kind\": \"email\", \"begin\": 5, \"end\": 17, \"rule\": \"test_email\", \"confidence\": 0.90}, "
        "{\"kind\": \"person\", \"begin\": 19, \"end\": 26, \"rule\": \"test_accent\", \"confidence\": 0.90}]");
    assert_false(slice_holds(member(&answer, "text"), "bob"));
    assert_true(slice_holds(member(&answer, "text"), "EMAIL_"));
    drop(&answer);
}

static void a_blocked_text_is_not_given(void **state) {
    (void)state;
    struct answer answer;
    redact(&answer, "{\"id\":\"a\",\"text\":\"key sk-abcd1234\"}", false);
    assert_true(answer.judged);
    assert_member(&answer, "tier", "BLOCKED");
    assert_member(&answer, "action", "block");
    assert_member(&answer, "route", "[]");
    assert_member(&answer, "text", "null");
    assert_false(slice_holds(buffer_slice(&answer.line), "abcd1234"));
    drop(&answer);
}

static void stripping_always_gives_text(void **state) {
    (void)state;
    struct answer answer;
    redact(&answer, "{\"id\":\"a\",\"text\":\"key sk-abcd1234 of bob@host.org, forecast\"}", true);
    assert_true(answer.judged);
    assert_member(&answer, "tier", "BLOCKED");
    assert_member(&answer, "action", "block");
    assert_false(slice_holds(member(&answer, "text"), "abcd1234"));
    assert_false(slice_holds(member(&answer, "text"), "bob"));
    assert_true(slice_holds(member(&answer, "text"), "SECRET_"));
    assert_true(slice_holds(member(&answer, "text"), "forecast"));
    drop(&answer);
}

static void a_body_is_judged_as_a_chat_request(void **state) {
    (void)state;
    struct answer answer;
    redact(&answer, "{\"id\": [1], \"body\": {\"model\":\"m\", \"messages\":[{\"content\":\"bob@host.org\"}]}}", false);
    assert_true(answer.judged);
    assert_member(&answer, "id", "[1]");
    assert_member(&answer, "action", "tokenise");
    const uint32_t body = json_member(&answer.doc, 0, SLICE("body"));
    assert_true(json_is(&answer.doc, body, JSON_OBJECT));
    assert_true(
        slice_starts_with(json_raw(&answer.doc, body), SLICE("{\"model\":\"m\", \"messages\":[{\"content\":\"EMAIL_")));
    assert_member(
        &answer, "findings",
        "[{\"kind\": \"email\", \"begin\": 38, \"end\": 50, \"rule\": \"test_email\", \"confidence\": 0.90}]");
    drop(&answer);
    redact(&answer, "{\"id\":1,\"body\":{\"messages\":[{\"content\":\"sk-abcd1234\"}]}}", false);
    assert_member(&answer, "body", "null");
    drop(&answer);
    redact(&answer, "{\"id\":1,\"body\":{\"messages\":[{\"content\":[1,2]}]}}", false);
    assert_false(answer.judged);
    assert_member(&answer, "action", "block");
    assert_member(&answer, "body", "null");
    drop(&answer);
}

/* A finding across key and value begins in one and ends in the other. */
static void a_finding_across_pieces_has_both_ends(void **state) {
    (void)state;
    struct answer answer;
    redact(&answer, "{\"id\":1,\"body\":{\"who\":\"ABCdef\"}}", false);
    assert_member(
        &answer, "findings",
        "[{\"kind\": \"person\", \"begin\": 2, \"end\": 11, \"rule\": \"test_cross\", \"confidence\": 0.90}]");
    drop(&answer);
}

static void a_line_that_cannot_be_judged_says_why(void **state) {
    (void)state;
    static const char *const lines[] = {
        "",
        "no JSON",
        "{\"id\":1}",
        "{\"id\":1,\"text\":5}",
        "{\"id\":1,\"text\":\"bob@host.org\",\"body\":{}}",
        "{\"id\":1,\"text\":5,\"body\":{\"a\":\"sk-abcd1234\"}}",
        "{\"id\":1,\"text\":\"x\",\"body\":null}",
        "{\"id\":1,\"body\":\"x\"}",
        "{\"id\":1,\"text\":\"x\",\"text\":\"y\"}",
        "[\"bob@host.org\"]",
        "{\"id\":1,\"text\":\"\\ud800\"}",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct answer answer;
        redact(&answer, lines[i], false);
        if (answer.judged) print_error("%s\n", lines[i]);
        assert_false(answer.judged);
        assert_member(&answer, "tier", "BLOCKED");
        assert_member(&answer, "action", "block");
        assert_member(&answer, "text", "null");
        assert_member(&answer, "findings", "[]");
        assert_true(member(&answer, "error").len > 0);
        assert_false(slice_holds(buffer_slice(&answer.line), "bob"));
        drop(&answer);
    }
}

#ifdef SLUICE_FAULTS
static void a_failed_step_blocks(void **state) {
    (void)state;
    static const char *const points[] = {"span", "scan", "decide", "tokenise", "recheck"};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        struct answer answer;
        assert_int_equal(setenv("SLUICE_FAULT", points[i], 1), 0);
        redact(&answer, "{\"id\":1,\"text\":\"to bob@host.org\"}", false);
        assert_int_equal(unsetenv("SLUICE_FAULT"), 0);
        assert_false(answer.judged);
        assert_member(&answer, "tier", "BLOCKED");
        assert_member(&answer, "action", "block");
        assert_member(&answer, "text", "null");
        assert_true(member(&answer, "error").len > 0);
        assert_false(slice_holds(buffer_slice(&answer.line), "bob"));
        drop(&answer);
    }
}
#endif

static void the_same_value_has_the_same_token_in_every_line(void **state) {
    (void)state;
    struct answer one, two;
    redact(&one, "{\"id\":1,\"text\":\"line@host.org\"}", false);
    redact(&two, "{\"id\":2,\"text\":\"line@host.org\"}", false);
    assert_true(slice_equal(member(&one, "text"), member(&two, "text")));
    drop(&one);
    drop(&two);
}

/* The vault's thread allocates too, so the count is not exact: what matters is that no failure gives a value away. */
static void failed_allocations_give_nothing_away(void **state) {
    (void)state;
    const struct redactor redactor = {
        .rules = &fixture.rules, .vault = fixture.vault, .reader = fixture.reader, .scope = fixture.scope};
    for (unsigned nth = 1; nth < 400; nth++) {
        struct buffer out;
        buffer_init(&out, 0);
        failing_alloc_arm(nth);
        const bool judged = redact_line(&redactor, SLICE("{\"id\":1,\"text\":\"a bob@host.org b\"}"), &out);
        const bool failed = failing_alloc_disarm();
        assert_false(slice_holds(buffer_slice(&out), "bob"));
        if (!failed) assert_true(judged);
        buffer_deinit(&out);
        if (!failed) break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clean_text_passes),
        cmocka_unit_test(a_finding_tells_its_place_in_the_text),
        cmocka_unit_test(a_blocked_text_is_not_given),
        cmocka_unit_test(stripping_always_gives_text),
        cmocka_unit_test(a_body_is_judged_as_a_chat_request),
        cmocka_unit_test(a_finding_across_pieces_has_both_ends),
        cmocka_unit_test(a_line_that_cannot_be_judged_says_why),
#ifdef SLUICE_FAULTS
        cmocka_unit_test(a_failed_step_blocks),
#endif
        cmocka_unit_test(the_same_value_has_the_same_token_in_every_line),
        cmocka_unit_test(failed_allocations_give_nothing_away),
    };
    return cmocka_run_group_tests(tests, fixture_make, fixture_drop);
}
