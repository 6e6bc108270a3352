/* A route is matched byte for byte, so a path that could be normalised into another one is refused here
 * and no later stage has to know how. */
#include "gateway/http/byte_class.h"
#include "gateway/http/request_rules.h"

static bool holds(struct slice text, struct slice part) {
    return text.len > 0 && memmem(text.data, text.len, part.data, part.len) != NULL;
}

static bool ends_with(struct slice text, struct slice part) {
    return text.len >= part.len && slice_equal(slice_range(text, text.len - part.len, text.len), part);
}

static bool path_is_plain(struct slice path) {
    return bytes_are(path, BYTE_PATH) && !holds(path, SLICE("//")) && !holds(path, SLICE("..")) &&
           !holds(path, SLICE("/./")) && !ends_with(path, SLICE("/."));
}

static bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (slice_ascii_lower(c) >= 'a' && slice_ascii_lower(c) <= 'f');
}

static bool escapes_are_whole(struct slice query) {
    for (size_t i = 0; i < query.len; i++) {
        if (query.data[i] != '%') continue;
        if (query.len - i < 3 || !is_hex(query.data[i + 1]) || !is_hex(query.data[i + 2])) return false;
        if (query.data[i + 1] == '0' && query.data[i + 2] == '0') return false;
    }
    return true;
}

bool request_target_check(const struct http_head *head, struct http_refusal *refusal_out) {
    if (head->path.len == 0 || head->path.data[0] != '/')
        return http_refuse(refusal_out, 400, "The request target is not an absolute path.");
    if (!path_is_plain(head->path))
        return http_refuse(refusal_out, 400, "The path is not spelled in the one plain way.");
    if (byte_run(head->query, 0, BYTE_QUERY) != head->query.len || !escapes_are_whole(head->query))
        return http_refuse(refusal_out, 400, "The query is malformed.");
    return true;
}
