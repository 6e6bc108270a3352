#include "gateway/config/starter.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "gateway/config/upstream_url.h"

/* Ollama's own default; its clients add the port where OLLAMA_HOST has neither port nor scheme (ollama's
 * envconfig.Host). */
#define OLLAMA_URL "http://127.0.0.1:11434/v1"
#define OLLAMA_PORT ":11434"
#define HERE "127.0.0.1"
#define LONGEST_URL_BYTES ((size_t)512)

static const char default_yaml[] = "listen: 127.0.0.1:8787\n"
                                   "admin: 127.0.0.1:8788\n"
                                   "data_dir: ./data\n"
                                   "policy: balanced\n"
                                   "upstreams:\n"
                                   "  - {name: local, class: local, api: openai, "
                                   "url: \"http://127.0.0.1:%u/v1\"}\n"
                                   "  - {name: subscription, class: subscription, api: openai, "
                                   "url: \"http://127.0.0.1:%u/v1\"}\n"
                                   "  - {name: metered, class: metered, api: openai, "
                                   "url: \"http://127.0.0.1:%u/v1\"}\n";

static const char init_head[] =
    "# sluice: an LLM gateway that lets out only what may leave.\n"
    "#\n"
    "#     sluice check --config sluice.yaml    is this file right, and who can be reached?\n"
    "#     sluice serve --config sluice.yaml    run it, then set your client's base URL to http://127.0.0.1:8787/v1\n"
    "#\n"
    "# Every setting with its range and default: docs/settings.md. ${NAME} reads the environment.\n"
    "\n"
    "# Where your programs connect, and where health and metrics answer.\n"
    "listen: 127.0.0.1:8787\n"
    "admin: 127.0.0.1:8788\n"
    "\n"
    "# The vault (sealed values behind the tokens), its key, and the audit log.\n"
    "data_dir: ./data\n"
    "\n"
    "# balanced: credentials block, personal and business data is tokenised. strict: keyword lists on top.\n"
    "policy: balanced\n"
    "\n"
    "# In order of preference. local: HIGH, MEDIUM and LOW may go there; subscription: MEDIUM and LOW;\n"
    "# metered: LOW only. What is BLOCKED goes nowhere.\n"
    "upstreams:\n";

static const char init_tail[] =
    "\n"
    "# Without agents sluice serves loopback only, to everybody there. With agents, each has a key:\n"
    "# agents:\n"
    "#   - {name: build-bot, tenant: platform, key: \"${SLUICE_KEY_BUILD_BOT}\"}\n"
    "\n"
    "# A finding may have a lower tier for one agent, for a reason, until a date. Every use is in the audit log:\n"
    "# overrides:\n"
    "#   - {agent: build-bot, kind: host, to: LOW, until: 2030-01-01, reason: \"hosts are public in this "
    "repo\"}\n";

void settings_default_yaml(struct buffer *yaml, struct starter_ports ports) {
    buffer_append_format(yaml, default_yaml, ports.local, ports.subscription, ports.metered);
}

static bool is_set(const char *variable) {
    const char *value = getenv(variable);
    return value && *value;
}

/* True when the loader would take it, and when it needs no quoting in YAML beyond its quotes. */
static bool usable(const char *url) {
    struct arena arena;
    struct upstream_url parsed;
    const char *problem;
    arena_init(&arena, 64 * LONGEST_URL_BYTES);
    const enum outcome outcome = upstream_url_parse(slice_str(url), &arena, &parsed, &problem);
    arena_reset(&arena);
    return outcome == OUTCOME_OK;
}

/* Where host:port ends and the host in it does; both may be empty. */
static size_t host_len(const char *text, size_t len) {
    const char *from = text;
    if (len > 0 && text[0] == '[') from = memchr(text, ']', len);
    const char *colon = from ? memchr(from, ':', len - (size_t)(from - text)) : NULL;
    return colon ? (size_t)(colon - text) : len;
}

/* OLLAMA_HOST is also what `ollama serve` listens at: scheme, host or port may be missing, and 0.0.0.0 is
 * where it listens, not where it is reached. Anything stranger gives the usual address. */
static void ollama_url(char *url, size_t size) {
    const char *text = getenv("OLLAMA_HOST");
    if (text == NULL) text = "";
    const char *scheme = strncmp(text, "https://", 8) == 0 ? "https" : "http";
    const char *behind_scheme = strstr(text, "://");
    if (behind_scheme) text = behind_scheme + 3;
    const size_t len = strcspn(text, "/");
    const struct slice host = slice_of(text, host_len(text, len));
    struct slice port = slice_of(text + host.len, len - host.len);
    if (port.len == 0 && !behind_scheme) port = SLICE(OLLAMA_PORT);
    const bool here = host.len == 0 || slice_equal(host, SLICE("0.0.0.0"));
    snprintf(url, size, "%s://%.*s%.*s/v1", scheme, here ? (int)sizeof HERE - 1 : (int)host.len,
             here ? HERE : host.data, (int)port.len, port.data);
    if (!usable(url)) snprintf(url, size, "%s", OLLAMA_URL);
}

static void write_upstream(FILE *file, bool active, const char *name, const char *class_, const char *url,
                           const char *key_variable) {
    fprintf(file, "%s- {name: %s, class: %s, api: openai, url: \"%s\"", active ? "  " : "  # ", name, class_, url);
    if (key_variable) fprintf(file, ", api_key: \"${%s}\"", key_variable);
    fputs("}\n", file);
}

void settings_init_yaml(FILE *file) {
    const bool openai = is_set("OPENAI_API_KEY"), anthropic = is_set("ANTHROPIC_API_KEY");
    const bool ollama = is_set("OLLAMA_HOST");
    char url[LONGEST_URL_BYTES];
    ollama_url(url, sizeof url);
    fputs(init_head, file);
    write_upstream(file, ollama || (!openai && !anthropic), "ollama", "local", url, NULL);
    write_upstream(file, openai, "openai", "subscription", "https://api.openai.com/v1", "OPENAI_API_KEY");
    write_upstream(file, anthropic, "anthropic", "subscription", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY");
    write_upstream(file, false, "router", "metered", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY");
    fputs(init_tail, file);
}
