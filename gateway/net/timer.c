#include "gateway/net/timer.h"

#include <stdlib.h>

#include "base/require.h"
#include "gateway/net/loop_inside.h"

struct net_timer {
    uv_timer_t handle;
    net_timer_fn *on_timer;
    void *owner;
};

static void on_fired(uv_timer_t *handle) {
    struct net_timer *timer = handle->data;
    timer->on_timer(timer->owner);
}

static void on_closed(uv_handle_t *handle) {
    free(handle->data);
}

enum outcome net_timer_create(struct net_loop *loop, net_timer_fn *on_timer, void *owner,
                              struct net_timer **timer_out) {
    struct net_timer *timer = calloc(1, sizeof *timer);
    if (timer == NULL) return OUTCOME_NO_MEMORY;
    require(uv_timer_init(&loop->uv, &timer->handle) == 0);
    timer->handle.data = timer;
    timer->on_timer = on_timer;
    timer->owner = owner;
    *timer_out = timer;
    return OUTCOME_OK;
}

void net_timer_start(struct net_timer *timer, uint64_t delay_ms, uint64_t repeat_ms) {
    uv_update_time(timer->handle.loop); /* the delay counts from now, not from the beginning of the turn */
    require(uv_timer_start(&timer->handle, on_fired, delay_ms, repeat_ms) == 0);
}

void net_timer_stop(struct net_timer *timer) {
    uv_timer_stop(&timer->handle);
}

bool net_timer_active(const struct net_timer *timer) {
    return uv_is_active((const uv_handle_t *)&timer->handle) != 0;
}

void net_timer_close(struct net_timer **timer) {
    if (*timer == NULL) return;
    uv_close((uv_handle_t *)&(*timer)->handle, on_closed);
    *timer = NULL;
}
