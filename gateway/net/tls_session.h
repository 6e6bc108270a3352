/* One TLS connection as client, without a socket: ciphertext is fed in and comes out through a function.
 *
 *     feed -> handshake -> read* / write* -> close_notify
 *
 * mbedTLS ends here and in tls_client.c; this folder alone uses it.
 * Owns: the mbedTLS context, a reference to its client configuration, ciphertext that it was asked to keep.
 * Threads: its loop's only. */
#ifndef SLUICE_GATEWAY_NET_TLS_SESSION_H
#define SLUICE_GATEWAY_NET_TLS_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "gateway/net/loop.h"
#include "gateway/net/tls.h"

struct tls_session;

/* Takes a copy of the ciphertext; false when there is no memory for it, which breaks the session. */
typedef bool tls_send_fn(void *owner, struct slice ciphertext);

/* The server must prove to be `server_name` (copied): a DNS name. NO_MEMORY, CRYPTO, INVALID. */
enum outcome tls_session_create(const struct net_tls_client *client, const struct net_loop *loop,
                                const char *server_name, tls_send_fn *send, void *owner,
                                struct tls_session **session_out, struct detail *detail) MUST_CHECK;

void tls_session_destroy(struct tls_session **session);

/* Gives the session ciphertext to work on: borrowed until the next keep. Nothing may be left of earlier
 * bytes, see has_input. */
void tls_session_feed(struct tls_session *session, struct slice ciphertext);

/* Copies what was not used of the borrowed bytes; false when there is no memory for it. */
bool tls_session_keep(struct tls_session *session);

/* Something waits that a read may turn into plaintext. */
bool tls_session_has_input(const struct tls_session *session);

/* Goes on with the handshake as far as the fed bytes reach. OK: it is done. AGAIN: feed more. CRYPTO: the
 * peer is refused, the detail names it and says why. NO_MEMORY. */
enum outcome tls_session_handshake(struct tls_session *session, struct detail *detail) MUST_CHECK;

/* Plaintext into `room`, which has room_bytes. OK with *len_out > 0. AGAIN: feed more. CLOSED: the peer
 * sent close_notify. CRYPTO: a record does not verify, or the peer sent a fatal alert. NO_MEMORY. */
enum outcome tls_session_read(struct tls_session *session, char *room, size_t room_bytes, size_t *len_out) MUST_CHECK;

/* Encrypts all of it. NO_MEMORY, CRYPTO. */
enum outcome tls_session_write(struct tls_session *session, struct slice plaintext) MUST_CHECK;

void tls_session_close_notify(struct tls_session *session);

#endif
