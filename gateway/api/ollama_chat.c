/* Ollama: POST /api/chat, /api/generate, /api/embed, /api/embeddings. Streams are lines of JSON.
 *
 * Source: the official client package's types (ChatResponse, GenerateResponse, ResponseError). */
#include "gateway/api/api.h"
#include "gateway/body/json_text.h"

static const struct http_field no_fields[] = {{{NULL, 0}, {NULL, 0}}};
static const char *const nothing_passed[] = {NULL};

const struct api_family api_family_ollama = {
    .name = "ollama",
    .key_field = "authorization",
    .key_prefix = "Bearer ",
    .fixed = no_fields,
    .passed = nothing_passed,
};

static const struct field_rule request_rules[] = {
    {"model", FIELD_MODEL},
    {"context", FIELD_TOKEN_IDS},
    {"context[]", FIELD_TOKEN_IDS},
    {"images[]", FIELD_BINARY},
    {"messages[].images[]", FIELD_BINARY},
    {"input", FIELD_TOKEN_IDS},
    {"input[]", FIELD_TOKEN_IDS},
    {NULL, FIELD_PLAIN},
};

/* Thinking stays as the model said it, in tokens. */
static const struct field_rule answer_rules[] = {
    {"message.content", FIELD_TEXT},
    {"message.tool_calls[].function.name", FIELD_TEXT},
    {"message.tool_calls[].function.arguments.**", FIELD_TEXT},
    {"response", FIELD_TEXT},
    {NULL, FIELD_PLAIN},
};

static const struct field_rule event_rules[] = {
    {"message.content", FIELD_TEXT},
    {"message.tool_calls[].function.name", FIELD_WHOLE_TEXT},
    {"message.tool_calls[].function.arguments.**", FIELD_WHOLE_TEXT},
    {"response", FIELD_TEXT},
    {NULL, FIELD_PLAIN},
};

static struct event_role event_role(const struct json_doc *doc, struct slice name, struct slice data) {
    (void)name;
    (void)data;
    struct event_role role = {.known = doc != NULL};
    if (doc == NULL) return role;
    role.is_error = json_is(doc, json_member(doc, 0, SLICE("error")), JSON_STRING);
    role.last = json_is(doc, json_member(doc, 0, SLICE("done")), JSON_TRUE);
    if (role.last) role.closes[role.closes_count++] = WINDOW_ALL;
    return role;
}

static void write_error(struct buffer *out, const struct api_error *error) {
    buffer_append_str(out, "{\"error\":\"");
    json_text_encode(out, slice_str(error->message));
    buffer_append_format(out, "\",\"code\":\"%s\"", error->code);
    api_error_lists_write(out, error);
    buffer_append_char(out, '}');
}

static void write_error_event(struct buffer *out, const struct api_error *error) {
    write_error(out, error);
    buffer_append_char(out, '\n');
}

const struct api api_ollama_chat = {
    .family = &api_family_ollama,
    .request_rules = request_rules,
    .answer_rules = answer_rules,
    .event_rules = event_rules,
    .lines = true,
    .event_role = event_role,
    .write_error_event = write_error_event,
    .write_error = write_error,
};
