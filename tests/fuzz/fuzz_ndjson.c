/* However a stream is cut, its lines are the same, and their raws are the stream.
 * The first bytes choose the cuts: each is the length of the next piece. */
#include <stdint.h>

#include "base/require.h"
#include "gateway/body/ndjson.h"

#define CUTS 8u
#define LIMIT_BYTES (1u << 16)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
    struct buffer raw;
    struct buffer lines;
};

static void note(struct reading *reading, const struct sse_event *line) {
    require(line->raw.len > 0);
    require(line->data_begin == 0 && line->data.data == line->raw.data);
    require(line->data.len + line->eol_len == line->raw.len);
    require(line->data.len == 0 || memchr(line->data.data, '\n', line->data.len) == NULL);
    buffer_append(&reading->raw, line->raw);
    buffer_append_char(&reading->lines, line->complete ? '!' : '?');
    buffer_append_u64(&reading->lines, line->data_line_count);
    buffer_append_u64(&reading->lines, line->eol_len);
    buffer_append(&reading->lines, line->data);
    buffer_append_char(&reading->lines, '\n');
}

static struct reading read_cut(struct slice stream, const uint8_t *cuts, bool late) {
    struct reading reading;
    struct ndjson_reader reader;
    struct sse_event line;
    buffer_init(&reading.raw, 0);
    buffer_init(&reading.lines, 0);
    ndjson_reader_init(&reader, LIMIT_BYTES);
    size_t at = 0;
    for (size_t i = 0; at < stream.len; i++) {
        size_t len = cuts ? 1 + (size_t)(cuts[i % CUTS] & 31) : stream.len;
        if (len > stream.len - at) len = stream.len - at;
        require(ndjson_reader_feed(&reader, slice_range(stream, at, at + len)) == OUTCOME_OK);
        at += len;
        while (!late && ndjson_reader_next(&reader, &line)) note(&reading, &line);
    }
    while (ndjson_reader_finish(&reader, &line)) note(&reading, &line);
    ndjson_reader_deinit(&reader);
    require(slice_equal(buffer_slice(&reading.raw), stream));
    return reading;
}

static void reading_deinit(struct reading *reading) {
    buffer_deinit(&reading->raw);
    buffer_deinit(&reading->lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < CUTS || size > LIMIT_BYTES) return 0;
    const struct slice stream = slice_of((const char *)data + CUTS, size - CUTS);
    struct reading whole = read_cut(stream, NULL, false);
    struct reading cut = read_cut(stream, data, false);
    struct reading late = read_cut(stream, data, true);
    require(slice_equal(buffer_slice(&whole.lines), buffer_slice(&cut.lines)));
    require(slice_equal(buffer_slice(&whole.lines), buffer_slice(&late.lines)));
    reading_deinit(&whole);
    reading_deinit(&cut);
    reading_deinit(&late);
    return 0;
}
