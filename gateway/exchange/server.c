#include "gateway/exchange/server.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "gateway/exchange/worker.h"
#include "gateway/net/signals.h"

#define WORKERS_MAX 256

/* A worker's thread, and how it tells the main thread that its loop has ended. */
struct worker_thread {
    struct net_post ended;
    struct server *server;
    struct worker *worker;
    pthread_t thread;
};

struct server {
    struct service *service;
    struct net_loop *loop; /* of the main thread: signals, and the end of workers */
    uint32_t worker_count, started, running;
    struct worker_thread threads[WORKERS_MAX];
    bool draining;
};

static uint32_t cores(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    const int count = CPU_COUNT(&set);
    return count > 0 ? (uint32_t)count : 1;
}

enum outcome server_create(struct settings **settings, struct server **server_out, struct detail *detail) {
    *server_out = NULL;
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        settings_destroy(settings);
        return OUTCOME_NO_MEMORY;
    }
    uint32_t wanted = (*settings)->threads ? (*settings)->threads : cores();
    if (wanted > WORKERS_MAX) wanted = WORKERS_MAX;
    enum outcome outcome = service_create(settings, wanted, &server->service, detail);
    if (outcome == OUTCOME_OK) outcome = net_loop_create(&server->loop);
    while (outcome == OUTCOME_OK && server->worker_count < wanted) {
        struct worker **worker = &server->threads[server->worker_count].worker;
        outcome = worker_create(server->service, server->worker_count == 0, worker, detail);
        if (outcome == OUTCOME_OK) server->worker_count++;
    }
    if (outcome != OUTCOME_OK) server_destroy(&server);
    *server_out = server;
    return outcome;
}

static void drain(struct server *server) {
    if (server->draining) return;
    server->draining = true;
    for (uint32_t i = 0; i < server->started; i++) worker_drain(server->threads[i].worker);
    if (server->running == 0) net_loop_stop(server->loop);
}

static void on_signal(void *owner, int signum) {
    if (signum == SIGTERM || signum == SIGINT) drain(owner);
}

static void on_ended(struct net_post *post) {
    struct server *server = RING_ITEM(post, struct worker_thread, ended)->server;
    if (--server->running > 0) return;
    /* Everything is drained: a second SIGTERM must not make the end of it look like a crash. */
    sigset_t late;
    sigemptyset(&late);
    sigaddset(&late, SIGTERM);
    sigaddset(&late, SIGINT);
    pthread_sigmask(SIG_BLOCK, &late, NULL);
    net_loop_stop(server->loop);
}

static void *worker_main(void *argument) {
    struct worker_thread *thread = argument;
    worker_run(thread->worker);
    net_loop_post(thread->server->loop, &thread->ended);
    return NULL;
}

/* Signals are the main thread's: the others start with all of them blocked. */
static enum outcome start_threads(struct server *server) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    enum outcome outcome = OUTCOME_OK;
    while (outcome == OUTCOME_OK && server->started < server->worker_count) {
        struct worker_thread *thread = &server->threads[server->started];
        thread->server = server;
        thread->ended.on_post = on_ended;
        if (pthread_create(&thread->thread, NULL, worker_main, thread) != 0)
            outcome = OUTCOME_NO_MEMORY;
        else
            server->running = ++server->started;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return outcome;
}

enum outcome server_run(struct server *server, void (*on_ready)(void *owner), void *owner) {
    enum outcome outcome = net_signals_watch(server->loop, on_signal, server);
    if (outcome == OUTCOME_OK) outcome = start_threads(server);
    if (outcome != OUTCOME_OK)
        drain(server);
    else if (on_ready)
        on_ready(owner);
    net_loop_run(server->loop);
    for (uint32_t i = 0; i < server->started; i++) pthread_join(server->threads[i].thread, NULL);
    server->started = 0;
    return outcome;
}

const struct settings *server_settings(const struct server *server) {
    return server->service->settings;
}

void server_destroy(struct server **server) {
    if (*server == NULL) return;
    /* The writers' threads post to the loops, so they end before the loops do. */
    for (uint32_t i = 0; i < (*server)->worker_count; i++) worker_close((*server)->threads[i].worker);
    if ((*server)->service) service_close((*server)->service);
    for (uint32_t i = 0; i < (*server)->worker_count; i++) worker_destroy(&(*server)->threads[i].worker);
    net_loop_destroy(&(*server)->loop);
    service_destroy(&(*server)->service);
    free(*server);
    *server = NULL;
}
