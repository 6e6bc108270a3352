#include "gateway/exchange/refusal.h"

#include <stdio.h>

#include "gateway/exchange/json_path.h"
#include "gateway/http/message_writer.h"
#include "route/tier.h"

void answer_marks_fields(const struct answer_marks *marks, struct answer_mark_fields *out) {
    const int len = snprintf(out->tokens, sizeof out->tokens, "%u", marks->tokens);
    const struct slice tier = marks->tier == TIER_NONE ? SLICE("none") : slice_str(tier_name(marks->tier));
    const struct slice upstream = marks->upstream ? slice_str(marks->upstream) : SLICE("none");
    out->fields[0] = (struct http_field){SLICE("x-sluice-request-id"), marks->request_id};
    out->fields[1] = (struct http_field){SLICE("x-sluice-tier"), tier};
    out->fields[2] = (struct http_field){SLICE("x-sluice-upstream"), upstream};
    out->fields[3] = (struct http_field){SLICE("x-sluice-tokens"), slice_of(out->tokens, (size_t)len)};
}

/* Client packages try 408, 409, 429 and 5xx again by themselves, unless told that it cannot help. */
static bool retry_may_help(unsigned status) {
    return status == 408 || status == 429 || status >= 500;
}

void refusal_write(struct buffer *out, const struct answer_marks *marks, const struct api *api,
                   const struct api_error *error, struct refusal_connection connection) {
    struct buffer body;
    buffer_init(&body, 0);
    api->write_error(&body, error);
    struct answer_mark_fields mark_fields;
    answer_marks_fields(marks, &mark_fields);
    struct http_field fields[ANSWER_MARKS_COUNT + 2];
    uint32_t count = 0;
    fields[count++] = (struct http_field){SLICE("content-type"), SLICE("application/json")};
    for (uint32_t i = 0; i < ANSWER_MARKS_COUNT; i++) fields[count++] = mark_fields.fields[i];
    if (error->final || !retry_may_help(error->status))
        fields[count++] = (struct http_field){SLICE("x-should-retry"), SLICE("false")};
    http_write_response_head(out, error->status, fields, count, HTTP_FRAMING_LENGTH, body.len, connection.keep_alive,
                             connection.minor_version);
    buffer_append(out, buffer_slice(&body));
    if (body.failed) out->failed = true;
    buffer_deinit(&body);
}

const struct api_error refusal_too_large = {
    .status = 413,
    .code = "sluice_too_large",
    .message = "the request does not fit the memory that one exchange may use",
};

/* Where and why the walker gave up; its reasons are its own words, never the input's. */
static struct api_error refusal_of_json(const struct inbound *in) {
    struct api_error error = {400, "sluice_invalid_body", "the body is no acceptable JSON", NULL, NULL, false};
    char text[256];
    const int len = snprintf(text, sizeof text, "the body is no acceptable JSON: %s, at byte %u", in->json_error.reason,
                             in->json_error.offset);
    const char *copy = len > 0 && (size_t)len < sizeof text ? arena_string(in->arena, slice_str(text)) : NULL;
    if (copy) error.message = copy;
    return error;
}

struct api_error refusal_of_step(const struct inbound *in, enum outcome outcome) {
    if (in->progress == INBOUND_NEW && in->json_error.reason) return refusal_of_json(in);
    if (in->progress == INBOUND_NEW && outcome == OUTCOME_UNSUPPORTED)
        return (struct api_error){400,
                                  "sluice_token_ids",
                                  "the prompt is a list of token ids, which cannot be scanned: send text",
                                  NULL,
                                  NULL,
                                  false};
    if (outcome == OUTCOME_OVERFLOW) return refusal_too_large;
    if (outcome == OUTCOME_DENIED)
        return (struct api_error){
            403,  "sluice_blocked", "blocked: something sensitive stands where it cannot be replaced", NULL, NULL,
            false};
    return (struct api_error){
        503,  "sluice_check_failed", "a check could not be completed, so nothing was sent; try again later", NULL, NULL,
        false};
}

#define PATHS_SHOWN 16
#define PATHS_TRIED 64

static bool is_reason(const struct verdict *verdict, uint16_t rule) {
    for (uint32_t i = 0; i < verdict->reason_count; i++)
        if (verdict->reasons[i] == rule) return true;
    return false;
}

/* Each distinct path once. Only so many findings are looked at: a body may have very many. */
static const char **list_paths(const struct inbound *in) {
    struct json_paths from;
    const char **paths = arena_zalloc(in->arena, PATHS_SHOWN + 1, sizeof *paths);
    if (paths == NULL || json_paths_init(&from, in) != OUTCOME_OK) return NULL;
    uint32_t count = 0, tried = 0, same_until = 0;
    for (uint32_t i = 0; i < in->findings.count && count < PATHS_SHOWN && tried < PATHS_TRIED; i++) {
        const struct finding *finding = &in->findings.items[i];
        if (finding->begin < same_until || !is_reason(&in->verdict, finding->rule)) continue;
        const char *path = json_path_of_finding(&from, finding, &same_until);
        bool listed = path == NULL;
        for (uint32_t k = 0; k < count && !listed; k++) listed = strcmp(paths[k], path) == 0;
        if (!listed) paths[count++] = path;
        tried++;
    }
    return paths;
}

struct api_error refusal_of_verdict(const struct inbound *in) {
    struct api_error error = {
        403, "sluice_blocked", "blocked by policy: the request holds what may not leave", NULL, NULL, false};
    const char **rules = arena_zalloc(in->arena, in->verdict.reason_count + 1, sizeof *rules);
    for (uint32_t i = 0; rules && i < in->verdict.reason_count; i++)
        rules[i] = detector_rule(in->rules->detector, in->verdict.reasons[i])->id;
    error.rules = rules;
    error.paths = list_paths(in);
    return error;
}
