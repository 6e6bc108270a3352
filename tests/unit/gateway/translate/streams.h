/* One answer as a stream of each upstream's format: thinking, a text in two pieces, and two calls. */
#ifndef SLUICE_TESTS_STREAMS_H
#define SLUICE_TESTS_STREAMS_H

#include "unit/gateway/translate/translate_fixture.h"

#define CHUNK(delta, finish)                                                                                   \
    "{'id':'i','object':'chat.completion.chunk','created':7,'model':'m','choices':[{'index':0,'delta':{" delta \
    "},'finish_reason':" finish "}]}"
#define LINE(message, more) \
    "{'model':'m','created_at':'1970-01-01T00:00:07Z','message':{'role':'assistant'," message "}," more "}"

static const char *const chat_stream[] = {
    CHUNK("'role':'assistant','content':''", "null"),
    CHUNK("'reasoning_content':'be'", "null"),
    CHUNK("'reasoning_content':'cause'", "null"),
    CHUNK("'content':'H\\u00e9'", "null"),
    CHUNK("'content':'\\'llo\\ud83d'", "null"), /* a pair of surrogates, cut in two */
    CHUNK("'content':'\\ude00'", "null"),
    CHUNK("'tool_calls':[{'index':0,'id':'c1','type':'function','function':{'name':'f','arguments':''}}]", "null"),
    CHUNK("'tool_calls':[{'index':0,'function':{'arguments':'{\\'a\\'\\n'}}]", "null"),
    CHUNK("'tool_calls':[{'index':0,'function':{'arguments':': [1]}'}}]", "null"),
    CHUNK("'tool_calls':[{'index':1,'id':'c2','type':'function','function':{'name':'g','arguments':''}}]", "null"),
    CHUNK("", "'tool_calls'"),
    "{'id':'i','object':'chat.completion.chunk','created':7,'model':'m','choices':[]"
    ",'usage':{'prompt_tokens':10,'completion_tokens':5,'total_tokens':15}}",
    "[DONE]",
    NULL,
};

static const char *const anthropic_stream[] = {
    "{'type':'message_start','message':{'id':'i','model':'m','usage':{'input_tokens':10}}}",
    "{'type':'ping'}",
    "{'type':'content_block_start','index':0,'content_block':{'type':'thinking','thinking':'','signature':''}}",
    "{'type':'content_block_delta','index':0,'delta':{'type':'thinking_delta','thinking':'because'}}",
    "{'type':'content_block_delta','index':0,'delta':{'type':'signature_delta','signature':'zz'}}",
    "{'type':'content_block_stop','index':0}",
    "{'type':'content_block_start','index':1,'content_block':{'type':'redacted_thinking','data':'zz'}}",
    "{'type':'content_block_stop','index':1}",
    "{'type':'content_block_start','index':2,'content_block':{'type':'text','text':''}}",
    "{'type':'content_block_delta','index':2,'delta':{'type':'text_delta','text':'H\xc3\xa9\\''}}",
    "{'type':'content_block_delta','index':2,'delta':{'type':'text_delta','text':'llo\xf0\x9f\x98\x80'}}",
    "{'type':'content_block_stop','index':2}",
    "{'type':'content_block_start','index':3,'content_block':{'type':'tool_use','id':'c1','name':'f','input':{}}}",
    "{'type':'content_block_delta','index':3,'delta':{'type':'input_json_delta','partial_json':''}}",
    "{'type':'content_block_delta','index':3,'delta':{'type':'input_json_delta','partial_json':'{\\'a\\'\\n: '}}",
    "{'type':'content_block_delta','index':3,'delta':{'type':'input_json_delta','partial_json':'[1]}'}}",
    "{'type':'content_block_stop','index':3}",
    "{'type':'content_block_start','index':4,'content_block':{'type':'tool_use','id':'c2','name':'g','input':{}}}",
    "{'type':'content_block_stop','index':4}",
    "{'type':'message_delta','delta':{'stop_reason':'tool_use','stop_sequence':null},'usage':{'output_tokens':5}}",
    "{'type':'message_stop'}",
    NULL,
};

static const char *const ollama_stream[] = {
    LINE("'content':'','thinking':'be'", "'done':false"),
    LINE("'content':'','thinking':'cause'", "'done':false"),
    LINE("'content':'H\xc3\xa9\\''", "'done':false"),
    LINE("'content':'llo\xf0\x9f\x98\x80'", "'done':false"),
    LINE("'content':'','tool_calls':[{'function':{'index':0,'name':'f','arguments':{'a' : [1]}}}]", "'done':false"),
    LINE("'content':'','tool_calls':[{'function':{'index':1,'name':'g','arguments':{}}}]", "'done':false"),
    LINE("'content':''", "'done_reason':'stop','done':true,'prompt_eval_count':10,'eval_count':5"),
    NULL,
};

static const char *const *const streams[TRANSLATE_FORMAT_COUNT] = {
    [TRANSLATE_OPENAI_CHAT] = chat_stream,
    [TRANSLATE_ANTHROPIC] = anthropic_stream,
    [TRANSLATE_OLLAMA] = ollama_stream,
};

/* What all of them say, as told() shows it. */
#define STREAMED "think(because) text(H\xc3\xa9\"llo\xf0\x9f\x98\x80) call(f {\"a\":[1]}) call(g {}) completed 10/5"

static inline struct translate_stream *stream_of(enum translate_format from, enum translate_format to) {
    struct translate_stream *stream = NULL;
    assert_int_equal(translate_stream_create(from, to, &stream), OUTCOME_OK);
    return stream;
}

/* Feeds `count` of the events (all of them for SIZE_MAX). */
static inline enum outcome feed_events(struct translate_stream *stream, const char *const *events, size_t count,
                                       struct buffer *out) {
    enum outcome outcome = OUTCOME_OK;
    for (size_t i = 0; i < count && events[i] && outcome == OUTCOME_OK; i++) {
        struct arena arena;
        arena_init(&arena, FIXTURE_ARENA_BYTES);
        outcome = translate_stream_event(stream, SLICE(""), slice_str(double_quoted(&arena, events[i])), out);
        arena_reset(&arena);
    }
    return outcome;
}

#endif
