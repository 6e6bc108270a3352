#include "bench/mock/request.h"

#define HEAD_MOST_BYTES (64u << 10)
#define BODY_MOST_BYTES (64u << 20)

bool request_has_header(const struct request *request, struct slice name) {
    for (size_t i = 0; i < request->header_count; i++)
        if (slice_equal_nocase(request->headers[i].name, name)) return true;
    return false;
}

static struct request_reader *reader_of(llhttp_t *parser) {
    return parser->data;
}

static int on_head_bytes(llhttp_t *parser, const char *at, size_t len) {
    struct request_reader *reader = reader_of(parser);
    buffer_append(&reader->head, slice_of(at, len));
    return reader->head.failed ? HPE_USER : HPE_OK;
}

static int on_part_complete(llhttp_t *parser) {
    struct request_reader *reader = reader_of(parser);
    if (reader->end_count == sizeof reader->ends / sizeof reader->ends[0]) return -1;
    reader->ends[reader->end_count++] = reader->head.len;
    return HPE_OK;
}

static int on_body(llhttp_t *parser, const char *at, size_t len) {
    struct request_reader *reader = reader_of(parser);
    buffer_append(&reader->body, slice_of(at, len));
    return reader->body.failed ? HPE_USER : HPE_OK;
}

/* `head` does not move any more, so that views into it can be made. */
static void take_views(struct request_reader *reader) {
    struct request *request = &reader->request;
    const struct slice head = buffer_slice(&reader->head);
    request->path = slice_range(head, 0, reader->ends[0]);
    request->header_count = (reader->end_count - 1) / 2;
    for (size_t i = 0; i < request->header_count; i++) {
        const size_t *ends = &reader->ends[2 * i];
        request->headers[i] =
            (struct request_header){slice_range(head, ends[0], ends[1]), slice_range(head, ends[1], ends[2])};
    }
    request->body = buffer_slice(&reader->body);
}

static int on_message_complete(llhttp_t *parser) {
    struct request_reader *reader = reader_of(parser);
    if (reader->end_count == 0) return -1;
    take_views(reader);
    reader->request.method = llhttp_method_name((llhttp_method_t)llhttp_get_method(parser));
    reader->request.http_1_0 = llhttp_get_http_major(parser) == 1 && llhttp_get_http_minor(parser) == 0;
    reader->request.keep_alive = llhttp_should_keep_alive(parser) == 1;
    return HPE_PAUSED;
}

static const llhttp_settings_t SETTINGS = {
    .on_url = on_head_bytes,
    .on_url_complete = on_part_complete,
    .on_header_field = on_head_bytes,
    .on_header_field_complete = on_part_complete,
    .on_header_value = on_head_bytes,
    .on_header_value_complete = on_part_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

void request_reader_init(struct request_reader *reader, const char *listener) {
    buffer_init(&reader->head, HEAD_MOST_BYTES);
    buffer_init(&reader->body, BODY_MOST_BYTES);
    reader->end_count = 0;
    reader->request.listener = listener;
    llhttp_init(&reader->parser, HTTP_REQUEST, &SETTINGS);
    reader->parser.data = reader;
}

void request_reader_deinit(struct request_reader *reader) {
    buffer_deinit(&reader->head);
    buffer_deinit(&reader->body);
}

enum request_state request_reader_feed(struct request_reader *reader, struct slice bytes, size_t *consumed_out) {
    *consumed_out = bytes.len;
    if (bytes.len == 0) return REQUEST_MORE;
    switch (llhttp_execute(&reader->parser, bytes.data, bytes.len)) {
    case HPE_OK: return REQUEST_MORE;
    case HPE_PAUSED: *consumed_out = (size_t)(llhttp_get_error_pos(&reader->parser) - bytes.data); return REQUEST_READY;
    default: return REQUEST_BROKEN;
    }
}

void request_reader_next(struct request_reader *reader) {
    buffer_clear(&reader->head);
    buffer_clear(&reader->body);
    reader->end_count = 0;
    reader->request.header_count = 0;
    llhttp_resume(&reader->parser);
}
