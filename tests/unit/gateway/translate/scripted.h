/* One conversation of three turns with two tools, as an agent of each format tells it. */
#ifndef SLUICE_TESTS_SCRIPTED_H
#define SLUICE_TESTS_SCRIPTED_H

#include "unit/gateway/translate/translate_fixture.h"

#define SCRIPT_WEATHER "{'type':'object','properties':{'city':{'type':'string'}}}"
#define SCRIPT_CLOCK "{'type':'object'}"
#define SCRIPT_IMAGE "iVBORw0KGgoAAAA="

/* In the arena. */
static inline const char *scripted_request(struct arena *arena, enum translate_format format) {
    static const char *const requests[TRANSLATE_FORMAT_COUNT] = {
        [TRANSLATE_OPENAI_CHAT] =
            "{'model':'m','messages':[{'role':'developer','content':'Be \\'brief\\'.'}"
            ",{'role':'user','content':[{'type':'text','text':'Weather in Sm\\u00e5land, and the time?'}"
            ",{'type':'image_url','image_url':{'url':'data:image/png;base64," SCRIPT_IMAGE "'}}]}"
            ",{'role':'assistant','content':'Looking.','tool_calls':["
            "{'id':'c1','type':'function','function':{'name':'weather','arguments':'{\\'city\\':\\'Sm\xc3\xa5land\\'}'}"
            "}"
            ",{'id':'c2','type':'function','function':{'name':'clock','arguments':'{}'}}]}"
            ",{'role':'tool','tool_call_id':'c2','content':'09:00'},{'role':'tool','tool_call_id':'c1','content':'"
            "rain\\n'}"
            ",{'role':'assistant','content':'It rains.'},{'role':'user','content':'And now?'}"
            ",{'role':'assistant','content':null,'tool_calls':[{'id':'c3','type':'function','function':"
            "{'name':'clock','arguments':''}}]},{'role':'tool','tool_call_id':'c3','content':'09:01'}"
            ",{'role':'assistant','content':'A minute later.'},{'role':'user','content':'Thanks.'}]"
            ",'tools':[{'type':'function','function':{'name':'weather','description':'d','parameters':" SCRIPT_WEATHER
            "}}"
            ",{'type':'function','function':{'name':'clock','parameters':" SCRIPT_CLOCK "}}]"
            ",'max_completion_tokens':300,'temperature':0.5,'top_p':0.9,'stream':true}",
        [TRANSLATE_ANTHROPIC] =
            "{'max_tokens':300,'messages':[{'role':'user','content':["
            "{'type':'text','text':'Weather in Sm\xc3\xa5land, and the time?'},{'type':'image','source':"
            "{'type':'base64','media_type':'image/png','data':'" SCRIPT_IMAGE "'}}]}"
            ",{'role':'assistant','content':[{'type':'text','text':'Looking.'}"
            ",{'type':'tool_use','id':'t1','name':'weather','input':{'city':'Sm\xc3\xa5land'}}"
            ",{'type':'tool_use','id':'t2','name':'clock','input':{}}]}"
            ",{'role':'user','content':[{'type':'tool_result','tool_use_id':'t2','content':'09:00'}"
            ",{'type':'tool_result','tool_use_id':'t1','content':[{'type':'text','text':'rain\\n'}]}]}"
            ",{'role':'assistant','content':'It rains.'},{'role':'user','content':'And now?'}"
            ",{'role':'assistant','content':[{'type':'tool_use','id':'t3','name':'clock','input':{}}]}"
            ",{'role':'user','content':[{'type':'tool_result','tool_use_id':'t3','content':'09:01'}]}"
            ",{'role':'assistant','content':'A minute later.'},{'role':'user','content':'Thanks.'}]"
            ",'system':'Be \\'brief\\'.','model':'m','tools':[{'name':'weather','description':'d'"
            ",'input_schema':" SCRIPT_WEATHER "},{'name':'clock','input_schema':" SCRIPT_CLOCK "}]"
            ",'temperature':0.5,'top_p':0.9,'stream':true}",
        [TRANSLATE_OLLAMA] =
            "{'model':'m','messages':[{'role':'system','content':'Be \\'brief\\'.'}"
            ",{'role':'user','content':'Weather in Sm\xc3\xa5land, and the time?','images':['" SCRIPT_IMAGE "']}"
            ",{'role':'assistant','content':'Looking.','tool_calls':["
            "{'function':{'name':'weather','arguments':{'city':'Sm\xc3\xa5land'}}},{'function':{'name':'clock','"
            "arguments':{}}}]}"
            ",{'role':'tool','tool_name':'weather','content':'rain\\n'},{'role':'tool','content':'09:00'}"
            ",{'role':'assistant','content':'It rains.'},{'role':'user','content':'And now?'}"
            ",{'role':'assistant','content':'','tool_calls':[{'function':{'name':'clock','arguments':{}}}]}"
            ",{'role':'tool','tool_name':'clock','content':'09:01'},{'role':'assistant','content':'A minute later.'}"
            ",{'role':'user','content':'Thanks.'}],'tools':[{'type':'function','function':{'name':'weather'"
            ",'description':'d','parameters':" SCRIPT_WEATHER "}},{'type':'function','function':{'name':'clock'"
            ",'parameters':" SCRIPT_CLOCK "}}],'options':{'num_predict':300,'temperature':0.5,'top_p':0.9}}",
        [TRANSLATE_RESPONSES] =
            "{'model':'m','instructions':'Be \\'brief\\'.','input':[{'role':'user','content':["
            "{'type':'input_text','text':'Weather in Sm\xc3\xa5land, and the time?'},{'type':'input_image'"
            ",'image_url':'data:image/png;base64," SCRIPT_IMAGE "'}]}"
            ",{'type':'message','id':'m1','status':'completed','role':'assistant','content':["
            "{'type':'output_text','text':'Looking.','annotations':[]}]}"
            ",{'type':'function_call','call_id':'f1','name':'weather','arguments':'{\\'city\\':\\'Sm\xc3\xa5land\\'}'}"
            ",{'type':'function_call','call_id':'f2','name':'clock','arguments':'{}'}"
            ",{'type':'function_call_output','call_id':'f1','output':'rain\\n'}"
            ",{'type':'function_call_output','call_id':'f2','output':[{'type':'input_text','text':'09:00'}]}"
            ",{'role':'assistant','content':'It rains.'},{'role':'user','content':'And now?'}"
            ",{'type':'function_call','call_id':'f3','name':'clock','arguments':'{}'}"
            ",{'type':'function_call_output','call_id':'f3','output':'09:01'}"
            ",{'role':'assistant','content':'A minute later.'},{'role':'user','content':'Thanks.'}]"
            ",'tools':[{'type':'function','name':'weather','description':'d','parameters':" SCRIPT_WEATHER "}"
            ",{'type':'function','name':'clock','parameters':" SCRIPT_CLOCK "}]"
            ",'max_output_tokens':300,'temperature':0.5,'top_p':0.9,'stream':true}",
    };
    return double_quoted(arena, requests[format]);
}

#endif
