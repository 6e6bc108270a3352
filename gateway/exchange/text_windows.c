#include "gateway/exchange/text_windows.h"

#include <stdlib.h>

#include "gateway/body/json_text.h"
#include "gateway/exchange/event_writer.h"
#include "gateway/exchange/splice_list.h"

#define MOST_WINDOWS 1024
#define MOST_KEPT_BYTES (8u << 20) /* events to be said again, of all texts */

void text_windows_deinit(struct text_windows *windows) {
    for (uint32_t i = 0; i < windows->count; i++) buffer_deinit(&windows->items[i].again);
    free(windows->items);
    *windows = (struct text_windows){.api = windows->api};
}

void text_windows_begin(struct text_windows *windows) {
    for (uint32_t i = 0; i < windows->count; i++) windows->items[i].seen = false;
    for (size_t i = 0; i < 2; i++) windows->known[i].element = JSON_NONE;
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

/* The same, found once for the many texts that one element may have below it. */
static uint32_t known_index(struct text_windows *windows, uint32_t level, const struct json_doc *doc, uint32_t array,
                            uint32_t element) {
    if (level >= 2) return element_index(doc, array, element);
    if (windows->known[level].element != element) {
        windows->known[level].element = element;
        windows->known[level].number = element_index(doc, array, element);
    }
    return windows->known[level].number;
}

struct window_key text_windows_key(struct text_windows *windows, const struct json_doc *doc, uint32_t node) {
    const struct api *api = windows->api;
    struct window_key key = {.field = doc->nodes[node].field};
    if (api->outer_member) {
        key.outer = member_number(doc, api->outer_member);
        key.inner = member_number(doc, api->inner_member);
        return key;
    }
    /* The outermost array element above the text is the choice, the next one the tool call. */
    uint32_t level = 0;
    for (uint32_t i = node; doc->nodes[i].parent != JSON_NONE; i = doc->nodes[i].parent) {
        const uint32_t parent = doc->nodes[i].parent;
        if (doc->nodes[parent].type != JSON_ARRAY) continue;
        key.inner = key.outer;
        key.outer = known_index(windows, level++, doc, parent, i);
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

static int compare_nodes(const void *a, const void *b) {
    const uint32_t one = *(const uint32_t *)a, two = *(const uint32_t *)b;
    return (one > two) - (one < two);
}

/* The event's data with all of its growing texts empty; *text_at_out is where `kept`'s own would stand. */
static enum outcome empty_texts(const struct text_windows *windows, const struct text_window *kept,
                                const struct json_doc *doc, struct arena *scratch, struct slice *data_out,
                                size_t *text_at_out) {
    struct splice_list splices = {.arena = scratch};
    uint32_t *nodes = arena_zalloc(scratch, windows->count, sizeof *nodes);
    uint32_t count = 0;
    if (nodes == NULL) return OUTCOME_OVERFLOW;
    for (uint32_t i = 0; i < windows->count; i++)
        if (windows->items[i].seen) nodes[count++] = windows->items[i].node;
    qsort(nodes, count, sizeof *nodes, compare_nodes);
    enum outcome outcome = OUTCOME_OK;
    size_t removed = 0;
    for (uint32_t i = 0; i < count && outcome == OUTCOME_OK; i++) {
        const struct json_node *node = &doc->nodes[nodes[i]];
        if (nodes[i] == kept->node) *text_at_out = node->begin - removed;
        removed += node->end - node->begin;
        outcome = splice_list_add(&splices, node, SLICE(""));
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
        /* The LF of its last line end may not have come yet. */
        if (event->raw.data[event->raw.len - 1] == '\r') buffer_append_char(&text->again, '\n');
    } else {
        const struct slice head = SLICE("data: ");
        if (event->name.len)
            buffer_append_format(&text->again, "event: %.*s\n", (int)event->name.len, event->name.data);
        text->text_at += text->again.len + head.len;
        buffer_append(&text->again, head);
        for (size_t i = 0; i < data.len; i++) {
            const char c = data.data[i];
            if (c == '\n')
                buffer_append_char(&text->again, ' '); /* only between tokens: JSON strings hold none */
            else
                buffer_append_char(&text->again, c);
        }
        buffer_append_str(&text->again, "\n\n");
    }
    if (!event->complete) buffer_append_str(&text->again, windows->api->lines ? "\n" : "\n\n");
    return text->again.failed ? OUTCOME_NO_MEMORY : OUTCOME_OK;
}

enum outcome text_windows_keep(struct text_windows *windows, const struct sse_event *event, const struct json_doc *doc,
                               struct arena *scratch) {
    enum outcome outcome = OUTCOME_OK;
    size_t kept_bytes = 0;
    for (uint32_t i = 0; i < windows->count; i++) {
        struct text_window *text = &windows->items[i];
        if (!restore_window_holding(&text->window)) buffer_deinit(&text->again);
        kept_bytes += text->again.len;
    }
    for (uint32_t i = 0; i < windows->count && outcome == OUTCOME_OK; i++) {
        struct text_window *text = &windows->items[i];
        if (!text->seen || !restore_window_holding(&text->window)) continue;
        kept_bytes += event->raw.len;
        outcome = kept_bytes > MOST_KEPT_BYTES ? OUTCOME_OVERFLOW : keep_one(windows, text, event, doc, scratch);
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
    if (plain.failed || encoded.failed) {
        out->failed = true;
    } else if (windows->api->write_text_event) {
        windows->api->write_text_event(out, remembered, &text->key, field_map_path(map, text->key.field),
                                       buffer_slice(&encoded));
    } else if (text->again.len) { /* else its event failed, and never left */
        buffer_append(out, slice_range(buffer_slice(&text->again), 0, text->text_at));
        buffer_append(out, buffer_slice(&encoded));
        buffer_append(out, slice_range(buffer_slice(&text->again), text->text_at, text->again.len));
    }
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
