/* Whatever is decoded stays within its bounds, a failure leaves nothing behind, and the bounds change nothing but
 * whether a body passes. The first byte chooses the coding, the second the ratio. */
#include <stdint.h>

#include "base/require.h"
#include "gateway/body/content_coding.h"

#define LIMIT_BYTES (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_wiped(const struct buffer *out) {
    require(out->len == 0 && !out->failed);
    for (size_t i = 0; i < out->capacity_bytes; i++) require(out->data[i] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    const enum content_coding coding = CONTENT_CODING_GZIP + data[0] % 4u;
    const unsigned ratio = data[1];
    const struct slice body = slice_of((const char *)data + 2, size - 2);
    struct buffer out;
    struct buffer tight;
    buffer_init(&out, 0);
    const enum outcome outcome = content_decode(coding, body, LIMIT_BYTES, ratio, &out);
    if (outcome != OUTCOME_OK) {
        require(outcome == OUTCOME_INVALID || outcome == OUTCOME_OVERFLOW);
        require_wiped(&out);
    } else {
        require(out.len <= LIMIT_BYTES);
        require(out.len <= CONTENT_RATIO_FREE_BYTES || out.len <= body.len * ratio);
        /* the same with no byte to spare, and not with one less */
        buffer_init(&tight, 0);
        require(content_decode(coding, body, out.len, ratio, &tight) == OUTCOME_OK);
        require(slice_equal(buffer_slice(&out), buffer_slice(&tight)));
        if (out.len) {
            require(content_decode(coding, body, out.len - 1, ratio, &tight) == OUTCOME_OVERFLOW);
            require_wiped(&tight);
        }
        buffer_deinit(&tight);
    }
    buffer_deinit(&out);
    return 0;
}
