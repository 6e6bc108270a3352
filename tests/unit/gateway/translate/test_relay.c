/* Streams: what an agent of each format gets, in every order of events that the upstreams' formats allow. */
#include "unit/gateway/translate/streams.h"

#include "gateway/body/json_text.h"

/* ---- what an answer says, whatever its format: its last Responses event, told in one line ---- */

static void tell(struct buffer *out, const char *label, struct slice encoded, bool compact) {
    char *plain = malloc(encoded.len + 1);
    assert_non_null(plain);
    const size_t len = json_text_decode(encoded, plain);
    buffer_append_str(out, label);
    for (size_t i = 0; i < len; i++)
        if (!compact || !strchr(" \n", plain[i])) buffer_append_char(out, plain[i]);
    free(plain);
}

static struct slice member(const struct json_doc *doc, uint32_t object, const char *name) {
    return json_raw(doc, json_member(doc, object, slice_str(name)));
}

static void tell_item(struct buffer *out, const struct json_doc *doc, uint32_t item) {
    const struct slice type = member(doc, item, "type");
    const uint32_t content = json_first(doc, json_member(doc, item, SLICE("content")));
    if (slice_equal(type, SLICE("function_call"))) {
        tell(out, "call(", member(doc, item, "name"), false);
        tell(out, " ", member(doc, item, "arguments"), true);
    } else {
        tell(out, slice_equal(type, SLICE("reasoning")) ? "think(" : "text(", member(doc, content, "text"), false);
        tell(out, "", member(doc, content, "refusal"), false);
    }
    buffer_append_str(out, ") ");
}

/* The response of the last event in `frames`; the caller frees. */
static char *told(struct slice frames) {
    struct arena arena;
    struct buffer out;
    arena_init(&arena, FIXTURE_ARENA_BYTES);
    buffer_init(&out, 0);
    const char *last = NULL;
    for (size_t i = 0; i + 6 < frames.len; i++)
        if (memcmp(frames.data + i, "data: ", 6) == 0) last = frames.data + i + 6;
    assert_non_null(last);
    const size_t len = (size_t)(frames.data + frames.len - last);
    const struct json_doc doc = walked(&arena, arena_string(&arena, slice_of(last, len)), true);
    const uint32_t response = json_member(&doc, 0, SLICE("response"));
    const uint32_t output = json_member(&doc, response, SLICE("output"));
    for (uint32_t item = json_first(&doc, output); item != JSON_NONE; item = json_after(&doc, output, item))
        tell_item(&out, &doc, item);
    tell(&out, "", member(&doc, response, "status"), false);
    const uint32_t usage = json_member(&doc, response, SLICE("usage"));
    tell(&out, " ", member(&doc, usage, "input_tokens"), false);
    tell(&out, "/", member(&doc, usage, "output_tokens"), false);
    buffer_append_char(&out, '\0');
    arena_reset(&arena);
    char *none = strstr(out.data, " 0/0"); /* Anthropic's events have a usage always */
    if (none) memcpy(none, " /", 3);
    return out.data;
}

/* Carries frames on, through each of the formats in `path`, and tells what comes out as Responses. */
static char *told_along(struct slice frames, const enum translate_format *path, size_t count) {
    struct buffer now;
    buffer_init(&now, 0);
    buffer_append(&now, frames);
    for (size_t i = 0; i < count; i++) {
        const enum translate_format to = i + 1 < count ? path[i + 1] : TRANSLATE_RESPONSES;
        struct translate_stream *stream = stream_of(path[i], to);
        struct buffer next;
        buffer_init(&next, 0);
        assert_int_equal(feed_frames(stream, path[i], buffer_slice(&now), &next), OUTCOME_OK);
        assert_true(translate_stream_ended(stream));
        const size_t len = next.len;
        translate_stream_end(stream, true, &next);
        assert_int_equal(next.len, len); /* nothing is added to a whole answer */
        translate_stream_destroy(&stream);
        buffer_deinit(&now);
        now = next;
    }
    char *text = told(buffer_slice(&now));
    buffer_deinit(&now);
    return text;
}

/* Carries events to `to`, and tells what an agent of that format was told. */
static char *told_events(enum translate_format from, enum translate_format to, const char *const *events) {
    struct translate_stream *stream = stream_of(from, to);
    struct buffer out;
    buffer_init(&out, 0);
    const enum outcome outcome = feed_events(stream, events, SIZE_MAX, &out);
    if (outcome != OUTCOME_OK) fail_msg("%d to %d: %s", (int)from, (int)to, outcome_name(outcome));
    assert_true(translate_stream_ended(stream));
    translate_stream_destroy(&stream);
    char *text = to == TRANSLATE_RESPONSES ? told(buffer_slice(&out)) : told_along(buffer_slice(&out), &to, 1);
    buffer_deinit(&out);
    return text;
}

static void test_every_pair(void **state) {
    (void)state;
    for (unsigned from = 0; from < TRANSLATE_RESPONSES; from++)
        for (unsigned to = 0; to < TRANSLATE_FORMAT_COUNT; to++) {
            char *text = told_events(from, to, streams[from]);
            assert_string_equal(text, STREAMED);
            free(text);
        }
}

static void test_every_path(void **state) {
    (void)state;
    for (unsigned from = 0; from < TRANSLATE_RESPONSES; from++)
        for (unsigned by = 0; by < TRANSLATE_RESPONSES; by++)
            for (unsigned on = 0; on < TRANSLATE_RESPONSES; on++) {
                const enum translate_format path[] = {by, on};
                struct translate_stream *stream = stream_of(from, by);
                struct buffer out;
                buffer_init(&out, 0);
                assert_int_equal(feed_events(stream, streams[from], SIZE_MAX, &out), OUTCOME_OK);
                translate_stream_destroy(&stream);
                char *text = told_along(buffer_slice(&out), path, 2);
                assert_string_equal(text, STREAMED);
                free(text);
                buffer_deinit(&out);
            }
}

/* ---- exact events ---- */

static void assert_events(enum translate_format from, enum translate_format to, const char *const *events,
                          const char *expected) {
    struct arena arena;
    struct buffer out;
    struct translate_stream *stream = stream_of(from, to);
    arena_init(&arena, FIXTURE_ARENA_BYTES);
    buffer_init(&out, 0);
    assert_int_equal(feed_events(stream, events, SIZE_MAX, &out), OUTCOME_OK);
    buffer_append_char(&out, '\0');
    assert_string_equal(out.data, double_quoted(&arena, expected));
    translate_stream_destroy(&stream);
    buffer_deinit(&out);
    arena_reset(&arena);
}

#define SAID(name, rest) "event: " name "\ndata: {'type':'" name "'" rest "}\n\n"
#define NO_USAGE \
    "'usage':{'input_tokens':0,'cache_creation_input_tokens':0,'cache_read_input_tokens':0,'output_tokens':0}"

static void test_anthropic_events(void **state) {
    (void)state;
    static const char *const events[] = {
        CHUNK("'role':'assistant','content':'a'", "null"),
        CHUNK("'tool_calls':[{'index':0,'id':'c','function':{'name':'f'}}]", "null"),
        CHUNK("'tool_calls':[{'index':0,'function':{'arguments':'{}'}}]", "null"),
        CHUNK("'content':'b'", "null"),
        CHUNK("", "'length'"),
        "[DONE]",
        NULL,
    };
    assert_events(
        OC, AN, events,
        SAID("message_start", ",'message':{'id':'i','type':'message','role':'assistant','model':'m','content':[]"
                              ",'stop_reason':null,'stop_sequence':null," NO_USAGE
                              "}") SAID("content_block_start", ",'index':0,'content_block':{'type':'text','text':''}")
            SAID("content_block_delta",
                 ",'index':0,'delta':{'type':'text_delta','text':'a'}") SAID("content_block_stop", ",'index':0")
                SAID("content_block_start",
                     ",'index':1,'content_block':{'type':'tool_use','id':'c','name':'f','input':{}}")
                    SAID("content_block_delta", ",'index':1,'delta':{'type':'input_json_delta','partial_json':'{}'}")
                        SAID("content_block_stop", ",'index':1")
                            SAID("content_block_start", ",'index':2,'content_block':{'type':'text','text':''}")
                                SAID("content_block_delta", ",'index':2,'delta':{'type':'text_delta','text':'b'}")
                                    SAID("content_block_stop", ",'index':2")
                                        SAID("message_delta",
                                             ",'delta':{'stop_reason':'max_tokens','stop_sequence':null}," NO_USAGE)
                                            SAID("message_stop", ""));
}

#define SENT(delta, finish) "data: " CHUNK(delta, finish) "\n\n"

/* A call that comes whole with its start. */
static void test_chat_events(void **state) {
    (void)state;
    static const char whole_call[] = "{'type':'content_block_start','index':1,'content_block':"
                                     "{'type':'tool_use','id':'c','name':'f','input':{'a':'\\''}}}";
    static const char *const events[] = {
        "{'type':'message_start','message':{'id':'i','model':'m','usage':{'input_tokens':3,'output_tokens':1}}}",
        "{'type':'content_block_start','index':0,'content_block':{'type':'text','text':'a'}}",
        "{'type':'content_block_stop','index':0}",
        whole_call,
        "{'type':'content_block_stop','index':1}",
        "{'type':'message_delta','delta':{'stop_reason':'tool_use'},'usage':{'output_tokens':2}}",
        "{'type':'message_stop'}",
        NULL,
    };
    struct arena arena;
    struct buffer out;
    arena_init(&arena, FIXTURE_ARENA_BYTES);
    buffer_init(&out, 0);
    struct translate_stream *stream = stream_of(AN, OC);
    translate_stream_separate_usage(stream, true);
    assert_int_equal(feed_events(stream, events, SIZE_MAX, &out), OUTCOME_OK);
    buffer_append_char(&out, '\0');
    char *created = strstr(out.data, "\"created\":");
    while (created) { /* Anthropic says no time: it is now */
        char *end = strchr(created, ',');
        memset(created + 10, '7', 1);
        memmove(created + 11, end, strlen(end) + 1);
        created = strstr(created + 10, "\"created\":");
    }
    assert_string_equal(
        out.data,
        double_quoted(
            &arena,
            SENT("'role':'assistant','content':''", "null") SENT("'content':'a'", "null") SENT(
                "'tool_calls':[{'index':0,'id':'c','type':'function','function':{'name':'f','arguments':''}}]",
                "null") SENT("'tool_calls':[{'index':0,'function':{'arguments':'{\\'a\\':\\'\\\\\\'\\'}'}}]", "null")
                SENT("",
                     "'tool_calls'") "data: "
                                     "{'id':'i','object':'chat.completion.chunk','created':7,'model':'m','choices':[]"
                                     ",'usage':{'prompt_tokens':3,'completion_tokens':2,'total_tokens':5}}\n\ndata: "
                                     "[DONE]\n\n"));
    translate_stream_destroy(&stream);
    buffer_deinit(&out);
    arena_reset(&arena);
}

static void test_ollama_events(void **state) {
    (void)state;
    assert_events(
        OC, OL, chat_stream,
        LINE("'content':'','thinking':'be'", "'done':false") "\n" LINE(
            "'content':'','thinking':'cause'",
            "'done':"
            "false") "\n" LINE("'content':'H\\u00e9'",
                               "'done':false") "\n" LINE("'content':'\\'llo\\ud83d'",
                                                         "'done':false") "\n" LINE("'content':'\\ude00'",
                                                                                   "'done':false") "\n" LINE("'content'"
                                                                                                             ":'','"
                                                                                                             "tool_"
                                                                                                             "calls':[{"
                                                                                                             "'function"
                                                                                                             "':{'name'"
                                                                                                             ":'f','"
                                                                                                             "arguments"
                                                                                                             "':{'a' : "
                                                                                                             "[1]}}}]",
                                                                                                             "'done':"
                                                                                                             "false") "\n" LINE("'content':'','tool_calls':[{"
                                                                                                                                "'function':{'name':'g','"
                                                                                                                                "arguments':{}}}]",
                                                                                                                                "'done':false") "\n" LINE("'c"
                                                                                                                                                          "on"
                                                                                                                                                          "te"
                                                                                                                                                          "nt"
                                                                                                                                                          "':"
                                                                                                                                                          "'"
                                                                                                                                                          "'",
                                                                                                                                                          "'d"
                                                                                                                                                          "on"
                                                                                                                                                          "e_"
                                                                                                                                                          "re"
                                                                                                                                                          "as"
                                                                                                                                                          "on"
                                                                                                                                                          "':"
                                                                                                                                                          "'s"
                                                                                                                                                          "to"
                                                                                                                                                          "p'"
                                                                                                                                                          ",'"
                                                                                                                                                          "do"
                                                                                                                                                          "ne"
                                                                                                                                                          "':"
                                                                                                                                                          "tr"
                                                                                                                                                          "ue"
                                                                                                                                                          ",'"
                                                                                                                                                          "pr"
                                                                                                                                                          "om"
                                                                                                                                                          "pt"
                                                                                                                                                          "_e"
                                                                                                                                                          "va"
                                                                                                                                                          "l_"
                                                                                                                                                          "co"
                                                                                                                                                          "un"
                                                                                                                                                          "t'"
                                                                                                                                                          ":1"
                                                                                                                                                          "0,"
                                                                                                                                                          "'e"
                                                                                                                                                          "va"
                                                                                                                                                          "l_"
                                                                                                                                                          "co"
                                                                                                                                                          "un"
                                                                                                                                                          "t'"
                                                                                                                                                          ":"
                                                                                                                                                          "5") "\n");
}

/* Events are numbered without gaps, and each names its item. */
static void test_responses_numbers(void **state) {
    (void)state;
    struct arena arena;
    struct buffer out;
    struct sse_reader reader;
    struct sse_event event;
    struct translate_stream *stream = stream_of(OC, RE);
    arena_init(&arena, FIXTURE_ARENA_BYTES);
    buffer_init(&out, 0);
    assert_int_equal(feed_events(stream, chat_stream, SIZE_MAX, &out), OUTCOME_OK);
    sse_reader_init(&reader, 1u << 20);
    assert_int_equal(sse_reader_feed(&reader, buffer_slice(&out)), OUTCOME_OK);
    uint64_t expected = 0;
    while (sse_reader_next(&reader, &event)) {
        uint64_t number = 0;
        const struct json_doc doc = walked(&arena, arena_string(&arena, event.data), true);
        assert_true(json_uint(&doc, json_member(&doc, 0, SLICE("sequence_number")), &number));
        assert_int_equal(number, expected++);
        assert_true(slice_equal(event.name, member(&doc, 0, "type")));
    }
    assert_int_equal(expected, 27);
    sse_reader_deinit(&reader);
    translate_stream_destroy(&stream);
    buffer_deinit(&out);
    arena_reset(&arena);
}

/* ---- orders ---- */

/* Merges two calls' pieces in the order that the bits of `order` say, a text between them. */
static bool merged(unsigned order, size_t text_at, const char **events) {
    static const char *const a[] = {
        CHUNK("'tool_calls':[{'index':0,'id':'c1','function':{'name':'f','arguments':''}}]", "null"),
        CHUNK("'tool_calls':[{'index':0,'function':{'arguments':'{\\'a\\':'}}]", "null"),
        CHUNK("'tool_calls':[{'index':0,'function':{'arguments':'[1]}'}}]", "null"),
    };
    static const char *const b[] = {
        CHUNK("'tool_calls':[{'index':1,'id':'c2'}]", "null"),
        CHUNK("'tool_calls':[{'index':1,'function':{'name':'g'}}]", "null"),
        CHUNK("'tool_calls':[{'index':1,'function':{'arguments':'{}'}}]", "null"),
    };
    size_t count = 0, from_a = 0, from_b = 0;
    for (unsigned i = 0; i < 6; i++) {
        if (i == text_at) events[count++] = CHUNK("'content':'t'", "null");
        if (order >> i & 1) {
            if (from_a == 3) return false;
            events[count++] = a[from_a++];
        } else {
            if (from_b == 3) return false;
            events[count++] = b[from_b++];
        }
    }
    events[count++] = CHUNK("", "'tool_calls'");
    events[count++] = "[DONE]";
    events[count] = NULL;
    return true;
}

static void test_every_order_of_two_calls(void **state) {
    (void)state;
    size_t orders = 0;
    for (unsigned order = 0; order < 64; order++)
        for (size_t text_at = 0; text_at < 6; text_at++)
            for (unsigned to = 0; to < TRANSLATE_FORMAT_COUNT; to++) {
                const char *events[16];
                if (!merged(order, text_at, events)) continue;
                char *text = told_events(OC, to, events);
                assert_non_null(strstr(text, "call(f {\"a\":[1]})"));
                assert_non_null(strstr(text, "call(g {})"));
                assert_non_null(strstr(text, "text(t)"));
                assert_int_equal(strlen(text), strlen("call(f {\"a\":[1]}) call(g {}) text(t) completed /"));
                free(text);
                orders++;
            }
    assert_int_equal(orders, 20 * 6 * 4);
}

/* Servers that number every call 0, leave the index out, or repeat ids and names. */
static void test_ways_to_tell_calls_apart(void **state) {
    (void)state;
    static const char *const ways[][6] = {
        {CHUNK("'tool_calls':[{'index':0,'id':'x','function':{'name':'f','arguments':'{\\'a\\':1}'}}]", "null"),
         CHUNK("'tool_calls':[{'index':0,'id':'y','function':{'name':'g','arguments':'{}'}}]", "null"),
         CHUNK("", "'stop'"), "[DONE]", NULL},
        {CHUNK("'tool_calls':[{'id':'x','function':{'name':'f','arguments':'{\\'a\\':1}'}}"
               ",{'id':'y','function':{'name':'g','arguments':''}}]",
               "null"),
         CHUNK("", "'tool_calls'"), "[DONE]", NULL},
        {CHUNK("'tool_calls':[{'index':0,'id':'x','function':{'name':'f','arguments':'{\\'a\\':'}}]", "null"),
         CHUNK("'tool_calls':[{'index':0,'id':'x','function':{'name':'f','arguments':'1}'}}]", "null"),
         CHUNK("'tool_calls':[{'index':1,'id':'y','function':{'name':'g','arguments':' {} '}}]", "'tool_calls'"),
         "[DONE]", NULL},
        {CHUNK("'tool_calls':[{'index':0,'function':{'name':'f','arguments':'{\\'a\\':1}'}}]", "null"),
         CHUNK("'tool_calls':[{'index':1,'function':{'name':'g','arguments':null}}]", "null"),
         CHUNK("'tool_calls':[{'index':0,'function':{'arguments':' \\n'}}]", "null"), CHUNK("", "'tool_calls'"),
         "[DONE]", NULL},
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        for (unsigned to = 0; to < TRANSLATE_FORMAT_COUNT; to++) {
            char *text = told_events(OC, to, ways[i]);
            assert_string_equal(text, "call(f {\"a\":1}) call(g {}) completed /");
            free(text);
        }
}

static void test_finishes(void **state) {
    (void)state;
    static const struct {
        const char *finish, *told;
    } finishes[] = {
        {"'stop'", "text(a) completed /"},
        {"'length'", "text(a) incomplete /"},
        {"'content_filter'", "text(a) incomplete /"},
    };
    for (size_t i = 0; i < sizeof finishes / sizeof finishes[0]; i++)
        for (unsigned to = 0; to < TRANSLATE_FORMAT_COUNT; to++) {
            char last[256];
            assert_true(snprintf(last, sizeof last, CHUNK("'content':'a'", "%s"), finishes[i].finish) > 0);
            const char *const events[] = {last, "[DONE]", "[DONE]", "{'after':'the end'}", NULL};
            char *text = told_events(OC, to, events);
            assert_true(strncmp(text, finishes[i].told, strlen(finishes[i].told) - 1) == 0);
            free(text);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pair),
        cmocka_unit_test(test_every_path),
        cmocka_unit_test(test_anthropic_events),
        cmocka_unit_test(test_chat_events),
        cmocka_unit_test(test_ollama_events),
        cmocka_unit_test(test_responses_numbers),
        cmocka_unit_test(test_every_order_of_two_calls),
        cmocka_unit_test(test_ways_to_tell_calls_apart),
        cmocka_unit_test(test_finishes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
