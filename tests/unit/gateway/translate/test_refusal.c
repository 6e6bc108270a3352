/* What cannot be carried is refused, and says where. */
#include "unit/gateway/translate/translate_fixture.h"

#define SAY(more) "{'model':'m','messages':[{'role':'user','content':'hi'}]" more "}"
#define ASK(more) "{'model':'m','input':'hi'" more "}"
#define CHAT_TOOLS ",'tools':[{'type':'function','function':{'name':'f','parameters':{}}}]"
#define PART(part) "{'model':'m','messages':[{'role':'user','content':[" part "]}]}"
#define ITEM(item) "{'model':'m','input':[" item "]}"

static const struct {
    enum translate_format from, to;
    const char *body;
    enum outcome outcome;
    const char *path;
} cases[] = {
    /* what a format does not say */
    {OC, OL, SAY(CHAT_TOOLS ",'tool_choice':'required'"), OUTCOME_UNSUPPORTED, "tool_choice"},
    {OC, OL, SAY(CHAT_TOOLS ",'parallel_tool_calls':false"), OUTCOME_UNSUPPORTED, "parallel tool calls"},
    {OC, AN, SAY(",'response_format':{'type':'json_object'}"), OUTCOME_UNSUPPORTED, "response format"},
    {OC, AN, SAY(",'temperature':1.01"), OUTCOME_UNSUPPORTED, "temperature"},
    {OC, AN, SAY(",'frequency_penalty':1e-3"), OUTCOME_UNSUPPORTED, "frequency_penalty"},
    {OC, AN, SAY(",'presence_penalty':2"), OUTCOME_UNSUPPORTED, "presence_penalty"},
    {AN, OC, SAY(",'top_k':5"), OUTCOME_UNSUPPORTED, "top_k"},
    {OC, OL, PART("{'type':'image_url','image_url':{'url':'https://x.test/a'}}"), OUTCOME_UNSUPPORTED, "images"},
    {OC, AN, PART("{'type':'image_url','image_url':{'url':'data:image/tiff;base64,AAAA'}}"), OUTCOME_UNSUPPORTED,
     "images"},
    {OC, AN,
     "{'model':'m','messages':[{'role':'assistant','tool_calls':[{'id':'c','type':'function','function':"
     "{'name':'f','arguments':'[1]'}}]}]}",
     OUTCOME_UNSUPPORTED, "tool call"},
    {OC, OL,
     "{'model':'m','messages':[{'role':'assistant','tool_calls':[{'id':'c','type':'function','function':"
     "{'name':'f','arguments':'{\\'a\\':1,\\'a\\':2}'}}]}]}",
     OUTCOME_UNSUPPORTED, "tool call"},
    {AN, OC,
     "{'model':'m','messages':[{'role':'assistant','content':[{'type':'tool_use','id':'c','name':'f','input':{}}]}"
     ",{'role':'user','content':[{'type':'tool_result','tool_use_id':'c','content':[{'type':'image','source':"
     "{'type':'base64','media_type':'image/png','data':'AAAA'}}]}]}]}",
     OUTCOME_UNSUPPORTED, "messages[].content[]"},
    {OC, RE, SAY(), OUTCOME_UNSUPPORTED, ""},

    /* OpenAI chat */
    {OC, AN, SAY(",'n':2"), OUTCOME_UNSUPPORTED, "n"},
    {OC, AN, SAY(",'logprobs':true"), OUTCOME_UNSUPPORTED, "logprobs"},
    {OC, OL, SAY(",'top_logprobs':3"), OUTCOME_UNSUPPORTED, "top_logprobs"},
    {OC, AN, SAY(",'logit_bias':{'1':2}"), OUTCOME_UNSUPPORTED, "logit_bias"},
    {OC, AN, SAY(",'modalities':['text','audio']"), OUTCOME_UNSUPPORTED, "modalities"},
    {OC, AN, SAY(",'web_search_options':{}"), OUTCOME_UNSUPPORTED, "web_search_options"},
    {OC, AN, SAY(",'functions':[{'name':'f'}]"), OUTCOME_UNSUPPORTED, "functions"},
    {OC, AN, SAY(",'made_up':1"), OUTCOME_UNSUPPORTED, ""},
    {OC, AN, SAY(",'tools':[{'type':'custom','custom':{'name':'f'}}]"), OUTCOME_UNSUPPORTED, "tools[].type"},
    {OC, AN, SAY(CHAT_TOOLS ",'tool_choice':{'type':'allowed_tools','allowed_tools':{}}"), OUTCOME_UNSUPPORTED,
     "tool_choice.type"},
    {OC, AN, PART("{'type':'input_audio','input_audio':{'data':'AAAA','format':'wav'}}"), OUTCOME_UNSUPPORTED,
     "messages[].content"},
    {OC, AN, PART("{'type':'file','file':{'file_id':'f'}}"), OUTCOME_UNSUPPORTED, "messages[].content"},
    {OC, AN, PART("{'type':'image_url'}"), OUTCOME_INVALID, "messages[].content"},
    {OC, AN, PART("{'type':'image_url','image_url':{'url':'data:text/plain;base64,AAAA'}}"), OUTCOME_UNSUPPORTED,
     "messages[].content[].image_url"},
    {OC, AN, PART("{'type':'image_url','image_url':{'url':'data:image/png,AAAA'}}"), OUTCOME_UNSUPPORTED,
     "messages[].content[].image_url"},
    {OC, AN, PART("{'type':'image_url','image_url':{'url':'file:///etc/hosts'}}"), OUTCOME_UNSUPPORTED,
     "messages[].content[].image_url"},
    {OC, AN, PART("{'type':'image_url','image_url':{'url':'data:image/png;base64,A\\''}}"), OUTCOME_INVALID,
     "messages[].content[].image_url"},
    {OC, AN, "{'model':'m','messages':[{'role':'user','name':'Ada','content':'x'}]}", OUTCOME_UNSUPPORTED, "messages"},
    {OC, AN, "{'model':'m','messages':[{'role':'function','name':'f','content':'x'}]}", OUTCOME_UNSUPPORTED,
     "messages[].role"},
    {OC, AN, "{'model':'m','messages':[{'content':'x'}]}", OUTCOME_INVALID, "messages"},
    {OC, AN, "{'model':'m','messages':[{'role':'user','content':7}]}", OUTCOME_INVALID, "messages[].content"},
    {OC, AN, "{'model':'m','messages':[{'role':'tool','content':'x'}]}", OUTCOME_INVALID, "messages"},
    {OC, AN, "{'model':'m','messages':[{'role':'tool','tool_call_id':'c','content':'x'}]}", OUTCOME_UNSUPPORTED,
     "messages"},
    {OC, AN, "{'model':'m','messages':[]}", OUTCOME_INVALID, ""},
    {OC, AN, "{'messages':[{'role':'user','content':'x'}]}", OUTCOME_INVALID, ""},
    {OC, AN, "[]", OUTCOME_INVALID, ""},

    /* Anthropic */
    {AN, OC, PART("{'type':'document','source':{'type':'text','media_type':'text/plain','data':'x'}}"),
     OUTCOME_UNSUPPORTED, "messages[].content"},
    {AN, OC, PART("{'type':'image','source':{'type':'file','file_id':'f'}}"), OUTCOME_UNSUPPORTED,
     "messages[].content[].source.type"},
    {AN, OC, PART("{'type':'image','source':{'type':'base64','data':'AAAA'}}"), OUTCOME_INVALID,
     "messages[].content[].source"},
    {AN, OC, PART("{'type':'tool_use','id':'c','name':'f','input':{}}"), OUTCOME_UNSUPPORTED, "messages[].content"},
    {AN, OC, PART("{'type':'tool_result','tool_use_id':'c','content':'x'}"), OUTCOME_UNSUPPORTED, "messages"},
    {AN, OC, SAY(",'tools':[{'type':'web_search_20250305','name':'web_search'}]"), OUTCOME_UNSUPPORTED, "tools[].type"},
    {AN, OC, SAY(",'container':'c'"), OUTCOME_UNSUPPORTED, "container"},
    {AN, OC, SAY(",'inference_geo':'eu'"), OUTCOME_UNSUPPORTED, "inference_geo"},
    {AN, OC, SAY(",'mcp_servers':[{}]"), OUTCOME_UNSUPPORTED, "mcp_servers"},
    {AN, OC, SAY(",'max_tokens':'5'"), OUTCOME_INVALID, "max_tokens"},
    {AN, OL, SAY(",'tools':[{'name':'f','input_schema':{}}],'tool_choice':{'type':'any'}"), OUTCOME_UNSUPPORTED,
     "tool_choice"},

    /* Ollama */
    {OL, OC, SAY(",'options':{'repeat_penalty':1.1}"), OUTCOME_UNSUPPORTED, "options.repeat_penalty"},
    {OL, OC, SAY(",'options':{'num_predict':-2}"), OUTCOME_UNSUPPORTED, "options.num_predict"},
    {OL, OC, SAY(",'options':{'made_up':1}"), OUTCOME_UNSUPPORTED, "options"},
    {OL, OC, SAY(",'format':'yaml'"), OUTCOME_UNSUPPORTED, "format"},
    {OL, AN, SAY(",'format':'json'"), OUTCOME_UNSUPPORTED, "response format"},
    {OL, OC, "{'model':'m','messages':[{'role':'user','content':'x','images':['AAAA']}]}", OUTCOME_UNSUPPORTED,
     "messages[].images"},
    {OL, OC, "{'model':'m','messages':[{'role':'tool','tool_name':'f','content':'x'}]}", OUTCOME_UNSUPPORTED,
     "messages"},
    {OL, OC,
     "{'model':'m','messages':[{'role':'assistant','tool_calls':[{'function':{'name':'f','arguments':'{}'}}]}]}",
     OUTCOME_INVALID, "messages[].tool_calls[].function.arguments"},

    /* Responses */
    {RE, OC, ASK(",'previous_response_id':'r'"), OUTCOME_UNSUPPORTED, "previous_response_id"},
    {RE, OC, ASK(",'conversation':'c'"), OUTCOME_UNSUPPORTED, "conversation"},
    {RE, OC, ASK(",'background':true"), OUTCOME_UNSUPPORTED, "background"},
    {RE, OC, ASK(",'include':['message.output_text.logprobs']"), OUTCOME_UNSUPPORTED, "include"},
    {RE, OC, ASK(",'tools':[{'type':'web_search'}]"), OUTCOME_UNSUPPORTED, "tools[].type"},
    {RE, OC, ASK(",'tools':[{'type':'custom','name':'apply_patch'}]"), OUTCOME_UNSUPPORTED, "tools[].type"},
    {RE, OC, ITEM("{'type':'item_reference','id':'x'}"), OUTCOME_UNSUPPORTED, "input"},
    {RE, OC, ITEM("{'type':'custom_tool_call','call_id':'x','name':'n','input':'i'}"), OUTCOME_UNSUPPORTED, "input"},
    {RE, OC, ITEM("{'role':'user','content':[{'type':'input_file','file_id':'x'}]}"), OUTCOME_UNSUPPORTED,
     "input[].content"},
    {RE, OC, ITEM("{'role':'user','content':[{'type':'input_image','file_id':'x'}]}"), OUTCOME_UNSUPPORTED,
     "input[].content[].file_id"},
    {RE, OC, ITEM("{'role':'user','content':[{'type':'input_image','detail':'auto'}]}"), OUTCOME_INVALID,
     "input[].content"},
    {RE, AN, ASK(",'text':{'format':{'type':'json_object'}}"), OUTCOME_UNSUPPORTED, "response format"},
};

static void test_refusals(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena arena;
        arena_init(&arena, FIXTURE_ARENA_BYTES);
        const struct carried carried =
            carry_request(&arena, cases[i].from, cases[i].to, double_quoted(&arena, cases[i].body), NULL);
        if (carried.outcome != cases[i].outcome || strcmp(carried.problem.path, cases[i].path) != 0)
            fail_msg("case %zu: %s at \"%s\": %s", i, outcome_name(carried.outcome), carried.problem.path,
                     carried.problem.reason ? carried.problem.reason : "no reason");
        assert_non_null(carried.problem.reason);
        /* the problem is optional */
        const struct json_doc doc = walked(&arena, double_quoted(&arena, cases[i].body), false);
        struct slice body = {NULL, 0};
        assert_int_equal(translate_request(cases[i].from, cases[i].to, &doc, NULL, &arena, &body, NULL),
                         cases[i].outcome);
        assert_null(body.data);
        arena_reset(&arena);
    }
}

/* A turn of more calls than any agent makes. */
static void test_too_many_calls(void **state) {
    (void)state;
    struct arena arena;
    struct buffer body;
    arena_init(&arena, FIXTURE_ARENA_BYTES);
    buffer_init(&body, 0);
    buffer_append_str(&body, "{\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[");
    for (int i = 0; i <= 1024; i++)
        buffer_append_format(&body, "%s{\"function\":{\"name\":\"f\",\"arguments\":{}}}", i ? "," : "");
    buffer_append_str(&body, "]}]}");
    buffer_append_char(&body, '\0');
    const struct carried carried = carry_request(&arena, OL, OC, body.data, NULL);
    assert_int_equal(carried.outcome, OUTCOME_UNSUPPORTED);
    buffer_deinit(&body);
    arena_reset(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_too_many_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
