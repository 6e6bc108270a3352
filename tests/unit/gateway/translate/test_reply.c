/* Whole answers, written by hand in both formats; and errors. */
#include "unit/gateway/translate/translate_fixture.h"

#define CHAT(message, finish, more)                                                                         \
    "{'id':'i','object':'chat.completion','created':7,'model':'m','choices':[{'index':0,'message':" message \
    ",'finish_reason':'" finish "'}]" more "}"
#define ANTH(content, stop, usage) \
    "{'id':'i','type':'message','role':'assistant','model':'m','content':[" content "]," stop ",'usage':{" usage "}}"
#define OLLA(message, reason, more) \
    "{'model':'m','created_at':'1970-01-01T00:00:07.5Z','message':" message ",'done':true" reason more "}"

#define TO_CHAT(id, message, finish, more)                                                                        \
    "{'id':'" id "','object':'chat.completion','created':7,'model':'m','choices':[{'index':0,'message':{'role':'" \
    "assistant'," message "},'logprobs':null,'finish_reason':'" finish "'}]" more "}"
#define TO_ANTH(id, content, stop, input, output)                                                  \
    "{'id':'" id "','type':'message','role':'assistant','model':'m','content':[" content "]," stop \
    ",'usage':{'input_tokens':" input                                                              \
    ",'cache_creation_input_tokens':0,'cache_read_input_tokens':0,'output_tokens':" output "}}"
#define TO_OLLA(message, reason, more)                                                        \
    "{'model':'m','created_at':'1970-01-01T00:00:07Z','message':{'role':'assistant'," message \
    "},'done_reason':'" reason "','done':true" more "}"
#define TO_RESP(status, details, output, usage)                                                                     \
    "{'id':'i','object':'response','created_at':7,'status':'" status "','error':null,'incomplete_details':" details \
    ",'instructions':null,'metadata':{},'model':'m','output':[" output                                              \
    "],'parallel_tool_calls':true,'temperature':null"                                                               \
    ",'tool_choice':'auto','tools':[],'top_p':null,'usage':" usage "}"

/* The id that an answer of Ollama gets. */
#define REPLY_ID "reply_ID_0"

static const struct {
    enum translate_format from, to;
    const char *body, *expected;
} cases[] = {
    /* text and how it ended */
    {OC, AN,
     CHAT("{'role':'assistant','content':'a\\u00e9'}", "stop", ",'usage':{'prompt_tokens':3,'completion_tokens':4}"),
     TO_ANTH("i", "{'type':'text','text':'a\\u00e9'}", "'stop_reason':'end_turn','stop_sequence':null", "3", "4")},
    {OC, AN, CHAT("{'content':'a'}", "length", ""),
     TO_ANTH("i", "{'type':'text','text':'a'}", "'stop_reason':'max_tokens','stop_sequence':null", "0", "0")},
    {OC, AN, CHAT("{'content':'a'}", "content_filter", ""),
     TO_ANTH("i", "{'type':'text','text':'a'}", "'stop_reason':'refusal','stop_sequence':null", "0", "0")},
    {OC, AN, CHAT("{'content':null,'refusal':'no'}", "stop", ""),
     TO_ANTH("i", "{'type':'text','text':'no'}", "'stop_reason':'refusal','stop_sequence':null", "0", "0")},
    {OC, OL, CHAT("{'content':'a'}", "length", ",'usage':{'prompt_tokens':3,'completion_tokens':4}"),
     TO_OLLA("'content':'a'", "length", ",'prompt_eval_count':3,'eval_count':4")},
    {OC, OL, CHAT("{'content':'a','reasoning':'t'}", "content_filter", ""),
     TO_OLLA("'content':'a','thinking':'t'", "content_filter", "")},
    {OL, OC, OLLA("{'role':'assistant','content':'a'}", ",'done_reason':'length'", ""),
     TO_CHAT(REPLY_ID, "'content':'a','refusal':null", "length", "")},
    {OL, AN, OLLA("{'content':'a'}", "", ",'eval_count':2"),
     TO_ANTH(REPLY_ID, "{'type':'text','text':'a'}", "'stop_reason':'end_turn','stop_sequence':null", "0", "2")},
    /* thinking */
    {OC, AN, CHAT("{'content':'a','reasoning_content':'t'}", "stop", ""),
     TO_ANTH("i", "{'type':'thinking','thinking':'t','signature':''},{'type':'text','text':'a'}",
             "'stop_reason':'end_turn','stop_sequence':null", "0", "0")},

    /* calls */
    {OC, AN,
     CHAT("{'content':null,'tool_calls':[{'id':'c','type':'function','function':{'name':'f','arguments':'{\\'a\\':\\n1}"
          "'}}]}",
          "tool_calls", ""),
     TO_ANTH("i", "{'type':'tool_use','id':'c','name':'f','input':{'a': 1}}",
             "'stop_reason':'tool_use','stop_sequence':null", "0", "0")},
    {OC, OL,
     CHAT("{'content':'x','tool_calls':[{'id':'c','type':'function','function':{'name':'f','arguments':''}}]}", "stop",
          ""),
     TO_OLLA("'content':'x','tool_calls':[{'function':{'name':'f','arguments':{}}}]", "stop", "")},
    {OL, OC,
     OLLA("{'content':'','tool_calls':[{'id':'k','function':{'name':'f','arguments':{'a':'\\''}}}]}",
          ",'done_reason':'stop'", ""),
     TO_CHAT(REPLY_ID,
             "'content':null,'refusal':null,'tool_calls':[{'id':'k','type':'function','function':"
             "{'name':'f','arguments':'{\\'a\\':\\'\\\\\\'\\'}'}}]",
             "tool_calls", "")},

    /* Responses */
    {OC, RE,
     CHAT("{'content':'a','reasoning':'t'}", "stop",
          ",'usage':{'prompt_tokens':9,'completion_tokens':4,'prompt_tokens_details':{'cached_tokens':2}"
          ",'completion_tokens_details':{'reasoning_tokens':1}}"),
     TO_RESP("completed", "null",
             "{'id':'rs_ID_0','type':'reasoning','summary':[],'content':[{'type':'reasoning_text','text':'t'}],'status'"
             ":'completed'}"
             ",{'id':'msg_ID_1','type':'message','role':'assistant','content':[{'type':'output_text','text':'a'"
             ",'annotations':[],'logprobs':[]}],'status':'completed'}",
             "{'input_tokens':9,'input_tokens_details':{'cached_tokens':2,'cache_write_tokens':0},'output_tokens':4"
             ",'output_tokens_details':{'reasoning_tokens':1},'total_tokens':13}")},
    {OC, RE,
     CHAT("{'refusal':'no','tool_calls':[{'id':'c','type':'function','function':{'name':'f','arguments':'{\\'a\\':1}'}}"
          "]}",
          "length", ""),
     TO_RESP("incomplete", "{'reason':'max_output_tokens'}",
             "{'id':'msg_ID_0','type':'message','role':'assistant','content':[{'type':'refusal','refusal':'no'}]"
             ",'status':'completed'},{'id':'fc_ID_1','type':'function_call','call_id':'c','name':'f'"
             ",'arguments':'{\\'a\\':1}','status':'completed'}",
             "null")},
};

/* Made ids are hashes: shown as ID, so that the table can be read. */
static const char *with_plain_ids(struct arena *arena, const char *text) {
    char *copy = arena_string(arena, slice_str(text));
    char *to = copy;
    static const char *const prefixes[] = {"\"rs_", "\"msg_", "\"fc_", "\"reply_"};
    for (const char *from = copy; *from;) {
        size_t len = 0;
        for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
            if (strncmp(from, prefixes[i], strlen(prefixes[i])) == 0) len = strlen(prefixes[i]);
        memmove(to, from, len ? len : 1);
        to += len ? len : 1;
        from += len ? len : 1;
        if (len && strspn(from, "0123456789abcdef") == 16) {
            memcpy(to, "ID", 2);
            to += 2;
            from += 16;
        }
    }
    *to = '\0';
    return copy;
}

static void test_pairs(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena arena;
        arena_init(&arena, FIXTURE_ARENA_BYTES);
        const struct carried carried =
            carry_answer(&arena, cases[i].from, cases[i].to, double_quoted(&arena, cases[i].body));
        if (carried.outcome != OUTCOME_OK) fail_msg("case %zu: %s", i, outcome_name(carried.outcome));
        (void)walked(&arena, carried.body, true);
        const char *is = with_plain_ids(&arena, carried.body);
        const char *expected = cases[i].expected ? double_quoted(&arena, cases[i].expected) : is;
        if (strcmp(is, expected) != 0) fail_msg("case %zu:\nis     %s\nshould %s", i, is, expected);
        arena_reset(&arena);
    }
}

/* Anthropic says no time, so these answers are looked at in part. */
static void test_from_anthropic(void **state) {
    (void)state;
    static const struct {
        const char *content, *stop;
        enum translate_format to;
        const char *found;
    } parts[] = {
        {"{'type':'text','text':'a'},{'type':'text','text':'b'}", "end_turn", OC, "'content':'ab','refusal':null}"},
        {"{'type':'text','text':'a'}", "stop_sequence", OC, "'finish_reason':'stop'"},
        {"{'type':'text','text':'a'}", "model_context_window_exceeded", OC, "'finish_reason':'length'"},
        {"{'type':'text','text':'a'}", "refusal", OC, "'finish_reason':'content_filter'"},
        {"{'type':'thinking','thinking':'t','signature':'s'}", "max_tokens", OC,
         "'reasoning_content':'t','content':null"},
        {"{'type':'redacted_thinking','data':'zz'}", "end_turn", OC, "'message':{'role':'assistant','content':null"},
        {"{'type':'tool_use','id':'c','name':'f','input':{'a':'\\''}}", "tool_use", OC,
         "'tool_calls':[{'id':'c','type':'function','function':{'name':'f','arguments':'{\\'a\\':\\'\\\\\\'\\'}'}}]"},
        {"{'type':'text','text':'a'}", "end_turn", OC,
         "'usage':{'prompt_tokens':111,'completion_tokens':2,'total_tokens':113,'prompt_tokens_details':"
         "{'cached_tokens':10,'cache_write_tokens':100}}"},
        {"{'type':'text','text':'a'}", "stop_sequence", OL, "'done_reason':'stop','done':true,'prompt_eval_count':111"},
        {"{'type':'tool_use','id':'c','name':'f','input':{}}", "tool_use", RE,
         "'call_id':'c','name':'f','arguments':'{}'"},
        {"{'type':'text','text':'a'}", "refusal", RE, "'incomplete_details':{'reason':'content_filter'}"},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct arena arena;
        char body[512];
        arena_init(&arena, FIXTURE_ARENA_BYTES);
        const int len =
            snprintf(body, sizeof body,
                     "{'id':'i','type':'message','role':'assistant','model':'m','content':[%s],'stop_reason':'%s'"
                     ",'stop_sequence':null,'usage':{'input_tokens':1,'cache_read_input_tokens':10"
                     ",'cache_creation_input_tokens':100,'output_tokens':2}}",
                     parts[i].content, parts[i].stop);
        assert_true(len > 0 && (size_t)len < sizeof body);
        const struct carried carried = carry_answer(&arena, AN, parts[i].to, double_quoted(&arena, body));
        assert_int_equal(carried.outcome, OUTCOME_OK);
        if (strstr(carried.body, double_quoted(&arena, parts[i].found)) == NULL)
            fail_msg("case %zu: %s", i, carried.body);
        arena_reset(&arena);
    }
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        enum translate_format from, to;
        const char *body;
        enum outcome outcome;
    } refused[] = {
        {OC, AN, "{'choices':[]}", OUTCOME_INVALID},
        {OC, AN, "{'error':{'message':'x'}}", OUTCOME_INVALID},
        {OC, AN, "[]", OUTCOME_INVALID},
        {OC, AN,
         "{'choices':[{'message':{'content':'a'},'finish_reason':'stop'},{'message':{'content':'b'},'finish_reason':'"
         "stop'}]}",
         OUTCOME_UNSUPPORTED},
        {OC, AN, CHAT("{'content':'a'}", "made_up", ""), OUTCOME_INVALID},
        {OC, AN, "{'choices':[{'message':{'content':'a'},'finish_reason':null}]}", OUTCOME_INVALID},
        {OC, AN, CHAT("{'content':[{'type':'text','text':'a'}]}", "stop", ""), OUTCOME_INVALID},
        {OC, AN, CHAT("{'content':'a','audio':{}}", "stop", ""), OUTCOME_UNSUPPORTED},
        {OC, AN, CHAT("{'tool_calls':[{'id':'c','function':{'name':'f','arguments':'{'}}]}", "tool_calls", ""),
         OUTCOME_INVALID},
        {OC, OL, CHAT("{'tool_calls':[{'id':'c','function':{'name':'f','arguments':'7'}}]}", "tool_calls", ""),
         OUTCOME_INVALID},
        {OC, AN, CHAT("{'tool_calls':[{'id':'c','function':{'name':'f','arguments':{}}}]}", "tool_calls", ""),
         OUTCOME_INVALID},
        {OC, AN, CHAT("{'tool_calls':[{'id':'c','function':{'arguments':'{}'}}]}", "tool_calls", ""), OUTCOME_INVALID},
        {OC, AN, CHAT("{'tool_calls':[{'id':'c','type':'custom','custom':{}}]}", "tool_calls", ""),
         OUTCOME_UNSUPPORTED},
        {AN, OC, ANTH("{'type':'server_tool_use','id':'c'}", "'stop_reason':'end_turn'", ""), OUTCOME_UNSUPPORTED},
        {AN, OC, ANTH("{'type':'text','text':'a'}", "'stop_reason':'pause_turn'", ""), OUTCOME_INVALID},
        {AN, OC, ANTH("{'type':'text','text':5}", "'stop_reason':'end_turn'", ""), OUTCOME_INVALID},
        {AN, OC, ANTH("7", "'stop_reason':'end_turn'", ""), OUTCOME_INVALID},
        {AN, OC, ANTH("{'type':'tool_use','id':'c','name':'f','input':'{}'}", "'stop_reason':'tool_use'", ""),
         OUTCOME_INVALID},
        {OL, OC, "{'model':'m','message':{'content':'a'},'done':false}", OUTCOME_INVALID},
        {OL, OC, "{'error':'x'}", OUTCOME_INVALID},
        {OL, OC, OLLA("{'content':'a'}", ",'done_reason':'made_up'", ""), OUTCOME_INVALID},
        {OL, OC, OLLA("{'content':'a','tool_calls':[{'function':{'name':'f','arguments':'{}'}}]}", "", ""),
         OUTCOME_INVALID},
        {RE, OC, "{}", OUTCOME_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct arena arena;
        arena_init(&arena, FIXTURE_ARENA_BYTES);
        const struct carried carried =
            carry_answer(&arena, refused[i].from, refused[i].to, double_quoted(&arena, refused[i].body));
        if (carried.outcome != refused[i].outcome) fail_msg("case %zu: %s", i, outcome_name(carried.outcome));
        arena_reset(&arena);
    }
}

static void test_same_format(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, FIXTURE_ARENA_BYTES);
    const char *body = "{ \"any\" : [1, 2e5] }";
    assert_string_equal(carry_answer(&arena, OC, OC, body).body, body);
    assert_string_equal(carry_answer(&arena, RE, RE, body).body, body);
    arena_reset(&arena);
}

/* Ids of calls that an upstream does not name differ from answer to answer, and do not change for one. */
static void test_minted_ids(void **state) {
    (void)state;
    static const char *const moments[] = {"2024-08-04T19:22:45.499127Z", "2024-08-04T19:22:45.499128Z"};
    struct arena arena;
    const char *bodies[3];
    arena_init(&arena, FIXTURE_ARENA_BYTES);
    for (int i = 0; i < 3; i++) {
        char body[512];
        assert_true(
            snprintf(body, sizeof body,
                     "{'model':'m','created_at':'%s','message':{'content':'','tool_calls':["
                     "{'function':{'name':'f','arguments':{}}},{'function':{'name':'f','arguments':{}}}]},'done':true}",
                     moments[i % 2]) > 0);
        bodies[i] = carry_answer(&arena, OL, AN, double_quoted(&arena, body)).body;
        const char *first = strstr(bodies[i], "\"call_");
        require(first);
        const char *second = strstr(first + 1, "\"call_");
        require(second);
        assert_int_not_equal(strncmp(first, second, 25), 0);
    }
    assert_string_equal(bodies[0], bodies[2]);
    assert_string_not_equal(bodies[0], bodies[1]);
    arena_reset(&arena);
}

static void test_moments(void **state) {
    (void)state;
    static const struct {
        const char *at, *found;
    } moments[] = {
        {"2024-08-04T19:22:45.499127Z", "\"created\":1722799365,"},
        {"2024-08-04T21:22:45+02:00", "\"created\":1722799365,"},
        {"2024-08-04T15:52:45.1-03:30", "\"created\":1722799365,"},
    };
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        struct arena arena;
        char body[256];
        arena_init(&arena, FIXTURE_ARENA_BYTES);
        assert_true(snprintf(body, sizeof body, "{'model':'m','created_at':'%s','message':{'content':'a'},'done':true}",
                             moments[i].at) > 0);
        const struct carried carried = carry_answer(&arena, OL, OC, double_quoted(&arena, body));
        assert_non_null(strstr(carried.body, moments[i].found));
        arena_reset(&arena);
    }
}

static void test_errors(void **state) {
    (void)state;
    static const struct {
        enum translate_format to;
        unsigned status;
        const char *expected;
    } errors[] = {
        {OC, 403, "{'error':{'message':'a\\n\\'','type':'permission_error','param':null,'code':null}}"},
        {RE, 502, "{'error':{'message':'a\\n\\'','type':'server_error','param':null,'code':null}}"},
        {OC, 400, "{'error':{'message':'a\\n\\'','type':'invalid_request_error','param':null,'code':null}}"},
        {AN, 429, "{'type':'error','error':{'type':'rate_limit_error','message':'a\\n\\''}}"},
        {AN, 413, "{'type':'error','error':{'type':'request_too_large','message':'a\\n\\''}}"},
        {AN, 529, "{'type':'error','error':{'type':'overloaded_error','message':'a\\n\\''}}"},
        {AN, 500, "{'type':'error','error':{'type':'api_error','message':'a\\n\\''}}"},
        {OL, 500, "{'error':'a\\n\\''}"},
    };
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        struct arena arena;
        struct buffer out;
        arena_init(&arena, FIXTURE_ARENA_BYTES);
        buffer_init(&out, 0);
        translate_error(errors[i].to, errors[i].status, SLICE("a\n\""), &out);
        assert_true(slice_equal(buffer_slice(&out), slice_str(double_quoted(&arena, errors[i].expected))));
        const struct json_doc doc = walked(&arena, arena_string(&arena, buffer_slice(&out)), false);
        const struct slice message = translate_error_message(errors[i].to, &doc, &arena);
        assert_true(slice_equal(message, SLICE("a\n\"")));
        buffer_deinit(&out);
        const struct json_doc other = walked(&arena, "[1]", false);
        assert_int_equal(translate_error_message(errors[i].to, &other, &arena).len, 0);
        arena_reset(&arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),       cmocka_unit_test(test_from_anthropic), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_same_format), cmocka_unit_test(test_minted_ids),     cmocka_unit_test(test_moments),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
