#include "gateway/exchange/admission.h"

static struct api_error refuse(unsigned status, const char *code, const char *message) {
    return (struct api_error){.status = status, .code = code, .message = message};
}

static const struct api_error admitted = {0};

static struct api_error judge_route(struct exchange *exchange, const struct http_head *head, bool admin) {
    const enum route_match match = admin ? ROUTE_NO_PATH : api_route_find(head->method, head->path, &exchange->route);
    if (match == ROUTE_NO_METHOD)
        return refuse(405, "sluice_method_not_allowed", "this path does not take this method");
    if (match == ROUTE_NO_PATH)
        return refuse(404, "sluice_unknown_route",
                      "sluice does not know this path, so nothing was sent; it serves POST /v1/chat/completions and "
                      "GET /v1/models");
    exchange->api = exchange->route->api;
    return admitted;
}

/* "Bearer KEY", as RFC 6750 section 2.1 has it, or the field that other formats use. */
static struct slice agent_key(const struct http_head *head) {
    const struct slice *authorization = http_head_field(head, "authorization");
    const struct slice scheme = SLICE("bearer ");
    if (authorization && authorization->len > scheme.len &&
        slice_equal_nocase(slice_range(*authorization, 0, scheme.len), scheme))
        return slice_trim(slice_range(*authorization, scheme.len, authorization->len));
    const struct slice *key = http_head_field(head, "x-api-key");
    return key ? *key : slice_of(NULL, 0);
}

static struct api_error judge_agent(struct exchange *exchange, const struct http_head *head) {
    const struct settings *settings = exchange->worker->service->settings;
    exchange->agent = settings_agent_by_key(settings, agent_key(head));
    if (exchange->agent == NULL)
        return refuse(401, "sluice_unknown_agent", "no agent has this key: send Authorization: Bearer KEY");
    exchange->rules.agent = exchange->agent->name;
    const struct slice *authorization = http_head_field(head, "authorization");
    if (authorization) exchange->passed_authorization = arena_copy(&exchange->arena, *authorization);
    return admitted;
}

static bool is_json_type(struct slice type) {
    const struct slice json = SLICE("application/json");
    if (type.len < json.len || !slice_equal_nocase(slice_range(type, 0, json.len), json)) return false;
    struct slice rest = slice_trim(slice_range(type, json.len, type.len));
    if (rest.len == 0) return true;
    if (rest.data[0] != ';') return false;
    rest = slice_trim(slice_range(rest, 1, rest.len));
    return rest.len == 0 || slice_equal_nocase(rest, SLICE("charset=utf-8")) ||
           slice_equal_nocase(rest, SLICE("charset=\"utf-8\""));
}

static struct api_error judge_body_form(const struct exchange *exchange, const struct http_head *head) {
    const struct slice *coding = http_head_field(head, "content-encoding");
    if (coding && !slice_equal_nocase(*coding, SLICE("identity")))
        return refuse(415, "sluice_coded_body", "send the body without Content-Encoding");
    if (exchange->route->kind != ROUTE_PROMPT) return admitted;
    const struct slice *type = http_head_field(head, "content-type");
    if (type == NULL || http_head_field_count(head, "content-type") != 1 || !is_json_type(*type))
        return refuse(415, "sluice_content_type", "send the body as Content-Type: application/json, in UTF-8");
    if (!head->chunked && (!head->has_length || head->content_length == 0))
        return refuse(400, "sluice_no_body", "the request has no body");
    if (head->content_length > exchange->worker->service->settings->limits.body_bytes)
        return refuse(413, "sluice_too_large", "the body is larger than limits.body_bytes allows");
    return admitted;
}

struct api_error admission_judge(struct exchange *exchange, const struct http_head *head, bool admin) {
    const struct slice *host = http_head_field(head, "host");
    if (host == NULL || !settings_host_ours(exchange->worker->service->settings, *host))
        return refuse(421, "sluice_wrong_host", "the Host field names another server; see the setting `hosts`");
    struct api_error error = judge_route(exchange, head, admin);
    if (error.status == 0) error = judge_agent(exchange, head);
    if (error.status == 0) error = judge_body_form(exchange, head);
    const struct slice *accept = http_head_field(head, "accept");
    exchange->wants_events = accept && slice_equal_nocase(*accept, SLICE("text/event-stream"));
    return error;
}
