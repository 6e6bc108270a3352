/* The texts of one stream that are still growing, each with its restore window.
 *
 * A text goes by its key: choice or block, tool call, field. When it ends while its window still holds something, one
 * event is added that carries it: made by the format, or, where events can simply be said again, the text's last event
 * with the held text in the place of its own.
 *
 * Owns: windows, and for a text that is held its last event.  Threads: one at a time. */
#ifndef SLUICE_GATEWAY_EXCHANGE_TEXT_WINDOWS_H
#define SLUICE_GATEWAY_EXCHANGE_TEXT_WINDOWS_H

#include "gateway/api/api.h"
#include "gateway/body/restore_window.h"
#include "gateway/body/sse.h"

/* The place where one text of the stream grows. */
struct text_window {
    struct window_key key;
    enum restore_form form;
    struct restore_window window;
    bool seen;           /* the event at hand has a piece of this text ... */
    uint32_t node;       /* ... at this node */
    struct buffer again; /* while it holds: its last event, with the text cut out at `text_at` */
    size_t text_at;
};

struct text_windows {
    const struct api *api;
    struct text_window *items;
    uint32_t count, capacity;
    struct {
        uint32_t element, number;
    } known[2]; /* array elements of the event at hand whose number was asked last: inner, outer */
};

void text_windows_deinit(struct text_windows *windows);

/* Another event is at hand: no text is in it so far. */
void text_windows_begin(struct text_windows *windows);

/* The key of the text at `node` of the event at hand. */
struct window_key text_windows_key(struct text_windows *windows, const struct json_doc *doc, uint32_t node);

/* The window for a key, made when it is new; NULL when there are too many, or memory is short. Valid until the next
 * call. */
struct text_window *text_windows_find(struct text_windows *windows, struct window_key key, enum restore_form form);

/* Keeps what is needed to say this event again, for each text of it whose window holds something. OVERFLOW: that is
 * more than a stream may keep. */
enum outcome text_windows_keep(struct text_windows *windows, const struct sse_event *event, const struct json_doc *doc,
                               struct arena *scratch) MUST_CHECK;

/* True when the event's role ends the texts of `outer`. */
bool text_windows_closes(const struct event_role *role, uint32_t outer);

/* Adds an event for every text that the role ends, that is not in the event at hand, and that still holds something;
 * forgets which texts were in it. `map` names fields; `remembered` is the format's. */
void text_windows_flush(struct text_windows *windows, const struct event_role *role, const struct field_map *map,
                        struct slice remembered, struct buffer *out);

#endif
