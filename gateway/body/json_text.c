#include "gateway/body/json_text.h"

#include <string.h>

#include "gateway/body/byte_run.h"

/* raw was walked: hexadecimal digits are what they should be. */
static uint32_t unit_at(const char *escape) {
    uint32_t unit = 0;
    for (int i = 2; i < 6; i++) {
        const unsigned char c = (unsigned char)escape[i];
        unit = unit << 4 | (c <= '9' ? c - (uint32_t)'0' : (c | 0x20u) - (uint32_t)'a' + 10u);
    }
    return unit;
}

static size_t utf8_put(uint32_t code, char *out) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* Decodes the \u escape at `at`, with its other half if it is a pair. Answers the decoded length. */
static size_t unicode_decode(const char *at, const char *end, char out[static 4], size_t *raw_len_out) {
    uint32_t code = unit_at(at);
    *raw_len_out = 6;
    if (code >= 0xd800 && code < 0xdc00 && end - at >= 12 && at[6] == '\\' && at[7] == 'u') {
        const uint32_t low = unit_at(at + 6);
        if (low >= 0xdc00 && low <= 0xdfff) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            *raw_len_out = 12;
        }
    }
    return utf8_put(code, out);
}

static size_t escape_decode(const char *at, const char *end, char out[static 4], size_t *raw_len_out) {
    if (at[1] == 'u') return unicode_decode(at, end, out, raw_len_out);
    *raw_len_out = 2;
    switch (at[1]) {
    case 'b': out[0] = '\b'; break;
    case 'f': out[0] = '\f'; break;
    case 'n': out[0] = '\n'; break;
    case 'r': out[0] = '\r'; break;
    case 't': out[0] = '\t'; break;
    default: out[0] = at[1]; break; /* quote, backslash, slash */
    }
    return 1;
}

void json_text_reader_init(struct json_text_reader *reader, struct slice raw) {
    *reader = (struct json_text_reader){.raw = raw};
}

bool json_text_reader_next(struct json_text_reader *reader, struct json_text_piece *piece_out) {
    const size_t left = reader->raw.len - reader->at;
    if (left == 0) return false;
    const char *at = reader->raw.data + reader->at;
    size_t raw_len = 0;
    if (*at == '\\') {
        const size_t len = escape_decode(at, at + left, reader->atom, &raw_len);
        *piece_out = (struct json_text_piece){.bytes = slice_of(reader->atom, len), .atom = true};
    } else {
        const char *backslash = memchr(at, '\\', left);
        raw_len = backslash ? (size_t)(backslash - at) : left;
        *piece_out = (struct json_text_piece){.bytes = slice_of(at, raw_len)};
    }
    piece_out->begin = (uint32_t)reader->at;
    piece_out->len = (uint32_t)raw_len;
    reader->at += raw_len;
    return true;
}

size_t json_text_decode(struct slice raw, char *out) {
    struct json_text_reader reader;
    struct json_text_piece piece;
    size_t len = 0;
    json_text_reader_init(&reader, raw);
    while (json_text_reader_next(&reader, &piece)) {
        memcpy(out + len, piece.bytes.data, piece.bytes.len);
        len += piece.bytes.len;
    }
    return len;
}

bool json_text_is(struct slice raw, struct slice text) {
    struct json_text_reader reader;
    struct json_text_piece piece;
    json_text_reader_init(&reader, raw);
    while (json_text_reader_next(&reader, &piece)) {
        if (!slice_starts_with(text, piece.bytes)) return false;
        text = slice_range(text, piece.bytes.len, text.len);
    }
    return text.len == 0;
}

/* Fills `piece` again when all of it was compared; false at the end of the text. */
static bool piece_ready(struct json_text_reader *reader, struct json_text_piece *piece) {
    return piece->bytes.len > 0 || json_text_reader_next(reader, piece);
}

bool json_text_equal(struct slice raw_a, struct slice raw_b) {
    struct json_text_reader reader_a;
    struct json_text_reader reader_b;
    struct json_text_piece a = {.len = 0};
    struct json_text_piece b = {.len = 0};
    json_text_reader_init(&reader_a, raw_a);
    json_text_reader_init(&reader_b, raw_b);
    for (;;) {
        const bool more_a = piece_ready(&reader_a, &a);
        const bool more_b = piece_ready(&reader_b, &b);
        if (!more_a || !more_b) return more_a == more_b;
        const size_t len = a.bytes.len < b.bytes.len ? a.bytes.len : b.bytes.len;
        if (memcmp(a.bytes.data, b.bytes.data, len) != 0) return false;
        a.bytes = slice_range(a.bytes, len, a.bytes.len);
        b.bytes = slice_range(b.bytes, len, b.bytes.len);
    }
}

/* Half of a surrogate pair in its WTF-8 form: ED A0..BF 80..BF. */
static bool is_half(const char *at, const char *end) {
    return end - at >= 3 && (unsigned char)at[0] == 0xed && (unsigned char)at[1] >= 0xa0;
}

/* Behind the bytes that stand as they are between quotes. */
static const char *verbatim_end(const char *at, const char *end) {
    for (;;) {
        at = byte_run_plain(at, end);
        if (at == end || (unsigned char)*at < 0x80 || is_half(at, end)) return at;
        do at++;
        while (at < end && (unsigned char)*at >= 0x80 && (unsigned char)*at != 0xed);
    }
}

static void unit_append(struct buffer *out, uint32_t unit) {
    static const char hex[] = "0123456789abcdef";
    const char escape[6] = {'\\', 'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15], hex[unit >> 4 & 15], hex[unit & 15]};
    buffer_append(out, slice_of(escape, sizeof escape));
}

/* Appends the escape of what stands at `at`; answers its length there. */
static size_t escape_append(struct buffer *out, const char *at) {
    const unsigned char c = (unsigned char)*at;
    switch (c) {
    case '"': buffer_append(out, SLICE("\\\"")); return 1;
    case '\\': buffer_append(out, SLICE("\\\\")); return 1;
    case '\b': buffer_append(out, SLICE("\\b")); return 1;
    case '\f': buffer_append(out, SLICE("\\f")); return 1;
    case '\n': buffer_append(out, SLICE("\\n")); return 1;
    case '\r': buffer_append(out, SLICE("\\r")); return 1;
    case '\t': buffer_append(out, SLICE("\\t")); return 1;
    default: break;
    }
    if (c < 0x20) {
        unit_append(out, c);
        return 1;
    }
    unit_append(out, 0xd000u | ((uint32_t)(unsigned char)at[1] & 0x3f) << 6 | ((uint32_t)(unsigned char)at[2] & 0x3f));
    return 3;
}

void json_text_encode(struct buffer *out, struct slice text) {
    if (text.len == 0) return;
    const char *at = text.data;
    const char *end = text.data + text.len;
    while (at < end) {
        const char *stop = verbatim_end(at, end);
        buffer_append(out, slice_of(at, (size_t)(stop - at)));
        at = stop;
        if (at < end) at += escape_append(out, at);
    }
}
