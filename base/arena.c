#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/wipe.h"

#define FIRST_CHUNK_BYTES (16u << 10)
#define LARGEST_CHUNK_BYTES (1u << 20)

struct arena_chunk {
    struct arena_chunk *next;
    size_t capacity_bytes;
    size_t used_bytes;
    size_t last_begin; /* offset of the newest allocation, for growing in place */
    _Alignas(max_align_t) unsigned char bytes[];
};

static size_t aligned(size_t bytes) {
#ifdef SLUICE_ARENA_SEPARATE
    return bytes; /* exact, so that ASan sees the very first byte too many */
#else
    const size_t mask = _Alignof(max_align_t) - 1;
    return bytes > SIZE_MAX - mask ? SIZE_MAX : (bytes + mask) & ~mask;
#endif
}

static size_t chunk_bytes_for(const struct arena *arena, size_t need_bytes) {
#ifdef SLUICE_ARENA_SEPARATE
    (void)arena;
    return need_bytes;
#else
    size_t bytes = arena->chunks ? arena->chunks->capacity_bytes * 2 : FIRST_CHUNK_BYTES;
    if (bytes > LARGEST_CHUNK_BYTES) bytes = LARGEST_CHUNK_BYTES;
    return bytes < need_bytes ? need_bytes : bytes;
#endif
}

static struct arena_chunk *chunk_add(struct arena *arena, size_t need_bytes) {
    size_t capacity = chunk_bytes_for(arena, need_bytes);
    if (capacity > SIZE_MAX - sizeof(struct arena_chunk)) return NULL;
    struct arena_chunk *chunk = malloc(sizeof *chunk + capacity);
    if (chunk == NULL) return NULL;
    *chunk = (struct arena_chunk){.next = arena->chunks, .capacity_bytes = capacity};
    arena->chunks = chunk;
    return chunk;
}

void arena_init(struct arena *arena, size_t limit_bytes) {
    *arena = (struct arena){.limit_bytes = limit_bytes};
}

void arena_reset(struct arena *arena) {
    while (arena->chunks) {
        struct arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        wipe(chunk->bytes, chunk->used_bytes);
        free(chunk);
    }
    arena->used_bytes = 0;
    arena->overflowed = false;
}

static void *overflow(struct arena *arena) {
    arena->overflowed = true;
    return NULL;
}

void *arena_alloc(struct arena *arena, size_t bytes) {
    size_t need = aligned(bytes ? bytes : 1);
    if (arena->overflowed || need > arena->limit_bytes - arena->used_bytes) return overflow(arena);
    struct arena_chunk *chunk = arena->chunks;
    if (chunk == NULL || chunk->capacity_bytes - chunk->used_bytes < need) chunk = chunk_add(arena, need);
    if (chunk == NULL) return overflow(arena);
    void *fresh = chunk->bytes + chunk->used_bytes;
    chunk->last_begin = chunk->used_bytes;
    chunk->used_bytes += need;
    arena->used_bytes += need;
    return fresh;
}

void *arena_zalloc(struct arena *arena, size_t count, size_t bytes_each) {
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, bytes_each, &bytes)) return overflow(arena);
    void *fresh = arena_alloc(arena, bytes);
    if (fresh) memset(fresh, 0, bytes);
    return fresh;
}

/* Extends the newest allocation where it lies; false when it is not the newest or does not fit. */
static bool grow_in_place(struct arena *arena, const void *old, size_t new_bytes) {
    struct arena_chunk *chunk = arena->chunks;
    if (chunk == NULL || old != chunk->bytes + chunk->last_begin) return false;
    size_t need = aligned(new_bytes);
    size_t have = chunk->used_bytes - chunk->last_begin;
    if (need <= have) return true;
    size_t more = need - have;
    if (more > chunk->capacity_bytes - chunk->used_bytes) return false;
    if (more > arena->limit_bytes - arena->used_bytes) return false;
    chunk->used_bytes += more;
    arena->used_bytes += more;
    return true;
}

#ifdef SLUICE_ARENA_SEPARATE
/* The newest allocation moves, always, and its old place is freed: ASan sees who kept a pointer. The limit
 * counts it once, as if it had grown in place. */
static void *move_newest(struct arena *arena, const void *old, size_t old_bytes, size_t new_bytes) {
    struct arena_chunk *left = arena->chunks;
    arena->chunks = left->next;
    arena->used_bytes -= left->used_bytes;
    void *fresh = arena_alloc(arena, new_bytes);
    if (fresh == NULL) {
        arena->chunks = left;
        arena->used_bytes += left->used_bytes;
        return NULL;
    }
    memcpy(fresh, old, old_bytes);
    wipe(left->bytes, left->used_bytes);
    free(left);
    return fresh;
}
#endif

void *arena_grow(struct arena *arena, void *old, size_t old_bytes, size_t new_bytes) {
    if (old == NULL) return arena_alloc(arena, new_bytes);
    if (arena->overflowed) return NULL;
    if (new_bytes <= old_bytes || grow_in_place(arena, old, new_bytes)) return old;
#ifdef SLUICE_ARENA_SEPARATE
    if (old == arena->chunks->bytes) return move_newest(arena, old, old_bytes, new_bytes);
#endif
    void *fresh = arena_alloc(arena, new_bytes);
    if (fresh == NULL) return NULL;
    memcpy(fresh, old, old_bytes);
    wipe(old, old_bytes);
    return fresh;
}

struct slice arena_copy(struct arena *arena, struct slice bytes) {
    char *fresh = arena_alloc(arena, bytes.len);
    if (fresh == NULL) return slice_of(NULL, 0);
    if (bytes.len) memcpy(fresh, bytes.data, bytes.len);
    return slice_of(fresh, bytes.len);
}

char *arena_string(struct arena *arena, struct slice bytes) {
    if (bytes.len == SIZE_MAX) return overflow(arena);
    char *fresh = arena_alloc(arena, bytes.len + 1);
    if (fresh == NULL) return NULL;
    if (bytes.len) memcpy(fresh, bytes.data, bytes.len);
    fresh[bytes.len] = '\0';
    return fresh;
}
