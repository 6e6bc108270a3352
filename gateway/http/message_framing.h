/* How a message's body is delimited: RFC 9112 section 6.3, without any of its second chances.
 *
 * A body has one length, said once: one Content-Length of plain digits, or one Transfer-Encoding that
 * is `chunked` and nothing else, on HTTP/1.1. Whatever could be read in two ways is refused:
 *   400  both fields; two of one; a length with sign, list, leading zero or overflow; `chunked` in
 *        a list, with parameters or in quotes; chunked on HTTP/1.0; `Content_Length` and the like,
 *        which some servers take for the field with a hyphen
 *   501  transfer codings without `chunked` among them */
#ifndef SLUICE_HTTP_MESSAGE_FRAMING_H
#define SLUICE_HTTP_MESSAGE_FRAMING_H

#include "gateway/http/http_event.h"
#include "gateway/http/http_head.h"

/* Sets has_length, content_length and chunked from the fields. */
bool message_framing_read(struct http_head *head, struct http_refusal *refusal_out);

/* Sets keep_alive: an HTTP/1.1 message that does not say `close`. HTTP/1.0 always closes. */
void message_persistence_read(struct http_head *head);

#endif
