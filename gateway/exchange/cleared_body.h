/* Proof by type: the only thing that can be sent upstream.
 *
 * cleared_body_create is the one function that makes a struct cleared_body, and it does so only when every
 * step before it has succeeded: spanned, scanned, decided to allow, tokenised, rechecked, and recorded
 * durably. The part of the exchange that writes to upstreams takes nothing else.
 *
 * Owns: nothing; lives in the exchange's arena, as the bytes that it clears do. */
#ifndef SLUICE_GATEWAY_EXCHANGE_CLEARED_BODY_H
#define SLUICE_GATEWAY_EXCHANGE_CLEARED_BODY_H

#include "gateway/api/bridge.h"
#include "gateway/audit/chain.h"
#include "gateway/exchange/inbound.h"

struct cleared_body;

/* `entry` is the request's audit entry, durable. DENIED when any step is missing; OVERFLOW. */
enum outcome cleared_body_create(const struct inbound *in, const struct audit_entry *entry,
                                 const struct cleared_body **body_out) MUST_CHECK;

/* True when the verdict names this upstream (an index into the rules' upstreams). */
bool cleared_body_may_go_to(const struct cleared_body *body, uint32_t upstream);

#define CLEARED_PARTS 3

/* The bytes for one upstream, in order: the body, with the model's name as this upstream calls it. Answers how
 * many of the parts are used; 0: the upstream may not get it, or the arena is full. *len_out is their sum. */
uint32_t cleared_body_parts(const struct cleared_body *body, uint32_t upstream,
                            struct slice parts_out[static CLEARED_PARTS], size_t *len_out);

/* The same request for an upstream of another format, over that `bridge`: translated, and rechecked in its new form.
 * UNSUPPORTED: the format cannot say it; *problem_out says what. DENIED: the upstream may not get it, or the recheck
 * found something. Anything but OK: nothing may be sent. */
enum outcome cleared_body_translate(const struct cleared_body *body, uint32_t upstream, const struct api_bridge *bridge,
                                    uint64_t now_ms, struct slice *bytes_out,
                                    struct translate_problem *problem_out) MUST_CHECK;

#endif
