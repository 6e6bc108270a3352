/* The event loop of one core: everything that a thread of the gateway does happens in a callback of its loop.
 *
 *     net_loop_create -> [listeners, pools, timers] -> net_loop_run ... net_loop_stop -> net_loop_destroy
 *
 * post    from any thread: run a function on the loop's thread
 * turn    from the loop's own thread: run a function soon, but not inside the present callback
 * work    run a function on a worker thread, then another one on the loop's thread
 *
 * Shutdown: close listeners, streams, pools and timers, then net_loop_stop. net_loop_run returns when the
 * last of them has really gone (closing is asynchronous; a finishing stream may take its 10 s).
 *
 * Owns:    its sockets' read buffer and its wake-up.
 * Threads: only net_loop_post may be called from other threads; everything else belongs to the thread that
 *          runs the loop (before net_loop_run: to the one that created it). */
#ifndef SLUICE_GATEWAY_NET_LOOP_H
#define SLUICE_GATEWAY_NET_LOOP_H

#include <stdint.h>

#include "base/handoff.h"
#include "base/outcome.h"
#include "gateway/net/ring.h"

struct net_loop;

/* Also makes the process ignore SIGPIPE: a write to a closed connection is an outcome, not a signal.
 * NO_MEMORY, or OVERFLOW when the process has no file descriptors left. */
enum outcome net_loop_create(struct net_loop **loop_out) MUST_CHECK;

/* Returns after net_loop_stop, when everything that was opened on the loop has closed. Once a loop. */
void net_loop_run(struct net_loop *loop);

/* Asks net_loop_run to return once nothing is left on the loop; closes the loop's signal watch. Loop
 * thread, or before net_loop_run. */
void net_loop_stop(struct net_loop *loop);

/* After net_loop_run returned, or without any run when everything on it was closed; aborts when a handle
 * is still open. Sets *loop to NULL; NULL is allowed. No thread may be inside net_loop_post, not even after
 * its post has run: join the threads that post first. */
void net_loop_destroy(struct net_loop **loop);

/* Milliseconds on the monotonic clock, as of the beginning of the present turn. */
uint64_t net_loop_now_ms(const struct net_loop *loop);

/* A function that another thread wants to run on the loop's thread. The node belongs to the loop from
 * net_loop_post until on_post is called, which may free or post it again. */
struct net_post {
    struct handoff_node node; /* first member */
    void (*on_post)(struct net_post *post);
};

/* Any thread, lock-free; posts of one thread run in their order. on_post never runs before this returns
 * on the loop's own thread. A post made before net_loop_stop runs in any case; one that comes while the
 * loop ends may never run, so the owner of a post must not let its loop end first. */
void net_loop_post(struct net_loop *loop, struct net_post *post);

/* A function that runs soon on the loop's own thread, outside the present callback: what makes a
 * callback "never re-entrant". Zero it, set on_turn. */
struct net_turn {
    struct ring link;
    void (*on_turn)(struct net_turn *turn);
};

/* on_turn runs once, in the loop's next turn, in the order of these calls, and may free its turn or ask
 * again. Asking again while it waits changes nothing. */
void net_loop_soon(struct net_loop *loop, struct net_turn *turn);

/* It will not run; nothing happens when it does not wait. */
void net_turn_cancel(struct net_turn *turn);

/* What may block or takes long, by value: `run` must not touch the loop. Both fields are set by the
 * caller; the struct must live until on_done. */
struct net_work {
    void (*run)(struct net_work *work);     /* on a worker thread */
    void (*on_done)(struct net_work *work); /* then on the loop's thread; may free the work */
};

/* NO_MEMORY: neither function will be called. Work cannot be cancelled: net_loop_run waits for it. The
 * pool of workers (UV_THREADPOOL_SIZE, 4) is shared by all loops and by name lookups. */
enum outcome net_loop_offload(struct net_loop *loop, struct net_work *work) MUST_CHECK;

#endif
