/* The head of a message, read: start line, fields, and what they say about the body.
 *
 * The slices view the raw head inside the reader that made it; they are valid until that reader is
 * reset or destroyed. Nothing is decoded, folded or lower-cased: what stands here is what was sent.
 *
 * Sources: RFC 9110 (fields, methods), RFC 9112 (HTTP/1.1 syntax and framing). */
#ifndef SLUICE_HTTP_HTTP_HEAD_H
#define SLUICE_HTTP_HTTP_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "gateway/http/http_field.h"

enum http_method {
    HTTP_METHOD_OTHER,
    HTTP_GET,
    HTTP_HEAD_METHOD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
};

struct http_head {
    /* of a request, else empty */
    enum http_method method;
    struct slice method_name;
    struct slice target; /* path, and query with its '?' */
    struct slice path;
    struct slice query; /* without '?'; data is NULL when the target has none */

    /* of a response, else 0 and empty */
    unsigned status;
    struct slice reason;

    unsigned minor_version; /* of HTTP/1.x: 0 or 1 */
    struct http_field fields[HTTP_FIELDS_MAX];
    uint32_t field_count;

    bool has_length; /* a Content-Length field is there; content_length is its number, else 0 */
    bool chunked;
    bool until_close;     /* a response whose body ends with the connection */
    bool keep_alive;      /* another message may follow on this connection */
    bool expect_continue; /* the client waits for HTTP_CONTINUE before it sends the body */
    uint64_t content_length;
};

/* The value of the first field of that name, or NULL. `lower_case_name` is compared without regard to case. */
const struct slice *http_head_field(const struct http_head *head, const char *lower_case_name);

/* How many fields have that name. */
uint32_t http_head_field_count(const struct http_head *head, const char *lower_case_name);

/* Whether `token` (lower case) is an element of the comma-separated lists in the fields of that name,
 * such as `close` in Connection (RFC 9110 section 5.6.1). */
bool http_head_lists(const struct http_head *head, const char *lower_case_name, const char *token);

#endif
