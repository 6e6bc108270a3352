/* A second opinion on JSON: the rules of gateway/body/json_walk.h, written again in the plainest way.
 *
 * Recursive, one byte at a time, quadratic in the keys, everything decoded to code points. It shares no
 * code with the walker, so that a mistake has to be made twice to go unnoticed. */
#ifndef SLUICE_TESTS_JSON_ORACLE_H
#define SLUICE_TESTS_JSON_ORACLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/slice.h"

#define ORACLE_DEPTH 64

struct oracle {
    const unsigned char *data;
    size_t len, at;
    bool lenient;
};

struct oracle_key {
    int32_t *points;
    size_t count;
};

/* The byte ahead, -1 at the end. */
static inline int oracle_peek(const struct oracle *o) {
    return o->at < o->len ? o->data[o->at] : -1;
}

static inline bool oracle_take(struct oracle *o, int byte) {
    if (oracle_peek(o) != byte) return false;
    o->at++;
    return true;
}

static inline void oracle_space(struct oracle *o) {
    while (oracle_peek(o) == ' ' || oracle_peek(o) == '\n' || oracle_peek(o) == '\r' || oracle_peek(o) == '\t') o->at++;
}

/* Four hexadecimal digits, -1 when they are not. */
static inline int32_t oracle_hex4(struct oracle *o) {
    int32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        const int c = oracle_peek(o);
        const char *digits = "0123456789abcdef";
        const char *found = c > 0 ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;
        if (found == NULL) return -1;
        unit = unit * 16 + (int32_t)(found - digits);
        o->at++;
    }
    return unit;
}

static inline bool oracle_is_high(int32_t point) {
    return point >= 0xd800 && point <= 0xdbff;
}

static inline bool oracle_is_low(int32_t point) {
    return point >= 0xdc00 && point <= 0xdfff;
}

static inline int32_t oracle_unicode(struct oracle *o) {
    const int32_t unit = oracle_hex4(o);
    if (unit <= 0) return -1;
    if (oracle_is_high(unit)) {
        const size_t before = o->at;
        if (oracle_take(o, '\\') && oracle_take(o, 'u')) {
            const int32_t low = oracle_hex4(o);
            if (oracle_is_low(low)) return 0x10000 + (unit - 0xd800) * 0x400 + (low - 0xdc00);
        }
        o->at = before;
    }
    if (oracle_is_high(unit) || oracle_is_low(unit)) return o->lenient ? unit : -1;
    return unit;
}

static inline int32_t oracle_escape(struct oracle *o) {
    const int c = oracle_peek(o);
    o->at++;
    switch (c) {
    case '"':
    case '\\':
    case '/': return c;
    case 'b': return 8;
    case 'f': return 12;
    case 'n': return 10;
    case 'r': return 13;
    case 't': return 9;
    case 'u': return oracle_unicode(o);
    default: return -1;
    }
}

static inline int32_t oracle_utf8(struct oracle *o, int lead) {
    const int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
    if (lead < 0xc0 || lead > 0xf7) return -1;
    int32_t point = lead & (0x3f >> more);
    for (int i = 0; i < more; i++) {
        const int c = oracle_peek(o);
        if (c < 0x80 || c > 0xbf) return -1;
        point = point << 6 | (c & 0x3f);
        o->at++;
    }
    if (point < least[more] || point > 0x10ffff || oracle_is_high(point) || oracle_is_low(point)) return -1;
    return point;
}

/* One code point of a string, -1 when it is malformed. */
static inline int32_t oracle_point(struct oracle *o) {
    const int c = oracle_peek(o);
    if (c < 0x20) return -1;
    o->at++;
    if (c == '\\') return oracle_escape(o);
    return c < 0x80 ? c : oracle_utf8(o, c);
}

/* A string with its quotes; points has room for every byte of the text. */
static inline bool oracle_string(struct oracle *o, int32_t *points, size_t *count_out) {
    *count_out = 0;
    if (!oracle_take(o, '"')) return false;
    while (!oracle_take(o, '"')) {
        const int32_t point = oracle_point(o);
        if (point < 0) return false;
        points[(*count_out)++] = point;
    }
    return true;
}

static inline size_t oracle_digits(struct oracle *o) {
    const size_t before = o->at;
    while (oracle_peek(o) >= '0' && oracle_peek(o) <= '9') o->at++;
    return o->at - before;
}

static inline bool oracle_int64(const unsigned char *digits, size_t count, bool negative) {
    unsigned __int128 value = 0;
    if (count > 30) return false;
    for (size_t i = 0; i < count; i++) value = value * 10 + (unsigned)(digits[i] - '0');
    return value <= (unsigned __int128)INT64_MAX + negative;
}

static inline bool oracle_number(struct oracle *o) {
    const bool negative = oracle_take(o, '-');
    const unsigned char *digits = o->data + o->at;
    const size_t count = oracle_digits(o);
    if (count == 0 || (digits[0] == '0' && count > 1)) return false;
    bool integer = true;
    if (oracle_take(o, '.')) {
        integer = false;
        if (oracle_digits(o) == 0) return false;
    }
    if (oracle_take(o, 'e') || oracle_take(o, 'E')) {
        integer = false;
        if (!oracle_take(o, '+')) oracle_take(o, '-');
        if (oracle_digits(o) == 0) return false;
    }
    return !integer || oracle_int64(digits, count, negative);
}

static inline bool oracle_word(struct oracle *o, const char *word) {
    for (; *word; word++)
        if (!oracle_take(o, *word)) return false;
    return true;
}

static inline bool oracle_value(struct oracle *o, int depth);

static inline bool oracle_array(struct oracle *o, int depth) {
    oracle_space(o);
    if (oracle_take(o, ']')) return true;
    for (;;) {
        if (!oracle_value(o, depth)) return false;
        if (oracle_take(o, ']')) return true;
        if (!oracle_take(o, ',')) return false;
    }
}

static inline bool oracle_key_is_new(const struct oracle_key *keys, size_t count, const struct oracle_key *key) {
    for (size_t i = 0; i < count; i++)
        if (keys[i].count == key->count && memcmp(keys[i].points, key->points, key->count * sizeof *key->points) == 0)
            return false;
    return true;
}

static inline bool oracle_member(struct oracle *o, int depth, struct oracle_key *keys, size_t *count) {
    struct oracle_key *key = &keys[*count];
    oracle_space(o);
    key->points = malloc((o->len + 1) * sizeof *key->points);
    if (key->points == NULL) abort();
    (*count)++;
    if (!oracle_string(o, key->points, &key->count)) return false;
    if (!oracle_key_is_new(keys, *count - 1, key)) return false;
    oracle_space(o);
    return oracle_take(o, ':') && oracle_value(o, depth);
}

static inline bool oracle_object(struct oracle *o, int depth) {
    oracle_space(o);
    if (oracle_take(o, '}')) return true;
    struct oracle_key *keys = malloc((o->len + 1) * sizeof *keys);
    if (keys == NULL) abort();
    size_t count = 0;
    bool good = false;
    while (oracle_member(o, depth, keys, &count)) {
        good = oracle_take(o, '}');
        if (good || !oracle_take(o, ',')) break;
    }
    for (size_t i = 0; i < count; i++) free(keys[i].points);
    free(keys);
    return good;
}

/* A value with the white space around it. `depth` containers are open. */
static inline bool oracle_value(struct oracle *o, int depth) {
    oracle_space(o);
    const int c = oracle_peek(o);
    bool good = false;
    if (c == '{' || c == '[') {
        o->at++;
        good = depth < ORACLE_DEPTH && (c == '{' ? oracle_object(o, depth + 1) : oracle_array(o, depth + 1));
    } else if (c == '"') {
        size_t count = 0;
        int32_t *points = malloc((o->len + 1) * sizeof *points);
        if (points == NULL) abort();
        good = oracle_string(o, points, &count);
        free(points);
    } else {
        good = c == 't'   ? oracle_word(o, "true")
               : c == 'f' ? oracle_word(o, "false")
               : c == 'n' ? oracle_word(o, "null")
                          : oracle_number(o);
    }
    oracle_space(o);
    return good;
}

/* Whether json_walk must accept the text under its default limits. */
static inline bool oracle_accepts(struct slice text, bool lenient) {
    struct oracle o = {.data = (const unsigned char *)text.data, .len = text.len, .lenient = lenient};
    return oracle_value(&o, 0) && o.at == o.len;
}

#endif
