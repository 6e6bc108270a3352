/* OpenAI completions (POST /v1/completions) and embeddings (POST /v1/embeddings): a bare text in, text or numbers out.
 *
 * Source: the official client packages' types (completion, create_embedding_response). */
#include "gateway/api/api.h"

static const struct field_rule completion_request_rules[] = {
    {"model", FIELD_MODEL},          {"prompt", FIELD_TOKEN_IDS}, {"prompt[]", FIELD_TOKEN_IDS},
    {"prompt[][]", FIELD_TOKEN_IDS}, {NULL, FIELD_PLAIN},
};

static const struct field_rule embedding_request_rules[] = {
    {"model", FIELD_MODEL},         {"input", FIELD_TOKEN_IDS}, {"input[]", FIELD_TOKEN_IDS},
    {"input[][]", FIELD_TOKEN_IDS}, {NULL, FIELD_PLAIN},
};

static const struct field_rule text_rules[] = {
    {"choices[].text", FIELD_TEXT},
    {"choices[].logprobs", FIELD_STRIPPED},
    {NULL, FIELD_PLAIN},
};

static const struct field_rule no_rules[] = {{NULL, FIELD_PLAIN}};

static struct event_role event_role(const struct json_doc *doc, struct slice name, struct slice data) {
    return api_openai_chat.event_role(doc, name, data);
}

static void write_error_event(struct buffer *out, const struct api_error *error) {
    api_openai_chat.write_error_event(out, error);
}

const struct api api_openai_completions = {
    .family = &api_family_openai,
    .request_rules = completion_request_rules,
    .answer_rules = text_rules,
    .event_rules = text_rules,
    .event_role = event_role,
    .write_error_event = write_error_event,
    .write_error = api_openai_write_error,
};

const struct api api_openai_embeddings = {
    .family = &api_family_openai,
    .request_rules = embedding_request_rules,
    .answer_rules = no_rules,
    .event_rules = no_rules,
    .event_role = event_role,
    .write_error_event = write_error_event,
    .write_error = api_openai_write_error,
};
