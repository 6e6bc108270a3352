/* OpenAI responses: POST /v1/responses, /compact, /input_tokens; GET and DELETE by id.
 *
 * History may stay upstream (previous_response_id, conversation): what a later answer says of it restores from the
 * vault. Source: the official client packages' types (response, response_stream_event). */
#include "gateway/api/api.h"
#include "gateway/body/json_text.h"

static const struct field_rule request_rules[] = {
    {"model", FIELD_MODEL},
    {"input[].arguments", FIELD_JSON_TEXT},
    {"input[].summary.**", FIELD_OPAQUE}, /* of reasoning items */
    {"input[].content[].input_audio.data", FIELD_BINARY},
    {"input[].result", FIELD_BINARY}, /* of image generation */
    {"**.encrypted_content", FIELD_OPAQUE},
    {"**.image_url", FIELD_BINARY},
    {"**.file_data", FIELD_BINARY},
    {"**.file_url", FIELD_BINARY},
    {"**.file_id", FIELD_REFERENCE},
    {NULL, FIELD_PLAIN},
};

static const struct field_rule answer_rules[] = {
    {"output[].content[].text", FIELD_TEXT},
    {"output[].content[].refusal", FIELD_TEXT},
    {"output[].content[].logprobs", FIELD_STRIPPED},
    {"output[].name", FIELD_TEXT},
    {"output[].arguments", FIELD_JSON_TEXT},
    {"output[].input", FIELD_TEXT},
    {"output[].code", FIELD_TEXT},
    {"output[].output", FIELD_TEXT},
    {"output[].action.**", FIELD_TEXT},
    {"output[].operation.**", FIELD_TEXT},
    {"output_text", FIELD_TEXT},
    {NULL, FIELD_PLAIN},
};

#define WHOLE_ITEM(kind, path)                                                                                 \
    {kind ":" path "content[].text", FIELD_WHOLE_TEXT}, {kind ":" path "content[].refusal", FIELD_WHOLE_TEXT}, \
        {kind ":" path "content[].logprobs", FIELD_STRIPPED}, {kind ":" path "name", FIELD_WHOLE_TEXT},        \
        {kind ":" path "arguments", FIELD_WHOLE_JSON_TEXT}, {kind ":" path "input", FIELD_WHOLE_TEXT},         \
        {kind ":" path "code", FIELD_WHOLE_TEXT}, {kind ":" path "output", FIELD_WHOLE_TEXT},                  \
        {kind ":" path "action.**", FIELD_WHOLE_TEXT}, {                                                       \
        kind ":" path "operation.**", FIELD_WHOLE_TEXT                                                         \
    }
#define WHOLE_RESPONSE(kind)                           \
    WHOLE_ITEM(kind, "response.output[]."), {          \
        kind ":response.output_text", FIELD_WHOLE_TEXT \
    }

static const struct field_rule event_rules[] = {
    {"response.output_text.delta:delta", FIELD_TEXT},
    {"response.output_text.delta:logprobs", FIELD_STRIPPED},
    {"response.output_text.done:text", FIELD_WHOLE_TEXT},
    {"response.output_text.done:logprobs", FIELD_STRIPPED},
    {"response.refusal.delta:delta", FIELD_TEXT},
    {"response.refusal.done:refusal", FIELD_WHOLE_TEXT},
    {"response.function_call_arguments.delta:delta", FIELD_JSON_TEXT},
    {"response.function_call_arguments.done:arguments", FIELD_WHOLE_JSON_TEXT},
    {"response.function_call_arguments.done:name", FIELD_WHOLE_TEXT},
    {"response.custom_tool_call_input.delta:delta", FIELD_TEXT},
    {"response.custom_tool_call_input.done:input", FIELD_WHOLE_TEXT},
    {"response.mcp_call_arguments.delta:delta", FIELD_JSON_TEXT},
    {"response.mcp_call_arguments.done:arguments", FIELD_WHOLE_JSON_TEXT},
    {"response.code_interpreter_call_code.delta:delta", FIELD_TEXT},
    {"response.code_interpreter_call_code.done:code", FIELD_WHOLE_TEXT},
    {"response.content_part.added:part.text", FIELD_WHOLE_TEXT},
    {"response.content_part.done:part.text", FIELD_WHOLE_TEXT},
    {"response.content_part.done:part.refusal", FIELD_WHOLE_TEXT},
    {"response.content_part.done:part.logprobs", FIELD_STRIPPED},
    WHOLE_ITEM("response.output_item.added", "item."),
    WHOLE_ITEM("response.output_item.done", "item."),
    WHOLE_RESPONSE("response.completed"),
    WHOLE_RESPONSE("response.incomplete"),
    WHOLE_RESPONSE("response.failed"),
    /* The model's own thinking stays in tokens. */
    {"response.reasoning_text.delta:nothing", FIELD_PLAIN},
    {"response.reasoning_text.done:nothing", FIELD_PLAIN},
    {"response.reasoning_summary_text.delta:nothing", FIELD_PLAIN},
    {"response.reasoning_summary_text.done:nothing", FIELD_PLAIN},
    {"response.reasoning_summary_part.added:nothing", FIELD_PLAIN},
    {"response.reasoning_summary_part.done:nothing", FIELD_PLAIN},
    {"response.created:nothing", FIELD_PLAIN},
    {"response.in_progress:nothing", FIELD_PLAIN},
    {NULL, FIELD_PLAIN},
};

static bool ends_with(struct slice text, struct slice end) {
    return text.len >= end.len && slice_equal(slice_range(text, text.len - end.len, text.len), end);
}

static bool ends_response(struct slice kind) {
    return slice_equal(kind, SLICE("response.completed")) || slice_equal(kind, SLICE("response.incomplete")) ||
           slice_equal(kind, SLICE("response.failed"));
}

/* Every `.done` ends the texts of its output item. */
static struct event_role event_role(const struct json_doc *doc, struct slice name, struct slice data) {
    (void)data;
    struct event_role role = {.known = doc != NULL, .kind = name};
    if (doc == NULL) return role;
    const uint32_t type = json_member(doc, 0, SLICE("type"));
    if (json_is(doc, type, JSON_STRING)) role.kind = json_raw(doc, type);
    role.is_error = slice_equal(role.kind, SLICE("error"));
    role.last = ends_response(role.kind);
    uint64_t index = 0;
    const uint32_t number = json_member(doc, 0, SLICE("output_index"));
    if (role.last)
        role.closes[role.closes_count++] = WINDOW_ALL;
    else if (ends_with(role.kind, SLICE(".done")))
        role.closes[role.closes_count++] =
            number != JSON_NONE && json_uint(doc, number, &index) && index < WINDOW_ALL ? (uint32_t)index : WINDOW_ALL;
    return role;
}

static void write_error_event(struct buffer *out, const struct api_error *error) {
    buffer_append_format(out, "event: error\ndata: {\"type\":\"error\",\"code\":\"%s\",\"message\":\"", error->code);
    json_text_encode(out, slice_str(error->message));
    buffer_append_str(out, "\",\"param\":null,\"sequence_number\":0}\n\n");
}

const struct api api_openai_responses = {
    .family = &api_family_openai,
    .request_rules = request_rules,
    .answer_rules = answer_rules,
    .event_rules = event_rules,
    .outer_member = "output_index",
    .inner_member = "content_index",
    .event_role = event_role,
    .write_error_event = write_error_event,
    .write_error = api_openai_write_error,
};
