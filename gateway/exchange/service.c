#include "gateway/exchange/service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool label_is_known(const struct service *service, struct slice label) {
    for (uint32_t i = 0; i < service->label_count; i++)
        if (slice_equal(service->labels[i], label)) return true;
    return false;
}

static enum outcome collect_labels(struct service *service) {
    const uint32_t rules = detector_rule_count(service->snapshot->detector);
    service->labels = calloc(rules ? rules : 1, sizeof *service->labels);
    if (service->labels == NULL) return OUTCOME_NO_MEMORY;
    for (uint32_t i = 0; i < rules; i++) {
        const struct slice label = slice_str(detector_rule(service->snapshot->detector, (uint16_t)i)->label);
        if (!label_is_known(service, label)) service->labels[service->label_count++] = label;
    }
    return OUTCOME_OK;
}

static enum outcome open_upstream(struct service_upstream *upstream, const struct settings_upstream *settings,
                                  unsigned loops_count, struct detail *detail) {
    upstream->settings = settings;
    upstream->origin = (struct net_origin){.host = slice_str(settings->url.host),
                                           .port = settings->url.port,
                                           .tls = settings->url.tls,
                                           .server_name = settings->url.host};
    if (!settings->url.tls) return OUTCOME_OK;
    const struct net_tls_settings tls = {.ca_file = settings->ca_file, .loops_count = loops_count};
    const enum outcome outcome = net_tls_client_create(&tls, &upstream->tls, detail);
    upstream->origin.tls_client = upstream->tls;
    return outcome;
}

static enum outcome open_upstreams(struct service *service, unsigned loops_count, struct detail *detail) {
    const struct settings *settings = service->settings;
    service->upstreams = calloc(settings->upstream_count, sizeof *service->upstreams);
    if (service->upstreams == NULL) return OUTCOME_NO_MEMORY;
    enum outcome outcome = OUTCOME_OK;
    for (uint32_t i = 0; i < settings->upstream_count && outcome == OUTCOME_OK; i++)
        outcome = open_upstream(&service->upstreams[i], &settings->upstreams[i], loops_count, detail);
    return outcome;
}

/* The audit log lies in data_dir, which the vault may be the first to need. */
static enum outcome make_data_dir(const struct settings *settings, struct detail *detail) {
    if (mkdir(settings->data_dir, 0700) == 0 || errno == EEXIST) return OUTCOME_OK;
    return detail_set(detail, OUTCOME_IO, "data_dir %s: cannot be created: %s", settings->data_dir, strerror(errno));
}

static enum outcome open_vault(struct service *service, struct detail *detail) {
    const struct vault_settings settings = {.data_dir = service->settings->data_dir,
                                            .key_file = service->settings->key_file,
                                            .key_hex = getenv("SLUICE_VAULT_KEY")};
    return vault_open(&settings, &service->vault, detail);
}

static enum outcome name_scopes(struct service *service) {
    const struct settings *settings = service->settings;
    service->scopes = calloc(settings->agent_count, sizeof *service->scopes);
    if (service->scopes == NULL) return OUTCOME_NO_MEMORY;
    for (uint32_t i = 0; i < settings->agent_count; i++) {
        const struct settings_agent *agent = &settings->agents[i];
        char name[1024];
        const int len = agent->scope == SCOPE_AGENT
                            ? snprintf(name, sizeof name, "agent:%s/%s", agent->tenant, agent->name)
                            : snprintf(name, sizeof name, "tenant:%s", agent->tenant);
        if (len < 0 || (size_t)len >= sizeof name) return OUTCOME_OVERFLOW;
        service->scopes[i] = vault_scope_of(service->vault, slice_of(name, (size_t)len), slice_str(agent->name));
    }
    return OUTCOME_OK;
}

static struct inbound_rules rules_of(const struct snapshot *snapshot) {
    return (struct inbound_rules){
        .detector = snapshot->detector,
        .policy = &snapshot->policy,
        .overrides = snapshot->settings->overrides,
        .override_count = snapshot->settings->override_count,
        .upstreams = snapshot->upstreams,
        .upstream_count = snapshot->upstream_count,
    };
}

enum outcome service_create_unopened(struct settings **settings, unsigned loops_count, struct service **service_out,
                                     struct detail *detail) {
    *service_out = NULL;
    struct service *service = calloc(1, sizeof *service);
    if (service == NULL) {
        settings_destroy(settings);
        return OUTCOME_NO_MEMORY;
    }
    enum outcome outcome = snapshot_create(settings, &service->snapshot, detail);
    if (outcome == OUTCOME_OK) {
        service->settings = service->snapshot->settings;
        service->rules = rules_of(service->snapshot);
        outcome = collect_labels(service);
    }
    if (outcome == OUTCOME_OK) outcome = open_upstreams(service, loops_count, detail);
    if (outcome != OUTCOME_OK) service_destroy(&service);
    *service_out = service;
    return outcome;
}

enum outcome service_create(struct settings **settings, unsigned loops_count, struct service **service_out,
                            struct detail *detail) {
    enum outcome outcome = service_create_unopened(settings, loops_count, service_out, detail);
    struct service *service = *service_out;
    if (outcome == OUTCOME_OK) outcome = make_data_dir(service->settings, detail);
    if (outcome == OUTCOME_OK) outcome = open_vault(service, detail);
    if (outcome == OUTCOME_OK) outcome = name_scopes(service);
    if (outcome == OUTCOME_OK) outcome = audit_chain_open(service->settings->audit_file, &service->audit, detail);
    if (outcome != OUTCOME_OK) service_destroy(service_out);
    return outcome;
}

void service_close(struct service *service) {
    audit_chain_close(&service->audit);
    vault_close(&service->vault);
}

void service_destroy(struct service **service) {
    if (*service == NULL) return;
    service_close(*service);
    for (uint32_t i = 0; (*service)->upstreams && i < (*service)->settings->upstream_count; i++)
        net_tls_client_destroy(&(*service)->upstreams[i].tls);
    free((*service)->upstreams);
    free((*service)->scopes);
    free((*service)->labels);
    snapshot_unref(&(*service)->snapshot);
    free(*service);
    *service = NULL;
}

const struct vault_scope *service_scope_of(const struct service *service, const struct settings_agent *agent) {
    return &service->scopes[agent - service->settings->agents];
}
