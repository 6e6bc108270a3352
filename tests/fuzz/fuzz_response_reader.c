/* Any bytes, as an upstream's answer: however they are cut, the verdict, the head, the body and the
 * surplus are those of the bytes in one piece. The first three bytes choose how it is asked and cut. */
#include "tests/unit/gateway/http/transcript.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct asked {
    struct slice input;
    bool to_head, orderly;
};

static void write_transcript(const struct asked *asked, struct cutting cutting, struct buffer *log) {
    const struct http_limits limits = {512, 256, 64}; /* small, so that they are reached */
    buffer_init(log, 0);
    transcript_of_response(asked->input, &limits, asked->to_head, asked->orderly, cutting, log);
}

static void expect_same(const struct asked *asked, struct cutting cutting, const struct buffer *whole) {
    struct buffer cut;
    write_transcript(asked, cutting, &cut);
    require(slice_equal(buffer_slice(whole), buffer_slice(&cut)));
    buffer_deinit(&cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3) return 0;
    const struct asked asked = {slice_of((const char *)data + 3, size - 3), (data[0] & 1) != 0, (data[0] & 2) != 0};
    struct buffer whole;
    write_transcript(&asked, cutting_whole, &whole);
    expect_same(&asked, cutting_each_byte, &whole);
    expect_same(&asked, (struct cutting){1 + data[1], 1 + data[2]}, &whole);
    buffer_deinit(&whole);
    return 0;
}
