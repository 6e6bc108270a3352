/* The wire formats the mock speaks: a format is one file and its rows in the table of format.c.
 *
 * Glossary
 *   format   what routes share that speak alike: how an error is worded, what counts as the last user's text,
 *            and how a body is carried
 *   route    a method and a path, and who answers there */
#ifndef SLUICE_BENCH_MOCK_FORMAT_H
#define SLUICE_BENCH_MOCK_FORMAT_H

#include <jansson.h>

#include "bench/mock/history.h"
#include "bench/mock/placeholder.h"
#include "bench/mock/reply.h"
#include "bench/mock/request.h"

/* An error as the scenario words it, or the mock's own; texts may be NULL. */
struct format_error {
    int status;
    const char *message, *type, *code;
};

struct format {
    /* The error's JSON, a new reference; NULL when there is no memory. */
    json_t *(*error)(const struct format_error *error);
    /* Appends the text of the last user message in the body; nothing when there is none. */
    void (*last_user)(json_t *body, struct buffer *out);
    /* How the body of an answer to this request is carried. */
    enum reply_form (*form)(const struct request *request, json_t *body);
};

/* One request, as the one who answers it sees it; views, valid while it is answered. */
struct format_asked {
    const struct request *request;
    json_t *body;                    /* an object; NULL for a route that takes none */
    const struct reply_frame *frame; /* its status is 200 when the scenario names none */
    struct placeholder_source source;
    struct slice part;    /* what the star of the route's path stands for; empty when it has none */
    enum reply_form form; /* the format's, or whole when the scenario says so */
    struct history *history;
};

/* Composes the whole answer, up to but without reply_finish. False: the request is not of the format; the
 * message is in `detail`, and nothing was written to the reply. */
typedef bool format_answer_fn(const struct format_asked *asked, struct reply *reply, struct detail *detail);

struct format_route {
    const char *method;
    const char *path;   /* behind an optional /v1; a star stands for one or more bytes without a slash */
    const char *header; /* only for requests that have this field; NULL: for all */
    bool takes_json;
    format_answer_fn *answer;
    const struct format *format;
};

/* The first row that fits, or NULL; *path_known_out tells whether the path exists with another method. part_out
 * is a view of the request's path. */
const struct format_route *format_route_find(const struct request *request, struct slice *part_out,
                                             bool *path_known_out);

/* Whether the path's query has exactly this parameter, "name=value". */
bool format_query_has(const struct request *request, struct slice parameter);

/* A number of this process, so that no two answers share an id. */
unsigned long long format_next_number(void);

#endif
