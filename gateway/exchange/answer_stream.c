#include "gateway/exchange/answer_stream.h"

#include <stdlib.h>

#include "gateway/body/json_text.h"
#include "gateway/body/sse.h"
#include "gateway/exchange/event_writer.h"
#include "gateway/exchange/splice_list.h"

#define LARGEST_EVENT_BYTES (16u << 20)
#define SCRATCH_BYTES (128u << 20)
#define MOST_WINDOWS 1024
#define DEEPEST 64
#define MOST_NODES (1u << 20)

/* The place where one text of the stream grows. */
struct text_window {
    struct window_key key;
    enum restore_form form;
    struct restore_window window;
    bool seen; /* the event at hand has a piece of this text */
};

struct answer_stream {
    const struct api *api;
    const struct field_map *map;
    const struct restore_source *source;
    bool tokens_issued;
    bool ended; /* the format's own end has passed */
    enum outcome outcome;
    struct sse_reader reader;
    struct arena scratch; /* of one event */
    struct buffer remembered;
    struct text_window *windows;
    uint32_t window_count, window_capacity;
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
    sse_reader_init(&stream->reader, LARGEST_EVENT_BYTES);
    arena_init(&stream->scratch, SCRATCH_BYTES);
    buffer_init(&stream->remembered, LARGEST_EVENT_BYTES);
    *stream_out = stream;
    return OUTCOME_OK;
}

void answer_stream_destroy(struct answer_stream **stream) {
    if (*stream == NULL) return;
    sse_reader_deinit(&(*stream)->reader);
    arena_reset(&(*stream)->scratch);
    buffer_deinit(&(*stream)->remembered);
    free((*stream)->windows);
    free(*stream);
    *stream = NULL;
}

static bool same_key(const struct window_key *a, const struct window_key *b) {
    return a->outer == b->outer && a->inner == b->inner && a->field == b->field;
}

static struct text_window *window_of(struct answer_stream *stream, struct window_key key, enum restore_form form) {
    for (uint32_t i = 0; i < stream->window_count; i++)
        if (same_key(&stream->windows[i].key, &key)) return &stream->windows[i];
    if (stream->window_count == MOST_WINDOWS) return NULL;
    if (stream->window_count == stream->window_capacity) {
        const uint32_t capacity = stream->window_capacity ? stream->window_capacity * 2 : 4;
        struct text_window *grown = realloc(stream->windows, capacity * sizeof *grown);
        if (grown == NULL) return NULL;
        stream->windows = grown;
        stream->window_capacity = capacity;
    }
    struct text_window *fresh = &stream->windows[stream->window_count++];
    *fresh = (struct text_window){.key = key, .form = form};
    restore_window_init(&fresh->window);
    return fresh;
}

/* The number that an array's element goes by: its member `index`, else its place. */
static uint32_t element_index(const struct json_doc *doc, uint32_t array, uint32_t element) {
    uint64_t index = 0;
    const uint32_t number = json_member(doc, element, SLICE("index"));
    if (number != JSON_NONE && json_uint(doc, number, &index) && index < WINDOW_ALL) return (uint32_t)index;
    uint32_t place = 0;
    for (uint32_t i = json_first(doc, array); i != element && i != JSON_NONE; i = json_after(doc, array, i)) place++;
    return place;
}

/* The outermost array element above the text is the choice, the next one the tool call. */
static struct window_key key_of(const struct json_doc *doc, uint32_t node) {
    struct window_key key = {.field = doc->nodes[node].field};
    for (uint32_t i = node; doc->nodes[i].parent != JSON_NONE; i = doc->nodes[i].parent) {
        const uint32_t parent = doc->nodes[i].parent;
        if (doc->nodes[parent].type != JSON_ARRAY) continue;
        key.inner = key.outer;
        key.outer = element_index(doc, parent, i);
    }
    return key;
}

static bool closes(const struct event_role *role, uint32_t outer) {
    for (uint32_t i = 0; i < role->closes_count; i++)
        if (role->closes[i] == WINDOW_ALL || role->closes[i] == outer) return true;
    return false;
}

static enum outcome restore_piece(struct answer_stream *stream, const struct json_doc *doc, uint32_t node,
                                  enum restore_form form, const struct event_role *role, struct splice_list *splices) {
    struct text_window *text = window_of(stream, key_of(doc, node), form);
    if (text == NULL) return OUTCOME_OVERFLOW;
    text->seen = true;
    const struct slice raw = json_raw(doc, node);
    char *decoded = arena_alloc(&stream->scratch, raw.len);
    if (decoded == NULL) return OUTCOME_OVERFLOW;
    const struct slice piece = slice_of(decoded, json_text_decode(raw, decoded));
    struct buffer plain, encoded;
    buffer_init(&plain, 0);
    buffer_init(&encoded, 0);
    enum outcome outcome = restore_window_feed(&text->window, stream->source, form, piece, &plain);
    if (outcome == OUTCOME_OK && closes(role, text->key.outer)) restore_window_flush(&text->window, &plain);
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
                                  struct splice_list *splices) {
    struct buffer encoded;
    buffer_init(&encoded, 0);
    bool changed = false;
    enum outcome outcome = answer_text_restore(json_raw(doc, node), RESTORE_PLAIN, stream->source, &stream->scratch,
                                               &encoded, &changed, &stream->counts);
    if (outcome == OUTCOME_OK && changed)
        outcome = splice_list_add(splices, &doc->nodes[node], arena_copy(&stream->scratch, buffer_slice(&encoded)));
    buffer_deinit(&encoded);
    return outcome;
}

static enum outcome restore_texts(struct answer_stream *stream, const struct json_doc *doc,
                                  const struct event_role *role, struct splice_list *splices) {
    enum outcome outcome = OUTCOME_OK;
    for (uint32_t i = 0; i < doc->count && outcome == OUTCOME_OK; i++) {
        const struct json_node *node = &doc->nodes[i];
        const enum field_meaning meaning = field_map_meaning(stream->map, node);
        if (meaning == FIELD_STRIPPED && stream->tokens_issued) {
            outcome = splice_list_add(splices, node, SLICE("null"));
            i = node->next - 1;
        } else if (meaning == FIELD_WHOLE_TEXT && node->type == JSON_STRING) {
            outcome = restore_whole(stream, doc, i, splices);
        } else if (node->type == JSON_STRING && (meaning == FIELD_TEXT || meaning == FIELD_JSON_TEXT)) {
            const enum restore_form form = meaning == FIELD_TEXT ? RESTORE_PLAIN : RESTORE_JSON;
            outcome = restore_piece(stream, doc, i, form, role, splices);
        }
    }
    return outcome;
}

/* Adds an event for what a window still holds. */
static void flush_window(struct answer_stream *stream, struct text_window *text, struct buffer *out) {
    struct buffer plain, encoded;
    buffer_init(&plain, 0);
    buffer_init(&encoded, 0);
    restore_window_flush(&text->window, &plain);
    json_text_encode(&encoded, buffer_slice(&plain));
    stream->api->write_text_event(out, buffer_slice(&stream->remembered), &text->key,
                                  field_map_path(stream->map, text->key.field), buffer_slice(&encoded));
    if (plain.failed || encoded.failed) out->failed = true;
    buffer_deinit(&encoded);
    buffer_deinit(&plain);
}

/* Texts that end with this event, and have no piece in it. */
static void flush_closed(struct answer_stream *stream, const struct event_role *role, struct buffer *out) {
    for (uint32_t i = 0; i < stream->window_count; i++) {
        struct text_window *text = &stream->windows[i];
        if (!text->seen && restore_window_holding(&text->window) && closes(role, text->key.outer))
            flush_window(stream, text, out);
        text->seen = false;
    }
}

/* Searches an event's data as it stands: inside JSON a value needs one escape, outside none. */
static enum outcome restore_raw(struct answer_stream *stream, const struct sse_event *event, bool is_json,
                                struct buffer *out) {
    struct restore_window window;
    restore_window_init(&window);
    struct buffer data;
    buffer_init(&data, 0);
    enum outcome outcome =
        restore_window_feed(&window, stream->source, is_json ? RESTORE_JSON : RESTORE_PLAIN, event->data, &data);
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

static enum outcome restore_known(struct answer_stream *stream, const struct sse_event *event, struct json_doc *doc,
                                  const struct event_role *role, struct buffer *out) {
    struct splice_list splices = {.arena = &stream->scratch};
    enum outcome outcome = OUTCOME_OK;
    if (doc) {
        if (stream->remembered.len == 0) stream->api->remember(doc, &stream->remembered);
        field_map_apply(stream->map, doc);
        outcome = restore_texts(stream, doc, role, &splices);
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

static enum outcome take_event(struct answer_stream *stream, const struct sse_event *event, struct buffer *out) {
    if (event->data_line_count == 0) {
        buffer_append(out, event->raw);
        return OUTCOME_OK;
    }
    arena_reset(&stream->scratch);
    const struct json_limits limits = {.max_depth = DEEPEST, .max_nodes = MOST_NODES, .lenient_surrogates = true};
    struct json_doc parsed;
    struct json_error error;
    const bool is_json = json_walk(event->data, &limits, &stream->scratch, &parsed, &error) == OUTCOME_OK;
    struct json_doc *doc = is_json ? &parsed : NULL;
    const struct event_role role = stream->api->event_role(doc, event->name, event->data);
    if (role.last) stream->ended = true;
    if (role.is_error) {
        stream->ended = true; /* nothing is to be expected after it */
        flush_closed(stream, &everything, out);
        buffer_append(out, event->raw);
        return OUTCOME_OK;
    }
    return role.known ? restore_known(stream, event, doc, &role, out) : restore_raw(stream, event, is_json, out);
}

static enum outcome take_ready(struct answer_stream *stream, struct buffer *out) {
    struct sse_event event;
    while (stream->outcome == OUTCOME_OK && sse_reader_next(&stream->reader, &event))
        stream->outcome = take_event(stream, &event, out);
    if (stream->outcome == OUTCOME_OK && out->failed) stream->outcome = OUTCOME_NO_MEMORY;
    return stream->outcome;
}

enum outcome answer_stream_feed(struct answer_stream *stream, struct slice bytes, struct buffer *out) {
    if (stream->outcome != OUTCOME_OK) return stream->outcome;
    const enum outcome fed = sse_reader_feed(&stream->reader, bytes);
    const enum outcome outcome = take_ready(stream, out);
    if (outcome == OUTCOME_OK) stream->outcome = fed;
    return stream->outcome;
}

static const struct api_error truncated = {
    .status = 502,
    .code = "upstream_truncated",
    .message = "the upstream ended its stream before it was complete",
};

enum outcome answer_stream_finish(struct answer_stream *stream, struct buffer *out, bool *finished_out) {
    *finished_out = false;
    struct sse_event event;
    while (stream->outcome == OUTCOME_OK && sse_reader_finish(&stream->reader, &event)) {
        stream->outcome = take_event(stream, &event, out);
        /* Whatever follows must not run into a frame that the upstream left open. */
        if (!event.complete) buffer_append_str(out, "\n\n");
    }
    if (stream->outcome != OUTCOME_OK) return stream->outcome;
    *finished_out = stream->ended;
    if (!stream->ended) answer_stream_abort(stream, &truncated, out);
    return out->failed ? OUTCOME_NO_MEMORY : OUTCOME_OK;
}

void answer_stream_abort(struct answer_stream *stream, const struct api_error *error, struct buffer *out) {
    if (stream->ended) return;
    stream->ended = true;
    flush_closed(stream, &everything, out);
    stream->api->write_error_event(out, error);
}

struct restore_counts answer_stream_counts(const struct answer_stream *stream) {
    struct restore_counts counts = stream->counts;
    for (uint32_t i = 0; i < stream->window_count; i++) {
        counts.restored += stream->windows[i].window.restored;
        counts.left += stream->windows[i].window.left;
    }
    return counts;
}
