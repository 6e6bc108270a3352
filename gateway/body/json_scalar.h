/* The grammar of one JSON string or number: how far it reaches, and whether it is acceptable.
 *
 * The rules are those of json_walk.h; the walker is the only user outside the tests.
 * Threads: pure functions; any thread. */
#ifndef SLUICE_GATEWAY_BODY_JSON_SCALAR_H
#define SLUICE_GATEWAY_BODY_JSON_SCALAR_H

#include <stdbool.h>

struct json_scalar {
    const char *at; /* accepted: behind the number, or at the closing quote; else the byte that cannot be accepted */
    const char *reason; /* static; NULL when accepted */
    bool escaped;       /* a string that has a backslash */
};

/* [at, end): what follows the opening quote. */
struct json_scalar json_scalar_string(const char *at, const char *end, bool lenient_surrogates);

/* [at, end): the number's first byte and what follows; what may stand behind it is not looked at. */
struct json_scalar json_scalar_number(const char *at, const char *end);

#endif
