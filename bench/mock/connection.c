#include "bench/mock/connection.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/require.h"
#include "bench/mock/player.h"

#define AHEAD_MOST_BYTES (64u << 20)

struct connection {
    uv_tcp_t tcp;
    struct player player;
    struct connection_context *context;
    struct connection *previous, *next;
    struct request_reader reader;
    struct buffer ahead; /* bytes that wait until the reply is out */
    struct reply reply;
    struct capture_stream capture;
    bool closing;
    unsigned open_handles;
};

static void link_in(struct connection *connection) {
    struct connection_context *context = connection->context;
    connection->next = context->first;
    if (context->first) context->first->previous = connection;
    context->first = connection;
}

static void unlink_from(struct connection *connection) {
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        connection->context->first = connection->next;
    if (connection->next) connection->next->previous = connection->previous;
}

static void on_handle_closed(struct connection *connection) {
    if (--connection->open_handles > 0) return;
    unlink_from(connection);
    request_reader_deinit(&connection->reader);
    buffer_deinit(&connection->ahead);
    reply_deinit(&connection->reply);
    free(connection);
}

static void on_tcp_closed(uv_handle_t *handle) {
    on_handle_closed(handle->data);
}

static void on_timer_closed(uv_handle_t *handle) {
    on_handle_closed((struct connection *)((char *)handle->data - offsetof(struct connection, player)));
}

enum closer { CLOSED_BY_PEER, CLOSED_BY_MOCK, RESET_BY_MOCK };

static void connection_close(struct connection *connection, enum closer closer) {
    if (connection->closing) return;
    connection->closing = true;
    capture_stream_close(&connection->capture, closer == CLOSED_BY_PEER, connection->player.total_bytes);
    if (closer != RESET_BY_MOCK || uv_tcp_close_reset(&connection->tcp, on_tcp_closed) != 0)
        uv_close((uv_handle_t *)&connection->tcp, on_tcp_closed);
    player_close(&connection->player, on_timer_closed);
}

/* True when the next request may be read. */
static bool follow(struct connection *connection, enum player_end end) {
    switch (end) {
    case PLAYER_RUNNING: return false;
    case PLAYER_KEEP: break;
    case PLAYER_CLOSE: connection_close(connection, CLOSED_BY_MOCK); return false;
    case PLAYER_RESET: connection_close(connection, RESET_BY_MOCK); return false;
    }
    request_reader_next(&connection->reader);
    return true;
}

static bool play(struct connection *connection) {
    if (connection->reply.failed) {
        connection_close(connection, RESET_BY_MOCK);
        return false;
    }
    return follow(connection, player_start(&connection->player, &connection->reply));
}

/* Reads and answers until a reply has to be waited for. Answers how many bytes were used up. */
static size_t pump(struct connection *connection, struct slice bytes) {
    size_t used = 0;
    while (used < bytes.len && !connection->closing && !connection->player.playing) {
        size_t consumed = 0;
        const enum request_state state =
            request_reader_feed(&connection->reader, slice_range(bytes, used, bytes.len), &consumed);
        used += consumed;
        if (state == REQUEST_MORE) continue;
        reply_clear(&connection->reply);
        if (state == REQUEST_READY) {
            capture_stream_request(&connection->capture, &connection->reader.request);
            answer_request(&connection->context->sources, &connection->reader.request, &connection->reply);
        } else {
            answer_broken(&connection->reply);
        }
        if (!play(connection)) break;
    }
    return used;
}

static void on_player_end(struct player *player, enum player_end end) {
    struct connection *connection = (struct connection *)((char *)player - offsetof(struct connection, player));
    if (!follow(connection, end) || connection->ahead.len == 0) return;
    buffer_consume(&connection->ahead, pump(connection, buffer_slice(&connection->ahead)));
}

static void on_alloc(uv_handle_t *handle, size_t suggested_bytes, uv_buf_t *buf) {
    (void)suggested_bytes;
    const struct connection *connection = handle->data;
    struct connection_context *context = connection->context;
    *buf = uv_buf_init(context->read_buffer, sizeof context->read_buffer);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf) {
    struct connection *connection = stream->data;
    if (len == 0) return;
    if (len < 0) {
        connection_close(connection, CLOSED_BY_PEER);
        return;
    }
    const struct slice bytes = {buf->base, (size_t)len};
    capture_stream_bytes(&connection->capture, bytes);
    const size_t used = connection->ahead.len ? 0 : pump(connection, bytes);
    buffer_append(&connection->ahead, slice_range(bytes, used, bytes.len));
    if (connection->ahead.failed) connection_close(connection, RESET_BY_MOCK);
}

void connection_accept(struct connection_context *context, uv_stream_t *listener, const char *name) {
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) return;
    connection->context = context;
    connection->open_handles = 2;
    require(uv_tcp_init(listener->loop, &connection->tcp) == 0);
    connection->tcp.data = connection;
    player_init(&connection->player, (uv_stream_t *)&connection->tcp, on_player_end);
    request_reader_init(&connection->reader, name);
    buffer_init(&connection->ahead, AHEAD_MOST_BYTES);
    reply_init(&connection->reply);
    capture_stream_open(context->capture, name, &connection->capture);
    link_in(connection);
    uv_stream_t *stream = (uv_stream_t *)&connection->tcp;
    if (uv_accept(listener, stream) != 0 || uv_tcp_nodelay(&connection->tcp, 1) != 0 ||
        uv_read_start(stream, on_alloc, on_read) != 0)
        connection_close(connection, CLOSED_BY_PEER);
}

void connection_close_all(struct connection_context *context) {
    for (struct connection *connection = context->first; connection; connection = connection->next)
        connection_close(connection, CLOSED_BY_MOCK);
}
