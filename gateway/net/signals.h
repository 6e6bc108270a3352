/* SIGTERM, SIGINT and SIGHUP as callbacks on one loop.
 *
 * One loop of the process watches; net_loop_stop ends the watch. SIGPIPE is ignored by net_loop_create. */
#ifndef SLUICE_GATEWAY_NET_SIGNALS_H
#define SLUICE_GATEWAY_NET_SIGNALS_H

#include "gateway/net/loop.h"

typedef void net_signal_fn(void *owner, int signum);

/* on_signal runs on the loop's thread, as an ordinary callback: it may do anything a callback may. Once a
 * loop: CONFLICT the second time. NO_MEMORY; IO when the signals cannot be caught. The watch keeps the
 * loop running until net_loop_stop. */
enum outcome net_signals_watch(struct net_loop *loop, net_signal_fn *on_signal, void *owner) MUST_CHECK;

#endif
