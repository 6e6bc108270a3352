/* Keeps what arrives, so that a test can prove what left the gateway.
 *
 *     DIR/conn-N.raw    every byte of connection N, appended as it comes, before anything reads it
 *     DIR/conn-N.json   {"listener", "state": "open"|"closed", "closed_by": "peer"|"mock", "received_bytes",
 * "sent_bytes"} DIR/req-N.json    {"connection", "listener", "method", "path", "headers": [[name, value]..], "body",
 * "body_encoding"}
 *
 * conn-N.raw is complete before the answer to its bytes is written; the .json files appear whole.
 * Errors: a capture with a hole would prove what is not so; any failure ends the process. */
#ifndef SLUICE_BENCH_MOCK_CAPTURE_H
#define SLUICE_BENCH_MOCK_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/outcome.h"
#include "bench/mock/request.h"

struct capture {
    const char *dir; /* NULL: keeps nothing, and every call below does nothing */
    uint64_t connections, requests;
};

/* One connection's part of it. */
struct capture_stream {
    struct capture *capture;
    const char *listener;
    uint64_t number; /* from 1 */
    uint64_t received_bytes;
    int file;
};

/* INVALID when `dir` is given and is no folder that can be written to. */
enum outcome capture_init(struct capture *capture, const char *dir, struct detail *detail) MUST_CHECK;

void capture_stream_open(struct capture *capture, const char *listener, struct capture_stream *stream);
void capture_stream_bytes(struct capture_stream *stream, struct slice bytes);
void capture_stream_request(struct capture_stream *stream, const struct request *request);
void capture_stream_close(struct capture_stream *stream, bool by_peer, uint64_t sent_bytes);

#endif
