/* What all workers of a running gateway share: one snapshot of the configuration, the vault, the audit log.
 *
 * Made whole before the first listener opens; immutable while workers run.
 * Owns: all it points to.  Threads: read-only, any. */
#ifndef SLUICE_GATEWAY_EXCHANGE_SERVICE_H
#define SLUICE_GATEWAY_EXCHANGE_SERVICE_H

#include "gateway/audit/chain.h"
#include "gateway/config/snapshot.h"
#include "gateway/exchange/inbound.h"
#include "gateway/net/tls.h"
#include "gateway/net/upstream_pool.h"

/* How to reach an upstream. */
struct service_upstream {
    const struct settings_upstream *settings;
    struct net_origin origin;
    struct net_tls_client *tls; /* NULL for http:// */
};

struct service {
    struct snapshot *snapshot;
    const struct settings *settings; /* the snapshot's */
    struct vault *vault;
    struct audit_chain *audit;
    struct inbound_rules rules; /* without the agent */
    struct slice *labels;       /* all that tokens may have, each once */
    uint32_t label_count;
    struct vault_scope *scopes; /* one an agent */
    struct service_upstream *upstreams;
};

/* Takes the settings over, also on failure. Opens what they name: rules, CA files, vault, audit log. `loops_count`:
 * how many loops will use it. */
enum outcome service_create(struct settings **settings, unsigned loops_count, struct service **service_out,
                            struct detail *detail) MUST_CHECK;

/* The same without vault and audit log: what a check may look at while a gateway runs. It cannot serve. */
enum outcome service_create_unopened(struct settings **settings, unsigned loops_count, struct service **service_out,
                                     struct detail *detail) MUST_CHECK;

/* Ends the vault's and the audit log's threads, which post to the loops: after the last vault reader was closed,
 * before the first loop is destroyed. */
void service_close(struct service *service);

/* No worker may be running. Sets *service to NULL; NULL is allowed. */
void service_destroy(struct service **service);

const struct vault_scope *service_scope_of(const struct service *service, const struct settings_agent *agent);

#endif
