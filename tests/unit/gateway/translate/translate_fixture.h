/* What the tests of translate share: bodies with single quotes for double ones, so that they can be read, and one
 * call a translation. An apostrophe stands for a quote always; escapes are written as they are. */
#ifndef SLUICE_TESTS_TRANSLATE_FIXTURE_H
#define SLUICE_TESTS_TRANSLATE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/require.h"
#include "gateway/body/sse.h"
#include "gateway/translate/translate.h"

#define FIXTURE_ARENA_BYTES (16u << 20)

/* Short, for the tables of cases. */
#define OC TRANSLATE_OPENAI_CHAT
#define AN TRANSLATE_ANTHROPIC
#define OL TRANSLATE_OLLAMA
#define RE TRANSLATE_RESPONSES

/* In the arena, NUL-terminated. */
static inline char *double_quoted(struct arena *arena, const char *text) {
    char *copy = arena_string(arena, slice_str(text));
    require(copy);
    for (char *c = copy; *c; c++)
        if (*c == '\'') *c = '"';
    return copy;
}

static inline struct json_doc walked(struct arena *arena, const char *text, bool lenient) {
    struct json_doc doc;
    struct json_error error;
    const struct json_limits limits = {.lenient_surrogates = lenient};
    if (json_walk(slice_str(text), &limits, arena, &doc, &error) != OUTCOME_OK)
        fail_msg("%s at %u: %s", error.reason, error.offset, text);
    return doc;
}

struct carried {
    enum outcome outcome;
    const char *body; /* NUL-terminated; "" unless OK */
    struct translate_problem problem;
};

static inline struct carried carry_request(struct arena *arena, enum translate_format from, enum translate_format to,
                                           const char *text, const char *model) {
    const struct json_doc doc = walked(arena, text, false);
    struct carried carried = {.body = ""};
    struct slice body = {NULL, 0};
    carried.outcome = translate_request(from, to, &doc, model, arena, &body, &carried.problem);
    if (carried.outcome == OUTCOME_OK) carried.body = arena_string(arena, body);
    require(carried.body);
    return carried;
}

static inline struct carried carry_answer(struct arena *arena, enum translate_format from, enum translate_format to,
                                          const char *text) {
    const struct json_doc doc = walked(arena, text, true);
    struct carried carried = {.body = ""};
    struct slice body = {NULL, 0};
    carried.outcome = translate_answer(from, to, &doc, arena, &body);
    if (carried.outcome == OUTCOME_OK) carried.body = arena_string(arena, body);
    require(carried.body);
    return carried;
}

/* Feeds the data of the framed events in `text` to the stream: server-sent events, or lines for Ollama. */
static inline enum outcome feed_frames(struct translate_stream *stream, enum translate_format format, struct slice text,
                                       struct buffer *out) {
    enum outcome outcome = OUTCOME_OK;
    if (format == TRANSLATE_OLLAMA) {
        while (text.len && outcome == OUTCOME_OK) {
            const char *end = memchr(text.data, '\n', text.len);
            assert_non_null(end);
            const size_t len = (size_t)(end - text.data);
            outcome = translate_stream_event(stream, SLICE(""), slice_range(text, 0, len), out);
            text = slice_range(text, len + 1, text.len);
        }
        return outcome;
    }
    struct sse_reader reader;
    struct sse_event event;
    sse_reader_init(&reader, 1u << 20);
    assert_int_equal(sse_reader_feed(&reader, text), OUTCOME_OK);
    while (outcome == OUTCOME_OK && sse_reader_next(&reader, &event))
        outcome = translate_stream_event(stream, event.name, event.data, out);
    assert_false(sse_reader_finish(&reader, &event)); /* every frame is complete */
    sse_reader_deinit(&reader);
    return outcome;
}

#endif
