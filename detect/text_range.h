/* A place in the scanned text, and the few questions that confirmations ask about the bytes around it.
 *
 * Classes are ASCII: scanned text is bytes and need not be UTF-8. A byte of 0x80 or more ends a word, as
 * it does for Hyperscan's \b, since scripts without blanks write numbers and addresses right behind
 * their letters. Outside the text there is '\n', which is no word.
 *
 * Units: byte offsets, half-open.  Pure functions; any thread. */
#ifndef SLUICE_DETECT_TEXT_RANGE_H
#define SLUICE_DETECT_TEXT_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct text_range {
    uint32_t begin, end;
};

static inline struct slice text_of(struct slice text, struct text_range range) {
    return slice_range(text, range.begin, range.end);
}

static inline char text_at(struct slice text, uint32_t offset) {
    if (offset >= text.len) return '\n';
    return text.data[offset];
}

static inline char text_before(struct slice text, uint32_t offset) {
    if (offset == 0) return '\n';
    return text_at(text, offset - 1);
}

static inline bool char_is_digit(char c) {
    return c >= '0' && c <= '9';
}

static inline bool char_is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

static inline bool char_is_lower(char c) {
    return c >= 'a' && c <= 'z';
}

static inline bool char_is_letter(char c) {
    return char_is_upper(c) || char_is_lower(c);
}

static inline bool char_is_alnum(char c) {
    return char_is_letter(c) || char_is_digit(c);
}

static inline bool char_is_foreign(char c) {
    return (unsigned char)c >= 0x80;
}

static inline bool char_is_word(char c) {
    return char_is_alnum(c) || c == '_';
}

static inline bool char_is_blank(char c) {
    return c == ' ' || c == '\t';
}

static inline bool char_is_space(char c) {
    return char_is_blank(c) || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

/* True when `c` is in the set; a NUL never is. */
static inline bool char_is_any(char c, const char *set) {
    return c != 0 && strchr(set, c) != NULL;
}

/* The value of a hexadecimal digit, -1 for any other byte. */
static inline int char_hex(char c) {
    if (char_is_digit(c)) return c - '0';
    const char lower = slice_ascii_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

#endif
