#include "gateway/exchange/client.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "gateway/admin/health.h"
#include "gateway/exchange/exchange.h"
#include "gateway/exchange/refusal.h"
#include "gateway/exchange/worker.h"
#include "gateway/http/message_writer.h"
#include "gateway/http/request_reader.h"

#define EARLY_BYTES_MAX (64u << 10)             /* of a next request, before the present one is answered */
#define CHUNK_OVERHEAD_BYTES ((size_t)64 << 10) /* see struct http_limits */
#define PACE_CHECK_MS 1000

/* What the connection is doing, and so what its timer means. */
enum client_phase {
    CLIENT_IDLE,    /* between requests */
    CLIENT_HEAD,    /* a head is arriving */
    CLIENT_BODY,    /* a body is arriving */
    CLIENT_BUSY,    /* an exchange works on the request */
    CLIENT_CLOSING, /* given up; the memory goes when the last callback returns */
};

struct client {
    struct ring link; /* in worker->clients */
    struct worker *worker;
    struct net_stream *stream;
    struct request_reader *reader;
    struct net_timer *timer;
    struct exchange *exchange;
    struct buffer early;
    struct net_turn turn; /* reads `early` outside the callback that ended the exchange */
    enum client_phase phase;
    bool admin;
    bool health; /* the request at hand is a health check */
    uint64_t body_begin_ms;
    size_t body_bytes;
    uint32_t entered;
};

struct client *client_of_link(struct ring *link) {
    return RING_ITEM(link, struct client, link);
}

static const struct settings *settings_of(const struct client *client) {
    return client->worker->service->settings;
}

static void client_destroy(struct client *client) {
    struct worker *worker = client->worker;
    ring_remove(&client->link);
    net_turn_cancel(&client->turn);
    net_timer_close(&client->timer);
    request_reader_destroy(client->reader);
    buffer_deinit(&client->early);
    free(client);
    worker_client_gone(worker);
}

static void enter(struct client *client) {
    client->entered++;
}

static void leave(struct client *client) {
    if (--client->entered == 0 && client->phase == CLIENT_CLOSING) client_destroy(client);
}

/* Ends the connection: at once, or after what is queued was sent. Its exchange is cancelled. */
static void give_up(struct client *client, bool send_queued) {
    if (client->phase == CLIENT_CLOSING) return;
    client->phase = CLIENT_CLOSING;
    if (send_queued)
        net_stream_finish(&client->stream);
    else
        net_stream_close(&client->stream);
    struct exchange *exchange = client->exchange;
    client->exchange = NULL;
    if (exchange) exchange_cancel(exchange);
}

static void expect_request(struct client *client) {
    client->phase = CLIENT_IDLE;
    client->body_bytes = 0;
    net_timer_start(client->timer, settings_of(client)->timeouts.keep_alive_ms, 0);
}

/* --- reading requests --- */

static void refuse_message(struct client *client) {
    const struct http_refusal refusal = request_reader_refusal(client->reader);
    const struct answer_marks marks = {.request_id = SLICE("none"), .tier = TIER_NONE};
    const struct api_error error = {
        .status = refusal.status,
        .code = refusal.status == 413 ? refusal_too_large.code : "sluice_bad_request",
        .message = refusal.reason,
    };
    struct buffer out;
    buffer_init(&out, 0);
    refusal_write(&out, &marks, api_default(), &error, (struct refusal_connection){false, 1});
    if (!out.failed) (void)client_send(client, buffer_slice(&out));
    buffer_deinit(&out);
    give_up(client, true);
}

static void answer_health(struct client *client) {
    const struct http_head *head = request_reader_head(client->reader);
    const bool keep = head->keep_alive && !client->worker->draining;
    struct buffer out;
    buffer_init(&out, 0);
    health_write(head, client->worker->draining, keep, &out);
    const bool sent = !out.failed && client_send(client, buffer_slice(&out));
    buffer_deinit(&out);
    if (!sent || !keep) {
        give_up(client, sent);
        return;
    }
    request_reader_reset(client->reader);
    expect_request(client);
}

static void take_head(struct client *client) {
    const struct http_head *head = request_reader_head(client->reader);
    client->health = health_is_asked(head);
    client->phase = CLIENT_BODY;
    client->body_begin_ms = net_loop_now_ms(client->worker->loop);
    net_timer_start(client->timer, PACE_CHECK_MS, PACE_CHECK_MS);
    if (client->health) return;
    if (exchange_create(client->worker, client, head, client->admin, &client->exchange) != OUTCOME_OK) {
        give_up(client, false);
        return;
    }
    if (!exchange_wants_body(client->exchange)) {
        client->phase = CLIENT_BUSY;
        exchange_begin(client->exchange);
    } else if (head->expect_continue) {
        (void)client_send(client, SLICE(HTTP_CONTINUE));
    }
}

static void take_body(struct client *client, struct slice bytes) {
    client->body_bytes += bytes.len;
    if (client->exchange) exchange_body(client->exchange, bytes);
}

static void take_end(struct client *client) {
    net_timer_stop(client->timer);
    if (client->health) {
        answer_health(client);
        return;
    }
    client->phase = CLIENT_BUSY;
    exchange_begin(client->exchange);
}

/* Hands one event of the reader on; false when no more is to be read now. */
static bool take_event(struct client *client, enum http_event event, struct slice body) {
    switch (event) {
    case HTTP_HEAD: take_head(client); break;
    case HTTP_BODY: take_body(client, body); break;
    case HTTP_DONE: take_end(client); break;
    case HTTP_REFUSED: refuse_message(client); break;
    case HTTP_NEED_MORE: return false;
    }
    return client->phase != CLIENT_BUSY && client->phase != CLIENT_CLOSING;
}

/* Bytes of a next request, which wait until the present one is answered. */
static void keep_early(struct client *client, struct slice bytes) {
    buffer_append(&client->early, bytes);
    if (client->early.failed) give_up(client, false);
}

/* Reads on until more bytes or an answer is needed; what a busy connection got early is kept. */
static void read_bytes(struct client *client, struct slice bytes) {
    bool more = true;
    while (more) {
        if (client->phase == CLIENT_IDLE && bytes.len) {
            client->phase = CLIENT_HEAD;
            net_timer_start(client->timer, settings_of(client)->timeouts.head_ms, 0);
        }
        size_t used = 0;
        struct slice body;
        const enum http_event event = request_reader_feed(client->reader, bytes, &used, &body);
        bytes = slice_range(bytes, used, bytes.len);
        more = take_event(client, event, body);
    }
    if (client->phase == CLIENT_BUSY && bytes.len > 0) keep_early(client, bytes);
}

static void on_data(void *owner, struct slice bytes) {
    struct client *client = owner;
    enter(client);
    const bool waits = client->phase == CLIENT_BUSY || client->early.len > 0; /* never before what came earlier */
    if (waits)
        keep_early(client, bytes);
    else
        read_bytes(client, bytes);
    leave(client);
}

static void on_turn(struct net_turn *turn) {
    struct client *client = RING_ITEM(turn, struct client, turn);
    enter(client);
    struct buffer early = client->early;
    buffer_init(&client->early, EARLY_BYTES_MAX);
    read_bytes(client, buffer_slice(&early));
    buffer_deinit(&early);
    leave(client);
}

static void on_end(void *owner, enum net_end end) {
    struct client *client = owner;
    (void)end;
    enter(client);
    give_up(client, false);
    leave(client);
}

static void on_drain(void *owner) {
    struct client *client = owner;
    enter(client);
    if (client->exchange) exchange_drained(client->exchange);
    leave(client);
}

/* A body must come at a pace, after a grace of the head's time. */
static bool too_slow(const struct client *client) {
    const struct settings_timeouts *timeouts = &settings_of(client)->timeouts;
    const uint64_t elapsed_ms = net_loop_now_ms(client->worker->loop) - client->body_begin_ms;
    if (elapsed_ms <= timeouts->head_ms) return false;
    return client->body_bytes < (elapsed_ms - timeouts->head_ms) * timeouts->body_bytes_per_second / 1000;
}

static void on_timer(void *owner) {
    struct client *client = owner;
    enter(client);
    switch (client->phase) {
    case CLIENT_IDLE:
    case CLIENT_HEAD: give_up(client, false); break;
    case CLIENT_BODY:
        if (too_slow(client)) give_up(client, false);
        break;
    case CLIENT_BUSY: exchange_timeout(client->exchange); break;
    case CLIENT_CLOSING: break;
    }
    leave(client);
}

static const struct net_stream_events stream_events = {.on_data = on_data, .on_end = on_end, .on_drain = on_drain};

/* --- for the exchange --- */

void client_accept(struct worker *worker, struct net_stream *stream, bool admin) {
    const struct settings *settings = worker->service->settings;
    const struct http_limits limits = {settings->limits.head_bytes, settings->limits.body_bytes, CHUNK_OVERHEAD_BYTES};
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        net_stream_close(&stream);
        return;
    }
    client->worker = worker;
    client->stream = stream;
    client->admin = admin;
    client->turn.on_turn = on_turn;
    buffer_init(&client->early, EARLY_BYTES_MAX);
    ring_append(&worker->clients, &client->link);
    worker->client_count++;
    enter(client);
    const bool full = worker->client_count > settings->limits.connections;
    if (full || request_reader_create(&limits, &client->reader) != OUTCOME_OK ||
        net_timer_create(worker->loop, on_timer, client, &client->timer) != OUTCOME_OK) {
        give_up(client, false);
    } else {
        net_stream_attach(stream, &stream_events, client);
        expect_request(client);
    }
    leave(client);
}

bool client_send(struct client *client, struct slice bytes) {
    return client->stream && net_stream_write(client->stream, &bytes, 1) == OUTCOME_OK;
}

bool client_is_full(const struct client *client) {
    return client->stream && net_stream_queued_bytes(client->stream) > NET_STREAM_HIGH_MARK_BYTES;
}

void client_answered(struct client *client, bool keep) {
    enter(client);
    client->exchange = NULL;
    if (!keep || client->worker->draining) {
        give_up(client, true);
    } else {
        request_reader_reset(client->reader);
        expect_request(client);
        if (client->early.len) net_loop_soon(client->worker->loop, &client->turn);
    }
    leave(client);
}

void client_abort(struct client *client) {
    enter(client);
    client->exchange = NULL;
    give_up(client, false);
    leave(client);
}

void client_time(struct client *client, uint32_t delay_ms) {
    if (client->phase == CLIENT_CLOSING) return;
    if (delay_ms)
        net_timer_start(client->timer, delay_ms, 0);
    else
        net_timer_stop(client->timer);
}

void client_drain(struct client *client, bool force) {
    enter(client);
    if (client->phase == CLIENT_BUSY && force) {
        exchange_timeout(client->exchange);
        if (client->phase == CLIENT_BUSY) give_up(client, false);
    } else if (client->phase == CLIENT_IDLE || force) {
        give_up(client, false);
    }
    leave(client);
}
