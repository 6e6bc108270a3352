/* An IP address and port, as configuration writes it and as a socket takes it. Pure functions. */
#ifndef SLUICE_GATEWAY_NET_ADDRESS_H
#define SLUICE_GATEWAY_NET_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/outcome.h"
#include "base/slice.h"

/* All zero is no address: net_address_is_loopback is false for it. */
struct net_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
};

/* "[" + 45 + "]:" + 5 + NUL */
#define NET_ADDRESS_TEXT_BYTES 56u

/* "127.0.0.1:8787", "[::1]:8787", "localhost:8787" (127.0.0.1), or ":8787": every IPv4 address of the host
 * ("[::]:8787" is both families). Port 0 lets the system choose. INVALID for anything else; UNSUPPORTED
 * for "unix:..." and for other host names, which are never looked up here. */
enum outcome net_address_parse(struct slice text, struct net_address *address_out, struct detail *detail) MUST_CHECK;

/* A numeric host ("127.0.0.1", "::1") and a port; false when `host` is anything else. */
bool net_address_from_host(struct slice host, unsigned short port, struct net_address *address_out);

/* False when `from` is neither IPv4 nor IPv6. */
bool net_address_from_socket(const struct sockaddr *from, struct net_address *address_out);

/* 127.0.0.0/8, ::1, and 127.0.0.0/8 mapped into IPv6. */
bool net_address_is_loopback(const struct net_address *address);

unsigned short net_address_port(const struct net_address *address);

/* The length that bind and connect want. */
socklen_t net_address_len(const struct net_address *address);

/* Writes "127.0.0.1:8787" or "[::1]:8787", "?" for no address; always NUL-terminated. Returns `text`. */
const char *net_address_text(const struct net_address *address, char text[NET_ADDRESS_TEXT_BYTES]);

#endif
