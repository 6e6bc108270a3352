/* What the pool's three files share. Nobody else includes this.
 *
 *     upstream_pool.c    requests: who gets a connection, when, and what they are told
 *     pool_origin.c      origins: the key, the addresses
 *     pool_connection.c  connections: idle or busy, and when they go */
#ifndef SLUICE_GATEWAY_NET_POOL_INSIDE_H
#define SLUICE_GATEWAY_NET_POOL_INSIDE_H

#include "gateway/net/lookup.h"
#include "gateway/net/timer.h"
#include "gateway/net/upstream_pool.h"

struct net_pool {
    struct net_loop *loop;
    struct net_pool_limits limits;
    struct ring origins;
    struct ring pending;        /* every request that was not answered */
    struct net_timer *deadline; /* of the request that is due first */
    uint64_t deadline_ms;       /* when it fires, 0: not started */
    struct net_timer *sweep;    /* closes what was idle too long; runs while there are origins */
};

/* Connections count from the beginning of their making until they are closed. */
struct net_pool_origin {
    struct ring link;
    struct net_pool *pool;
    struct ring idle; /* newest first */
    struct ring busy;
    struct ring waiting; /* requests, oldest first */
    unsigned idle_count, connection_count;
    struct net_turn serve; /* something changed for those who wait */

    struct net_lookup *lookup; /* NULL: none under way */
    struct net_address addresses[NET_LOOKUP_LARGEST_COUNT];
    unsigned address_count;
    uint64_t addresses_until_ms;

    const struct net_tls_client *tls_client; /* counted; NULL: plain */
    unsigned short port;
    const char *server_name; /* in `names` */
    const char *label;       /* "host:port", in `names` */
    char names[];            /* host, server name, label; each NUL-terminated */
};

/* upstream_pool.c */
void pool_on_serve(struct net_turn *serve);
void pool_fail_waiting(struct net_pool_origin *origin, enum outcome outcome, const struct detail *detail);

/* pool_origin.c */
/* The entry of this key, made if it is new. INVALID, NO_MEMORY. */
enum outcome pool_origin_find(struct net_pool *pool, const struct net_origin *key, struct net_pool_origin **origin_out,
                              struct detail *detail) MUST_CHECK;
bool pool_origin_matches(const struct net_pool_origin *origin, const struct net_origin *key);
void pool_origin_destroy(struct net_pool_origin *origin);

/* Nothing is left of it that would be missed. */
bool pool_origin_is_spent(const struct net_pool_origin *origin);

/* True when there are addresses to connect to; else a lookup runs, and `serve` or pool_fail_waiting follows,
 * possibly at once. */
bool pool_origin_resolve(struct net_pool_origin *origin);
void pool_origin_forget_addresses(struct net_pool_origin *origin);

/* One connection less: the next one who waits may make one. */
void pool_origin_free_slot(struct net_pool_origin *origin);

/* pool_connection.c */
/* A new, counted connection, busy from here on; on NO_MEMORY the stream stays the caller's. */
enum outcome pool_connection_adopt(struct net_pool_origin *origin, struct net_stream *stream) MUST_CHECK;

/* The newest idle connection that is quiet, busy from here on; NULL when there is none. Closes the others. */
struct net_stream *pool_connection_take(struct net_pool_origin *origin);

/* Makes a busy connection idle; false when it cannot be kept. */
bool pool_connection_keep(struct net_pool *pool, const struct net_origin *key, struct net_stream *stream);

/* Closes what has been idle since before `before_ms`, UINT64_MAX: all of it. */
void pool_connection_expire(struct net_pool_origin *origin, uint64_t before_ms);

/* The busy ones stay their holders', and are no longer watched. */
void pool_connection_abandon(struct net_pool_origin *origin);

#endif
