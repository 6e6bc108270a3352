/* Each message is checked whole before its first byte is written. A buffer that fails later, for want
 * of memory, is cut back to where the message began, so that no half of it is left to be sent. */
#include "gateway/http/message_writer.h"

#include "base/wipe.h"
#include "gateway/http/byte_class.h"

static bool is_ours(struct slice name) {
    static const struct slice ours[] = {
        {"host", 4}, {"connection", 10}, {"keep-alive", 10}, {"proxy-connection", 16},  {"content-length", 14},
        {"te", 2},   {"trailer", 7},     {"upgrade", 7},     {"transfer-encoding", 17},
    };
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (slice_equal_nocase(name, ours[i])) return true;
    return false;
}

static bool fields_are_writable(const struct http_field *fields, uint32_t count) {
    if (count > HTTP_FIELDS_MAX) return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct http_field *field = &fields[i];
        if (!bytes_are(field->name, BYTE_TOKEN) || is_ours(field->name)) return false;
        if (byte_run(field->value, 0, BYTE_TEXT) != field->value.len) return false;
    }
    return true;
}

static bool target_is_writable(struct slice target) {
    return bytes_are(target, BYTE_VISIBLE) && target.data[0] == '/' && memchr(target.data, '#', target.len) == NULL;
}

static void append_field(struct buffer *out, struct slice name, struct slice value) {
    buffer_append(out, name);
    buffer_append(out, SLICE(": "));
    buffer_append(out, value);
    buffer_append(out, SLICE("\r\n"));
}

static void append_fields(struct buffer *out, const struct http_field *fields, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) append_field(out, fields[i].name, fields[i].value);
}

static void append_length(struct buffer *out, uint64_t content_length) {
    buffer_append(out, SLICE("Content-Length: "));
    buffer_append_u64(out, content_length);
    buffer_append(out, SLICE("\r\n"));
}

/* Takes back what a failed message has written since `begin`. */
static void cut_back_if_failed(struct buffer *out, size_t begin) {
    if (!out->failed || out->len <= begin) return;
    wipe(out->data + begin, out->len - begin);
    out->len = begin;
}

static bool one_of(struct slice method, const struct slice *methods, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (slice_equal(method, methods[i])) return true;
    return false;
}

static bool length_is_writable(struct slice method, uint64_t content_length) {
    static const struct slice bodyless[] = {{"GET", 3}, {"HEAD", 4}};
    return content_length == 0 || !one_of(method, bodyless, 2);
}

static bool length_goes_without_saying(struct slice method, uint64_t content_length) {
    static const struct slice mostly_bodyless[] = {{"GET", 3}, {"HEAD", 4}, {"DELETE", 6}, {"OPTIONS", 7}};
    return content_length == 0 && one_of(method, mostly_bodyless, 4);
}

void http_write_request(struct buffer *out, struct slice method, struct slice path, struct slice host,
                        const struct http_field *fields, uint32_t count, uint64_t content_length) {
    if (!bytes_are(method, BYTE_TOKEN) || !target_is_writable(path) || !bytes_are(host, BYTE_HOST) ||
        !fields_are_writable(fields, count) || !length_is_writable(method, content_length)) {
        out->failed = true;
        return;
    }
    const size_t begin = out->len;
    buffer_append(out, method);
    buffer_append_char(out, ' ');
    buffer_append(out, path);
    buffer_append(out, SLICE(" HTTP/1.1\r\n"));
    append_field(out, SLICE("Host"), host);
    append_fields(out, fields, count);
    if (!length_goes_without_saying(method, content_length)) append_length(out, content_length);
    buffer_append(out, SLICE("\r\n"));
    cut_back_if_failed(out, begin);
}

static bool framing_is_writable(unsigned status, enum http_framing framing, unsigned client_minor_version) {
    const bool bodyless = status < 200 || status == 204 || status == 304;
    if (bodyless) return framing == HTTP_FRAMING_NONE;
    return framing != HTTP_FRAMING_CHUNKED || client_minor_version > 0;
}

void http_write_response_head(struct buffer *out, unsigned status, const struct http_field *fields, uint32_t count,
                              enum http_framing framing, uint64_t content_length, bool keep_alive,
                              unsigned client_minor_version) {
    if (status < 100 || status > 599 || !framing_is_writable(status, framing, client_minor_version) ||
        !fields_are_writable(fields, count)) {
        out->failed = true;
        return;
    }
    const size_t begin = out->len;
    buffer_append(out, SLICE("HTTP/1.1 "));
    buffer_append_u64(out, status);
    buffer_append_char(out, ' ');
    buffer_append_str(out, http_status_text(status));
    buffer_append(out, SLICE("\r\n"));
    append_fields(out, fields, count);
    if (framing == HTTP_FRAMING_LENGTH) append_length(out, content_length);
    if (framing == HTTP_FRAMING_CHUNKED) buffer_append(out, SLICE("Transfer-Encoding: chunked\r\n"));
    const bool closes = !keep_alive || framing == HTTP_FRAMING_CLOSE || client_minor_version == 0;
    if (closes && status >= 200) buffer_append(out, SLICE("Connection: close\r\n"));
    buffer_append(out, SLICE("\r\n"));
    cut_back_if_failed(out, begin);
}

void http_write_chunk(struct buffer *out, struct slice bytes) {
    if (bytes.len == 0) return;
    static const char hex[] = "0123456789abcdef";
    char digits[2 * sizeof bytes.len];
    size_t at = sizeof digits;
    for (size_t left = bytes.len; left > 0; left /= 16) digits[--at] = hex[left % 16];
    const size_t begin = out->len;
    buffer_append(out, slice_of(digits + at, sizeof digits - at));
    buffer_append(out, SLICE("\r\n"));
    buffer_append(out, bytes);
    buffer_append(out, SLICE("\r\n"));
    cut_back_if_failed(out, begin);
}

void http_write_last_chunk(struct buffer *out) {
    buffer_append(out, SLICE("0\r\n\r\n"));
}

static const char *class_text(unsigned status) {
    static const char *const classes[] = {"Unknown",     "Informational", "Successful",
                                          "Redirection", "Client Error",  "Server Error"};
    const unsigned class = status / 100;
    return class < sizeof classes / sizeof classes[0] ? classes[class] : classes[0];
}

const char *http_status_text(unsigned status) {
    static const struct {
        unsigned status;
        const char *text;
    } known[] = {
        {100, "Continue"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {425, "Too Early"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {451, "Unavailable For Legal Reasons"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
        {529, "Overloaded"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].status == status) return known[i].text;
    return class_text(status);
}
