#include "gateway/config/settings_table.h"

#include <string.h>

#include "gateway/config/nearest_name.h"
#include "gateway/config/settings.h"

#define IN_SETTINGS(field) .offset = offsetof(struct settings, field)
#define IN_UPSTREAM(field) .offset = offsetof(struct settings_upstream, field)
#define IN_AGENT(field) .offset = offsetof(struct settings_agent, field)
#define IN_OVERRIDE(field) .offset = offsetof(struct override, field)
#define IN_KIND(field) .offset = offsetof(struct policy_kind, field)
#define ARRAY(field, count, member) \
    IN_SETTINGS(field), .count_offset = offsetof(struct settings, count), .element_bytes = sizeof(member)

#define MIB (1024LL * 1024)
#define MINUTE_MS 60000LL
#define HOUR_MS (60 * MINUTE_MS)

/* A word's value is copied into its field as an int. */
_Static_assert(sizeof(enum settings_scope) == sizeof(int) && sizeof(enum settings_auth) == sizeof(int) &&
                   sizeof(enum upstream_class) == sizeof(int) && sizeof(enum policy_action) == sizeof(int) &&
                   sizeof(enum tier) == sizeof(int),
               "enums are ints");

static const struct setting_word scopes[] = {{"tenant", SCOPE_TENANT}, {"agent", SCOPE_AGENT}, {NULL, 0}};
static const struct setting_word classes[] = {
    {"local", CLASS_LOCAL}, {"subscription", CLASS_SUBSCRIPTION}, {"metered", CLASS_METERED}, {NULL, 0}};
static const struct setting_word auths[] = {
    {"key", AUTH_KEY}, {"passthrough", AUTH_PASSTHROUGH}, {"none", AUTH_NONE}, {NULL, 0}};
static const struct setting_word actions[] = {
    {"block", POLICY_BLOCK}, {"local", POLICY_LOCAL}, {"allow", POLICY_ALLOW}, {NULL, 0}};
static const struct setting_word tiers[] = {
    {"LOW", TIER_LOW}, {"MEDIUM", TIER_MEDIUM}, {"HIGH", TIER_HIGH}, {"BLOCKED", TIER_BLOCKED}, {NULL, 0}};
static const struct setting_word lower_tiers[] = {
    {"LOW", TIER_LOW}, {"MEDIUM", TIER_MEDIUM}, {"HIGH", TIER_HIGH}, {NULL, 0}};

static const struct setting_row rows[] = {
    {.path = "listen",
     .type = SETTING_LIST,
     .element = SETTING_ADDRESS,
     .default_text = "127.0.0.1:8787",
     .least = 1,
     .most = 16,
     ARRAY(listen, listen_count, struct settings_address),
     .prose = "Where agents connect: numeric addresses or `localhost`, one or a list. `:8787` is every IPv4 address of "
              "the host; port 0 lets the system choose."},
    {.path = "admin",
     .type = SETTING_ADDRESS,
     IN_SETTINGS(admin),
     .prose = "Where health, metrics and the page answer. Keep it on loopback or a private network. Absent: nowhere."},
    {.path = "hosts",
     .type = SETTING_LIST,
     .element = SETTING_TEXT,
     .least = 1,
     .most = 64,
     .default_prose = "`localhost` and the addresses of `listen` and `admin`",
     ARRAY(hosts, host_count, const char *),
     .prose =
         "Which names a request's Host header may give, with or without a port. A request for any other host is "
         "refused, so that a web page cannot reach the gateway under a name of its own. Required when listening on "
         "every interface. `\"*\"` accepts any name and needs `agents`."},
    {.path = "data_dir",
     .type = SETTING_TEXT,
     .default_text = "./data",
     IN_SETTINGS(data_dir),
     .prose = "Folder of the vault, its key and the audit log. Created when missing, readable by its owner only."},
    {.path = "key_file",
     .type = SETTING_TEXT,
     .default_prose = "inside `data_dir`",
     IN_SETTINGS(key_file),
     .prose = "The vault's key. Only its owner may be able to read it. Keep it, and its copy, away from `data_dir` in "
              "production."},
    {.path = "threads",
     .type = SETTING_NUMBER,
     .default_text = "0",
     .most = 256,
     IN_SETTINGS(threads),
     .prose = "Event loops. 0: one a core."},
    {.path = "scope",
     .type = SETTING_WORD,
     .words = scopes,
     .default_text = "tenant",
     IN_SETTINGS(scope),
     .prose = "Who shares tokens: all agents of a tenant, or nobody but the agent itself."},
    {.path = "rules",
     .type = SETTING_LIST,
     .element = SETTING_TEXT,
     .most = 64,
     ARRAY(rules, rule_count, const char *),
     .prose = "Files of further rule packs, on top of the policy's."},

    {.path = "policy",
     .type = SETTING_GROUP,
     .prose = "What counts, and how much. `policy: strict` is short for `policy: {name: strict}`."},
    {.path = "policy.name",
     .type = SETTING_POLICY,
     .default_text = "balanced",
     IN_SETTINGS(policy.name),
     .prose = "`balanced`: credential values block, bare words such as \"password\" do not. `strict`: keyword and "
              "pattern lists on top, to the letter."},
    {.path = "policy.threshold",
     .type = SETTING_SHARE,
     .default_prose = "the policy's: 0.5 balanced, 0 strict",
     IN_SETTINGS(policy.threshold),
     .prose = "How sure a finding must be to count."},
    {.path = "policy.binary",
     .type = SETTING_WORD,
     .words = actions,
     .default_text = "local",
     IN_SETTINGS(policy.binary),
     .prose = "Images, audio, files: refused, for `local` upstreams only, or sent unseen."},
    {.path = "policy.references",
     .type = SETTING_WORD,
     .words = actions,
     .default_text = "block",
     IN_SETTINGS(policy.references),
     .prose = "Content that sluice never saw: file ids, remote URLs."},
    {.path = "policy.kinds",
     .type = SETTING_NAMED,
     .element = SETTING_GROUP,
     .most = 1024,
     ARRAY(policy.kinds, policy.kind_count, struct policy_kind),
     .prose = "Kinds of findings that this place sees differently: `kinds: {email: {tier: HIGH}}`."},
    {.path = "policy.kinds.*.tier",
     .type = SETTING_WORD,
     .words = tiers,
     .default_prose = "the rule's",
     IN_KIND(tier),
     .prose = "The least tier of this kind. It can only raise; `overrides` lower."},
    {.path = "policy.kinds.*.threshold",
     .type = SETTING_SHARE,
     .default_prose = "`policy.threshold`",
     IN_KIND(threshold),
     .prose = "How sure a finding of this kind must be to count."},

    {.path = "upstreams",
     .type = SETTING_LIST,
     .element = SETTING_GROUP,
     .required = true,
     .least = 1,
     .most = ROUTE_UPSTREAMS_MAX,
     ARRAY(upstreams, upstream_count, struct settings_upstream),
     .prose = "Where requests may go, in order of preference. The first healthy one that the tier allows is taken."},
    {.path = "upstreams[].name",
     .type = SETTING_NAME,
     .required = true,
     IN_UPSTREAM(name),
     .prose = "Stands in answers (`x-sluice-upstream`), metrics and the audit log."},
    {.path = "upstreams[].class",
     .type = SETTING_WORD,
     .words = classes,
     .required = true,
     IN_UPSTREAM(class_),
     .prose = "How far it is trusted. LOW goes anywhere, MEDIUM to `local` and `subscription`, HIGH to `local` only."},
    {.path = "upstreams[].api",
     .type = SETTING_API,
     .required = true,
     IN_UPSTREAM(api),
     .prose = "The wire format that it speaks, such as `openai`."},
    {.path = "upstreams[].url",
     .type = SETTING_URL,
     .required = true,
     IN_UPSTREAM(url),
     .prose = "Its base URL, `http://` or `https://`, as client packages take it: `https://api.openai.com/v1`."},
    {.path = "upstreams[].auth",
     .type = SETTING_WORD,
     .words = auths,
     .default_prose = "`key` with an `api_key`, else `none`",
     IN_UPSTREAM(auth),
     .prose = "What it gets as proof: `api_key`; with `passthrough` the agent's own Authorization (only without "
              "`agents`, whose keys must not leave); or nothing."},
    {.path = "upstreams[].api_key",
     .type = SETTING_SECRET,
     .least = 1,
     .most = 8192,
     IN_UPSTREAM(api_key),
     .prose = "Best from the environment: `\"${OPENAI_API_KEY}\"`. Never logged, never in an error."},
    {.path = "upstreams[].models",
     .type = SETTING_NAMED,
     .element = SETTING_TEXT,
     .most = 1024,
     IN_UPSTREAM(models),
     .count_offset = offsetof(struct settings_upstream, model_count),
     .element_bytes = sizeof(struct route_model),
     .value_offset = offsetof(struct route_model, to),
     .prose = "What it calls the models: `{\"gpt-4o\": \"llama3.3\"}`. `\"*\"` stands for every other model. Absent: "
              "as asked."},
    {.path = "upstreams[].ca_file",
     .type = SETTING_TEXT,
     .default_prose = "the system's bundle",
     IN_UPSTREAM(ca_file),
     .prose = "Certificate authorities to trust instead, PEM."},
    {.path = "upstreams[].connect_timeout_ms",
     .type = SETTING_NUMBER,
     .default_text = "5000",
     .least = 1,
     .most = 5 * MINUTE_MS,
     .unit = "ms",
     IN_UPSTREAM(connect_timeout_ms),
     .prose = "For name lookup, TCP and TLS together."},

    {.path = "agents",
     .type = SETTING_LIST,
     .element = SETTING_GROUP,
     .least = 1,
     .most = 4096,
     ARRAY(agents, agent_count, struct settings_agent),
     .prose = "Who may call. Without any, sluice serves loopback only, and everybody there is the agent `default`."},
    {.path = "agents[].name",
     .type = SETTING_NAME,
     .required = true,
     IN_AGENT(name),
     .prose = "Stands in the audit log; overrides name it."},
    {.path = "agents[].tenant",
     .type = SETTING_NAME,
     .default_text = SETTINGS_DEFAULT_TENANT,
     IN_AGENT(tenant),
     .prose = "Agents of one tenant share tokens, unless their scope says otherwise."},
    {.path = "agents[].key",
     .type = SETTING_SECRET,
     .required = true,
     .least = SETTINGS_KEY_SHORTEST_BYTES,
     .most = 512,
     IN_AGENT(key),
     .prose = "What the agent sends as its API key. Different for each agent."},
    {.path = "agents[].scope",
     .type = SETTING_WORD,
     .words = scopes,
     .default_prose = "`scope`",
     IN_AGENT(scope),
     .prose = "As `scope` above, for this agent."},

    {.path = "overrides",
     .type = SETTING_LIST,
     .element = SETTING_GROUP,
     .most = 1024,
     ARRAY(overrides, override_count, struct override),
     .prose =
         "Permissions for one agent to send a kind at a lower tier, until a date, for a reason. Every use is in the "
         "audit log."},
    {.path = "overrides[].agent",
     .type = SETTING_NAME,
     .required = true,
     IN_OVERRIDE(agent),
     .prose = "The agent's name."},
    {.path = "overrides[].kind",
     .type = SETTING_KIND,
     .required = true,
     IN_OVERRIDE(kind),
     .prose = "The kind of finding. `\"*\"`: every kind, except what is BLOCKED: that must be named."},
    {.path = "overrides[].to",
     .type = SETTING_WORD,
     .words = lower_tiers,
     .required = true,
     IN_OVERRIDE(to),
     .prose = "The tier that such a finding has for this agent instead."},
    {.path = "overrides[].until",
     .type = SETTING_TIME,
     .required = true,
     IN_OVERRIDE(until_ms),
     .prose = "When it ends, UTC: `2026-12-31` (its first moment) or `2026-12-31T18:00:00Z`."},
    {.path = "overrides[].reason",
     .type = SETTING_TEXT,
     .required = true,
     IN_OVERRIDE(reason),
     .prose = "Why. For whoever reads the audit log."},

    {.path = "limits", .type = SETTING_GROUP, .prose = "What is over a limit is refused."},
    {.path = "limits.head_bytes",
     .type = SETTING_SIZE,
     .default_text = "16384",
     .least = 1024,
     .most = 16384,
     .unit = "bytes",
     IN_SETTINGS(limits.head_bytes),
     .prose = "A request's line and headers."},
    {.path = "limits.body_bytes",
     .type = SETTING_SIZE,
     .default_text = "33554432",
     .least = 1024,
     .most = 256 * MIB,
     .unit = "bytes",
     IN_SETTINGS(limits.body_bytes),
     .prose = "A request's body."},
    {.path = "limits.exchange_memory_bytes",
     .type = SETTING_SIZE,
     .default_text = "268435456",
     .least = MIB,
     .most = 4096 * MIB,
     .unit = "bytes",
     IN_SETTINGS(limits.exchange_memory_bytes),
     .prose = "All that one request may take while it is read, scanned and rewritten."},
    {.path = "limits.scan_offload_bytes",
     .type = SETTING_SIZE,
     .default_text = "65536",
     .most = 256 * MIB,
     .unit = "bytes",
     IN_SETTINGS(limits.scan_offload_bytes),
     .prose = "A larger body is scanned on a worker thread."},
    {.path = "limits.connections",
     .type = SETTING_NUMBER,
     .default_text = "10000",
     .least = 1,
     .most = 1000000,
     IN_SETTINGS(limits.connections),
     .prose = "Agents' connections, over all event loops."},
    {.path = "limits.upstream_connections",
     .type = SETTING_NUMBER,
     .default_text = "1024",
     .least = 1,
     .most = 65536,
     IN_SETTINGS(limits.upstream_connections),
     .prose = "Connections to one upstream, for each event loop."},
    {.path = "limits.upstream_idle_connections",
     .type = SETTING_NUMBER,
     .default_text = "64",
     .most = 65536,
     IN_SETTINGS(limits.upstream_idle_connections),
     .prose = "How many of them are kept open while idle."},

    {.path = "timeouts", .type = SETTING_GROUP, .prose = "What takes longer is given up."},
    {.path = "timeouts.head_ms",
     .type = SETTING_NUMBER,
     .default_text = "10000",
     .least = 1,
     .most = HOUR_MS,
     .unit = "ms",
     IN_SETTINGS(timeouts.head_ms),
     .prose = "From a request's first byte to the end of its headers."},
    {.path = "timeouts.body_bytes_per_second",
     .type = SETTING_NUMBER,
     .default_text = "1000",
     .most = 1000000000,
     .unit = "bytes/s",
     IN_SETTINGS(timeouts.body_bytes_per_second),
     .prose = "A body that arrives slower is given up. 0: never."},
    {.path = "timeouts.upstream_first_byte_ms",
     .type = SETTING_NUMBER,
     .default_text = "600000",
     .least = 1,
     .most = 24 * HOUR_MS,
     .unit = "ms",
     IN_SETTINGS(timeouts.upstream_first_byte_ms),
     .prose = "From the request's last byte to the answer's first."},
    {.path = "timeouts.upstream_idle_ms",
     .type = SETTING_NUMBER,
     .default_text = "120000",
     .least = 1,
     .most = 24 * HOUR_MS,
     .unit = "ms",
     IN_SETTINGS(timeouts.upstream_idle_ms),
     .prose = "Between two pieces of an answer."},
    {.path = "timeouts.keep_alive_ms",
     .type = SETTING_NUMBER,
     .default_text = "75000",
     .least = 1,
     .most = HOUR_MS,
     .unit = "ms",
     IN_SETTINGS(timeouts.keep_alive_ms),
     .prose = "An agent's idle connection is closed after it."},
    {.path = "timeouts.upstream_keep_alive_ms",
     .type = SETTING_NUMBER,
     .default_text = "30000",
     .least = 1,
     .most = HOUR_MS,
     .unit = "ms",
     IN_SETTINGS(timeouts.upstream_keep_alive_ms),
     .prose = "An upstream's idle connection is closed after it."},
    {.path = "timeouts.drain_ms",
     .type = SETTING_NUMBER,
     .default_text = "30000",
     .most = HOUR_MS,
     .unit = "ms",
     IN_SETTINGS(timeouts.drain_ms),
     .prose = "How long requests in flight may go on after SIGTERM."},

    {.path = "audit",
     .type = SETTING_GROUP,
     .prose = "One record a request, without values, durable before anything leaves."},
    {.path = "audit.file",
     .type = SETTING_TEXT,
     .default_prose = "`audit.jsonl` in `data_dir`",
     IN_SETTINGS(audit_file),
     .prose = "Where the records go, a JSON object a line."},
};

const struct setting_row *settings_table_row(uint32_t index) {
    return index < sizeof rows / sizeof *rows ? &rows[index] : NULL;
}

const char *settings_table_child_name(const struct setting_row *row, const char *prefix) {
    const size_t len = strlen(prefix);
    if (strncmp(row->path, prefix, len) != 0) return NULL;
    return strchr(row->path + len, '.') ? NULL : row->path + len;
}

const struct setting_row *settings_table_child(const char *prefix, struct slice key) {
    for (uint32_t i = 0; settings_table_row(i); i++) {
        const char *name = settings_table_child_name(&rows[i], prefix);
        if (name && slice_equal(slice_str(name), key)) return &rows[i];
    }
    return NULL;
}

const char *settings_table_nearest(const char *prefix, struct slice key) {
    struct nearest_name search = {.asked = key};
    for (uint32_t i = 0; settings_table_row(i); i++) {
        const char *name = settings_table_child_name(&rows[i], prefix);
        if (name) nearest_name_offer(&search, name);
    }
    return search.name;
}

void settings_table_prefix(const struct setting_row *row, char *prefix_out, size_t size) {
    const char *members = row->type == SETTING_LIST ? "[]." : row->type == SETTING_NAMED ? ".*." : ".";
    snprintf(prefix_out, size, "%s%s", row->path, members);
}
