/* Streams that are cut off, broken, refused or too long: never an end that the upstream did not tell. */
#include "unit/gateway/translate/streams.h"

#include "unit/failing_alloc.h"

static const char *end_marks[TRANSLATE_FORMAT_COUNT] = {"[DONE]", "message_stop", "\"done\":true",
                                                        "response.completed"};
static const char *error_marks[TRANSLATE_FORMAT_COUNT] = {
    "data: {\"error\":{\"message\":\"", "event: error\ndata: ", "{\"error\":\"", "event: error\ndata: "};

static void assert_ends_in_error(enum translate_format to, struct buffer *out) {
    buffer_append_char(out, '\0');
    const char *error = strstr(out->data, error_marks[to]);
    assert_non_null(error);
    assert_null(strstr(error + 1, error_marks[to]));
    assert_null(strstr(out->data, end_marks[to]));
}

static void test_cut_off_anywhere(void **state) {
    (void)state;
    for (unsigned from = 0; from < TRANSLATE_RESPONSES; from++)
        for (unsigned to = 0; to < TRANSLATE_FORMAT_COUNT; to++)
            for (size_t count = 0; streams[from][count]; count++) {
                struct buffer out;
                struct translate_stream *stream = stream_of(from, to);
                buffer_init(&out, 0);
                assert_int_equal(feed_events(stream, streams[from], count, &out), OUTCOME_OK);
                translate_stream_end(stream, count % 2, &out);
                translate_stream_end(stream, true, &out); /* one error is enough */
                assert_false(translate_stream_ended(stream));
                assert_int_equal(feed_events(stream, streams[from], SIZE_MAX, &out), OUTCOME_OK);
                if (from != to) assert_ends_in_error(to, &out);
                translate_stream_destroy(&stream);
                buffer_deinit(&out);
            }
}

static void test_upstream_errors(void **state) {
    (void)state;
    static const char *const errors[TRANSLATE_RESPONSES] = {
        "{'error':{'message':'it \\'broke\\'','type':'server_error'}}",
        "{'type':'error','error':{'type':'overloaded_error','message':'it \\'broke\\''}}",
        "{'error':'it \\'broke\\''}",
    };
    for (unsigned from = 0; from < TRANSLATE_RESPONSES; from++)
        for (unsigned to = 0; to < TRANSLATE_FORMAT_COUNT; to++)
            for (size_t before = 0; before < 5; before++) {
                const char *const last[] = {errors[from], streams[from][before], NULL};
                struct buffer out;
                struct translate_stream *stream = stream_of(from, to);
                buffer_init(&out, 0);
                assert_int_equal(feed_events(stream, streams[from], before, &out), OUTCOME_OK);
                assert_int_equal(feed_events(stream, last, SIZE_MAX, &out), OUTCOME_OK);
                translate_stream_end(stream, true, &out);
                assert_false(translate_stream_ended(stream));
                if (from != to) {
                    assert_ends_in_error(to, &out);
                    assert_non_null(strstr(out.data, "it \\\"broke\\\""));
                }
                translate_stream_destroy(&stream);
                buffer_deinit(&out);
            }
}

static const struct {
    const char *events[4];
    enum translate_format from;
    enum outcome outcome;
} broken_streams[] = {
    {{"not json"}, OC, OUTCOME_INVALID},
    {{"[DONE]"}, OC, OUTCOME_INVALID},
    {{"[1]"}, OC, OUTCOME_INVALID},
    {{CHUNK("'content':'a'", "null"), "[DONE]"}, OC, OUTCOME_INVALID},
    {{CHUNK("'content':'a'", "'made_up'")}, OC, OUTCOME_INVALID},
    {{CHUNK("'content':7", "null")}, OC, OUTCOME_INVALID},
    {{CHUNK("'audio':{}", "null")}, OC, OUTCOME_UNSUPPORTED},
    {{CHUNK("'function_call':{'name':'f'}", "null")}, OC, OUTCOME_UNSUPPORTED},
    {{CHUNK("'tool_calls':{}", "null")}, OC, OUTCOME_INVALID},
    {{CHUNK("'tool_calls':[7]", "null")}, OC, OUTCOME_INVALID},
    {{CHUNK("'tool_calls':[{'index':-1,'function':{'name':'f'}}]", "null")}, OC, OUTCOME_INVALID},
    {{CHUNK("'tool_calls':[{'index':0,'function':{'arguments':'{}'}}]", "null")}, OC, OUTCOME_INVALID},
    {{CHUNK("'tool_calls':[{'index':0,'function':{'name':'f','arguments':{}}}]", "null")}, OC, OUTCOME_INVALID},
    {{"{'choices':[{'index':1,'delta':{'content':'a'}}]}"}, OC, OUTCOME_UNSUPPORTED},
    {{"{'choices':{}}"}, OC, OUTCOME_INVALID},
    {{"{'choices':[7]}"}, OC, OUTCOME_INVALID},
    {{"{}"}, AN, OUTCOME_INVALID},
    {{"[DONE]"}, AN, OUTCOME_INVALID},
    {{"{'type':'message_stop'}"}, AN, OUTCOME_INVALID},
    {{"{'type':'content_block_start','index':0,'content_block':{'type':'text','text':''}}"}, AN, OUTCOME_INVALID},
    {{"{'type':'message_start','message':{}}",
      "{'type':'content_block_delta','index':0,'delta':{'type':'text_delta','text':'a'}}"},
     AN,
     OUTCOME_INVALID},
    {{"{'type':'message_start','message':{}}", "{'type':'content_block_stop','index':0}"}, AN, OUTCOME_INVALID},
    {{"{'type':'message_start','message':{}}",
      "{'type':'content_block_start','index':0,'content_block':{'type':'server_tool_use'}}"},
     AN,
     OUTCOME_UNSUPPORTED},
    {{"{'type':'message_start','message':{}}",
      "{'type':'content_block_start','index':0,'content_block':{'type':'text','text':''}}",
      "{'type':'content_block_delta','index':0,'delta':{'type':'input_json_delta','partial_json':'{}'}}"},
     AN,
     OUTCOME_INVALID},
    {{"{'type':'message_start','message':{}}",
      "{'type':'content_block_start','index':0,'content_block':{'type':'text','text':''}}",
      "{'type':'content_block_delta','index':0,'delta':{'type':'made_up_delta'}}"},
     AN,
     OUTCOME_UNSUPPORTED},
    {{"{'type':'message_start','message':{}}", "{'type':'message_delta','delta':{'stop_reason':'pause_turn'}}"},
     AN,
     OUTCOME_UNSUPPORTED},
    {{"7"}, OL, OUTCOME_INVALID},
    {{LINE("'content':7", "'done':false")}, OL, OUTCOME_INVALID},
    {{LINE("'content':'a'", "'done':true,'done_reason':'made_up'")}, OL, OUTCOME_INVALID},
    {{LINE("'content':'','tool_calls':[{'function':{'name':'f','arguments':'{}'}}]", "'done':false")},
     OL,
     OUTCOME_INVALID},
    {{LINE("'content':'','tool_calls':[{'function':{'arguments':{}}}]", "'done':false")}, OL, OUTCOME_INVALID},
};

static void test_broken(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof broken_streams / sizeof broken_streams[0]; i++)
        for (unsigned to = 0; to < TRANSLATE_FORMAT_COUNT; to++) {
            const enum translate_format from = broken_streams[i].from;
            if (from == to) continue;
            struct buffer out;
            struct translate_stream *stream = stream_of(from, to);
            buffer_init(&out, 0);
            const enum outcome outcome = feed_events(stream, broken_streams[i].events, 4, &out);
            if (outcome != broken_streams[i].outcome) fail_msg("case %zu: %s", i, outcome_name(outcome));
            assert_int_equal(feed_events(stream, streams[from], SIZE_MAX, &out), outcome); /* it stays broken */
            translate_stream_end(stream, true, &out);
            assert_ends_in_error(to, &out);
            translate_stream_destroy(&stream);
            buffer_deinit(&out);
        }
}

/* Arguments that are no object: a format that streams them passes them on, one that does not cannot. */
static void test_broken_arguments(void **state) {
    (void)state;
    static const char *const events[] = {
        CHUNK("'tool_calls':[{'index':0,'id':'x','function':{'name':'f','arguments':'{\\'a\\':'}}]", "'length'"),
        "[DONE]",
        NULL,
    };
    struct buffer out;
    buffer_init(&out, 0);
    struct translate_stream *stream = stream_of(OC, OL);
    assert_int_equal(feed_events(stream, events, SIZE_MAX, &out), OUTCOME_INVALID);
    translate_stream_end(stream, true, &out);
    assert_ends_in_error(OL, &out);
    translate_stream_destroy(&stream);
    buffer_clear(&out);
    stream = stream_of(OC, AN);
    assert_int_equal(feed_events(stream, events, SIZE_MAX, &out), OUTCOME_OK);
    assert_true(translate_stream_ended(stream));
    translate_stream_destroy(&stream);
    buffer_deinit(&out);
}

static void test_no_pair(void **state) {
    (void)state;
    struct translate_stream *stream = NULL;
    assert_int_equal(translate_stream_create(RE, OC, &stream), OUTCOME_UNSUPPORTED);
    assert_null(stream);
    translate_stream_destroy(&stream);
}

/* ---- bounds ---- */

static void test_too_many_blocks(void **state) {
    (void)state;
    struct buffer out;
    struct translate_stream *stream = stream_of(OC, AN);
    enum outcome outcome = OUTCOME_OK;
    unsigned calls = 0;
    buffer_init(&out, 0);
    for (; calls < 2000 && outcome == OUTCOME_OK; calls++) {
        char chunk[256];
        assert_true(
            snprintf(chunk, sizeof chunk,
                     "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":%u,\"function\":{\"name\":\"f\"}}]}}]}",
                     calls) > 0);
        outcome = translate_stream_event(stream, SLICE(""), slice_str(chunk), &out);
    }
    assert_int_equal(outcome, OUTCOME_OVERFLOW);
    assert_int_equal(calls, 1025);
    translate_stream_destroy(&stream);
    buffer_deinit(&out);
}

static void test_too_much_text(void **state) {
    (void)state;
    static char text[1u << 20];
    memset(text, 'a', sizeof text);
    struct buffer out, chunk;
    struct translate_stream *stream = stream_of(OC, RE);
    enum outcome outcome = OUTCOME_OK;
    unsigned pieces = 0;
    buffer_init(&out, 0);
    buffer_init(&chunk, 0);
    buffer_append_str(&chunk, "{\"choices\":[{\"delta\":{\"content\":\"");
    buffer_append(&chunk, slice_of(text, sizeof text));
    buffer_append_str(&chunk, "\"}}]}");
    for (; pieces < 40 && outcome == OUTCOME_OK; pieces++) {
        buffer_clear(&out);
        outcome = translate_stream_event(stream, SLICE(""), buffer_slice(&chunk), &out);
    }
    assert_int_equal(outcome, OUTCOME_OVERFLOW);
    assert_int_equal(pieces, 33);
    translate_stream_destroy(&stream);
    buffer_deinit(&out);
    buffer_deinit(&chunk);
}

static void test_every_allocation_failed_once(void **state) {
    (void)state;
    for (unsigned from = 0; from < TRANSLATE_RESPONSES; from++)
        for (unsigned to = 0; to < TRANSLATE_FORMAT_COUNT; to++)
            for (unsigned nth = 1;; nth++) {
                struct translate_stream *stream = NULL;
                struct buffer out;
                struct arena arena;
                const char *events[32];
                size_t count = 0;
                arena_init(&arena, FIXTURE_ARENA_BYTES);
                for (; streams[from][count]; count++) events[count] = double_quoted(&arena, streams[from][count]);
                buffer_init(&out, 0);
                failing_alloc_arm(nth);
                enum outcome outcome = translate_stream_create(from, to, &stream);
                for (size_t i = 0; i < count && outcome == OUTCOME_OK; i++)
                    outcome = translate_stream_event(stream, SLICE(""), slice_str(events[i]), &out);
                const bool failed = failing_alloc_disarm();
                assert_int_equal(outcome, failed ? OUTCOME_NO_MEMORY : OUTCOME_OK);
                if (stream && failed) {
                    assert_false(translate_stream_ended(stream) && !out.failed);
                    buffer_clear(&out);
                    translate_stream_end(stream, true, &out);
                    if (from != to) assert_ends_in_error(to, &out);
                }
                translate_stream_destroy(&stream);
                buffer_deinit(&out);
                arena_reset(&arena);
                if (!failed) break;
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut_off_anywhere), cmocka_unit_test(test_upstream_errors),
        cmocka_unit_test(test_broken),           cmocka_unit_test(test_broken_arguments),
        cmocka_unit_test(test_no_pair),          cmocka_unit_test(test_too_many_blocks),
        cmocka_unit_test(test_too_much_text),    cmocka_unit_test(test_every_allocation_failed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
