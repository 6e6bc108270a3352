/* llhttp reads the same bytes, and must agree.
 *
 * Two readings of a message that differ are how requests are smuggled, so every message has two readers
 * here: ours, and llhttp in strict mode. Ours is the stricter; its answer is the one that counts, and
 * counts only while llhttp finds the same start line, fields, framing, body bytes and end.
 *
 * This is the only file that knows llhttp. It includes no other of our headers that name methods or
 * events, since llhttp.h takes HTTP_GET and HTTP_HEAD for itself.
 *
 * Owns: its parser.  Errors: a disagreement stays until the next head. */
#ifndef SLUICE_HTTP_WIRE_CHECK_H
#define SLUICE_HTTP_WIRE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/outcome.h"
#include "gateway/http/http_field.h"

struct wire_check;

/* Our reading of a head, for llhttp to confirm. */
struct wire_reading {
    struct slice method; /* of a request */
    struct slice target;
    unsigned status; /* of a response */
    unsigned minor_version;
    const struct http_field *fields;
    uint32_t field_count;
    uint64_t content_length;
    bool has_length, chunked;
    bool keep_alive; /* llhttp may say no where we say yes only at the price of a refusal */
    bool to_head;    /* answers HEAD: no body follows, whatever the fields say */
    bool ends;       /* the message ends with its head */
};

enum outcome wire_check_create(bool for_requests, struct wire_check **out) MUST_CHECK;
void wire_check_destroy(struct wire_check *check);

/* Begins a message with its whole raw head; the fields in `ours` view `raw_head`. False: llhttp disagrees. */
bool wire_check_head(struct wire_check *check, struct slice raw_head, const struct wire_reading *ours) MUST_CHECK;

/* The next bytes behind the head, of which we say that `body` (which views them, or is empty) is body, and
 * that the message does or does not end with them. */
bool wire_check_bytes(struct wire_check *check, struct slice bytes, struct slice body, bool ends) MUST_CHECK;

/* The stream is over: whether llhttp holds the message for whole. */
bool wire_check_finish(struct wire_check *check) MUST_CHECK;

#endif
