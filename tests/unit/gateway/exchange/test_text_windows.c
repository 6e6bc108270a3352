#include "unit/gateway/exchange/stream_fixture.h"

#include "unit/failing_alloc.h"

/* --- formats whose events are said again --- */

#define DELTA(index, member)                                                                                      \
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":" #index ",\"delta\":{" member \
    "}}\n\n"
#define TEXT(index, text) DELTA(index, "\"type\":\"text_delta\",\"text\":\"" text "\"")
#define JSON_PART(index, text) DELTA(index, "\"type\":\"input_json_delta\",\"partial_json\":\"" text "\"")
#define BLOCK_STOP(index) "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":" #index "}\n\n"
#define MESSAGE_STOP "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"

static void held_text_is_said_in_its_last_event_again(void **state) {
    (void)state;
    assert_bytes(&api_anthropic_messages, TEXT(0, "a $P EMAI") BLOCK_STOP(0) MESSAGE_STOP,
                 TEXT(0, "a $P ") TEXT(0, "EMAI") BLOCK_STOP(0) MESSAGE_STOP, true);
    assert_bytes(&api_anthropic_messages, TEXT(0, "a EMAI") TEXT(1, "b PER") BLOCK_STOP(1) BLOCK_STOP(0) MESSAGE_STOP,
                 TEXT(0, "a ") TEXT(1, "b ") TEXT(1, "PER") BLOCK_STOP(1) TEXT(0, "EMAI") BLOCK_STOP(0) MESSAGE_STOP,
                 true);
    assert_bytes(&api_anthropic_messages, JSON_PART(0, "{\\\"a\\\":\\\"EMA") BLOCK_STOP(0) MESSAGE_STOP,
                 JSON_PART(0, "{\\\"a\\\":\\\"") JSON_PART(0, "EMA") BLOCK_STOP(0) MESSAGE_STOP, true);
}

static void texts_of_blocks_are_kept_apart(void **state) {
    (void)state;
    assert_texts(&api_anthropic_messages,
                 TEXT(0, "x EMAIL") TEXT(1, "PERSON") TEXT(0, " y $P") JSON_PART(2, "{\\\"k\\\":\\\"$P") TEXT(1, "_")
                     JSON_PART(2, "\\\"}") BLOCK_STOP(0) BLOCK_STOP(1) BLOCK_STOP(2) MESSAGE_STOP,
                 "0.0.content_block_delta:delta.text=x EMAIL y $P;\n1.0.content_block_delta:delta.text=PERSON_;\n"
                 "2.0.content_block_delta:delta.partial_json={\"k\":\"$P\"};\n");
}

static void thinking_is_never_touched(void **state) {
    (void)state;
    struct buffer upstream = with_tokens(DELTA(0, "\"type\":\"thinking_delta\",\"thinking\":\"$P EMA\"") DELTA(
        0, "\"type\":\"signature_delta\",\"signature\":\"$P\"") BLOCK_STOP(0) MESSAGE_STOP);
    struct stream_run run = run_all_ways(&api_anthropic_messages, buffer_slice(&upstream));
    assert_same(buffer_slice(&run.out), buffer_slice(&upstream));
    run_drop(&run);
    buffer_deinit(&upstream);
}

/* A block begins once: what begins it is never said again. */
static void the_beginning_of_a_block_is_not_said_again(void **state) {
    (void)state;
    static const char *const start =
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":"
        "\"text\",\"text\":\"x EMA\"}}\n\n";
    char stream[1024];
    (void)snprintf(stream, sizeof stream, "%s%s%s%s", start, TEXT(0, "b"), BLOCK_STOP(0), MESSAGE_STOP);
    assert_bytes(&api_anthropic_messages, stream, stream, true);
}

#define LINE(text) "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"" text "\"},\"done\":false}\n"
#define LAST(text) "{\"model\":\"m\",\"message\":{\"content\":\"" text "\"},\"done\":true}\n"

static void lines_are_said_again_as_lines(void **state) {
    (void)state;
    assert_bytes(&api_ollama_chat, LINE("a $P") LINE("EMA") LAST(""), LINE("a $P") LINE("") LAST("EMA"), true);
    assert_bytes(&api_ollama_chat, LINE("a EMA") "{\"done\":true}\n", LINE("a ") LINE("EMA") "{\"done\":true}\n", true);
    assert_bytes(&api_ollama_chat, LINE("a") LAST("$O"), LINE("a") LAST("$O"), true);
}

#define CUT_SHORT \
    "{\"error\":\"the upstream ended its stream before it was complete\",\"code\":\"upstream_truncated\"}\n"

/* The last line of a stream that broke off lacks its end: what is added must not run into it. */
static void a_line_without_its_end_gets_one(void **state) {
    (void)state;
    assert_bytes(&api_ollama_chat, "{\"message\":{\"content\":\"a EMA\"}}",
                 "{\"message\":{\"content\":\"a \"}}\n{\"message\":{\"content\":\"EMA\"}}\n" CUT_SHORT, false);
    assert_bytes(&api_ollama_chat, LINE("a") "{\"message\":{\"con", LINE("a") CUT_SHORT, false);
    assert_bytes(&api_ollama_chat, LINE("a") "{\"done\":true}", LINE("a") "{\"done\":true}\n", true);
}

#define PARTS(parts) "data: {\"candidates\":[{\"content\":{\"parts\":[" parts "]}}]}\n\n"

static void several_texts_of_one_event_are_said_again_one_by_one(void **state) {
    (void)state;
    assert_bytes(
        &api_gemini,
        PARTS("{\"text\":\"a EMA\"},{\"text\":\"b PER\"}") "data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\n\n",
        PARTS("{\"text\":\"a \"},{\"text\":\"b \"}") PARTS("{\"text\":\"EMA\"},{\"text\":\"\"}")
            PARTS("{\"text\":\"\"},{\"text\":\"PER\"}") "data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\n\n",
        true);
}

static void an_event_in_several_lines_is_said_again_in_one(void **state) {
    (void)state;
    assert_bytes(&api_anthropic_messages,
                 "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\ndata: "
                 "\"delta\":{\"text\":\"a EMA\"}}\n\n" MESSAGE_STOP,
                 "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\ndata: "
                 "\"delta\":{\"text\":\"a \"}}\n\n"
                 "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0, "
                 "\"delta\":{\"text\":\"EMA\"}}\n\n" MESSAGE_STOP,
                 true);
}

/* With CRLF a stream may be cut between the two, and what is added comes out the same. */
static void every_line_end_will_do(void **state) {
    (void)state;
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    for (size_t i = 0; i < 3; i++) {
        struct buffer stream, expected;
        buffer_init(&stream, 0);
        buffer_init(&expected, 0);
        for (const char *at = TEXT(0, "a EMA") TEXT(1, "$P") BLOCK_STOP(0) MESSAGE_STOP; *at; at++)
            buffer_append_str(&stream, *at == '\n' ? ends[i] : (char[2]){*at, '\0'});
        for (const char *at = TEXT(0, "a ") TEXT(1, "$P") TEXT(0, "EMA") "|" BLOCK_STOP(0) MESSAGE_STOP; *at; at++)
            if (*at != '|')
                buffer_append_str(&expected, *at == '\n' ? ends[i] : (char[2]){*at, '\0'});
            else if (i == 2)
                buffer_append_char(&expected, '\n'); /* makes its last line end a CRLF: nobody can tell what follows */
        buffer_append_char(&stream, '\0');
        buffer_append_char(&expected, '\0');
        assert_bytes(&api_anthropic_messages, stream.data, expected.data, true);
        buffer_deinit(&stream);
        buffer_deinit(&expected);
    }
}

/* An upstream's large events, each held by some text, are not kept without end. */
static void only_so_much_is_kept(void **state) {
    (void)state;
    struct buffer upstream, out;
    struct answer_stream *stream = NULL;
    buffer_init(&upstream, 0);
    buffer_init(&out, 0);
    assert_int_equal(answer_stream_create(&api_anthropic_messages, &answer_source, true, &stream), OUTCOME_OK);
    enum outcome outcome = OUTCOME_OK;
    size_t fed = 0;
    for (int i = 0; i < 64 && outcome == OUTCOME_OK; i++) {
        buffer_clear(&upstream);
        buffer_append_format(
            &upstream,
            "data: "
            "{\"type\":\"content_block_delta\",\"index\":%d,\"pad\":\"%0262144d\",\"delta\":{\"text\":\"EMA\"}}\n\n",
            i, 0);
        fed += upstream.len;
        outcome = answer_stream_feed(stream, buffer_slice(&upstream), &out);
        buffer_clear(&out);
    }
    assert_int_equal(outcome, OUTCOME_OVERFLOW);
    assert_true(fed < (12u << 20));
    answer_stream_destroy(&stream);
    buffer_deinit(&upstream);
    buffer_deinit(&out);
}

static void every_failed_allocation_is_survived(void **state) {
    (void)state;
    struct buffer upstream = with_tokens(TEXT(0, "a $P EM") JSON_PART(1, "$O PERS") TEXT(0, "x EMA") BLOCK_STOP(0)
                                             BLOCK_STOP(1) MESSAGE_STOP);
    struct stream_run whole = run_cut(&api_anthropic_messages, buffer_slice(&upstream), 0, 0);
    assert_true(whole.finished);
    for (unsigned nth = 1;; nth++) {
        struct buffer out;
        struct answer_stream *stream = NULL;
        bool finished = false;
        buffer_init(&out, 0);
        failing_alloc_arm(nth);
        enum outcome outcome = answer_stream_create(&api_anthropic_messages, &answer_source, true, &stream);
        if (outcome == OUTCOME_OK) outcome = answer_stream_feed(stream, buffer_slice(&upstream), &out);
        if (outcome == OUTCOME_OK) outcome = answer_stream_finish(stream, &out, &finished);
        const bool failed = failing_alloc_disarm();
        assert_int_equal(outcome == OUTCOME_OK, !failed);
        assert_true(out.len <= whole.out.len && memcmp(out.data ? out.data : "", whole.out.data, out.len) == 0);
        const struct api_error error = {.status = 502, .code = "c", .message = "m"};
        if (stream) answer_stream_abort(stream, &error, &out);
        answer_stream_destroy(&stream);
        buffer_deinit(&out);
        if (!failed) break;
    }
    run_drop(&whole);
    buffer_deinit(&upstream);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(held_text_is_said_in_its_last_event_again),
        cmocka_unit_test(texts_of_blocks_are_kept_apart),
        cmocka_unit_test(thinking_is_never_touched),
        cmocka_unit_test(the_beginning_of_a_block_is_not_said_again),
        cmocka_unit_test(lines_are_said_again_as_lines),
        cmocka_unit_test(a_line_without_its_end_gets_one),
        cmocka_unit_test(several_texts_of_one_event_are_said_again_one_by_one),
        cmocka_unit_test(an_event_in_several_lines_is_said_again_in_one),
        cmocka_unit_test(every_line_end_will_do),
        cmocka_unit_test(only_so_much_is_kept),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, answer_make, answer_drop);
}
