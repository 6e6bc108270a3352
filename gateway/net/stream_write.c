/* The outgoing direction of a stream: what the socket takes at once, what waits, how it ends.
 *
 * A write tries the socket first; what it does not take is copied to the queue, from which one uv_write at a
 * time sends the front chunk. A failure is sticky: nothing is sent after it. It is not told to the reader,
 * who finds the end by itself, except where nobody reads. */
#include "base/require.h"
#include "gateway/net/stream_inside.h"
#include "gateway/net/uv_outcome.h"

#define FINISH_MS 10000u /* to send what is queued */
#define LINGER_MS 2000u  /* then, for the peer to close */

#define SLICES_AT_ONCE 16u /* longer lists are sent in two ways: these directly, the rest by the queue */

static void on_written(uv_write_t *request, int status);

static void write_failed(struct net_stream *stream, int status) {
    if (stream->failed == OUTCOME_OK) stream->failed = net_uv_outcome(status);
}

static uv_buf_t buffer_of(struct slice bytes) {
    return (uv_buf_t){.base = (char *)bytes.data, .len = bytes.len}; /* libuv does not write to it */
}

static void begin_shutdown(struct net_stream *stream);

void stream_flush(struct net_stream *stream) {
    while (stream->failed == OUTCOME_OK && stream->writing_bytes == 0 && stream->queue.bytes) {
        const uv_buf_t front = buffer_of(write_queue_front(&stream->queue));
        const int count = uv_try_write((uv_stream_t *)&stream->tcp, &front, 1);
        if (count > 0) {
            write_queue_drop(&stream->queue, (size_t)count);
        } else if (count == UV_EAGAIN) {
            const int status = uv_write(&stream->write_request, (uv_stream_t *)&stream->tcp, &front, 1, on_written);
            if (status)
                write_failed(stream, status);
            else
                stream->writing_bytes = front.len;
        } else {
            write_failed(stream, count);
        }
    }
    begin_shutdown(stream);
}

/* A reader finds the end of a dead socket by itself, after the bytes that came before it. An owner who has
 * paused would never learn of it, nor one whose socket lives (no memory in the kernel). */
static void tell_late_failure(struct net_stream *stream) {
    const bool socket_is_dead = stream->failed == OUTCOME_IO || stream->failed == OUTCOME_TIMEOUT;
    const bool reader_finds_out = stream->reading && socket_is_dead;
    if (stream->phase == STREAM_FINISHING)
        stream_close(stream);
    else if (stream->phase == STREAM_SECURING && !reader_finds_out)
        stream_tls_end(stream, NET_END_RESET);
    else if (!reader_finds_out)
        stream_end(stream, NET_END_RESET);
}

static void tell_drain(struct net_stream *stream) {
    if (!stream->above_high_mark || stream->queue.bytes >= NET_STREAM_LOW_MARK_BYTES) return;
    stream->above_high_mark = false;
    if (stream->events && stream->events->on_drain) stream->events->on_drain(stream->owner);
}

static void on_written(uv_write_t *request, int status) {
    struct net_stream *stream = request->data;
    if (stream->phase == STREAM_CLOSING) return;
    write_queue_drop(&stream->queue, stream->writing_bytes);
    stream->writing_bytes = 0;
    if (status)
        write_failed(stream, status);
    else
        stream_flush(stream);
    if (stream->failed)
        tell_late_failure(stream);
    else
        tell_drain(stream);
}

/* *taken_out: how many bytes of the slices, from the first on, the socket took. */
static void try_slices(struct net_stream *stream, const struct slice *slices, unsigned count, size_t *taken_out) {
    uv_buf_t buffers[SLICES_AT_ONCE];
    unsigned used = 0;
    for (unsigned i = 0; i < count && used < SLICES_AT_ONCE; i++)
        if (slices[i].len) buffers[used++] = buffer_of(slices[i]);
    *taken_out = 0;
    if (used == 0) return;
    const int status = uv_try_write((uv_stream_t *)&stream->tcp, buffers, used);
    if (status > 0)
        *taken_out = (size_t)status;
    else if (status != UV_EAGAIN)
        write_failed(stream, status);
}

static void write_plain(struct net_stream *stream, const struct slice *slices, unsigned count) {
    size_t taken = 0;
    if (stream->queue.bytes == 0) try_slices(stream, slices, count, &taken);
    for (unsigned i = 0; i < count && stream->failed == OUTCOME_OK; i++) {
        const size_t skip = taken < slices[i].len ? taken : slices[i].len;
        taken -= skip;
        if (!write_queue_append(&stream->queue, slice_range(slices[i], skip, slices[i].len)))
            stream->failed = OUTCOME_NO_MEMORY;
    }
}

enum outcome net_stream_write(struct net_stream *stream, const struct slice *slices, unsigned count) {
    require(stream->phase == STREAM_OPEN);
    if (stream->failed) return stream->failed;
    if (stream->shutdown_wanted) return OUTCOME_CLOSED;
    if (stream->tls) {
        const enum outcome outcome = stream_tls_write(stream, slices, count);
        if (outcome && stream->failed == OUTCOME_OK) stream->failed = outcome;
    } else {
        write_plain(stream, slices, count);
    }
    stream_flush(stream);
    if (stream->queue.bytes > NET_STREAM_HIGH_MARK_BYTES) stream->above_high_mark = true;
    return stream->failed;
}

size_t net_stream_queued_bytes(const struct net_stream *stream) {
    const size_t in_flight = uv_stream_get_write_queue_size((const uv_stream_t *)&stream->tcp);
    return stream->queue.bytes - stream->writing_bytes + in_flight;
}

static void on_shut_down(uv_shutdown_t *request, int status) {
    (void)status; /* a socket that is gone is shut down as well */
    struct net_stream *stream = request->data;
    if (stream->phase == STREAM_CLOSING) return;
    stream->shutdown_done = true;
    if (stream->phase == STREAM_FINISHING) stream_finish_step(stream);
}

/* When the last queued byte has gone. */
static void begin_shutdown(struct net_stream *stream) {
    if (!stream->shutdown_wanted || stream->shutdown_begun || stream->failed || stream->queue.bytes) return;
    stream->shutdown_begun = true;
    const int status = uv_shutdown(&stream->shutdown_request, (uv_stream_t *)&stream->tcp, on_shut_down);
    if (status) write_failed(stream, status);
}

void net_stream_shutdown(struct net_stream *stream) {
    if (stream->shutdown_wanted || stream->failed) return;
    stream->shutdown_wanted = true;
    if (stream->tls) stream_tls_close_notify(stream);
    stream_flush(stream);
}

static void on_finish_timeout(uv_timer_t *timer) {
    stream_close(timer->data);
}

void stream_finish_step(struct net_stream *stream) {
    const bool hung_up = stream->end != NET_END_NONE && stream->end != NET_END_EOF;
    if (stream->failed || hung_up || (stream->shutdown_done && stream->end != NET_END_NONE))
        stream_close(stream);
    else if (stream->shutdown_done)
        uv_timer_start(&stream->timer, on_finish_timeout, LINGER_MS, 0);
}

void net_stream_finish(struct net_stream **stream) {
    struct net_stream *const gone = *stream;
    *stream = NULL;
    if (gone == NULL || gone->phase == STREAM_CLOSING) return;
    if (gone->phase != STREAM_OPEN || gone->failed || gone->end > NET_END_EOF) {
        stream_close(gone);
        return;
    }
    void (*on_gone)(void *) = gone->on_gone;
    gone->on_gone = NULL;
    gone->events = NULL;
    gone->phase = STREAM_FINISHING;
    net_turn_cancel(&gone->kick);
    uv_timer_start(&gone->timer, on_finish_timeout, FINISH_MS, 0);
    net_stream_shutdown(gone);
    stream_update_reading(gone);
    stream_finish_step(gone);
    if (on_gone) on_gone(gone->gone_owner);
}
