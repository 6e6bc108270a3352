/* What an agent is told when sluice itself answers: refusals, failures, health.
 *
 * Every text is sluice's own. A policy refusal names rules and JSON paths, never a value or part of one. */
#ifndef SLUICE_GATEWAY_EXCHANGE_REFUSAL_H
#define SLUICE_GATEWAY_EXCHANGE_REFUSAL_H

#include "base/buffer.h"
#include "gateway/api/api.h"
#include "gateway/exchange/inbound.h"

/* The fields that every answer carries. */
struct answer_marks {
    struct slice request_id;
    enum tier tier;       /* TIER_NONE: it was not decided */
    const char *upstream; /* NULL: none */
    uint32_t tokens;
};

#define ANSWER_MARKS_COUNT 4
struct answer_mark_fields {
    struct http_field fields[ANSWER_MARKS_COUNT];
    char tokens[12];
};

/* Views `marks`; *out must not move while they are used. */
void answer_marks_fields(const struct answer_marks *marks, struct answer_mark_fields *out);

struct refusal_connection {
    bool keep_alive;
    unsigned minor_version;
};

/* Appends a whole answer: status, fields, the error in the API's shape, and `x-should-retry: false` where trying
 * again cannot help. */
void refusal_write(struct buffer *out, const struct answer_marks *marks, const struct api *api,
                   const struct api_error *error, struct refusal_connection connection);

/* The error for a step that did not succeed; its message may live in the arena. */
struct api_error refusal_of_step(const struct inbound *in, enum outcome outcome);

/* The body, or what becomes of it, is larger than the settings allow. */
extern const struct api_error refusal_too_large;

/* The error for a verdict that blocks, with the rules that decided and where they hit; lists live in the arena. */
struct api_error refusal_of_verdict(const struct inbound *in);

#endif
