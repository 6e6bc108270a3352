#include "gateway/admin/health.h"

#include "gateway/http/message_writer.h"

bool health_is_asked(const struct http_head *head) {
    const bool path = slice_equal(head->path, SLICE("/healthz")) || slice_equal(head->path, SLICE("/readyz"));
    return path && head->method == HTTP_GET;
}

void health_write(const struct http_head *head, bool draining, bool keep_alive, struct buffer *out) {
    const bool unready = draining && slice_equal(head->path, SLICE("/readyz"));
    const struct slice body = unready ? SLICE("{\"status\":\"draining\"}\n") : SLICE("{\"status\":\"ok\"}\n");
    const struct http_field type = {SLICE("content-type"), SLICE("application/json")};
    http_write_response_head(out, unready ? 503 : 200, &type, 1, HTTP_FRAMING_LENGTH, body.len, keep_alive,
                             head->minor_version);
    buffer_append(out, body);
}
