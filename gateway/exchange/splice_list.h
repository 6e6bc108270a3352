/* A growing list of splices in an arena, in document order.
 *
 * Owns: nothing.  Errors: OVERFLOW when the arena is full.  Threads: one at a time. */
#ifndef SLUICE_GATEWAY_EXCHANGE_SPLICE_LIST_H
#define SLUICE_GATEWAY_EXCHANGE_SPLICE_LIST_H

#include "base/arena.h"
#include "gateway/body/json_splice.h"
#include "gateway/body/json_walk.h"

struct splice_list {
    struct arena *arena;
    struct json_splice *items;
    uint32_t count, capacity;
};

/* Replaces what the node covers by `text`, which lives in the same arena. A text of NULL (a copy that did
 * not fit) is an OVERFLOW too. */
static inline enum outcome splice_list_add(struct splice_list *list, const struct json_node *node, struct slice text) {
    if (text.data == NULL) return OUTCOME_OVERFLOW;
    if (list->count == list->capacity) {
        const uint32_t capacity = list->capacity ? list->capacity * 2 : 8;
        struct json_splice *grown =
            arena_grow(list->arena, list->items, list->capacity * sizeof *grown, capacity * sizeof *grown);
        if (grown == NULL) return OUTCOME_OVERFLOW;
        list->items = grown;
        list->capacity = capacity;
    }
    list->items[list->count++] = (struct json_splice){node->begin, node->end, text};
    return OUTCOME_OK;
}

#endif
