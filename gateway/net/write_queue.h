/* Bytes that a socket did not take yet, as a chain of chunks that never move.
 *
 * A write that is under way keeps a pointer into the first chunk while more bytes are appended behind it.
 * Chunks are wiped when they go: they may hold restored values.
 * Owns: its chunks.  Threads: one at a time. */
#ifndef SLUICE_GATEWAY_NET_WRITE_QUEUE_H
#define SLUICE_GATEWAY_NET_WRITE_QUEUE_H

#include <stdbool.h>

#include "base/slice.h"

struct write_chunk;

/* All zero is an empty queue. */
struct write_queue {
    struct write_chunk *first, *last;
    size_t bytes;
};

/* Copies. False when the heap is exhausted: a part may have been appended, so the stream is broken then. */
bool write_queue_append(struct write_queue *queue, struct slice bytes);

/* The oldest bytes in one piece, empty when there are none; valid until they are dropped. */
struct slice write_queue_front(const struct write_queue *queue);

/* The first `bytes` of the front are done with. */
void write_queue_drop(struct write_queue *queue, size_t bytes);

void write_queue_clear(struct write_queue *queue);

#endif
