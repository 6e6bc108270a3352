/* The public face of a relay: walks each event, hands it to the reader, and keeps the first failure.
 *
 * Within one format events are framed again as they came; only their end is looked for. */
#include "gateway/translate/format.h"

#include <stdlib.h>

#include "gateway/body/json_text.h"

#define SCRATCH_BYTES (128u << 20) /* of one event: its nodes, and what is decoded */

#define DEEPEST_NODES (1u << 20)

enum outcome translate_stream_create(enum translate_format from, enum translate_format to,
                                     struct translate_stream **stream_out) {
    if (from != to && format_of(from)->read_event == NULL) return OUTCOME_UNSUPPORTED;
    struct translate_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) return OUTCOME_NO_MEMORY;
    stream->from = from;
    stream->to = to;
    stream->read = format_of(from)->read_event;
    stream->writer = format_of(to)->relay_writer;
    arena_init(&stream->scratch, SCRATCH_BYTES);
    *stream_out = stream;
    return OUTCOME_OK;
}

void translate_stream_destroy(struct translate_stream **stream) {
    if (stream == NULL || *stream == NULL) return;
    struct translate_stream *gone = *stream;
    for (uint32_t i = 0; i < gone->block_count; i++) {
        buffer_deinit(&gone->blocks[i].id);
        buffer_deinit(&gone->blocks[i].name);
        buffer_deinit(&gone->blocks[i].text);
    }
    free(gone->blocks);
    buffer_deinit(&gone->id);
    buffer_deinit(&gone->model);
    buffer_deinit(&gone->stop_text);
    arena_reset(&gone->scratch);
    free(gone);
    *stream = NULL;
}

void translate_stream_separate_usage(struct translate_stream *stream, bool separate) {
    stream->separate_usage = separate;
}

/* ---- within one format ---- */

static bool is_last(enum translate_format format, const struct relay_event *event) {
    if (format == TRANSLATE_OPENAI_CHAT) return slice_equal(slice_trim(event->data), SLICE("[DONE]"));
    if (event->doc == NULL) return false;
    if (format == TRANSLATE_OLLAMA) return json_is(event->doc, json_member(event->doc, 0, SLICE("done")), JSON_TRUE);
    static const char *const types[] = {"message_stop", "response.completed", "response.incomplete"};
    const struct slice type = reply_text(event->doc, 0, "type");
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (json_text_is(type, slice_str(types[i]))) return true;
    return false;
}

static bool is_error(const struct relay_event *event) {
    if (event->doc == NULL) return false;
    const struct slice type = reply_text(event->doc, 0, "type");
    return reply_has_member(event->doc, 0, "error") || json_text_is(type, SLICE("error")) ||
           json_text_is(type, SLICE("response.failed"));
}

static void frame_write(const struct relay_event *event, struct buffer *out) {
    if (event->name.len) {
        buffer_append(out, SLICE("event: "));
        buffer_append(out, event->name);
        buffer_append_char(out, '\n');
    }
    for (struct slice rest = event->data;;) {
        const char *newline = memchr(rest.data, '\n', rest.len);
        const size_t len = newline ? (size_t)(newline - rest.data) : rest.len;
        buffer_append(out, SLICE("data: "));
        buffer_append(out, slice_range(rest, 0, len));
        buffer_append_char(out, '\n');
        if (newline == NULL) break;
        rest = slice_range(rest, len + 1, rest.len);
    }
    buffer_append_char(out, '\n');
}

static enum outcome event_pass(struct translate_stream *stream, const struct relay_event *event, struct buffer *out) {
    stream->started = true;
    if (is_last(stream->from, event))
        stream->ended = true;
    else if (is_error(event))
        stream->failed = true;
    if (stream->from == TRANSLATE_OLLAMA) {
        buffer_append(out, event->data);
        buffer_append_char(out, '\n');
    } else {
        frame_write(event, out);
    }
    return OUTCOME_OK;
}

/* ---- events ---- */

enum outcome translate_stream_event(struct translate_stream *stream, struct slice event_name, struct slice data,
                                    struct buffer *out) {
    if (stream->outcome != OUTCOME_OK || stream->ended || stream->failed || slice_trim(data).len == 0)
        return stream->outcome;
    arena_reset(&stream->scratch);
    const struct json_limits limits = {.max_nodes = DEEPEST_NODES, .lenient_surrogates = true};
    struct json_doc doc;
    struct relay_event event = {.name = event_name, .data = data};
    const enum outcome walked = json_walk(data, &limits, &stream->scratch, &doc, NULL);
    if (walked == OUTCOME_OK) event.doc = &doc;
    if (walked == OUTCOME_NO_MEMORY || walked == OUTCOME_OVERFLOW)
        stream->outcome = walked;
    else
        stream->outcome =
            stream->from == stream->to ? event_pass(stream, &event, out) : stream->read(stream, &event, out);
    if (stream->outcome == OUTCOME_OK && out->failed) stream->outcome = OUTCOME_NO_MEMORY;
    return stream->outcome;
}

void translate_stream_end(struct translate_stream *stream, bool complete, struct buffer *out) {
    if (stream->ended && stream->outcome == OUTCOME_OK) return;
    const struct slice broken = SLICE("the upstream's stream could not be carried on");
    const struct slice ended = complete ? SLICE("the upstream ended its stream before it was complete")
                                        : SLICE("the upstream's stream was cut off");
    stream->ended = false;
    relay_fail(stream, stream->outcome == OUTCOME_OK ? ended : broken, out);
}

bool translate_stream_ended(const struct translate_stream *stream) {
    return stream->ended;
}
