/* An intrusive doubly-linked ring: a head and the nodes behind it, in order.
 *
 * A node knows its neighbours, so that it leaves without a search, wherever it is.
 * Owns: nothing.  Threads: one at a time. */
#ifndef SLUICE_GATEWAY_NET_RING_H
#define SLUICE_GATEWAY_NET_RING_H

#include <stdbool.h>
#include <stddef.h>

/* A node that is in no ring is all zero; a head points at itself when nothing is behind it. */
struct ring {
    struct ring *prev, *next;
};

/* The struct that holds `node` as its member of that name. */
#define RING_ITEM(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void ring_init(struct ring *head) {
    head->prev = head->next = head;
}

static inline bool ring_empty(const struct ring *head) {
    return head->next == head;
}

static inline bool ring_linked(const struct ring *node) {
    return node->next != NULL;
}

/* Puts `node` (in no ring) directly behind `place`, a head or a node. */
static inline void ring_insert(struct ring *place, struct ring *node) {
    node->prev = place;
    node->next = place->next;
    place->next->prev = node;
    place->next = node;
}

/* Puts `node` (in no ring) last. */
static inline void ring_append(struct ring *head, struct ring *node) {
    ring_insert(head->prev, node);
}

/* Does nothing to a node that is in no ring. */
static inline void ring_remove(struct ring *node) {
    if (!ring_linked(node)) return;
    node->prev->next = node->next;
    node->next->prev = node->prev;
    node->prev = node->next = NULL;
}

/* Takes the first node out; NULL when there is none. */
static inline struct ring *ring_pop(struct ring *head) {
    struct ring *node = head->next;
    if (node == head) return NULL;
    head->next = node->next;
    node->next->prev = head;
    node->prev = node->next = NULL;
    return node;
}

/* Moves all nodes of `from` behind `to` (initialised by this); `from` is empty then. */
static inline void ring_take_all(struct ring *from, struct ring *to) {
    ring_init(to);
    if (ring_empty(from)) return;
    to->next = from->next;
    to->prev = from->prev;
    to->next->prev = to->prev->next = to;
    ring_init(from);
}

#endif
