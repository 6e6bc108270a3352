/* How one request is to be answered: the keys of a scenario, read from a JSON object.
 *
 * One table in behaviour.c holds each key's name, type, range, default and prose; --help prints it.
 * Unknown keys, wrong types and values out of range are errors: a test that misspells a key fails.
 *
 * Owns:  a reference to its JSON object; texts and objects point into it.
 * Units: _bytes count bytes, _ms milliseconds; a place that is -1 is never reached. */
#ifndef SLUICE_BENCH_MOCK_BEHAVIOUR_H
#define SLUICE_BENCH_MOCK_BEHAVIOUR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/outcome.h"

struct behaviour {
    json_t *object; /* NULL: all defaults */

    /* what is said; NULL: not given */
    const char *reply;
    json_t *tool_calls;
    const char *thinking;
    bool redacted_thinking;
    const char *refusal;
    json_t *citations;
    bool logprobs;
    const char *finish_reason;
    int64_t status;
    json_t *error;
    json_t *mid_stream_error;
    const char *raw_body;
    const char *raw_body_base64;
    const char *raw_answer;

    /* how its JSON and events are cut and spelled */
    int64_t repeat;
    int64_t delta_bytes;
    bool escape_unicode;
    bool escape_arguments;
    bool no_done;
    bool plain_json_for_stream;
    const char *eol;
    bool no_space_after_data;
    bool multi_data_lines;

    /* how HTTP carries it */
    const char *content_type;
    const char *content_encoding;
    json_t *headers;
    bool until_close;
    bool connection_close;

    /* when it is written, and where it breaks off */
    int64_t delay_ms;
    int64_t chunk_delay_ms;
    int64_t tcp_bytes;
    int64_t stall_after_events;
    int64_t truncate;
    int64_t close_after_bytes;
    int64_t reset_after_bytes;
};

/* All defaults; needs no deinit, but may have one. */
struct behaviour behaviour_default(void);

/* Takes a reference of its own to `object`. On an error nothing is kept. */
enum outcome behaviour_read(json_t *object, struct behaviour *behaviour_out, struct detail *detail) MUST_CHECK;

void behaviour_deinit(struct behaviour *behaviour);

/* The table, a key a paragraph. */
void behaviour_print_keys(FILE *stream);

#endif
