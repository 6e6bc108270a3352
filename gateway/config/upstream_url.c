#include "gateway/config/upstream_url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "gateway/config/port.h"

/* RFC 1035 section 2.3.4. */
#define LONGEST_HOST_BYTES 253u
#define LONGEST_PATH_BYTES 256u

struct parts {
    struct slice host, port, path;
    bool bracketed;
};

static bool is_alnum(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_path_char(char c) {
    return is_alnum(c) || (c != '\0' && strchr("-._~/", c) != NULL);
}

static bool host_name_valid(struct slice host) {
    if (host.len == 0 || host.len > LONGEST_HOST_BYTES) return false;
    if (host.data[0] == '.' || host.data[0] == '-') return false;
    for (size_t i = 0; i < host.len; i++) {
        const char c = host.data[i];
        if (!is_alnum(c) && c != '-' && c != '_' && c != '.') return false;
        if (c == '.' && i + 1 < host.len && host.data[i + 1] == '.') return false;
    }
    return true;
}

static bool host_ipv6_valid(struct slice host) {
    char text[INET6_ADDRSTRLEN] = {0};
    struct in6_addr ip;
    if (host.len == 0 || host.len >= sizeof text) return false;
    memcpy(text, host.data, host.len);
    return inet_pton(AF_INET6, text, &ip) == 1;
}

static bool segment_valid(struct slice segment) {
    return segment.len > 0 && !slice_equal(segment, SLICE(".")) && !slice_equal(segment, SLICE(".."));
}

/* `path` is empty or begins with a slash and does not end with one. */
static bool path_valid(struct slice path) {
    if (path.len > LONGEST_PATH_BYTES) return false;
    for (size_t i = 0; i < path.len; i++)
        if (!is_path_char(path.data[i])) return false;
    for (size_t begin = 1, end; begin <= path.len; begin = end + 1) {
        for (end = begin; end < path.len && path.data[end] != '/';) end++;
        if (!segment_valid(slice_range(path, begin, end))) return false;
    }
    return true;
}

static size_t find(struct slice text, char c) {
    const char *at = text.len ? memchr(text.data, c, text.len) : NULL;
    return at ? (size_t)(at - text.data) : text.len;
}

static bool split_authority(struct slice authority, struct parts *parts) {
    size_t end;
    parts->bracketed = authority.len > 0 && authority.data[0] == '[';
    if (parts->bracketed) {
        end = find(authority, ']');
        if (end == authority.len) return false;
        parts->host = slice_range(authority, 1, end);
        end++;
    } else {
        end = find(authority, ':');
        parts->host = slice_range(authority, 0, end);
    }
    parts->port = slice_range(authority, end, authority.len);
    return true;
}

/* Answers what is wrong, or NULL. */
static const char *check_host(const struct parts *parts) {
    if (parts->host.len == 0) return "has no host";
    if (parts->bracketed ? !host_ipv6_valid(parts->host) : !host_name_valid(parts->host))
        return "has a host that is neither a name nor an address";
    return NULL;
}

static const char *check_port(struct slice port, uint16_t *port_out) {
    if (port.len == 0) return NULL;
    if (port.data[0] != ':' || !port_parse(slice_range(port, 1, port.len), port_out) || *port_out == 0)
        return "has a port that is not a number from 1 to 65535";
    return NULL;
}

static const char *split(struct slice text, struct parts *parts, struct upstream_url *url) {
    if (slice_starts_with(text, SLICE("https://"))) {
        url->tls = true;
        text = slice_range(text, 8, text.len);
    } else if (slice_starts_with(text, SLICE("http://"))) {
        text = slice_range(text, 7, text.len);
    } else {
        return "must begin with http:// or https://";
    }
    url->port = url->tls ? 443 : 80;
    if (find(text, '?') < text.len) return "must not hold a query";
    if (find(text, '#') < text.len) return "must not hold a fragment";
    const size_t slash = find(text, '/');
    const struct slice authority = slice_range(text, 0, slash);
    if (find(authority, '@') < authority.len) return "must not hold a user or password; use api_key";
    parts->path = slice_range(text, slash, text.len);
    if (parts->path.len > 0 && parts->path.data[parts->path.len - 1] == '/') parts->path.len--;

    if (!split_authority(authority, parts)) return "has an address without its closing bracket";
    const char *problem = check_host(parts);
    if (problem == NULL) problem = check_port(parts->port, &url->port);
    if (problem == NULL && !path_valid(parts->path))
        problem = "has a path with more than letters, digits, - . _ ~ in its segments, or an empty or dotted one";
    return problem;
}

static const char *copy_lower(struct slice host, struct arena *arena) {
    char *copy = arena_string(arena, host);
    for (size_t i = 0; copy && i < host.len; i++) copy[i] = slice_ascii_lower(copy[i]);
    return copy;
}

static const char *write_authority(const struct parts *parts, const struct upstream_url *url, struct arena *arena) {
    char text[LONGEST_HOST_BYTES + sizeof "[]:65535"];
    const bool usual = url->port == (url->tls ? 443 : 80);
    int len =
        snprintf(text, sizeof text, "%s%s%s", parts->bracketed ? "[" : "", url->host, parts->bracketed ? "]" : "");
    if (!usual) len += snprintf(text + len, sizeof text - (size_t)len, ":%u", url->port);
    return arena_string(arena, slice_of(text, (size_t)len));
}

enum outcome upstream_url_parse(struct slice text, struct arena *arena, struct upstream_url *url_out,
                                const char **problem_out) {
    struct upstream_url url = {0};
    struct parts parts = {0};
    *problem_out = split(text, &parts, &url);
    if (*problem_out) return OUTCOME_INVALID;
    url.host = copy_lower(parts.host, arena);
    url.base_path = arena_string(arena, parts.path);
    if (url.host == NULL || url.base_path == NULL) return OUTCOME_NO_MEMORY;
    url.authority = write_authority(&parts, &url, arena);
    if (url.authority == NULL) return OUTCOME_NO_MEMORY;
    *url_out = url;
    return OUTCOME_OK;
}

static bool ipv4_private(uint32_t ip) {
    return ip >> 24 == 127 || ip >> 24 == 10 || ip >> 20 == 0xac1 || ip >> 16 == 0xc0a8 || ip >> 16 == 0xa9fe;
}

static bool name_private(const char *host) {
    static const char *const endings[] = {".local", ".internal", ".lan", ".home.arpa", ".localhost", ".svc"};
    const size_t len = strlen(host);
    if (strchr(host, '.') == NULL) return true;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        const size_t ending = strlen(endings[i]);
        if (len > ending && strcmp(host + len - ending, endings[i]) == 0) return true;
    }
    return false;
}

bool upstream_url_looks_public(const struct upstream_url *url) {
    struct in_addr ipv4;
    struct in6_addr ipv6;
    if (inet_pton(AF_INET, url->host, &ipv4) == 1) return !ipv4_private(ntohl(ipv4.s_addr));
    if (inet_pton(AF_INET6, url->host, &ipv6) == 1)
        return !IN6_IS_ADDR_LOOPBACK(&ipv6) && !IN6_IS_ADDR_LINKLOCAL(&ipv6) && (ipv6.s6_addr[0] & 0xfe) != 0xfc;
    return !name_private(url->host);
}
