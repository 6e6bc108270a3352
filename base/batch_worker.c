#include "base/batch_worker.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "base/require.h"

struct batch_worker {
    struct handoff queue;
    sem_t wake;
    pthread_t thread;
    batch_commit_fn *commit;
    void *owner;
    _Atomic bool stopping;
};

static void finish_group(struct batch_item *item) {
    while (item) {
        struct batch_item *next = batch_item_next(item); /* on_done may free the item */
        item->on_done(item);
        item = next;
    }
}

static struct batch_item *take_group(struct batch_worker *worker) {
    return (struct batch_item *)handoff_take(&worker->queue);
}

static void set_outcomes(struct batch_item *group, enum outcome outcome) {
    for (struct batch_item *item = group; item; item = batch_item_next(item)) item->outcome = outcome;
}

static void close_rest(struct batch_worker *worker) {
    for (struct batch_item *group; (group = take_group(worker)) != NULL; finish_group(group))
        set_outcomes(group, OUTCOME_CLOSED);
}

static void *worker_main(void *argument) {
    struct batch_worker *worker = argument;
    for (;;) {
        while (sem_wait(&worker->wake) != 0) require(errno == EINTR);
        const bool stopping = atomic_load(&worker->stopping);
        struct batch_item *group = take_group(worker);
        if (group) {
            set_outcomes(group, OUTCOME_FAULT); /* an item that commit forgets has failed */
            worker->commit(worker->owner, group);
            finish_group(group);
        }
        if (stopping) break;
    }
    close_rest(worker);
    return NULL;
}

enum outcome batch_worker_start(batch_commit_fn *commit, void *owner, const char *name,
                                struct batch_worker **worker_out) {
    struct batch_worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL) return OUTCOME_NO_MEMORY;
    worker->commit = commit;
    worker->owner = owner;
    require(sem_init(&worker->wake, 0, 0) == 0);
    if (pthread_create(&worker->thread, NULL, worker_main, worker) != 0) {
        sem_destroy(&worker->wake);
        free(worker);
        return OUTCOME_NO_MEMORY;
    }
    (void)pthread_setname_np(worker->thread, name);
    *worker_out = worker;
    return OUTCOME_OK;
}

void batch_worker_submit(struct batch_worker *worker, struct batch_item *item) {
    if (handoff_push(&worker->queue, &item->node)) require(sem_post(&worker->wake) == 0);
}

void batch_worker_stop(struct batch_worker **worker) {
    if (*worker == NULL) return;
    atomic_store(&(*worker)->stopping, true);
    require(sem_post(&(*worker)->wake) == 0);
    pthread_join((*worker)->thread, NULL);
    sem_destroy(&(*worker)->wake);
    free(*worker);
    *worker = NULL;
}
