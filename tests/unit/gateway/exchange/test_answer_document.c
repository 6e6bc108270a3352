#include "unit/gateway/exchange/answer_fixture.h"

#include "base/clock.h"
#include "unit/failing_alloc.h"

/* Restores `answer` (with marks) and compares with `expected`. */
static struct restore_counts restore(struct slice answer, bool tokens_issued, struct slice expected) {
    struct arena scratch;
    struct buffer out;
    struct restore_counts counts = {0};
    arena_init(&scratch, 16u << 20);
    buffer_init(&out, 0);
    assert_int_equal(
        answer_document_restore(answer, &api_openai_chat, &answer_source, tokens_issued, &scratch, &out, &counts),
        OUTCOME_OK);
    assert_same(buffer_slice(&out), expected);
    buffer_deinit(&out);
    arena_reset(&scratch);
    return counts;
}

static void assert_restored(const char *marked) {
    struct buffer answer = with_tokens(marked), expected = with_values(marked);
    restore(buffer_slice(&answer), true, buffer_slice(&expected));
    buffer_deinit(&answer);
    buffer_deinit(&expected);
}

static void assert_untouched(const char *marked) {
    struct buffer answer = with_tokens(marked);
    restore(buffer_slice(&answer), true, buffer_slice(&answer));
    buffer_deinit(&answer);
}

#define MESSAGE(member) "{\"id\":\"x\",\"choices\":[{\"index\":0,\"message\":{" member "},\"finish_reason\":\"stop\"}]}"

static void texts_are_restored(void **state) {
    (void)state;
    assert_restored(MESSAGE("\"content\":\"$P\""));
    assert_restored(MESSAGE("\"content\":\"see $P, $O and $P's: $X\\n\""));
    assert_restored(MESSAGE("\"content\":[{\"type\":\"text\",\"text\":\"$O$O\"}]"));
    assert_restored(MESSAGE("\"refusal\":\"$P\""));
    assert_restored(MESSAGE("\"tool_calls\":[{\"function\":{\"name\":\"$P\"}},{\"custom\":{\"input\":\"$O\"}}]"));
    assert_restored("{\"choices\":[{\"message\":{\"content\":\"$P\"}},{\"message\":{\"content\":\"$O\"}}]}");
}

static void arguments_are_escaped_once_more(void **state) {
    (void)state;
    static const char *const marked = MESSAGE(
        "\"tool_calls\":[{\"function\":{\"arguments\":\"{\\\"to\\\":\\\"$O\\\",\\\"n\\\":\\\"\\\\n$P\\\"}\"}}]");
    struct buffer answer = with_tokens(marked), expected = with_inner_values(marked);
    restore(buffer_slice(&answer), true, buffer_slice(&expected));
    buffer_deinit(&answer);
    buffer_deinit(&expected);
}

static void everything_else_is_left_alone(void **state) {
    (void)state;
    assert_untouched("{\"id\":\"$P\",\"model\":\"$P\",\"choices\":[],\"usage\":{\"prompt_tokens\":1.0e0}}");
    assert_untouched(MESSAGE("\"role\":\"$P\",\"reasoning_content\":\"$P\",\"$P\":1"));
    assert_untouched(MESSAGE("\"content\":null,\"tool_calls\":[{\"id\":\"$P\",\"type\":\"$P\"}]"));
    assert_untouched("{\"error\":{\"message\":\"$P\"}}");
    assert_untouched(" {\n\t\"choices\" : [ ] }\r\n");
}

static void what_is_no_json_passes(void **state) {
    (void)state;
    static const char *const answers[] = {"", "plain $P", "{\"choices\":[{\"message\":{\"content\":\"$P\"}}]",
                                          "{\"a\":1}{}"};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) assert_untouched(answers[i]);
}

static void spellings_of_a_token_are_restored(void **state) {
    (void)state;
    char answer[256], lower[32];
    for (size_t i = 0; i <= plain_token.len; i++) lower[i] = slice_ascii_lower(plain_token.text[i]);
    const char *const expected = MESSAGE("\"content\":\"a " PLAIN_VALUE " b\"");
    (void)snprintf(answer, sizeof answer, MESSAGE("\"content\":\"a %s b\""), lower);
    restore(slice_str(answer), true, slice_str(expected));
    (void)snprintf(answer, sizeof answer, MESSAGE("\"content\":\"a EMAIL\\\\_%s b\""), plain_token.text + 6);
    restore(slice_str(answer), true, slice_str(expected));
    (void)snprintf(answer, sizeof answer, MESSAGE("\"content\":\"a \\u0045M\\u0041IL\\u005f%s b\""),
                   plain_token.text + 6);
    restore(slice_str(answer), true, slice_str(expected));
}

static void log_probabilities_are_stripped_when_tokens_went_out(void **state) {
    (void)state;
    static const char *const before = "{\"choices\":[{\"logprobs\":{\"content\":[{\"token\":\"EMA\"}]},\"message\":{"
                                      "\"content\":\"$P\"}},{\"logprobs\":null}]}";
    static const char *const after =
        "{\"choices\":[{\"logprobs\":null,\"message\":{\"content\":\"$P\"}},{\"logprobs\":null}]}";
    struct buffer answer = with_tokens(before), expected = with_values(after), kept = with_values(before);
    restore(buffer_slice(&answer), true, buffer_slice(&expected));
    restore(buffer_slice(&answer), false, buffer_slice(&kept));
    buffer_deinit(&answer);
    buffer_deinit(&expected);
    buffer_deinit(&kept);
}

static void halves_of_surrogate_pairs_survive(void **state) {
    (void)state;
    assert_restored(MESSAGE("\"content\":\"\\ud83d$P\\ude00\""));
}

static void what_was_restored_is_counted(void **state) {
    (void)state;
    static const char *const marked = MESSAGE("\"content\":\"$P$X$O\",\"refusal\":\"$P$X\"");
    struct buffer answer = with_tokens(marked), expected = with_values(marked);
    const struct restore_counts counts = restore(buffer_slice(&answer), true, buffer_slice(&expected));
    assert_int_equal(counts.restored, 3);
    assert_int_equal(counts.left, 2);
    buffer_deinit(&answer);
    buffer_deinit(&expected);
}

static void a_full_arena_is_an_error_or_leaves_all_as_it_was(void **state) {
    (void)state;
    struct buffer answer = with_tokens(MESSAGE("\"content\":\"$P $O\",\"refusal\":\"$P\""));
    for (size_t limit = 16;; limit += 16) {
        struct arena scratch;
        struct buffer out;
        struct restore_counts counts = {0};
        arena_init(&scratch, limit);
        buffer_init(&out, 0);
        const enum outcome outcome = answer_document_restore(buffer_slice(&answer), &api_openai_chat, &answer_source,
                                                             true, &scratch, &out, &counts);
        const bool restored = outcome == OUTCOME_OK && !slice_equal(buffer_slice(&out), buffer_slice(&answer));
        if (outcome != OUTCOME_OK) assert_int_equal(out.len, 0);
        buffer_deinit(&out);
        arena_reset(&scratch);
        if (restored) break;
    }
    buffer_deinit(&answer);
}

static void every_failed_allocation_is_survived(void **state) {
    (void)state;
    static const char *const marked =
        MESSAGE("\"content\":\"$P $O\",\"tool_calls\":[{\"function\":{\"name\":\"$P\"}}]");
    struct buffer answer = with_tokens(marked), expected = with_values(marked);
    for (unsigned nth = 1;; nth++) {
        struct arena scratch;
        struct buffer out;
        struct restore_counts counts = {0};
        arena_init(&scratch, 1u << 20);
        buffer_init(&out, 0);
        failing_alloc_arm(nth);
        const enum outcome outcome = answer_document_restore(buffer_slice(&answer), &api_openai_chat, &answer_source,
                                                             true, &scratch, &out, &counts);
        const bool failed = failing_alloc_disarm();
        if (outcome == OUTCOME_OK)
            assert_true(slice_equal(buffer_slice(&out), buffer_slice(&expected)) ||
                        slice_equal(buffer_slice(&out), buffer_slice(&answer)));
        else
            assert_true(failed);
        buffer_deinit(&out);
        arena_reset(&scratch);
        if (!failed) break;
    }
    buffer_deinit(&answer);
    buffer_deinit(&expected);
}

static void a_large_answer_is_one_pass(void **state) {
    (void)state;
    struct buffer marked;
    buffer_init(&marked, 0);
    buffer_append_str(&marked, "{\"choices\":[");
    for (int i = 0; i < 20000; i++)
        buffer_append_str(&marked, "{\"message\":{\"content\":\"some text and $P, EMA\"},\"logprobs\":{}},");
    buffer_append_str(&marked, "{}]}");
    buffer_append_char(&marked, '\0');
    struct buffer answer = with_tokens(marked.data);
    struct arena scratch;
    struct buffer out;
    struct restore_counts counts = {0};
    arena_init(&scratch, 256u << 20);
    buffer_init(&out, 0);
    const uint64_t begin_ns = clock_monotonic_ns();
    assert_int_equal(
        answer_document_restore(buffer_slice(&answer), &api_openai_chat, &answer_source, true, &scratch, &out, &counts),
        OUTCOME_OK);
    assert_true(clock_monotonic_ns() - begin_ns < 2000000000u);
    assert_int_equal(counts.restored, 20000);
    buffer_deinit(&out);
    arena_reset(&scratch);
    buffer_deinit(&answer);
    buffer_deinit(&marked);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_restored),
        cmocka_unit_test(arguments_are_escaped_once_more),
        cmocka_unit_test(everything_else_is_left_alone),
        cmocka_unit_test(what_is_no_json_passes),
        cmocka_unit_test(spellings_of_a_token_are_restored),
        cmocka_unit_test(log_probabilities_are_stripped_when_tokens_went_out),
        cmocka_unit_test(halves_of_surrogate_pairs_survive),
        cmocka_unit_test(what_was_restored_is_counted),
        cmocka_unit_test(a_full_arena_is_an_error_or_leaves_all_as_it_was),
        cmocka_unit_test(every_failed_allocation_is_survived),
        cmocka_unit_test(a_large_answer_is_one_pass),
    };
    return cmocka_run_group_tests(tests, answer_make, answer_drop);
}
