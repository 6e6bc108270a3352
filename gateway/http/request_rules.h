/* What a request's head must say to be served here; everything else is refused.
 *
 *   501  a method that is not GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS: CONNECT, TRACE, PRI ...
 *   400  a target that is not a plain absolute path with an optional query (request_target_check)
 *   400  no Host field or more than one; its value is for the caller to judge
 *   400, 501  framing (message_framing.h); 400 a body on GET or HEAD
 *   400  Upgrade, HTTP2-Settings, or Connection: upgrade. Not 426: that would name a protocol to
 *        change to, and there is none
 *   400  Connection names a field that every hop needs (RFC 9110 section 7.6.1)
 *   417  an expectation other than 100-continue. On HTTP/1.0 Expect means nothing (RFC 9110 section 10.1.1)
 *   413  a Content-Length above the limit */
#ifndef SLUICE_HTTP_REQUEST_RULES_H
#define SLUICE_HTTP_REQUEST_RULES_H

#include "gateway/http/http_event.h"
#include "gateway/http/http_head.h"

/* Judges a split head, and sets what it says about body and connection. */
bool request_rules_apply(struct http_head *head, const struct http_limits *limits, struct http_refusal *refusal_out);

/* Whether the target is in origin form (RFC 9112 section 3.2.1) and its path has one spelling: no fragment,
 * authority, percent escape, backslash, empty segment, `.` segment, or `..` anywhere; in the query
 * no broken escape and no %00. */
bool request_target_check(const struct http_head *head, struct http_refusal *refusal_out);

#endif
