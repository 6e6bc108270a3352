/* A listening TCP socket that hands over streams.
 *
 * Each loop opens its own on the same address with reuse_port, and the kernel spreads the connections.
 * When the process runs out of descriptors or memory, the listener rests for 100 ms and goes on; what
 * wants to connect waits in the kernel meanwhile.
 *
 * Threads: the loop's.  Re-entrancy: on_accept never runs inside open or resume; it may close the listener. */
#ifndef SLUICE_GATEWAY_NET_LISTENER_H
#define SLUICE_GATEWAY_NET_LISTENER_H

#include <stdbool.h>

#include "gateway/net/address.h"
#include "gateway/net/loop.h"
#include "gateway/net/stream.h"

struct net_listener;

/* The stream is the callee's: attach or close it. Nothing is read before it is attached. */
typedef void net_accept_fn(void *owner, struct net_stream *stream);

/* CONFLICT (the address is taken), DENIED (a port below 1024), OVERFLOW (descriptors), NO_MEMORY, IO; the
 * detail names the address. With port 0 the system chooses one: open the first listener so, and the others
 * on the port that net_listener_port tells. reuse_port must be set on all of them, and on the first. */
enum outcome net_listener_open(struct net_loop *loop, const struct net_address *address, bool reuse_port,
                               net_accept_fn *on_accept, void *owner, struct net_listener **listener_out,
                               struct detail *detail) MUST_CHECK;

unsigned short net_listener_port(const struct net_listener *listener);

/* Not accepting, while the kernel's backlog fills. Pausing twice is pausing once. */
void net_listener_pause(struct net_listener *listener);
void net_listener_resume(struct net_listener *listener);

/* The port is free at once; connections in the backlog are reset. Sets *listener to NULL; NULL is allowed. */
void net_listener_close(struct net_listener **listener);

#endif
