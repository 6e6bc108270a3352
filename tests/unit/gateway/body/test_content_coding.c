#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include <zlib.h>
#include <zstd.h>

#include "gateway/body/content_coding.h"
#include "unit/failing_alloc.h"

#define LIMIT ((size_t)64 << 20)
#define RATIO 20u
#define ANY_RATIO 1000000u
#define MIB ((size_t)1 << 20)
#define MOST_STORED 65536u /* bytes in one stored brotli block, as written here */

#define TEXT "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hello, hello, hello\"}]}"

struct coded {
    enum content_coding coding;
    bool checksum; /* the stream has one */
    struct slice body;
};

#define CODED(coding, checksum, literal)     \
    {                                        \
        CONTENT_CODING_##coding, checksum, { \
            literal, sizeof(literal) - 1     \
        }                                    \
    }

#define BARE_DEFLATE                                                   \
    "\xab\x56\xca\xcd\x4f\x49\xcd\x51\xb2\x52\xca\x55\xd2\x51\xca\x4d" \
    "\x2d\x2e\x4e\x4c\x4f\x2d\x56\xb2\x8a\xae\x56\x2a\xca\xcf\x49\x05" \
    "\x8a\x97\x16\xa7\x16\x01\xa5\x92\xf3\xf3\x4a\x52\xf3\x4a\x80\x02" \
    "\x19\xa9\x39\x39\xf9\x3a\x0a\xc8\x94\x52\x6d\x6c\x2d\x00"

#define ZSTD_BLOCK                                                                         \
    "\x35\x02\x00\xe4\x03\x7b\x22\x6d\x6f\x64\x65\x6c\x22\x3a\x22\x6d\x22\x2c\x22\x6d\x65" \
    "\x73\x73\x61\x67\x65\x73\x22\x3a\x5b\x7b\x22\x72\x6f\x6c\x65\x22\x3a\x22\x75\x73\x65" \
    "\x72\x22\x2c\x22\x63\x6f\x6e\x74\x65\x6e\x74\x22\x3a\x22\x68\x65\x6c\x6c\x6f\x2c\x20" \
    "\x22\x7d\x5d\x7d\x01\x00\x2a\xae\x40\x01"
#define ZSTD_MAGIC "\x28\xb5\x2f\xfd"
#define ZSTD_TEXT ZSTD_MAGIC "\x24\x4a" ZSTD_BLOCK "\x5f\x98\xf1\x0b"

/* TEXT, as the reference encoders write it: Python's gzip and zlib, gzip(1), brotli 1.0.9, zstd(1) 1.5.4. */
static const struct coded texts[] = {
    CODED(GZIP, true, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03" BARE_DEFLATE "\xdd\x70\x0e\xbc\x4a\x00\x00\x00"),
    CODED(GZIP, true,
          "\x1f\x8b\x08\x08\x97\xce\x00\x6b\x00\x03"
          "t.txt\0" BARE_DEFLATE "\xdd\x70\x0e\xbc\x4a\x00\x00\x00"),
    CODED(DEFLATE, true, "\x78\x9c" BARE_DEFLATE "\x91\x02\x18\xdb"),
    CODED(BR, false,
          "\x1b\x49\x00\x70\x9c\x07\x76\x0c\x99\x06\x5a\x58\xc0\xe9\xde\x6a\x91\x3d\xb6\xad\xd5"
          "\x26\xd7\x3a\x2c\x5d\x7d\x53\xa4\xec\x0d\x1c\x72\x22\x70\x6c\x49\x02\x79\xac\xc1\x06"
          "\x1c\x47\xda\xb8\x8c\x3c\x49\x0d\x32\xbc\x2c\x7f\xa8\x2c\x22\x3c\xd8\x21\xbe\x03"),
    CODED(BR, false,
          "\x1f\x49\x00\x00\x04\xc1\x6d\xa9\xca\xf2\x43\x7a\xaa\x62\xd3\xe6\x91\x7e\x84\x0d"
          "\x38\x11\x08\xb7\x71\xb3\x6d\xa5\x61\x22\xc7\x01\x07\xe1\xf7\xd3\xea\xed\x73\xa5"
          "\x12\x04\x23\x67\x13\x95\x34\x50\x18\xe1\xfa\x8d\x94\x41\xc5\xc0\xfe\xfa"),
    CODED(ZSTD, true, ZSTD_TEXT),
    CODED(ZSTD, false, ZSTD_MAGIC "\x00\x58" ZSTD_BLOCK),
};

#define TEXT_COUNT (sizeof texts / sizeof texts[0])

static const enum content_coding codings[] = {CONTENT_CODING_GZIP, CONTENT_CODING_DEFLATE, CONTENT_CODING_BR,
                                              CONTENT_CODING_ZSTD};

static void seed_print(void) {
    const char *given = getenv("SLUICE_SEED");
    const unsigned long seed = given ? strtoul(given, NULL, 10) : (unsigned long)time(NULL);
    printf("SLUICE_SEED=%lu\n", seed);
    srandom((unsigned)seed);
}

/* Nothing of a refused body may stay behind, wherever the decoder wrote it. */
static void assert_empty(const struct buffer *out) {
    assert_int_equal(out->len, 0);
    assert_false(out->failed);
    for (size_t i = 0; i < out->capacity_bytes; i++)
        if (out->data[i]) fail_msg("byte %zu was not wiped", i);
}

static enum outcome decode(enum content_coding coding, struct slice body, size_t limit, unsigned ratio) {
    struct buffer out;
    buffer_init(&out, 0);
    const enum outcome outcome = content_decode(coding, body, limit, ratio, &out);
    if (outcome != OUTCOME_OK) assert_empty(&out);
    buffer_deinit(&out);
    return outcome;
}

static void assert_decodes(enum content_coding coding, struct slice body, struct slice expected) {
    struct buffer out;
    buffer_init(&out, 0);
    assert_int_equal(content_decode(coding, body, LIMIT, ANY_RATIO, &out), OUTCOME_OK);
    assert_true(slice_equal(buffer_slice(&out), expected));
    buffer_deinit(&out);
}

static void zlib_encode(struct slice text, int window_bits, struct buffer *out) {
    z_stream zlib = {0};
    assert_int_equal(deflateInit2(&zlib, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    const uLong bound = deflateBound(&zlib, text.len);
    assert_true(buffer_reserve(out, bound));
    zlib.next_in = (z_const Bytef *)(text.len ? text.data : "");
    zlib.avail_in = (uInt)text.len;
    zlib.next_out = (Bytef *)out->data;
    zlib.avail_out = (uInt)bound;
    assert_int_equal(deflate(&zlib, Z_FINISH), Z_STREAM_END);
    out->len = zlib.total_out;
    deflateEnd(&zlib);
}

static void zstd_encode(struct slice text, struct buffer *out) {
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1)));
    assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(zstd, ZSTD_c_contentSizeFlag, random() % 2 ? 1 : 0)));
    assert_true(buffer_reserve(out, ZSTD_compressBound(text.len)));
    out->len = ZSTD_compress2(zstd, out->data, out->capacity_bytes, text.data, text.len);
    assert_false(ZSTD_isError(out->len));
    ZSTD_freeCCtx(zstd);
}

static void append_bits(struct buffer *out, uint32_t bits, unsigned bytes) {
    for (; bytes; bytes--, bits >>= 8) buffer_append_char(out, (char)(bits & 0xff));
}

/* Stored blocks, RFC 7932 section 9.2; the stream header is the one bit in front of the first: a window of 64 KiB. */
static void brotli_encode(struct slice text, struct buffer *out) {
    unsigned header_bits = 1;
    for (size_t at = 0; at < text.len;) {
        const size_t len = text.len - at < MOST_STORED ? text.len - at : MOST_STORED;
        const uint32_t block = (uint32_t)(len - 1) << 3 | 1u << 19; /* ISLAST 0, MNIBBLES 0, MLEN - 1, ISUNCOMPRESSED */
        append_bits(out, block << header_bits, 3);
        buffer_append(out, slice_range(text, at, at + len));
        at += len;
        header_bits = 0;
    }
    append_bits(out, 3u << header_bits, 1); /* ISLAST, ISLASTEMPTY */
}

static void encode(enum content_coding coding, struct slice text, struct buffer *out) {
    buffer_clear(out);
    switch (coding) {
    case CONTENT_CODING_GZIP: zlib_encode(text, 16 + MAX_WBITS, out); break;
    case CONTENT_CODING_DEFLATE: zlib_encode(text, MAX_WBITS, out); break;
    case CONTENT_CODING_BR: brotli_encode(text, out); break;
    case CONTENT_CODING_ZSTD: zstd_encode(text, out); break;
    default: fail();
    }
    assert_false(out->failed);
}

/* Words of JSON; the fewer kinds of them, the better they shrink. */
static void random_text(struct buffer *text, size_t len, long kinds) {
    buffer_clear(text);
    while (text->len < len) buffer_append_format(text, "\"k%ld\":%ld,", random() % kinds, random() % kinds);
    text->len = len;
}

static void test_parse(void **state) {
    (void)state;
    static const struct {
        const char *header;
        enum content_coding coding;
    } headers[] = {
        {"gzip", CONTENT_CODING_GZIP},
        {"GZip", CONTENT_CODING_GZIP},
        {"x-gzip", CONTENT_CODING_GZIP},
        {"X-GZIP", CONTENT_CODING_GZIP},
        {"deflate", CONTENT_CODING_DEFLATE},
        {"br", CONTENT_CODING_BR},
        {"BR", CONTENT_CODING_BR},
        {"zstd", CONTENT_CODING_ZSTD},
        {" \tzstd\t ", CONTENT_CODING_ZSTD},
        {"identity", CONTENT_CODING_IDENTITY},
        {"Identity ", CONTENT_CODING_IDENTITY},
    };
    static const char *const refused[] = {
        "",         " ",           ",",         "gzip,",    ",gzip",      "gzip, gzip", "gzip,br", "identity, gzip",
        "gzip;q=1", "\"gzip\"",    "gzip gzip", "compress", "x-compress", "x-deflate",  "brotli",  "zst",
        "dcb",      "aws-chunked", "chunked",   "gzip\n",   "gzi",        "gzipp",      "*",       "gzip\r",
    };
    enum content_coding coding;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        assert_int_equal(content_coding_parse(slice_str(headers[i].header), &coding), OUTCOME_OK);
        assert_int_equal(coding, headers[i].coding);
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        coding = CONTENT_CODING_GZIP;
        assert_int_equal(content_coding_parse(slice_str(refused[i]), &coding), OUTCOME_UNSUPPORTED);
        assert_int_equal(coding, CONTENT_CODING_UNKNOWN);
    }
    assert_int_equal(content_coding_parse(slice_of(NULL, 0), &coding), OUTCOME_UNSUPPORTED);
    assert_int_equal(content_coding_parse(SLICE("gzip\0"), &coding), OUTCOME_UNSUPPORTED);
}

static void test_known_texts(void **state) {
    (void)state;
    for (size_t i = 0; i < TEXT_COUNT; i++) assert_decodes(texts[i].coding, texts[i].body, SLICE(TEXT));
}

static void test_empty_texts(void **state) {
    (void)state;
    struct buffer body;
    buffer_init(&body, 0);
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++) {
        encode(codings[i], slice_of(NULL, 0), &body);
        assert_decodes(codings[i], buffer_slice(&body), slice_of(NULL, 0));
        assert_int_equal(decode(codings[i], buffer_slice(&body), 0, 0), OUTCOME_OK);
        assert_int_equal(decode(codings[i], slice_of(NULL, 0), LIMIT, RATIO), OUTCOME_INVALID);
    }
    buffer_deinit(&body);
    assert_decodes(CONTENT_CODING_BR, SLICE("\x3b"), slice_of(NULL, 0));
}

static void test_identity(void **state) {
    (void)state;
    struct buffer out;
    buffer_init(&out, 0);
    buffer_append_str(&out, "what was there");
    assert_int_equal(content_decode(CONTENT_CODING_IDENTITY, SLICE(TEXT), sizeof TEXT - 1, 1, &out), OUTCOME_OK);
    assert_true(slice_equal(buffer_slice(&out), SLICE(TEXT)));
    assert_int_equal(content_decode(CONTENT_CODING_IDENTITY, SLICE(TEXT), sizeof TEXT - 2, 1, &out), OUTCOME_OVERFLOW);
    assert_empty(&out);
    assert_int_equal(content_decode(CONTENT_CODING_UNKNOWN, SLICE(TEXT), LIMIT, RATIO, &out), OUTCOME_UNSUPPORTED);
    assert_empty(&out);
    buffer_deinit(&out);
}

static void test_round_trips(void **state) {
    (void)state;
    seed_print();
    static const size_t lens[] = {1, 255, 256, 257, 65535, 65536, 65537, 300000, 3000000};
    struct buffer text;
    struct buffer body;
    buffer_init(&text, 0);
    buffer_init(&body, 0);
    for (size_t n = 0; n < sizeof lens / sizeof lens[0]; n++)
        for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++) {
            random_text(&text, lens[n], n % 2 ? 3 : 100000);
            encode(codings[i], buffer_slice(&text), &body);
            assert_decodes(codings[i], buffer_slice(&body), buffer_slice(&text));
        }
    buffer_deinit(&text);
    buffer_deinit(&body);
}

/* Both in an allocation of its own length, so that reading behind it is seen. */
static void assert_refused(enum content_coding coding, struct slice body, const char *tail, size_t tail_len) {
    const size_t len = body.len + tail_len;
    char *exact = malloc(len ? len : 1);
    assert_non_null(exact);
    memcpy(exact, body.data, body.len);
    memcpy(exact + body.len, tail, tail_len);
    assert_int_equal(decode(coding, slice_of(exact, len), LIMIT, ANY_RATIO), OUTCOME_INVALID);
    free(exact);
}

static void test_every_truncation(void **state) {
    (void)state;
    for (size_t i = 0; i < TEXT_COUNT; i++)
        for (size_t len = 0; len < texts[i].body.len; len++)
            assert_refused(texts[i].coding, slice_range(texts[i].body, 0, len), "", 0);
}

static void test_nothing_may_follow(void **state) {
    (void)state;
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        const struct slice body = texts[i].body;
        assert_refused(texts[i].coding, body, "\0", 1);
        assert_refused(texts[i].coding, body, "\n", 1);
        assert_refused(texts[i].coding, body, body.data, body.len); /* a second member, or frame */
        assert_refused(texts[i].coding, body, "\x50\x2a\x4d\x18\x00\x00\x00\x00", 8);
    }
}

/* One flipped bit: refused, or without effect (a gzip time stamp), wherever the coding has a checksum. */
static void test_every_bit_flip(void **state) {
    (void)state;
    struct buffer out;
    char body[128];
    buffer_init(&out, 0);
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        const size_t len = texts[i].body.len;
        for (size_t bit = 0; bit < 8 * len; bit++) {
            memcpy(body, texts[i].body.data, len);
            body[bit / 8] = (char)(body[bit / 8] ^ 1 << bit % 8);
            const enum outcome outcome = content_decode(texts[i].coding, slice_of(body, len), 4096, RATIO, &out);
            if (outcome != OUTCOME_OK) assert_empty(&out);
            if (outcome == OUTCOME_OK && texts[i].checksum) assert_true(slice_equal(buffer_slice(&out), SLICE(TEXT)));
            assert_true(outcome == OUTCOME_OK || outcome == OUTCOME_INVALID || outcome == OUTCOME_OVERFLOW);
        }
    }
    buffer_deinit(&out);
}

/* Each body is refused under every name but its own. */
static void test_wrong_names(void **state) {
    (void)state;
    for (size_t i = 0; i < TEXT_COUNT; i++)
        for (size_t n = 0; n < sizeof codings / sizeof codings[0]; n++)
            if (codings[n] != texts[i].coding) assert_refused(codings[n], texts[i].body, "", 0);
    assert_refused(CONTENT_CODING_DEFLATE, SLICE(BARE_DEFLATE), "", 0);
    assert_refused(CONTENT_CODING_GZIP, SLICE(BARE_DEFLATE), "", 0);
    for (size_t n = 0; n < sizeof codings / sizeof codings[0]; n++) assert_refused(codings[n], SLICE(TEXT), "", 0);
}

static void test_limits_to_the_byte(void **state) {
    (void)state;
    struct buffer out;
    for (size_t i = 0; i < TEXT_COUNT; i++)
        for (size_t limit = 0; limit <= sizeof TEXT; limit++) {
            const enum outcome expected = limit < sizeof TEXT - 1 ? OUTCOME_OVERFLOW : OUTCOME_OK;
            assert_int_equal(decode(texts[i].coding, texts[i].body, limit, RATIO), expected);
            if (limit == 0) continue;
            buffer_init(&out, limit); /* the limit of the output itself */
            assert_int_equal(content_decode(texts[i].coding, texts[i].body, LIMIT, RATIO, &out), expected);
            buffer_deinit(&out);
        }
}

static void test_ratio(void **state) {
    (void)state;
    seed_print();
    struct buffer text;
    struct buffer body;
    buffer_init(&text, 0);
    buffer_init(&body, 0);
    int allowed = 0;
    for (int round = 0; round < 400; round++) {
        const enum content_coding coding = codings[round % 4];
        const size_t len = 60000 + (size_t)random() % 200000;
        random_text(&text, len, 1 + random() % 4);
        encode(coding, buffer_slice(&text), &body);
        const unsigned ratio = coding == CONTENT_CODING_BR ? (unsigned)random() % 2 : 2 + (unsigned)random() % 30;
        const bool fits = len <= CONTENT_RATIO_FREE_BYTES || len <= body.len * ratio;
        assert_int_equal(decode(coding, buffer_slice(&body), LIMIT, ratio), fits ? OUTCOME_OK : OUTCOME_OVERFLOW);
        allowed += fits;
    }
    assert_in_range(allowed, 1, 399);
    buffer_deinit(&text);
    buffer_deinit(&body);
}

/* Up to 16 MiB of one letter in a few bytes; each passes a bound of just its length. */
static void test_brotli_bombs(void **state) {
    (void)state;
    const struct slice at_free = SLICE("\x1b\xff\xff\xf8\x25\xc2\xe2\xb1\x40\x20\xf7\x1e\x00");
    const struct slice over_free = SLICE("\x5b\x00\x00\x81\x5f\x22\x2c\x1e\x0b\x04\x74\xef\x01\x00");
    const struct slice over_mib_4 = SLICE("\x9f\x00\x00\x40\x00\x24\xc2\xe2\xb1\x40\x74\xef\x7f\x00");
    const struct slice mib_16 = SLICE("\x9f\xff\xff\xff\x00\x24\xc2\xe2\xb1\x40\x72\xef\xff\x01");
    assert_int_equal(decode(CONTENT_CODING_BR, at_free, LIMIT, RATIO), OUTCOME_OK);
    assert_int_equal(decode(CONTENT_CODING_BR, over_free, LIMIT, RATIO), OUTCOME_OVERFLOW);
    assert_int_equal(decode(CONTENT_CODING_BR, over_mib_4, 4 * MIB + 1, ANY_RATIO), OUTCOME_OK);
    assert_int_equal(decode(CONTENT_CODING_BR, over_mib_4, 4 * MIB, ANY_RATIO), OUTCOME_OVERFLOW);
    assert_int_equal(decode(CONTENT_CODING_BR, over_mib_4, LIMIT, RATIO), OUTCOME_OVERFLOW);
    assert_int_equal(decode(CONTENT_CODING_BR, mib_16, LIMIT, RATIO), OUTCOME_OVERFLOW);
    assert_int_equal(decode(CONTENT_CODING_BR, mib_16, 16 * MIB - 1, ANY_RATIO * 4), OUTCOME_OVERFLOW);
    assert_int_equal(decode(CONTENT_CODING_BR, mib_16, 16 * MIB, ANY_RATIO * 4), OUTCOME_OK);
}

static void test_bombs(void **state) {
    (void)state;
    struct buffer zeros;
    struct buffer body;
    buffer_init(&zeros, 0);
    buffer_init(&body, 0);
    assert_true(buffer_reserve(&zeros, 32 * MIB));
    memset(zeros.data, 0, 32 * MIB);
    zeros.len = 32 * MIB;
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++) {
        if (codings[i] == CONTENT_CODING_BR) continue;
        encode(codings[i], buffer_slice(&zeros), &body);
        struct buffer out;
        buffer_init(&out, 0);
        assert_int_equal(content_decode(codings[i], buffer_slice(&body), LIMIT, RATIO, &out), OUTCOME_OVERFLOW);
        assert_empty(&out);
        assert_true(out.capacity_bytes <= 2 * (RATIO * body.len + CONTENT_RATIO_FREE_BYTES));
        assert_int_equal(content_decode(codings[i], buffer_slice(&body), 32 * MIB, ANY_RATIO, &out), OUTCOME_OK);
        assert_int_equal(out.len, 32 * MIB);
        buffer_deinit(&out);
    }
    buffer_deinit(&zeros);
    buffer_deinit(&body);
}

/* A frame whose header is `header`, of blocks that each repeat one byte 128 KiB times. */
static enum outcome decode_blocks(struct slice header, size_t blocks) {
    struct buffer body;
    buffer_init(&body, 0);
    buffer_append(&body, SLICE(ZSTD_MAGIC));
    buffer_append(&body, header);
    for (size_t i = 0; i < blocks; i++) {
        append_bits(&body, (uint32_t)(128 << 10) << 3 | 1u << 1 | (i + 1 == blocks), 3);
        buffer_append_char(&body, 'a');
    }
    const enum outcome outcome = decode(CONTENT_CODING_ZSTD, buffer_slice(&body), LIMIT, ANY_RATIO);
    buffer_deinit(&body);
    return outcome;
}

static void test_zstd_frames(void **state) {
    (void)state;
    /* windows of 8 MiB and the next larger one, though the content is small */
    assert_int_equal(decode_blocks(SLICE("\x00\x68"), 2), OUTCOME_OK);
    assert_int_equal(decode_blocks(SLICE("\x00\x69"), 2), OUTCOME_INVALID);
    assert_int_equal(decode_blocks(SLICE("\x00\xff"), 2), OUTCOME_INVALID);
    /* the window is the content: 8 MiB, one block more, and as much as eight bytes can say */
    assert_int_equal(decode_blocks(SLICE("\xa0\x00\x00\x80\x00"), 64), OUTCOME_OK);
    assert_int_equal(decode_blocks(SLICE("\xa0\x00\x00\x82\x00"), 65), OUTCOME_INVALID);
    assert_int_equal(decode_blocks(SLICE("\xe0\x00\x00\x80\x00\x00\x00\x00\x00"), 64), OUTCOME_OK);
    assert_int_equal(decode_blocks(SLICE("\xe0\xff\xff\xff\xff\xff\xff\xff\xff"), 64), OUTCOME_INVALID);
    /* content that is not as long as said */
    assert_int_equal(decode_blocks(SLICE("\xa0\x00\x00\x80\x00"), 63), OUTCOME_INVALID);
    assert_int_equal(decode_blocks(SLICE("\xa0\x00\x00\x7e\x00"), 64), OUTCOME_INVALID);
    /* a dictionary, even with the id 0; the reserved bit */
    assert_int_equal(decode_blocks(SLICE("\x01\x68\x07"), 2), OUTCOME_INVALID);
    assert_int_equal(decode_blocks(SLICE("\x01\x68\x00"), 2), OUTCOME_INVALID);
    assert_int_equal(decode_blocks(SLICE("\x08\x68"), 2), OUTCOME_INVALID);
    /* a frame to skip in front, or alone; a legacy frame */
    assert_refused(CONTENT_CODING_ZSTD, SLICE("\x50\x2a\x4d\x18\x04\x00\x00\x00skip"), ZSTD_TEXT, sizeof ZSTD_TEXT - 1);
    assert_refused(CONTENT_CODING_ZSTD, SLICE("\x50\x2a\x4d\x18\x04\x00\x00\x00skip"), "", 0);
    assert_refused(CONTENT_CODING_ZSTD, SLICE("\x27\xb5\x2f\xfd\x24\x4a" ZSTD_BLOCK), "", 0);
}

static void test_brotli_large_window(void **state) {
    (void)state;
    const struct slice body =
        SLICE("\x11\x5e\x24\x01\xc0\x71\x1e\xd8\x31\x64\x1a\x68\x61\x01\xa7\x7b\xab\x45\xf6\xd8\xb6"
              "\x56\x9b\x5c\xeb\xb0\x74\xf5\x4d\x91\xb2\x37\x70\xc8\x89\xc0\xb1\x25\x09\xe4\xb1\x06"
              "\x1b\x70\x1c\x69\xe3\x32\xf2\x24\x35\xc8\xf0\xb2\xfc\xa1\xb2\x88\xf0\x60\x87\xf8\x0e");
    assert_refused(CONTENT_CODING_BR, body, "", 0);
}

static void test_zlib_dictionary(void **state) {
    (void)state;
    assert_refused(CONTENT_CODING_DEFLATE, SLICE("\x78\xbb\x00\x00\x00\x01" BARE_DEFLATE "\x91\x02\x18\xdb"), "", 0);
}

static void test_garbage(void **state) {
    (void)state;
    seed_print();
    char body[200];
    for (int round = 0; round < 20000; round++) {
        const struct coded *model = &texts[(size_t)random() % TEXT_COUNT];
        size_t len = (size_t)random() % sizeof body;
        for (size_t i = 0; i < len; i++) body[i] = (char)random();
        const size_t kept = (size_t)random() % 40; /* of a good stream, in front */
        memcpy(body, model->body.data, kept);
        if (len < kept) len = kept;
        const enum outcome outcome = decode(model->coding, slice_of(body, len), 100000, RATIO);
        assert_true(outcome == OUTCOME_OK || outcome == OUTCOME_INVALID || outcome == OUTCOME_OVERFLOW);
    }
}

static void test_failing_allocations(void **state) {
    (void)state;
    struct buffer text;
    struct buffer body;
    buffer_init(&text, 0);
    buffer_init(&body, 0);
    random_text(&text, 200000, 3);
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++) {
        encode(codings[i], buffer_slice(&text), &body);
        for (unsigned nth = 1;; nth++) {
            struct buffer out;
            buffer_init(&out, 0);
            failing_alloc_arm(nth);
            const enum outcome outcome = content_decode(codings[i], buffer_slice(&body), LIMIT, ANY_RATIO, &out);
            const bool failed = failing_alloc_disarm();
            assert_int_equal(outcome, failed ? OUTCOME_NO_MEMORY : OUTCOME_OK);
            if (failed) {
                assert_empty(&out);
                assert_int_equal(content_decode(codings[i], buffer_slice(&body), LIMIT, ANY_RATIO, &out), OUTCOME_OK);
            }
            assert_true(slice_equal(buffer_slice(&out), buffer_slice(&text)));
            buffer_deinit(&out);
            if (!failed) {
                assert_true(nth > 2);
                break;
            }
        }
    }
    buffer_deinit(&text);
    buffer_deinit(&body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_known_texts),
        cmocka_unit_test(test_empty_texts),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_nothing_may_follow),
        cmocka_unit_test(test_every_bit_flip),
        cmocka_unit_test(test_wrong_names),
        cmocka_unit_test(test_limits_to_the_byte),
        cmocka_unit_test(test_ratio),
        cmocka_unit_test(test_brotli_bombs),
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_zstd_frames),
        cmocka_unit_test(test_brotli_large_window),
        cmocka_unit_test(test_zlib_dictionary),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
