/* One step a part of the head. A step looks at the bytes from `at` on, sets the next step and answers
 * the offset behind what it used; it uses no byte that the next step must judge. */
#include "gateway/http/head_guard.h"

#include "gateway/http/byte_class.h"
#include "gateway/http/http_field.h"

enum guard_step {
    STEP_START,
    STEP_EMPTY_LINE_LF,
    STEP_METHOD,
    STEP_TARGET,
    STEP_VERSION,
    STEP_STATUS_VERSION,
    STEP_STATUS,
    STEP_REASON,
    STEP_LINE_LF,
    STEP_FIELD,
    STEP_NAME,
    STEP_VALUE,
    STEP_LAST_LF,
    STEP_COMPLETE,
    STEP_REFUSED,
};

static size_t refuse(struct head_guard *guard, size_t at, unsigned status, const char *reason) {
    http_refuse(&guard->refusal, status, reason);
    guard->step = STEP_REFUSED;
    return at;
}

static size_t next(struct head_guard *guard, size_t at, enum guard_step step) {
    guard->step = step;
    guard->part_len = 0;
    return at;
}

static size_t step_start(struct head_guard *guard, struct slice in, size_t at) {
    if (guard->kind == HEAD_OF_RESPONSE) return next(guard, at, STEP_STATUS_VERSION);
    if (in.data[at] != '\r') return next(guard, at, STEP_METHOD);
    if (guard->empty_line_seen) return refuse(guard, at, 400, "More than one empty line before the request.");
    guard->empty_line_seen = true;
    return next(guard, at + 1, STEP_EMPTY_LINE_LF);
}

static size_t step_lf(struct head_guard *guard, struct slice in, size_t at, enum guard_step then) {
    if (in.data[at] != '\n') return refuse(guard, at, 400, "A carriage return without a line feed.");
    return next(guard, at + 1, then);
}

static size_t step_method(struct head_guard *guard, struct slice in, size_t at) {
    const size_t end = byte_run(in, at, BYTE_TOKEN);
    guard->part_len += end - at;
    if (end == in.len) return end;
    if (in.data[end] != ' ' || guard->part_len == 0)
        return refuse(guard, end, 400, "The request line does not begin with a method.");
    return next(guard, end + 1, STEP_TARGET);
}

static size_t step_target(struct head_guard *guard, struct slice in, size_t at) {
    const size_t end = byte_run(in, at, BYTE_VISIBLE);
    guard->part_len += end - at;
    if (end == in.len) return end;
    if (in.data[end] != ' ' || guard->part_len == 0)
        return refuse(guard, end, 400, "The request line is not a method, a target and a version.");
    return next(guard, end + 1, STEP_VERSION);
}

static bool version_is_ours(const char version[static 8]) {
    return memcmp(version, "HTTP/1.", 7) == 0 && (version[7] == '0' || version[7] == '1');
}

static bool version_is_http(const char version[static 8]) {
    return memcmp(version, "HTTP/", 5) == 0 && version[5] >= '0' && version[5] <= '9' && version[6] == '.' &&
           version[7] >= '0' && version[7] <= '9';
}

static size_t step_version(struct head_guard *guard, struct slice in, size_t at) {
    if (guard->part_len < sizeof guard->version) {
        if (!byte_is(in.data[at], BYTE_VISIBLE)) return refuse(guard, at, 400, "The HTTP version is malformed.");
        guard->version[guard->part_len++] = in.data[at];
        return at + 1;
    }
    if (in.data[at] != '\r') return refuse(guard, at, 400, "The HTTP version is malformed.");
    if (version_is_ours(guard->version)) return next(guard, at + 1, STEP_LINE_LF);
    if (version_is_http(guard->version)) return refuse(guard, at, 505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
    return refuse(guard, at, 400, "The protocol is not HTTP.");
}

static size_t step_status_version(struct head_guard *guard, struct slice in, size_t at) {
    static const char wanted[] = "HTTP/1.x ";
    const char c = in.data[at];
    if (wanted[guard->part_len] == 'x' ? c != '0' && c != '1' : c != wanted[guard->part_len])
        return refuse(guard, at, 400, "The status line does not begin with HTTP/1.1 or HTTP/1.0.");
    if (c == ' ') return next(guard, at + 1, STEP_STATUS);
    guard->part_len++;
    return at + 1;
}

static size_t step_status(struct head_guard *guard, struct slice in, size_t at) {
    const char c = in.data[at];
    if (guard->part_len < 3) {
        if (c < '0' || c > '9') return refuse(guard, at, 400, "The status is not three digits.");
        guard->part_len++;
        return at + 1;
    }
    if (c == '\r') return next(guard, at + 1, STEP_LINE_LF);
    if (c != ' ') return refuse(guard, at, 400, "The status is not three digits.");
    return next(guard, at + 1, STEP_REASON);
}

static size_t step_reason(struct head_guard *guard, struct slice in, size_t at) {
    const size_t end = byte_run(in, at, BYTE_TEXT);
    if (end == in.len) return end;
    if (in.data[end] != '\r') return refuse(guard, end, 400, "A byte that may not stand in a reason.");
    return next(guard, end + 1, STEP_LINE_LF);
}

static size_t step_field(struct head_guard *guard, struct slice in, size_t at) {
    if (in.data[at] == '\r') return next(guard, at + 1, STEP_LAST_LF);
    if (in.data[at] == ' ' || in.data[at] == '\t')
        return refuse(guard, at, 400, "A header line begins with white space.");
    if (guard->field_count == HTTP_FIELDS_MAX) return refuse(guard, at, 431, "Too many header fields.");
    guard->field_count++;
    return next(guard, at, STEP_NAME);
}

static size_t step_name(struct head_guard *guard, struct slice in, size_t at) {
    const size_t end = byte_run(in, at, BYTE_TOKEN);
    guard->part_len += end - at;
    if (end == in.len) return end;
    if (in.data[end] != ':') return refuse(guard, end, 400, "A byte that may not stand in a header name.");
    if (guard->part_len == 0) return refuse(guard, end, 400, "A header field without a name.");
    return next(guard, end + 1, STEP_VALUE);
}

static size_t step_value(struct head_guard *guard, struct slice in, size_t at) {
    const size_t end = byte_run(in, at, BYTE_TEXT);
    if (end == in.len) return end;
    if (in.data[end] != '\r') return refuse(guard, end, 400, "A byte that may not stand in a header value.");
    return next(guard, end + 1, STEP_LINE_LF);
}

static size_t step(struct head_guard *guard, struct slice in, size_t at) {
    switch ((enum guard_step)guard->step) {
    case STEP_START: return step_start(guard, in, at);
    case STEP_EMPTY_LINE_LF: return step_lf(guard, in, at, STEP_START);
    case STEP_METHOD: return step_method(guard, in, at);
    case STEP_TARGET: return step_target(guard, in, at);
    case STEP_VERSION: return step_version(guard, in, at);
    case STEP_STATUS_VERSION: return step_status_version(guard, in, at);
    case STEP_STATUS: return step_status(guard, in, at);
    case STEP_REASON: return step_reason(guard, in, at);
    case STEP_LINE_LF: return step_lf(guard, in, at, STEP_FIELD);
    case STEP_FIELD: return step_field(guard, in, at);
    case STEP_NAME: return step_name(guard, in, at);
    case STEP_VALUE: return step_value(guard, in, at);
    case STEP_LAST_LF: return step_lf(guard, in, at, STEP_COMPLETE);
    case STEP_COMPLETE:
    case STEP_REFUSED: break;
    }
    return in.len;
}

static void refuse_too_long(struct head_guard *guard) {
    if (guard->step == STEP_METHOD || guard->step == STEP_TARGET)
        refuse(guard, 0, 414, "The request line is too long.");
    else
        refuse(guard, 0, 431, "The header fields are too long.");
}

void head_guard_init(struct head_guard *guard, enum head_kind kind, size_t limit_bytes) {
    *guard = (struct head_guard){.kind = kind, .limit_bytes = limit_bytes, .step = STEP_START};
}

enum head_verdict head_guard_feed(struct head_guard *guard, struct slice bytes, size_t *used_out) {
    const size_t room = guard->limit_bytes - guard->used_bytes;
    const struct slice in = slice_of(bytes.data, bytes.len < room ? bytes.len : room);
    size_t at = 0;
    while (at < in.len && guard->step < STEP_COMPLETE) at = step(guard, in, at);
    guard->used_bytes += at;
    if (guard->step < STEP_COMPLETE && at < bytes.len) refuse_too_long(guard);
    *used_out = guard->step == STEP_COMPLETE ? at : bytes.len;
    if (guard->step == STEP_REFUSED) return HEAD_REFUSED;
    return guard->step == STEP_COMPLETE ? HEAD_COMPLETE : HEAD_NEEDS_MORE;
}
