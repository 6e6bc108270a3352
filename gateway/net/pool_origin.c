/* Origins of a pool: the key of a connection, and the addresses behind its name. */
#include <stdio.h>
#include <stdlib.h>

#include "gateway/net/pool_inside.h"
#include "gateway/net/tls_inside.h"

#define LONGEST_NAME_BYTES 255u /* RFC 1035 section 2.3.4 */
#define PORT_DIGITS 5u

static struct slice host_of(const struct net_pool_origin *origin) {
    return slice_str(origin->names);
}

static struct slice server_name_of(const struct net_origin *key) {
    return key->tls && key->server_name ? slice_str(key->server_name) : key->host;
}

bool pool_origin_matches(const struct net_pool_origin *origin, const struct net_origin *key) {
    return origin->port == key->port && origin->tls_client == (key->tls ? key->tls_client : NULL) &&
           slice_equal(host_of(origin), key->host) && slice_equal(slice_str(origin->server_name), server_name_of(key));
}

static bool is_name(struct slice name) {
    return name.len > 0 && name.len <= LONGEST_NAME_BYTES && memchr(name.data, '\0', name.len) == NULL;
}

static char *put_name(char *place, struct slice name) {
    memcpy(place, name.data, name.len);
    place[name.len] = '\0';
    return place + name.len + 1;
}

static struct net_pool_origin *create(struct net_pool *pool, const struct net_origin *key) {
    const struct slice server_name = server_name_of(key);
    const size_t label_bytes = key->host.len + 1 + PORT_DIGITS + 1;
    const size_t names_bytes = key->host.len + 1 + server_name.len + 1 + label_bytes;
    struct net_pool_origin *origin = calloc(1, sizeof *origin + names_bytes);
    if (origin == NULL) return NULL;
    char *second = put_name(origin->names, key->host);
    char *third = put_name(second, server_name);
    (void)snprintf(third, label_bytes, "%.*s:%u", (int)key->host.len, key->host.data, key->port);
    origin->server_name = second;
    origin->label = third;
    origin->port = key->port;
    origin->pool = pool;
    origin->tls_client = key->tls ? net_tls_client_ref(key->tls_client) : NULL;
    origin->serve.on_turn = pool_on_serve;
    ring_init(&origin->idle);
    ring_init(&origin->busy);
    ring_init(&origin->waiting);
    ring_append(&pool->origins, &origin->link);
    return origin;
}

enum outcome pool_origin_find(struct net_pool *pool, const struct net_origin *key, struct net_pool_origin **origin_out,
                              struct detail *detail) {
    if (key->tls && key->tls_client == NULL)
        return detail_set(detail, OUTCOME_INVALID, "TLS was asked for without a client configuration");
    if (!is_name(key->host) || !is_name(server_name_of(key)))
        return detail_set(detail, OUTCOME_INVALID, "the upstream's host is not a name of 1 to 255 bytes");
    for (struct ring *link = pool->origins.next; link != &pool->origins; link = link->next) {
        *origin_out = RING_ITEM(link, struct net_pool_origin, link);
        if (pool_origin_matches(*origin_out, key)) return OUTCOME_OK;
    }
    *origin_out = create(pool, key);
    return *origin_out ? OUTCOME_OK : OUTCOME_NO_MEMORY;
}

void pool_origin_destroy(struct net_pool_origin *origin) {
    pool_connection_expire(origin, UINT64_MAX);
    pool_connection_abandon(origin);
    net_lookup_cancel(&origin->lookup);
    net_turn_cancel(&origin->serve);
    ring_remove(&origin->link);
    if (origin->tls_client) net_tls_client_unref(origin->tls_client);
    free(origin);
}

static bool has_addresses(const struct net_pool_origin *origin) {
    return origin->address_count && net_loop_now_ms(origin->pool->loop) < origin->addresses_until_ms;
}

bool pool_origin_is_spent(const struct net_pool_origin *origin) {
    return origin->connection_count == 0 && ring_empty(&origin->waiting) && origin->lookup == NULL &&
           !has_addresses(origin);
}

void pool_origin_forget_addresses(struct net_pool_origin *origin) {
    origin->address_count = 0;
}

void pool_origin_free_slot(struct net_pool_origin *origin) {
    origin->connection_count--;
    if (!ring_empty(&origin->waiting)) net_loop_soon(origin->pool->loop, &origin->serve);
}

/* --- addresses --- */

static void fail_lookup(struct net_pool_origin *origin, enum outcome outcome, const struct detail *why) {
    struct detail detail;
    (void)detail_set(&detail, outcome, "cannot find the address of %s: %.100s", origin->label,
                     why->text[0] ? why->text : outcome_text(outcome));
    pool_fail_waiting(origin, outcome, &detail);
}

static void on_resolved(void *owner, enum outcome outcome, const struct net_address *addresses, unsigned count,
                        const struct detail *why) {
    struct net_pool_origin *origin = owner;
    origin->lookup = NULL;
    if (outcome) {
        fail_lookup(origin, outcome, why);
        return;
    }
    memcpy(origin->addresses, addresses, count * sizeof *addresses);
    origin->address_count = count;
    origin->addresses_until_ms = net_loop_now_ms(origin->pool->loop) + origin->pool->limits.address_ms;
    net_loop_soon(origin->pool->loop, &origin->serve);
}

bool pool_origin_resolve(struct net_pool_origin *origin) {
    if (has_addresses(origin)) return true;
    struct net_loop *loop = origin->pool->loop;
    if (net_address_from_host(host_of(origin), origin->port, &origin->addresses[0])) {
        origin->address_count = 1;
        origin->addresses_until_ms = net_loop_now_ms(loop) + origin->pool->limits.address_ms;
        return true;
    }
    if (origin->lookup) return false;
    struct detail why = {{0}};
    const enum outcome outcome =
        net_lookup_start(loop, origin->names, origin->port, on_resolved, origin, &origin->lookup, &why);
    if (outcome) fail_lookup(origin, outcome, &why);
    return false;
}
