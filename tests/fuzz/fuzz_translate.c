/* Any document carried from any format to any other: what is written can be read again by the strict walker, a
 * refused request says why, and a stream that did not end never says that it did.
 * The first byte chooses what the rest is and where it goes; of a stream, each line is one event. */
#include <stdint.h>
#include <string.h>

#include "base/require.h"
#include "gateway/translate/translate.h"

#define ARENA_BYTES (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_written(struct slice text, bool lenient, struct arena *arena) {
    /* A call's arguments are a document of their own, which may nest as deeply as the one around it. */
    const struct json_limits limits = {.max_depth = 2 * JSON_DEPTH_DEFAULT + 16, .lenient_surrogates = lenient};
    struct json_doc doc;
    require(json_walk(text, &limits, arena, &doc, NULL) == OUTCOME_OK);
}

static void check_document(enum translate_format from, enum translate_format to, bool answer, struct slice text) {
    struct arena arena;
    struct json_doc doc;
    struct slice body = {NULL, 0};
    struct translate_problem problem = {.reason = NULL};
    const struct json_limits limits = {.lenient_surrogates = answer};
    arena_init(&arena, ARENA_BYTES);
    if (json_walk(text, &limits, &arena, &doc, NULL) == OUTCOME_OK) {
        const enum outcome outcome = answer ? translate_answer(from, to, &doc, &arena, &body)
                                            : translate_request(from, to, &doc, NULL, &arena, &body, &problem);
        require(outcome == OUTCOME_OK || outcome == OUTCOME_INVALID || outcome == OUTCOME_UNSUPPORTED);
        require(answer || from == to || (outcome == OUTCOME_OK) == (problem.reason == NULL));
        if (outcome == OUTCOME_OK) check_written(body, answer, &arena);
    }
    arena_reset(&arena);
}

static bool holds(const struct buffer *out, struct slice text) {
    return out->len && memmem(out->data, out->len, text.data, text.len);
}

static void check_stream(enum translate_format from, enum translate_format to, struct slice text) {
    struct translate_stream *stream = NULL;
    struct buffer out;
    if (from == to || translate_stream_create(from, to, &stream) != OUTCOME_OK) return;
    buffer_init(&out, 0);
    enum outcome outcome = OUTCOME_OK;
    while (text.len && outcome == OUTCOME_OK) {
        const char *end = memchr(text.data, '\n', text.len);
        const size_t len = end ? (size_t)(end - text.data) : text.len;
        outcome = translate_stream_event(stream, SLICE(""), slice_range(text, 0, len), &out);
        text = slice_range(text, end ? len + 1 : len, text.len);
    }
    const bool ended = translate_stream_ended(stream);
    require(!ended || outcome == OUTCOME_OK);
    translate_stream_end(stream, true, &out);
    static const struct slice ends[] = {{"data: [DONE]\n", 13},
                                        {"event: message_stop\n", 20},
                                        {"\"done\":true", 11},
                                        {"event: response.completed\n", 26}};
    /* Ollama's mark has quotes, which no text has unescaped; the others begin a line, as no text does. */
    if (!ended) require(!holds(&out, ends[to]));
    translate_stream_destroy(&stream);
    buffer_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    const enum translate_format from = data[0] % TRANSLATE_FORMAT_COUNT;
    const enum translate_format to = data[0] / 4 % TRANSLATE_FORMAT_COUNT;
    const struct slice text = slice_of((const char *)data + 1, size - 1);
    switch (data[0] / 16 % 3) {
    case 0: check_document(from, to, false, text); break;
    case 1: check_document(from, to, true, text); break;
    default: check_stream(from, to, text); break;
    }
    return 0;
}
