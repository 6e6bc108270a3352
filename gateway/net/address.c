#include "gateway/net/address.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>

static bool parse_port(struct slice text, unsigned short *port_out) {
    if (text.len == 0 || text.len > 5) return false;
    uint32_t port = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        port = port * 10 + (uint32_t)(text.data[i] - '0');
    }
    if (port > UINT16_MAX) return false;
    *port_out = (unsigned short)port;
    return true;
}

bool net_address_from_host(struct slice host, unsigned short port, struct net_address *address_out) {
    char text[INET6_ADDRSTRLEN];
    if (host.len == 0 || host.len >= sizeof text || memchr(host.data, '\0', host.len)) return false;
    memcpy(text, host.data, host.len);
    text[host.len] = '\0';
    struct net_address address = {0};
    if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons(port);
    } else if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons(port);
    } else {
        return false;
    }
    *address_out = address;
    return true;
}

/* Splits at the last colon; brackets belong to an IPv6 host and are taken off. */
static bool split(struct slice text, struct slice *host_out, struct slice *port_out, bool *bracketed_out) {
    const char *colon = text.len ? memrchr(text.data, ':', text.len) : NULL;
    if (colon == NULL) return false;
    const size_t at = (size_t)(colon - text.data);
    *host_out = slice_range(text, 0, at);
    *port_out = slice_range(text, at + 1, text.len);
    *bracketed_out = host_out->len >= 2 && host_out->data[0] == '[' && host_out->data[at - 1] == ']';
    if (*bracketed_out) *host_out = slice_range(*host_out, 1, host_out->len - 1);
    return true;
}

static bool is_host_name(struct slice host) {
    for (size_t i = 0; i < host.len; i++) {
        const char c = slice_ascii_lower(host.data[i]);
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '.') return false;
    }
    return host.len > 0;
}

static enum outcome refuse(struct slice text, struct detail *detail) {
    return detail_set(detail, OUTCOME_INVALID,
                      "expected an address such as 127.0.0.1:8787, [::1]:8787 or :8787, found \"%.*s\"",
                      (int)(text.len < 100 ? text.len : 100), text.len ? text.data : "");
}

enum outcome net_address_parse(struct slice text, struct net_address *address_out, struct detail *detail) {
    if (slice_starts_with(text, SLICE("unix:")))
        return detail_set(detail, OUTCOME_UNSUPPORTED, "unix sockets are not served; use a loopback address");
    struct slice host = {0};
    struct slice port_text = {0};
    bool bracketed = false;
    unsigned short port = 0;
    if (!split(text, &host, &port_text, &bracketed) || !parse_port(port_text, &port)) return refuse(text, detail);
    if (host.len == 0 && !bracketed) host = SLICE("0.0.0.0");
    if (slice_equal_nocase(host, SLICE("localhost"))) host = SLICE("127.0.0.1");
    if (net_address_from_host(host, port, address_out)) {
        const bool is_v6 = address_out->any.sa_family == AF_INET6;
        return is_v6 == bracketed ? OUTCOME_OK : refuse(text, detail);
    }
    if (bracketed || !is_host_name(host)) return refuse(text, detail);
    return detail_set(detail, OUTCOME_UNSUPPORTED, "\"%.*s\" is a name; an address to listen on must be numeric",
                      (int)(host.len < 100 ? host.len : 100), host.data);
}

bool net_address_from_socket(const struct sockaddr *from, struct net_address *address_out) {
    *address_out = (struct net_address){0};
    if (from->sa_family == AF_INET)
        memcpy(&address_out->v4, from, sizeof address_out->v4);
    else if (from->sa_family == AF_INET6)
        memcpy(&address_out->v6, from, sizeof address_out->v6);
    else
        return false;
    return true;
}

bool net_address_is_loopback(const struct net_address *address) {
    if (address->any.sa_family == AF_INET) return (ntohl(address->v4.sin_addr.s_addr) >> 24) == 127;
    if (address->any.sa_family != AF_INET6) return false;
    const struct in6_addr *ip = &address->v6.sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(ip) || (IN6_IS_ADDR_V4MAPPED(ip) && ip->s6_addr[12] == 127);
}

unsigned short net_address_port(const struct net_address *address) {
    if (address->any.sa_family == AF_INET) return ntohs(address->v4.sin_port);
    if (address->any.sa_family == AF_INET6) return ntohs(address->v6.sin6_port);
    return 0;
}

socklen_t net_address_len(const struct net_address *address) {
    return address->any.sa_family == AF_INET6 ? sizeof address->v6 : sizeof address->v4;
}

const char *net_address_text(const struct net_address *address, char text[NET_ADDRESS_TEXT_BYTES]) {
    char ip[INET6_ADDRSTRLEN];
    const bool is_v6 = address->any.sa_family == AF_INET6;
    const void *from = is_v6 ? (const void *)&address->v6.sin6_addr : (const void *)&address->v4.sin_addr;
    if (address->any.sa_family == 0 || inet_ntop(address->any.sa_family, from, ip, sizeof ip) == NULL)
        (void)snprintf(text, NET_ADDRESS_TEXT_BYTES, "?");
    else
        (void)snprintf(text, NET_ADDRESS_TEXT_BYTES, is_v6 ? "[%s]:%u" : "%s:%u", ip, net_address_port(address));
    return text;
}
