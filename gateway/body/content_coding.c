/* One loop drives three libraries. Each is wrapped as a decoder of three functions: open, step, close; a
 * step takes what it can of the input, fills what it can of the room, and moves both.
 *
 *     open -> step until it is done, or broken, or nothing moves -> close
 *
 * The room is what is free in the output, up to the bound. When the bound is reached and the stream goes on, the
 * room is one spare byte: a decoder that writes it has broken the bound, one that only wanted to read its
 * trailer has not. A stream that neither moves nor ends was cut. */
#include "gateway/body/content_coding.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>

#include <brotli/decode.h>
#include <zlib.h>

/* For ZSTD_createDStream_advanced, the only way to give zstd our allocator; every libzstd since 1.0 has it. */
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include "base/wipe.h"

#define ZSTD_WINDOW_LOG_MOST 23                   /* RFC 9659 section 3: 8 MiB */
#define BROTLI_TABLES_BYTES ((size_t)2 << 20)     /* no code table of RFC 7932 takes more */
#define BROTLI_RING_SLACK_BYTES ((size_t)4 << 10) /* that it allocates behind its ring */
#define FIRST_GUESS_RATIO 4u                      /* of JSON; saves the output some growing */

/* What a decoder allocates, bounded, and wiped when it is freed. */
struct work_memory {
    size_t used_bytes;
    size_t largest_bytes; /* that one allocation may ask for */
    enum outcome outcome; /* why an allocation was refused, if one was */
};

union work_head {
    size_t bytes; /* with the head */
    max_align_t align;
};

static void *work_alloc(void *opaque, size_t bytes) {
    struct work_memory *memory = opaque;
    const size_t left = CONTENT_WORK_LIMIT_BYTES - memory->used_bytes;
    if (bytes > memory->largest_bytes || sizeof(union work_head) + bytes > left) {
        memory->outcome = OUTCOME_OVERFLOW;
        return NULL;
    }
    union work_head *head = malloc(sizeof *head + bytes);
    if (head == NULL) {
        memory->outcome = OUTCOME_NO_MEMORY;
        return NULL;
    }
    head->bytes = sizeof *head + bytes;
    memory->used_bytes += head->bytes;
    return head + 1;
}

static void work_free(void *opaque, void *address) {
    if (address == NULL) return;
    struct work_memory *memory = opaque;
    union work_head *head = (union work_head *)address - 1;
    memory->used_bytes -= head->bytes;
    wipe(head, head->bytes);
    free(head);
}

struct room {
    char *next;
    size_t len;
};

enum step {
    STEP_BROKEN, /* the stream is malformed, or memory was refused */
    STEP_MORE,   /* more input, or more room, is needed */
    STEP_DONE    /* the stream has ended; what is left of the input is not part of it */
};

struct decoding {
    struct work_memory memory;
    union {
        z_stream zlib;
        BrotliDecoderState *brotli;
        ZSTD_DStream *zstd;
    } state;
};

struct decoder {
    bool (*open)(struct decoding *decoding, struct slice body, size_t bound);
    enum step (*step)(struct decoding *decoding, struct slice *input, struct room *room);
    void (*close)(struct decoding *decoding); /* only after open answered true */
};

static voidpf zlib_alloc(voidpf opaque, uInt items, uInt size) {
    size_t bytes = 0;
    if (__builtin_mul_overflow((size_t)items, (size_t)size, &bytes)) bytes = SIZE_MAX;
    return work_alloc(opaque, bytes);
}

static bool zlib_open(struct decoding *decoding, int window_bits) {
    decoding->state.zlib = (z_stream){.zalloc = zlib_alloc, .zfree = work_free, .opaque = &decoding->memory};
    return inflateInit2(&decoding->state.zlib, window_bits) == Z_OK;
}

static bool gzip_open(struct decoding *decoding, struct slice body, size_t bound) {
    (void)body, (void)bound;
    return zlib_open(decoding, 16 + MAX_WBITS); /* 16: a gzip wrapper, and no other */
}

static bool deflate_open(struct decoding *decoding, struct slice body, size_t bound) {
    (void)body, (void)bound;
    return zlib_open(decoding, MAX_WBITS);
}

static uInt zlib_len(size_t len) {
    return len < UINT_MAX ? (uInt)len : UINT_MAX;
}

static enum step zlib_step(struct decoding *decoding, struct slice *input, struct room *room) {
    z_stream *zlib = &decoding->state.zlib;
    const uInt input_len = zlib_len(input->len);
    const uInt room_len = zlib_len(room->len);
    zlib->next_in = (z_const Bytef *)input->data;
    zlib->avail_in = input_len;
    zlib->next_out = (Bytef *)room->next;
    zlib->avail_out = room_len;
    const int result = inflate(zlib, Z_NO_FLUSH);
    *input = slice_range(*input, input_len - zlib->avail_in, input->len);
    *room = (struct room){(char *)zlib->next_out, room->len - (room_len - zlib->avail_out)};
    if (result == Z_STREAM_END) return STEP_DONE;
    return result == Z_OK || result == Z_BUF_ERROR ? STEP_MORE : STEP_BROKEN;
}

static void zlib_close(struct decoding *decoding) {
    inflateEnd(&decoding->state.zlib);
}

/* brotli decodes ahead, until its ring buffer is full or a block ends. It makes the ring for what was decoded and
 * what the block says is to come, rounded up to a power of two: one of twice the bound belongs to a body that breaks
 * it, and is refused before anything was decoded. */
static size_t brotli_largest(size_t bound) {
    if (bound >= CONTENT_WORK_LIMIT_BYTES / 2) return CONTENT_WORK_LIMIT_BYTES;
    const size_t ring = 2 * bound + BROTLI_RING_SLACK_BYTES;
    return ring > BROTLI_TABLES_BYTES ? ring : BROTLI_TABLES_BYTES;
}

static bool brotli_open(struct decoding *decoding, struct slice body, size_t bound) {
    (void)body;
    decoding->memory.largest_bytes = brotli_largest(bound);
    decoding->state.brotli = BrotliDecoderCreateInstance(work_alloc, work_free, &decoding->memory);
    return decoding->state.brotli != NULL; /* large windows are off unless asked for */
}

static enum step brotli_step(struct decoding *decoding, struct slice *input, struct room *room) {
    const uint8_t *next_in = (const uint8_t *)input->data;
    uint8_t *next_out = (uint8_t *)room->next;
    const BrotliDecoderResult result =
        BrotliDecoderDecompressStream(decoding->state.brotli, &input->len, &next_in, &room->len, &next_out, NULL);
    input->data = (const char *)next_in;
    room->next = (char *)next_out;
    if (result == BROTLI_DECODER_RESULT_SUCCESS) return STEP_DONE;
    return result == BROTLI_DECODER_RESULT_ERROR ? STEP_BROKEN : STEP_MORE;
}

static void brotli_close(struct decoding *decoding) {
    BrotliDecoderDestroyInstance(decoding->state.brotli);
}

/* The size in bytes that `len` little-endian bytes at `at` say. */
static uint64_t little_endian(const char *at, size_t len) {
    uint64_t number = 0;
    while (len) number = number << 8 | (unsigned char)at[--len];
    return number;
}

/* Reads the frame header (RFC 8878 section 3.1.1.1) for what the library lets pass: frames to skip, legacy formats,
 * and, where it can decode straight into the output, a window of any size. */
static bool zstd_frame_allowed(struct slice body) {
    if (body.len < 6 || !slice_starts_with(body, SLICE("\x28\xb5\x2f\xfd"))) return false;
    const unsigned char descriptor = (unsigned char)body.data[4];
    if (descriptor & 0x03) return false; /* Dictionary_ID_Flag */
    uint64_t window = 0;
    if (descriptor & 0x20) { /* Single_Segment_Flag: the window is the content, whose size stands here */
        const size_t len = (size_t)1 << (descriptor >> 6);
        if (body.len < 5 + len) return false;
        window = little_endian(body.data + 5, len); /* two bytes say 256 less; far from the limit */
    } else {
        const unsigned char exponent_mantissa = (unsigned char)body.data[5];
        const uint64_t base = UINT64_C(1) << (10 + (exponent_mantissa >> 3));
        window = base + base / 8 * (exponent_mantissa & 7);
    }
    return window <= UINT64_C(1) << ZSTD_WINDOW_LOG_MOST;
}

static bool zstd_open(struct decoding *decoding, struct slice body, size_t bound) {
    (void)bound;
    if (!zstd_frame_allowed(body)) return false;
    decoding->state.zstd = ZSTD_createDStream_advanced((ZSTD_customMem){work_alloc, work_free, &decoding->memory});
    return decoding->state.zstd != NULL;
}

static enum step zstd_step(struct decoding *decoding, struct slice *input, struct room *room) {
    ZSTD_inBuffer in = {input->data, input->len, 0};
    ZSTD_outBuffer out = {room->next, room->len, 0};
    const size_t result = ZSTD_decompressStream(decoding->state.zstd, &out, &in);
    *input = slice_range(*input, in.pos, in.size);
    *room = (struct room){room->next + out.pos, room->len - out.pos};
    if (ZSTD_isError(result)) return STEP_BROKEN;
    return result == 0 ? STEP_DONE : STEP_MORE;
}

static void zstd_close(struct decoding *decoding) {
    ZSTD_freeDStream(decoding->state.zstd);
}

static const struct decoder decoders[] = {
    [CONTENT_CODING_GZIP] = {gzip_open, zlib_step, zlib_close},
    [CONTENT_CODING_DEFLATE] = {deflate_open, zlib_step, zlib_close},
    [CONTENT_CODING_BR] = {brotli_open, brotli_step, brotli_close},
    [CONTENT_CODING_ZSTD] = {zstd_open, zstd_step, zstd_close},
};

enum outcome content_coding_parse(struct slice header, enum content_coding *out) {
    const struct {
        struct slice token;
        enum content_coding coding;
    } known[] = {
        {SLICE("identity"), CONTENT_CODING_IDENTITY},
        {SLICE("gzip"), CONTENT_CODING_GZIP},
        {SLICE("x-gzip"), CONTENT_CODING_GZIP},
        {SLICE("deflate"), CONTENT_CODING_DEFLATE},
        {SLICE("br"), CONTENT_CODING_BR},
        {SLICE("zstd"), CONTENT_CODING_ZSTD},
    };
    *out = CONTENT_CODING_UNKNOWN;
    const struct slice value = slice_trim(header);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (slice_equal_nocase(value, known[i].token)) *out = known[i].coding;
    return *out == CONTENT_CODING_UNKNOWN ? OUTCOME_UNSUPPORTED : OUTCOME_OK;
}

/* How many bytes may come out. */
static size_t bound_of(size_t body_len, size_t limit_bytes, unsigned max_ratio, const struct buffer *out) {
    size_t bound = 0;
    if (__builtin_mul_overflow(body_len, (size_t)max_ratio, &bound)) bound = SIZE_MAX;
    if (bound < CONTENT_RATIO_FREE_BYTES) bound = CONTENT_RATIO_FREE_BYTES;
    if (bound > limit_bytes) bound = limit_bytes;
    if (out->limit_bytes && bound > out->limit_bytes) bound = out->limit_bytes;
    return bound;
}

/* Room behind what is decoded: all that the output has free, after growing it. The output is below the bound. */
static bool room_grow(struct buffer *out, size_t bound, size_t wish, struct room *room_out) {
    const size_t left = bound - out->len;
    if (!buffer_reserve(out, wish < left ? wish : left)) return false;
    const size_t free_bytes = out->capacity_bytes - out->len;
    *room_out = (struct room){out->data + out->len, free_bytes < left ? free_bytes : left};
    return true;
}

/* Steps until the stream ends. The output grows only when it is full, so that growing, which wipes what the
 * output held, leaves nothing behind. */
static enum outcome decode_all(const struct decoder *decoder, struct decoding *decoding, struct slice input,
                               size_t bound, struct buffer *out) {
    struct room room = {NULL, 0};
    char spare = 0;
    for (size_t wish = 1 + input.len * FIRST_GUESS_RATIO;; wish = 1) {
        const bool full = out->len == bound;
        if (full)
            room = (struct room){&spare, sizeof spare};
        else if (room.len == 0 && !room_grow(out, bound, wish, &room))
            return OUTCOME_NO_MEMORY;
        const size_t input_before = input.len;
        const size_t room_before = room.len;
        const enum step step = decoder->step(decoding, &input, &room);
        const size_t written = room_before - room.len;
        if (full && written) return OUTCOME_OVERFLOW;
        out->len += written;
        if (step == STEP_DONE) return input.len == 0 ? OUTCOME_OK : OUTCOME_INVALID;
        if (step == STEP_BROKEN || (written == 0 && input.len == input_before)) return OUTCOME_INVALID;
    }
}

static enum outcome decode(const struct decoder *decoder, struct slice body, size_t bound, struct buffer *out) {
    if (body.len == 0) return OUTCOME_INVALID; /* no stream is empty */
    struct decoding decoding = {.memory = {.largest_bytes = CONTENT_WORK_LIMIT_BYTES, .outcome = OUTCOME_OK}};
    enum outcome outcome = OUTCOME_INVALID;
    if (decoder->open(&decoding, body, bound)) {
        outcome = decode_all(decoder, &decoding, body, bound, out);
        decoder->close(&decoding);
    }
    /* a decoder that was refused memory calls its input broken */
    if (outcome == OUTCOME_INVALID && decoding.memory.outcome != OUTCOME_OK) outcome = decoding.memory.outcome;
    return outcome;
}

static enum outcome copy(struct slice body, size_t bound, struct buffer *out) {
    if (body.len > bound) return OUTCOME_OVERFLOW;
    buffer_append(out, body);
    return out->failed ? OUTCOME_NO_MEMORY : OUTCOME_OK;
}

static enum outcome decode_as(enum content_coding coding, struct slice body, size_t bound, struct buffer *out) {
    switch (coding) {
    case CONTENT_CODING_IDENTITY: return copy(body, bound, out);
    case CONTENT_CODING_GZIP:
    case CONTENT_CODING_DEFLATE:
    case CONTENT_CODING_BR:
    case CONTENT_CODING_ZSTD: return decode(&decoders[coding], body, bound, out);
    case CONTENT_CODING_UNKNOWN: break;
    }
    return OUTCOME_UNSUPPORTED;
}

enum outcome content_decode(enum content_coding coding, struct slice body, size_t limit_bytes, unsigned max_ratio,
                            struct buffer *out) {
    buffer_clear(out);
    const enum outcome outcome = decode_as(coding, body, bound_of(body.len, limit_bytes, max_ratio, out), out);
    /* a decoder may have written further than it says */
    if (out->data) wipe(out->data + out->len, out->capacity_bytes - out->len);
    if (outcome != OUTCOME_OK) buffer_clear(out);
    return outcome;
}
