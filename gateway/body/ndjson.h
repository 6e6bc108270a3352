/* Cuts a stream of newline-delimited JSON into lines, without losing a byte.
 *
 * Format: NDJSON as Ollama streams it, one JSON text a line (also known as JSON Lines). A line ends in LF
 * or CRLF; a CR elsewhere is white space of the JSON text and stays in it. Lines are handed out as
 * `struct sse_event`, so that one user takes both framings alike:
 *
 *     raw              the line with its end; concatenating the raws gives back the input
 *     data             the line without its end, at data_begin == 0
 *     data_line_count  1; 0 for a blank line: no byte but spaces, tabs and CRs
 *     eol_len          1 or 2; 0 without a line end
 *     complete         a line end was there. Many a sender leaves out the last one, and only finish hands out
 *                      such a line: whether it was cut, its JSON says
 *     name             empty
 *
 *     feed(bytes) -> next(line) until false -> feed ... -> end of input -> finish(line)
 *
 * Owns:    the bytes that were fed and not yet handed out, wiped by deinit.
 * Errors:  sticky; only feed can fail, next and finish never allocate.
 * Threads: one at a time. */
#ifndef SLUICE_GATEWAY_BODY_NDJSON_H
#define SLUICE_GATEWAY_BODY_NDJSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/outcome.h"
#include "base/slice.h"
#include "gateway/body/sse.h"

/* Fields are the reader's own. */
struct ndjson_reader {
    struct buffer bytes; /* what was fed; handed out before `begin` */
    size_t limit_bytes;  /* of one line with its end */
    size_t begin;        /* of the first line not yet handed out */
    size_t line_begin;   /* of the line that is still arriving; complete lines before */
    enum outcome outcome;
};

/* limit_bytes: 1 to UINT32_MAX - 16, of one line with its end. */
void ndjson_reader_init(struct ndjson_reader *reader, size_t limit_bytes);
void ndjson_reader_deinit(struct ndjson_reader *reader);

/* Takes the bytes over (copied). OVERFLOW: one line is longer than the limit; complete lines before
 * it can still be taken. NO_MEMORY. Amortised linear, however the input is cut. */
enum outcome ndjson_reader_feed(struct ndjson_reader *reader, struct slice bytes) MUST_CHECK;

/* The next complete line; its slices live until the next feed or deinit. */
bool ndjson_reader_next(struct ndjson_reader *reader, struct sse_event *line_out);

/* At the end of input: lines that next did not take, then what is left, as an incomplete line (the caller
 * decides). False when nothing is left, and after a failure. */
bool ndjson_reader_finish(struct ndjson_reader *reader, struct sse_event *line_out);

#endif
