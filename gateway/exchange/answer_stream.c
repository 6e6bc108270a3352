#include "gateway/exchange/answer_stream.h"

#include <stdlib.h>

#include "gateway/body/json_text.h"
#include "gateway/body/ndjson.h"
#include "gateway/body/sse.h"
#include "gateway/exchange/event_writer.h"
#include "gateway/exchange/splice_list.h"
#include "gateway/exchange/text_windows.h"

#define LARGEST_EVENT_BYTES (16u << 20)
#define SCRATCH_BYTES (128u << 20)
#define DEEPEST 64
#define MOST_NODES (1u << 20)

struct answer_stream {
    const struct api *api;
    const struct field_map *map;
    const struct restore_source *source;
    bool tokens_issued;
    bool ended; /* the format's own end has passed */
    enum outcome outcome;
    struct sse_reader events; /* which of the two: api->lines */
    struct ndjson_reader lines;
    struct arena scratch; /* of one event */
    struct buffer remembered;
    struct text_windows windows;
    struct restore_counts counts;
};

/* An end that no text outlives. */
static const struct event_role everything = {.closes = {WINDOW_ALL}, .closes_count = 1};

enum outcome answer_stream_create(const struct api *api, const struct restore_source *source, bool tokens_issued,
                                  struct answer_stream **stream_out) {
    struct answer_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) return OUTCOME_NO_MEMORY;
    stream->api = api;
    stream->map = api_maps_of(api)->event;
    stream->source = source;
    stream->tokens_issued = tokens_issued;
    stream->windows.api = api;
    sse_reader_init(&stream->events, LARGEST_EVENT_BYTES);
    ndjson_reader_init(&stream->lines, LARGEST_EVENT_BYTES);
    arena_init(&stream->scratch, SCRATCH_BYTES);
    buffer_init(&stream->remembered, LARGEST_EVENT_BYTES);
    *stream_out = stream;
    return OUTCOME_OK;
}

void answer_stream_destroy(struct answer_stream **stream) {
    if (*stream == NULL) return;
    sse_reader_deinit(&(*stream)->events);
    ndjson_reader_deinit(&(*stream)->lines);
    arena_reset(&(*stream)->scratch);
    buffer_deinit(&(*stream)->remembered);
    text_windows_deinit(&(*stream)->windows);
    free(*stream);
    *stream = NULL;
}

static enum outcome reader_feed(struct answer_stream *stream, struct slice bytes) {
    return stream->api->lines ? ndjson_reader_feed(&stream->lines, bytes) : sse_reader_feed(&stream->events, bytes);
}

static bool reader_next(struct answer_stream *stream, struct sse_event *event) {
    return stream->api->lines ? ndjson_reader_next(&stream->lines, event) : sse_reader_next(&stream->events, event);
}

static bool reader_finish(struct answer_stream *stream, struct sse_event *event) {
    return stream->api->lines ? ndjson_reader_finish(&stream->lines, event) : sse_reader_finish(&stream->events, event);
}

static enum outcome restore_piece(struct answer_stream *stream, const struct json_doc *doc, uint32_t node,
                                  enum restore_form form, const struct event_role *role, struct splice_list *splices) {
    struct text_window *text = text_windows_find(&stream->windows, text_windows_key(&stream->windows, doc, node), form);
    if (text == NULL) return OUTCOME_OVERFLOW;
    text->seen = true;
    text->node = node;
    const struct slice raw = json_raw(doc, node);
    char *decoded = arena_alloc(&stream->scratch, raw.len);
    if (decoded == NULL) return OUTCOME_OVERFLOW;
    const struct slice piece = slice_of(decoded, json_text_decode(raw, decoded));
    struct buffer plain, encoded;
    buffer_init(&plain, 0);
    buffer_init(&encoded, 0);
    enum outcome outcome = restore_window_feed(&text->window, stream->source, form, piece, &plain);
    if (outcome == OUTCOME_OK && text_windows_closes(role, text->key.outer))
        restore_window_flush(&text->window, &plain);
    if (outcome == OUTCOME_OK && !slice_equal(buffer_slice(&plain), piece)) {
        json_text_encode(&encoded, buffer_slice(&plain));
        outcome = splice_list_add(splices, &doc->nodes[node], arena_copy(&stream->scratch, buffer_slice(&encoded)));
    }
    if (plain.failed || encoded.failed) outcome = OUTCOME_NO_MEMORY;
    buffer_deinit(&encoded);
    buffer_deinit(&plain);
    return outcome;
}

/* A text that no later event goes on with. */
static enum outcome restore_whole(struct answer_stream *stream, const struct json_doc *doc, uint32_t node,
                                  enum restore_form form, struct splice_list *splices) {
    struct buffer encoded;
    buffer_init(&encoded, 0);
    bool changed = false;
    enum outcome outcome = answer_text_restore(json_raw(doc, node), form, stream->source, &stream->scratch, &encoded,
                                               &changed, &stream->counts);
    if (outcome == OUTCOME_OK && changed)
        outcome = splice_list_add(splices, &doc->nodes[node], arena_copy(&stream->scratch, buffer_slice(&encoded)));
    buffer_deinit(&encoded);
    return outcome;
}

/* What a text field's meaning says of how it is restored. */
static enum restore_form form_of(enum field_meaning meaning) {
    return meaning == FIELD_JSON_TEXT || meaning == FIELD_WHOLE_JSON_TEXT ? RESTORE_JSON : RESTORE_PLAIN;
}

static enum outcome restore_node(struct answer_stream *stream, const struct json_doc *doc, uint32_t node,
                                 const struct event_role *role, struct splice_list *splices) {
    const enum field_meaning meaning = field_map_meaning(stream->map, &doc->nodes[node]);
    switch (meaning) {
    case FIELD_WHOLE_TEXT:
    case FIELD_WHOLE_JSON_TEXT: return restore_whole(stream, doc, node, form_of(meaning), splices);
    case FIELD_TEXT:
    case FIELD_JSON_TEXT: return restore_piece(stream, doc, node, form_of(meaning), role, splices);
    default: return OUTCOME_OK;
    }
}

static enum outcome restore_texts(struct answer_stream *stream, const struct json_doc *doc,
                                  const struct event_role *role, struct splice_list *splices) {
    enum outcome outcome = OUTCOME_OK;
    for (uint32_t i = 0; i < doc->count && outcome == OUTCOME_OK; i++) {
        const struct json_node *node = &doc->nodes[i];
        if (field_map_meaning(stream->map, node) == FIELD_STRIPPED && stream->tokens_issued) {
            outcome = splice_list_add(splices, node, SLICE("null"));
            i = node->next - 1;
        } else if (node->type == JSON_STRING || node->type == JSON_KEY) {
            outcome = restore_node(stream, doc, i, role, splices);
        }
    }
    return outcome;
}

static void flush_closed(struct answer_stream *stream, const struct event_role *role, struct buffer *out) {
    text_windows_flush(&stream->windows, role, stream->map, buffer_slice(&stream->remembered), out);
}

/* Also for what our walker does not accept: an agent's parser may, and a value must not break out of its string. */
static enum restore_form form_of_data(struct slice data) {
    size_t at = 0;
    while (at < data.len && (data.data[at] == ' ' || data.data[at] == '\t' || data.data[at] == '\n')) at++;
    const bool like_json = at < data.len && strchr("{[\"", data.data[at]) != NULL;
    return like_json ? RESTORE_JSON : RESTORE_PLAIN;
}

/* Searches an event's data as it stands: inside JSON a value needs one escape, outside none. */
static enum outcome restore_raw(struct answer_stream *stream, const struct sse_event *event, struct buffer *out) {
    struct restore_window window;
    restore_window_init(&window);
    struct buffer data;
    buffer_init(&data, 0);
    enum outcome outcome = restore_window_feed(&window, stream->source, form_of_data(event->data), event->data, &data);
    if (outcome == OUTCOME_OK) {
        restore_window_flush(&window, &data);
        stream->counts.restored += window.restored;
        stream->counts.left += window.left;
        if (window.restored)
            event_write(event, buffer_slice(&data), out);
        else
            buffer_append(out, event->raw);
    }
    buffer_deinit(&data);
    return outcome;
}

/* Sets the fields of an event by the rules of its kind; false when there are none. */
static bool apply_rules(const struct answer_stream *stream, struct json_doc *doc, const struct event_role *role) {
    if (role->kind.len) return field_map_apply_kind(stream->map, doc, role->kind);
    field_map_apply(stream->map, doc);
    return true;
}

static enum outcome restore_known(struct answer_stream *stream, const struct sse_event *event, struct json_doc *doc,
                                  const struct event_role *role, struct buffer *out) {
    struct splice_list splices = {.arena = &stream->scratch};
    enum outcome outcome = OUTCOME_OK;
    if (doc) {
        if (!apply_rules(stream, doc, role)) return restore_raw(stream, event, out);
        if (stream->api->remember && stream->remembered.len == 0) stream->api->remember(doc, &stream->remembered);
        outcome = stream->remembered.failed ? OUTCOME_NO_MEMORY : restore_texts(stream, doc, role, &splices);
        if (outcome == OUTCOME_OK && stream->api->write_text_event == NULL)
            outcome = text_windows_keep(&stream->windows, event, doc, &stream->scratch);
    }
    if (outcome != OUTCOME_OK) return outcome;
    flush_closed(stream, role, out);
    if (splices.count == 0) {
        buffer_append(out, event->raw);
        return OUTCOME_OK;
    }
    struct slice data;
    outcome = json_splice_apply(event->data, splices.items, splices.count, &stream->scratch, &data);
    if (outcome == OUTCOME_OK) event_write(event, data, out);
    return outcome;
}

/* Walks an event's data in the scratch arena. NO_MEMORY is an error; anything else that fails: it is no JSON. */
static enum outcome walk_data(struct answer_stream *stream, const struct sse_event *event, struct json_doc *doc_out,
                              bool *is_json_out) {
    const struct json_limits limits = {.max_depth = DEEPEST, .max_nodes = MOST_NODES, .lenient_surrogates = true};
    struct json_error error;
    arena_reset(&stream->scratch);
    const enum outcome outcome = json_walk(event->data, &limits, &stream->scratch, doc_out, &error);
    *is_json_out = outcome == OUTCOME_OK;
    return outcome == OUTCOME_NO_MEMORY ? OUTCOME_NO_MEMORY : OUTCOME_OK;
}

/* An LF that came late belongs to the line before: what is added to the stream stands behind it. */
static struct sse_event pass_late_lf(const struct sse_event *event, struct buffer *out) {
    struct sse_event rest = *event;
    if (event->raw.len < 2 || event->raw.data[0] != '\n') return rest;
    buffer_append_char(out, '\n');
    rest.raw = slice_range(event->raw, 1, event->raw.len);
    if (rest.data_begin != UINT32_MAX) rest.data_begin--;
    return rest;
}

static enum outcome take_event(struct answer_stream *stream, const struct sse_event *whole, struct buffer *out) {
    if (whole->data_line_count == 0) {
        buffer_append(out, whole->raw);
        return OUTCOME_OK;
    }
    const struct sse_event rest = pass_late_lf(whole, out), *event = &rest;
    struct json_doc parsed;
    bool is_json = false;
    const enum outcome outcome = walk_data(stream, event, &parsed, &is_json);
    if (outcome != OUTCOME_OK) return outcome;
    text_windows_begin(&stream->windows);
    struct json_doc *doc = is_json ? &parsed : NULL;
    const struct event_role role = stream->api->event_role(doc, event->name, event->data);
    if (role.last) stream->ended = true;
    if (role.is_error) {
        stream->ended = true; /* nothing is to be expected after it */
        flush_closed(stream, &everything, out);
        buffer_append(out, event->raw);
        return OUTCOME_OK;
    }
    return role.known ? restore_known(stream, event, doc, &role, out) : restore_raw(stream, event, out);
}

static enum outcome take_ready(struct answer_stream *stream, struct buffer *out) {
    struct sse_event event;
    while (stream->outcome == OUTCOME_OK && reader_next(stream, &event))
        stream->outcome = take_event(stream, &event, out);
    if (stream->outcome == OUTCOME_OK && out->failed) stream->outcome = OUTCOME_NO_MEMORY;
    return stream->outcome;
}

enum outcome answer_stream_feed(struct answer_stream *stream, struct slice bytes, struct buffer *out) {
    if (stream->outcome != OUTCOME_OK) return stream->outcome;
    const enum outcome fed = reader_feed(stream, bytes);
    const enum outcome outcome = take_ready(stream, out);
    if (outcome == OUTCOME_OK) stream->outcome = fed;
    return stream->outcome;
}

static const struct api_error truncated = {
    .status = 502,
    .code = "upstream_truncated",
    .message = "the upstream ended its stream before it was complete",
};

/* A frame that the end of input cut is dropped, as the standard asks; one that only lacks its end is not. */
static bool is_cut(struct answer_stream *stream, const struct sse_event *event) {
    struct json_doc doc;
    bool is_json = false;
    if (event->complete) return false;
    if (event->data_line_count == 0) return true;
    stream->outcome = walk_data(stream, event, &doc, &is_json);
    return !is_json && !stream->api->event_role(NULL, event->name, event->data).last;
}

enum outcome answer_stream_finish(struct answer_stream *stream, struct buffer *out, bool *finished_out) {
    *finished_out = false;
    struct sse_event event;
    while (stream->outcome == OUTCOME_OK && reader_finish(stream, &event)) {
        if (is_cut(stream, &event)) {
            (void)pass_late_lf(&event, out);
            continue;
        }
        stream->outcome = take_event(stream, &event, out);
        /* Whatever follows must not run into a frame that the upstream left open. */
        if (!event.complete) buffer_append_str(out, stream->api->lines ? "\n" : "\n\n");
    }
    if (stream->outcome != OUTCOME_OK) return stream->outcome;
    *finished_out = stream->ended;
    if (!stream->ended) answer_stream_abort(stream, &truncated, out);
    return out->failed ? OUTCOME_NO_MEMORY : OUTCOME_OK;
}

void answer_stream_abort(struct answer_stream *stream, const struct api_error *error, struct buffer *out) {
    if (stream->ended) return;
    stream->ended = true;
    text_windows_begin(&stream->windows);
    flush_closed(stream, &everything, out);
    stream->api->write_error_event(out, error);
}

struct restore_counts answer_stream_counts(const struct answer_stream *stream) {
    struct restore_counts counts = stream->counts;
    for (uint32_t i = 0; i < stream->windows.count; i++) {
        counts.restored += stream->windows.items[i].window.restored;
        counts.left += stream->windows.items[i].window.left;
    }
    return counts;
}
