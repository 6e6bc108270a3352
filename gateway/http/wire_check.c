#include "gateway/http/wire_check.h"

#include <stdlib.h>

#include <llhttp.h>

#if LLHTTP_VERSION_MAJOR < 9 && !LLHTTP_STRICT_MODE
#error "llhttp 8 must be built with -DLLHTTP_STRICT_MODE=1; it forgives too much otherwise"
#endif

struct wire_check {
    llhttp_t parser;
    bool for_requests;
    const struct wire_reading *ours;  /* while the head is read */
    struct slice target, name, value; /* llhttp's, of what it is reading */
    uint32_t field_count;
    struct slice body; /* llhttp's, in the bytes at hand */
    bool keep_alive, to_head;
    bool head_read, ended, differs;
};

static struct wire_check *check_of(llhttp_t *parser) {
    return parser->data;
}

/* llhttp may hand over one span in pieces; they must touch. */
static int extend(struct wire_check *check, struct slice *span, const char *at, size_t len) {
    if (len == 0) return 0;
    if (span->len == 0)
        *span = slice_of(at, len);
    else if (span->data + span->len == at)
        span->len += len;
    else
        check->differs = true;
    return 0;
}

static int on_url(llhttp_t *parser, const char *at, size_t len) {
    struct wire_check *check = check_of(parser);
    return extend(check, &check->target, at, len);
}

static int on_field(llhttp_t *parser, const char *at, size_t len) {
    struct wire_check *check = check_of(parser);
    return extend(check, &check->name, at, len);
}

static int on_value(llhttp_t *parser, const char *at, size_t len) {
    struct wire_check *check = check_of(parser);
    return extend(check, &check->value, at, len);
}

static int on_body(llhttp_t *parser, const char *at, size_t len) {
    struct wire_check *check = check_of(parser);
    return extend(check, &check->body, at, len);
}

static int on_value_complete(llhttp_t *parser) {
    struct wire_check *check = check_of(parser);
    const struct wire_reading *ours = check->ours;
    if (ours == NULL || check->field_count == ours->field_count) {
        check->differs = true;
        return 0;
    }
    const struct http_field *field = &ours->fields[check->field_count++];
    if (!slice_equal(field->name, check->name) || !slice_equal(field->value, slice_trim(check->value)))
        check->differs = true;
    check->name = check->value = slice_of(NULL, 0);
    return 0;
}

static bool start_line_agrees(const struct wire_check *check, const struct wire_reading *ours) {
    const llhttp_t *parser = &check->parser;
    if (parser->http_major != 1 || parser->http_minor != ours->minor_version) return false;
    if (!check->for_requests) return parser->status_code == ours->status;
    const char *method = llhttp_method_name((llhttp_method_t)parser->method);
    return slice_equal(ours->method, slice_str(method)) && slice_equal(ours->target, check->target);
}

static bool framing_agrees(const llhttp_t *parser, const struct wire_reading *ours) {
    const bool has_length = (parser->flags & F_CONTENT_LENGTH) != 0;
    const bool coded = (parser->flags & F_TRANSFER_ENCODING) != 0;
    const bool chunked = (parser->flags & F_CHUNKED) != 0;
    return has_length == ours->has_length && chunked == ours->chunked && coded == ours->chunked && !parser->upgrade &&
           (!has_length || parser->content_length == ours->content_length);
}

/* Answers 1 for a message that has no body although its fields may speak of one. */
static int on_headers_complete(llhttp_t *parser) {
    struct wire_check *check = check_of(parser);
    const struct wire_reading *ours = check->ours;
    check->head_read = true;
    if (ours == NULL || check->field_count != ours->field_count || !start_line_agrees(check, ours) ||
        !framing_agrees(parser, ours))
        check->differs = true;
    return check->to_head;
}

static int on_message_complete(llhttp_t *parser) {
    struct wire_check *check = check_of(parser);
    if (check->ended || (check->keep_alive && !llhttp_should_keep_alive(parser))) check->differs = true;
    check->ended = true;
    return 0;
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

enum outcome wire_check_create(bool for_requests, struct wire_check **out) {
    struct wire_check *check = calloc(1, sizeof *check);
    if (check == NULL) return OUTCOME_NO_MEMORY;
    check->for_requests = for_requests;
    check->differs = true; /* until a head is read */
    *out = check;
    return OUTCOME_OK;
}

void wire_check_destroy(struct wire_check *check) {
    free(check);
}

static bool execute(struct wire_check *check, struct slice bytes) {
    if (check->differs) return false;
    check->body = slice_of(NULL, 0);
    if (llhttp_execute(&check->parser, bytes.data, bytes.len) != HPE_OK) check->differs = true;
    return !check->differs;
}

bool wire_check_head(struct wire_check *check, struct slice raw_head, const struct wire_reading *ours) {
    *check = (struct wire_check){
        .for_requests = check->for_requests, .ours = ours, .keep_alive = ours->keep_alive, .to_head = ours->to_head};
    llhttp_init(&check->parser, check->for_requests ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
    check->parser.data = check;
    const bool agrees = execute(check, raw_head) && check->head_read && check->body.len == 0;
    check->ours = NULL;
    if (!agrees || check->ended != ours->ends) check->differs = true;
    return !check->differs;
}

bool wire_check_bytes(struct wire_check *check, struct slice bytes, struct slice body, bool ends) {
    if (!execute(check, bytes)) return false;
    const bool same_body = check->body.len == body.len && (body.len == 0 || check->body.data == body.data);
    if (!same_body || check->ended != ends) check->differs = true;
    return !check->differs;
}

bool wire_check_finish(struct wire_check *check) {
    if (check->differs) return false;
    if (llhttp_finish(&check->parser) != HPE_OK || !check->ended) check->differs = true;
    return !check->differs;
}
