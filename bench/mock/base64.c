#include "bench/mock/base64.h"

#include <stdint.h>

static const char SYMBOLS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct slice bytes, struct buffer *out) {
    for (size_t i = 0; i < bytes.len; i += 3) {
        const size_t have = bytes.len - i < 3 ? bytes.len - i : 3;
        uint32_t group = 0;
        for (size_t k = 0; k < 3; k++) group = group << 8 | (k < have ? (unsigned char)bytes.data[i + k] : 0u);
        char four[4];
        for (size_t k = 0; k < 4; k++) {
            four[k] = '=';
            if (k <= have) four[k] = SYMBOLS[group >> (18 - 6 * k) & 63u];
        }
        buffer_append(out, slice_of(four, sizeof four));
    }
}

static bool symbol_value(char c, uint32_t *value_out) {
    const char *at = c == '\0' ? NULL : memchr(SYMBOLS, c, sizeof SYMBOLS - 1);
    if (at == NULL) return false;
    *value_out = (uint32_t)(at - SYMBOLS);
    return true;
}

bool base64_decode(struct slice text, struct buffer *out) {
    if (text.len % 4 != 0) return false;
    for (size_t i = 0; i < text.len; i += 4) {
        const struct slice four = slice_range(text, i, i + 4);
        const bool last = i + 4 == text.len;
        const size_t padding = !last ? 0 : (size_t)(four.data[3] == '=') + (four.data[3] == '=' && four.data[2] == '=');
        uint32_t group = 0;
        for (size_t k = 0; k < 4; k++) {
            uint32_t value = 0;
            if (k < 4 - padding && !symbol_value(four.data[k], &value)) return false;
            group = group << 6 | value;
        }
        for (size_t k = 0; k < 3 - padding; k++) buffer_append_char(out, (char)(group >> (16 - 8 * k) & 0xffu));
    }
    return true;
}
