/* The base URL of an upstream, split once, at load: `https://api.openai.com/v1`.
 *
 * Strict: http or https, a host, perhaps a port, a plain path (RFC 3986 unreserved characters and `/`, no
 * empty, `.` or `..` segment). No userinfo, query or fragment: a request's target is this path and the
 * path of the API call, nothing else.
 *
 * Owns: views into the arena it was parsed with.  Pure; any thread. */
#ifndef SLUICE_GATEWAY_CONFIG_UPSTREAM_URL_H
#define SLUICE_GATEWAY_CONFIG_UPSTREAM_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/outcome.h"
#include "base/slice.h"

struct upstream_url {
    bool tls;
    const char *host;      /* lower case, without brackets: for connecting, SNI and certificates */
    uint16_t port;         /* 1 to 65535 */
    const char *authority; /* for the Host header: with brackets, and with the port where it is not the scheme's */
    const char *base_path; /* "" or "/v1": no slash at its end */
};

/* INVALID with *problem_out (static text, says what is wrong and holds no part of the URL); NO_MEMORY. */
enum outcome upstream_url_parse(struct slice text, struct arena *arena, struct upstream_url *url_out,
                                const char **problem_out) MUST_CHECK;

/* True when the host looks like one outside: neither loopback or private address, nor a name without a dot
 * or under .local, .internal, .lan, .home.arpa, .localhost, .svc. A hint for warnings, never for decisions. */
bool upstream_url_looks_public(const struct upstream_url *url);

#endif
