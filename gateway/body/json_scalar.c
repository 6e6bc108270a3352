#include "gateway/body/json_scalar.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "gateway/body/byte_run.h"

static struct json_scalar refused(const char *at, const char *reason) {
    return (struct json_scalar){.at = at, .reason = reason};
}

static bool is_continuation(char byte) {
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The length of the well-formed UTF-8 sequence of two to four bytes at `at`, or 0.
 * Unicode 15, table 3-7: the first byte narrows what the second may be. */
static size_t utf8_sequence_len(const char *at, const char *end) {
    const size_t left = (size_t)(end - at);
    const unsigned char lead = (unsigned char)at[0];
    if (lead < 0xc2 || lead > 0xf4) return 0;
    const size_t len = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (left < len) return 0;
    const unsigned char second = (unsigned char)at[1];
    const unsigned char lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned char highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (second < lowest || second > highest) return 0;
    if (len > 2 && !is_continuation(at[2])) return 0;
    if (len > 3 && !is_continuation(at[3])) return 0;
    return len;
}

/* Behind the run of non-ASCII characters at `at`; NULL when one of them is malformed. */
static const char *utf8_run_end(const char *at, const char *end, const char **wrong_out) {
    while (at < end && (unsigned char)*at >= 0x80) {
        const size_t len = utf8_sequence_len(at, end);
        if (len == 0) {
            *wrong_out = at;
            return NULL;
        }
        at += len;
    }
    return at;
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* The code unit of the escape \uXXXX at `at`, or -1. */
static int32_t unit_at(const char *at, const char *end) {
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u') return -1;
    int32_t unit = 0;
    for (int i = 2; i < 6; i++) {
        const int digit = hex_value(at[i]);
        if (digit < 0) return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

/* The length of the \u escape at `at`, both halves of a pair included; 0 and a reason when refused. */
static size_t unicode_escape_len(const char *at, const char *end, bool lenient, const char **reason_out) {
    const int32_t unit = unit_at(at, end);
    if (unit < 0) *reason_out = "malformed \\u escape";
    if (unit == 0) *reason_out = "escaped NUL";
    if (unit <= 0) return 0;
    if (unit < 0xd800 || unit > 0xdfff) return 6;
    if (unit < 0xdc00) {
        const int32_t low = unit_at(at + 6, end);
        if (low >= 0xdc00 && low <= 0xdfff) return 12;
    }
    if (lenient) return 6;
    *reason_out = "lone surrogate escape";
    return 0;
}

static size_t escape_len(const char *at, const char *end, bool lenient, const char **reason_out) {
    if (end - at < 2) {
        *reason_out = "string without an end";
        return 0;
    }
    switch (at[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't': return 2;
    case 'u': return unicode_escape_len(at, end, lenient, reason_out);
    default: *reason_out = "unknown escape"; return 0;
    }
}

struct json_scalar json_scalar_string(const char *at, const char *end, bool lenient_surrogates) {
    struct json_scalar string = {.escaped = false};
    for (;;) {
        at = byte_run_plain(at, end);
        if (at == end) return refused(at, "string without an end");
        if (*at == '"') break;
        if (*at == '\\') {
            const char *reason = NULL;
            const size_t len = escape_len(at, end, lenient_surrogates, &reason);
            if (len == 0) return refused(at, reason);
            string.escaped = true;
            at += len;
        } else if ((unsigned char)*at >= 0x80) {
            const char *wrong = NULL;
            at = utf8_run_end(at, end, &wrong);
            if (at == NULL) return refused(wrong, "malformed UTF-8");
        } else {
            return refused(at, *at == '\0' ? "NUL byte" : "raw control byte in a string");
        }
    }
    string.at = at;
    return string;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static const char *digits_end(const char *at, const char *end) {
    while (at < end && is_digit(*at)) at++;
    return at;
}

/* `digits` have no leading zero, so their count decides before their value does. */
static bool fits_int64(const char *digits, size_t count, bool negative) {
    static const char most[] = "9223372036854775807";
    static const char least[] = "9223372036854775808";
    const size_t longest = sizeof most - 1;
    if (count != longest) return count < longest;
    return memcmp(digits, negative ? least : most, longest) <= 0;
}

/* Fractions and exponents keep their spelling, so only their grammar is checked; there is no value that
 * two parsers could read as different integers. */
static struct json_scalar number_tail(const char *at, const char *end) {
    if (at < end && *at == '.') {
        const char *fraction = at + 1;
        at = digits_end(fraction, end);
        if (at == fraction) return refused(at, "fraction without digits");
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-')) at++;
        const char *exponent = at;
        at = digits_end(exponent, end);
        if (at == exponent) return refused(at, "exponent without digits");
    }
    return (struct json_scalar){.at = at};
}

struct json_scalar json_scalar_number(const char *at, const char *end) {
    const bool negative = at < end && *at == '-';
    if (negative) at++;
    const char *digits = at;
    at = digits_end(digits, end);
    if (at == digits) return refused(at, "number without digits");
    if (*digits == '0' && at - digits > 1) return refused(digits, "leading zero");
    if (at < end && (*at == '.' || *at == 'e' || *at == 'E')) return number_tail(at, end);
    if (!fits_int64(digits, (size_t)(at - digits), negative)) return refused(digits, "integer outside 64 bits");
    return (struct json_scalar){.at = at};
}
