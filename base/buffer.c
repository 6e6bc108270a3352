#include "base/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/wipe.h"

#define SMALLEST_BYTES 256u

void buffer_init(struct buffer *buffer, size_t limit_bytes) {
    *buffer = (struct buffer){.limit_bytes = limit_bytes};
}

void buffer_deinit(struct buffer *buffer) {
    wipe(buffer->data, buffer->len);
    free(buffer->data);
    *buffer = (struct buffer){.limit_bytes = buffer->limit_bytes};
}

/* Not realloc: it may leave a copy of a value behind in freed memory. */
static bool move_to(struct buffer *buffer, size_t capacity_bytes) {
    char *fresh = malloc(capacity_bytes);
    if (fresh == NULL) return false;
    if (buffer->len) memcpy(fresh, buffer->data, buffer->len);
    wipe(buffer->data, buffer->len);
    free(buffer->data);
    buffer->data = fresh;
    buffer->capacity_bytes = capacity_bytes;
    return true;
}

bool buffer_reserve(struct buffer *buffer, size_t more_bytes) {
    if (buffer->failed) return false;
    size_t need = 0;
    const size_t limit = buffer->limit_bytes ? buffer->limit_bytes : SIZE_MAX / 2;
    if (__builtin_add_overflow(buffer->len, more_bytes, &need) || need > limit) {
        buffer->failed = true;
        return false;
    }
    if (need <= buffer->capacity_bytes) return true;
    size_t capacity = buffer->capacity_bytes ? buffer->capacity_bytes * 2 : SMALLEST_BYTES;
    if (capacity < need) capacity = need;
    if (capacity > limit) capacity = limit;
    if (!move_to(buffer, capacity)) buffer->failed = true;
    return !buffer->failed;
}

void buffer_append(struct buffer *buffer, struct slice bytes) {
    if (bytes.len == 0 || !buffer_reserve(buffer, bytes.len)) return;
    memcpy(buffer->data + buffer->len, bytes.data, bytes.len);
    buffer->len += bytes.len;
}

void buffer_append_str(struct buffer *buffer, const char *text) {
    buffer_append(buffer, slice_str(text));
}

void buffer_append_char(struct buffer *buffer, char c) {
    buffer_append(buffer, slice_of(&c, 1));
}

void buffer_append_u64(struct buffer *buffer, unsigned long long number) {
    char digits[20];
    size_t begin = sizeof digits;
    do {
        digits[--begin] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    buffer_append(buffer, slice_of(digits + begin, sizeof digits - begin));
}

void buffer_append_format(struct buffer *buffer, const char *format, ...) {
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len >= 0 && buffer_reserve(buffer, (size_t)len + 1)) {
        vsnprintf(buffer->data + buffer->len, (size_t)len + 1, format, again);
        buffer->len += (size_t)len;
    }
    if (len < 0) buffer->failed = true;
    va_end(again);
}

void buffer_consume(struct buffer *buffer, size_t bytes) {
    size_t rest = buffer->len - bytes;
    if (rest) memmove(buffer->data, buffer->data + bytes, rest);
    wipe(buffer->data + rest, bytes);
    buffer->len = rest;
}

void buffer_clear(struct buffer *buffer) {
    wipe(buffer->data, buffer->len);
    buffer->len = 0;
    buffer->failed = false;
}
