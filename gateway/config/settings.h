/* Everything an operator can say, parsed and validated as a whole before any of it is applied.
 *
 *     file or text -> yaml_tree -> ${NAME} from the environment -> the table (settings_table.h) -> checks
 *                  -> struct settings, or an error "name:line:column: what, and what to do", and nothing else
 *
 * Errors never repeat a value, since any value may be a key that slipped into the wrong place: they name
 * the setting and the place.
 *
 * Owns:    a struct settings owns all it points to; keys live in struct secret, text in an arena that is
 *          wiped in the end.
 * Units:   in the names; times in milliseconds.
 * Errors:  INVALID with detail; NOT_FOUND and IO for a file that cannot be read; NO_MEMORY, OVERFLOW.
 * Threads: immutable after loading, so any. Loading reads the environment: no setenv beside it. */
#ifndef SLUICE_GATEWAY_CONFIG_SETTINGS_H
#define SLUICE_GATEWAY_CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/outcome.h"
#include "base/secret.h"
#include "base/slice.h"
#include "gateway/config/upstream_url.h"
#include "gateway/net/address.h"
#include "route/override.h"
#include "route/policy.h"
#include "route/upstream.h"

#define SETTINGS_DEFAULT_AGENT "default"
#define SETTINGS_DEFAULT_TENANT "default"
#define SETTINGS_KEY_SHORTEST_BYTES 16u
#define SETTINGS_AGENT_OVERRIDES_MAX 16u /* so that a verdict can note every one (route/verdict.h) */

/* Who shares tokens. */
enum settings_scope { SCOPE_UNSET = 0, SCOPE_TENANT, SCOPE_AGENT };

/* What an upstream gets as proof of who calls. UNSET never stays after loading. */
enum settings_auth { AUTH_UNSET = 0, AUTH_NONE, AUTH_KEY, AUTH_PASSTHROUGH };

/* Where to listen. */
struct settings_address {
    const char *text; /* as it was written; NULL: not given */
    struct net_address net;
};

struct settings_upstream {
    const char *name;
    enum upstream_class class_;
    const char *api;
    struct upstream_url url;
    enum settings_auth auth;
    struct secret *api_key; /* not NULL exactly when auth is AUTH_KEY; visible ASCII only */
    const char *ca_file;    /* NULL: the system's CA bundle */
    struct route_model *models;
    uint32_t model_count;
    uint32_t connect_timeout_ms;
};

struct settings_agent {
    const char *name, *tenant;
    struct secret *key; /* visible ASCII; NULL only for the one agent of an open gateway */
    enum settings_scope scope;
};

struct settings_policy {
    const char *name; /* of a built-in policy */
    float threshold;  /* negative: the policy's own */
    enum policy_action binary, references;
    struct policy_kind *kinds;
    uint32_t kind_count;
};

struct settings_limits {
    size_t head_bytes;
    size_t body_bytes;
    size_t exchange_memory_bytes;
    size_t scan_offload_bytes;
    uint32_t connections;
    uint32_t upstream_connections; /* to each origin, for each loop; idle ones included */
    uint32_t upstream_idle_connections;
};

struct settings_timeouts {
    uint32_t head_ms;
    uint32_t body_bytes_per_second;
    uint32_t upstream_first_byte_ms;
    uint32_t upstream_idle_ms;
    uint32_t upstream_keep_alive_ms;
    uint32_t keep_alive_ms;
    uint32_t drain_ms;
};

struct settings {
    const char *name; /* of the file, as errors say it */
    struct settings_address *listen;
    uint32_t listen_count;
    struct settings_address admin; /* text NULL: nowhere */
    const char *data_dir;
    const char *key_file; /* NULL: the vault's own default, inside data_dir */
    const char *audit_file;
    uint32_t threads; /* 0: one a core */
    enum settings_scope scope;
    const char **hosts; /* what a Host header may name; see settings_host_ours */
    uint32_t host_count;
    const char **rules; /* files of further rule packs */
    uint32_t rule_count;
    struct settings_upstream *upstreams;
    uint32_t upstream_count;
    struct settings_agent *agents; /* at least one */
    uint32_t agent_count;
    bool open; /* no agents configured: loopback only, and everybody is the one agent `default` */
    struct override *overrides;
    uint32_t override_count;
    struct settings_policy policy;
    struct settings_limits limits;
    struct settings_timeouts timeouts;
    struct arena arena; /* owns the text and arrays above */
};

/* `apis`: the wire formats that upstreams may name, ended by NULL. Paths inside are used as they stand:
 * relative ones are relative to the working directory. */
enum outcome settings_load_file(const char *path, const char *const *apis, struct settings **settings_out,
                                struct detail *detail) MUST_CHECK;

/* `name` stands in errors. `text` may be wiped after the call. */
enum outcome settings_load_text(struct slice text, const char *name, const char *const *apis,
                                struct settings **settings_out, struct detail *detail) MUST_CHECK;

/* Wipes keys and text; sets *settings to NULL; NULL is allowed. */
void settings_destroy(struct settings **settings);

/* The agent with that key; NULL when there is none. An open gateway has one agent, whatever the key. The
 * time taken depends on lengths only, never on where a wrong key differs. */
const struct settings_agent *settings_agent_by_key(const struct settings *settings, struct slice key);

/* Whether a Host header's value names this gateway. A host of the settings without a port stands for any
 * port; "*" for any host. Letters compare without regard to case. */
bool settings_host_ours(const struct settings *settings, struct slice host);

/* "tenant", "agent"; "key", "passthrough", "none". Static storage. */
const char *settings_scope_name(enum settings_scope scope);
const char *settings_auth_name(enum settings_auth auth);

#endif
