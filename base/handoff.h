/* A lock-free hand-over of intrusive nodes from many threads to one.
 *
 * Producers push, the one consumer takes everything at once, in the order of pushing. A push costs
 * one compare-and-swap and never waits.
 * Owns: nothing; a node belongs to the consumer from push until the consumer gives it back. */
#ifndef SLUICE_BASE_HANDOFF_H
#define SLUICE_BASE_HANDOFF_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct handoff_node {
    struct handoff_node *next;
};

struct handoff {
    _Atomic(struct handoff_node *) newest;
};

/* True when the hand-over was empty before, that is, when the consumer needs to be woken. */
static inline bool handoff_push(struct handoff *handoff, struct handoff_node *node) {
    struct handoff_node *newest = atomic_load_explicit(&handoff->newest, memory_order_relaxed);
    do node->next = newest;
    while (!atomic_compare_exchange_weak_explicit(&handoff->newest, &newest, node, memory_order_release,
                                                  memory_order_relaxed));
    return newest == NULL;
}

/* All nodes, oldest first, NULL when there are none. Consumer only. */
static inline struct handoff_node *handoff_take(struct handoff *handoff) {
    struct handoff_node *node = atomic_exchange_explicit(&handoff->newest, NULL, memory_order_acquire);
    struct handoff_node *oldest = NULL;
    while (node) {
        struct handoff_node *next = node->next;
        node->next = oldest;
        oldest = node;
        node = next;
    }
    return oldest;
}

#endif
