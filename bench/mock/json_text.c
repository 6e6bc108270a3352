#include "bench/mock/json_text.h"

#include <stdint.h>

static bool continues(char c) {
    return ((unsigned char)c & 0xC0u) == 0x80u;
}

static void escape_unit(uint32_t unit, struct buffer *out) {
    static const char DIGITS[] = "0123456789abcdef";
    const char six[6] = {
        '\\', 'u', DIGITS[unit >> 12 & 15u], DIGITS[unit >> 8 & 15u], DIGITS[unit >> 4 & 15u], DIGITS[unit & 15u]};
    buffer_append(out, slice_of(six, sizeof six));
}

/* `text` begins with a code point beyond ASCII; answers its length in bytes. */
static size_t escape_code_point(struct slice text, struct buffer *out) {
    const unsigned char lead = (unsigned char)text.data[0];
    uint32_t code = lead >= 0xF0u ? lead & 0x07u : lead >= 0xE0u ? lead & 0x0Fu : lead & 0x1Fu;
    size_t len = 1;
    for (; len < text.len && continues(text.data[len]); len++)
        code = code << 6 | ((unsigned char)text.data[len] & 0x3Fu);
    if (code < 0x10000u) {
        escape_unit(code, out);
    } else {
        escape_unit(0xD800u + ((code - 0x10000u) >> 10), out);
        escape_unit(0xDC00u + ((code - 0x10000u) & 0x3FFu), out);
    }
    return len;
}

/* What stands for a byte that a JSON string may not hold as it is, or NULL when it needs the \u form. */
static const char *short_escape(char c) {
    switch (c) {
    case '"': return "\\\"";
    case '\\': return "\\\\";
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    default: return NULL;
    }
}

static bool plain(char c, bool escape_unicode) {
    const unsigned char byte = (unsigned char)c;
    return byte >= 0x20u && byte != '"' && byte != '\\' && (byte < 0x80u || !escape_unicode);
}

void json_text_escape(struct slice text, bool escape_unicode, struct buffer *out) {
    size_t at = 0;
    while (at < text.len) {
        size_t end = at;
        while (end < text.len && plain(text.data[end], escape_unicode)) end++;
        buffer_append(out, slice_range(text, at, end));
        if (end == text.len) return;
        at = end + 1;
        const char *escape = short_escape(text.data[end]);
        if (escape)
            buffer_append_str(out, escape);
        else if ((unsigned char)text.data[end] < 0x20u)
            escape_unit((unsigned char)text.data[end], out);
        else
            at = end + escape_code_point(slice_range(text, end, text.len), out);
    }
}

void json_text_quote(struct slice text, bool escape_unicode, struct buffer *out) {
    buffer_append_char(out, '"');
    json_text_escape(text, escape_unicode, out);
    buffer_append_char(out, '"');
}

size_t json_text_cut(struct slice text, size_t from, size_t bytes) {
    if (bytes == 0 || bytes >= text.len - from) return text.len;
    size_t end = from + bytes;
    while (end > from && continues(text.data[end])) end--;
    if (end > from) return end;
    end = from + 1;
    while (end < text.len && continues(text.data[end])) end++;
    return end;
}
