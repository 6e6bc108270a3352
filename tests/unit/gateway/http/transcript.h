/* What a reader answered to a stream of bytes, written down, so that two ways of cutting the same bytes
 * can be compared. Shared by the unit tests and the fuzz targets.
 *
 * A transcript holds every head, every body as one run, every end and the refusal. Each piece is fed
 * from a heap block of its own, freed right after, so that ASan sees a reader that looks too far or
 * keeps a pointer. */
#ifndef SLUICE_TESTS_HTTP_TRANSCRIPT_H
#define SLUICE_TESTS_HTTP_TRANSCRIPT_H

#include <stdint.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/require.h"
#include "gateway/http/request_reader.h"
#include "gateway/http/response_reader.h"

/* The first piece, then pieces of one size; 0: all that is left. */
struct cutting {
    size_t first_bytes, next_bytes;
};

static const struct cutting cutting_whole = {0, 0};
static const struct cutting cutting_each_byte = {1, 1};

static inline void transcript_add_head(struct buffer *log, const struct http_head *head) {
    buffer_append_format(log, "<%u %.*s|%.*s|%.*s|%.*s|%u %.*s|%d%d%d%d%d %llu>", head->method,
                         (int)head->method_name.len, head->method_name.data ? head->method_name.data : "",
                         (int)head->target.len, head->target.data ? head->target.data : "", (int)head->path.len,
                         head->path.data ? head->path.data : "", (int)head->query.len,
                         head->query.data ? head->query.data : "", head->status, (int)head->reason.len,
                         head->reason.data ? head->reason.data : "", head->has_length, head->chunked, head->keep_alive,
                         head->expect_continue, head->until_close, (unsigned long long)head->content_length);
    for (uint32_t i = 0; i < head->field_count; i++) {
        buffer_append(log, head->fields[i].name);
        buffer_append_char(log, '=');
        buffer_append(log, head->fields[i].value);
        buffer_append_char(log, ';');
    }
    buffer_append_str(log, "body:");
}

static inline void transcript_add_refusal(struct buffer *log, struct http_refusal refusal) {
    require(refusal.status >= 400 && refusal.reason != NULL);
    buffer_append_format(log, "[refused %u %s]", refusal.status, refusal.reason);
}

/* Feeds one piece, as a server does; true while there may be more to feed. */
static inline bool transcript_feed_requests(struct request_reader *reader, struct slice piece, struct buffer *log) {
    for (;;) {
        size_t used = 0;
        struct slice body;
        const enum http_event event = request_reader_feed(reader, piece, &used, &body);
        require(used <= piece.len && (event == HTTP_BODY) == (body.len > 0));
        piece = slice_of(piece.data + used, piece.len - used);
        switch (event) {
        case HTTP_NEED_MORE: require(piece.len == 0); return true;
        case HTTP_HEAD: transcript_add_head(log, request_reader_head(reader)); break;
        case HTTP_BODY: buffer_append(log, body); break;
        case HTTP_DONE:
            buffer_append_str(log, "[done]");
            if (!request_reader_head(reader)->keep_alive) return false;
            request_reader_reset(reader);
            if (piece.len == 0) return true;
            break;
        case HTTP_REFUSED: transcript_add_refusal(log, request_reader_refusal(reader)); return false;
        }
    }
}

static inline bool transcript_feed_response(struct response_reader *reader, struct slice piece, struct buffer *log) {
    bool was_done = false;
    for (;;) {
        size_t used = 0;
        struct slice body;
        const enum http_event event = response_reader_feed(reader, piece, &used, &body);
        require(used <= piece.len && (event == HTTP_BODY) == (body.len > 0));
        piece = slice_of(piece.data + used, piece.len - used);
        switch (event) {
        case HTTP_NEED_MORE: require(piece.len == 0); return true;
        case HTTP_HEAD: transcript_add_head(log, response_reader_head(reader)); break;
        case HTTP_BODY: buffer_append(log, body); break;
        case HTTP_DONE:
            if (was_done || piece.len == 0) return true;
            was_done = true;
            break;
        case HTTP_REFUSED: transcript_add_refusal(log, response_reader_refusal(reader)); return false;
        }
    }
}

static inline size_t transcript_piece_bytes(struct cutting cutting, size_t at, size_t len) {
    const size_t wanted = at == 0 && cutting.first_bytes ? cutting.first_bytes : cutting.next_bytes;
    return wanted == 0 || wanted > len - at ? len - at : wanted;
}

/* All requests of one connection, and then its end. */
static inline void transcript_of_requests(struct slice input, const struct http_limits *limits, struct cutting cutting,
                                          struct buffer *log) {
    struct request_reader *reader = NULL;
    require(request_reader_create(limits, &reader) == OUTCOME_OK);
    bool open = true;
    for (size_t at = 0; at < input.len && open;) {
        const size_t len = transcript_piece_bytes(cutting, at, input.len);
        char *piece = malloc(len);
        require(piece != NULL);
        memcpy(piece, input.data + at, len);
        open = transcript_feed_requests(reader, slice_of(piece, len), log);
        free(piece);
        at += len;
    }
    if (open && request_reader_finish(reader) == HTTP_REFUSED)
        transcript_add_refusal(log, request_reader_refusal(reader));
    request_reader_destroy(reader);
}

/* One answer, what comes behind it, and the end of the connection. */
static inline void transcript_of_response(struct slice input, const struct http_limits *limits, bool to_head,
                                          bool orderly, struct cutting cutting, struct buffer *log) {
    struct response_reader *reader = NULL;
    require(response_reader_create(limits, to_head, &reader) == OUTCOME_OK);
    bool open = true;
    for (size_t at = 0; at < input.len && open;) {
        const size_t len = transcript_piece_bytes(cutting, at, input.len);
        char *piece = malloc(len);
        require(piece != NULL);
        memcpy(piece, input.data + at, len);
        open = transcript_feed_response(reader, slice_of(piece, len), log);
        free(piece);
        at += len;
    }
    const bool reusable = response_reader_is_reusable(reader);
    if (open && response_reader_finish(reader, orderly) == HTTP_REFUSED)
        transcript_add_refusal(log, response_reader_refusal(reader));
    else if (open)
        buffer_append_format(log, "[done%s%s]", response_reader_surplus(reader) ? " surplus" : "",
                             reusable ? " reusable" : "");
    response_reader_destroy(reader);
}

/* The refusal's status in a transcript, 0 when it has none. */
static inline unsigned transcript_status(const struct buffer *log) {
    static const char mark[] = "[refused ";
    const char *found = log->len ? memmem(log->data, log->len, mark, sizeof mark - 1) : NULL;
    return found ? (unsigned)strtoul(found + sizeof mark - 1, NULL, 10) : 0;
}

static inline bool transcript_holds(const struct buffer *log, struct slice part) {
    return log->len >= part.len && memmem(log->data, log->len, part.data, part.len) != NULL;
}

/* A small generator of our own, so that a printed seed gives the same run everywhere. */
static inline uint32_t transcript_random(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* Changes up to two bytes into ones that mean something to a parser. */
static inline void transcript_damage(char *bytes, size_t len, uint64_t *random) {
    static const char meaningful[] = "\r\n :;,0123abcHTPx\t\0\xff";
    for (unsigned changes = transcript_random(random) % 3; changes > 0; changes--)
        bytes[transcript_random(random) % len] = meaningful[transcript_random(random) % (sizeof meaningful - 1)];
}

#endif
