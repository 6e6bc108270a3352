#include "bench/mock/format.h"

#include <stdatomic.h>

#include "bench/mock/anthropic_messages.h"
#include "bench/mock/gemini.h"
#include "bench/mock/ollama.h"
#include "bench/mock/openai.h"
#include "bench/mock/openai_chat.h"
#include "bench/mock/openai_completions.h"
#include "bench/mock/openai_embeddings.h"
#include "bench/mock/openai_responses.h"

static const struct format_route ROUTES[] = {
    {"POST", "/chat/completions", NULL, true, openai_chat_answer, &openai_chat_format},
    {"POST", "/completions", NULL, true, openai_completions_answer, &openai_completions_format},
    {"POST", "/embeddings", NULL, true, openai_embeddings_answer, &openai_embeddings_format},
    {"POST", "/responses", NULL, true, responses_create, &openai_responses_format},
    {"POST", "/responses/compact", NULL, true, responses_compact, &openai_responses_format},
    {"POST", "/responses/input_tokens", NULL, true, responses_count, &openai_responses_format},
    {"GET", "/responses/*", NULL, false, responses_retrieve, &openai_responses_format},
    {"GET", "/responses/*/input_items", NULL, false, responses_input_items, &openai_responses_format},
    {"DELETE", "/responses/*", NULL, false, responses_delete, &openai_responses_format},
    {"POST", "/responses/*/cancel", NULL, false, responses_cancel, &openai_responses_format},

    {"POST", "/messages", NULL, true, anthropic_messages_answer, &anthropic_format},
    {"POST", "/messages/count_tokens", NULL, true, anthropic_count_answer, &anthropic_format},
    {"GET", "/models", "anthropic-version", false, anthropic_models_answer, &anthropic_format},
    {"GET", "/models/*", "anthropic-version", false, anthropic_model_answer, &anthropic_format},
    {"GET", "/models", "x-goog-api-key", false, gemini_models_answer, &gemini_format},
    {"GET", "/models", NULL, false, openai_models_answer, &openai_chat_format},
    {"GET", "/models/*", NULL, false, openai_model_answer, &openai_chat_format},

    {"POST", "/api/chat", NULL, true, ollama_chat_answer, &ollama_chat_format},
    {"POST", "/api/generate", NULL, true, ollama_generate_answer, &ollama_generate_format},
    {"POST", "/api/embed", NULL, true, ollama_embed_answer, &ollama_embed_format},
    {"POST", "/api/embeddings", NULL, true, ollama_embeddings_answer, &ollama_embed_format},
    {"GET", "/api/tags", NULL, false, ollama_tags_answer, &ollama_embed_format},
    {"GET", "/api/version", NULL, false, ollama_version_answer, &ollama_embed_format},

    {"POST", "/v1beta/models/*:generateContent", NULL, true, gemini_answer, &gemini_format},
    {"POST", "/v1beta/models/*:streamGenerateContent", NULL, true, gemini_answer, &gemini_format},
    {"POST", "/v1beta/models/*:countTokens", NULL, true, gemini_count_answer, &gemini_format},
    {"GET", "/v1beta/models", NULL, false, gemini_models_answer, &gemini_format},
    {"POST", "/models/*:generateContent", NULL, true, gemini_answer, &gemini_format},
    {"POST", "/models/*:streamGenerateContent", NULL, true, gemini_answer, &gemini_format},
    {"POST", "/models/*:countTokens", NULL, true, gemini_count_answer, &gemini_format},
};

/* Whether the path is the pattern, and what its star stands for. */
static bool matches(struct slice path, struct slice pattern, struct slice *part_out) {
    *part_out = SLICE("");
    const char *star = memchr(pattern.data, '*', pattern.len);
    if (star == NULL) return slice_equal(path, pattern);
    const struct slice before = slice_range(pattern, 0, (size_t)(star - pattern.data));
    const struct slice after = slice_range(pattern, before.len + 1, pattern.len);
    if (path.len <= before.len + after.len || !slice_starts_with(path, before)) return false;
    if (!slice_equal(slice_range(path, path.len - after.len, path.len), after)) return false;
    *part_out = slice_range(path, before.len, path.len - after.len);
    return memchr(part_out->data, '/', part_out->len) == NULL;
}

static struct slice without_query(struct slice path) {
    const char *query = path.len ? memchr(path.data, '?', path.len) : NULL;
    return query ? slice_range(path, 0, (size_t)(query - path.data)) : path;
}

const struct format_route *format_route_find(const struct request *request, struct slice *part_out,
                                             bool *path_known_out) {
    struct slice path = without_query(request->path);
    if (slice_starts_with(path, SLICE("/v1/"))) path = slice_range(path, 3, path.len);
    *path_known_out = false;
    for (size_t i = 0; i < sizeof ROUTES / sizeof ROUTES[0]; i++) {
        const struct format_route *route = &ROUTES[i];
        if (!matches(path, slice_str(route->path), part_out)) continue;
        *path_known_out = true;
        if (strcmp(request->method, route->method) != 0) continue;
        if (route->header == NULL || request_has_header(request, slice_str(route->header))) return route;
    }
    return NULL;
}

bool format_query_has(const struct request *request, struct slice parameter) {
    struct slice rest = request->path;
    const char *mark = rest.len ? memchr(rest.data, '?', rest.len) : NULL;
    while (mark) {
        rest = slice_range(rest, (size_t)(mark - rest.data) + 1, rest.len);
        mark = rest.len ? memchr(rest.data, '&', rest.len) : NULL;
        if (slice_equal(mark ? slice_range(rest, 0, (size_t)(mark - rest.data)) : rest, parameter)) return true;
    }
    return false;
}

unsigned long long format_next_number(void) {
    static atomic_ullong last;
    return atomic_fetch_add(&last, 1) + 1;
}
