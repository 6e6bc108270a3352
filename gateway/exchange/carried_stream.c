#include "gateway/exchange/carried_stream.h"

#include <stdlib.h>

#include "gateway/body/ndjson.h"
#include "gateway/body/sse.h"

#define LARGEST_EVENT_BYTES (32u << 20) /* restored values may be longer than their tokens */

struct carried_stream {
    bool lines;
    struct sse_reader events; /* which of the two: `lines` */
    struct ndjson_reader rows;
    struct translate_stream *translation;
    enum outcome outcome;
};

enum outcome carried_stream_create(const struct api_bridge *bridge, bool separate_usage,
                                   struct carried_stream **stream_out) {
    struct carried_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) return OUTCOME_NO_MEMORY;
    stream->lines = bridge->api->lines;
    sse_reader_init(&stream->events, LARGEST_EVENT_BYTES);
    ndjson_reader_init(&stream->rows, LARGEST_EVENT_BYTES);
    const enum outcome outcome = translate_stream_create(bridge->upstream, bridge->agent, &stream->translation);
    if (outcome == OUTCOME_OK)
        translate_stream_separate_usage(stream->translation, separate_usage);
    else
        carried_stream_destroy(&stream);
    *stream_out = stream;
    return outcome;
}

void carried_stream_destroy(struct carried_stream **stream) {
    if (*stream == NULL) return;
    sse_reader_deinit(&(*stream)->events);
    ndjson_reader_deinit(&(*stream)->rows);
    translate_stream_destroy(&(*stream)->translation);
    free(*stream);
    *stream = NULL;
}

static bool next_event(struct carried_stream *stream, struct sse_event *event) {
    return stream->lines ? ndjson_reader_next(&stream->rows, event) : sse_reader_next(&stream->events, event);
}

static bool last_event(struct carried_stream *stream, struct sse_event *event) {
    return stream->lines ? ndjson_reader_finish(&stream->rows, event) : sse_reader_finish(&stream->events, event);
}

static void take_event(struct carried_stream *stream, const struct sse_event *event, struct buffer *out) {
    if (event->data_line_count == 0) return;
    stream->outcome = translate_stream_event(stream->translation, event->name, event->data, out);
}

enum outcome carried_stream_feed(struct carried_stream *stream, struct slice bytes, struct buffer *out) {
    if (stream->outcome != OUTCOME_OK) return stream->outcome;
    const enum outcome fed =
        stream->lines ? ndjson_reader_feed(&stream->rows, bytes) : sse_reader_feed(&stream->events, bytes);
    struct sse_event event;
    while (stream->outcome == OUTCOME_OK && next_event(stream, &event)) take_event(stream, &event, out);
    if (stream->outcome == OUTCOME_OK) stream->outcome = fed;
    return stream->outcome;
}

void carried_stream_end(struct carried_stream *stream, bool complete, struct buffer *out) {
    struct sse_event event;
    while (stream->outcome == OUTCOME_OK && last_event(stream, &event)) take_event(stream, &event, out);
    translate_stream_end(stream->translation, complete && stream->outcome == OUTCOME_OK, out);
}
