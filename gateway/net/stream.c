/* A stream's life: it is opened over a socket, read for its owner, ends, is closed.
 *
 * What can fail: the socket ends in one of the ways of enum net_end; the owner closes the stream inside
 * any callback. Both are seen in `end` and `phase` before anything else is done. */
#include "gateway/net/stream.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/require.h"
#include "base/wipe.h"
#include "gateway/net/stream_inside.h"
#include "gateway/net/uv_outcome.h"

/* An idle TCP connection asks after its peer: a dead one must not hold an exchange for ever. */
#define KEEPALIVE_SECONDS 60u

static const char *const end_names[NET_END_COUNT] = {"NONE",    "EOF",     "TRUNCATED", "RESET",
                                                     "TIMEOUT", "CORRUPT", "NO_MEMORY"};

const char *net_end_name(enum net_end end) {
    return (unsigned)end < NET_END_COUNT ? end_names[end] : "UNKNOWN";
}

static void on_alloc(uv_handle_t *handle, size_t suggested_bytes, uv_buf_t *buffer_out) {
    (void)suggested_bytes;
    struct net_stream *stream = handle->data;
    *buffer_out = uv_buf_init(stream->loop->read_buffer, NET_READ_BYTES);
}

/* libuv reports an end of file when a poll says "data and hang-up" and the data is read: also when the
 * hang-up was a reset. The socket knows: it holds an error, or it is closed although we did not shut it
 * down (the error may have gone to a write). */
static bool was_reset(const struct net_stream *stream) {
    uv_os_fd_t socket = -1;
    int error = 0;
    socklen_t error_bytes = sizeof error;
    struct tcp_info info = {0};
    socklen_t info_bytes = sizeof info;
    if (uv_fileno((const uv_handle_t *)&stream->tcp, &socket)) return true;
    if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &error_bytes) || error) return true;
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &info_bytes)) return true;
    return info.tcpi_state == TCP_CLOSE && !stream->shutdown_begun;
}

static enum net_end end_of_status(const struct net_stream *stream, ssize_t status) {
    switch (status) {
    case UV_EOF: return was_reset(stream) ? NET_END_RESET : NET_END_EOF;
    case UV_ETIMEDOUT:
    case UV_EHOSTUNREACH:
    case UV_ENETUNREACH: return NET_END_TIMEOUT;
    default: return NET_END_RESET;
    }
}

static void received(struct net_stream *stream, struct slice bytes) {
    if (stream->phase == STREAM_FINISHING) return;
    if (stream->tls)
        stream_tls_receive(stream, bytes);
    else
        stream_deliver(stream, bytes);
}

static void on_read(uv_stream_t *handle, ssize_t count, const uv_buf_t *buffer) {
    struct net_stream *stream = handle->data;
    if (count > 0) {
        received(stream, slice_of(buffer->base, (size_t)count));
        wipe(buffer->base, (size_t)count);
    } else if (count < 0) {
        const enum net_end end = end_of_status(stream, count);
        if (stream->tls && stream->phase != STREAM_FINISHING)
            stream_tls_end(stream, end);
        else
            stream_end(stream, end);
    }
}

void stream_deliver(struct net_stream *stream, struct slice bytes) {
    if (stream->events && stream->end == NET_END_NONE) stream->events->on_data(stream->owner, bytes);
}

void stream_end(struct net_stream *stream, enum net_end end) {
    if (stream->end != NET_END_NONE || stream->phase == STREAM_CLOSING) return;
    /* The failed write has taken the socket's error with it; what is left looks like an orderly end. */
    if (end == NET_END_EOF && stream->failed) end = NET_END_RESET;
    stream->end = end;
    stream_update_reading(stream);
    if (stream->phase == STREAM_FINISHING)
        stream_finish_step(stream);
    else if (stream->events)
        stream->events->on_end(stream->owner, end);
}

static bool wants_reading(const struct net_stream *stream) {
    if (stream->end != NET_END_NONE) return false;
    switch (stream->phase) {
    case STREAM_SECURING:
    case STREAM_FINISHING: return true;
    case STREAM_OPEN: return stream->events && !stream->paused && !(stream->tls && tls_session_has_input(stream->tls));
    default: return false;
    }
}

void stream_update_reading(struct net_stream *stream) {
    const bool wanted = wants_reading(stream);
    if (stream->phase == STREAM_CLOSING || wanted == stream->reading) return;
    stream->reading = wanted;
    if (wanted)
        require(uv_read_start((uv_stream_t *)&stream->tcp, on_alloc, on_read) == 0);
    else
        uv_read_stop((uv_stream_t *)&stream->tcp);
}

/* What waits in the TLS layer is delivered outside the call that made it deliverable. */
static void on_kick(struct net_turn *kick) {
    struct net_stream *stream = RING_ITEM(kick, struct net_stream, kick);
    stream_tls_pump(stream);
    stream_update_reading(stream);
}

enum outcome net_stream_create(struct net_loop *loop, struct net_stream **stream_out) {
    struct net_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) return OUTCOME_NO_MEMORY;
    require(uv_tcp_init(&loop->uv, &stream->tcp) == 0);
    require(uv_timer_init(&loop->uv, &stream->timer) == 0);
    stream->open_handles_count = 2;
    stream->tcp.data = stream->timer.data = stream;
    stream->write_request.data = stream->shutdown_request.data = stream->connect_request.data = stream;
    stream->kick.on_turn = on_kick;
    stream->loop = loop;
    stream->phase = STREAM_CONNECTING;
    *stream_out = stream;
    return OUTCOME_OK;
}

void stream_opened(struct net_stream *stream) {
    struct sockaddr_storage name = {0};
    int name_bytes = sizeof name;
    /* Options that fail cost speed, not safety; a socket that is already dead says so when it is read. */
    (void)uv_tcp_nodelay(&stream->tcp, 1);
    (void)uv_tcp_keepalive(&stream->tcp, 1, KEEPALIVE_SECONDS);
    if (uv_tcp_getpeername(&stream->tcp, (struct sockaddr *)&name, &name_bytes) == 0)
        (void)net_address_from_socket((const struct sockaddr *)&name, &stream->peer);
    stream->phase = STREAM_OPEN;
}

enum outcome net_stream_open_socket(struct net_loop *loop, int socket, struct net_stream **stream_out) {
    struct net_stream *stream = NULL;
    const enum outcome outcome = net_stream_create(loop, &stream);
    if (outcome) {
        close(socket);
        return outcome;
    }
    const int status = uv_tcp_open(&stream->tcp, socket);
    if (status) {
        close(socket);
        stream_close(stream);
        return net_uv_outcome(status);
    }
    stream_opened(stream);
    *stream_out = stream;
    return OUTCOME_OK;
}

static void on_closed(uv_handle_t *handle) {
    struct net_stream *stream = handle->data;
    if (--stream->open_handles_count) return;
    tls_session_destroy(&stream->tls);
    write_queue_clear(&stream->queue);
    free(stream);
}

static void tell_gone(struct net_stream *stream) {
    if (stream->on_gone == NULL) return;
    void (*on_gone)(void *) = stream->on_gone;
    stream->on_gone = NULL;
    on_gone(stream->gone_owner);
}

void stream_close(struct net_stream *stream) {
    if (stream->phase == STREAM_CLOSING) return;
    stream->phase = STREAM_CLOSING;
    stream->events = NULL;
    stream->on_ready = NULL;
    net_turn_cancel(&stream->kick);
    uv_close((uv_handle_t *)&stream->tcp, on_closed);
    uv_close((uv_handle_t *)&stream->timer, on_closed);
    tell_gone(stream);
}

void net_stream_close(struct net_stream **stream) {
    struct net_stream *const gone = *stream;
    *stream = NULL;
    if (gone) stream_close(gone);
}

void net_stream_attach(struct net_stream *stream, const struct net_stream_events *events, void *owner) {
    require(stream->phase == STREAM_OPEN);
    stream->events = events;
    stream->owner = owner;
    net_stream_resume(stream);
}

void net_stream_detach(struct net_stream *stream) {
    stream->events = NULL;
    stream->owner = NULL;
    stream_update_reading(stream);
}

void net_stream_watch_gone(struct net_stream *stream, void (*on_gone)(void *gone_owner), void *gone_owner) {
    stream->on_gone = on_gone;
    stream->gone_owner = gone_owner;
}

void net_stream_pause(struct net_stream *stream) {
    stream->paused = true;
    stream_update_reading(stream);
}

void net_stream_resume(struct net_stream *stream) {
    stream->paused = false;
    if (stream->tls && tls_session_has_input(stream->tls)) net_loop_soon(stream->loop, &stream->kick);
    stream_update_reading(stream);
}

enum net_end net_stream_end(const struct net_stream *stream) {
    return stream->end;
}

const struct net_address *net_stream_peer(const struct net_stream *stream) {
    return &stream->peer;
}

bool net_stream_is_reusable(const struct net_stream *stream) {
    if (stream->phase != STREAM_OPEN || stream->end != NET_END_NONE || stream->failed) return false;
    if (stream->shutdown_wanted || stream->queue.bytes) return false;
    return stream->tls == NULL || !tls_session_has_input(stream->tls);
}

bool net_stream_is_quiet(const struct net_stream *stream) {
    uv_os_fd_t socket = -1;
    char byte = 0;
    if (!net_stream_is_reusable(stream) || uv_fileno((const uv_handle_t *)&stream->tcp, &socket)) return false;
    return recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}
