/* Requests for connections: the heart of the pool.
 *
 *     acquire -> waiting --serve--> an idle connection  -> on_ready(reused)
 *                   |       `-----> dialling ----------> on_ready(new)
 *                   `-- deadline, failed lookup, failed dial --> failing -> on_ready(outcome)
 *
 * A connection is handed over either by `serve` (a turn of its own) or by the dial's callback, always as
 * the last thing that the function does: inside on_ready the pool itself may go. What fails is told in a
 * turn of its own, so that one failure can meet many requests. */
#include "gateway/net/upstream_pool.h"

#include <stdlib.h>

#include "base/require.h"
#include "gateway/net/dial.h"
#include "gateway/net/loop_inside.h"
#include "gateway/net/pool_inside.h"

#define SLOWEST_SWEEP_MS 1000u
#define FASTEST_SWEEP_MS 10u

static const struct net_pool_limits default_limits = {
    .idle_per_origin_count = 64,
    .connections_per_origin_count = 1024,
    .idle_ms = 30000,
    .address_ms = 30000,
};

/* --- a request's end --- */

/* Takes it out of everything; a connection in the making is given up. */
static void withdraw(struct net_pool_request *request) {
    ring_remove(&request->pending);
    ring_remove(&request->waiting);
    net_turn_cancel(&request->failing);
    if (request->dial) {
        net_dial_cancel(&request->dial);
        pool_origin_free_slot(request->origin);
    }
    request->pool = NULL;
    request->origin = NULL;
}

/* The last thing that a caller does. */
static void answer(struct net_pool_request *request, enum outcome outcome, struct net_stream *stream, bool reused,
                   const struct detail *detail) {
    const struct detail told = *detail; /* the request may be used again inside on_ready */
    withdraw(request);
    request->on_ready(request->owner, outcome, stream, reused, &told);
}

static void on_failing(struct net_turn *failing) {
    struct net_pool_request *request = RING_ITEM(failing, struct net_pool_request, failing);
    answer(request, request->outcome, NULL, false, &request->detail);
}

/* Will be told in its turn; waits for nothing else any more. request->detail is set. */
static void fail(struct net_pool_request *request, enum outcome outcome) {
    struct net_pool *pool = request->pool;
    withdraw(request);
    request->pool = pool;
    request->outcome = outcome;
    if (request->detail.text[0] == '\0') (void)detail_set(&request->detail, outcome, "%s", outcome_text(outcome));
    ring_append(&pool->pending, &request->pending);
    net_loop_soon(pool->loop, &request->failing);
}

void pool_fail_waiting(struct net_pool_origin *origin, enum outcome outcome, const struct detail *detail) {
    while (!ring_empty(&origin->waiting)) {
        struct net_pool_request *request = RING_ITEM(origin->waiting.next, struct net_pool_request, waiting);
        request->detail = *detail;
        fail(request, outcome);
    }
}

/* --- deadlines --- */

static void set_deadline(struct net_pool *pool, uint64_t deadline_ms) {
    if (pool->deadline_ms && pool->deadline_ms <= deadline_ms) return;
    const uint64_t now_ms = net_loop_now_ms(pool->loop);
    pool->deadline_ms = deadline_ms;
    net_timer_start(pool->deadline, deadline_ms > now_ms ? deadline_ms - now_ms : 0, 0);
}

static const char *phase_text(const struct net_pool_request *request) {
    if (request->dial) return "connecting";
    return request->origin->lookup ? "looking up its address" : "every connection is in use";
}

static void expire(struct net_pool_request *request) {
    (void)detail_set(&request->detail, OUTCOME_TIMEOUT, "no connection to %s within %u ms (%s)", request->origin->label,
                     request->timeout_ms, phase_text(request));
    if (request->dial) pool_origin_forget_addresses(request->origin);
    fail(request, OUTCOME_TIMEOUT);
}

static void on_deadline(void *owner) {
    struct net_pool *pool = owner;
    const uint64_t now_ms = net_loop_now_ms(pool->loop);
    pool->deadline_ms = 0;
    struct ring all;
    ring_take_all(&pool->pending, &all);
    for (struct ring *link = NULL; (link = ring_pop(&all)) != NULL;) {
        struct net_pool_request *request = RING_ITEM(link, struct net_pool_request, pending);
        ring_append(&pool->pending, link);
        if (request->outcome) continue;
        if (request->deadline_ms <= now_ms)
            expire(request);
        else
            set_deadline(pool, request->deadline_ms);
    }
}

/* --- connections for those who wait --- */

static void on_dialled(void *owner, enum outcome outcome, struct net_stream *stream, const struct detail *detail) {
    struct net_pool_request *request = owner;
    struct net_pool_origin *origin = request->origin;
    struct detail none = {{0}};
    request->dial = NULL;
    if (outcome == OUTCOME_OK) {
        outcome = pool_connection_adopt(origin, stream);
        if (outcome) {
            net_stream_close(&stream);
            (void)detail_set(&none, outcome, "%s", outcome_text(outcome));
            detail = &none;
        }
    }
    if (outcome == OUTCOME_IO || outcome == OUTCOME_TIMEOUT) pool_origin_forget_addresses(origin);
    if (outcome) pool_origin_free_slot(origin);
    answer(request, outcome, stream, false, detail);
}

static void dial(struct net_pool_origin *origin, struct net_pool_request *request) {
    struct net_loop *loop = origin->pool->loop;
    const uint64_t now_ms = net_loop_now_ms(loop);
    const struct net_dial_target target = {
        .addresses = origin->addresses,
        .count = origin->address_count,
        .tls_client = origin->tls_client,
        .server_name = origin->server_name,
        .label = origin->label,
        .timeout_ms = request->deadline_ms > now_ms ? (uint32_t)(request->deadline_ms - now_ms) : 1,
    };
    ring_remove(&request->waiting);
    const enum outcome outcome = net_dial_start(loop, &target, on_dialled, request, &request->dial, &request->detail);
    if (outcome)
        fail(request, outcome);
    else
        origin->connection_count++;
}

void pool_on_serve(struct net_turn *serve) {
    struct net_pool_origin *origin = RING_ITEM(serve, struct net_pool_origin, serve);
    while (!ring_empty(&origin->waiting)) {
        struct net_pool_request *request = RING_ITEM(origin->waiting.next, struct net_pool_request, waiting);
        struct net_stream *stream = pool_connection_take(origin);
        if (stream) {
            net_loop_soon(origin->pool->loop, &origin->serve); /* for the others */
            answer(request, OUTCOME_OK, stream, true, &request->detail);
            return;
        }
        if (origin->connection_count >= origin->pool->limits.connections_per_origin_count) return;
        if (!pool_origin_resolve(origin)) return;
        dial(origin, request);
    }
}

void net_pool_acquire(struct net_pool *pool, const struct net_origin *origin, uint32_t connect_timeout_ms,
                      struct net_pool_request *request, net_pool_ready_fn *on_ready, void *owner) {
    require(request->pool == NULL);
    net_loop_update_time(pool->loop);
    *request = (struct net_pool_request){
        .pool = pool,
        .failing = {.on_turn = on_failing},
        .on_ready = on_ready,
        .owner = owner,
        .timeout_ms = connect_timeout_ms,
        .deadline_ms = net_loop_now_ms(pool->loop) + connect_timeout_ms,
    };
    ring_append(&pool->pending, &request->pending);
    const enum outcome outcome = pool_origin_find(pool, origin, &request->origin, &request->detail);
    if (outcome) {
        fail(request, outcome);
        return;
    }
    ring_append(&request->origin->waiting, &request->waiting);
    set_deadline(pool, request->deadline_ms);
    net_loop_soon(pool->loop, &request->origin->serve);
    if (!net_timer_active(pool->sweep)) {
        uint64_t period_ms = pool->limits.idle_ms / 4;
        if (period_ms > SLOWEST_SWEEP_MS) period_ms = SLOWEST_SWEEP_MS;
        if (period_ms < FASTEST_SWEEP_MS) period_ms = FASTEST_SWEEP_MS;
        net_timer_start(pool->sweep, period_ms, period_ms);
    }
}

void net_pool_cancel(struct net_pool_request *request) {
    if (request->pool) withdraw(request);
}

void net_pool_release(struct net_pool *pool, const struct net_origin *origin, struct net_stream **stream,
                      bool reusable) {
    struct net_stream *given = *stream;
    *stream = NULL;
    if (given && !(reusable && pool_connection_keep(pool, origin, given))) net_stream_close(&given);
}

/* --- the pool --- */

static void on_sweep(void *owner) {
    struct net_pool *pool = owner;
    const uint64_t now_ms = net_loop_now_ms(pool->loop);
    const uint64_t before_ms = now_ms > pool->limits.idle_ms ? now_ms - pool->limits.idle_ms : 0;
    struct ring *next = NULL;
    for (struct ring *link = pool->origins.next; link != &pool->origins; link = next) {
        struct net_pool_origin *origin = RING_ITEM(link, struct net_pool_origin, link);
        next = link->next;
        pool_connection_expire(origin, before_ms);
        if (pool_origin_is_spent(origin)) pool_origin_destroy(origin);
    }
    if (ring_empty(&pool->origins)) net_timer_stop(pool->sweep);
}

enum outcome net_pool_create(struct net_loop *loop, struct net_pool **pool_out) {
    struct net_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) return OUTCOME_NO_MEMORY;
    pool->loop = loop;
    pool->limits = default_limits;
    ring_init(&pool->origins);
    ring_init(&pool->pending);
    enum outcome outcome = net_timer_create(loop, on_deadline, pool, &pool->deadline);
    if (outcome == OUTCOME_OK) outcome = net_timer_create(loop, on_sweep, pool, &pool->sweep);
    if (outcome)
        net_pool_destroy(&pool);
    else
        *pool_out = pool;
    return outcome;
}

void net_pool_set_limits(struct net_pool *pool, const struct net_pool_limits *limits) {
    pool->limits = *limits;
}

struct net_pool_limits net_pool_limits(const struct net_pool *pool) {
    return pool->limits;
}

void net_pool_destroy(struct net_pool **pool) {
    struct net_pool *const gone = *pool;
    if (gone == NULL) return;
    *pool = NULL;
    while (!ring_empty(&gone->pending))
        net_pool_cancel(RING_ITEM(gone->pending.next, struct net_pool_request, pending));
    while (!ring_empty(&gone->origins))
        pool_origin_destroy(RING_ITEM(gone->origins.next, struct net_pool_origin, link));
    net_timer_close(&gone->deadline);
    net_timer_close(&gone->sweep);
    free(gone);
}

static unsigned ring_count(const struct ring *head) {
    unsigned count = 0;
    for (const struct ring *node = head->next; node != head; node = node->next) count++;
    return count;
}

struct net_pool_counts net_pool_count(const struct net_pool *pool) {
    struct net_pool_counts counts = {0};
    for (const struct ring *link = pool->origins.next; link != &pool->origins; link = link->next) {
        const struct net_pool_origin *origin = RING_ITEM(link, struct net_pool_origin, link);
        counts.idle_count += origin->idle_count;
        counts.busy_count += origin->connection_count - origin->idle_count;
        counts.waiting_count += ring_count(&origin->waiting);
    }
    return counts;
}
