/* However a stream is cut, its events are the same, and their raws are the stream.
 * The first bytes choose the cuts: each is the length of the next piece. */
#include <stdint.h>

#include "base/require.h"
#include "gateway/body/sse.h"

#define CUTS 8u
#define LIMIT_BYTES (1u << 16)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
    struct buffer raw;
    struct buffer events;
};

static void note(struct reading *reading, const struct sse_event *event) {
    require(event->raw.len > 0);
    buffer_append(&reading->raw, event->raw);
    if (event->data_begin != UINT32_MAX) require(event->raw.data + event->data_begin == event->data.data);
    /* a late LF alone belongs to the event before */
    if (slice_equal(event->raw, SLICE("\n")) && event->complete && event->eol_len == 0) return;
    buffer_append_char(&reading->events, event->complete ? '!' : '?');
    buffer_append_u64(&reading->events, event->name.len);
    buffer_append_char(&reading->events, ':');
    buffer_append(&reading->events, event->name);
    buffer_append_u64(&reading->events, event->data.len);
    buffer_append_char(&reading->events, ':');
    buffer_append(&reading->events, event->data);
    buffer_append_u64(&reading->events, event->data_line_count);
}

static struct reading read_cut(struct slice stream, const uint8_t *cuts, bool late) {
    struct reading reading;
    struct sse_reader reader;
    struct sse_event event;
    buffer_init(&reading.raw, 0);
    buffer_init(&reading.events, 0);
    sse_reader_init(&reader, LIMIT_BYTES);
    size_t at = 0;
    for (size_t i = 0; at < stream.len; i++) {
        size_t len = cuts ? 1 + (size_t)(cuts[i % CUTS] & 31) : stream.len;
        if (len > stream.len - at) len = stream.len - at;
        require(sse_reader_feed(&reader, slice_range(stream, at, at + len)) == OUTCOME_OK);
        at += len;
        while (!late && sse_reader_next(&reader, &event)) note(&reading, &event);
    }
    while (sse_reader_finish(&reader, &event)) note(&reading, &event);
    sse_reader_deinit(&reader);
    require(slice_equal(buffer_slice(&reading.raw), stream));
    return reading;
}

static void reading_deinit(struct reading *reading) {
    buffer_deinit(&reading->raw);
    buffer_deinit(&reading->events);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < CUTS || size > LIMIT_BYTES) return 0;
    const struct slice stream = slice_of((const char *)data + CUTS, size - CUTS);
    struct reading whole = read_cut(stream, NULL, false);
    struct reading cut = read_cut(stream, data, false);
    struct reading late = read_cut(stream, data, true);
    require(slice_equal(buffer_slice(&whole.events), buffer_slice(&cut.events)));
    require(slice_equal(buffer_slice(&whole.events), buffer_slice(&late.events)));
    reading_deinit(&whole);
    reading_deinit(&cut);
    reading_deinit(&late);
    return 0;
}
