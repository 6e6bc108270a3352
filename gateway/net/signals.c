#include "gateway/net/signals.h"

#include <signal.h>
#include <stdlib.h>

#include "base/require.h"
#include "gateway/net/loop_inside.h"
#include "gateway/net/uv_outcome.h"

static const int watched[] = {SIGTERM, SIGINT, SIGHUP};

#define WATCHED_COUNT (sizeof watched / sizeof watched[0])

struct net_signals {
    uv_signal_t handles[WATCHED_COUNT];
    unsigned open_count;
    struct net_loop *loop;
    net_signal_fn *on_signal;
    void *owner;
};

static void on_caught(uv_signal_t *handle, int signum) {
    struct net_signals *signals = handle->data;
    signals->on_signal(signals->owner, signum);
}

static void on_closed(uv_handle_t *handle) {
    struct net_signals *signals = handle->data;
    if (--signals->open_count == 0) free(signals);
}

void net_signals_close(struct net_signals *signals) {
    signals->loop->signals = NULL;
    for (size_t i = 0; i < WATCHED_COUNT; i++) uv_close((uv_handle_t *)&signals->handles[i], on_closed);
}

static struct net_signals *create(struct net_loop *loop) {
    struct net_signals *signals = calloc(1, sizeof *signals);
    if (signals == NULL) return NULL;
    for (size_t i = 0; i < WATCHED_COUNT; i++) {
        /* Fails only for want of a pipe, which uv_loop_init has made. */
        require(uv_signal_init(&loop->uv, &signals->handles[i]) == 0);
        signals->handles[i].data = signals;
        signals->open_count++;
    }
    signals->loop = loop;
    return signals;
}

enum outcome net_signals_watch(struct net_loop *loop, net_signal_fn *on_signal, void *owner) {
    if (loop->signals) return OUTCOME_CONFLICT;
    struct net_signals *signals = create(loop);
    if (signals == NULL) return OUTCOME_NO_MEMORY;
    signals->on_signal = on_signal;
    signals->owner = owner;
    loop->signals = signals;
    for (size_t i = 0; i < WATCHED_COUNT; i++) {
        const int status = uv_signal_start(&signals->handles[i], on_caught, watched[i]);
        if (status) {
            net_signals_close(signals);
            return net_uv_outcome(status);
        }
    }
    return OUTCOME_OK;
}
