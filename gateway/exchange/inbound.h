/* One body on its way in: span, scan, decide, tokenise, recheck. The five steps that need no socket.
 *
 *     span      body -> tape of strings, keys and numbers -> the text that is scanned
 *     scan      text -> findings
 *     decide    findings -> verdict
 *     select    findings -> covers (what is replaced, without overlaps) and their distinct values
 *     mint      values -> tokens; AGAIN while writes must become durable first
 *     assemble  covers and every other place where a value stands -> the body that would leave
 *     recheck   the body that would leave, walked and scanned once more -> nothing is left in it
 *
 * `serve`, `redact` and the leak benchmark all run these same functions, in this order; each refuses to
 * run before its predecessor has succeeded.
 *
 * Owns:    nothing; everything lives in the arena, values included.
 * Threads: one at a time; span, scan, select, assemble and recheck may run on a worker thread.
 * Errors:  any outcome but OK (and AGAIN of mint) means: block. */
#ifndef SLUICE_GATEWAY_EXCHANGE_INBOUND_H
#define SLUICE_GATEWAY_EXCHANGE_INBOUND_H

#include "detect/detector.h"
#include "gateway/api/api.h"
#include "gateway/exchange/layout.h"
#include "route/verdict.h"
#include "vault/vault.h"

/* What a body is judged by; all of it outlives the exchange. */
struct inbound_rules {
    const struct detector *detector;
    const struct policy *policy;
    const struct override *overrides;
    uint32_t override_count;
    const struct route_upstream *upstreams;
    uint32_t upstream_count;
    const char *agent;
};

/* How far a body has come. Zero: nothing has been done. */
enum inbound_progress {
    INBOUND_NEW = 0,
    INBOUND_SPANNED,
    INBOUND_SCANNED,
    INBOUND_DECIDED,
    INBOUND_SELECTED,
    INBOUND_MINTED,
    INBOUND_ASSEMBLED,
    INBOUND_RECHECKED,
};

/* A range of the scanned text that is replaced whole, as the value it stands for. */
struct cover {
    uint32_t begin, end; /* half-open, in the scanned text; atoms whole */
    uint32_t source_begin, source_end;
    uint32_t piece;
    uint32_t value; /* index of its distinct value */
    uint16_t rule;  /* of the worst finding that it covers */
};

/* A write on its way to the vault, and whoever waits for it. */
struct minted_write {
    struct vault_write write; /* first member: what comes back is a pointer to this struct */
    void *owner;
};

/* A distinct value and its token. */
struct minted {
    struct slice value, label;
    uint16_t rule; /* that named the label */
    struct token token;
    bool durable;                 /* the token may be used */
    struct minted_write *pending; /* while not durable */
};

struct inbound {
    struct arena *arena;
    const struct inbound_rules *rules;
    const struct api *api; /* NULL: the body is plain text (`redact`) */
    struct slice body;
    enum inbound_progress progress;
    const char *const *families; /* that can serve it, its own first; NULL: its own only */
    bool no_body;                /* a call without one: only what is carried is judged */
    bool embedding;              /* what is found goes to a local upstream in clear: a token would poison an index */
    struct slice carried[API_PASSED_MAX]; /* from the head, sent on as they are: scanned, never edited */
    uint32_t carried_count;
    bool strip; /* replace every finding, whatever its tier (`redact --mode strip`) */

    struct json_doc doc;
    struct json_error json_error; /* of span: where and why, never what */
    struct layout layout;
    struct finding_list findings;
    struct verdict verdict;
    struct cover *covers;
    uint32_t cover_count;
    struct minted *minted;
    uint32_t minted_count;
    struct slice outgoing;           /* == body, the same bytes, when nothing is replaced */
    struct slice model;              /* as the agent asked for it, decoded; empty when there is none */
    uint32_t model_begin, model_end; /* where it stands in outgoing; empty when it must not be mapped */
};

/* `body` must outlive the exchange; arena is fresh. */
void inbound_init(struct inbound *in, struct arena *arena, const struct inbound_rules *rules, const struct api *api,
                  struct slice body);

/* INVALID: no strict JSON (json_error says where); UNSUPPORTED: integers where text must be. */
enum outcome inbound_span(struct inbound *in) MUST_CHECK;
enum outcome inbound_scan(struct inbound *in) MUST_CHECK;

/* now_ms: wall clock, for overrides that expire. OK also when the verdict is to block. */
enum outcome inbound_decide(struct inbound *in, uint64_t now_ms) MUST_CHECK;

/* DENIED when the verdict does not allow, or a hit lies in text that must not be edited. */
enum outcome inbound_select(struct inbound *in) MUST_CHECK;

/* AGAIN: for every minted[i] that is not durable, submit its `pending`, wait, and call again. */
enum outcome inbound_mint(struct inbound *in, struct vault_reader *reader, const struct vault_scope *scope) MUST_CHECK;
enum outcome inbound_assemble(struct inbound *in) MUST_CHECK;
enum outcome inbound_recheck(struct inbound *in, uint64_t now_ms) MUST_CHECK;

/* Rechecks the same request in another wire format, as `body` of `api`: what a translation made of the outgoing body.
 */
enum outcome inbound_recheck_translated(const struct inbound *in, const struct api *api, struct slice body,
                                        uint64_t now_ms) MUST_CHECK;

/* The input that judges findings, for inbound's own files. */
struct verdict_input inbound_verdict_input(const struct inbound *in, uint64_t now_ms);

#endif
