/* Connections to upstreams, kept for the next exchange: one pool a loop.
 *
 *     net_pool_acquire -> on_ready(OK, stream, reused) -> attach, write, read -> net_pool_release
 *
 * origin    where a connection leads and how it is secured; connections of different origins never mix
 * request   one wait for a connection; the caller's memory, cancellable at any moment
 * idle      a connection that nobody holds; one that gets data or an end is closed
 *
 * A request takes the connection that was idle for the shortest time, else a new one is made, else (at the
 * limit of the origin) it waits its turn, first come, first served.
 *
 * A pooled stream is checked when it is handed out: open, and not a byte waiting. It can still die before
 * the first byte of an answer; then `reused` says that a fresh try is reasonable.
 *
 * Owns:    idle connections, connections in the making, addresses (30 s after a lookup).
 * Threads: the loop's.
 * Re-entrancy: on_ready never runs inside acquire, cancel or release. Inside on_ready everything is allowed,
 *          destroying the pool too. */
#ifndef SLUICE_GATEWAY_NET_UPSTREAM_POOL_H
#define SLUICE_GATEWAY_NET_UPSTREAM_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/outcome.h"
#include "base/slice.h"
#include "gateway/net/loop.h"
#include "gateway/net/ring.h"
#include "gateway/net/stream.h"
#include "gateway/net/tls.h"

struct net_pool;
struct net_pool_origin;
struct net_dial;

struct net_pool_limits {
    unsigned idle_per_origin_count;        /* 64; more are closed on release */
    unsigned connections_per_origin_count; /* 1024, idle ones and those in the making included */
    uint32_t idle_ms;                      /* 30000 */
    uint32_t address_ms;                   /* 30000: how long looked-up addresses are used */
};

/* A key: everything is copied where it must be. Lives during the call. */
struct net_origin {
    struct slice host; /* a name, or a numeric address without brackets */
    unsigned short port;
    bool tls;
    const struct net_tls_client *tls_client; /* with tls; the pool counts its own reference */
    const char *server_name;                 /* with tls: the DNS name in the certificate; NULL: the host */
};

/* OK: the stream is the callee's until release; it is not attached yet. Otherwise stream is NULL and the
 * detail, valid during the call, says what failed:
 *   IO        the name has no address, or none of them accepts a connection
 *   TIMEOUT   not within connect_timeout_ms
 *   CRYPTO    the TLS handshake failed; the detail names the host and the reason
 *   INVALID   the origin: tls without tls_client, a host longer than 255 bytes
 *   OVERFLOW, NO_MEMORY   this process's limits
 * Nothing was sent to the upstream in any of these. */
typedef void net_pool_ready_fn(void *owner, enum outcome outcome, struct net_stream *stream, bool reused,
                               const struct detail *detail);

/* Zero it before its first use; the fields are the pool's. It must stay where it is until on_ready or
 * cancel, and can be used again then. */
struct net_pool_request {
    struct net_pool *pool; /* NULL: not waiting */
    struct net_pool_origin *origin;
    struct ring pending;
    struct ring waiting;
    struct net_turn failing;
    struct net_dial *dial;
    net_pool_ready_fn *on_ready;
    void *owner;
    uint64_t deadline_ms;
    uint32_t timeout_ms;
    enum outcome outcome;
    struct detail detail;
};

/* NO_MEMORY. With the default limits. */
enum outcome net_pool_create(struct net_loop *loop, struct net_pool **pool_out) MUST_CHECK;

void net_pool_set_limits(struct net_pool *pool, const struct net_pool_limits *limits);
struct net_pool_limits net_pool_limits(const struct net_pool *pool);

/* Closes what is idle or in the making, and cancels requests that wait, without a callback. Streams that
 * are out stay their holders', who close or finish them. Sets *pool to NULL; NULL is allowed. */
void net_pool_destroy(struct net_pool **pool);

/* on_ready fires once, later, unless the request is cancelled. connect_timeout_ms bounds the whole wait:
 * for a turn, for the addresses, for TCP and TLS. */
void net_pool_acquire(struct net_pool *pool, const struct net_origin *origin, uint32_t connect_timeout_ms,
                      struct net_pool_request *request, net_pool_ready_fn *on_ready, void *owner);

/* No on_ready. Nothing happens when the request does not wait. */
void net_pool_cancel(struct net_pool_request *request);

/* Gives a stream back and sets *stream to NULL. `reusable`: the exchange is complete, and the connection may
 * serve another; it is then kept if it is quiet and the origin has room. Otherwise it is closed. Closing
 * or finishing the stream instead is allowed, too: the pool notices. NULL is allowed. `origin` must be the
 * one it was acquired for; a stream of another one is closed. */
void net_pool_release(struct net_pool *pool, const struct net_origin *origin, struct net_stream **stream,
                      bool reusable);

/* For metrics: connections of all origins. */
struct net_pool_counts {
    unsigned idle_count, busy_count, waiting_count; /* busy includes those in the making */
};
struct net_pool_counts net_pool_count(const struct net_pool *pool);

#endif
