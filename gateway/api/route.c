/* The routes of all formats, and how a path finds its row. */
#include "gateway/api/api.h"

static const char multipart_refused[] =
    "sluice cannot scan uploads: put the text into the prompt, or send it to the provider yourself";
static const char audio_refused[] = "sluice cannot scan audio: transcribe it locally and send the text";
static const char batch_refused[] = "sluice cannot scan what a batch refers to: send its requests one by one";
static const char socket_refused[] = "sluice does not serve realtime sessions: use the streaming HTTP API";
static const char image_refused[] = "sluice does not serve image generation";

#define OPENAI_REFUSED(path, why) \
    { HTTP_METHOD_OTHER, path, why, &api_openai_chat, ROUTE_REFUSED, false }

/* The client package asks for v1 by itself, and for v1beta when told; the upstream's base path says which it gets. */
#define GEMINI_ROUTES(version)                                                                                      \
    {                                                                                                               \
        HTTP_POST,                                                                                                  \
        version "/models/{model}:generateContent",                                                                  \
        "/models/{model}:generateContent",                                                                          \
        &api_gemini,                                                                                                \
        ROUTE_PROMPT,                                                                                               \
        false},                                                                                                     \
        {HTTP_POST,                                                                                                 \
         version "/models/{model}:streamGenerateContent",                                                           \
         "/models/{model}:streamGenerateContent?alt=sse",                                                           \
         &api_gemini,                                                                                               \
         ROUTE_PROMPT,                                                                                              \
         false},                                                                                                    \
    {                                                                                                               \
        HTTP_POST, version "/models/{model}:countTokens", "/models/{model}:countTokens", &api_gemini, ROUTE_PROMPT, \
            false                                                                                                   \
    }

static const struct api_route routes[] = {
    {HTTP_POST, "/v1/chat/completions", "/chat/completions", &api_openai_chat, ROUTE_PROMPT, false},
    {HTTP_POST, "/v1/completions", "/completions", &api_openai_completions, ROUTE_PROMPT, false},
    {HTTP_POST, "/v1/embeddings", "/embeddings", &api_openai_embeddings, ROUTE_EMBEDDING, false},
    {HTTP_POST, "/v1/responses", "/responses", &api_openai_responses, ROUTE_PROMPT, false},
    {HTTP_POST, "/v1/responses/compact", "/responses/compact", &api_openai_responses, ROUTE_PROMPT, false},
    {HTTP_POST, "/v1/responses/input_tokens", "/responses/input_tokens", &api_openai_responses, ROUTE_PROMPT, false},
    {HTTP_GET, "/v1/responses/{id}", "/responses/{id}", &api_openai_responses, ROUTE_LISTING, false},
    {HTTP_DELETE, "/v1/responses/{id}", "/responses/{id}", &api_openai_responses, ROUTE_LISTING, false},
    {HTTP_GET, "/v1/responses/{id}/input_items", "/responses/{id}/input_items", &api_openai_responses, ROUTE_LISTING,
     false},
    {HTTP_POST, "/v1/messages", "/messages", &api_anthropic_messages, ROUTE_PROMPT, false},
    {HTTP_POST, "/v1/messages/count_tokens", "/messages/count_tokens", &api_anthropic_messages, ROUTE_PROMPT, false},
    {HTTP_GET, "/v1/models", "/models", &api_anthropic_messages, ROUTE_LISTING, true},
    {HTTP_GET, "/v1/models/{id}", "/models/{id}", &api_anthropic_messages, ROUTE_LISTING, true},
    {HTTP_GET, "/v1/models", "/models", &api_openai_chat, ROUTE_LISTING, false},
    {HTTP_GET, "/v1/models/{id}", "/models/{id}", &api_openai_chat, ROUTE_LISTING, false},
    {HTTP_POST, "/api/chat", "/api/chat", &api_ollama_chat, ROUTE_PROMPT, false},
    {HTTP_POST, "/api/generate", "/api/generate", &api_ollama_chat, ROUTE_PROMPT, false},
    {HTTP_POST, "/api/embed", "/api/embed", &api_ollama_chat, ROUTE_EMBEDDING, false},
    {HTTP_POST, "/api/embeddings", "/api/embeddings", &api_ollama_chat, ROUTE_EMBEDDING, false},
    {HTTP_GET, "/api/tags", "/api/tags", &api_ollama_chat, ROUTE_LISTING, false},
    {HTTP_GET, "/api/version", "/api/version", &api_ollama_chat, ROUTE_LISTING, false},
    GEMINI_ROUTES("/v1beta"),
    GEMINI_ROUTES("/v1"),
    {HTTP_GET, "/v1beta/models", "/models", &api_gemini, ROUTE_LISTING, false},
    OPENAI_REFUSED("/v1/files", multipart_refused),
    OPENAI_REFUSED("/v1/files/*", multipart_refused),
    OPENAI_REFUSED("/v1/uploads", multipart_refused),
    OPENAI_REFUSED("/v1/uploads/*", multipart_refused),
    OPENAI_REFUSED("/v1/audio/*", audio_refused),
    OPENAI_REFUSED("/v1/images/*", image_refused),
    OPENAI_REFUSED("/v1/batches", batch_refused),
    OPENAI_REFUSED("/v1/batches/*", batch_refused),
    OPENAI_REFUSED("/v1/messages/batches", batch_refused),
    OPENAI_REFUSED("/v1/messages/batches/*", batch_refused),
    OPENAI_REFUSED("/v1/realtime", socket_refused),
    OPENAI_REFUSED("/v1/realtime/*", socket_refused),
};

static bool is_word_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
}

/* `{name}` at the front of a pattern: its length with the braces, or 0. */
static size_t place_len(const char *pattern) {
    const char *end = *pattern == '{' ? strchr(pattern, '}') : NULL;
    return end ? (size_t)(end - pattern) + 1 : 0;
}

static bool take_word(struct slice *rest, bool model, struct route_call *call) {
    size_t len = 0;
    while (len < rest->len && is_word_byte(rest->data[len])) len++;
    if (len == 0 || call->word_count == ROUTE_WORDS_MAX) return false;
    if (model) call->model_word = (int)call->word_count;
    call->words[call->word_count++] = slice_range(*rest, 0, len);
    *rest = slice_range(*rest, len, rest->len);
    return true;
}

static bool path_matches(const char *pattern, struct slice path, struct route_call *call) {
    *call = (struct route_call){.model_word = -1};
    struct slice rest = path;
    while (*pattern) {
        const size_t place = place_len(pattern);
        if (place) {
            if (!take_word(&rest, strncmp(pattern, "{model}", place) == 0, call)) return false;
            pattern += place;
        } else if (pattern[0] == '*' && pattern[1] == '\0') {
            return rest.len > 0;
        } else {
            if (rest.len == 0 || rest.data[0] != *pattern++) return false;
            rest = slice_range(rest, 1, rest.len);
        }
    }
    return rest.len == 0;
}

const char *api_method_name(enum http_method method) {
    if (method == HTTP_DELETE) return "DELETE";
    return method == HTTP_GET ? "GET" : "POST";
}

enum route_match api_route_find(enum http_method method, struct slice path, bool versioned,
                                struct route_call *call_out) {
    enum route_match match = ROUTE_NO_PATH;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        struct route_call call;
        if ((routes[i].needs_version && !versioned) || !path_matches(routes[i].path, path, &call)) continue;
        match = ROUTE_NO_METHOD;
        if (routes[i].method != method && routes[i].kind != ROUTE_REFUSED) continue;
        *call_out = call;
        call_out->route = &routes[i];
        return ROUTE_FOUND;
    }
    return match;
}

void api_route_write(const struct route_call *call, struct slice model, struct buffer *out) {
    uint32_t word = 0;
    for (const char *pattern = call->route->upstream_path; *pattern;) {
        const size_t place = place_len(pattern);
        if (place == 0) {
            buffer_append_char(out, *pattern++);
            continue;
        }
        const bool is_model = (int)word == call->model_word && model.len;
        buffer_append(out, is_model ? model : call->words[word]);
        word++;
        pattern += place;
    }
}
