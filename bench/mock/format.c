#include "bench/mock/format.h"

#include "bench/mock/openai_chat.h"

static const struct format_route ROUTES[] = {
    {"POST", "/chat/completions", true, openai_chat_answer, openai_error},
    {"GET", "/models", false, openai_models_answer, openai_error},
};

const struct format_route *format_route_find(const char *method, struct slice path, bool *path_known_out) {
    const char *query = path.len ? memchr(path.data, '?', path.len) : NULL;
    if (query) path.len = (size_t)(query - path.data);
    if (slice_starts_with(path, SLICE("/v1/"))) path = slice_range(path, 3, path.len);
    *path_known_out = false;
    for (size_t i = 0; i < sizeof ROUTES / sizeof ROUTES[0]; i++) {
        if (!slice_equal(path, slice_str(ROUTES[i].path))) continue;
        *path_known_out = true;
        if (strcmp(method, ROUTES[i].method) == 0) return &ROUTES[i];
    }
    return NULL;
}
