/* OpenAI chat completions: POST /v1/chat/completions.
 *
 * Source: the official client packages' types (chat.completion, chat.completion.chunk, error object). */
#include "gateway/api/api.h"
#include "gateway/body/json_text.h"

static const struct field_rule request_rules[] = {
    {"model", FIELD_MODEL},
    {"messages[].content[]", FIELD_TOKEN_IDS},
    {"messages[].content[].image_url", FIELD_BINARY},
    {"messages[].content[].image_url.url", FIELD_BINARY},
    {"messages[].content[].input_audio.data", FIELD_BINARY},
    {"messages[].content[].file.file_data", FIELD_BINARY},
    {"messages[].content[].file.file_id", FIELD_REFERENCE},
    {"messages[].audio.id", FIELD_REFERENCE},
    {"messages[].tool_calls[].function.arguments", FIELD_JSON_TEXT},
    {"messages[].function_call.arguments", FIELD_JSON_TEXT},
    {NULL, FIELD_PLAIN},
};

static const struct field_rule answer_rules[] = {
    {"choices[].message.content", FIELD_TEXT},
    {"choices[].message.content[].text", FIELD_TEXT},
    {"choices[].message.refusal", FIELD_TEXT},
    {"choices[].message.tool_calls[].function.name", FIELD_TEXT},
    {"choices[].message.tool_calls[].function.arguments", FIELD_JSON_TEXT},
    {"choices[].message.tool_calls[].custom.name", FIELD_TEXT},
    {"choices[].message.tool_calls[].custom.input", FIELD_TEXT},
    {"choices[].message.function_call.name", FIELD_TEXT},
    {"choices[].message.function_call.arguments", FIELD_JSON_TEXT},
    {"choices[].logprobs", FIELD_STRIPPED},
    {NULL, FIELD_PLAIN},
};

static const struct field_rule event_rules[] = {
    {"choices[].delta.content", FIELD_TEXT},
    {"choices[].delta.refusal", FIELD_TEXT},
    {"choices[].delta.tool_calls[].function.name", FIELD_WHOLE_TEXT},
    {"choices[].delta.tool_calls[].function.arguments", FIELD_JSON_TEXT},
    {"choices[].delta.tool_calls[].custom.name", FIELD_WHOLE_TEXT},
    {"choices[].delta.tool_calls[].custom.input", FIELD_TEXT},
    {"choices[].delta.function_call.name", FIELD_WHOLE_TEXT},
    {"choices[].delta.function_call.arguments", FIELD_JSON_TEXT},
    {"choices[].logprobs", FIELD_STRIPPED},
    {NULL, FIELD_PLAIN},
};

static struct event_role event_role(const struct json_doc *doc, struct slice name, struct slice data) {
    (void)name;
    struct event_role role = {.last = slice_equal(slice_trim(data), SLICE("[DONE]"))};
    if (role.last) {
        role.known = true;
        role.closes[0] = WINDOW_ALL;
        role.closes_count = 1;
    }
    if (doc == NULL) return role;
    role.is_error = json_is(doc, json_member(doc, 0, SLICE("error")), JSON_OBJECT);
    role.known = api_event_close_finished(doc, SLICE("choices"), SLICE("finish_reason"), &role);
    return role;
}

#define LONGEST_REMEMBERED 256 /* every added event repeats them: a longer one is left out */

static void remember(const struct json_doc *doc, struct buffer *remembered) {
    static const struct slice names[] = {{"id", 2}, {"object", 6}, {"created", 7}, {"model", 5}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const uint32_t value = json_member(doc, 0, names[i]);
        if (value == JSON_NONE) continue;
        const bool string = json_is(doc, value, JSON_STRING);
        if ((!string && !json_is(doc, value, JSON_NUMBER)) || json_raw(doc, value).len > LONGEST_REMEMBERED) continue;
        buffer_append_format(remembered, "\"%s\":%s", names[i].data, string ? "\"" : "");
        buffer_append(remembered, json_raw(doc, value));
        buffer_append_str(remembered, string ? "\"," : ",");
    }
}

/* The delta around the text, for each path of event_rules: "choices[].delta." and then what follows. */
static void write_delta(struct buffer *out, const struct window_key *key, const char *field_path, struct slice text) {
    static const char prefix[] = "choices[].delta.";
    struct slice rest = slice_str(field_path + sizeof prefix - 1);
    const char *dot = memchr(rest.data, '.', rest.len);
    const struct slice tool_calls = SLICE("tool_calls[].");
    if (slice_starts_with(rest, tool_calls)) {
        rest = slice_range(rest, tool_calls.len, rest.len);
        dot = memchr(rest.data, '.', rest.len);
        buffer_append_format(out, "\"tool_calls\":[{\"index\":%u,\"%.*s\":{\"%s\":\"", key->inner,
                             (int)(dot - rest.data), rest.data, dot + 1);
        buffer_append(out, text);
        buffer_append_str(out, "\"}}]");
    } else if (dot) {
        buffer_append_format(out, "\"%.*s\":{\"%s\":\"", (int)(dot - rest.data), rest.data, dot + 1);
        buffer_append(out, text);
        buffer_append_str(out, "\"}");
    } else {
        buffer_append_format(out, "\"%s\":\"", rest.data);
        buffer_append(out, text);
        buffer_append_str(out, "\"");
    }
}

static void write_text_event(struct buffer *out, struct slice remembered, const struct window_key *key,
                             const char *field_path, struct slice text) {
    buffer_append_str(out, "data: {");
    buffer_append(out, remembered);
    buffer_append_format(out, "\"choices\":[{\"index\":%u,\"delta\":{", key->outer);
    write_delta(out, key, field_path, text);
    buffer_append_str(out, "},\"finish_reason\":null}]}\n\n");
}

static void write_error_event(struct buffer *out, const struct api_error *error) {
    buffer_append_str(out, "data: ");
    api_openai_write_error(out, error);
    buffer_append_str(out, "\n\n");
}

const struct api api_openai_chat = {
    .family = &api_family_openai,
    .request_rules = request_rules,
    .answer_rules = answer_rules,
    .event_rules = event_rules,
    .event_role = event_role,
    .remember = remember,
    .write_text_event = write_text_event,
    .write_error_event = write_error_event,
    .write_error = api_openai_write_error,
};
