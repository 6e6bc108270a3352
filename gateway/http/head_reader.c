/* The guard has checked the form, so splitting is looking for the next space, colon or CR. It is written
 * to fail all the same where one is missing. */
#include "gateway/http/head_reader.h"

#include "base/require.h"

/* The first allocation; most heads fit. */
#define COMMON_HEAD_BYTES 2048u

/* Cuts `text` at the first `mark`: what stands before it, and *text becomes what stands behind it. */
static bool cut(struct slice *text, char mark, struct slice *before_out) {
    const char *found = text->len ? memchr(text->data, mark, text->len) : NULL;
    if (found == NULL) return false;
    const size_t at = (size_t)(found - text->data);
    *before_out = slice_range(*text, 0, at);
    *text = slice_range(*text, at + 1, text->len);
    return true;
}

static bool cut_line(struct slice *text, struct slice *line_out) {
    if (!cut(text, '\r', line_out) || text->len == 0) return false;
    *text = slice_range(*text, 1, text->len);
    return true;
}

static void split_target(struct http_head *head) {
    struct slice rest = head->target;
    if (cut(&rest, '?', &head->path))
        head->query = rest;
    else
        head->path = head->target;
}

static enum http_method method_of(struct slice name) {
    static const struct {
        struct slice name;
        enum http_method method;
    } known[] = {
        {{"POST", 4}, HTTP_POST},       {{"GET", 3}, HTTP_GET},     {{"HEAD", 4}, HTTP_HEAD_METHOD},
        {{"PUT", 3}, HTTP_PUT},         {{"PATCH", 5}, HTTP_PATCH}, {{"DELETE", 6}, HTTP_DELETE},
        {{"OPTIONS", 7}, HTTP_OPTIONS},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (slice_equal(name, known[i].name)) return known[i].method;
    return HTTP_METHOD_OTHER;
}

static bool split_request_line(struct slice line, struct http_head *head) {
    if (!cut(&line, ' ', &head->method_name) || !cut(&line, ' ', &head->target) || line.len == 0) return false;
    head->method = method_of(head->method_name);
    head->minor_version = (unsigned)(line.data[line.len - 1] - '0');
    split_target(head);
    return true;
}

static bool split_status_line(struct slice line, struct http_head *head) {
    struct slice version;
    if (!cut(&line, ' ', &version) || version.len == 0 || line.len < 3) return false;
    head->minor_version = (unsigned)(version.data[version.len - 1] - '0');
    for (size_t i = 0; i < 3; i++) head->status = head->status * 10 + (unsigned)(line.data[i] - '0');
    head->reason = slice_trim(slice_range(line, 3, line.len));
    return true;
}

static bool split_fields(struct slice rest, struct http_head *head) {
    struct slice line;
    while (cut_line(&rest, &line)) {
        if (line.len == 0) return rest.len == 0;
        if (head->field_count == HTTP_FIELDS_MAX) return false;
        struct http_field *field = &head->fields[head->field_count++];
        if (!cut(&line, ':', &field->name)) return false;
        field->value = slice_trim(line);
    }
    return false;
}

static bool split(struct head_reader *reader) {
    struct slice rest = head_reader_raw(reader);
    struct slice line;
    if (!cut_line(&rest, &line)) return false;
    struct http_head *head = &reader->head;
    const bool ok =
        reader->guard.kind == HEAD_OF_REQUEST ? split_request_line(line, head) : split_status_line(line, head);
    return ok && split_fields(rest, head);
}

/* The fields behind the count are never looked at, so they need no clearing. */
static void forget_head(struct http_head *head) {
    head->method = HTTP_METHOD_OTHER;
    head->method_name = head->target = head->path = head->query = head->reason = slice_of(NULL, 0);
    head->status = head->minor_version = 0;
    head->field_count = 0;
    head->has_length = head->chunked = head->until_close = head->keep_alive = head->expect_continue = false;
    head->content_length = 0;
}

void head_reader_init(struct head_reader *reader, enum head_kind kind, size_t limit_bytes) {
    head_guard_init(&reader->guard, kind, limit_bytes);
    buffer_init(&reader->raw, limit_bytes);
    forget_head(&reader->head);
}

void head_reader_deinit(struct head_reader *reader) {
    forget_head(&reader->head);
    buffer_deinit(&reader->raw);
}

void head_reader_reset(struct head_reader *reader) {
    head_guard_init(&reader->guard, reader->guard.kind, reader->guard.limit_bytes);
    buffer_clear(&reader->raw);
    forget_head(&reader->head);
}

static bool keep(struct buffer *raw, struct slice bytes) {
    if (raw->capacity_bytes == 0 && bytes.len < COMMON_HEAD_BYTES && raw->limit_bytes >= COMMON_HEAD_BYTES)
        buffer_reserve(raw, COMMON_HEAD_BYTES);
    buffer_append(raw, bytes);
    return !raw->failed;
}

enum head_verdict head_reader_feed(struct head_reader *reader, struct slice bytes, size_t *used_out,
                                   struct http_refusal *refusal_out) {
    const enum head_verdict verdict = head_guard_feed(&reader->guard, bytes, used_out);
    if (verdict == HEAD_REFUSED) {
        *refusal_out = reader->guard.refusal;
        return HEAD_REFUSED;
    }
    if (!keep(&reader->raw, slice_of(bytes.data, *used_out))) {
        http_refuse(refusal_out, 503, "Out of memory.");
        return HEAD_REFUSED;
    }
    if (verdict == HEAD_COMPLETE && broken(split(reader))) {
        http_refuse(refusal_out, 400, "The head is malformed.");
        return HEAD_REFUSED;
    }
    return verdict;
}

bool head_reader_is_idle(const struct head_reader *reader) {
    return head_reader_raw(reader).len == 0;
}

struct slice head_reader_raw(const struct head_reader *reader) {
    struct slice raw = buffer_slice(&reader->raw);
    while (raw.len > 0 && (raw.data[0] == '\r' || raw.data[0] == '\n')) raw = slice_range(raw, 1, raw.len);
    return raw;
}
