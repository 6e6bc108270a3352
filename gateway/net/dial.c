/* One new connection.
 *
 *     next address -> TCP -> [TLS] -> done
 *          ^___________|________|
 *          not reached          hung up during the handshake
 *
 * The last failure is the one that is told: with one address, which is the rule, it is the only one. */
#include "gateway/net/dial.h"

#include <stdlib.h>

#include "base/require.h"
#include "gateway/net/lookup.h"
#include "gateway/net/stream_inside.h"

struct net_dial {
    struct net_loop *loop;
    struct net_address addresses[NET_LOOKUP_LARGEST_COUNT];
    struct net_dial_target target; /* .addresses is the copy above */
    unsigned next;                 /* the address to try */
    uint64_t deadline_ms;
    struct net_stream *stream;
    net_dial_fn *on_done;
    void *owner;
};

static void on_connected(void *owner, enum outcome outcome, const struct detail *why);
static void on_secured(void *owner, enum outcome outcome, const struct detail *why);

static enum outcome tell_tcp(const struct net_dial *dial, enum outcome outcome, const struct detail *why,
                             struct detail *detail) {
    char text[NET_ADDRESS_TEXT_BYTES];
    return detail_set(detail, outcome, "cannot connect to %.100s (%s): %.150s", dial->target.label,
                      net_address_text(&dial->addresses[dial->next - 1], text),
                      why ? why->text : outcome_text(outcome));
}

static enum outcome tell_tls(const struct net_dial *dial, enum outcome outcome, const struct detail *why,
                             struct detail *detail) {
    return detail_set(detail, outcome, "no TLS with %.100s (%.100s): %.150s", dial->target.label,
                      dial->target.server_name, why && why->text[0] ? why->text : outcome_text(outcome));
}

/* What is left of the time, shared evenly among the addresses that are left. */
static uint32_t share_ms(const struct net_dial *dial) {
    const uint64_t now_ms = net_loop_now_ms(dial->loop);
    const uint64_t left_ms = dial->deadline_ms > now_ms ? dial->deadline_ms - now_ms : 0;
    const uint64_t share = left_ms / (dial->target.count - dial->next);
    return share ? (uint32_t)share : 1;
}

/* Begins with the next address that lets itself be tried; the last failure when there is none. */
static enum outcome try_next(struct net_dial *dial, struct detail *detail) {
    enum outcome outcome = OUTCOME_IO;
    while (dial->next < dial->target.count) {
        const uint32_t timeout_ms = share_ms(dial);
        const struct net_address *address = &dial->addresses[dial->next++];
        outcome = net_stream_connect(dial->loop, address, timeout_ms, on_connected, dial, &dial->stream);
        if (outcome == OUTCOME_OK) return outcome;
        (void)tell_tcp(dial, outcome, NULL, detail);
    }
    return outcome;
}

static void finish(struct net_dial *dial, enum outcome outcome, const struct detail *detail) {
    net_dial_fn *on_done = dial->on_done;
    void *owner = dial->owner;
    struct net_stream *stream = dial->stream;
    free(dial);
    if (outcome) net_stream_close(&stream);
    on_done(owner, outcome, stream, detail);
}

/* `detail` says why this address failed, and is told when it was the last. */
static void go_on(struct net_dial *dial, enum outcome outcome, struct detail *detail) {
    net_stream_close(&dial->stream);
    const bool may_try = outcome == OUTCOME_IO || outcome == OUTCOME_TIMEOUT || outcome == OUTCOME_CLOSED;
    if (may_try && dial->next < dial->target.count) {
        outcome = try_next(dial, detail);
        if (outcome == OUTCOME_OK) return;
    }
    finish(dial, outcome, detail);
}

static void secure(struct net_dial *dial) {
    struct detail why = {{0}};
    struct detail detail;
    const enum outcome outcome =
        net_stream_secure(dial->stream, dial->target.tls_client, dial->target.server_name, on_secured, dial, &why);
    if (outcome) go_on(dial, tell_tls(dial, outcome, &why, &detail), &detail);
}

static void on_connected(void *owner, enum outcome outcome, const struct detail *why) {
    struct net_dial *dial = owner;
    struct detail detail = {{0}};
    if (outcome)
        go_on(dial, tell_tcp(dial, outcome, why, &detail), &detail);
    else if (dial->target.tls_client)
        secure(dial);
    else
        finish(dial, OUTCOME_OK, &detail);
}

static void on_secured(void *owner, enum outcome outcome, const struct detail *why) {
    struct net_dial *dial = owner;
    struct detail detail = {{0}};
    if (outcome)
        go_on(dial, tell_tls(dial, outcome, why, &detail), &detail);
    else
        finish(dial, OUTCOME_OK, &detail);
}

enum outcome net_dial_start(struct net_loop *loop, const struct net_dial_target *target, net_dial_fn *on_done,
                            void *owner, struct net_dial **dial_out, struct detail *detail) {
    require(target->count > 0 && target->count <= NET_LOOKUP_LARGEST_COUNT);
    struct net_dial *dial = calloc(1, sizeof *dial);
    if (dial == NULL) return OUTCOME_NO_MEMORY;
    dial->loop = loop;
    dial->target = *target;
    memcpy(dial->addresses, target->addresses, target->count * sizeof *target->addresses);
    dial->target.addresses = dial->addresses;
    dial->deadline_ms = net_loop_now_ms(loop) + target->timeout_ms;
    dial->on_done = on_done;
    dial->owner = owner;
    const enum outcome outcome = try_next(dial, detail);
    if (outcome)
        free(dial);
    else
        *dial_out = dial;
    return outcome;
}

void net_dial_cancel(struct net_dial **dial) {
    if (*dial == NULL) return;
    net_stream_close(&(*dial)->stream);
    free(*dial);
    *dial = NULL;
}
