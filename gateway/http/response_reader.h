/* Reads an upstream's answers, as strictly as requests are read: one reading, or a refusal.
 *
 * The same parts as in request_reader.h, and the rules of a client (RFC 9112 section 6.3):
 *   - 1xx answers are skipped, at most HTTP_INTERIM_MAX of them; 101 is refused, nobody asked
 *   - the body ends by chunked, by its length, or with the connection (head->until_close)
 *   - 204 and 304 have no body, and are refused when they announce one, even of length 0; bytes that come
 *     all the same are surplus
 *   - the answer to HEAD has none, whatever it announces
 *   - a status outside 100 to 599 is refused; so is any other transfer coding
 * Content-Encoding is the caller's to judge.
 *
 * Owns:    its copy of the head (wiped). HTTP_BODY views the caller's bytes.
 * Errors:  HTTP_REFUSED, sticky until destroyed; status 502, or 503 out of memory.
 * Threads: one at a time. */
#ifndef SLUICE_HTTP_RESPONSE_READER_H
#define SLUICE_HTTP_RESPONSE_READER_H

#include "base/outcome.h"
#include "base/slice.h"
#include "gateway/http/http_event.h"
#include "gateway/http/http_head.h"

#define HTTP_INTERIM_MAX 8

struct response_reader;

/* `limits` is copied; HTTP_RESPONSE_LIMITS is the usual one. `to_head`: the request was HEAD. OK or NO_MEMORY. */
enum outcome response_reader_create(const struct http_limits *limits, bool to_head,
                                    struct response_reader **out) MUST_CHECK;

/* NULL is allowed. */
void response_reader_destroy(struct response_reader *reader);

/* As request_reader_feed, except that after HTTP_DONE it takes what still comes, as surplus, and answers
 * HTTP_DONE again. */
enum http_event response_reader_feed(struct response_reader *reader, struct slice bytes, size_t *consumed_out,
                                     struct slice *body_out);

/* The upstream closed its side; `orderly`: with FIN, and over TLS with close_notify. HTTP_DONE: the answer
 * is whole, which only an orderly close can make it when head->until_close. Else HTTP_REFUSED. */
enum http_event response_reader_finish(struct response_reader *reader, bool orderly);

/* Gets ready for the next answer, after HTTP_DONE on a connection that can be used again (see
 * response_reader_is_reusable). At any other time what follows is refused. */
void response_reader_reset(struct response_reader *reader, bool to_head);

/* Valid from HTTP_HEAD until the reset; its slices too. NULL before. */
const struct http_head *response_reader_head(const struct response_reader *reader);

/* Whether no byte of an answer has come since the reset; a skipped 1xx counts as one. */
bool response_reader_is_idle(const struct response_reader *reader);

/* Whether bytes came behind the end of the answer. They belong to nothing that was asked. */
bool response_reader_surplus(const struct response_reader *reader);

/* Whether another request may go out on this connection: done, kept alive, no surplus. */
bool response_reader_is_reusable(const struct response_reader *reader);

/* status 0 when nothing was refused. */
struct http_refusal response_reader_refusal(const struct response_reader *reader);

#endif
