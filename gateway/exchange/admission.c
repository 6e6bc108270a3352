#include "gateway/exchange/admission.h"

static struct api_error refuse(unsigned status, const char *code, const char *message) {
    return (struct api_error){.status = status, .code = code, .message = message};
}

static const struct api_error admitted = {0};

static struct api_error judge_route(struct exchange *exchange, const struct http_head *head, bool admin) {
    const bool versioned = http_head_field(head, "anthropic-version") != NULL;
    const enum route_match match =
        admin ? ROUTE_NO_PATH : api_route_find(head->method, head->path, versioned, &exchange->call);
    if (match == ROUTE_NO_METHOD)
        return refuse(405, "sluice_method_not_allowed", "this path does not take this method");
    if (match == ROUTE_NO_PATH)
        return refuse(404, "sluice_unknown_route",
                      "sluice does not know this path, so nothing was sent; docs/formats.md lists what it serves");
    exchange->api = exchange->call.route->api;
    if (exchange->call.route->kind == ROUTE_REFUSED)
        return refuse(404, "sluice_not_served", exchange->call.route->upstream_path);
    for (uint32_t i = 0; i < exchange->call.word_count; i++)
        exchange->call.words[i] = arena_copy(&exchange->arena, exchange->call.words[i]);
    return admitted;
}

/* Where agents put their key: as RFC 6750 section 2.1 has it, or in the fields that other providers use. */
static const struct slice *key_field(const struct http_head *head, struct slice *name_out) {
    static const char *const names[] = {"authorization", "x-api-key", "x-goog-api-key"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct slice *value = http_head_field(head, names[i]);
        *name_out = slice_str(names[i]);
        if (value) return value;
    }
    return NULL;
}

static struct slice key_of(struct slice value) {
    const struct slice scheme = SLICE("bearer ");
    if (value.len <= scheme.len || !slice_equal_nocase(slice_range(value, 0, scheme.len), scheme)) return value;
    return slice_trim(slice_range(value, scheme.len, value.len));
}

static struct api_error judge_agent(struct exchange *exchange, const struct http_head *head) {
    struct slice name;
    const struct slice *value = key_field(head, &name);
    exchange->agent =
        settings_agent_by_key(exchange->worker->service->settings, value ? key_of(*value) : slice_of(NULL, 0));
    if (exchange->agent == NULL)
        return refuse(401, "sluice_unknown_agent", "no agent has this key: send Authorization: Bearer KEY");
    exchange->rules.agent = exchange->agent->name;
    if (value) exchange->passed_key = (struct http_field){name, arena_copy(&exchange->arena, *value)};
    return admitted;
}

/* The few fields that the format needs to go on; what they say is scanned with the body. */
static void pass_fields(struct exchange *exchange, const struct http_head *head) {
    for (const char *const *name = exchange->api->family->passed; *name; name++) {
        const struct slice *value = http_head_field(head, *name);
        if (value == NULL || exchange->passed_count == API_PASSED_MAX) continue;
        exchange->passed[exchange->passed_count++] =
            (struct http_field){slice_str(*name), arena_copy(&exchange->arena, *value)};
    }
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

static struct api_error judge_coding(struct exchange *exchange, const struct http_head *head) {
    exchange->coding = CONTENT_CODING_IDENTITY;
    const struct slice *coding = http_head_field(head, "content-encoding");
    if (coding == NULL) return admitted;
    if (http_head_field_count(head, "content-encoding") == 1 &&
        content_coding_parse(*coding, &exchange->coding) == OUTCOME_OK)
        return admitted;
    return refuse(415, "sluice_coded_body",
                  "send the body plain, or in one Content-Encoding of gzip, deflate, br and zstd");
}

static struct api_error judge_body_form(struct exchange *exchange, const struct http_head *head) {
    struct api_error error = judge_coding(exchange, head);
    if (error.status || exchange->call.route->kind == ROUTE_LISTING) return error;
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
    if (error.status == 0) pass_fields(exchange, head);
    const struct slice *accept = http_head_field(head, "accept");
    exchange->wants_events = accept && slice_equal_nocase(*accept, SLICE("text/event-stream"));
    return error;
}
