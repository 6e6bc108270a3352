/* Any bytes, as one agent's connection: however they are cut, the verdict, the heads and the bodies are
 * those of the bytes in one piece. The first two bytes choose a cut. */
#include "tests/unit/gateway/http/transcript.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_same(struct slice input, const struct http_limits *limits, struct cutting cutting,
                        const struct buffer *whole) {
    struct buffer cut;
    buffer_init(&cut, 0);
    transcript_of_requests(input, limits, cutting, &cut);
    require(slice_equal(buffer_slice(whole), buffer_slice(&cut)));
    buffer_deinit(&cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    const struct slice input = slice_of((const char *)data + 2, size - 2);
    const struct http_limits limits = {512, 256, 64}; /* small, so that they are reached */
    struct buffer whole;
    buffer_init(&whole, 0);
    transcript_of_requests(input, &limits, cutting_whole, &whole);
    expect_same(input, &limits, cutting_each_byte, &whole);
    expect_same(input, &limits, (struct cutting){1 + data[0], 1 + data[1]}, &whole);
    buffer_deinit(&whole);
    return 0;
}
