#include "bench/mock/responses_items.h"

#include <string.h>

#include "bench/mock/json_reply.h"
#include "bench/mock/openai.h"
#include "bench/mock/signature.h"

/* In the order of enum chat_call_kind. */
static const struct responses_call_kind KINDS[] = {
    {"function_call", "fc", "arguments", "response.function_call_arguments"},
    {"custom_tool_call", "ctc", "input", "response.custom_tool_call_input"},
    {"mcp_call", "mcp", "arguments", "response.mcp_call_arguments"},
    {"code_interpreter_call", "ci", "code", "response.code_interpreter_call_code"},
};

const struct responses_call_kind *responses_call_kind_of(const char *item_type) {
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++)
        if (strcmp(KINDS[i].item, item_type) == 0) return &KINDS[i];
    return NULL;
}

struct id {
    char text[48];
};

static struct id id_of(const char *prefix, unsigned long long number, size_t place) {
    struct id id;
    (void)snprintf(id.text, sizeof id.text, "%s_%012llx%zu", prefix, number, place);
    return id;
}

static json_t *reasoning_item(const struct chat_text *text, unsigned long long number) {
    char signature[SIGNATURE_BYTES];
    signature_of_text(text->thinking, signature);
    return json_pack("{s:s,s:s,s:[{s:s,s:o}],s:s,s:s}", "id", id_of("rs", number, 0).text, "type", "reasoning",
                     "summary", "type", "summary_text", "text", json_reply_string(text->thinking), "encrypted_content",
                     signature, "status", "completed");
}

static json_t *annotations_of(const struct chat_text *text) {
    json_t *list = json_array();
    for (size_t i = 0; i < text->citation_count; i++) {
        const struct chat_citation *citation = &text->citations[i];
        (void)json_array_append_new(list, json_pack("{s:s,s:I,s:I,s:o,s:o}", "type", "url_citation", "start_index",
                                                    (json_int_t)citation->begin, "end_index", (json_int_t)citation->end,
                                                    "title", json_reply_string(citation->title), "url",
                                                    json_reply_string(citation->url)));
    }
    return list;
}

static json_t *logprobs_of(const struct chat_text *text, const struct behaviour *behaviour) {
    json_t *list = json_array();
    struct chat_pieces pieces = chat_pieces_of_content(text, behaviour);
    struct slice piece = SLICE("");
    while (behaviour->logprobs && chat_pieces_next(&pieces, &piece))
        (void)json_array_append_new(list, openai_logprob(piece));
    return list;
}

static json_t *message_item(const struct chat_text *text, const struct behaviour *behaviour,
                            unsigned long long number) {
    json_t *part = text->has_refusal
                       ? json_pack("{s:s,s:o}", "type", "refusal", "refusal", json_reply_string(text->refusal))
                       : json_pack("{s:s,s:o,s:o,s:o}", "type", "output_text", "annotations", annotations_of(text),
                                   "logprobs", logprobs_of(text, behaviour), "text", json_reply_string(text->content));
    return json_pack("{s:s,s:s,s:s,s:[o],s:s}", "id", id_of("msg", number, 0).text, "type", "message", "status",
                     "completed", "content", part, "role", "assistant");
}

static json_t *call_item(const struct chat_call *call, unsigned long long number, size_t place) {
    const struct responses_call_kind *kind = &KINDS[call->kind];
    json_t *item = json_pack("{s:s,s:s,s:s,s:o}", "id", id_of(kind->id, number, place).text, "type", kind->item,
                             "status", "completed", kind->field, json_reply_string(call->arguments));
    if (item == NULL) return NULL;
    if (call->kind == CHAT_CALL_CODE) {
        (void)json_object_set_new(item, "container_id", json_string(id_of("cntr", number, place).text));
        (void)json_object_set_new(item, "outputs", json_null());
        return item;
    }
    (void)json_object_set_new(item, "name", json_reply_string(call->name));
    if (call->kind == CHAT_CALL_MCP)
        (void)json_object_set_new(item, "server_label", json_string("mock"));
    else
        (void)json_object_set_new(item, "call_id", json_string(id_of("call", number, place).text));
    return item;
}

json_t *responses_items(const struct chat_text *text, const struct behaviour *behaviour, unsigned long long number) {
    json_t *items = json_array();
    if (text->has_thinking) (void)json_array_append_new(items, reasoning_item(text, number));
    if (text->has_content || text->has_refusal)
        (void)json_array_append_new(items, message_item(text, behaviour, number));
    for (size_t i = 0; i < text->call_count; i++)
        (void)json_array_append_new(items, call_item(&text->calls[i], number, i));
    return items;
}

json_t *responses_item_begun(json_t *item) {
    json_t *begun = json_copy(item);
    const struct responses_call_kind *kind = responses_call_kind_of(json_string_value(json_object_get(item, "type")));
    (void)json_object_set_new(begun, "status", json_string("in_progress"));
    if (kind) (void)json_object_set_new(begun, kind->field, json_string(""));
    if (json_object_get(begun, "content")) (void)json_object_set_new(begun, "content", json_array());
    if (json_object_get(begun, "summary")) (void)json_object_set_new(begun, "summary", json_array());
    return begun;
}

json_t *responses_usage(const struct chat_text *text, size_t prompt_bytes) {
    const struct chat_usage usage = chat_text_usage(text, prompt_bytes);
    return json_pack("{s:I,s:{s:i,s:i},s:I,s:{s:I},s:I}", "input_tokens", usage.prompt, "input_tokens_details",
                     "cached_tokens", 0, "cache_write_tokens", 0, "output_tokens", usage.completion,
                     "output_tokens_details", "reasoning_tokens", (json_int_t)(text->thinking.len + 3) / 4,
                     "total_tokens", usage.prompt + usage.completion);
}
