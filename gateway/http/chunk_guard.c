#include "gateway/http/chunk_guard.h"

#define SIZE_DIGITS_MAX 8u

enum chunk_step {
    STEP_SIZE,
    STEP_SIZE_LF,
    STEP_DATA,
    STEP_DATA_CR,
    STEP_DATA_LF,
    STEP_LAST_CR,
    STEP_LAST_LF,
    STEP_END,
    STEP_REFUSED,
};

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = slice_ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool size_line_ended(struct chunk_guard *guard, struct http_refusal *refusal) {
    if (guard->digit_count == 0) return http_refuse(refusal, 400, "A chunk without a size.");
    if (guard->size > guard->body_limit_bytes - guard->body_bytes)
        return http_refuse(refusal, 413, "The body is too large.");
    guard->step = STEP_SIZE_LF;
    return true;
}

static bool take_size(struct chunk_guard *guard, char c, struct http_refusal *refusal) {
    if (c == '\r') return size_line_ended(guard, refusal);
    const int digit = hex_value(c);
    if (digit < 0) return http_refuse(refusal, 400, "A chunk size is not plain hexadecimal digits.");
    if (++guard->digit_count > SIZE_DIGITS_MAX) return http_refuse(refusal, 400, "A chunk size is too long.");
    guard->size = guard->size * 16 + (unsigned)digit;
    return true;
}

static const char *reason_at(enum chunk_step step) {
    if (step == STEP_LAST_CR) return "Trailers are not served here.";
    if (step == STEP_DATA_CR) return "A chunk is longer than its size.";
    return "A carriage return without a line feed in chunk framing.";
}

static bool take(struct chunk_guard *guard, char c, char expected, enum chunk_step then, struct http_refusal *refusal) {
    if (c != expected) return http_refuse(refusal, 400, reason_at(guard->step));
    guard->step = then;
    return true;
}

static bool begin_chunk(struct chunk_guard *guard, char c, struct http_refusal *refusal) {
    if (!take(guard, c, '\n', STEP_SIZE, refusal)) return false;
    guard->size = guard->digit_count = 0;
    return true;
}

static bool budget_left(const struct chunk_guard *guard) {
    return guard->framing_bytes < guard->framing_budget_bytes ||
           guard->framing_bytes - guard->framing_budget_bytes < guard->body_bytes;
}

static bool take_framing(struct chunk_guard *guard, char c, struct http_refusal *refusal) {
    if (!budget_left(guard)) return http_refuse(refusal, 413, "The body is cut into too many chunks.");
    guard->framing_bytes++;
    switch ((enum chunk_step)guard->step) {
    case STEP_SIZE: return take_size(guard, c, refusal);
    case STEP_SIZE_LF: return take(guard, c, '\n', guard->size ? STEP_DATA : STEP_LAST_CR, refusal);
    case STEP_DATA_CR: return take(guard, c, '\r', STEP_DATA_LF, refusal);
    case STEP_DATA_LF: return begin_chunk(guard, c, refusal);
    case STEP_LAST_CR: return take(guard, c, '\r', STEP_LAST_LF, refusal);
    case STEP_LAST_LF: return take(guard, c, '\n', STEP_END, refusal);
    case STEP_DATA:
    case STEP_END:
    case STEP_REFUSED: break;
    }
    return http_refuse(refusal, 400, "Bytes behind the end of a chunked body.");
}

static enum chunk_part take_data(struct chunk_guard *guard, struct slice bytes, size_t *used_out) {
    const size_t used = bytes.len < guard->size ? bytes.len : (size_t)guard->size;
    guard->size -= used;
    guard->body_bytes += used;
    if (guard->size == 0) guard->step = STEP_DATA_CR;
    *used_out = used;
    return CHUNK_DATA;
}

void chunk_guard_init(struct chunk_guard *guard, const struct http_limits *limits) {
    *guard = (struct chunk_guard){
        .body_limit_bytes = limits->body_bytes, .framing_budget_bytes = limits->wire_bytes, .step = STEP_SIZE};
}

enum chunk_part chunk_guard_feed(struct chunk_guard *guard, struct slice bytes, size_t *used_out,
                                 struct http_refusal *refusal_out) {
    if (guard->step == STEP_DATA) return take_data(guard, bytes, used_out);
    size_t at = 0;
    while (at < bytes.len && guard->step != STEP_DATA && guard->step != STEP_END) {
        if (!take_framing(guard, bytes.data[at], refusal_out)) {
            guard->step = STEP_REFUSED;
            *used_out = bytes.len;
            return CHUNK_REFUSED;
        }
        at++;
    }
    *used_out = at;
    return guard->step == STEP_END ? CHUNK_END : CHUNK_FRAMING;
}
