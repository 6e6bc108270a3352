/* The leg back to the agent.
 *
 * Happy path: the upstream's head decides how its body is treated: an event stream is restored event by
 * event as it arrives, a JSON document as a whole, anything else (errors, listings, other types) passes
 * unread. What can fail: a coded body, which nobody asked for, and an answer that breaks off. Before the agent
 * got a head that is a 502; after it, an error event where the format has one, and a cut connection where not. */
#include "gateway/exchange/exchange_inside.h"

#include "gateway/http/message_writer.h"

#define PASSED_FIELDS_MAX 32

static const struct api_error coded_answer = {
    .status = 502,
    .code = "sluice_upstream_coded",
    .message = "the upstream answered in a Content-Encoding that was not asked for",
};

static const struct api_error unusable_answer = {
    .status = 502,
    .code = "sluice_upstream_failed",
    .message = "the upstream's answer cannot be held or restored",
};

/* --- the head --- */

static bool is_type(const struct http_head *head, struct slice type) {
    const struct slice *field = http_head_field(head, "content-type");
    if (field == NULL || field->len < type.len) return false;
    if (!slice_equal_nocase(slice_range(*field, 0, type.len), type)) return false;
    return field->len == type.len || field->data[type.len] == ';' || field->data[type.len] == ' ';
}

static enum answer_mode mode_of(const struct exchange *exchange, const struct http_head *head) {
    const bool success = head->status >= 200 && head->status < 300;
    if (exchange->outbound.bridged && !success) return ANSWER_DOCUMENT; /* an error in another format's shape */
    if (!success || head->status == 204 || exchange->call.route->kind != ROUTE_PROMPT) return ANSWER_PASSED;
    const struct slice stream =
        outbound_api(exchange)->lines ? SLICE("application/x-ndjson") : SLICE("text/event-stream");
    if (is_type(head, stream)) return ANSWER_STREAM;
    return is_type(head, SLICE("application/json")) ? ANSWER_DOCUMENT : ANSWER_PASSED;
}

/* Fields of an upstream that agents use; everything else stays behind. */
static bool is_passed(struct slice name) {
    static const char *const names[] = {"content-type",   "retry-after",          "retry-after-ms",
                                        "x-request-id",   "cache-control",        "request-id",
                                        "openai-version", "openai-processing-ms", "x-should-retry"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (slice_equal_nocase(name, slice_str(names[i]))) return true;
    const struct slice limits = SLICE("x-ratelimit-");
    return name.len > limits.len && slice_equal_nocase(slice_range(name, 0, limits.len), limits);
}

static bool send_buffer(struct exchange *exchange, struct buffer *out) {
    const bool sent = !out->failed && exchange->client && client_send(exchange->client, buffer_slice(out));
    if (sent && client_is_full(exchange->client)) outbound_pause(exchange);
    return sent;
}

/* The answer cannot go on: the agent's connection is cut, so that it does not look finished. */
static void abandon(struct exchange *exchange) {
    struct client *client = exchange->client;
    exchange->client = NULL;
    outbound_end(exchange, false);
    exchange_move(exchange, EXCHANGE_DONE);
    if (client) client_abort(client);
}

/* A carried answer is of the agent's type, not of the upstream's. */
static struct slice carried_type(const struct exchange *exchange) {
    if (exchange->answer.mode != ANSWER_STREAM) return SLICE("application/json");
    return exchange->api->lines ? SLICE("application/x-ndjson") : SLICE("text/event-stream");
}

static uint32_t add_upstream_fields(const struct exchange *exchange, struct http_field *fields, uint32_t count) {
    const struct http_head *head = response_reader_head(exchange->outbound.reader);
    const bool bridged = exchange->outbound.bridged;
    if (bridged) fields[count++] = (struct http_field){SLICE("content-type"), carried_type(exchange)};
    for (uint32_t i = 0; i < head->field_count && count < ANSWER_MARKS_COUNT + PASSED_FIELDS_MAX; i++) {
        if (bridged && slice_equal_nocase(head->fields[i].name, SLICE("content-type"))) continue;
        if (is_passed(head->fields[i].name)) fields[count++] = head->fields[i];
    }
    return count;
}

/* Sends the head with the upstream's own fields and ours; from here on the agent sees this upstream's answer. */
static void send_head(struct exchange *exchange, enum http_framing framing, size_t len, struct slice body) {
    const struct http_head *head = response_reader_head(exchange->outbound.reader);
    const struct answer_marks marks = exchange_marks(exchange);
    struct answer_mark_fields mark_fields;
    answer_marks_fields(&marks, &mark_fields);
    struct http_field fields[ANSWER_MARKS_COUNT + PASSED_FIELDS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < ANSWER_MARKS_COUNT; i++) fields[count++] = mark_fields.fields[i];
    count = add_upstream_fields(exchange, fields, count);
    struct buffer out;
    buffer_init(&out, 0);
    http_write_response_head(&out, head->status, fields, count, framing, len, exchange->keep_alive,
                             exchange->client_minor_version);
    buffer_append(&out, body);
    exchange->answer.status = head->status;
    exchange->answer.chunked = framing == HTTP_FRAMING_CHUNKED;
    exchange->answer.until_close = framing == HTTP_FRAMING_CLOSE;
    exchange_move(exchange, EXCHANGE_ANSWERING);
    if (!send_buffer(exchange, &out)) abandon(exchange);
    buffer_deinit(&out);
}

static void refuse_answer(struct exchange *exchange, const struct api_error *error) {
    outbound_end(exchange, false);
    exchange_refuse(exchange, *error);
    exchange_tick(exchange);
}

static enum http_framing framing_of(const struct exchange *exchange, const struct http_head *head) {
    if (head->status == 204 || head->status == 304) return HTTP_FRAMING_NONE;
    return exchange->client_minor_version == 0 ? HTTP_FRAMING_CLOSE : HTTP_FRAMING_CHUNKED;
}

static bool wants_separate_usage(const struct exchange *exchange) {
    const struct json_doc *doc = &exchange->in.doc;
    const uint32_t options = json_member(doc, 0, SLICE("stream_options"));
    return json_is(doc, json_member(doc, options, SLICE("include_usage")), JSON_TRUE);
}

static enum outcome create_streams(struct exchange *exchange) {
    struct answer *answer = &exchange->answer;
    enum outcome outcome = answer_stream_create(outbound_api(exchange), &exchange->issued.source,
                                                exchange->in.minted_count > 0, &answer->stream);
    if (outcome == OUTCOME_OK && exchange->outbound.bridged)
        outcome = carried_stream_create(&exchange->outbound.bridge, wants_separate_usage(exchange), &answer->carried);
    return outcome;
}

void return_head(struct exchange *exchange, const struct http_head *head) {
    struct answer *answer = &exchange->answer;
    const struct slice *coding = http_head_field(head, "content-encoding");
    const bool several = http_head_field_count(head, "content-encoding") > 1;
    if (coding && (several || !slice_equal_nocase(*coding, SLICE("identity")))) {
        refuse_answer(exchange, &coded_answer);
        return;
    }
    answer->mode = mode_of(exchange, head);
    if (answer->mode == ANSWER_DOCUMENT) return; /* the agent gets its length, so the head waits for the body */
    if ((answer->mode == ANSWER_STREAM && create_streams(exchange) != OUTCOME_OK) ||
        (answer->mode == ANSWER_PASSED && exchange->outbound.bridged)) {
        refuse_answer(exchange, &unusable_answer);
        return;
    }
    send_head(exchange, framing_of(exchange, head), 0, slice_of(NULL, 0));
}

/* --- the body --- */

static void send_piece(struct exchange *exchange, struct slice bytes) {
    if (bytes.len == 0) return;
    struct buffer out;
    buffer_init(&out, 0);
    if (exchange->answer.chunked)
        http_write_chunk(&out, bytes);
    else
        buffer_append(&out, bytes);
    if (!send_buffer(exchange, &out)) abandon(exchange);
    buffer_deinit(&out);
}

/* Sends restored bytes of a stream: as they are, or in the agent's own format. */
static enum outcome send_restored(struct exchange *exchange, struct slice restored) {
    if (!exchange->outbound.bridged) {
        send_piece(exchange, restored);
        return OUTCOME_OK;
    }
    struct buffer carried;
    buffer_init(&carried, 0);
    const enum outcome outcome = carried_stream_feed(exchange->answer.carried, restored, &carried);
    if (outcome != OUTCOME_OK) carried_stream_end(exchange->answer.carried, false, &carried);
    send_piece(exchange, buffer_slice(&carried));
    buffer_deinit(&carried);
    return outcome;
}

static void feed_stream(struct exchange *exchange, struct slice bytes) {
    struct buffer out;
    buffer_init(&out, 0);
    enum outcome outcome = answer_stream_feed(exchange->answer.stream, bytes, &out);
    if (outcome != OUTCOME_OK && !out.failed) answer_stream_abort(exchange->answer.stream, &unusable_answer, &out);
    const enum outcome sent = send_restored(exchange, buffer_slice(&out));
    if (outcome == OUTCOME_OK) outcome = sent;
    buffer_deinit(&out);
    if (outcome != OUTCOME_OK && exchange->state == EXCHANGE_ANSWERING) abandon(exchange);
}

void return_body(struct exchange *exchange, struct slice bytes) {
    if (exchange->client) client_time(exchange->client, exchange->worker->service->settings->timeouts.upstream_idle_ms);
    switch (exchange->answer.mode) {
    case ANSWER_PASSED: send_piece(exchange, bytes); break;
    case ANSWER_STREAM: feed_stream(exchange, bytes); break;
    case ANSWER_DOCUMENT:
        buffer_append(&exchange->answer.document, bytes);
        if (exchange->answer.document.failed) refuse_answer(exchange, &unusable_answer);
        break;
    }
}

/* --- the end --- */

/* The agent has its whole answer. */
static void complete(struct exchange *exchange) {
    struct client *client = exchange->client;
    if (exchange->answer.chunked) {
        struct buffer out;
        buffer_init(&out, 0);
        http_write_last_chunk(&out);
        const bool sent = send_buffer(exchange, &out);
        buffer_deinit(&out);
        if (!sent) {
            abandon(exchange);
            return;
        }
    }
    exchange->client = NULL;
    exchange_move(exchange, EXCHANGE_DONE);
    if (client) client_answered(client, exchange->keep_alive && !exchange->answer.until_close);
}

/* A whole answer of the upstream's format in the agent's; false when it cannot be said. */
static bool carry_document(struct exchange *exchange, struct slice restored, struct arena *scratch,
                           struct slice *body_out) {
    const struct api_bridge *bridge = &exchange->outbound.bridge;
    const unsigned status = response_reader_head(exchange->outbound.reader)->status;
    const struct json_limits limits = {.max_depth = 64, .lenient_surrogates = true};
    struct json_doc doc;
    const bool is_json = json_walk(restored, &limits, scratch, &doc, NULL) == OUTCOME_OK;
    if (status >= 200 && status < 300)
        return is_json && translate_answer(bridge->upstream, bridge->agent, &doc, scratch, body_out) == OUTCOME_OK;
    const struct slice message = is_json ? translate_error_message(bridge->upstream, &doc, scratch)
                                         : SLICE("the upstream answered with an error");
    struct buffer error;
    buffer_init(&error, 0);
    translate_error(bridge->agent, status, message, &error);
    *body_out = error.failed ? slice_of(NULL, 0) : arena_copy(scratch, buffer_slice(&error));
    buffer_deinit(&error);
    return body_out->data != NULL;
}

static void finish_document(struct exchange *exchange) {
    struct answer *answer = &exchange->answer;
    const struct slice received = buffer_slice(&answer->document);
    struct arena scratch;
    struct buffer restored;
    arena_init(&scratch, exchange->worker->service->settings->limits.exchange_memory_bytes);
    buffer_init(&restored, 0);
    const unsigned status = response_reader_head(exchange->outbound.reader)->status;
    enum outcome outcome = OUTCOME_UNSUPPORTED; /* errors are not restored */
    if (status >= 200 && status < 300)
        outcome = answer_document_restore(received, outbound_api(exchange), &exchange->issued.source,
                                          exchange->in.minted_count > 0, &scratch, &restored, &answer->counts);
    /* Restoring is a service to the agent: if it fails, the answer is still delivered, with its tokens. */
    struct slice body = outcome == OUTCOME_OK ? buffer_slice(&restored) : received;
    if (exchange->outbound.bridged && !carry_document(exchange, body, &scratch, &body))
        refuse_answer(exchange, &unusable_answer);
    else
        send_head(exchange, HTTP_FRAMING_LENGTH, body.len, body);
    buffer_deinit(&restored);
    arena_reset(&scratch);
}

static void finish_stream(struct exchange *exchange) {
    struct buffer out;
    buffer_init(&out, 0);
    bool finished = false;
    enum outcome outcome = answer_stream_finish(exchange->answer.stream, &out, &finished);
    exchange->answer.counts = answer_stream_counts(exchange->answer.stream);
    const enum outcome sent = send_restored(exchange, buffer_slice(&out));
    buffer_clear(&out);
    if (outcome == OUTCOME_OK) outcome = sent;
    if (exchange->outbound.bridged && outcome == OUTCOME_OK) {
        carried_stream_end(exchange->answer.carried, finished, &out);
        send_piece(exchange, buffer_slice(&out));
    }
    buffer_deinit(&out);
    if (outcome != OUTCOME_OK && exchange->state == EXCHANGE_ANSWERING) abandon(exchange);
}

void return_end(struct exchange *exchange) {
    switch (exchange->answer.mode) {
    case ANSWER_PASSED: break;
    case ANSWER_DOCUMENT: finish_document(exchange); break;
    case ANSWER_STREAM: finish_stream(exchange); break;
    }
    outbound_end(exchange, true);
    if (exchange->state == EXCHANGE_ANSWERING) complete(exchange);
}

void return_broken(struct exchange *exchange, const struct api_error *error) {
    outbound_end(exchange, false);
    if (exchange->answer.mode != ANSWER_STREAM) {
        abandon(exchange);
        return;
    }
    struct buffer out;
    buffer_init(&out, 0);
    answer_stream_abort(exchange->answer.stream, error, &out);
    if (send_restored(exchange, buffer_slice(&out)) == OUTCOME_OK && exchange->outbound.bridged) {
        buffer_clear(&out);
        carried_stream_end(exchange->answer.carried, false, &out);
        send_piece(exchange, buffer_slice(&out));
    }
    buffer_deinit(&out);
    exchange->keep_alive = false;
    if (exchange->state == EXCHANGE_ANSWERING) complete(exchange);
}

void return_deinit(struct exchange *exchange) {
    answer_stream_destroy(&exchange->answer.stream);
    carried_stream_destroy(&exchange->answer.carried);
    buffer_deinit(&exchange->answer.document);
}
