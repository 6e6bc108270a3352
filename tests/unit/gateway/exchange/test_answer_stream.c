#include "unit/gateway/exchange/stream_fixture.h"

#include "base/clock.h"
#include "unit/failing_alloc.h"

static const struct api *const chat = &api_openai_chat;

#define EVENT(choices) "data: {\"id\":\"c1\",\"choices\":[" choices "]}\n\n"
#define CHOICE(index, delta) "{\"index\":" #index ",\"delta\":{" delta "},\"finish_reason\":null}"
#define CONTENT(text) EVENT(CHOICE(0, "\"content\":\"" text "\""))
#define TOOL(index, member) EVENT(CHOICE(0, "\"tool_calls\":[{\"index\":" #index "," member "}]"))
#define ARGUMENTS(index, text) TOOL(index, "\"function\":{\"arguments\":\"" text "\"}")
#define STOP(index) EVENT("{\"index\":" #index ",\"delta\":{},\"finish_reason\":\"stop\"}")
#define DONE "data: [DONE]\n\n"
#define ADDED(choice) "data: {\"id\":\"c1\",\"choices\":[" choice "]}\n\n"

static void a_stream_without_tokens_is_untouched(void **state) {
    (void)state;
    static const char *const stream =
        ": hello\n\n" EVENT(CHOICE(0, "\"role\":\"assistant\",\"content\":\"\"")) CONTENT("one \\u00e9 two") //
        CONTENT("E") CONTENT("X") "event: x\nid: 7\ndata: {\"choices\":[],\"usage\":{\"total_tokens\":1.0}}\n\n"
                                  "retry: 5\n\n" STOP(0) DONE;
    struct buffer upstream = with_tokens(stream);
    struct stream_run run = run_all_ways(chat, buffer_slice(&upstream));
    assert_true(run.finished);
    assert_int_equal(run.counts.restored + run.counts.left, 0);
    run_drop(&run);
    buffer_deinit(&upstream);
    assert_bytes(chat, CONTENT("that") STOP(0) DONE, CONTENT("that") STOP(0) DONE, true);
}

static void a_token_in_one_event_is_restored(void **state) {
    (void)state;
    assert_bytes(chat, CONTENT("see $P and $O.") STOP(0) DONE, CONTENT("see $P and $O.") STOP(0) DONE, true);
}

/* The token cut in two at every place, and in three, over events. */
static void a_token_is_restored_however_events_cut_it(void **state) {
    (void)state;
    for (size_t at = 1; at < plain_token.len; at++) {
        for (size_t more = 0; at + more < plain_token.len; more += 5) {
            struct buffer stream, got;
            buffer_init(&stream, 0);
            buffer_init(&got, 0);
            buffer_append_format(&stream, CONTENT("x%.*s") CONTENT("%.*s") CONTENT("%s's") DONE, (int)at,
                                 plain_token.text, (int)more, plain_token.text + at, plain_token.text + at + more);
            struct stream_run run = run_cut(chat, buffer_slice(&stream), 0, 0);
            assert_true(run.finished);
            assert_int_equal(run.counts.restored, 1);
            read_texts(chat, buffer_slice(&run.out), &got);
            assert_same(buffer_slice(&got), SLICE("0.0.choices[].delta.content=x" PLAIN_VALUE "'s;\n"));
            run_drop(&run);
            buffer_deinit(&stream);
            buffer_deinit(&got);
        }
    }
}

static void each_choice_has_its_own_text(void **state) {
    (void)state;
    assert_texts(chat,
                 EVENT(CHOICE(0, "\"content\":\"a EMAIL\"") "," CHOICE(1, "\"content\":\"b PER\"")) //
                 EVENT(CHOICE(1, "\"content\":\"SON!\"")) EVENT(CHOICE(0, "\"content\":\" c $P\"")) //
                 EVENT(CHOICE(1, "\"content\":\"$O\"")) STOP(1) STOP(0) DONE,
                 "0.0.choices[].delta.content=a EMAIL c $P;\n1.0.choices[].delta.content=b PERSON!$O;\n");
}

static void choices_without_an_index_go_by_their_place(void **state) {
    (void)state;
    assert_texts(chat,
                 EVENT("{\"delta\":{\"content\":\"EMA\"}},{\"delta\":{\"content\":\"PERS\"}}") //
                 EVENT("{\"delta\":{}},{\"delta\":{},\"finish_reason\":\"stop\"}")             //
                 EVENT("{\"delta\":{\"content\":\"x\"}},{\"delta\":{}}") DONE,
                 "0.0.choices[].delta.content=EMAx;\n1.0.choices[].delta.content=PERS;\n");
}

static void arguments_are_escaped_once_more(void **state) {
    (void)state;
    struct buffer upstream =
                      with_tokens(TOOL(0, "\"id\":\"t\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}")      //
                                  ARGUMENTS(0, "{\\\"to\\\":\\\"$O\\\",") ARGUMENTS(0, "\\\"n\\\":\\\"\\\\nEM") //
                                  ARGUMENTS(0, "AIL\\\"}") STOP(0) DONE),
                  got;
    buffer_init(&got, 0);
    struct stream_run run = run_all_ways(chat, buffer_slice(&upstream));
    read_texts(chat, buffer_slice(&run.out), &got);
    assert_same(buffer_slice(&got), SLICE("0.0.choices[].delta.tool_calls[].function.arguments="
                                          "{\"to\":\"O\\\"N\\\\\\n\xc3\xa9\",\"n\":\"\\nEMAIL\"};\n"));
    run_drop(&run);
    buffer_deinit(&upstream);
    buffer_deinit(&got);
}

/* A letter that belongs to an escape begins no token, wherever the events are cut. */
static void an_escape_is_followed_over_events(void **state) {
    (void)state;
    assert_texts(chat,
                 ARGUMENTS(0, "a\\\\") ARGUMENTS(0, "PERSON") ARGUMENTS(0, "\\\\u00") ARGUMENTS(0, "E9$P\\\\\\\\$P")
                     STOP(0) DONE,
                 "0.0.choices[].delta.tool_calls[].function.arguments=a\\PERSON\\u00E9$P\\\\$P;\n");
}

static void parallel_tool_calls_have_their_own_texts(void **state) {
    (void)state;
    assert_texts(chat,
                 ARGUMENTS(0, "[EMAIL") ARGUMENTS(1, "[PERSON") ARGUMENTS(0, "_") ARGUMENTS(1, "x]") ARGUMENTS(0, "]")
                     ARGUMENTS(2, "$P$X") TOOL(3, "\"custom\":{\"input\":\"EMA\"}") STOP(0) DONE,
                 "0.0.choices[].delta.tool_calls[].function.arguments=[EMAIL_];\n"
                 "0.1.choices[].delta.tool_calls[].function.arguments=[PERSONx];\n"
                 "0.2.choices[].delta.tool_calls[].function.arguments=$P$X;\n"
                 "0.3.choices[].delta.tool_calls[].custom.input=EMA;\n");
}

static void held_text_leaves_before_what_ends_it(void **state) {
    (void)state;
    static const char *const added = ADDED("{\"index\":0,\"delta\":{\"content\":\"EMAIL_\"},\"finish_reason\":null}");
    char expected[1024];
    (void)snprintf(expected, sizeof expected, "%s%s%s%s", CONTENT("to "), added, STOP(0), DONE);
    assert_bytes(chat, CONTENT("to EMAIL_") STOP(0) DONE, expected, true);
    (void)snprintf(expected, sizeof expected, "%s%s%s", CONTENT("to "), added, DONE);
    assert_bytes(chat, CONTENT("to EMAIL_") DONE, expected, true);
    static const char *const last =
        EVENT("{\"index\":0,\"delta\":{\"content\":\"to EMAIL_\"},\"finish_reason\":\"stop\"}");
    (void)snprintf(expected, sizeof expected, "%s%s", last, DONE);
    assert_bytes(chat, expected, expected, true);
}

static void one_choices_end_holds_the_others(void **state) {
    (void)state;
    assert_texts(chat,
                 EVENT(CHOICE(0, "\"content\":\"EMAIL\"")) EVENT(CHOICE(1, "\"content\":\"EMAIL\"")) STOP(0) //
                 EVENT(CHOICE(1, "\"content\":\"S\"")) STOP(1) DONE,
                 "0.0.choices[].delta.content=EMAIL;\n1.0.choices[].delta.content=EMAILS;\n");
}

#define TRUNCATED                                                                  \
    "data: {\"error\":{\"message\":\"the upstream ended its stream before it was " \
    "complete\",\"type\":\"server_error\","                                        \
    "\"param\":null,\"code\":\"upstream_truncated\"}}\n\n"

static void a_truncated_stream_does_not_look_finished(void **state) {
    (void)state;
    assert_bytes(chat, CONTENT("a"), CONTENT("a") TRUNCATED, false);
    assert_bytes(chat, CONTENT("a EMA"),
                 CONTENT("a ") ADDED("{\"index\":0,\"delta\":{\"content\":\"EMA\"},\"finish_reason\":null}") TRUNCATED,
                 false);
    assert_bytes(chat, "", TRUNCATED, false);
    assert_bytes(chat, ": ping\n\n", ": ping\n\n" TRUNCATED, false);
}

/* A frame that was cut in the middle is no event: an agent that got it would choke on it, and miss the error. */
static void a_frame_that_was_cut_is_dropped(void **state) {
    (void)state;
    assert_bytes(chat, CONTENT("a") "data: {\"id\":\"c1\",\"choi", CONTENT("a") TRUNCATED, false);
    assert_bytes(chat, CONTENT("a") "data: {\"id\":\"c1\"}\ndata: {\"x", CONTENT("a") TRUNCATED, false);
    assert_bytes(chat, CONTENT("a") "data: [DON", CONTENT("a") TRUNCATED, false);
    assert_bytes(chat, CONTENT("a") "da", CONTENT("a") TRUNCATED, false);
}

/* Only its blank line is missing: some upstreams are like that. */
static void a_whole_frame_at_the_end_counts(void **state) {
    (void)state;
    assert_bytes(chat, CONTENT("$P") "data: [DONE]", CONTENT("$P") "data: [DONE]\n\n", true);
    assert_bytes(chat, CONTENT("$P") "data: [DONE]\n", CONTENT("$P") "data: [DONE]\n\n\n", true);
    assert_bytes(chat, "data: {\"choices\":[{\"delta\":{\"content\":\"$P\"}}]}",
                 "data: {\"choices\":[{\"delta\":{\"content\":\"$P\"}}]}\n\n" TRUNCATED, false);
}

#define FAILURE "data: {\"error\":{\"message\":\"$P overloaded\",\"code\":null}}\n\n"

static void an_error_event_passes_and_ends_the_stream(void **state) {
    (void)state;
    struct buffer upstream = with_tokens(CONTENT("a EMA") FAILURE);
    struct buffer expected = with_tokens(
        CONTENT("a ") ADDED("{\"index\":0,\"delta\":{\"content\":\"EMA\"},\"finish_reason\":null}") FAILURE);
    struct stream_run run = run_all_ways(chat, buffer_slice(&upstream));
    assert_same(buffer_slice(&run.out), buffer_slice(&expected));
    run_drop(&run);
    buffer_deinit(&upstream);
    buffer_deinit(&expected);
}

static void every_line_end_will_do(void **state) {
    (void)state;
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    static const char *const expected =
        "0.0.choices[].delta.content=a $P b EMA;\n0.0.choices[].delta.tool_calls[].function.arguments=PERSO;\n";
    for (size_t i = 0; i < 3; i++) {
        struct buffer stream;
        buffer_init(&stream, 0);
        for (const char *at = CONTENT("a $P") CONTENT(" b EMA") ARGUMENTS(0, "PERSO") STOP(0) DONE; *at; at++)
            buffer_append_str(&stream, *at == '\n' ? ends[i] : (char[2]){*at, '\0'});
        buffer_append_char(&stream, '\0');
        assert_texts(chat, stream.data, expected);
        buffer_deinit(&stream);
    }
}

static void data_in_several_lines_is_one(void **state) {
    (void)state;
    assert_bytes(chat,
                 "event: chunk\ndata: {\"choices\":[{\"index\":0,\ndata:  \"delta\":{\"content\":\"$P\"}\nid: 4\ndata: "
                 "}]}\n\n" DONE,
                 "event: chunk\ndata: {\"choices\":[{\"index\":0,\ndata:  \"delta\":{\"content\":\"$P\"}\ndata: "
                 "}]}\nid: 4\n\n" DONE,
                 true);
}

static void unknown_events_are_searched_as_they_stand(void **state) {
    (void)state;
    assert_bytes(chat, "event: note\ndata: see $P and $X\n\n" DONE, "event: note\ndata: see $P and $X\n\n" DONE, true);
    assert_bytes(chat, "data: {\"type\":\"x\",\"deep\":{\"t\":\"$O\"}}\n\n" DONE,
                 "data: {\"type\":\"x\",\"deep\":{\"t\":\"$O\"}}\n\n" DONE, true);
}

/* JSON that the walker does not accept is JSON to the agent all the same: a value must not break out of its string. */
static void a_value_never_breaks_out_of_json(void **state) {
    (void)state;
    assert_bytes(chat, "data: {\"a\":1,\"a\":\"$O\"}\n\n" DONE, "data: {\"a\":1,\"a\":\"$O\"}\n\n" DONE, true);
    assert_bytes(chat, "data:  [\"$O\",]\n\n" DONE, "data:  [\"$O\",]\n\n" DONE, true);
}

static void log_probabilities_are_stripped(void **state) {
    (void)state;
    assert_bytes(chat,
                 EVENT("{\"index\":0,\"delta\":{\"content\":\"$P\"},\"logprobs\":{\"content\":[{\"token\":\"$P\"}]}}")
                     DONE,
                 EVENT("{\"index\":0,\"delta\":{\"content\":\"$P\"},\"logprobs\":null}") DONE, true);
}

static void more_texts_than_can_be_held_are_an_error(void **state) {
    (void)state;
    struct buffer stream, out;
    struct answer_stream *answer = NULL;
    buffer_init(&stream, 0);
    buffer_init(&out, 0);
    for (int i = 0; i < 1025; i++)
        buffer_append_format(&stream, "data: {\"choices\":[{\"index\":%d,\"delta\":{\"content\":\"EMA\"}}]}\n\n", i);
    assert_int_equal(answer_stream_create(chat, &answer_source, true, &answer), OUTCOME_OK);
    assert_int_equal(answer_stream_feed(answer, buffer_slice(&stream), &out), OUTCOME_OVERFLOW);
    assert_int_equal(answer_stream_feed(answer, buffer_slice(&stream), &out), OUTCOME_OVERFLOW);
    buffer_clear(&out);
    const struct api_error error = {.status = 502, .code = "c", .message = "m"};
    answer_stream_abort(answer, &error, &out);
    buffer_append_char(&out, '\0');
    assert_non_null(strstr(out.data, "\"index\":1023"));
    assert_non_null(strstr(out.data, "\"code\":\"c\"}}\n\n"));
    answer_stream_destroy(&answer);
    buffer_deinit(&stream);
    buffer_deinit(&out);
}

/* What an upstream can send in one event must not keep a loop busy. */
static void assert_quick(const char *head, const char *element, int count, const char *tail) {
    struct buffer stream;
    buffer_init(&stream, 0);
    buffer_append_str(&stream, head);
    for (int i = 0; i < count; i++) buffer_append_str(&stream, element);
    buffer_append_str(&stream, tail);
    const uint64_t begin_ns = clock_monotonic_ns();
    struct stream_run run = run_cut(chat, buffer_slice(&stream), 0, 0);
    if (clock_monotonic_ns() - begin_ns >= 2000000000u) print_error("%s: slow\n", element);
    assert_true(clock_monotonic_ns() - begin_ns < 2000000000u);
    run_drop(&run);
    buffer_deinit(&stream);
}

static void hostile_events_cost_little(void **state) {
    (void)state;
    assert_quick("data: {\"choices\":[", "{\"delta\":{\"content\":\"x\"}},", 30000, "{}]}\n\n");
    assert_quick("data: {\"choices\":[", "{},", 60000,
                 "{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"x\"}}]}}]}\n\n");
    struct buffer head;
    buffer_init(&head, 0);
    buffer_append_str(&head, "data: {\"choices\":[");
    for (int i = 0; i < 30000; i++) buffer_append_str(&head, "{},");
    buffer_append_str(&head, "{\"delta\":{\"tool_calls\":[");
    buffer_append_char(&head, '\0');
    assert_quick(head.data, "{\"index\":0,\"function\":{\"arguments\":\"x\"}},", 30000, "{}]}}]}\n\n");
    buffer_deinit(&head);
}

static void every_failed_allocation_is_survived(void **state) {
    (void)state;
    struct buffer upstream =
        with_tokens(": c\n\n" CONTENT("a $P EM") ARGUMENTS(0, "$O PERS") CONTENT("x") STOP(0) DONE);
    struct stream_run whole = run_cut(chat, buffer_slice(&upstream), 0, 0);
    for (unsigned nth = 1;; nth++) {
        struct buffer out;
        struct answer_stream *stream = NULL;
        bool finished = false;
        buffer_init(&out, 0);
        failing_alloc_arm(nth);
        enum outcome outcome = answer_stream_create(chat, &answer_source, true, &stream);
        if (outcome == OUTCOME_OK) outcome = answer_stream_feed(stream, buffer_slice(&upstream), &out);
        if (outcome == OUTCOME_OK) outcome = answer_stream_finish(stream, &out, &finished);
        const bool failed = failing_alloc_disarm();
        if (outcome == OUTCOME_OK) {
            assert_same(buffer_slice(&out), buffer_slice(&whole.out));
        } else {
            assert_true(failed);
            assert_false(finished);
            /* What left before the failure is the beginning of what should have left. */
            assert_true(out.len <= whole.out.len && memcmp(out.data ? out.data : "", whole.out.data, out.len) == 0);
            const struct api_error error = {.status = 502, .code = "c", .message = "m"};
            if (stream) answer_stream_abort(stream, &error, &out);
        }
        answer_stream_destroy(&stream);
        buffer_deinit(&out);
        if (!failed) break;
    }
    run_drop(&whole);
    buffer_deinit(&upstream);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_without_tokens_is_untouched),
        cmocka_unit_test(a_token_in_one_event_is_restored),
        cmocka_unit_test(a_token_is_restored_however_events_cut_it),
        cmocka_unit_test(each_choice_has_its_own_text),
        cmocka_unit_test(choices_without_an_index_go_by_their_place),
        cmocka_unit_test(arguments_are_escaped_once_more),
        cmocka_unit_test(an_escape_is_followed_over_events),
        cmocka_unit_test(parallel_tool_calls_have_their_own_texts),
        cmocka_unit_test(held_text_leaves_before_what_ends_it),
        cmocka_unit_test(one_choices_end_holds_the_others),
        cmocka_unit_test(a_truncated_stream_does_not_look_finished),
        cmocka_unit_test(a_frame_that_was_cut_is_dropped),
        cmocka_unit_test(a_whole_frame_at_the_end_counts),
        cmocka_unit_test(an_error_event_passes_and_ends_the_stream),
        cmocka_unit_test(every_line_end_will_do),
        cmocka_unit_test(data_in_several_lines_is_one),
        cmocka_unit_test(unknown_events_are_searched_as_they_stand),
        cmocka_unit_test(a_value_never_breaks_out_of_json),
        cmocka_unit_test(log_probabilities_are_stripped),
        cmocka_unit_test(more_texts_than_can_be_held_are_an_error),
        cmocka_unit_test(hostile_events_cost_little),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, answer_make, answer_drop);
}
