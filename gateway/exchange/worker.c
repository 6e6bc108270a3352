#include "gateway/exchange/worker.h"

#include <stdlib.h>
#include <sys/random.h>

#include "gateway/exchange/client.h"

static struct worker *of_post(struct net_post *post) {
    return RING_ITEM(post, struct worker, drain_post);
}

/* Everything is closed: the loop may end. */
static void finish(struct worker *worker) {
    net_timer_close(&worker->drain_timer);
    net_pool_destroy(&worker->pool);
    net_loop_stop(worker->loop);
}

static void finish_if_unused(struct worker *worker) {
    if (worker->draining && worker->client_count + worker->exchange_count == 0 && worker->pool) finish(worker);
}

void worker_client_gone(struct worker *worker) {
    worker->client_count--;
    finish_if_unused(worker);
}

void worker_exchange_gone(struct worker *worker) {
    worker->exchange_count--;
    finish_if_unused(worker);
}

/* A client may go while it is told, and nobody else can: the next one is taken before. */
static void drain_clients(struct worker *worker, bool force) {
    struct ring waiting;
    ring_take_all(&worker->clients, &waiting);
    while (!ring_empty(&waiting)) {
        struct ring *link = waiting.next;
        ring_remove(link);
        ring_append(&worker->clients, link);
        client_drain(client_of_link(link), force);
    }
}

static void on_drain_time_over(void *owner) {
    drain_clients(owner, true);
}

static void on_drain(struct net_post *post) {
    struct worker *worker = of_post(post);
    worker->draining = true;
    for (uint32_t i = 0; i < worker->listener_count; i++) net_listener_close(&worker->listeners[i]);
    net_timer_start(worker->drain_timer, worker->service->settings->timeouts.drain_ms, 0);
    drain_clients(worker, false);
    finish_if_unused(worker);
}

void worker_drain(struct worker *worker) {
    net_loop_post(worker->loop, &worker->drain_post);
}

static void on_agent(void *owner, struct net_stream *stream) {
    client_accept(owner, stream, false);
}

static void on_admin(void *owner, struct net_stream *stream) {
    client_accept(owner, stream, true);
}

static enum outcome listen_at(struct worker *worker, const char *text, bool admin, struct detail *detail) {
    struct net_address address;
    enum outcome outcome = net_address_parse(slice_str(text), &address, detail);
    if (outcome != OUTCOME_OK) return outcome;
    if (worker->listener_count == WORKER_LISTENERS_MAX)
        return detail_set(detail, OUTCOME_OVERFLOW, "at most %d listen addresses", WORKER_LISTENERS_MAX - 1);
    outcome = net_listener_open(worker->loop, &address, !admin, admin ? on_admin : on_agent, worker,
                                &worker->listeners[worker->listener_count], detail);
    if (outcome == OUTCOME_OK) worker->listener_count++;
    return outcome;
}

static enum outcome open_listeners(struct worker *worker, bool admin, struct detail *detail) {
    const struct settings *settings = worker->service->settings;
    enum outcome outcome = OUTCOME_OK;
    if (admin && settings->admin.text) outcome = listen_at(worker, settings->admin.text, true, detail);
    for (uint32_t i = 0; i < settings->listen_count && outcome == OUTCOME_OK; i++)
        outcome = listen_at(worker, settings->listen[i].text, false, detail);
    return outcome;
}

static void limit_pool(struct worker *worker) {
    const struct settings *settings = worker->service->settings;
    struct net_pool_limits limits = net_pool_limits(worker->pool);
    limits.idle_per_origin_count = settings->limits.upstream_idle_connections;
    limits.connections_per_origin_count = settings->limits.upstream_connections;
    limits.idle_ms = settings->timeouts.upstream_keep_alive_ms;
    net_pool_set_limits(worker->pool, &limits);
}

enum outcome worker_create(const struct service *service, bool admin, struct worker **worker_out,
                           struct detail *detail) {
    *worker_out = NULL;
    struct worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) return OUTCOME_NO_MEMORY;
    worker->service = service;
    worker->drain_post.on_post = on_drain;
    ring_init(&worker->clients);
    enum outcome outcome =
        getrandom(&worker->request_seed, sizeof worker->request_seed, 0) > 0 ? OUTCOME_OK : OUTCOME_IO;
    worker->breakers = calloc(service->settings->upstream_count, sizeof *worker->breakers);
    if (worker->breakers == NULL) outcome = OUTCOME_NO_MEMORY;
    if (outcome == OUTCOME_OK) outcome = net_loop_create(&worker->loop);
    if (outcome == OUTCOME_OK) outcome = net_pool_create(worker->loop, &worker->pool);
    if (outcome == OUTCOME_OK) limit_pool(worker);
    if (outcome == OUTCOME_OK)
        outcome = net_timer_create(worker->loop, on_drain_time_over, worker, &worker->drain_timer);
    if (outcome == OUTCOME_OK) outcome = vault_reader_open(service->vault, &worker->reader);
    if (outcome == OUTCOME_OK) outcome = open_listeners(worker, admin, detail);
    if (outcome != OUTCOME_OK) worker_destroy(&worker);
    *worker_out = worker;
    return outcome;
}

void worker_run(struct worker *worker) {
    net_loop_run(worker->loop);
}

void worker_close(struct worker *worker) {
    for (uint32_t i = 0; i < worker->listener_count; i++) net_listener_close(&worker->listeners[i]);
    if (worker->pool) {
        net_timer_close(&worker->drain_timer);
        net_pool_destroy(&worker->pool);
        net_loop_stop(worker->loop);
        net_loop_run(worker->loop);
    }
    vault_reader_close(&worker->reader);
}

void worker_destroy(struct worker **worker) {
    if (*worker == NULL) return;
    worker_close(*worker);
    net_loop_destroy(&(*worker)->loop);
    free((*worker)->breakers);
    free(*worker);
    *worker = NULL;
}
