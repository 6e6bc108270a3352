#include "gateway/net/write_queue.h"

#include <stdlib.h>

#include "base/require.h"
#include "base/wipe.h"

/* Small enough that the low mark is seen in time, large enough for one system call to be worth it. */
#define LARGEST_CHUNK_BYTES 65536u
#define SMALLEST_CHUNK_BYTES 4096u

struct write_chunk {
    struct write_chunk *next;
    size_t begin, end; /* half-open: what is queued of `bytes` */
    size_t capacity_bytes;
    char bytes[];
};

static struct write_chunk *add_chunk(struct write_queue *queue, size_t wanted_bytes) {
    size_t capacity = wanted_bytes < SMALLEST_CHUNK_BYTES ? SMALLEST_CHUNK_BYTES : wanted_bytes;
    if (capacity > LARGEST_CHUNK_BYTES) capacity = LARGEST_CHUNK_BYTES;
    struct write_chunk *chunk = malloc(sizeof *chunk + capacity);
    if (chunk == NULL) return NULL;
    *chunk = (struct write_chunk){.capacity_bytes = capacity};
    if (queue->last)
        queue->last->next = chunk;
    else
        queue->first = chunk;
    queue->last = chunk;
    return chunk;
}

bool write_queue_append(struct write_queue *queue, struct slice bytes) {
    while (bytes.len) {
        struct write_chunk *chunk = queue->last;
        if (chunk == NULL || chunk->end == chunk->capacity_bytes) chunk = add_chunk(queue, bytes.len);
        if (chunk == NULL) return false;
        const size_t room = chunk->capacity_bytes - chunk->end;
        const size_t part = bytes.len < room ? bytes.len : room;
        memcpy(chunk->bytes + chunk->end, bytes.data, part);
        chunk->end += part;
        queue->bytes += part;
        bytes = slice_range(bytes, part, bytes.len);
    }
    return true;
}

struct slice write_queue_front(const struct write_queue *queue) {
    const struct write_chunk *chunk = queue->first;
    return chunk ? slice_of(chunk->bytes + chunk->begin, chunk->end - chunk->begin) : (struct slice){0};
}

static void drop_first_chunk(struct write_queue *queue) {
    struct write_chunk *chunk = queue->first;
    queue->first = chunk->next;
    if (queue->first == NULL) queue->last = NULL;
    wipe(chunk->bytes, chunk->end);
    free(chunk);
}

void write_queue_drop(struct write_queue *queue, size_t bytes) {
    struct write_chunk *chunk = queue->first;
    if (bytes == 0) return;
    require(chunk && bytes <= chunk->end - chunk->begin);
    chunk->begin += bytes;
    queue->bytes -= bytes;
    if (chunk->begin == chunk->end) drop_first_chunk(queue);
}

void write_queue_clear(struct write_queue *queue) {
    while (queue->first) drop_first_chunk(queue);
    queue->bytes = 0;
}
