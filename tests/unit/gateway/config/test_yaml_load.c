#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "tests/unit/failing_alloc.h"
#include "tests/unit/gateway/config/loaded.h"

#define KEY_A "key-of-agent-a-0001"
#define KEY_B "key-of-agent-b-0002"
#define CANARY "sk-canary-0123456789abcdef"

/* The smallest useful file of DESIGN.md section 5. */
static const char smallest[] =
    "listen: 127.0.0.1:8787\n"
    "admin:  127.0.0.1:8788\n"
    "data_dir: ./data\n"
    "policy: balanced\n"
    "upstreams:\n"
    "  - {name: ollama, class: local,        api: openai, url: \"http://127.0.0.1:11434/v1\"}\n"
    "  - {name: openai, class: subscription, api: openai, url: \"https://api.openai.com/v1\", api_key: "
    "\"${T_OPENAI_KEY}\"}\n"
    "  - {name: router, class: metered,      api: openai, url: \"https://openrouter.ai/api/v1\", api_key: "
    "\"${T_ROUTER_KEY}\"}\n";

/* Every setting, each away from its default. */
static const char everything[] =
    "listen: [\"127.0.0.1:0\", \"[::1]:9\"]\n"
    "admin: localhost:1\n"
    "hosts: [gw.example]\n"
    "data_dir: /var/lib/x\n"
    "key_file: /etc/x.key\n"
    "threads: 3\n"
    "scope: agent\n"
    "rules: [a.yaml, b.yaml]\n"
    "policy:\n"
    "  name: strict\n"
    "  threshold: 0.25\n"
    "  binary: block\n"
    "  references: allow\n"
    "  kinds: {email: {tier: HIGH}, phone: {threshold: 0.75}}\n"
    "upstreams:\n"
    "  - name: o\n"
    "    class: subscription\n"
    "    api: anthropic\n"
    "    url: https://Api.Example:8443/base/v1/\n"
    "    auth: key\n"
    "    api_key: \"${T_OPENAI_KEY}\"\n"
    "    models: {\"gpt-4o\": \"llama3.3\", \"*\": \"${T_MODEL:-phi}\"}\n"
    "    ca_file: ca.pem\n"
    "    connect_timeout_ms: 1\n"
    "agents:\n"
    "  - {name: a, tenant: t1, key: \"" KEY_A "\", scope: tenant}\n"
    "  - {name: b, key: \"" KEY_B "\"}\n"
    "overrides:\n"
    "  - {agent: b, kind: email, to: LOW, until: 2030-01-01T00:00:01Z, reason: \"public: in the imprint\"}\n"
    "limits: {head_bytes: 2048, body_bytes: 4096, exchange_memory_bytes: 2097152, scan_offload_bytes: 0, "
    "upstream_connections: 8, upstream_idle_connections: 0, connections: "
    "7}\n"
    "timeouts: {head_ms: 1, body_bytes_per_second: 0, upstream_first_byte_ms: 2, upstream_idle_ms: 3, "
    "upstream_keep_alive_ms: 5, keep_alive_ms: "
    "4, "
    "drain_ms: 0}\n"
    "audit: {file: /var/log/x.jsonl}\n";

static void assert_secret(const struct secret *secret, const char *text) {
    assert_non_null(secret);
    assert_int_equal(secret_len(secret), strlen(text));
    assert_memory_equal(secret_view(secret), text, strlen(text));
}

static void the_smallest_useful_file_loads(void **state) {
    (void)state;
    struct settings *settings = loaded(smallest);
    assert_string_equal(settings->name, "t");
    assert_int_equal(settings->listen_count, 1);
    assert_string_equal(settings->listen[0].text, "127.0.0.1:8787");
    assert_int_equal(net_address_port(&settings->listen[0].net), 8787);
    assert_string_equal(settings->admin.text, "127.0.0.1:8788");
    assert_string_equal(settings->data_dir, "./data");
    assert_null(settings->key_file);
    assert_string_equal(settings->audit_file, "./data/audit.jsonl");
    assert_string_equal(settings->policy.name, "balanced");
    assert_true(settings->policy.threshold < 0);
    assert_int_equal(settings->upstream_count, 3);
    const struct settings_upstream *ollama = &settings->upstreams[0], *openai = &settings->upstreams[1];
    assert_int_equal(ollama->class_, CLASS_LOCAL);
    assert_int_equal(ollama->auth, AUTH_NONE);
    assert_null(ollama->api_key);
    assert_int_equal(openai->class_, CLASS_SUBSCRIPTION);
    assert_int_equal(openai->auth, AUTH_KEY);
    assert_secret(openai->api_key, CANARY);
    assert_true(openai->url.tls);
    assert_string_equal(openai->url.host, "api.openai.com");
    assert_int_equal(settings->upstreams[2].class_, CLASS_METERED);
    settings_destroy(&settings);
}

static void what_is_not_said_has_its_default(void **state) {
    (void)state;
    struct settings *settings = loaded(LEAST);
    assert_string_equal(settings->listen[0].text, "127.0.0.1:8787");
    assert_null(settings->admin.text);
    assert_int_equal(settings->threads, 0);
    assert_int_equal(settings->scope, SCOPE_TENANT);
    assert_string_equal(settings->policy.name, "balanced");
    assert_int_equal(settings->policy.binary, POLICY_LOCAL);
    assert_int_equal(settings->policy.references, POLICY_BLOCK);
    assert_int_equal(settings->policy.kind_count, 0);
    assert_int_equal(settings->override_count, 0);
    assert_int_equal(settings->rule_count, 0);
    assert_int_equal(settings->limits.head_bytes, 16384);
    assert_int_equal(settings->limits.body_bytes, 32 << 20);
    assert_int_equal(settings->limits.scan_offload_bytes, 65536);
    assert_int_equal(settings->timeouts.head_ms, 10000);
    assert_int_equal(settings->timeouts.body_bytes_per_second, 1000);
    assert_int_equal(settings->timeouts.drain_ms, 30000);
    assert_int_equal(settings->upstreams[0].connect_timeout_ms, 5000);
    assert_int_equal(settings->upstreams[0].model_count, 0);
    settings_destroy(&settings);
}

static void every_setting_reaches_its_field(void **state) {
    (void)state;
    struct settings *settings = loaded(everything);
    assert_int_equal(settings->listen_count, 2);
    assert_string_equal(settings->listen[1].text, "[::1]:9");
    assert_string_equal(settings->hosts[0], "gw.example");
    assert_string_equal(settings->data_dir, "/var/lib/x");
    assert_string_equal(settings->key_file, "/etc/x.key");
    assert_string_equal(settings->audit_file, "/var/log/x.jsonl");
    assert_int_equal(settings->threads, 3);
    assert_int_equal(settings->scope, SCOPE_AGENT);
    assert_int_equal(settings->rule_count, 2);
    assert_string_equal(settings->rules[1], "b.yaml");

    const struct settings_policy *policy = &settings->policy;
    assert_string_equal(policy->name, "strict");
    assert_true(policy->threshold == 0.25f);
    assert_int_equal(policy->binary, POLICY_BLOCK);
    assert_int_equal(policy->references, POLICY_ALLOW);
    assert_int_equal(policy->kind_count, 2);
    assert_string_equal(policy->kinds[0].kind, "email");
    assert_int_equal(policy->kinds[0].tier, TIER_HIGH);
    assert_true(policy->kinds[0].threshold < 0);
    assert_string_equal(policy->kinds[1].kind, "phone");
    assert_int_equal(policy->kinds[1].tier, TIER_NONE);
    assert_true(policy->kinds[1].threshold == 0.75f);

    assert_int_equal(settings->agents[0].scope, SCOPE_TENANT);
    assert_string_equal(settings->agents[0].tenant, "t1");
    assert_secret(settings->agents[0].key, KEY_A);
    assert_int_equal(settings->agents[1].scope, SCOPE_AGENT);
    assert_string_equal(settings->agents[1].tenant, "default");

    const struct override *override = &settings->overrides[0];
    assert_string_equal(override->agent, "b");
    assert_string_equal(override->kind, "email");
    assert_int_equal(override->to, TIER_LOW);
    assert_int_equal(override->until_ms, 1893456001000u);
    assert_string_equal(override->reason, "public: in the imprint");
    settings_destroy(&settings);
}

static void every_upstream_and_limit_reaches_its_field(void **state) {
    (void)state;
    struct settings *settings = loaded(everything);
    const struct settings_upstream *upstream = &settings->upstreams[0];
    assert_string_equal(upstream->api, "anthropic");
    assert_string_equal(upstream->url.host, "api.example");
    assert_int_equal(upstream->url.port, 8443);
    assert_string_equal(upstream->url.base_path, "/base/v1");
    assert_string_equal(upstream->url.authority, "api.example:8443");
    assert_secret(upstream->api_key, CANARY);
    assert_string_equal(upstream->ca_file, "ca.pem");
    assert_int_equal(upstream->model_count, 2);
    assert_string_equal(upstream->models[0].from, "gpt-4o");
    assert_string_equal(upstream->models[0].to, "llama3.3");
    assert_string_equal(upstream->models[1].from, "*");
    assert_string_equal(upstream->models[1].to, "phi");
    assert_int_equal(upstream->connect_timeout_ms, 1);

    assert_int_equal(settings->limits.head_bytes, 2048);
    assert_int_equal(settings->limits.body_bytes, 4096);
    assert_int_equal(settings->limits.exchange_memory_bytes, 2 << 20);
    assert_int_equal(settings->limits.scan_offload_bytes, 0);
    assert_int_equal(settings->limits.connections, 7);
    assert_int_equal(settings->limits.upstream_connections, 8);
    assert_int_equal(settings->limits.upstream_idle_connections, 0);
    assert_int_equal(settings->timeouts.upstream_keep_alive_ms, 5);
    assert_int_equal(settings->timeouts.head_ms, 1);
    assert_int_equal(settings->timeouts.body_bytes_per_second, 0);
    assert_int_equal(settings->timeouts.upstream_first_byte_ms, 2);
    assert_int_equal(settings->timeouts.upstream_idle_ms, 3);
    assert_int_equal(settings->timeouts.keep_alive_ms, 4);
    assert_int_equal(settings->timeouts.drain_ms, 0);
    settings_destroy(&settings);
}

static void variables_stand_for_numbers_and_words_too(void **state) {
    (void)state;
    setenv("T_THREADS", "5", 1);
    struct settings *settings = loaded(LEAST "threads: \"${T_THREADS}\"\npolicy: \"${T_POLICY:-strict}\"\n"
                                             "data_dir: \"$${x}/${T_THREADS}\"\n");
    assert_int_equal(settings->threads, 5);
    assert_string_equal(settings->policy.name, "strict");
    assert_string_equal(settings->data_dir, "${x}/5");
    settings_destroy(&settings);
    unsetenv("T_THREADS");
}

/* `LEAST` is two lines, so what follows it begins on line 3. */
static void errors_name_place_and_remedy(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } table[] = {
        {"", "t:1:1: upstreams is missing"},
        {"a list", "t:1:1: expected a map of settings here"},
        {LEAST "upstream: []\n", "t:3:1: unknown setting upstream; did you mean upstreams"},
        {LEAST "polici: strict\n", "t:3:1: unknown setting polici; did you mean policy"},
        {LEAST "zzzz: 1\n", "t:3:1: unknown setting zzzz; see docs/settings.md for all of them"},
        {LEAST CANARY ": 1\n", "t:3:1: unknown setting; see docs/settings.md for all of them"},
        {LEAST "limits:\n  body_byte: 1\n", "t:4:3: unknown setting limits.body_byte; did you mean body_bytes"},
        {LEAST "limits: 5\n", "t:3:9: expected a map of settings here"},
        {LEAST "threads: many\n", "t:3:10: threads: expected a whole number from 0 to 256"},
        {LEAST "threads: \"4\"\n", "t:3:10: threads: expected a whole number from 0 to 256"},
        {LEAST "threads: -1\n", "t:3:10: threads: expected a whole number from 0 to 256"},
        {LEAST "threads: 257\n", "t:3:10: threads: expected a whole number from 0 to 256"},
        {LEAST "threads: [1]\n", "t:3:10: threads: expected a single value"},
        {LEAST "limits: {head_bytes: 99999}\n",
         "t:3:22: limits.head_bytes: expected a whole number from 1024 to 16384 bytes"},
        {LEAST "scope: everybody\n", "t:3:8: scope: expected tenant or agent"},
        {LEAST "policy: lax\n", "t:3:9: policy.name: expected balanced or strict"},
        {LEAST "policy: {binary: maybe}\n", "t:3:18: policy.binary: expected block, local or allow"},
        {LEAST "policy: {threshold: 1.5}\n", "t:3:21: policy.threshold: expected a number from 0 to 1"},
        {LEAST "policy: {threshold: .nan}\n", "t:3:21: policy.threshold: expected a number from 0 to 1"},
        {LEAST "policy: {kinds: {Email: {tier: HIGH}}}\n",
         "t:3:18: policy.kinds: expected a kind (lower-case letters, digits, _) or \"*\""},
        {LEAST "policy: {kinds: {email: {tier: WORSE}}}\n",
         "t:3:32: policy.kinds.*.tier: expected LOW, MEDIUM, HIGH or BLOCKED"},
        {LEAST "data_dir: \"\"\n", "t:3:11: data_dir: must not be empty"},
        {LEAST "data_dir: \"a\\nb\"\n", "t:3:11: data_dir: must not hold control characters"},
        {LEAST "data_dir: ${T_UNSET}\n",
         "t:3:11: data_dir: the environment variable T_UNSET is not set; set it, or write ${T_UNSET:-default}"},
        {LEAST "data_dir: \"${T_UNSET\"\n", "t:3:11: data_dir: a ${ without its closing brace"},
        {LEAST "data_dir: \"${1}\"\n",
         "t:3:11: data_dir: expected ${NAME} or ${NAME:-default}; $${ stands for a plain ${"},
        {LEAST "listen: localhost\n",
         "t:3:9: listen: expected a numeric address and port, such as 127.0.0.1:8787, [::1]:8787 or :8787"},
        {LEAST "listen: []\n", "t:3:9: listen: must not be empty"},
        {LEAST "listen: {a: b}\n", "t:3:9: listen: expected a list"},
        {LEAST "overrides: {a: b}\n", "t:3:12: overrides: expected a list"},
        {LEAST "agents: []\n", "t:3:9: agents: must not be empty"},
        {LEAST "agents: [x]\n", "t:3:10: expected a map of settings here"},
        {"upstreams: []\n", "t:1:12: upstreams: must not be empty"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) refused(table[i].text, table[i].message);
}

#define UPSTREAM "name: o, class: local, api: openai, url: \"http://h/v1\""

static void upstreams_must_be_right(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } table[] = {
        {"upstreams: [{class: local, api: openai, url: \"http://h\"}]\n", "t:1:13: upstreams[].name is missing"},
        {"upstreams: [{name: o, api: openai, url: \"http://h\"}]\n", "t:1:13: upstreams[].class is missing"},
        {"upstreams: [{name: o, class: local, url: \"http://h\"}]\n", "t:1:13: upstreams[].api is missing"},
        {"upstreams: [{name: o, class: local, api: openai}]\n", "t:1:13: upstreams[].url is missing"},
        {"upstreams: [{name: \"a b\", class: local, api: openai, url: \"http://h\"}]\n",
         "t:1:20: upstreams[].name: expected 1 to 64 letters, digits, - . or _"},
        {"upstreams: [{name: o, class: trusted, api: openai, url: \"http://h\"}]\n",
         "t:1:30: upstreams[].class: expected local, subscription or metered"},
        {"upstreams: [{name: o, class: local, api: gopher, url: \"http://h\"}]\n",
         "t:1:42: upstreams[].api: expected openai or anthropic"},
        {"upstreams: [{name: o, class: local, api: openai, url: \"ftp://h\"}]\n",
         "t:1:55: upstreams[].url: must begin with http:// or https://"},
        {"upstreams: [{name: o, class: local, api: openai, url: \"http://u:p@h\"}]\n",
         "t:1:55: upstreams[].url: must not hold a user or password; use api_key"},
        {"upstreams:\n  - {" UPSTREAM "}\n  - {" UPSTREAM "}\n",
         "t:3:12: upstreams[].name: stands twice, first on line 2"},
        {"upstreams: [{" UPSTREAM ", auth: key}]\n", "t:1:76: upstreams[].auth: key needs an api_key"},
        {"upstreams: [{" UPSTREAM ", auth: none, api_key: x}]\n",
         "t:1:91: upstreams[].api_key: not used with auth: none; remove one of the two"},
        {"upstreams: [{" UPSTREAM ", api_key: \"\"}]\n", "t:1:79: upstreams[].api_key: must not be empty"},
        {"upstreams: [{" UPSTREAM ", api_key: \"a b\"}]\n",
         "t:1:79: upstreams[].api_key: must hold visible ASCII characters only, no spaces or line ends"},
        {"upstreams: [{" UPSTREAM ", ca_file: x}]\n",
         "t:1:79: upstreams[].ca_file: only an https:// upstream has certificates"},
        {"upstreams: [{" UPSTREAM ", models: {a: [b]}}]\n", "t:1:82: upstreams[].models: expected a single value"},
        {"upstreams: [{" UPSTREAM ", models: x}]\n", "t:1:78: upstreams[].models: expected a map"},
        {"upstreams: [{" UPSTREAM ", ur: x}]\n", "t:1:70: unknown setting upstreams[].ur; did you mean url"},
        {"upstreams: [{" UPSTREAM ", auth: passthrough}]\nagents: [{name: a, key: \"" KEY_A "\"}]\n",
         "t:1:76: upstreams[].auth: passthrough would send the agents' own keys away; remove agents, or use an "
         "api_key"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) refused(table[i].text, table[i].message);
}

static void who_may_connect_must_be_clear(void **state) {
    (void)state;
    static const char loopback_only[] =
        "t:3:9: listen: without agents only loopback is served; configure agents, or listen at 127.0.0.1";
    static const struct {
        const char *text, *message;
    } table[] = {
        {LEAST "listen: 10.0.0.1:80\n", loopback_only},
        {LEAST "listen: \":80\"\n", loopback_only},
        {LEAST "listen: \"[::]:80\"\n", loopback_only},
        {LEAST "admin: 0.0.0.0:80\n", "t:3:8: admin: without agents only loopback is served"},
        {LEAST "listen: [\"127.0.0.1:80\", \"localhost:80\"]\n", "t:3:26: listen: the same address stands twice"},
        {LEAST "listen: 127.0.0.1:80\nadmin: 127.0.0.1:80\n", "t:3:9: listen: this is the admin address"},
        {LEAST "hosts: [a, \"*\"]\n", "t:3:12: hosts: \"*\" needs agents"},
        {LEAST "agents: [{name: a, key: \"" KEY_A "\"}]\nlisten: \":80\"\n",
         "t:4:9: hosts is missing, and is required when listening on every interface"},
        {LEAST "agents: [{name: a, key: \"" KEY_A "\"}]\nadmin: \"[::]:80\"\n",
         "t:4:8: hosts is missing, and is required when listening on every interface"},
        {LEAST "agents: [{name: a}]\n", "t:3:10: agents[].key is missing"},
        {LEAST "agents: [{name: a, key: short}]\n", "t:3:25: agents[].key: shorter than 16 bytes"},
        {LEAST "agents: [{key: \"" KEY_A "\"}]\n", "t:3:10: agents[].name is missing"},
        {LEAST "agents:\n  - {name: a, key: \"" KEY_A "\"}\n  - {name: a, key: \"" KEY_B "\"}\n",
         "t:5:12: agents[].name: stands twice, first on line 4"},
        {LEAST "agents:\n  - {name: a, key: \"" KEY_A "\"}\n  - {name: b, key: \"" KEY_A "\"}\n",
         "t:5:20: agents[].key: stands twice, first on line 4"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) refused(table[i].text, table[i].message);
}

#define OVERRIDE "agent: default, kind: email, to: LOW, until: 2030-01-01, reason: x"

static void overrides_must_be_justified_and_end(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } table[] = {
        {LEAST "overrides: [{kind: email, to: LOW, until: 2030-01-01, reason: x}]\n",
         "t:3:13: overrides[].agent is missing"},
        {LEAST "overrides: [{agent: default, to: LOW, until: 2030-01-01, reason: x}]\n",
         "t:3:13: overrides[].kind is missing"},
        {LEAST "overrides: [{agent: default, kind: email, until: 2030-01-01, reason: x}]\n",
         "t:3:13: overrides[].to is missing"},
        {LEAST "overrides: [{agent: default, kind: email, to: LOW, reason: x}]\n",
         "t:3:13: overrides[].until is missing"},
        {LEAST "overrides: [{agent: default, kind: email, to: LOW, until: 2030-01-01}]\n",
         "t:3:13: overrides[].reason is missing"},
        {LEAST "overrides: [{agent: default, kind: email, to: LOW, until: 2030-01-01, reason: \"\"}]\n",
         "t:3:79: overrides[].reason: must not be empty"},
        {LEAST "overrides: [{agent: default, kind: email, to: BLOCKED, until: 2030-01-01, reason: x}]\n",
         "t:3:47: overrides[].to: expected LOW, MEDIUM or HIGH"},
        {LEAST "overrides: [{agent: default, kind: email, to: LOW, until: never, reason: x}]\n",
         "t:3:59: overrides[].until: expected a date such as 2026-12-31, or a time such as 2026-12-31T18:00:00Z"},
        {LEAST "overrides: [{agent: bot, kind: email, to: LOW, until: 2030-01-01, reason: x}]\n",
         "t:3:21: overrides[].agent: no agent has this name"},
        {LEAST "overrides: [{agent: \"*\", kind: email, to: LOW, until: 2030-01-01, reason: x}]\n",
         "t:3:21: overrides[].agent: expected 1 to 64 letters, digits, - . or _"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) refused(table[i].text, table[i].message);

    struct buffer many;
    buffer_init(&many, 0);
    buffer_append_str(&many, LEAST "overrides:\n");
    for (unsigned i = 0; i < SETTINGS_AGENT_OVERRIDES_MAX; i++) buffer_append_str(&many, "  - {" OVERRIDE "}\n");
    buffer_append(&many, slice_of("", 1));
    struct settings *settings = loaded(many.data);
    assert_int_equal(settings->override_count, SETTINGS_AGENT_OVERRIDES_MAX);
    settings_destroy(&settings);
    many.len--;
    buffer_append(&many, slice_of("  - {" OVERRIDE "}\n", sizeof "  - {" OVERRIDE "}\n"));
    refused(many.data, "t:20:13: overrides[].agent: more than 16 overrides for one agent");
    buffer_deinit(&many);
}

/* A key in any place, by any way of writing it, does not come back in the error. */
static void errors_never_repeat_a_value(void **state) {
    (void)state;
    static const char *const places[] = {
        "threads: %s\n",
        "scope: %s\n",
        "policy: %s\n",
        "policy: {threshold: %s}\n",
        "listen: %s\n",
        "admin: %s\n",
        "limits: {head_bytes: %s}\n",
        "limits: %s\n",
        "limits: {%s: 1}\n",
        "%s: 1\n",
        "data_dir: [%s]\n",
        "agents: [%s]\n",
        "agents: [{name: a, key: %s, scope: agents}]\n",
        "agents: [{name: a, key: %s}, {name: b, key: %s}]\n",
        "agents: [{name: %s, key: x}]\n",
        "overrides: [{agent: %s, kind: e, to: LOW, until: 2030-01-01, reason: x}]\n",
        "overrides: [{agent: default, kind: e, to: LOW, until: %s, reason: x}]\n",
        "policy: {kinds: {%s: 1}}\n",
        "hosts: {%s: 1}\n",
    };
    static const char *const ways[] = {CANARY, "\"" CANARY "\"", "\"${T_OPENAI_KEY}\"", "\"x${T_OPENAI_KEY}y z\""};
    for (size_t place = 0; place < sizeof places / sizeof *places; place++) {
        for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
            char text[1024] = LEAST;
            struct settings *settings = NULL;
            struct detail detail = {""};
            snprintf(text + strlen(text), sizeof text - strlen(text), places[place], ways[way], ways[way]);
            const enum outcome outcome = settings_load_text(slice_str(text), "t", loaded_apis, &settings, &detail);
            if (outcome != OUTCOME_INVALID || strstr(detail.text, "canary") || strncmp(detail.text, "t:", 2) != 0)
                fail_msg("%s: %s", text, detail.text);
        }
    }
}

static void a_file_loads_like_its_text(void **state) {
    (void)state;
    char path[] = "/tmp/sluice-settings-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, smallest, sizeof smallest - 1), sizeof smallest - 1);
    close(fd);
    struct settings *settings = NULL;
    struct detail detail;
    assert_int_equal(settings_load_file(path, loaded_apis, &settings, &detail), OUTCOME_OK);
    assert_string_equal(settings->name, path);
    settings_destroy(&settings);
    unlink(path);
    assert_int_equal(settings_load_file(path, loaded_apis, &settings, &detail), OUTCOME_NOT_FOUND);
    assert_null(settings);
    assert_non_null(strstr(detail.text, path));
}

static void every_failed_allocation_is_survived(void **state) {
    (void)state;
    unsigned failures = 0;
    for (unsigned nth = 1;; nth++) {
        struct settings *settings = NULL;
        struct detail detail = {""};
        failing_alloc_arm(nth);
        const enum outcome outcome =
            settings_load_text(slice_of(everything, sizeof everything - 1), "t", loaded_apis, &settings, &detail);
        if (!failing_alloc_disarm()) {
            assert_int_equal(outcome, OUTCOME_OK);
            settings_destroy(&settings);
            break;
        }
        failures++;
        assert_true(outcome == OUTCOME_NO_MEMORY || outcome == OUTCOME_OVERFLOW);
        assert_null(settings);
    }
    assert_true(failures > 2); /* few where arenas take chunks, many where each allocation stands alone */
}

static int set_up(void **state) {
    (void)state;
    setenv("T_OPENAI_KEY", CANARY, 1);
    setenv("T_ROUTER_KEY", "sk-router", 1);
    unsetenv("T_UNSET");
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_useful_file_loads),
        cmocka_unit_test(what_is_not_said_has_its_default),
        cmocka_unit_test(every_setting_reaches_its_field),
        cmocka_unit_test(every_upstream_and_limit_reaches_its_field),
        cmocka_unit_test(variables_stand_for_numbers_and_words_too),
        cmocka_unit_test(errors_name_place_and_remedy),
        cmocka_unit_test(upstreams_must_be_right),
        cmocka_unit_test(who_may_connect_must_be_clear),
        cmocka_unit_test(overrides_must_be_justified_and_end),
        cmocka_unit_test(errors_never_repeat_a_value),
        cmocka_unit_test(a_file_loads_like_its_text),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
