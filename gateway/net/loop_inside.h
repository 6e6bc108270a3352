/* What the files of this folder see of a loop. Nobody else includes this: libuv ends here. */
#ifndef SLUICE_GATEWAY_NET_LOOP_INSIDE_H
#define SLUICE_GATEWAY_NET_LOOP_INSIDE_H

#include <stdbool.h>
#include <uv.h>

#include "gateway/net/loop.h"

#define NET_READ_BYTES 65536u
#define NET_PLAIN_BYTES 16384u /* the longest plaintext of a TLS record (RFC 8446 section 5.1) */

struct net_signals;

struct net_loop {
    uv_loop_t uv;
    uv_async_t wake;   /* posts came */
    uv_idle_t turning; /* active while turns wait: the loop does not sleep */
    struct handoff posts;
    struct ring turns;
    struct net_signals *signals;
    bool stopped;
    bool ended; /* its own handles are closed */
    /* Shared by all streams: valid during one read callback, wiped after it. */
    char read_buffer[NET_READ_BYTES];
    char plain_buffer[NET_PLAIN_BYTES];
};

/* Looks at the clock again: before a delay is counted from now, and the turn may have been long. */
void net_loop_update_time(struct net_loop *loop);

/* Closes the watch's handles; called by net_loop_stop. */
void net_signals_close(struct net_signals *signals);

#endif
