/* Gemini: POST /v1beta/models/M:generateContent, :streamGenerateContent (as server-sent events), :countTokens.
 *
 * A part that carries a thoughtSignature is restored and tokenised again like any other: the same value has the same
 * token, so what the provider gets back is what it signed. The signature itself goes as it is.
 * Source: the official client package google-genai (GenerateContentResponse, errors.APIError). */
#include "gateway/api/api.h"
#include "gateway/body/json_text.h"

static const struct http_field no_fields[] = {{{NULL, 0}, {NULL, 0}}};
static const char *const nothing_passed[] = {NULL};

const struct api_family api_family_gemini = {
    .name = "gemini",
    .key_field = "x-goog-api-key",
    .key_prefix = "",
    .fixed = no_fields,
    .passed = nothing_passed,
};

static const struct field_rule request_rules[] = {
    {"**.inlineData.data", FIELD_BINARY},  {"**.inline_data.data", FIELD_BINARY},
    {"**.voiceSampleAudio", FIELD_BINARY}, {"**.voice_sample_audio", FIELD_BINARY},
    {"**.consentAudio", FIELD_BINARY},     {"**.consent_audio", FIELD_BINARY},
    {"**.fileUri", FIELD_REFERENCE},       {"**.file_uri", FIELD_REFERENCE},
    {"**.thoughtSignature", FIELD_OPAQUE}, {"**.thought_signature", FIELD_OPAQUE},
    {"cachedContent", FIELD_REFERENCE},    {NULL, FIELD_PLAIN},
};

static const struct field_rule answer_rules[] = {
    {"candidates[].content.parts[].text", FIELD_TEXT},
    {"candidates[].content.parts[].functionCall.name", FIELD_TEXT},
    {"candidates[].content.parts[].functionCall.args.**", FIELD_TEXT},
    {"candidates[].content.parts[].executableCode.code", FIELD_TEXT},
    {"candidates[].content.parts[].codeExecutionResult.output", FIELD_TEXT},
    {"candidates[].logprobsResult", FIELD_STRIPPED},
    {NULL, FIELD_PLAIN},
};

static const struct field_rule event_rules[] = {
    {"candidates[].content.parts[].text", FIELD_TEXT},
    {"candidates[].content.parts[].functionCall.name", FIELD_WHOLE_TEXT},
    {"candidates[].content.parts[].functionCall.args.**", FIELD_WHOLE_TEXT},
    {"candidates[].content.parts[].executableCode.code", FIELD_WHOLE_TEXT},
    {"candidates[].content.parts[].codeExecutionResult.output", FIELD_WHOLE_TEXT},
    {"candidates[].logprobsResult", FIELD_STRIPPED},
    {NULL, FIELD_PLAIN},
};

/* A candidate with a finishReason gets no more text. Its stream has no end mark but that. */
static struct event_role event_role(const struct json_doc *doc, struct slice name, struct slice data) {
    (void)name;
    (void)data;
    struct event_role role = {.known = doc != NULL};
    if (doc == NULL) return role;
    role.is_error = json_is(doc, json_member(doc, 0, SLICE("error")), JSON_OBJECT);
    (void)api_event_close_finished(doc, SLICE("candidates"), SLICE("finishReason"), &role);
    role.last = role.closes_count > 0;
    return role;
}

static const char *status_name(unsigned status) {
    switch (status) {
    case 400: return "INVALID_ARGUMENT";
    case 401: return "UNAUTHENTICATED";
    case 403: return "PERMISSION_DENIED";
    case 404: return "NOT_FOUND";
    case 429: return "RESOURCE_EXHAUSTED";
    case 503: return "UNAVAILABLE";
    default: return status < 500 ? "FAILED_PRECONDITION" : "INTERNAL";
    }
}

static void write_error(struct buffer *out, const struct api_error *error) {
    buffer_append_format(out, "{\"error\":{\"code\":%u,\"message\":\"", error->status);
    json_text_encode(out, slice_str(error->message));
    buffer_append_format(out, "\",\"status\":\"%s\",\"reason\":\"%s\"", status_name(error->status), error->code);
    api_error_lists_write(out, error);
    buffer_append_str(out, "}}");
}

static void write_error_event(struct buffer *out, const struct api_error *error) {
    buffer_append_str(out, "data: ");
    write_error(out, error);
    buffer_append_str(out, "\n\n");
}

const struct api api_gemini = {
    .family = &api_family_gemini,
    .request_rules = request_rules,
    .answer_rules = answer_rules,
    .event_rules = event_rules,
    .event_role = event_role,
    .write_error_event = write_error_event,
    .write_error = write_error,
};
