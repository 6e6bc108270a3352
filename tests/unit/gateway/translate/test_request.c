/* Requests, written by hand in both formats. */
#include "unit/gateway/translate/translate_fixture.h"

/* The least that a request of each format holds, around what a case adds. */
#define CHAT(more) "{'model':'m','messages':[{'role':'user','content':'hi'}]" more "}"
#define ANTH(more) "{'model':'m','messages':[{'role':'user','content':'hi'}]" more "}"
#define OLLA(more) "{'model':'m','messages':[{'role':'user','content':'hi'}]" more "}"
#define RESP(more) "{'model':'m','input':'hi'" more "}"

/* The same as the writers put it. */
#define TO_CHAT(more) "{'model':'m','messages':[{'role':'user','content':'hi'}]" more "}"
#define TO_ANTH(more, max, rest)                                                                                       \
    "{'model':'m','messages':[{'role':'user','content':[{'type':'text','text':'hi'}]}]" more ",'max_tokens':" max rest \
    "}"
#define TO_OLLA(more, options, stream) \
    "{'model':'m','messages':[{'role':'user','content':'hi'}]" more ",'options':{" options "},'stream':" stream "}"

#define PNG "iVBORw0KGgoAAAA="

static const struct {
    enum translate_format from, to;
    const char *body, *expected;
} cases[] = {
    /* nothing but a question */
    {OC, AN, CHAT(), TO_ANTH("", "4096", "")},
    {OC, OL, CHAT(), TO_OLLA("", "", "false")},
    {AN, OC, ANTH(",'max_tokens':5"), TO_CHAT(",'max_completion_tokens':5")},
    {AN, OL, ANTH(",'max_tokens':5"), TO_OLLA("", "'num_predict':5", "false")},
    {OL, OC, OLLA(), TO_CHAT(",'stream':true,'stream_options':{'include_usage':true}")},
    {OL, AN, OLLA(",'stream':false"), TO_ANTH("", "4096", ",'stream':false")},
    {RE, OC, RESP(), TO_CHAT()},
    {RE, AN, RESP(",'max_output_tokens':7"), TO_ANTH("", "7", "")},
    {RE, OL, RESP(",'stream':true"), TO_OLLA("", "", "true")},

    /* settings */
    {OC, AN, CHAT(",'temperature':1,'top_p':0.50,'stop':'END','max_tokens':9,'stream':true,'seed':4,'n':1,'user':'u'"),
     TO_ANTH("", "9", ",'stop_sequences':['END'],'temperature':1,'top_p':0.50,'stream':true")},
    {OC, OL, CHAT(",'temperature':2,'seed':4,'stop':['a','b'],'frequency_penalty':0.5,'presence_penalty':-1"),
     TO_OLLA("", "'temperature':2,'seed':4,'frequency_penalty':0.5,'presence_penalty':-1,'stop':['a','b']", "false")},
    {AN, OL, ANTH(",'max_tokens':1,'top_k':40,'stop_sequences':['\\n\\u00e9']"),
     TO_OLLA("", "'num_predict':1,'top_k':40,'stop':['\\n\\u00e9']", "false")},
    {OL, OC,
     OLLA(",'stream':false,'options':{'num_predict':-1,'num_ctx':4096,'temperature':0.1,'stop':['x']},'think':true"),
     TO_CHAT(",'stop':['x'],'temperature':0.1,'stream':false")},
    {OL, AN, OLLA(",'stream':false,'options':{'top_k':3,'top_p':1,'num_predict':8}"),
     TO_ANTH("", "8", ",'top_p':1,'top_k':3,'stream':false")},
    {OC, AN, CHAT(",'frequency_penalty':0.0,'presence_penalty':0,'logprobs':false,'top_logprobs':0,'logit_bias':{}"),
     TO_ANTH("", "4096", "")},
    {OC, AN, CHAT(",'stop':null,'temperature':null,'tools':null,'response_format':null"), TO_ANTH("", "4096", "")},
    {RE, OC, RESP(",'reasoning':{'effort':'low','summary':'auto'},'text':{'verbosity':'high'},'store':false"),
     TO_CHAT(",'reasoning_effort':'low','verbosity':'high'")},

    /* the answer's shape */
    {OC, OL, CHAT(",'response_format':{'type':'json_object'}"), TO_OLLA(",'format':'json'", "", "false")},
    {OC, OL, CHAT(",'response_format':{'type':'json_schema','json_schema':{'name':'n','schema':{'type':'object'}}}"),
     TO_OLLA(",'format':{'type':'object'}", "", "false")},
    {OC, AN, CHAT(",'response_format':{'type':'json_schema','json_schema':{'name':'n','schema':{'type':'object'}}}"),
     TO_ANTH("", "4096", ",'output_config':{'format':{'type':'json_schema','schema':{'type':'object'}}}")},
    {OC, AN, CHAT(",'response_format':{'type':'text'}"), TO_ANTH("", "4096", "")},
    {OL, OC, OLLA(",'stream':false,'format':{'type':'object'}"),
     TO_CHAT(",'response_format':{'type':'json_schema','json_schema':{'name':'answer','schema':{'type':'object'}}}"
             ",'stream':false")},
    {OL, OC, OLLA(",'stream':false,'format':''"), TO_CHAT(",'stream':false")},
    {AN, OC, ANTH(",'output_config':{'effort':'high','format':{'type':'json_schema','schema':{}}}"),
     TO_CHAT(",'response_format':{'type':'json_schema','json_schema':{'name':'answer','schema':{}}}")},
    {RE, OC, RESP(",'text':{'format':{'type':'json_schema','name':'n','strict':true,'schema':{}}}"),
     TO_CHAT(",'response_format':{'type':'json_schema','json_schema':{'name':'n','schema':{},'strict':true}}")},

    /* tools */
    {OC, AN, CHAT(",'tools':[{'type':'function','function':{'name':'f'}}],'tool_choice':'required'"),
     TO_ANTH(",'tools':[{'name':'f','input_schema':{'type':'object','properties':{}}}],'tool_choice':{'type':'any'}",
             "4096", "")},
    {OC, AN,
     CHAT(",'tools':[{'type':'function','function':{'name':'f','description':'d','parameters':{'a':[1, 2]},"
          "'strict':true}}],'parallel_tool_calls':false"),
     TO_ANTH(",'tools':[{'name':'f','description':'d','input_schema':{'a':[1, 2]},'strict':true}]"
             ",'tool_choice':{'type':'auto','disable_parallel_tool_use':true}",
             "4096", "")},
    {OC, AN,
     CHAT(",'tools':[{'type':'function','function':{'name':'f','parameters':{}}}]"
          ",'tool_choice':{'type':'function','function':{'name':'f'}}"),
     TO_ANTH(",'tools':[{'name':'f','input_schema':{}}],'tool_choice':{'type':'tool','name':'f'}", "4096", "")},
    {OC, OL, CHAT(",'tools':[{'type':'function','function':{'name':'f','parameters':{}}}],'tool_choice':'none'"),
     TO_OLLA("", "", "false")},
    {AN, OC,
     ANTH(",'tools':[{'name':'f','input_schema':{},'cache_control':{'type':'ephemeral'}}]"
          ",'tool_choice':{'type':'none'}"),
     TO_CHAT(",'tools':[{'type':'function','function':{'name':'f','parameters':{}}}],'tool_choice':'none'")},
    {AN, OC,
     ANTH(",'tools':[{'name':'f','input_schema':{}}]"
          ",'tool_choice':{'type':'tool','name':'f','disable_parallel_tool_use':true}"),
     TO_CHAT(",'tools':[{'type':'function','function':{'name':'f','parameters':{}}}],'parallel_tool_calls':false"
             ",'tool_choice':{'type':'function','function':{'name':'f'}}")},
    {AN, OL, ANTH(",'tools':[{'type':'custom','name':'f','input_schema':{}}],'tool_choice':{'type':'auto'}"),
     TO_OLLA(",'tools':[{'type':'function','function':{'name':'f','parameters':{}}}]", "", "false")},
    {RE, AN,
     RESP(",'tools':[{'type':'function','name':'f','parameters':{},'strict':false}]"
          ",'tool_choice':{'type':'function','name':'f'}"),
     TO_ANTH(",'tools':[{'name':'f','input_schema':{},'strict':false}],'tool_choice':{'type':'tool','name':'f'}",
             "4096", "")},

    /* system texts: in front, and in the middle */
    {AN, OC, "{'model':'m','messages':[{'role':'user','content':'q'}],'system':'s'}",
     "{'model':'m','messages':[{'role':'system','content':'s'},{'role':'user','content':'q'}]}"},
    {AN, OL,
     "{'model':'m','system':[{'type':'text','text':'a'},{'type':'text','text':'b'}]"
     ",'messages':[{'role':'user','content':'q'}]}",
     "{'model':'m','messages':[{'role':'system','content':'a\\n\\nb'},{'role':'user','content':'q'}]"
     ",'options':{},'stream':false}"},
    {OC, AN,
     "{'model':'m','messages':[{'role':'system','content':'a'},{'role':'developer','content':'b'}"
     ",{'role':'user','content':'q'},{'role':'developer','content':'c'},{'role':'user','content':'r'}]}",
     "{'model':'m','system':[{'type':'text','text':'a'},{'type':'text','text':'b'}],'messages':["
     "{'role':'user','content':[{'type':'text','text':'q'}]},{'role':'system','content':[{'type':'text','text':'c'}]}"
     ",{'role':'user','content':[{'type':'text','text':'r'}]}],'max_tokens':4096}"},
    {RE, AN,
     "{'model':'m','input':[{'role':'developer','content':'b'},{'role':'user','content':'q'}],'instructions':'a'}",
     "{'model':'m','system':[{'type':'text','text':'a'},{'type':'text','text':'b'}]"
     ",'messages':[{'role':'user','content':[{'type':'text','text':'q'}]}],'max_tokens':4096}"},

    /* roles that follow each other, and messages that say nothing */
    {OC, AN,
     "{'model':'m','messages':[{'role':'user','content':'a'},{'role':'user','content':[{'type':'text','text':'b'}]}"
     ",{'role':'assistant','content':''},{'role':'assistant','content':'c'},{'role':'assistant','content':'d'}]}",
     "{'model':'m','messages':[{'role':'user','content':[{'type':'text','text':'a'},{'type':'text','text':'b'}]}"
     ",{'role':'assistant','content':[{'type':'text','text':'c'},{'type':'text','text':'d'}]}],'max_tokens':4096}"},
    {AN, OC,
     "{'model':'m','messages':[{'role':'assistant','content':[{'type':'thinking','thinking':'t','signature':'s'}]}"
     ",{'role':'user','content':[]}]}",
     "{'model':'m','messages':[{'role':'user','content':''}]}"},

    /* images */
    {OC, AN,
     "{'model':'m','messages':[{'role':'user','content':[{'type':'image_url','image_url':"
     "{'url':'data:image\\/png;base64," PNG "','detail':'low'}}]}]}",
     "{'model':'m','messages':[{'role':'user','content':[{'type':'image','source':{'type':'base64'"
     ",'media_type':'image/png','data':'" PNG "'}}]}],'max_tokens':4096}"},
    {OC, OL,
     "{'model':'m','messages':[{'role':'user','content':[{'type':'text','text':'a'},{'type':'image_url'"
     ",'image_url':{'url':'data:image/png;base64," PNG "'}},{'type':'text','text':'b'}]}]}",
     "{'model':'m','messages':[{'role':'user','content':'a\\n\\nb','images':['" PNG
     "']}],'options':{},'stream':false}"},
    {OL, OC, "{'model':'m','stream':false,'messages':[{'role':'user','content':'a','images':['" PNG "']}]}",
     "{'model':'m','messages':[{'role':'user','content':[{'type':'text','text':'a'},{'type':'image_url','image_url':"
     "{'url':'data:image/png;base64," PNG "'}}]}],'stream':false}"},
    {AN, OC,
     "{'model':'m','messages':[{'role':'user','content':[{'type':'image','source':{'type':'url'"
     ",'url':'https:\\/\\/x.test\\/a'}}]}]}",
     "{'model':'m','messages':[{'role':'user','content':[{'type':'image_url','image_url':"
     "{'url':'https:\\/\\/x.test\\/a'}}]}]}"},
    {RE, OC,
     "{'model':'m','input':[{'role':'user','content':[{'type':'input_image','detail':'high'"
     ",'image_url':'data:image/gif;base64,R0lGODdh'}]}]}",
     "{'model':'m','messages':[{'role':'user','content':[{'type':'image_url','image_url':"
     "{'url':'data:image/gif;base64,R0lGODdh','detail':'high'}}]}]}"},

    /* thinking in the history: to who has it */
    {AN, OL,
     "{'model':'m','messages':[{'role':'assistant','content':[{'type':'thinking','thinking':'t','signature':'s'}"
     ",{'type':'redacted_thinking','data':'zz'},{'type':'text','text':'a'}]}]}",
     "{'model':'m','messages':[{'role':'assistant','content':'a','thinking':'t'}],'options':{},'stream':false}"},
    {OC, OL, "{'model':'m','messages':[{'role':'assistant','reasoning_content':'t','content':'a'}]}",
     "{'model':'m','messages':[{'role':'assistant','content':'a','thinking':'t'}],'options':{},'stream':false}"},
    {RE, OL,
     "{'model':'m','input':[{'type':'reasoning','id':'r','summary':[{'type':'summary_text','text':'t'}]"
     ",'encrypted_content':'zz'},{'type':'message','role':'assistant','id':'i','status':'completed'"
     ",'content':[{'type':'output_text','text':'a','annotations':[]}]}]}",
     "{'model':'m','messages':[{'role':'assistant','content':'a','thinking':'t'}],'options':{},'stream':false}"},
    {OL, AN, "{'model':'m','stream':false,'messages':[{'role':'assistant','content':'a','thinking':'t'}]}",
     "{'model':'m','messages':[{'role':'assistant','content':[{'type':'text','text':'a'}]}],'max_tokens':4096"
     ",'stream':false}"},

    /* calls and results: escapes change with the nesting level, ids come and go */
    {OC, AN,
     "{'model':'m','messages':[{'role':'assistant','content':null,'tool_calls':[{'id':'c','type':'function'"
     ",'function':{'name':'f','arguments':'{\\'a\\':\\'x\\\\n\\\\\\'\\'}'}}]}"
     ",{'role':'tool','tool_call_id':'c','content':'r'}]}",
     "{'model':'m','messages':[{'role':'assistant','content':[{'type':'tool_use','id':'c','name':'f'"
     ",'input':{'a':'x\\n\\''}}]},{'role':'user','content':[{'type':'tool_result','tool_use_id':'c','content':'r'}]}]"
     ",'max_tokens':4096}"},
    {AN, OC,
     "{'model':'m','messages':[{'role':'assistant','content':[{'type':'tool_use','id':'c','name':'f'"
     ",'input':{'a':'x\\n\\''}}]},{'role':'user','content':[{'type':'text','text':'then'}"
     ",{'type':'tool_result','tool_use_id':'c','content':[{'type':'text','text':'r'}],'is_error':true}]}]}",
     "{'model':'m','messages':[{'role':'assistant','content':null,'tool_calls':[{'id':'c','type':'function'"
     ",'function':{'name':'f','arguments':'{\\'a\\':\\'x\\\\n\\\\\\'\\'}'}}]}"
     ",{'role':'tool','tool_call_id':'c','content':'Error: r'},{'role':'user','content':'then'}]}"},
    {OL, AN,
     "{'model':'m','stream':false,'messages':[{'role':'assistant','content':'','tool_calls':["
     "{'function':{'name':'f','arguments':{'n':1}}},{'function':{'name':'f','arguments':{'n':2}}}"
     ",{'function':{'name':'g','arguments':{}}}]},{'role':'tool','tool_name':'g','content':'3'}"
     ",{'role':'tool','tool_name':'f','content':'1'},{'role':'tool','content':'2'}]}",
     "{'model':'m','messages':[{'role':'assistant','content':[{'type':'tool_use','id':'call_0','name':'f','input':{'n':"
     "1}}"
     ",{'type':'tool_use','id':'call_1','name':'f','input':{'n':2}},{'type':'tool_use','id':'call_2','name':'g','input'"
     ":{}}]}"
     ",{'role':'user','content':[{'type':'tool_result','tool_use_id':'call_0','content':'1'}"
     ",{'type':'tool_result','tool_use_id':'call_1','content':'2'}"
     ",{'type':'tool_result','tool_use_id':'call_2','content':'3'}]}],'max_tokens':4096,'stream':false}"},
    {OC, OL,
     "{'model':'m','messages':[{'role':'assistant','content':'go','tool_calls':["
     "{'id':'a','type':'function','function':{'name':'f','arguments':'{\\'n\\':1}'}}"
     ",{'id':'b','type':'function','function':{'name':'f','arguments':''}}]}"
     ",{'role':'tool','tool_call_id':'b','content':'2'},{'role':'tool','tool_call_id':'a','content':'1'}]}",
     "{'model':'m','messages':[{'role':'assistant','content':'go','tool_calls':["
     "{'function':{'name':'f','arguments':{'n':1}}},{'function':{'name':'f','arguments':{}}}]}"
     ",{'role':'tool','content':'1','tool_name':'f'},{'role':'tool','content':'2','tool_name':'f'}]"
     ",'options':{},'stream':false}"},
    {AN, OL,
     "{'model':'m','messages':[{'role':'assistant','content':[{'type':'tool_use','id':'c','name':'f','input':{}}]}"
     ",{'role':'user','content':[{'type':'tool_result','tool_use_id':'c','content':[{'type':'text','text':'r'}"
     ",{'type':'image','source':{'type':'base64','media_type':'image/png','data':'" PNG "'}}]}]}]}",
     "{'model':'m','messages':[{'role':'assistant','content':'','tool_calls':[{'function':{'name':'f','arguments':{}}}]"
     "}"
     ",{'role':'tool','content':'r','images':['" PNG "'],'tool_name':'f'}],'options':{},'stream':false}"},
    {RE, OC,
     "{'model':'m','input':[{'role':'assistant','content':'go'},{'type':'function_call','call_id':'c','name':'f'"
     ",'arguments':'{}','id':'i','status':'completed'},{'type':'function_call','call_id':'d','name':'g'"
     ",'arguments':'{}'},{'type':'function_call_output','call_id':'c','output':'1'}"
     ",{'type':'function_call_output','call_id':'d','output':[{'type':'input_text','text':'2'}]}]}",
     "{'model':'m','messages':[{'role':'assistant','content':'go','tool_calls':["
     "{'id':'c','type':'function','function':{'name':'f','arguments':'{}'}}"
     ",{'id':'d','type':'function','function':{'name':'g','arguments':'{}'}}]}"
     ",{'role':'tool','tool_call_id':'c','content':'1'},{'role':'tool','tool_call_id':'d','content':'2'}]}"},
};

static void test_pairs(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena arena;
        arena_init(&arena, FIXTURE_ARENA_BYTES);
        const struct carried carried =
            carry_request(&arena, cases[i].from, cases[i].to, double_quoted(&arena, cases[i].body), NULL);
        if (carried.outcome != OUTCOME_OK)
            fail_msg("case %zu: %s: %s %s", i, outcome_name(carried.outcome), carried.problem.path,
                     carried.problem.reason);
        assert_null(carried.problem.reason);
        const char *expected = double_quoted(&arena, cases[i].expected);
        if (strcmp(carried.body, expected) != 0) fail_msg("case %zu:\nis     %s\nshould %s", i, carried.body, expected);
        (void)walked(&arena, carried.body, false);
        arena_reset(&arena);
    }
}

static void test_model(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, FIXTURE_ARENA_BYTES);
    const char *body = double_quoted(&arena, "{ 'n':2, 'model' : 'm', 'x':'y' }");
    struct carried carried = carry_request(&arena, OC, OC, body, NULL);
    assert_string_equal(carried.body, body);
    carried = carry_request(&arena, OC, OC, body, "a\"b");
    assert_string_equal(carried.body, double_quoted(&arena, "{ 'n':2, 'model' : 'a\\'b', 'x':'y' }"));
    carried = carry_request(&arena, RE, RE, body, "z");
    assert_string_equal(carried.body, double_quoted(&arena, "{ 'n':2, 'model' : 'z', 'x':'y' }"));
    carried = carry_request(&arena, OC, OL, double_quoted(&arena, CHAT()), "a\"b\n");
    assert_string_equal(carried.body, double_quoted(&arena, "{'model':'a\\'b\\n','messages':[{'role':'user'"
                                                            ",'content':'hi'}],'options':{},'stream':false}"));
    carried = carry_request(&arena, OC, OC, "{}", "z");
    assert_int_equal(carried.outcome, OUTCOME_INVALID);
    assert_string_equal(carried.problem.path, "model");
    arena_reset(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
