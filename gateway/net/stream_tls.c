/* The TLS layer of a stream: ciphertext from the socket goes through the session to the owner, and the
 * other way round. The session's output is queued and flushed once a call, not once a record.
 *
 * What can fail: the handshake (the peer is refused), a record (CORRUPT), the socket's end before
 * close_notify (TRUNCATED). While the owner pauses, ciphertext that was read already is kept. */
#include "base/require.h"
#include "base/wipe.h"
#include "gateway/net/stream_inside.h"

static bool on_send(void *owner, struct slice ciphertext) {
    struct net_stream *stream = owner;
    return write_queue_append(&stream->queue, ciphertext);
}

static void tell_secured(struct net_stream *stream, enum outcome outcome, const struct detail *detail) {
    net_stream_ready_fn *on_ready = stream->on_ready;
    void *owner = stream->owner;
    stream->on_ready = NULL;
    stream->owner = NULL;
    if (outcome == OUTCOME_OK) stream->phase = STREAM_OPEN;
    stream_update_reading(stream);
    if (on_ready) on_ready(owner, outcome, detail);
}

static void go_on_with_handshake(struct net_stream *stream) {
    struct detail detail = {{0}};
    enum outcome outcome = tls_session_handshake(stream->tls, &detail);
    stream_flush(stream); /* also the alert that tells the peer why it was refused */
    if (outcome == OUTCOME_AGAIN || outcome == OUTCOME_OK) {
        if (!tls_session_keep(stream->tls)) outcome = OUTCOME_NO_MEMORY;
        if (stream->failed) outcome = stream->failed;
    }
    if (outcome != OUTCOME_AGAIN) tell_secured(stream, outcome, detail.text[0] ? &detail : NULL);
}

enum outcome net_stream_secure(struct net_stream *stream, const struct net_tls_client *client, const char *server_name,
                               net_stream_ready_fn *on_ready, void *owner, struct detail *detail) {
    require(stream->phase == STREAM_OPEN && stream->tls == NULL && stream->events == NULL);
    enum outcome outcome = tls_session_create(client, stream->loop, server_name, on_send, stream, &stream->tls, detail);
    if (outcome) return outcome;
    outcome = tls_session_handshake(stream->tls, detail); /* the ClientHello */
    if (outcome != OUTCOME_AGAIN) return outcome ? outcome : OUTCOME_CRYPTO;
    stream->on_ready = on_ready;
    stream->owner = owner;
    stream->phase = STREAM_SECURING;
    stream_flush(stream);
    if (stream->failed) return stream->failed;
    stream_update_reading(stream);
    return OUTCOME_OK;
}

static enum net_end end_of_outcome(enum outcome outcome) {
    if (outcome == OUTCOME_CLOSED) return NET_END_EOF;
    return outcome == OUTCOME_NO_MEMORY ? NET_END_NO_MEMORY : NET_END_CORRUPT;
}

static bool may_deliver(const struct net_stream *stream) {
    return stream->phase == STREAM_OPEN && stream->events && !stream->paused && stream->end == NET_END_NONE;
}

void stream_tls_pump(struct net_stream *stream) {
    char *const room = stream->loop->plain_buffer;
    enum outcome outcome = OUTCOME_OK;
    while (outcome == OUTCOME_OK && may_deliver(stream)) {
        size_t len = 0;
        outcome = tls_session_read(stream->tls, room, NET_PLAIN_BYTES, &len);
        if (outcome) break;
        stream_deliver(stream, slice_of(room, len));
        wipe(room, len);
    }
    if (stream->phase != STREAM_OPEN) return; /* closed or finished inside on_data */
    if (!tls_session_keep(stream->tls)) outcome = OUTCOME_NO_MEMORY;
    stream_flush(stream); /* an answer of the session's own, such as "no renegotiation" */
    if (outcome == OUTCOME_OK || outcome == OUTCOME_AGAIN) return;
    if (outcome != OUTCOME_CLOSED && stream->failed == OUTCOME_OK) stream->failed = outcome; /* nor may it write */
    stream_end(stream, end_of_outcome(outcome));
}

void stream_tls_receive(struct net_stream *stream, struct slice ciphertext) {
    tls_session_feed(stream->tls, ciphertext);
    if (stream->phase == STREAM_SECURING)
        go_on_with_handshake(stream);
    else
        stream_tls_pump(stream);
    stream_update_reading(stream);
}

void stream_tls_end(struct net_stream *stream, enum net_end end) {
    if (stream->phase == STREAM_SECURING) {
        struct detail detail;
        (void)detail_set(&detail, OUTCOME_IO, "the connection ended during the TLS handshake");
        stream->end = end;
        tell_secured(stream, end == NET_END_TIMEOUT ? OUTCOME_TIMEOUT : OUTCOME_IO, &detail);
        return;
    }
    stream_end(stream, end == NET_END_EOF ? NET_END_TRUNCATED : end);
}

enum outcome stream_tls_write(struct net_stream *stream, const struct slice *slices, unsigned count) {
    if (stream->end != NET_END_NONE) return OUTCOME_CLOSED; /* close_notify ends both directions (RFC 5246 7.2.1) */
    for (unsigned i = 0; i < count; i++) {
        const enum outcome outcome = tls_session_write(stream->tls, slices[i]);
        if (outcome) return outcome;
    }
    return OUTCOME_OK;
}

void stream_tls_close_notify(struct net_stream *stream) {
    tls_session_close_notify(stream->tls);
}
