#include "gateway/exchange/text_windows.h"

#include <stdlib.h>

#include "gateway/body/json_text.h"
#include "gateway/exchange/event_writer.h"
#include "gateway/exchange/splice_list.h"

#define MOST_WINDOWS 1024

void text_windows_deinit(struct text_windows *windows) {
    for (uint32_t i = 0; i < windows->count; i++) buffer_deinit(&windows->items[i].again);
    free(windows->items);
    *windows = (struct text_windows){.api = windows->api};
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

static uint32_t member_number(const struct json_doc *doc, const char *name) {
    uint64_t number = 0;
    const uint32_t node = name ? json_member(doc, 0, slice_str(name)) : JSON_NONE;
    return node != JSON_NONE && json_uint(doc, node, &number) && number < WINDOW_ALL ? (uint32_t)number : 0;
}

struct window_key text_windows_key(const struct api *api, const struct json_doc *doc, uint32_t node) {
    struct window_key key = {.field = doc->nodes[node].field};
    if (api->outer_member) {
        key.outer = member_number(doc, api->outer_member);
        key.inner = member_number(doc, api->inner_member);
        return key;
    }
    /* The outermost array element above the text is the choice, the next one the tool call. */
    for (uint32_t i = node; doc->nodes[i].parent != JSON_NONE; i = doc->nodes[i].parent) {
        const uint32_t parent = doc->nodes[i].parent;
        if (doc->nodes[parent].type != JSON_ARRAY) continue;
        key.inner = key.outer;
        key.outer = element_index(doc, parent, i);
    }
    return key;
}

static bool same_key(const struct window_key *a, const struct window_key *b) {
    return a->outer == b->outer && a->inner == b->inner && a->field == b->field;
}

struct text_window *text_windows_find(struct text_windows *windows, struct window_key key, enum restore_form form) {
    for (uint32_t i = 0; i < windows->count; i++)
        if (same_key(&windows->items[i].key, &key)) return &windows->items[i];
    if (windows->count == MOST_WINDOWS) return NULL;
    if (windows->count == windows->capacity) {
        const uint32_t capacity = windows->capacity ? windows->capacity * 2 : 4;
        struct text_window *grown = realloc(windows->items, capacity * sizeof *grown);
        if (grown == NULL) return NULL;
        windows->items = grown;
        windows->capacity = capacity;
    }
    struct text_window *fresh = &windows->items[windows->count++];
    *fresh = (struct text_window){.key = key, .form = form};
    restore_window_init(&fresh->window);
    buffer_init(&fresh->again, 0);
    return fresh;
}

bool text_windows_closes(const struct event_role *role, uint32_t outer) {
    for (uint32_t i = 0; i < role->closes_count; i++)
        if (role->closes[i] == WINDOW_ALL || role->closes[i] == outer) return true;
    return false;
}

/* The event's data with all of its growing texts empty; *text_at_out is where `kept`'s own would stand. */
static enum outcome empty_texts(const struct text_windows *windows, const struct text_window *kept,
                                const struct json_doc *doc, struct arena *scratch, struct slice *data_out,
                                size_t *text_at_out) {
    struct splice_list splices = {.arena = scratch};
    enum outcome outcome = OUTCOME_OK;
    size_t removed = 0;
    for (uint32_t node = 0; node < doc->count && outcome == OUTCOME_OK; node++) {
        for (uint32_t i = 0; i < windows->count; i++) {
            if (!windows->items[i].seen || windows->items[i].node != node) continue;
            if (&windows->items[i] == kept) *text_at_out = doc->nodes[node].begin - removed;
            removed += doc->nodes[node].end - doc->nodes[node].begin;
            outcome = splice_list_add(&splices, &doc->nodes[node], SLICE(""));
        }
    }
    if (outcome != OUTCOME_OK) return outcome;
    return json_splice_apply(doc->text, splices.items, splices.count, scratch, data_out);
}

static enum outcome keep_one(const struct text_windows *windows, struct text_window *text,
                             const struct sse_event *event, const struct json_doc *doc, struct arena *scratch) {
    struct slice data;
    const enum outcome outcome = empty_texts(windows, text, doc, scratch, &data, &text->text_at);
    if (outcome != OUTCOME_OK) return outcome;
    buffer_clear(&text->again);
    if (event->data_begin != UINT32_MAX) {
        event_write(event, data, &text->again);
        text->text_at += event->data_begin;
    } else {
        const struct slice head = SLICE("data: ");
        if (event->name.len)
            buffer_append_format(&text->again, "event: %.*s\n", (int)event->name.len, event->name.data);
        text->text_at += text->again.len + head.len;
        buffer_append(&text->again, head);
        for (size_t i = 0; i < data.len; i++)
            buffer_append_char(&text->again, data.data[i] == '\n' ? ' ' : data.data[i]);
        buffer_append_str(&text->again, "\n\n");
    }
    return text->again.failed ? OUTCOME_NO_MEMORY : OUTCOME_OK;
}

enum outcome text_windows_keep(struct text_windows *windows, const struct sse_event *event, const struct json_doc *doc,
                               struct arena *scratch) {
    enum outcome outcome = OUTCOME_OK;
    for (uint32_t i = 0; i < windows->count && outcome == OUTCOME_OK; i++) {
        struct text_window *text = &windows->items[i];
        if (text->seen && restore_window_holding(&text->window)) outcome = keep_one(windows, text, event, doc, scratch);
    }
    return outcome;
}

static void flush_one(struct text_windows *windows, struct text_window *text, const struct field_map *map,
                      struct slice remembered, struct buffer *out) {
    struct buffer plain, encoded;
    buffer_init(&plain, 0);
    buffer_init(&encoded, 0);
    restore_window_flush(&text->window, &plain);
    json_text_encode(&encoded, buffer_slice(&plain));
    if (windows->api->write_text_event) {
        windows->api->write_text_event(out, remembered, &text->key, field_map_path(map, text->key.field),
                                       buffer_slice(&encoded));
    } else {
        buffer_append(out, slice_range(buffer_slice(&text->again), 0, text->text_at));
        buffer_append(out, buffer_slice(&encoded));
        buffer_append(out, slice_range(buffer_slice(&text->again), text->text_at, text->again.len));
    }
    if (plain.failed || encoded.failed) out->failed = true;
    buffer_deinit(&encoded);
    buffer_deinit(&plain);
}

void text_windows_flush(struct text_windows *windows, const struct event_role *role, const struct field_map *map,
                        struct slice remembered, struct buffer *out) {
    for (uint32_t i = 0; i < windows->count; i++) {
        struct text_window *text = &windows->items[i];
        if (!text->seen && restore_window_holding(&text->window) && text_windows_closes(role, text->key.outer))
            flush_one(windows, text, map, remembered, out);
        text->seen = false;
    }
}
