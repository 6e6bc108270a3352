#include "gateway/http/message_framing.h"

static bool name_looks_like(struct slice name, struct slice lower_case) {
    if (name.len != lower_case.len) return false;
    for (size_t i = 0; i < name.len; i++) {
        const bool hyphen = name.data[i] == '_' && lower_case.data[i] == '-';
        if (!hyphen && slice_ascii_lower(name.data[i]) != lower_case.data[i]) return false;
    }
    return true;
}

/* Counts the fields whose name is `lower_case`, and refuses one that only looks like it. */
static bool count_fields(const struct http_head *head, struct slice lower_case, uint32_t *count_out,
                         struct slice *value_out, struct http_refusal *refusal_out) {
    *count_out = 0;
    for (uint32_t i = 0; i < head->field_count; i++) {
        const struct http_field *field = &head->fields[i];
        if (!name_looks_like(field->name, lower_case)) continue;
        if (!slice_equal_nocase(field->name, lower_case))
            return http_refuse(refusal_out, 400, "A header name that is a framing field with underscores.");
        *value_out = field->value;
        ++*count_out;
    }
    return true;
}

static bool read_length(struct slice digits, uint64_t *number_out) {
    if (digits.len == 0 || (digits.data[0] == '0' && digits.len > 1)) return false;
    uint64_t number = 0;
    for (size_t i = 0; i < digits.len; i++) {
        const char c = digits.data[i];
        if (c < '0' || c > '9') return false;
        if (__builtin_mul_overflow(number, 10u, &number)) return false;
        if (__builtin_add_overflow(number, (unsigned)(c - '0'), &number)) return false;
    }
    *number_out = number;
    return true;
}

static bool mentions_chunked(struct slice value) {
    const struct slice chunked = SLICE("chunked");
    for (size_t i = 0; i + chunked.len <= value.len; i++)
        if (slice_equal_nocase(slice_range(value, i, i + chunked.len), chunked)) return true;
    return false;
}

static bool read_coding(struct http_head *head, struct slice value, struct http_refusal *refusal_out) {
    if (head->minor_version == 0) return http_refuse(refusal_out, 400, "Transfer-Encoding on HTTP/1.0.");
    if (!slice_equal_nocase(value, SLICE("chunked"))) {
        if (mentions_chunked(value))
            return http_refuse(refusal_out, 400, "Transfer-Encoding is not chunked and nothing else.");
        return http_refuse(refusal_out, 501, "The only transfer coding spoken here is chunked.");
    }
    head->chunked = true;
    return true;
}

bool message_framing_read(struct http_head *head, struct http_refusal *refusal_out) {
    uint32_t lengths = 0, codings = 0;
    struct slice length = {NULL, 0}, coding = {NULL, 0};
    if (!count_fields(head, SLICE("content-length"), &lengths, &length, refusal_out) ||
        !count_fields(head, SLICE("transfer-encoding"), &codings, &coding, refusal_out))
        return false;
    if (lengths > 0 && codings > 0) return http_refuse(refusal_out, 400, "Content-Length and Transfer-Encoding.");
    if (lengths > 1) return http_refuse(refusal_out, 400, "More than one Content-Length.");
    if (codings > 1) return http_refuse(refusal_out, 400, "More than one Transfer-Encoding.");
    if (codings == 1) return read_coding(head, coding, refusal_out);
    if (lengths == 0) return true;
    if (!read_length(length, &head->content_length))
        return http_refuse(refusal_out, 400, "Content-Length is not a plain number.");
    head->has_length = true;
    return true;
}

/* Proxy-Connection is no field of HTTP's, but old clients say `close` in it, and llhttp listens to it. */
void message_persistence_read(struct http_head *head) {
    head->keep_alive = head->minor_version == 1 && !http_head_lists(head, "connection", "close") &&
                       !http_head_lists(head, "proxy-connection", "close");
}
