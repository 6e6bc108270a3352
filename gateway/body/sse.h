/* Cuts a stream of server-sent events into events, without losing a byte.
 *
 * Format: WHATWG HTML, section 9.2.6 "Interpreting an event stream". Every block of lines up to a
 * blank line is handed out, also one that the standard would not dispatch (comments, keep-alives,
 * empty blocks), because all of them are forwarded. Fields other than `event` and `data` stay in raw.
 *
 *     feed(bytes) -> next(event) until false -> feed ... -> end of input -> finish(event)
 *
 * Concatenating the raws gives back the input. An event whose blank line ends in CR is handed out at
 * once: when an LF follows later, it opens the next event's raw and is not a blank line of its own.
 *
 * Owns:    the bytes that were fed and not yet handed out, wiped by deinit.
 * Errors:  sticky; only feed can fail, next and finish never allocate.
 * Threads: one at a time. */
#ifndef SLUICE_GATEWAY_BODY_SSE_H
#define SLUICE_GATEWAY_BODY_SSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/outcome.h"
#include "base/slice.h"

/* Fields are the reader's own. */
struct sse_reader {
    struct buffer bytes;      /* what was fed; handed out before `begin` */
    struct buffer joined;     /* the data of the newest event, if it has several lines */
    size_t limit_bytes;       /* of one event */
    size_t begin;             /* of the first event not yet handed out */
    size_t event_begin;       /* of the event that is still arriving */
    size_t line_begin;        /* of its line that is still arriving */
    size_t searched;          /* no line end of that line before this */
    size_t joined_need_bytes; /* longest event of several data lines so far */
    size_t ready_count;       /* complete events from `begin` to `event_begin` */
    uint32_t data_line_count; /* of the event that is still arriving */
    bool mark_possible;       /* the stream may still open with a byte order mark */
    bool mark_ahead;          /* it did, and the first event was not handed out yet */
    bool arriving_after_cr;   /* an LF at line_begin belongs to the CR before */
    bool begin_after_cr;      /* an LF at `begin` belongs to the CR before */
    enum outcome outcome;
};

struct sse_event {
    struct slice raw;         /* every byte, with the blank line that ended it */
    struct slice name;        /* value of the last `event` field; empty without one */
    struct slice data;        /* values of the `data` fields, joined by LF */
    uint32_t data_begin;      /* offset of data in raw when it is one `data:` line, else UINT32_MAX */
    uint32_t data_line_count; /* 0 for comments and keep-alives */
    uint8_t eol_len;          /* length of the event's first line end: 1 or 2; 0 without one */
    bool complete;            /* a blank line ended it, or it is nothing but the late LF of one */
};

/* limit_bytes: 1 to UINT32_MAX - 16. */
void sse_reader_init(struct sse_reader *reader, size_t limit_bytes);
void sse_reader_deinit(struct sse_reader *reader);

/* Takes the bytes over (copied). OVERFLOW: one event is longer than the limit; complete events before
 * it can still be taken. NO_MEMORY. Amortised linear, however the input is cut. */
enum outcome sse_reader_feed(struct sse_reader *reader, struct slice bytes) MUST_CHECK;

/* The next complete event; its slices live until the next feed, next, finish or deinit. */
bool sse_reader_next(struct sse_reader *reader, struct sse_event *event_out);

/* At the end of input: events that next did not take, then what is left, as an incomplete event (the
 * standard drops it; here the caller decides). False when nothing is left, and after a failure. */
bool sse_reader_finish(struct sse_reader *reader, struct sse_event *event_out);

#endif
