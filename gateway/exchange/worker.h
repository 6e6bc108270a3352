/* One core's share of the gateway: a loop, and everything that only this loop touches.
 *
 * Glossary
 *   service  what all workers share, immutable
 *   client   one agent's connection
 *   drain    no new connections or requests; what runs may finish, until the drain time is over
 *
 * Owns:    its loop, listeners, clients, upstream pool, vault reader and breakers.
 * Threads: create and destroy on the main thread, before and after the worker's thread runs; worker_drain any. */
#ifndef SLUICE_GATEWAY_EXCHANGE_WORKER_H
#define SLUICE_GATEWAY_EXCHANGE_WORKER_H

#include "gateway/exchange/service.h"
#include "gateway/net/listener.h"
#include "gateway/net/loop.h"
#include "gateway/net/ring.h"
#include "gateway/net/timer.h"
#include "route/breaker.h"

#define WORKER_LISTENERS_MAX 16

struct worker {
    const struct service *service;
    struct net_loop *loop;
    struct net_pool *pool;
    struct vault_reader *reader;
    struct breaker *breakers; /* one an upstream */
    struct net_listener *listeners[WORKER_LISTENERS_MAX];
    uint32_t listener_count;
    struct ring clients;
    uint32_t client_count;
    uint32_t exchange_count;              /* may outlive its client while a write is on its way back */
    uint64_t request_seed, request_count; /* for request ids */
    bool draining;
    struct net_timer *drain_timer;
    struct net_post drain_post;
};

/* `admin`: this worker also listens at the admin address. */
enum outcome worker_create(const struct service *service, bool admin, struct worker **worker_out,
                           struct detail *detail) MUST_CHECK;

/* Runs until drained. */
void worker_run(struct worker *worker);

/* Any thread, once. */
void worker_drain(struct worker *worker);

/* A client or an exchange has gone; a draining worker waits for the last one. */
void worker_client_gone(struct worker *worker);
void worker_exchange_gone(struct worker *worker);

/* Closes what is open, also of a worker that never ran, and gives the vault's reader back. No thread runs it. */
void worker_close(struct worker *worker);

/* Sets *worker to NULL; NULL is allowed. */
void worker_destroy(struct worker **worker);

#endif
