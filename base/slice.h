/* A view of bytes that somebody else owns.
 *
 * Units: `len` counts bytes; data is not NUL-terminated. An empty slice may have a NULL `data`. */
#ifndef SLUICE_BASE_SLICE_H
#define SLUICE_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
    const char *data;
    size_t len;
};

static inline struct slice slice_of(const char *data, size_t len) {
    return (struct slice){data, len};
}

static inline struct slice slice_str(const char *text) {
    return (struct slice){text, strlen(text)};
}

/* A slice of a string literal, without strlen. */
#define SLICE(literal) ((struct slice){"" literal, sizeof(literal) - 1})

static inline bool slice_equal(struct slice a, struct slice b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline char slice_ascii_lower(char c) {
    if (c >= 'A' && c <= 'Z') return (char)(c + ('a' - 'A'));
    return c;
}

/* Compares ASCII letters without regard to case (HTTP header names, RFC 9110 section 5.1). */
static inline bool slice_equal_nocase(struct slice a, struct slice b) {
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++)
        if (slice_ascii_lower(a.data[i]) != slice_ascii_lower(b.data[i])) return false;
    return true;
}

static inline bool slice_starts_with(struct slice text, struct slice prefix) {
    return text.len >= prefix.len && slice_equal(slice_of(text.data, prefix.len), prefix);
}

/* The half-open range [begin, end) of `text`; begin <= end <= text.len. */
static inline struct slice slice_range(struct slice text, size_t begin, size_t end) {
    return (struct slice){text.data + begin, end - begin};
}

/* Without spaces and tabs at both ends (HTTP's optional white space, RFC 9110 section 5.6.3). */
static inline struct slice slice_trim(struct slice text) {
    while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) text.data++, text.len--;
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t')) text.len--;
    return text;
}

#endif
