#include "gateway/net/loop.h"

#include <signal.h>
#include <stdlib.h>

#include "base/require.h"
#include "gateway/net/loop_inside.h"
#include "gateway/net/uv_outcome.h"

/* One uv_work_t on the way to a worker and back. */
struct offload {
    uv_work_t request;
    struct net_work *work;
};

static bool run_posts(struct net_loop *loop) {
    struct handoff_node *node = handoff_take(&loop->posts);
    const bool any = node != NULL;
    while (node) {
        struct handoff_node *next = node->next; /* on_post may free the node */
        struct net_post *post = (struct net_post *)node;
        post->on_post(post);
        node = next;
    }
    return any;
}

static void on_wake(uv_async_t *wake) {
    (void)run_posts(wake->data);
}

/* Only what waited at the beginning: a turn that asks again has its next one after the next poll. */
static void on_turning(uv_idle_t *turning) {
    struct net_loop *loop = turning->data;
    struct ring now;
    ring_take_all(&loop->turns, &now);
    for (struct ring *link = NULL; (link = ring_pop(&now)) != NULL;) {
        struct net_turn *turn = RING_ITEM(link, struct net_turn, link);
        turn->on_turn(turn);
    }
    if (ring_empty(&loop->turns)) uv_idle_stop(turning);
}

static void on_offload_run(uv_work_t *request) {
    struct offload *offload = request->data;
    offload->work->run(offload->work);
}

static void on_offload_done(uv_work_t *request, int status) {
    (void)status; /* never UV_ECANCELED: nobody cancels */
    struct offload *offload = request->data;
    struct net_work *work = offload->work;
    free(offload);
    work->on_done(work);
}

static enum outcome init_handles(struct net_loop *loop) {
    int status = uv_loop_init(&loop->uv);
    if (status) return net_uv_outcome(status);
    status = uv_async_init(&loop->uv, &loop->wake, on_wake);
    if (status) {
        require(uv_loop_close(&loop->uv) == 0);
        return net_uv_outcome(status);
    }
    require(uv_idle_init(&loop->uv, &loop->turning) == 0);
    loop->wake.data = loop;
    loop->turning.data = loop;
    return OUTCOME_OK;
}

enum outcome net_loop_create(struct net_loop **loop_out) {
    require(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    struct net_loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL) return OUTCOME_NO_MEMORY;
    ring_init(&loop->turns);
    const enum outcome outcome = init_handles(loop);
    if (outcome) {
        free(loop);
        return outcome;
    }
    *loop_out = loop;
    return OUTCOME_OK;
}

static void close_own_handles(struct net_loop *loop) {
    uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_close((uv_handle_t *)&loop->turning, NULL);
    loop->ended = true;
}

void net_loop_run(struct net_loop *loop) {
    require(!loop->ended);
    /* The wake-up alone keeps a loop going that was not stopped. Posts that came with the last handle's
     * closing still run, and may have opened something. */
    do uv_run(&loop->uv, UV_RUN_DEFAULT);
    while (!loop->stopped || run_posts(loop));
    close_own_handles(loop);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void net_loop_stop(struct net_loop *loop) {
    if (loop->stopped) return;
    loop->stopped = true;
    if (loop->signals) net_signals_close(loop->signals);
    uv_unref((uv_handle_t *)&loop->wake);
}

void net_loop_destroy(struct net_loop **loop) {
    struct net_loop *const gone = *loop;
    if (gone == NULL) return;
    *loop = NULL;
    if (!gone->ended) {
        net_loop_stop(gone);
        (void)run_posts(gone);
        close_own_handles(gone);
    }
    uv_run(&gone->uv, UV_RUN_NOWAIT); /* lets the last closings land when the loop never ran */
    require(uv_loop_close(&gone->uv) == 0);
    free(gone);
}

uint64_t net_loop_now_ms(const struct net_loop *loop) {
    return uv_now(&loop->uv);
}

void net_loop_update_time(struct net_loop *loop) {
    uv_update_time(&loop->uv);
}

void net_loop_post(struct net_loop *loop, struct net_post *post) {
    if (handoff_push(&loop->posts, &post->node)) require(uv_async_send(&loop->wake) == 0);
}

void net_loop_soon(struct net_loop *loop, struct net_turn *turn) {
    if (ring_linked(&turn->link)) return;
    ring_append(&loop->turns, &turn->link);
    uv_idle_start(&loop->turning, on_turning);
}

void net_turn_cancel(struct net_turn *turn) {
    ring_remove(&turn->link);
}

enum outcome net_loop_offload(struct net_loop *loop, struct net_work *work) {
    struct offload *offload = malloc(sizeof *offload);
    if (offload == NULL) return OUTCOME_NO_MEMORY;
    offload->work = work;
    offload->request.data = offload;
    require(uv_queue_work(&loop->uv, &offload->request, on_offload_run, on_offload_done) == 0);
    return OUTCOME_OK;
}
