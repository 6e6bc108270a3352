/* Reads requests from an agent's connection, strictly: one reading, or a refusal.
 *
 * Glossary
 *   head      request line and header fields; kept here, viewed through struct http_head
 *   refusal   a status and a static sentence; the connection must close after it was told
 *
 * The bytes go through the head guard (head_guard.h), the rules (request_rules.h, message_framing.h,
 * chunk_guard.h) and, beside those, through llhttp, which must read the same (wire_check.h). How to
 * pull events is shown in http_event.h.
 *
 * The caller's part: the value of Host, routes, Content-Type and Content-Encoding, time limits, and
 * which fields go on. Fields are never forwarded by being there: hop-by-hop ones, and those that
 * Connection names, stay behind because the caller copies only what it knows.
 *
 * Owns:    its copy of the head (wiped). A body is not kept: HTTP_BODY views the caller's bytes.
 * Errors:  HTTP_REFUSED, sticky until destroyed. 400 malformed, 413, 414, 417, 431, 501, 503 out of
 *          memory, 505. Upgrade and h2c are 400.
 * Threads: one at a time. */
#ifndef SLUICE_HTTP_REQUEST_READER_H
#define SLUICE_HTTP_REQUEST_READER_H

#include "base/outcome.h"
#include "base/slice.h"
#include "gateway/http/http_event.h"
#include "gateway/http/http_head.h"

struct request_reader;

/* `limits` is copied; HTTP_REQUEST_LIMITS is the usual one. OK or NO_MEMORY. */
enum outcome request_reader_create(const struct http_limits *limits, struct request_reader **out) MUST_CHECK;

/* NULL is allowed. */
void request_reader_destroy(struct request_reader *reader);

/* Answers the next event. *consumed_out is how many bytes of the front of `bytes` it took: all of them with
 * HTTP_NEED_MORE and HTTP_REFUSED, none behind the request's end with HTTP_DONE. With HTTP_BODY
 * *body_out views `bytes`; else it is empty. An event may be due when `bytes` is empty: HTTP_DONE comes
 * in a call of its own. After HTTP_DONE it takes nothing until the reset. */
enum http_event request_reader_feed(struct request_reader *reader, struct slice bytes, size_t *consumed_out,
                                    struct slice *body_out);

/* The agent closed its side. HTTP_DONE: between requests. HTTP_REFUSED: in the middle of one. */
enum http_event request_reader_finish(struct request_reader *reader);

/* Gets ready for the next request, after HTTP_DONE on a connection that stays (head->keep_alive). At any
 * other time what follows is not a request, and will be refused. */
void request_reader_reset(struct request_reader *reader);

/* Valid from HTTP_HEAD until the reset; its slices too. NULL before. */
const struct http_head *request_reader_head(const struct request_reader *reader);

/* Whether no byte of a request has come since the reset: the connection may close without a word. */
bool request_reader_is_idle(const struct request_reader *reader);

/* status 0 when nothing was refused. */
struct http_refusal request_reader_refusal(const struct request_reader *reader);

#endif
