/* A bounded workspace that lives as long as one exchange.
 *
 * Plaintext lives here and nowhere else, so everything that was handed out is wiped on reset.
 * Overflow is sticky: after the first allocation that did not fit, every later one fails too, and
 * the exchange blocks; nobody has to check each allocation to stay safe, only the last.
 *
 * Owns:    its chunks.  Units: bytes.  Threads: one at a time; may be handed from thread to thread.
 * Built with SLUICE_ARENA_SEPARATE every allocation is a heap block of its own and of exactly its
 * size, and growing always moves, so that ASan sees overruns and stale pointers; the limit then counts
 * bytes without their padding. */
#ifndef SLUICE_BASE_ARENA_H
#define SLUICE_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first */
    size_t used_bytes;          /* handed out since the last reset */
    size_t limit_bytes;
    bool overflowed;
};

void arena_init(struct arena *arena, size_t limit_bytes);

/* Wipes and frees all chunks; the arena can be used again and has forgotten its overflow. */
void arena_reset(struct arena *arena);

/* Aligned for any type; uninitialised. NULL when the limit or the heap is exhausted, then for ever
 * until the reset. bytes == 0 answers a valid pointer. */
void *arena_alloc(struct arena *arena, size_t bytes);

/* The same, zeroed, for `count` elements; the multiplication is checked. */
void *arena_zalloc(struct arena *arena, size_t count, size_t bytes_each);

/* Grows the allocation at `old` from old_bytes to new_bytes, in place where it was the newest, else
 * by copy (the old bytes are wiped). old may be NULL with old_bytes 0. NULL on overflow: the old
 * allocation stays valid. */
void *arena_grow(struct arena *arena, void *old, size_t old_bytes, size_t new_bytes);

/* A copy of the bytes; data is NULL on overflow. Not NUL-terminated. */
struct slice arena_copy(struct arena *arena, struct slice bytes);

/* A NUL-terminated copy, NULL on overflow. */
char *arena_string(struct arena *arena, struct slice bytes);

#endif
