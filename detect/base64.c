#include "detect/base64.h"

#include "detect/text_range.h"

static int sextet(char c) {
    if (char_is_upper(c)) return c - 'A';
    if (char_is_lower(c)) return c - 'a' + 26;
    if (char_is_digit(c)) return c - '0' + 52;
    if (c == '+' || c == '-') return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

size_t base64_decode(struct slice text, char *out, size_t capacity) {
    size_t len = 0;
    unsigned bits = 0, bit_count = 0;
    for (size_t i = 0; i < text.len && len < capacity; i++) {
        const int value = sextet(text.data[i]);
        if (value < 0) break;
        bits = (bits << 6 | (unsigned)value) & 0xffff;
        bit_count += 6;
        if (bit_count < 8) continue;
        bit_count -= 8;
        out[len++] = (char)(bits >> bit_count & 0xff);
    }
    return len;
}
