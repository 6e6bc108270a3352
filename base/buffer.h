/* A growable run of bytes on the heap, with a limit and a sticky failure.
 *
 * For what outlives or grows outside an exchange's arena: a connection's unsent bytes, a body that
 * is still arriving. Appends after the first failure do nothing, so that a writer checks once, at
 * the end: `if (buffer.failed) ...`.
 *
 * Owns: its bytes; `buffer_deinit` wipes and frees them.  Threads: one at a time. */
#ifndef SLUICE_BASE_BUFFER_H
#define SLUICE_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct buffer {
    char *data;
    size_t len;
    size_t capacity_bytes;
    size_t limit_bytes; /* 0: the heap is the limit */
    bool failed;
};

void buffer_init(struct buffer *buffer, size_t limit_bytes);
void buffer_deinit(struct buffer *buffer);

/* Makes room for `more_bytes` after len; false (and sticky) when the limit or the heap says no. */
bool buffer_reserve(struct buffer *buffer, size_t more_bytes);

void buffer_append(struct buffer *buffer, struct slice bytes);
void buffer_append_str(struct buffer *buffer, const char *text);
void buffer_append_char(struct buffer *buffer, char c);
void buffer_append_u64(struct buffer *buffer, unsigned long long number);
void buffer_append_format(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Drops the first `bytes` (<= len); the rest moves to the front. The freed tail is wiped. */
void buffer_consume(struct buffer *buffer, size_t bytes);

/* Empties it (wiped) and forgets a failure; keeps the memory. */
void buffer_clear(struct buffer *buffer);

static inline struct slice buffer_slice(const struct buffer *buffer) {
    return slice_of(buffer->data, buffer->len);
}

#endif
