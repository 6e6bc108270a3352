/* What tls_session.c sees of a client configuration. Nobody else includes this: mbedTLS ends here. */
#ifndef SLUICE_GATEWAY_NET_TLS_INSIDE_H
#define SLUICE_GATEWAY_NET_TLS_INSIDE_H

#include <mbedtls/ssl.h>

#include "gateway/net/loop.h"
#include "gateway/net/tls.h"

/* The reference is the caller's until net_tls_client_unref. */
const struct net_tls_client *net_tls_client_ref(const struct net_tls_client *client);
void net_tls_client_unref(const struct net_tls_client *client);

/* The loop's own contexts, made at its first call; NULL when they cannot be made. They live as long as the
 * client. Loop thread. */
const mbedtls_ssl_config *net_tls_client_config(const struct net_tls_client *client, const struct net_loop *loop,
                                                struct detail *detail);

/* mbedTLS's own words for an error, static or in `text`. */
struct tls_error_text {
    char text[160];
};
const char *net_tls_error(int error, struct tls_error_text *text);

/* NO_MEMORY for mbedTLS's many ways to say so, else CRYPTO. */
enum outcome net_tls_outcome(int error);

#endif
