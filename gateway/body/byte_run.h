/* How far a run of ordinary bytes reaches: the inner loops of the JSON walker and the SSE reader.
 *
 * Each question has two implementations, 16 bytes at a time with SSE2 and 8 at a time in a machine
 * word; both leave the last few bytes to a byte loop, and none reads at or behind `end`.
 *
 * Threads: pure functions; any thread. */
#ifndef SLUICE_GATEWAY_BODY_BYTE_RUN_H
#define SLUICE_GATEWAY_BODY_BYTE_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ASCII that stands as it is between JSON quotes: no quote, backslash, control byte or byte >= 0x80. */
static inline bool byte_is_plain(char byte) {
    const unsigned char c = (unsigned char)byte;
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static inline bool byte_ends_line(char byte) {
    return byte == '\n' || byte == '\r';
}

#define BYTE_RUN_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

static inline uint64_t byte_run_load(const char *at) {
    uint64_t word = 0;
    memcpy(&word, at, sizeof word);
    return word;
}

/* Nonzero when a byte of the word is less than `bound` (at most 0x80). Exact as a whole; a borrow may
 * mark bytes above the first hit, so the place is left to a byte loop. */
static inline uint64_t byte_run_any_below(uint64_t word, uint64_t bound) {
    return (word - BYTE_RUN_EACH(bound)) & ~word & BYTE_RUN_EACH(0x80);
}

static inline uint64_t byte_run_any_equal(uint64_t word, char byte) {
    return byte_run_any_below(word ^ BYTE_RUN_EACH((uint64_t)(unsigned char)byte), 1);
}

/* The first byte in [at, end) that is not plain, or `end`. */
static inline const char *byte_run_plain_words(const char *at, const char *end) {
    while (end - at >= 8) {
        const uint64_t word = byte_run_load(at);
        if ((word & BYTE_RUN_EACH(0x80)) | byte_run_any_below(word, 0x20) | byte_run_any_equal(word, '"') |
            byte_run_any_equal(word, '\\'))
            break;
        at += 8;
    }
    while (at < end && byte_is_plain(*at)) at++;
    return at;
}

/* The first LF or CR in [at, end), or `end`. */
static inline const char *byte_run_line_words(const char *at, const char *end) {
    while (end - at >= 8) {
        const uint64_t word = byte_run_load(at);
        if (byte_run_any_equal(word, '\n') | byte_run_any_equal(word, '\r')) break;
        at += 8;
    }
    while (at < end && !byte_ends_line(*at)) at++;
    return at;
}

#ifdef __SSE2__

static inline const char *byte_run_plain_sse2(const char *at, const char *end) {
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(' ');
    for (; end - at >= 16; at += 16) {
        const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        /* signed: bytes >= 0x80 are negative, and so below the space as well */
        const __m128i below = _mm_cmplt_epi8(bytes, space);
        const __m128i marks = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
        const int mask = _mm_movemask_epi8(_mm_or_si128(below, marks));
        if (mask) return at + __builtin_ctz((unsigned)mask);
    }
    while (at < end && byte_is_plain(*at)) at++;
    return at;
}

static inline const char *byte_run_line_sse2(const char *at, const char *end) {
    const __m128i lf = _mm_set1_epi8('\n');
    const __m128i cr = _mm_set1_epi8('\r');
    for (; end - at >= 16; at += 16) {
        const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        const int mask = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, lf), _mm_cmpeq_epi8(bytes, cr)));
        if (mask) return at + __builtin_ctz((unsigned)mask);
    }
    while (at < end && !byte_ends_line(*at)) at++;
    return at;
}

#define byte_run_plain byte_run_plain_sse2
#define byte_run_line byte_run_line_sse2
#else
#define byte_run_plain byte_run_plain_words
#define byte_run_line byte_run_line_words
#endif

#endif
