/* What the files of this folder see of a stream. Nobody else includes this: libuv ends here.
 *
 *     stream.c          its life: open, read, end, close
 *     stream_write.c    the outgoing direction: queue, marks, half close, finish
 *     stream_connect.c  an outgoing connection, until TCP stands
 *     stream_tls.c      the layer between socket and owner, from the handshake on
 *
 *     CONNECTING -> SECURING -> OPEN -> FINISHING -> CLOSING -> freed
 *          \________________/^
 * An accepted stream begins OPEN. Any phase may go to CLOSING. Memory is freed when the last of the two
 * handles has closed, never before, so every callback may look at `phase` after it called the owner. */
#ifndef SLUICE_GATEWAY_NET_STREAM_INSIDE_H
#define SLUICE_GATEWAY_NET_STREAM_INSIDE_H

#include <uv.h>

#include "gateway/net/loop_inside.h"
#include "gateway/net/stream.h"
#include "gateway/net/tls_session.h"
#include "gateway/net/write_queue.h"

enum stream_phase { STREAM_CONNECTING, STREAM_SECURING, STREAM_OPEN, STREAM_FINISHING, STREAM_CLOSING };

/* `detail` is valid only during the call, and NULL when the outcome says it all. */
typedef void net_stream_ready_fn(void *owner, enum outcome outcome, const struct detail *detail);

struct net_stream {
    uv_tcp_t tcp;
    uv_timer_t timer; /* CONNECTING: the attempt; FINISHING: the patience */
    uv_connect_t connect_request;
    uv_write_t write_request;
    uv_shutdown_t shutdown_request;
    unsigned open_handles_count;

    struct net_loop *loop;
    enum stream_phase phase;
    struct net_address peer;
    struct tls_session *tls; /* NULL: plain */

    /* The owner: of the connection attempt, then of the events. */
    net_stream_ready_fn *on_ready;
    const struct net_stream_events *events;
    void *owner;
    void (*on_gone)(void *gone_owner); /* the pool's: closed or finished, the slot is free */
    void *gone_owner;

    /* Incoming. */
    enum net_end end;
    bool paused;
    bool reading;         /* libuv reads */
    struct net_turn kick; /* look again at what waits in the TLS layer */

    /* Outgoing. */
    struct write_queue queue;
    size_t writing_bytes; /* of the queue's front: libuv has them */
    enum outcome failed;  /* the first failure */
    bool above_high_mark;
    bool shutdown_wanted, shutdown_begun, shutdown_done;
};

/* stream.c */
enum outcome net_stream_create(struct net_loop *loop, struct net_stream **stream_out) MUST_CHECK;

/* Takes over a connected socket in any case. */
enum outcome net_stream_open_socket(struct net_loop *loop, int socket, struct net_stream **stream_out) MUST_CHECK;

/* The socket stands: options, peer address, phase OPEN. */
void stream_opened(struct net_stream *stream);

/* Reads or stops reading, as phase, owner and pause say. Call after changing any of them. */
void stream_update_reading(struct net_stream *stream);

/* The incoming direction is over; tells the owner, once. */
void stream_end(struct net_stream *stream, enum net_end end);

/* Hands plaintext to the owner. */
void stream_deliver(struct net_stream *stream, struct slice bytes);

void stream_close(struct net_stream *stream);

/* Takes the events away; the stream stays open, unread and unowned. */
void net_stream_detach(struct net_stream *stream);

/* Called when the stream is closed or finished by whoever holds it; NULL ends the watch. */
void net_stream_watch_gone(struct net_stream *stream, void (*on_gone)(void *gone_owner), void *gone_owner);

/* Open both ways, nothing queued either way. */
bool net_stream_is_reusable(const struct net_stream *stream);

/* The same, and not a byte waiting in the kernel, which would be taken for the beginning of the next answer. */
bool net_stream_is_quiet(const struct net_stream *stream);

/* stream_write.c */
/* Sends what is queued; a failure is sticky. */
void stream_flush(struct net_stream *stream);

/* FINISHING: closes when both directions are done. */
void stream_finish_step(struct net_stream *stream);

/* stream_connect.c */
/* on_ready fires once, from the loop, unless the stream is closed before; never inside this call. An
 * attempt that takes longer than timeout_ms is TIMEOUT. A failed stream must still be closed. */
enum outcome net_stream_connect(struct net_loop *loop, const struct net_address *address, uint32_t timeout_ms,
                                net_stream_ready_fn *on_ready, void *owner, struct net_stream **stream_out) MUST_CHECK;

/* stream_tls.c */
/* The same for the TLS handshake over an open stream that nobody is attached to: CRYPTO with a detail when
 * the peer is not who it should be, IO when it hung up. `server_name` is copied. */
enum outcome net_stream_secure(struct net_stream *stream, const struct net_tls_client *client, const char *server_name,
                               net_stream_ready_fn *on_ready, void *owner, struct detail *detail) MUST_CHECK;

/* Ciphertext arrived. */
void stream_tls_receive(struct net_stream *stream, struct slice ciphertext);

/* The socket ended below the TLS layer. */
void stream_tls_end(struct net_stream *stream, enum net_end end);

/* Decrypts and delivers what waits, until the owner pauses or there is no whole record left. */
void stream_tls_pump(struct net_stream *stream);

/* Encrypts into the queue. */
enum outcome stream_tls_write(struct net_stream *stream, const struct slice *slices, unsigned count) MUST_CHECK;

void stream_tls_close_notify(struct net_stream *stream);

#endif
