/* Writes messages: requests to upstreams, answers to agents. The counterpart of the readers.
 *
 * Everything goes to the end of a struct buffer. A message that could be read as anything but what was
 * meant is not written: the buffer fails (sticky), and what it held before stays as it was. That is so when
 *   - a method or a field name is no token, a path holds a byte that may not stand in a target,
 *     a host one that may not stand in a name or address, a value anything but 0x20 to 0x7e and tab
 *   - a field is one of the writer's own: Host, Connection, Keep-Alive, Proxy-Connection, Content-Length,
 *     Transfer-Encoding, TE, Trailer, Upgrade
 *   - framing and message contradict each other, as told below
 *
 * Errors:  buffer.failed; check it once, behind the last call. A failed buffer must not be sent. */
#ifndef SLUICE_HTTP_MESSAGE_WRITER_H
#define SLUICE_HTTP_MESSAGE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "gateway/http/http_field.h"

enum http_framing {
    HTTP_FRAMING_LENGTH,  /* Content-Length: content_length */
    HTTP_FRAMING_CHUNKED, /* for HTTP/1.1 clients only */
    HTTP_FRAMING_CLOSE,   /* the body ends with the connection, which says so */
    HTTP_FRAMING_NONE,    /* no body: 1xx, 204, 304, and any answer to HEAD */
};

/* What a client that expects 100-continue is told before it sends its body. */
#define HTTP_CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

/* The head of a request; content_length bytes of body are to follow. Content-Length is written unless it is 0 and
 * the method is GET, HEAD, DELETE or OPTIONS; a length above 0 with GET or HEAD fails. */
void http_write_request(struct buffer *out, struct slice method, struct slice path, struct slice host,
                        const struct http_field *fields, uint32_t count, uint64_t content_length);

/* The head of an answer, always as HTTP/1.1 (RFC 9110 section 2.5). `Connection: close` is written unless
 * keep_alive, and always for HTTP_FRAMING_CLOSE and HTTP/1.0 clients. content_length counts only with
 * HTTP_FRAMING_LENGTH. Fails: a status outside 100 to 599, a body with 1xx, 204 or 304, chunked for
 * client_minor_version 0. */
void http_write_response_head(struct buffer *out, unsigned status, const struct http_field *fields, uint32_t count,
                              enum http_framing framing, uint64_t content_length, bool keep_alive,
                              unsigned client_minor_version);

/* One chunk of a chunked body. Empty bytes write nothing, since an empty chunk would end the body. */
void http_write_chunk(struct buffer *out, struct slice bytes);
void http_write_last_chunk(struct buffer *out);

/* The reason phrase of RFC 9110 section 15, or of the status' class when it has none. Static. */
const char *http_status_text(unsigned status);

#endif
