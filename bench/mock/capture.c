#include "bench/mock/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/mock/base64.h"

_Noreturn static void fail(const char *what) {
    (void)fprintf(stderr, "sluice-mock: capture: %s: %s\n", what, strerror(errno));
    exit(1);
}

struct path {
    char text[PATH_MAX];
};

static struct path path_of(const struct capture *capture, const char *kind, uint64_t number, const char *ending) {
    struct path path;
    const int len = snprintf(path.text, sizeof path.text, "%s/%s-%" PRIu64 ".%s", capture->dir, kind, number, ending);
    if (len < 0 || (size_t)len >= sizeof path.text) fail("path");
    return path;
}

enum outcome capture_init(struct capture *capture, const char *dir, struct detail *detail) {
    *capture = (struct capture){.dir = dir};
    if (dir == NULL || access(dir, W_OK | X_OK) == 0) return OUTCOME_OK;
    return detail_set(detail, OUTCOME_INVALID, "--capture %s: %s", dir, strerror(errno));
}

/* Takes over `value`. Written beside its place and renamed, so that nobody reads a half. */
static void write_json(const struct path *path, json_t *value) {
    struct path fresh;
    const int len = snprintf(fresh.text, sizeof fresh.text, "%s.part", path->text);
    if (len < 0 || (size_t)len >= sizeof fresh.text) fail("path");
    if (value == NULL || json_dump_file(value, fresh.text, JSON_INDENT(1)) != 0) fail(fresh.text);
    if (rename(fresh.text, path->text) != 0) fail(path->text);
    json_decref(value);
}

static void write_connection(const struct capture_stream *stream, json_t *value) {
    const struct path path = path_of(stream->capture, "conn", stream->number, "json");
    write_json(&path, value);
}

void capture_stream_open(struct capture *capture, const char *listener, struct capture_stream *stream) {
    *stream = (struct capture_stream){.capture = capture, .listener = listener, .file = -1};
    if (capture->dir == NULL) return;
    stream->number = ++capture->connections;
    write_connection(stream, json_pack("{s:s,s:s}", "listener", listener, "state", "open"));
    const struct path path = path_of(capture, "conn", stream->number, "raw");
    stream->file = open(path.text, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (stream->file < 0) fail(path.text);
}

void capture_stream_bytes(struct capture_stream *stream, struct slice bytes) {
    if (stream->file < 0) return;
    stream->received_bytes += bytes.len;
    while (bytes.len) {
        const ssize_t written = write(stream->file, bytes.data, bytes.len);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) fail("conn.raw");
        bytes = slice_range(bytes, (size_t)written, bytes.len);
    }
}

/* As text when it is UTF-8, else in base64; names the encoding. */
static void set_body(json_t *object, struct slice body) {
    json_t *text = json_stringn(body.len ? body.data : "", body.len);
    const char *encoding = text ? "text" : "base64";
    if (text == NULL) {
        struct buffer coded;
        buffer_init(&coded, 0);
        base64_encode(body, &coded);
        if (coded.failed) fail("memory");
        text = json_stringn(coded.data, coded.len);
        buffer_deinit(&coded);
    }
    if (json_object_set_new(object, "body", text) != 0) fail("memory");
    if (json_object_set_new(object, "body_encoding", json_string(encoding)) != 0) fail("memory");
}

/* Header bytes beyond ASCII are ISO-8859-1 by tradition (RFC 9110 section 5.5); each stands as that code point. */
static json_t *latin1(struct slice text) {
    struct buffer utf8;
    buffer_init(&utf8, 0);
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char byte = (unsigned char)text.data[i];
        if (byte >= 0x80u) buffer_append_char(&utf8, (char)(0xC0u | byte >> 6));
        buffer_append_char(&utf8, (char)(byte < 0x80u ? byte : 0x80u | (byte & 0x3Fu)));
    }
    if (utf8.failed) fail("memory");
    json_t *string = json_stringn(utf8.len ? utf8.data : "", utf8.len);
    buffer_deinit(&utf8);
    return string;
}

void capture_stream_request(struct capture_stream *stream, const struct request *request) {
    if (stream->file < 0) return;
    json_t *headers = json_array();
    for (size_t i = 0; i < request->header_count; i++) {
        const struct request_header *header = &request->headers[i];
        json_t *pair = json_pack("[o,o]", latin1(header->name), latin1(header->value));
        if (json_array_append_new(headers, pair) != 0) fail("memory");
    }
    json_t *object =
        json_pack("{s:I,s:s,s:s,s:o,s:o}", "connection", (json_int_t)stream->number, "listener", request->listener,
                  "method", request->method, "path", latin1(request->path), "headers", headers);
    if (object == NULL) fail("memory");
    set_body(object, request->body);
    const struct path path = path_of(stream->capture, "req", ++stream->capture->requests, "json");
    write_json(&path, object);
}

void capture_stream_close(struct capture_stream *stream, bool by_peer, uint64_t sent_bytes) {
    if (stream->file < 0) return;
    (void)close(stream->file);
    stream->file = -1;
    write_connection(stream, json_pack("{s:s,s:s,s:s,s:I,s:I}", "listener", stream->listener, "state", "closed",
                                       "closed_by", by_peer ? "peer" : "mock", "received_bytes",
                                       (json_int_t)stream->received_bytes, "sent_bytes", (json_int_t)sent_bytes));
}
