#include "gateway/api/bridge.h"

/* The routes whose requests are conversations, which every format can say. */
struct conversation_route {
    const char *path;
    enum translate_format format;
    const char *const *families;
};

static const char *const from_openai[] = {"openai", "anthropic", "ollama", NULL};
static const char *const from_anthropic[] = {"anthropic", "openai", "ollama", NULL};
static const char *const from_ollama[] = {"ollama", "openai", "anthropic", NULL};

static const struct conversation_route conversations[] = {
    {"/v1/chat/completions", TRANSLATE_OPENAI_CHAT, from_openai},
    {"/v1/responses", TRANSLATE_RESPONSES, from_openai},
    {"/v1/messages", TRANSLATE_ANTHROPIC, from_anthropic},
    {"/api/chat", TRANSLATE_OLLAMA, from_ollama},
};

/* What an upstream of a family is asked for. */
static const struct target {
    const char *family;
    enum translate_format format;
    const struct api *api;
    const char *path;
} targets[] = {
    {"openai", TRANSLATE_OPENAI_CHAT, &api_openai_chat, "/chat/completions"},
    {"anthropic", TRANSLATE_ANTHROPIC, &api_anthropic_messages, "/messages"},
    {"ollama", TRANSLATE_OLLAMA, &api_ollama_chat, "/api/chat"},
};

static const struct conversation_route *conversation_of(const struct api_route *route) {
    for (size_t i = 0; i < sizeof conversations / sizeof conversations[0]; i++)
        if (strcmp(conversations[i].path, route->path) == 0) return &conversations[i];
    return NULL;
}

bool api_bridge_find(const struct api_route *route, struct slice family, struct api_bridge *bridge_out) {
    const struct conversation_route *conversation = conversation_of(route);
    for (size_t i = 0; conversation && i < sizeof targets / sizeof targets[0]; i++) {
        if (!slice_equal(slice_str(targets[i].family), family)) continue;
        *bridge_out = (struct api_bridge){.agent = conversation->format,
                                          .upstream = targets[i].format,
                                          .api = targets[i].api,
                                          .upstream_path = targets[i].path};
        return true;
    }
    return false;
}

const char *const *api_families_for(const struct api_route *route) {
    static const char *const only_openai[] = {"openai", NULL}, *const only_anthropic[] = {"anthropic", NULL},
                             *const only_ollama[] = {"ollama", NULL}, *const only_gemini[] = {"gemini", NULL};
    const struct conversation_route *conversation = conversation_of(route);
    if (conversation) return conversation->families;
    if (route->api->family == &api_family_anthropic) return only_anthropic;
    if (route->api->family == &api_family_ollama) return only_ollama;
    return route->api->family == &api_family_gemini ? only_gemini : only_openai;
}
