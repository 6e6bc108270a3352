/* sluice check: is this configuration right, and who can be reached? */
#include "gateway/cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/api/api.h"
#include "gateway/exchange/service.h"

/* One connection attempt to each upstream, all on one loop. */
struct probe {
    struct reach *reach;
    const struct service_upstream *upstream;
    struct net_pool_request request;
};

struct reach {
    struct net_loop *loop;
    struct net_pool *pool;
    uint32_t waiting, failed;
};

static void on_ready(void *owner, enum outcome outcome, struct net_stream *stream, bool reused,
                     const struct detail *detail) {
    struct probe *probe = owner;
    struct reach *reach = probe->reach;
    (void)reused;
    const struct settings_upstream *settings = probe->upstream->settings;
    if (outcome == OUTCOME_OK) {
        printf("  ok       upstream %s (%s): %s accepts connections\n", settings->name,
               upstream_class_name(settings->class_), settings->url.authority);
        net_stream_close(&stream);
    } else {
        printf("  FAILED   upstream %s (%s): %s\n", settings->name, upstream_class_name(settings->class_),
               detail->text);
        reach->failed++;
    }
    if (--reach->waiting > 0) return;
    net_pool_destroy(&reach->pool);
    net_loop_stop(reach->loop);
}

/* How many upstreams cannot be reached. */
static uint32_t probe_upstreams(const struct service *service) {
    const uint32_t count = service->settings->upstream_count;
    struct reach reach = {.waiting = count};
    struct probe *probes = calloc(count, sizeof *probes);
    if (probes == NULL || net_loop_create(&reach.loop) != OUTCOME_OK) {
        free(probes);
        return count;
    }
    if (net_pool_create(reach.loop, &reach.pool) == OUTCOME_OK) {
        for (uint32_t i = 0; i < count; i++) {
            const struct service_upstream *upstream = &service->upstreams[i];
            probes[i] = (struct probe){.reach = &reach, .upstream = upstream};
            net_pool_acquire(reach.pool, &upstream->origin, upstream->settings->connect_timeout_ms, &probes[i].request,
                             on_ready, &probes[i]);
        }
    } else {
        reach.failed = count;
        net_loop_stop(reach.loop);
    }
    net_loop_run(reach.loop);
    net_loop_destroy(&reach.loop);
    free(probes);
    return reach.failed;
}

static void warn_public_local(const struct settings *settings) {
    for (uint32_t i = 0; i < settings->upstream_count; i++) {
        const struct settings_upstream *upstream = &settings->upstreams[i];
        if (upstream->class_ == CLASS_LOCAL && upstream_url_looks_public(&upstream->url))
            printf("  warning  upstream %s is of class local, but %s looks like somebody else's host\n", upstream->name,
                   upstream->url.host);
    }
}

/* The vault belongs to one process: a running gateway has opened it, which proves it well enough. */
static enum outcome check_vault(const struct settings *settings, struct detail *detail) {
    if (access(settings->data_dir, F_OK) != 0) {
        printf("  ok       vault: %s does not exist yet; the first start makes it\n", settings->data_dir);
        return OUTCOME_OK;
    }
    const struct vault_settings vault_settings = {
        .data_dir = settings->data_dir, .key_file = settings->key_file, .key_hex = getenv("SLUICE_VAULT_KEY")};
    struct vault *vault = NULL;
    const enum outcome outcome = vault_open(&vault_settings, &vault, detail);
    vault_close(&vault);
    if (outcome == OUTCOME_CONFLICT) {
        printf("  ok       vault: %s is in use by a running gateway\n", settings->data_dir);
        return OUTCOME_OK;
    }
    if (outcome == OUTCOME_OK) printf("  ok       vault: %s opens with its key\n", settings->data_dir);
    return outcome;
}

static int run(int argc, char **argv) {
    const char *config = NULL;
    int exit_code = COMMAND_OK;
    if (!command_read_config(&command_check, argc, argv, &config, &exit_code)) return exit_code;
    struct detail detail = {""};
    struct settings *settings = NULL;
    struct service *service = NULL;
    enum outcome outcome = settings_load_file(config, api_names(), &settings, &detail);
    if (outcome == OUTCOME_OK) printf("  ok       configuration: %s\n", config);
    if (outcome == OUTCOME_OK) outcome = check_vault(settings, &detail);
    if (outcome == OUTCOME_OK) outcome = service_create_unopened(&settings, 1, &service, &detail);
    settings_destroy(&settings);
    if (outcome != OUTCOME_OK) return command_fail(&command_check, &detail, outcome);
    printf("  ok       rules: %u, every example holds\n", detector_rule_count(service->snapshot->detector));
    warn_public_local(service->settings);
    const uint32_t failed = probe_upstreams(service);
    service_destroy(&service);
    if (failed)
        printf("%u upstream(s) cannot be reached; requests for them will go to the next allowed one, or fail\n",
               failed);
    return failed ? COMMAND_FAILED : COMMAND_OK;
}

const struct command command_check = {
    .name = "check",
    .summary = "validate configuration, rules, keys and upstreams",
    .usage = "Usage: sluice check --config FILE\n\n"
             "Reads the configuration as `serve` would, compiles the rules and runs their examples, opens the\n"
             "vault with its key (unless a gateway is running on it), reads the CA files, and connects to every\n"
             "upstream once. Nothing is sent. Exits with 0 when all of it is well.\n\n"
             "  --config FILE   YAML; docs/settings.md lists every setting\n"
             "  --help          this text\n",
    .run = run,
};
