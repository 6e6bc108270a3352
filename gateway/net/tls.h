/* How this gateway checks the servers that it talks to by TLS.
 *
 * At least TLS 1.2, ECDHE key exchange with AEAD ciphers only, a certificate that chains to a trusted root
 * and names the host; no renegotiation, no resumption. There is no way to turn a check off.
 *
 * A client configuration is immutable and shared by all loops. mbedTLS itself is not: verifying a signature
 * fills a table inside the root's key (mbedTLS 2.28, ecp.c), without a lock. So every loop gets contexts of
 * its own, parsed from the same bytes, at its first connection or from those that were prepared at create.
 *
 * Owns:    counted: the creator has one reference, every pool and connection that uses it another one.
 * Threads: any. */
#ifndef SLUICE_GATEWAY_NET_TLS_H
#define SLUICE_GATEWAY_NET_TLS_H

#include "base/outcome.h"

struct net_tls_client;

struct net_tls_settings {
    const char *ca_file;  /* PEM; NULL: the system's bundle, in the first usual place that has one */
    unsigned loops_count; /* contexts to prepare now, off the loops; 0 is 1 */
};

/* Reads and checks the trusted certificates: every one of the file must parse, the system's bundle
 * included. NOT_FOUND (no file), INVALID (a certificate in it does not parse, or there is none), IO,
 * NO_MEMORY, CRYPTO (no randomness). The settings are not needed afterwards. */
enum outcome net_tls_client_create(const struct net_tls_settings *settings, struct net_tls_client **client_out,
                                   struct detail *detail) MUST_CHECK;

/* Gives up the creator's reference and sets *client to NULL; NULL is allowed. Connections that use it go
 * on, and may outlive this. */
void net_tls_client_destroy(struct net_tls_client **client);

#endif
