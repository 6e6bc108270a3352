/* Anthropic messages: POST /v1/messages and /v1/messages/count_tokens.
 *
 * Thinking, its signature and redacted thinking are opaque both ways: the model only ever saw tokens, so they hold
 * tokens, and the provider refuses them when a byte has changed. Source: the official client packages' types (message,
 * raw_message_stream_event, error responses). */
#include "gateway/api/api.h"
#include "gateway/body/json_text.h"

static const struct http_field fixed_fields[] = {
    {{"anthropic-version", 17}, {"2023-06-01", 10}},
    {{NULL, 0}, {NULL, 0}},
};
static const char *const passed_fields[] = {"anthropic-version", "anthropic-beta", NULL};

const struct api_family api_family_anthropic = {
    .name = "anthropic",
    .key_field = "x-api-key",
    .key_prefix = "",
    .fixed = fixed_fields,
    .passed = passed_fields,
};

static const struct field_rule request_rules[] = {
    {"model", FIELD_MODEL},
    {"messages[].content[].thinking", FIELD_OPAQUE},
    {"messages[].content[].signature", FIELD_OPAQUE},
    {"messages[].content[].data", FIELD_OPAQUE}, /* of redacted thinking */
    {"**.encrypted_content", FIELD_OPAQUE},
    {"**.encrypted_index", FIELD_OPAQUE},
    {"**.encrypted_stdout", FIELD_OPAQUE},
    {"**.source.data", FIELD_BINARY},
    {"**.source.url", FIELD_BINARY},
    {"**.source.file_id", FIELD_REFERENCE},
    {"**.file_id", FIELD_REFERENCE},
    {NULL, FIELD_PLAIN},
};

static const struct field_rule answer_rules[] = {
    {"content[].text", FIELD_TEXT},
    {"content[].name", FIELD_TEXT},
    {"content[].input.**", FIELD_TEXT},
    {"content[].citations[].cited_text", FIELD_TEXT},
    {"content[].citations[].document_title", FIELD_TEXT},
    {"content[].citations[].title", FIELD_TEXT},
    {NULL, FIELD_PLAIN},
};

static const struct field_rule event_rules[] = {
    {"message_start:message.content[].text", FIELD_WHOLE_TEXT},
    {"content_block_start:content_block.text", FIELD_WHOLE_TEXT},
    {"content_block_start:content_block.name", FIELD_WHOLE_TEXT},
    {"content_block_start:content_block.input.**", FIELD_WHOLE_TEXT},
    {"content_block_start:content_block.content[].text", FIELD_WHOLE_TEXT},
    {"content_block_delta:delta.text", FIELD_TEXT},
    {"content_block_delta:delta.partial_json", FIELD_JSON_TEXT},
    {"content_block_delta:delta.citation.cited_text", FIELD_WHOLE_TEXT},
    {"content_block_delta:delta.citation.document_title", FIELD_WHOLE_TEXT},
    {"content_block_delta:delta.citation.title", FIELD_WHOLE_TEXT},
    {"content_block_stop:nothing", FIELD_PLAIN},
    {"message_delta:nothing", FIELD_PLAIN},
    {"message_stop:nothing", FIELD_PLAIN},
    {"ping:nothing", FIELD_PLAIN},
    {NULL, FIELD_PLAIN},
};

static struct event_role event_role(const struct json_doc *doc, struct slice name, struct slice data) {
    (void)data;
    struct event_role role = {.known = doc != NULL, .kind = name};
    if (doc == NULL) return role;
    const uint32_t type = json_member(doc, 0, SLICE("type"));
    if (json_is(doc, type, JSON_STRING)) role.kind = json_raw(doc, type);
    role.last = slice_equal(role.kind, SLICE("message_stop"));
    role.is_error = slice_equal(role.kind, SLICE("error"));
    uint64_t index = 0;
    const uint32_t number = json_member(doc, 0, SLICE("index"));
    if (slice_equal(role.kind, SLICE("content_block_stop"))) {
        const bool counted = number != JSON_NONE && json_uint(doc, number, &index) && index < WINDOW_ALL;
        role.closes[role.closes_count++] = counted ? (uint32_t)index : WINDOW_ALL;
    } else if (role.last || slice_equal(role.kind, SLICE("message_delta"))) {
        role.closes[role.closes_count++] = WINDOW_ALL;
    }
    return role;
}

/* The client packages choose their exception by status; `type` follows the provider's own list. */
static const char *error_type(unsigned status) {
    switch (status) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 413: return "request_too_large";
    case 529: return "overloaded_error";
    default: return status < 500 ? "invalid_request_error" : "api_error";
    }
}

static void write_error(struct buffer *out, const struct api_error *error) {
    buffer_append_format(out, "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":\"",
                         error_type(error->status));
    json_text_encode(out, slice_str(error->message));
    buffer_append_format(out, "\",\"code\":\"%s\"", error->code);
    api_error_lists_write(out, error);
    buffer_append_str(out, "}}");
}

static void write_error_event(struct buffer *out, const struct api_error *error) {
    buffer_append_str(out, "event: error\ndata: ");
    write_error(out, error);
    buffer_append_str(out, "\n\n");
}

const struct api api_anthropic_messages = {
    .family = &api_family_anthropic,
    .request_rules = request_rules,
    .answer_rules = answer_rules,
    .event_rules = event_rules,
    .outer_member = "index",
    .event_role = event_role,
    .write_error_event = write_error_event,
    .write_error = write_error,
};
