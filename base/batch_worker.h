/* One thread that commits what all others queued, in groups.
 *
 * The vault's writer and the audit log are both of this kind: while a commit waits for the disk, the
 * next group collects, so that a thousand requests share one fsync, and a lone request waits for
 * nothing but its own.
 *
 *     submit (any thread) -> [handoff] -> commit(owner, items)   one group, on the worker's thread
 *                                      -> item->on_done(item)    each item, on the worker's thread
 *
 * Owns: the thread; an item stays the caller's memory and must live until its on_done ran.
 * Errors: commit writes each item's outcome; one that it forgets has failed (FAULT). After `stop` every
 * item was committed or answered CLOSED.
 * Re-entrancy: on_done may submit; it may free its item; it must not stop the worker. */
#ifndef SLUICE_BASE_BATCH_WORKER_H
#define SLUICE_BASE_BATCH_WORKER_H

#include "base/handoff.h"
#include "base/outcome.h"

struct batch_item {
    struct handoff_node node; /* first member: a list of items is a list of nodes */
    enum outcome outcome;     /* written by commit */
    void (*on_done)(struct batch_item *item);
};

struct batch_worker;

/* Commits a whole group; `first` links by batch_item_next. Must set every item's outcome and must
 * not call on_done. */
typedef void batch_commit_fn(void *owner, struct batch_item *first);

static inline struct batch_item *batch_item_next(const struct batch_item *item) {
    return (struct batch_item *)item->node.next;
}

/* `name` (at most 15 bytes) is what a debugger shows. */
enum outcome batch_worker_start(batch_commit_fn *commit, void *owner, const char *name,
                                struct batch_worker **worker_out) MUST_CHECK;

/* Any thread. on_done may run before this returns. */
void batch_worker_submit(struct batch_worker *worker, struct batch_item *item);

/* Commits what is queued, joins the thread, sets *worker to NULL. NULL is allowed. Every other submit has
 * returned (not only its on_done run) and nobody submits any more, on_done callbacks excepted: what those
 * submit is answered CLOSED. */
void batch_worker_stop(struct batch_worker **worker);

#endif
