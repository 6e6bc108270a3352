/* One rule a function, asked in order; the first that refuses speaks. */
#include "gateway/http/request_rules.h"

#include "gateway/http/message_framing.h"

struct judgement {
    struct http_head *head;
    const struct http_limits *limits;
    struct http_refusal *refusal;
};

static bool rule_method(const struct judgement *on) {
    if (on->head->method != HTTP_METHOD_OTHER) return true;
    return http_refuse(on->refusal, 501, "The method is not served here.");
}

static bool rule_target(const struct judgement *on) {
    return request_target_check(on->head, on->refusal);
}

static bool rule_host(const struct judgement *on) {
    const uint32_t hosts = http_head_field_count(on->head, "host");
    if (hosts == 0) return http_refuse(on->refusal, 400, "There is no Host field.");
    if (hosts > 1) return http_refuse(on->refusal, 400, "There is more than one Host field.");
    return true;
}

static bool rule_framing(const struct judgement *on) {
    return message_framing_read(on->head, on->refusal);
}

static bool has_body(const struct http_head *head) {
    return head->chunked || head->content_length > 0;
}

static bool rule_body_allowed(const struct judgement *on) {
    const bool bodyless = on->head->method == HTTP_GET || on->head->method == HTTP_HEAD_METHOD;
    if (!bodyless || !has_body(on->head)) return true;
    return http_refuse(on->refusal, 400, "A body with a method that has none.");
}

static bool rule_upgrade(const struct judgement *on) {
    if (http_head_field(on->head, "upgrade") == NULL && http_head_field(on->head, "http2-settings") == NULL &&
        !http_head_lists(on->head, "connection", "upgrade"))
        return true;
    return http_refuse(on->refusal, 400, "The connection cannot change to another protocol.");
}

static bool rule_connection(const struct judgement *on) {
    static const char *const end_to_end[] = {"content-length", "transfer-encoding", "host", "authorization"};
    for (size_t i = 0; i < sizeof end_to_end / sizeof end_to_end[0]; i++)
        if (http_head_lists(on->head, "connection", end_to_end[i]))
            return http_refuse(on->refusal, 400, "Connection names a field that is not its own.");
    message_persistence_read(on->head);
    return true;
}

static bool rule_expect(const struct judgement *on) {
    const uint32_t expectations = http_head_field_count(on->head, "expect");
    if (expectations == 0 || on->head->minor_version == 0) return true;
    if (expectations > 1 || !slice_equal_nocase(*http_head_field(on->head, "expect"), SLICE("100-continue")))
        return http_refuse(on->refusal, 417, "The only expectation met here is 100-continue.");
    on->head->expect_continue = has_body(on->head);
    return true;
}

static bool rule_length(const struct judgement *on) {
    if (on->head->content_length <= on->limits->body_bytes) return true;
    return http_refuse(on->refusal, 413, "The body is too large.");
}

bool request_rules_apply(struct http_head *head, const struct http_limits *limits, struct http_refusal *refusal_out) {
    static bool (*const rules[])(const struct judgement *) = {
        rule_method,  rule_target,     rule_host,   rule_framing, rule_body_allowed,
        rule_upgrade, rule_connection, rule_expect, rule_length,
    };
    const struct judgement judgement = {head, limits, refusal_out};
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (!rules[i](&judgement)) return false;
    return true;
}
