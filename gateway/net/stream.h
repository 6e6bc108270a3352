/* A connected byte stream, plain or TLS: the same to its user.
 *
 *     on_accept or the pool hands over a stream -> net_stream_attach -> on_data* -> on_end
 *                                                  net_stream_write* -> net_stream_finish or _close
 *
 * attach    says who gets the stream's events; reading begins
 * pause     back-pressure: bytes stay in the kernel until resume, and the peer slows down
 * shutdown  half close: "no more from me"; the other direction goes on
 * close     gone at once;  finish: gone after what is queued was sent
 *
 * The directions are independent: after NET_END_EOF the owner can still write (a half-open peer), and
 * after a failed write the answer that the peer sent before it hung up is still read.
 *
 * Owns:    the socket, the TLS session, the bytes that wait to be sent (wiped when they go).
 * Threads: its loop's only.
 * Re-entrancy: no callback runs inside a call of these functions; every function may be called inside
 *          every callback, close included. */
#ifndef SLUICE_GATEWAY_NET_STREAM_H
#define SLUICE_GATEWAY_NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/outcome.h"
#include "base/slice.h"
#include "gateway/net/address.h"

/* on_drain tells when fewer than the low mark wait after more than the high mark did. */
#define NET_STREAM_HIGH_MARK_BYTES ((size_t)256 * 1024)
#define NET_STREAM_LOW_MARK_BYTES ((size_t)64 * 1024)

struct net_stream;

/* How the incoming direction ended. Only EOF may finish a body that has no length of its own. */
enum net_end {
    NET_END_NONE = 0,  /* it has not */
    NET_END_EOF,       /* orderly; for TLS only after close_notify (RFC 5246 section 7.2.1) */
    NET_END_TRUNCATED, /* TLS: the connection ended without close_notify, so bytes may be missing */
    NET_END_RESET,     /* the peer reset the connection, or writing to it failed */
    NET_END_TIMEOUT,   /* the network gave up on the peer */
    NET_END_CORRUPT,   /* TLS: a record did not verify, or the peer sent a fatal alert */
    NET_END_NO_MEMORY, /* this process cannot hold what arrived */
    NET_END_COUNT
};

/* "EOF", "TRUNCATED"...; static storage. */
const char *net_end_name(enum net_end end);

struct net_stream_events {
    /* At least one byte, valid only during the call (the buffer is wiped after it). */
    void (*on_data)(void *owner, struct slice bytes);
    /* Once; no on_data after it. */
    void (*on_end)(void *owner, enum net_end end);
    /* See the marks; never after a write failed. NULL is allowed. */
    void (*on_drain)(void *owner);
};

/* Starts reading for `owner`; `events` must outlive the stream's use of it. A pooled stream is attached
 * anew by each owner; that also undoes a pause. Nothing more is called when the stream had ended. */
void net_stream_attach(struct net_stream *stream, const struct net_stream_events *events, void *owner);

/* Sends the slices one after the other, as far as the socket takes them now; copies and queues the rest, so
 * the bytes need not outlive the call. Only NET_STREAM_HIGH_MARK_BYTES and the caller's patience bound the
 * queue. The first failure stays: IO (or what the system said), NO_MEMORY, CRYPTO; CLOSED after shutdown. A queued
 * write that fails later is told by on_end (RESET), unless the incoming direction ended before. */
enum outcome net_stream_write(struct net_stream *stream, const struct slice *slices, unsigned count) MUST_CHECK;

/* Accepted by write and not yet taken by the kernel (for TLS: as sent, with its overhead). */
size_t net_stream_queued_bytes(const struct net_stream *stream);

/* No on_data until resume; neither is the end noticed. At once, also inside on_data. */
void net_stream_pause(struct net_stream *stream);
void net_stream_resume(struct net_stream *stream);

/* Half close after the queued writes; for TLS close_notify comes before it. */
void net_stream_shutdown(struct net_stream *stream);

/* Closes at once and sets *stream to NULL; no callback after it, and nothing that was queued is sent.
 * NULL is allowed. */
void net_stream_close(struct net_stream **stream);

/* Gives the stream up and sets *stream to NULL: what is queued is sent, the connection half closed, and
 * what the peer still says thrown away until it closes too, so that no reset overtakes the last bytes
 * (RFC 9112 section 9.6). At most 10 s, of which at most 2 s after the last byte. No callback after it. */
void net_stream_finish(struct net_stream **stream);

/* The incoming direction's end, NET_END_NONE while it is open. */
enum net_end net_stream_end(const struct net_stream *stream);

/* Where the peer is; all zero when the system would not say. */
const struct net_address *net_stream_peer(const struct net_stream *stream);

#endif
