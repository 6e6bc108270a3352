/* The bytes of one answer, complete before the first is written, and where it may pause or break off.
 *
 *     head | event | event | ... | event | last chunk
 *          ^ends[0]^ends[1]                            a JSON answer is one event
 *
 * Owns:   its buffers.  Units: bytes from the first of the head.
 * Errors: `failed` is sticky; a failed reply must not be played. */
#ifndef SLUICE_BENCH_MOCK_REPLY_H
#define SLUICE_BENCH_MOCK_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "bench/mock/behaviour.h"

/* What happens once the bytes before stop_at are out. */
enum reply_stop {
    REPLY_KEEP,  /* the answer is complete, the connection stays */
    REPLY_CLOSE, /* the connection closes, whether or not the answer is complete */
    REPLY_RESET, /* the connection is reset */
    REPLY_STALL  /* nothing more happens until the agent goes */
};

struct reply {
    struct buffer bytes;
    struct buffer event; /* the payload that is being put together */
    size_t *ends;        /* of the head and of each event */
    size_t end_count, end_capacity;
    bool chunked;
    bool failed;
    size_t stop_at;
    enum reply_stop stop;
    /* pacing, from the behaviour */
    unsigned delay_ms, chunk_delay_ms;
    size_t tcp_bytes;
};

/* Whose answer it is: what framing depends on. */
struct reply_frame {
    const struct behaviour *behaviour;
    int status;
    bool http_1_0;   /* the agent cannot read chunks */
    bool keep_alive; /* the agent would keep the connection */
};

void reply_init(struct reply *reply);
void reply_deinit(struct reply *reply);

/* Forgets the answer, keeps the memory. */
void reply_clear(struct reply *reply);

/* One body with its length; content_type unless the behaviour has its own. */
void reply_whole(struct reply *reply, const struct reply_frame *frame, const char *content_type, struct slice body);

/* How a body is carried. */
enum reply_form {
    REPLY_WHOLE,  /* one piece, with its length */
    REPLY_EVENTS, /* server-sent events (WHATWG HTML section 9.2) */
    REPLY_LINES   /* JSON texts, one a line (NDJSON) */
};

/* A stream of events or lines: begin, each one, end. */
void reply_stream_begin(struct reply *reply, const struct reply_frame *frame, enum reply_form form);
void reply_stream_end(struct reply *reply);

/* `name` goes into an `event:` line; NULL: none. */
void reply_stream_event(struct reply *reply, const struct reply_frame *frame, const char *name, struct slice data);
void reply_stream_line(struct reply *reply, const struct reply_frame *frame, struct slice line);

/* A body of bytes that are not looked at. */
void reply_raw_body(struct reply *reply, const struct reply_frame *frame, enum reply_form form, struct slice body);

/* The whole answer, head included. */
void reply_raw_answer(struct reply *reply, struct slice bytes);

/* Last: takes pacing and the place to break off from the behaviour. */
void reply_finish(struct reply *reply, const struct reply_frame *frame);

#endif
