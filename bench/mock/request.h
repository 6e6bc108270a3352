/* One HTTP/1.1 request, read incrementally.
 *
 * llhttp in strict mode decides what a request is; this keeps its parts. The reader stops behind each
 * message, so that requests that were sent ahead wait until the answer before them is out.
 *
 * Owns:  request_reader its buffers; the views in `request` live until request_reader_next.
 * Units: bytes. */
#ifndef SLUICE_BENCH_MOCK_REQUEST_H
#define SLUICE_BENCH_MOCK_REQUEST_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

#define REQUEST_HEADERS_MOST 100u

struct request_header {
    struct slice name, value;
};

struct request {
    const char *listener; /* the name of the listener it came in by */
    const char *method;
    struct slice path; /* as sent, query included */
    struct request_header headers[REQUEST_HEADERS_MOST];
    size_t header_count;
    struct slice body;
    bool http_1_0;
    bool keep_alive;
};

/* Whether a field of this name is there, whatever its case. */
bool request_has_header(const struct request *request, struct slice name);

enum request_state {
    REQUEST_MORE,  /* all bytes were taken; the message is not complete */
    REQUEST_READY, /* `request` is complete; *consumed_out bytes were taken */
    REQUEST_BROKEN /* not HTTP, or too large; the connection cannot go on */
};

struct request_reader {
    struct request request;
    llhttp_t parser;
    struct buffer head; /* path, names and values, each behind the other */
    struct buffer body;
    size_t ends[1 + 2 * REQUEST_HEADERS_MOST]; /* where each part ends in `head` */
    size_t end_count;
};

void request_reader_init(struct request_reader *reader, const char *listener);
void request_reader_deinit(struct request_reader *reader);

enum request_state request_reader_feed(struct request_reader *reader, struct slice bytes, size_t *consumed_out);

/* After REQUEST_READY: forgets the request, and is ready for the one behind it. */
void request_reader_next(struct request_reader *reader);

#endif
