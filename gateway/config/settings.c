#include "gateway/config/settings.h"

#include <stdlib.h>

#include "gateway/config/port.h"

void settings_destroy(struct settings **settings) {
    struct settings *gone = *settings;
    if (gone == NULL) return;
    for (uint32_t i = 0; i < gone->upstream_count; i++) secret_destroy(&gone->upstreams[i].api_key);
    for (uint32_t i = 0; i < gone->agent_count; i++) secret_destroy(&gone->agents[i].key);
    arena_reset(&gone->arena);
    free(gone);
    *settings = NULL;
}

static bool key_equal(const struct secret *secret, struct slice key) {
    if (secret_len(secret) != key.len) return false;
    const unsigned char *expected = secret_view(secret);
    volatile unsigned char difference = 0;
    for (size_t i = 0; i < key.len; i++) difference |= (unsigned char)(expected[i] ^ (unsigned char)key.data[i]);
    return difference == 0;
}

const struct settings_agent *settings_agent_by_key(const struct settings *settings, struct slice key) {
    if (settings->open) return &settings->agents[0];
    const struct settings_agent *found = NULL;
    for (uint32_t i = 0; i < settings->agent_count; i++)
        if (settings->agents[i].key && key_equal(settings->agents[i].key, key)) found = &settings->agents[i];
    return found;
}

/* The name in a host, brackets and all, without its port; false when what follows the name is no port. */
static bool name_of(struct slice host, struct slice *name, bool *has_port) {
    size_t end = host.len;
    if (host.len > 0 && host.data[0] == '[') {
        const char *close = memchr(host.data, ']', host.len);
        if (close == NULL) return false;
        end = (size_t)(close - host.data) + 1;
    } else if (host.len > 0) {
        const char *colon = memchr(host.data, ':', host.len);
        if (colon) end = (size_t)(colon - host.data);
    }
    *name = slice_range(host, 0, end);
    *has_port = end < host.len;
    uint16_t port;
    return end > 0 &&
           (!*has_port || (host.data[end] == ':' && port_parse(slice_range(host, end + 1, host.len), &port)));
}

bool settings_host_ours(const struct settings *settings, struct slice host) {
    struct slice name;
    bool has_port;
    if (!name_of(host, &name, &has_port)) return false;
    for (uint32_t i = 0; i < settings->host_count; i++) {
        const struct slice ours = slice_str(settings->hosts[i]);
        struct slice our_name;
        bool our_port;
        if (slice_equal(ours, SLICE("*"))) return true;
        if (name_of(ours, &our_name, &our_port) && slice_equal_nocase(ours, our_port ? host : name)) return true;
    }
    return false;
}

const char *settings_scope_name(enum settings_scope scope) {
    return scope == SCOPE_AGENT ? "agent" : "tenant";
}

const char *settings_auth_name(enum settings_auth auth) {
    return auth == AUTH_KEY ? "key" : auth == AUTH_PASSTHROUGH ? "passthrough" : "none";
}
