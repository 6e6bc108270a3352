/* The wire formats the mock speaks: a format is one file and its rows in the table of format.c.
 *
 * A row is found by method and path; its format answers, and words its errors. */
#ifndef SLUICE_BENCH_MOCK_FORMAT_H
#define SLUICE_BENCH_MOCK_FORMAT_H

#include <jansson.h>

#include "bench/mock/reply.h"
#include "bench/mock/request.h"

/* An error as the scenario words it, or the mock's own; texts may be NULL. */
struct format_error {
    const char *message, *type, *code;
};

/* Composes the whole answer, up to but without reply_finish. `body` is valid JSON; NULL for a route that takes
 * none. frame->status is 0 when the scenario names none. False: the request is not of the format; the message
 * is in `detail`, and nothing was written to the reply. */
typedef bool format_answer_fn(const struct request *request, json_t *body, const struct reply_frame *frame,
                              struct reply *reply, struct detail *detail);

/* Appends the error object's JSON. */
typedef void format_error_fn(const struct format_error *error, struct buffer *out);

struct format_route {
    const char *method;
    const char *path; /* behind an optional /v1 */
    bool takes_json;
    format_answer_fn *answer;
    format_error_fn *error;
};

/* The row, or NULL; *path_known_out tells whether the path exists with another method. */
const struct format_route *format_route_find(const char *method, struct slice path, bool *path_known_out);

#endif
