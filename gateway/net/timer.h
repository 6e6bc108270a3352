/* A timer on a loop, on the monotonic clock: a jump of the wall clock moves nothing.
 *
 * Threads: the loop's.  Re-entrancy: on_timer never runs inside start; it may start, stop or close its timer. */
#ifndef SLUICE_GATEWAY_NET_TIMER_H
#define SLUICE_GATEWAY_NET_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/net/loop.h"

struct net_timer;

typedef void net_timer_fn(void *owner);

/* Not started. NO_MEMORY. A timer that is not started does not keep its loop running, but must still be
 * closed before the loop is destroyed. */
enum outcome net_timer_create(struct net_loop *loop, net_timer_fn *on_timer, void *owner,
                              struct net_timer **timer_out) MUST_CHECK;

/* Fires after delay_ms, then every repeat_ms (0: once). Starting again replaces the old times. */
void net_timer_start(struct net_timer *timer, uint64_t delay_ms, uint64_t repeat_ms);

void net_timer_stop(struct net_timer *timer);

bool net_timer_active(const struct net_timer *timer);

/* No on_timer after this; the memory goes once the loop let go of it. Sets *timer to NULL; NULL is allowed. */
void net_timer_close(struct net_timer **timer);

#endif
