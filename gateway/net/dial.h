/* One new connection to a server whose addresses are known: TCP to the first that answers, then TLS. Used
 * by the pool.
 *
 * Threads: the loop's. */
#ifndef SLUICE_GATEWAY_NET_DIAL_H
#define SLUICE_GATEWAY_NET_DIAL_H

#include "gateway/net/address.h"
#include "gateway/net/loop.h"
#include "gateway/net/stream.h"
#include "gateway/net/tls.h"

struct net_dial;

/* The strings must live until the dial is done or cancelled; the addresses are copied. */
struct net_dial_target {
    const struct net_address *addresses; /* in the order of trying, at most NET_LOOKUP_LARGEST_COUNT */
    unsigned count;
    const struct net_tls_client *tls_client; /* NULL: plain */
    const char *server_name;                 /* with tls_client: who it must prove to be */
    const char *label;                       /* what details call it */
    uint32_t timeout_ms; /* of all attempts; an address that does not answer gets an even share of what is left */
};

/* OK: the stream is the callee's, not attached. IO or TIMEOUT: no address could be reached. CRYPTO: the
 * server is not who it should be, or does not speak TLS as we do; no further address is tried, since that
 * is no accident. OVERFLOW, NO_MEMORY: this process's limits. The detail is valid only during the call. */
typedef void net_dial_fn(void *owner, enum outcome outcome, struct net_stream *stream, const struct detail *detail);

/* on_done fires once, never inside this call, unless it is cancelled; this may fail like on_done itself. */
enum outcome net_dial_start(struct net_loop *loop, const struct net_dial_target *target, net_dial_fn *on_done,
                            void *owner, struct net_dial **dial_out, struct detail *detail) MUST_CHECK;

/* No on_done; the connection attempt is closed. Sets *dial to NULL; NULL is allowed. */
void net_dial_cancel(struct net_dial **dial);

#endif
