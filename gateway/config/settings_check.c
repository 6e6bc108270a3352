/* What no single value shows. Each check names the place of what is wrong; what depends on other settings is
 * filled in on the way. */
#include <string.h>

#include "gateway/config/loading.h"

#define AUDIT_FILE_NAME "audit.jsonl"

/* Where the index-th member of a list stands, or one of its settings; the list itself, or the document,
 * where that was left out. */
static const struct yaml_node *place_of(const struct yaml_node *root, const char *list, uint32_t index,
                                        const char *setting) {
    const struct yaml_node *at = yaml_member(root, list);
    if (at == NULL) return root;
    if (at->type != YAML_LIST) return at;
    const struct yaml_node *member = at->first;
    while (index-- > 0 && member) member = member->next;
    if (member == NULL) return at;
    const struct yaml_node *inside = setting ? yaml_member(member, setting) : NULL;
    return inside ? inside : member;
}

/* `ca_file` and `models` are right by themselves; what they need of `url` and `auth` is not. */
static enum outcome check_upstream(const struct loading *loading, const struct yaml_node *root, uint32_t index) {
    struct settings_upstream *upstream = &loading->settings->upstreams[index];
    if (upstream->auth == AUTH_UNSET) upstream->auth = upstream->api_key ? AUTH_KEY : AUTH_NONE;
    if (upstream->auth == AUTH_KEY && upstream->api_key == NULL)
        return loading_refuse(loading, place_of(root, "upstreams", index, "auth"),
                              "upstreams[].auth: key needs an api_key");
    if (upstream->auth != AUTH_KEY && upstream->api_key != NULL)
        return loading_refuse(loading, place_of(root, "upstreams", index, "api_key"),
                              "upstreams[].api_key: not used with auth: %s; remove one of the two",
                              settings_auth_name(upstream->auth));
    if (upstream->auth == AUTH_PASSTHROUGH && loading->settings->agent_count > 0)
        return loading_refuse(loading, place_of(root, "upstreams", index, "auth"),
                              "upstreams[].auth: passthrough would send the agents' own keys away; remove agents, or "
                              "use an api_key");
    if (upstream->ca_file && !upstream->url.tls)
        return loading_refuse(loading, place_of(root, "upstreams", index, "ca_file"),
                              "upstreams[].ca_file: only an https:// upstream has certificates");
    return OUTCOME_OK;
}

static enum outcome check_upstreams(const struct loading *loading, const struct yaml_node *root) {
    const struct settings *settings = loading->settings;
    for (uint32_t i = 0; i < settings->upstream_count; i++) {
        const enum outcome outcome = check_upstream(loading, root, i);
        if (outcome != OUTCOME_OK) return outcome;
        for (uint32_t before = 0; before < i; before++)
            if (strcmp(settings->upstreams[before].name, settings->upstreams[i].name) == 0)
                return loading_refuse(loading, place_of(root, "upstreams", i, "name"),
                                      "upstreams[].name: stands twice, first on line %u",
                                      place_of(root, "upstreams", before, "name")->line);
    }
    return OUTCOME_OK;
}

static bool same_key(const struct secret *a, const struct secret *b) {
    return secret_len(a) == secret_len(b) && memcmp(secret_view(a), secret_view(b), secret_len(a)) == 0;
}

static enum outcome check_agents(const struct loading *loading, const struct yaml_node *root) {
    const struct settings *settings = loading->settings;
    for (uint32_t i = 0; i < settings->agent_count; i++) {
        struct settings_agent *agent = &settings->agents[i];
        if (agent->scope == SCOPE_UNSET) agent->scope = settings->scope;
        for (uint32_t before = 0; before < i; before++) {
            const struct settings_agent *other = &settings->agents[before];
            const bool names = strcmp(other->name, agent->name) == 0;
            if (!names && !same_key(other->key, agent->key)) continue;
            const char *setting = names ? "name" : "key";
            return loading_refuse(loading, place_of(root, "agents", i, setting),
                                  "agents[].%s: stands twice, first on line %u", setting,
                                  place_of(root, "agents", before, setting)->line);
        }
    }
    return OUTCOME_OK;
}

static bool same_address(const struct settings_address *a, const struct settings_address *b) {
    char a_text[NET_ADDRESS_TEXT_BYTES], b_text[NET_ADDRESS_TEXT_BYTES];
    if (net_address_port(&a->net) == 0) return false;
    return strcmp(net_address_text(&a->net, a_text), net_address_text(&b->net, b_text)) == 0;
}

static enum outcome check_listen(const struct loading *loading, const struct yaml_node *root) {
    const struct settings *settings = loading->settings;
    const struct settings_address *admin = &settings->admin;
    const bool closed = settings->agent_count > 0;
    for (uint32_t i = 0; i < settings->listen_count; i++) {
        const struct settings_address *address = &settings->listen[i];
        const struct yaml_node *at = place_of(root, "listen", i, NULL);
        if (!closed && !net_address_is_loopback(&address->net))
            return loading_refuse(loading, at,
                                  "listen: without agents only loopback is served; configure agents, or listen at "
                                  "127.0.0.1");
        for (uint32_t before = 0; before < i; before++)
            if (same_address(&settings->listen[before], address))
                return loading_refuse(loading, at, "listen: the same address stands twice");
        if (admin->text && same_address(admin, address))
            return loading_refuse(loading, at, "listen: this is the admin address");
    }
    if (admin->text && !closed && !net_address_is_loopback(&admin->net))
        return loading_refuse(loading, yaml_member(root, "admin"), "admin: without agents only loopback is served");
    return OUTCOME_OK;
}

/* Nobody configured: one agent, without a key, for everybody on loopback. */
static enum outcome open_to_loopback(const struct loading *loading) {
    struct settings *settings = loading->settings;
    struct settings_agent *agent = arena_zalloc(&settings->arena, 1, sizeof *agent);
    if (agent == NULL) return OUTCOME_NO_MEMORY;
    *agent = (struct settings_agent){SETTINGS_DEFAULT_AGENT, SETTINGS_DEFAULT_TENANT, NULL, settings->scope};
    settings->agents = agent;
    settings->agent_count = 1;
    settings->open = true;
    return OUTCOME_OK;
}

/* 0.0.0.0 and ::, also mapped into each other: any name could stand in a Host header. */
static bool every_interface(const struct net_address *address) {
    if (address->any.sa_family == AF_INET) return address->v4.sin_addr.s_addr == htonl(INADDR_ANY);
    const struct in6_addr *ip = &address->v6.sin6_addr;
    return IN6_IS_ADDR_UNSPECIFIED(ip) || (IN6_IS_ADDR_V4MAPPED(ip) && memcmp(&ip->s6_addr[12], "\0\0\0", 4) == 0);
}

/* The address without its port, brackets and all: a name for any port. */
static const char *host_name(const struct loading *loading, const struct net_address *address) {
    char text[NET_ADDRESS_TEXT_BYTES];
    net_address_text(address, text);
    return arena_string(&loading->settings->arena, slice_of(text, (size_t)(strrchr(text, ':') - text)));
}

static enum outcome add_default_host(const struct loading *loading, const struct settings_address *address,
                                     const struct yaml_node *at) {
    struct settings *settings = loading->settings;
    if (every_interface(&address->net))
        return loading_refuse(loading, at, "hosts is missing, and is required when listening on every interface");
    const char *name = host_name(loading, &address->net);
    if (name == NULL) return OUTCOME_NO_MEMORY;
    settings->hosts[settings->host_count++] = name;
    return OUTCOME_OK;
}

static enum outcome default_hosts(const struct loading *loading, const struct yaml_node *root) {
    struct settings *settings = loading->settings;
    settings->hosts = arena_zalloc(&settings->arena, settings->listen_count + 2, sizeof *settings->hosts);
    if (settings->hosts == NULL) return OUTCOME_NO_MEMORY;
    settings->hosts[settings->host_count++] = "localhost";
    enum outcome outcome = OUTCOME_OK;
    for (uint32_t i = 0; i < settings->listen_count && outcome == OUTCOME_OK; i++)
        outcome = add_default_host(loading, &settings->listen[i], place_of(root, "listen", i, NULL));
    if (outcome == OUTCOME_OK && settings->admin.text)
        outcome = add_default_host(loading, &settings->admin, yaml_member(root, "admin"));
    return outcome;
}

static enum outcome check_hosts(const struct loading *loading, const struct yaml_node *root) {
    const struct settings *settings = loading->settings;
    if (settings->host_count == 0) return default_hosts(loading, root);
    for (uint32_t i = 0; i < settings->host_count; i++)
        if (settings->open && strcmp(settings->hosts[i], "*") == 0)
            return loading_refuse(loading, place_of(root, "hosts", i, NULL), "hosts: \"*\" needs agents");
    return OUTCOME_OK;
}

static bool agent_exists(const struct settings *settings, const char *name) {
    for (uint32_t i = 0; i < settings->agent_count; i++)
        if (strcmp(settings->agents[i].name, name) == 0) return true;
    return false;
}

static enum outcome check_overrides(const struct loading *loading, const struct yaml_node *root) {
    const struct settings *settings = loading->settings;
    for (uint32_t i = 0; i < settings->override_count; i++) {
        const char *agent = settings->overrides[i].agent;
        uint32_t of_agent = 1;
        for (uint32_t before = 0; before < i; before++)
            of_agent += strcmp(settings->overrides[before].agent, agent) == 0;
        if (!agent_exists(settings, agent))
            return loading_refuse(loading, place_of(root, "overrides", i, "agent"),
                                  "overrides[].agent: no agent has this name");
        if (of_agent > SETTINGS_AGENT_OVERRIDES_MAX)
            return loading_refuse(loading, place_of(root, "overrides", i, "agent"),
                                  "overrides[].agent: more than %u overrides for one agent",
                                  SETTINGS_AGENT_OVERRIDES_MAX);
    }
    return OUTCOME_OK;
}

static enum outcome fill_audit_file(const struct loading *loading) {
    struct settings *settings = loading->settings;
    if (settings->audit_file) return OUTCOME_OK;
    const size_t dir = strlen(settings->data_dir);
    char *path = arena_alloc(&settings->arena, dir + sizeof "/" AUDIT_FILE_NAME);
    if (path == NULL) return OUTCOME_NO_MEMORY;
    memcpy(path, settings->data_dir, dir);
    memcpy(path + dir, "/" AUDIT_FILE_NAME, sizeof "/" AUDIT_FILE_NAME);
    settings->audit_file = path;
    return OUTCOME_OK;
}

enum outcome settings_check(const struct loading *loading, const struct yaml_node *root) {
    enum outcome outcome = check_upstreams(loading, root);
    if (outcome == OUTCOME_OK) outcome = check_agents(loading, root);
    if (outcome == OUTCOME_OK) outcome = check_listen(loading, root);
    if (outcome == OUTCOME_OK && loading->settings->agent_count == 0) outcome = open_to_loopback(loading);
    if (outcome == OUTCOME_OK) outcome = check_hosts(loading, root);
    if (outcome == OUTCOME_OK) outcome = check_overrides(loading, root);
    if (outcome == OUTCOME_OK) outcome = fill_audit_file(loading);
    return outcome;
}
