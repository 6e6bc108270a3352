/* A host name's addresses, by getaddrinfo on a worker thread. Used by the pool.
 *
 * Threads: the loop's. */
#ifndef SLUICE_GATEWAY_NET_LOOKUP_H
#define SLUICE_GATEWAY_NET_LOOKUP_H

#include "gateway/net/address.h"
#include "gateway/net/loop.h"

#define NET_LOOKUP_LARGEST_COUNT 8u

struct net_lookup;

/* In the resolver's order (RFC 6724), at most NET_LOOKUP_LARGEST_COUNT; outcome OK has at least one. The
 * detail is valid only during the call. */
typedef void net_lookup_fn(void *owner, enum outcome outcome, const struct net_address *addresses, unsigned count,
                           const struct detail *detail);

/* `host` is NUL-terminated and copied. on_done fires once, never inside this call, unless it is cancelled.
 * NO_MEMORY, or IO for a name that can never be looked up. */
enum outcome net_lookup_start(struct net_loop *loop, const char *host, unsigned short port, net_lookup_fn *on_done,
                              void *owner, struct net_lookup **lookup_out, struct detail *detail) MUST_CHECK;

/* No on_done; the worker may go on for a while, and net_loop_run waits for it. Sets *lookup to NULL; NULL
 * is allowed. */
void net_lookup_cancel(struct net_lookup **lookup);

#endif
