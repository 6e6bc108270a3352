/* However an upstream's stream is cut, the agent gets the same bytes; and without a token that may be restored it gets
 * the upstream's own. The first byte chooses the format, the next ones the cuts; bytes 1 to 3 stand for tokens. */
#include <stdint.h>

#include "base/require.h"
#include "gateway/body/sse.h"
#include "gateway/exchange/answer_stream.h"

#define CUTS 8u
#define LARGEST_INPUT (1u << 14)

static const struct api *const formats[] = {&api_openai_chat, &api_anthropic_messages, &api_openai_responses,
                                            &api_gemini,      &api_ollama_chat,        &api_openai_completions};
#define FORMAT_COUNT (sizeof formats / sizeof formats[0])

static const struct slice labels[] = {{"EMAIL", 5}, {"PERSON", 6}, {"ORG", 3}};
static struct token tokens[3];
static struct restore_source source, nothing;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool lookup(void *owner, struct slice token, struct slice *value_out) {
    (void)owner;
    if (slice_equal(token, token_slice(&tokens[0])))
        *value_out = SLICE("ada@host.org");
    else if (slice_equal(token, token_slice(&tokens[1])))
        *value_out = SLICE("O\"N\\\r\n\xc3\xa9");
    else
        return false;
    return true;
}

/* libFuzzer's signature. */
int LLVMFuzzerInitialize(int *argc, char ***argv) { /* NOLINT(readability-non-const-parameter) */
    (void)argc, (void)argv;
    require(api_maps_create() == OUTCOME_OK);
    for (unsigned char i = 0; i < 3; i++)
        tokens[i] = token_build(labels[i], (const unsigned char[8]){i, 7, 1, 9, i, 4, 2, 8});
    restore_source_init(&source, NULL, lookup, labels, 3, 2);
    restore_source_init(&nothing, NULL, lookup, NULL, 0, 0);
    return 0;
}

struct run {
    struct buffer out;
    enum outcome outcome;
    bool finished;
};

static struct run run_cut(const struct api *api, const struct restore_source *from, struct slice bytes,
                          const uint8_t *cuts) {
    struct run run = {.outcome = OUTCOME_OK};
    struct answer_stream *stream = NULL;
    buffer_init(&run.out, 0);
    require(answer_stream_create(api, from, from == &source, &stream) == OUTCOME_OK);
    size_t at = 0;
    for (size_t i = 0; at < bytes.len && run.outcome == OUTCOME_OK; i++) {
        size_t len = cuts ? 1 + (size_t)(cuts[i % CUTS] & 31) : bytes.len;
        if (len > bytes.len - at) len = bytes.len - at;
        run.outcome = answer_stream_feed(stream, slice_range(bytes, at, at + len), &run.out);
        at += len;
    }
    if (run.outcome == OUTCOME_OK) run.outcome = answer_stream_finish(stream, &run.out, &run.finished);
    answer_stream_destroy(&stream);
    return run;
}

/* Every complete event leaves as it came when there is nothing to restore. */
static void require_untouched(const struct api *api, struct slice bytes) {
    struct run run = run_cut(api, &nothing, bytes, NULL);
    struct buffer expected;
    struct sse_reader reader;
    struct sse_event event;
    buffer_init(&expected, 0);
    sse_reader_init(&reader, 1u << 20);
    require(sse_reader_feed(&reader, bytes) == OUTCOME_OK);
    while (sse_reader_next(&reader, &event)) buffer_append(&expected, event.raw);
    require(run.outcome == OUTCOME_OK && run.out.len >= expected.len);
    require(expected.len == 0 || memcmp(run.out.data, expected.data, expected.len) == 0);
    sse_reader_deinit(&reader);
    buffer_deinit(&expected);
    buffer_deinit(&run.out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1 + CUTS || size > LARGEST_INPUT) return 0;
    const struct api *api = formats[data[0] % FORMAT_COUNT];
    struct buffer bytes;
    buffer_init(&bytes, 0);
    for (size_t i = 1 + CUTS; i < size; i++) {
        if (data[i] >= 1 && data[i] <= 3)
            buffer_append(&bytes, token_slice(&tokens[data[i] - 1]));
        else
            buffer_append_char(&bytes, (char)data[i]);
    }
    struct run whole = run_cut(api, &source, buffer_slice(&bytes), NULL);
    struct run cut = run_cut(api, &source, buffer_slice(&bytes), data + 1);
    require(whole.outcome == cut.outcome && whole.finished == cut.finished);
    require(slice_equal(buffer_slice(&whole.out), buffer_slice(&cut.out)));
    if (!api->lines) require_untouched(api, buffer_slice(&bytes));
    buffer_deinit(&whole.out);
    buffer_deinit(&cut.out);
    buffer_deinit(&bytes);
    return 0;
}
