#include "bench/walk/prompt_body.h"

#include "gateway/body/json_text.h"

#define TURN_BYTES 2000u

/* What turns are made of: prose, source code with quotes and line ends, a log, text that is not ASCII. */
static const char *const passages[] = {
    "Please look at the failing integration test and tell me why the retry never happens. I expect the client to "
    "wait for the interval that the server names, and to give up after the fifth attempt.\n\n",
    "static int reader_fill(struct reader *r) {\n\tif (r->fd < 0) return fail(r, \"closed\");\n\tssize_t n = "
    "read(r->fd, "
    "r->data + r->len, r->room);\n\tif (n < 0 && errno == EINTR) return 0;\n\tr->len += (size_t)n;\n\treturn 1;\n}\n",
    "2025-03-01T08:14:55Z INFO worker=7 path=\"C:\\\\jobs\\\\in\" status=\"ok\" took=18ms\n",
    "{\"name\": \"read_file\", \"arguments\": {\"path\": \"src/main.c\", \"line\": 120}}\n",
    "D\xc3\xa9j\xc3\xa0 vu: na\xc3\xafve caf\xc3\xa9 \xe2\x80\x94 \xe2\x80\x9cquoted\xe2\x80\x9d "
    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e.\n",
};

#define PASSAGE_COUNT (sizeof passages / sizeof passages[0])

/* A small generator of its own, so that every run and every machine measures the same bytes. */
static unsigned pick(unsigned *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

static void turn_write(struct buffer *out, const char *role, unsigned *state) {
    buffer_append_format(out, "{\"role\": \"%s\", \"content\": \"", role);
    const size_t begin = out->len;
    while (!out->failed && out->len - begin < TURN_BYTES)
        json_text_encode(out, slice_str(passages[pick(state) % PASSAGE_COUNT]));
    buffer_append_str(out, "\"}");
}

void prompt_body_write(struct buffer *out, size_t bytes) {
    unsigned state = 1;
    buffer_append_str(out, "{\"model\": \"local\", \"temperature\": 0.2, \"stream\": true, \"messages\": [");
    turn_write(out, "system", &state);
    for (unsigned turn = 0; !out->failed && out->len < bytes; turn++) {
        buffer_append_str(out, ", ");
        turn_write(out, turn % 2 ? "assistant" : "user", &state);
    }
    buffer_append_str(out, "]}");
}
