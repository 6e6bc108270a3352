#include "bench/mock/reply.h"

#include <stdlib.h>

void reply_init(struct reply *reply) {
    *reply = (struct reply){.stop = REPLY_KEEP};
    buffer_init(&reply->bytes, 0);
    buffer_init(&reply->event, 0);
}

void reply_deinit(struct reply *reply) {
    buffer_deinit(&reply->bytes);
    buffer_deinit(&reply->event);
    free(reply->ends);
    reply->ends = NULL;
    reply->end_count = reply->end_capacity = 0;
}

void reply_clear(struct reply *reply) {
    buffer_clear(&reply->bytes);
    buffer_clear(&reply->event);
    reply->end_count = 0;
    reply->chunked = reply->failed = false;
    reply->stop = REPLY_KEEP;
}

/* Everything up to here is one piece. */
static void mark_end(struct reply *reply) {
    if (reply->end_count == reply->end_capacity) {
        const size_t capacity = reply->end_capacity ? reply->end_capacity * 2 : 8;
        size_t *ends = realloc(reply->ends, capacity * sizeof *ends);
        if (ends == NULL) {
            reply->failed = true;
            return;
        }
        reply->ends = ends;
        reply->end_capacity = capacity;
    }
    reply->ends[reply->end_count++] = reply->bytes.len;
}

static bool closes(const struct reply_frame *frame) {
    const struct behaviour *behaviour = frame->behaviour;
    return behaviour->connection_close || behaviour->until_close || !frame->keep_alive;
}

static void append_field(struct buffer *out, const char *name, const char *value) {
    buffer_append_str(out, name);
    buffer_append(out, SLICE(": "));
    buffer_append_str(out, value);
    buffer_append(out, SLICE("\r\n"));
}

/* The status line and all fields but those that frame the body. The reason phrase says nothing that the
 * status does not (RFC 9112 section 4), so that two words do. */
static void head_begin(struct reply *reply, const struct reply_frame *frame, const char *content_type) {
    const struct behaviour *behaviour = frame->behaviour;
    struct buffer *out = &reply->bytes;
    buffer_append(out, SLICE("HTTP/1.1 "));
    buffer_append_u64(out, (unsigned)frame->status);
    buffer_append(out, frame->status < 400 ? SLICE(" OK\r\n") : SLICE(" Error\r\n"));
    append_field(out, "content-type", behaviour->content_type ? behaviour->content_type : content_type);
    if (behaviour->content_encoding) append_field(out, "content-encoding", behaviour->content_encoding);
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(behaviour->headers, name, value) append_field(out, name, json_string_value(value));
    if (closes(frame)) append_field(out, "connection", "close");
}

static void head_end(struct reply *reply) {
    buffer_append(&reply->bytes, SLICE("\r\n"));
    mark_end(reply);
}

static void head_end_chunked(struct reply *reply, const struct reply_frame *frame) {
    reply->chunked = !frame->behaviour->until_close && !frame->http_1_0;
    if (reply->chunked) append_field(&reply->bytes, "transfer-encoding", "chunked");
    head_end(reply);
}

/* One chunk (RFC 9112 section 7.1), or the bytes as they are. */
static void append_piece(struct reply *reply, struct slice piece) {
    if (reply->chunked) buffer_append_format(&reply->bytes, "%zx\r\n", piece.len);
    buffer_append(&reply->bytes, piece);
    if (reply->chunked) buffer_append(&reply->bytes, SLICE("\r\n"));
    mark_end(reply);
}

void reply_whole(struct reply *reply, const struct reply_frame *frame, const char *content_type, struct slice body) {
    head_begin(reply, frame, content_type);
    if (!frame->behaviour->until_close) {
        buffer_append(&reply->bytes, SLICE("content-length: "));
        buffer_append_u64(&reply->bytes, body.len);
        buffer_append(&reply->bytes, SLICE("\r\n"));
    }
    head_end(reply);
    append_piece(reply, body);
}

void reply_stream_begin(struct reply *reply, const struct reply_frame *frame, enum reply_form form) {
    head_begin(reply, frame, form == REPLY_LINES ? "application/x-ndjson" : "text/event-stream");
    append_field(&reply->bytes, "cache-control", "no-cache");
    head_end_chunked(reply, frame);
}

static struct slice eol_of(const struct behaviour *behaviour) {
    if (behaviour->eol == NULL || strcmp(behaviour->eol, "lf") == 0) return SLICE("\n");
    return strcmp(behaviour->eol, "cr") == 0 ? SLICE("\r") : SLICE("\r\n");
}

static void append_data_line(struct buffer *out, const struct behaviour *behaviour, struct slice text) {
    buffer_append(out, behaviour->no_space_after_data ? SLICE("data:") : SLICE("data: "));
    buffer_append(out, text);
    buffer_append(out, eol_of(behaviour));
}

void reply_stream_event(struct reply *reply, const struct reply_frame *frame, const char *name, struct slice data) {
    const struct behaviour *behaviour = frame->behaviour;
    struct buffer *out = &reply->event;
    buffer_clear(out);
    if (name) {
        buffer_append(out, behaviour->no_space_after_data ? SLICE("event:") : SLICE("event: "));
        buffer_append_str(out, name);
        buffer_append(out, eol_of(behaviour));
    }
    if (behaviour->multi_data_lines && data.len > 2 && data.data[0] == '{') {
        /* The lines are joined by a line feed, which is white space behind the first brace and before the last. */
        append_data_line(out, behaviour, slice_range(data, 0, 1));
        append_data_line(out, behaviour, slice_range(data, 1, data.len - 1));
        append_data_line(out, behaviour, slice_range(data, data.len - 1, data.len));
    } else {
        append_data_line(out, behaviour, data);
    }
    buffer_append(out, eol_of(behaviour));
    append_piece(reply, buffer_slice(out));
}

void reply_stream_line(struct reply *reply, const struct reply_frame *frame, struct slice line) {
    struct buffer *out = &reply->event;
    buffer_clear(out);
    buffer_append(out, line);
    buffer_append(out, eol_of(frame->behaviour));
    append_piece(reply, buffer_slice(out));
}

void reply_stream_end(struct reply *reply) {
    if (reply->chunked) buffer_append(&reply->bytes, SLICE("0\r\n\r\n"));
}

void reply_raw_body(struct reply *reply, const struct reply_frame *frame, enum reply_form form, struct slice body) {
    if (form == REPLY_WHOLE) {
        reply_whole(reply, frame, "application/json", body);
        return;
    }
    reply_stream_begin(reply, frame, form);
    if (body.len) append_piece(reply, body);
    reply_stream_end(reply);
}

void reply_raw_answer(struct reply *reply, struct slice bytes) {
    mark_end(reply);
    buffer_append(&reply->bytes, bytes);
    mark_end(reply);
}

/* The first place to break off counts. */
static void stop_no_later(struct reply *reply, size_t at, enum reply_stop stop) {
    if (at >= reply->stop_at) return;
    reply->stop_at = at;
    reply->stop = stop;
}

/* Where `events` events are out; the whole answer when it has fewer. */
static size_t after_events(const struct reply *reply, int64_t events) {
    return (size_t)events < reply->end_count ? reply->ends[events] : reply->bytes.len;
}

void reply_finish(struct reply *reply, const struct reply_frame *frame) {
    const struct behaviour *behaviour = frame->behaviour;
    const bool ends_with_connection = closes(frame) || (frame->http_1_0 && !reply->chunked);
    reply->stop_at = reply->bytes.len;
    reply->stop = ends_with_connection ? REPLY_CLOSE : REPLY_KEEP;
    if (behaviour->truncate >= 0) stop_no_later(reply, after_events(reply, behaviour->truncate), REPLY_CLOSE);
    if (behaviour->close_after_bytes >= 0) stop_no_later(reply, (size_t)behaviour->close_after_bytes, REPLY_CLOSE);
    if (behaviour->reset_after_bytes >= 0) stop_no_later(reply, (size_t)behaviour->reset_after_bytes, REPLY_RESET);
    if (behaviour->stall_after_events >= 0)
        stop_no_later(reply, after_events(reply, behaviour->stall_after_events), REPLY_STALL);
    reply->delay_ms = (unsigned)behaviour->delay_ms;
    reply->chunk_delay_ms = (unsigned)behaviour->chunk_delay_ms;
    reply->tcp_bytes = (size_t)behaviour->tcp_bytes;
    reply->failed = reply->failed || reply->bytes.failed || reply->event.failed;
}
