/* The leg to the upstream.
 *
 * Happy path: the next candidate whose breaker allows it -> a connection from the pool -> the cleared body,
 * and nothing else, is written -> the answer's head -> return.c. What can fail: no connection, or a definite
 * refusal (429, 503): the next candidate that the verdict names; after that 503. Once bytes of an
 * answer went to the agent there is no other candidate. */
#include "gateway/exchange/exchange_inside.h"

#include <stdio.h>

#include "base/clock.h"
#include "gateway/http/message_writer.h"

static struct exchange *of_owner(void *owner) {
    return owner;
}

static const struct service_upstream *upstream_of(const struct exchange *exchange) {
    return &exchange->worker->service->upstreams[exchange->outbound.upstream];
}

static struct breaker *breaker_of(const struct exchange *exchange) {
    return &exchange->worker->breakers[exchange->outbound.upstream];
}

const struct api *outbound_api(const struct exchange *exchange) {
    return exchange->outbound.bridged ? exchange->outbound.bridge.api : exchange->api;
}

static uint64_t now_ms(void) {
    return clock_monotonic_ns() / 1000000;
}

static const struct api_error nobody_may = {
    .status = 503,
    .code = "sluice_no_upstream",
    .message = "no configured upstream may get a request of this tier, so nothing was sent",
    .final = true,
};

static const struct api_error nobody_answers = {
    .status = 503,
    .code = "sluice_upstream_unavailable",
    .message = "none of the upstreams that may get a request of this tier can be reached",
};

static const struct api_error upstream_broke = {
    .status = 502,
    .code = "sluice_upstream_failed",
    .message = "the upstream broke off, or answered with something that is no valid answer",
};

/* --- writing --- */

struct request_fields {
    struct http_field fields[12];
    uint32_t count;
    struct buffer key; /* wiped with the buffer */
};

static void add_field(struct request_fields *request, struct slice name, struct slice value) {
    const uint32_t capacity = sizeof request->fields / sizeof request->fields[0];
    if (request->count < capacity) request->fields[request->count++] = (struct http_field){name, value};
}

static bool has_field(const struct request_fields *request, struct slice name) {
    for (uint32_t i = 0; i < request->count; i++)
        if (slice_equal(request->fields[i].name, name)) return true;
    return false;
}

/* What proves to the upstream who calls. */
static void add_key(const struct exchange *exchange, struct request_fields *request) {
    const struct settings_upstream *settings = upstream_of(exchange)->settings;
    const struct api_family *family = outbound_api(exchange)->family;
    if (settings->auth == AUTH_KEY) {
        buffer_append_str(&request->key, family->key_prefix);
        buffer_append(&request->key,
                      slice_of((const char *)secret_view(settings->api_key), secret_len(settings->api_key)));
        add_field(request, slice_str(family->key_field), buffer_slice(&request->key));
    } else if (settings->auth == AUTH_PASSTHROUGH && exchange->passed_key.value.len) {
        add_field(request, exchange->passed_key.name, exchange->passed_key.value);
    }
}

static void add_fields(const struct exchange *exchange, struct request_fields *request) {
    if (exchange->call.route->kind != ROUTE_LISTING)
        add_field(request, SLICE("content-type"), SLICE("application/json"));
    add_field(request, SLICE("accept"),
              exchange->wants_events ? SLICE("text/event-stream") : SLICE("application/json"));
    add_field(request, SLICE("accept-encoding"), SLICE("identity"));
    add_field(request, SLICE("user-agent"), SLICE("sluice"));
    for (uint32_t i = 0; i < exchange->passed_count && !exchange->outbound.bridged; i++)
        add_field(request, exchange->passed[i].name, exchange->passed[i].value);
    for (const struct http_field *fixed = outbound_api(exchange)->family->fixed; fixed->name.len; fixed++)
        if (!has_field(request, fixed->name)) add_field(request, fixed->name, fixed->value);
    add_key(exchange, request);
}

/* The path behind the upstream's base path, with the model's name as this upstream calls it. */
static void write_path(const struct exchange *exchange, struct buffer *path) {
    const struct route_call *call = &exchange->call;
    struct slice model = {NULL, 0};
    if (call->model_word >= 0)
        (void)upstream_model(&exchange->rules.upstreams[exchange->outbound.upstream], call->words[call->model_word],
                             &model);
    buffer_append_str(path, upstream_of(exchange)->settings->url.base_path);
    if (exchange->outbound.bridged)
        buffer_append_str(path, exchange->outbound.bridge.upstream_path);
    else
        api_route_write(call, model, path);
}

/* Writes the request for the candidate at hand; the body comes from the cleared body alone. */
static enum outcome send_request(struct exchange *exchange) {
    struct slice parts[1 + CLEARED_PARTS];
    size_t len = exchange->outbound.translated.len;
    uint32_t count = 1;
    parts[1] = exchange->outbound.translated; /* by cleared_body_translate, when it is bridged */
    if (!exchange->outbound.bridged)
        count = cleared_body_parts(exchange->cleared, exchange->outbound.upstream, parts + 1, &len);
    if (count == 0) return OUTCOME_DENIED;
    struct request_fields request = {.count = 0};
    struct buffer head, path;
    buffer_init(&head, 0);
    buffer_init(&path, 0);
    buffer_init(&request.key, 0);
    add_fields(exchange, &request);
    write_path(exchange, &path);
    http_write_request(&head, slice_str(api_method_name(exchange->call.route->method)), buffer_slice(&path),
                       slice_str(upstream_of(exchange)->settings->url.authority), request.fields, request.count, len);
    enum outcome outcome = head.failed || path.failed || request.key.failed ? OUTCOME_NO_MEMORY : OUTCOME_OK;
    parts[0] = buffer_slice(&head);
    if (outcome == OUTCOME_OK) outcome = net_stream_write(exchange->outbound.stream, parts, 1 + count);
    buffer_deinit(&request.key);
    buffer_deinit(&path);
    buffer_deinit(&head);
    return outcome;
}

/* --- reading --- */

static bool is_definite_refusal(unsigned status) {
    return status == 429 || status == 503;
}

static bool has_more_candidates(const struct exchange *exchange) {
    return exchange->outbound.next_candidate < exchange->in.verdict.candidate_count;
}

static void try_next(struct exchange *exchange) {
    outbound_end(exchange, false);
    outbound_start(exchange);
    if (exchange->state == EXCHANGE_REFUSING) exchange_tick(exchange);
}

/* The upstream failed before its answer began: nothing of it was delivered. Its bytes may have been acted upon, so
 * that no other candidate is asked. */
static void answer_failed(struct exchange *exchange) {
    breaker_failure(breaker_of(exchange), now_ms());
    outbound_end(exchange, false);
    if (exchange->state == EXCHANGE_SENDING) {
        exchange_refuse(exchange, upstream_broke);
        exchange_tick(exchange);
    } else if (exchange->state == EXCHANGE_ANSWERING) {
        return_broken(exchange, &upstream_broke);
    }
}

static void take_head(struct exchange *exchange) {
    const struct http_head *head = response_reader_head(exchange->outbound.reader);
    if (is_definite_refusal(head->status) && has_more_candidates(exchange)) {
        breaker_failure(breaker_of(exchange), now_ms());
        try_next(exchange);
        return;
    }
    if (head->status >= 500)
        breaker_failure(breaker_of(exchange), now_ms());
    else
        breaker_success(breaker_of(exchange));
    return_head(exchange, head);
}

/* Hands one event of the reader on. False: nothing more is to be read on this connection. */
static bool take_event(struct exchange *exchange, enum http_event event, struct slice body) {
    struct response_reader *reader = exchange->outbound.reader;
    switch (event) {
    case HTTP_HEAD: take_head(exchange); break;
    case HTTP_BODY: return_body(exchange, body); break;
    case HTTP_DONE: return_end(exchange); return false;
    case HTTP_REFUSED: answer_failed(exchange); return false;
    case HTTP_NEED_MORE: return false;
    }
    return exchange->outbound.reader == reader && reader != NULL;
}

static void on_data(void *owner, struct slice bytes) {
    struct exchange *exchange = of_owner(owner);
    exchange_enter(exchange);
    bool more = true;
    while (more) {
        size_t used = 0;
        struct slice body;
        const enum http_event event = response_reader_feed(exchange->outbound.reader, bytes, &used, &body);
        bytes = slice_range(bytes, used, bytes.len);
        more = take_event(exchange, event, body);
    }
    exchange_leave(exchange);
}

static void on_end(void *owner, enum net_end end) {
    struct exchange *exchange = of_owner(owner);
    exchange_enter(exchange);
    const enum http_event event = response_reader_finish(exchange->outbound.reader, end == NET_END_EOF);
    (void)take_event(exchange, event == HTTP_DONE ? HTTP_DONE : HTTP_REFUSED, slice_of(NULL, 0));
    exchange_leave(exchange);
}

static const struct net_stream_events stream_events = {.on_data = on_data, .on_end = on_end};

/* --- connecting --- */

static void on_connected(void *owner, enum outcome outcome, struct net_stream *stream, bool reused,
                         const struct detail *detail) {
    (void)reused;
    (void)detail;
    struct exchange *exchange = of_owner(owner);
    exchange_enter(exchange);
    exchange->outbound.connecting = false;
    exchange->outbound.stream = stream;
    if (outcome == OUTCOME_OK)
        outcome = response_reader_create(&HTTP_RESPONSE_LIMITS, false, &exchange->outbound.reader);
    if (outcome == OUTCOME_OK) {
        net_stream_attach(stream, &stream_events, exchange);
        outcome = send_request(exchange);
        if (exchange->client)
            client_time(exchange->client, exchange->worker->service->settings->timeouts.upstream_first_byte_ms);
        if (outcome != OUTCOME_OK) answer_failed(exchange);
    } else {
        breaker_failure(breaker_of(exchange), now_ms());
        try_next(exchange);
    }
    exchange_leave(exchange);
}

static void connect_candidate(struct exchange *exchange) {
    const struct service_upstream *upstream = upstream_of(exchange);
    exchange->outbound.connecting = true;
    net_pool_acquire(exchange->worker->pool, &upstream->origin, upstream->settings->connect_timeout_ms,
                     &exchange->outbound.request, on_connected, exchange);
}

/* Readies the request for the candidate at hand: as it is, or over a bridge. False: it cannot be asked. */
static bool prepare_candidate(struct exchange *exchange) {
    struct outbound *outbound = &exchange->outbound;
    const struct slice family = slice_str(exchange->rules.upstreams[outbound->upstream].api);
    outbound->bridged = !slice_equal(family, slice_str(exchange->api->family->name));
    if (!outbound->bridged) return true;
    if (!api_bridge_find(exchange->call.route, family, &outbound->bridge)) return false;
    struct translate_problem problem = {.reason = NULL};
    const enum outcome outcome = cleared_body_translate(exchange->cleared, outbound->upstream, &outbound->bridge,
                                                        clock_wall_ms(), &outbound->translated, &problem);
    if (outcome == OUTCOME_OK) return true;
    outbound->cannot_be_said = outcome == OUTCOME_UNSUPPORTED || outcome == OUTCOME_INVALID;
    if (outbound->cannot_be_said) outbound->problem = problem;
    return false;
}

/* What the only upstreams that may get the request cannot be told, by its place in the format. */
static struct api_error cannot_be_said(struct exchange *exchange) {
    const struct translate_problem *problem = &exchange->outbound.problem;
    char text[384];
    const int len = snprintf(text, sizeof text,
                             "the upstream that may get this request speaks another format, which "
                             "cannot say %s: %s",
                             problem->path[0] ? problem->path : "it", problem->reason ? problem->reason : "unknown");
    const char *copy = len > 0 && (size_t)len < sizeof text ? arena_string(&exchange->arena, slice_str(text)) : NULL;
    return (struct api_error){.status = 400,
                              .code = "sluice_not_translatable",
                              .message = copy ? copy : "the upstream's format cannot say this request"};
}

void outbound_start(struct exchange *exchange) {
    const struct verdict *verdict = &exchange->in.verdict;
    while (has_more_candidates(exchange)) {
        exchange->outbound.upstream = verdict->candidates[exchange->outbound.next_candidate++];
        if (!cleared_body_may_go_to(exchange->cleared, exchange->outbound.upstream)) continue;
        if (!prepare_candidate(exchange) || !breaker_allows(breaker_of(exchange), now_ms())) continue;
        connect_candidate(exchange);
        return;
    }
    if (exchange->outbound.cannot_be_said)
        exchange_refuse(exchange, cannot_be_said(exchange));
    else
        exchange_refuse(exchange, verdict->candidate_count ? nobody_answers : nobody_may);
}

void outbound_end(struct exchange *exchange, bool reusable) {
    struct outbound *outbound = &exchange->outbound;
    if (outbound->connecting) net_pool_cancel(&outbound->request);
    outbound->connecting = false;
    if (outbound->stream) {
        const bool clean = reusable && outbound->reader && response_reader_is_reusable(outbound->reader);
        net_pool_release(exchange->worker->pool, &upstream_of(exchange)->origin, &outbound->stream, clean);
    }
    response_reader_destroy(outbound->reader);
    outbound->reader = NULL;
    outbound->paused = false;
}

void outbound_pause(struct exchange *exchange) {
    if (exchange->outbound.stream == NULL || exchange->outbound.paused) return;
    exchange->outbound.paused = true;
    net_stream_pause(exchange->outbound.stream);
}

void outbound_resume(struct exchange *exchange) {
    if (exchange->outbound.stream == NULL || !exchange->outbound.paused) return;
    exchange->outbound.paused = false;
    net_stream_resume(exchange->outbound.stream);
}
