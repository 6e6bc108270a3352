#include "bench/steps/prompt.h"

#include <errno.h>
#include <stdio.h>

static const char *const sentences[] = {
    "The migration finished overnight, but the second worker still retries the same batch. ",
    "Could you look at the function below and say why the counter is off by one?\\n",
    "```python\\ndef ids(rows):\\n    return {row[\\\"id\\\"] for row in rows}\\n```\\n",
    "We expect about forty requests a second in the morning, and hardly any after lunch. ",
    "A retry with backoff hides the symptom; the cause is that the lock is taken twice. ",
    "Please keep the public interface as it is, and explain the change in two or three sentences. ",
};

static const char *const values[] = {
    "Write to ada.lovelace@example.org when it is done. ",
    "My number is +44 20 7946 0958, call after four. ",
    "It runs on build7.ci.corp.internal behind the proxy. ",
};

enum outcome prompt_read(const char *path, struct buffer *body, struct detail *detail) {
    FILE *file = fopen(path, "rbe");
    if (file == NULL) return detail_set(detail, OUTCOME_IO, "%s: %s", path, strerror(errno));
    char block[16384];
    for (size_t got; (got = fread(block, 1, sizeof block, file)) > 0;) buffer_append(body, slice_of(block, got));
    const bool bad = ferror(file) != 0 || body->failed;
    fclose(file);
    return bad ? detail_set(detail, OUTCOME_IO, "%s: reading failed", path) : OUTCOME_OK;
}

void prompt_make(size_t bytes, bool clean, struct buffer *body) {
    static const char head[] = "{\"model\":\"demo\",\"stream\":true,\"max_tokens\":1024,\"messages\":["
                               "{\"role\":\"system\",\"content\":\"You are a careful software engineer.\"},"
                               "{\"role\":\"user\",\"content\":\"";
    static const char tail[] = "\"}]}";
    buffer_append_str(body, head);
    size_t next_value = 512, sentence = 0, value = 0;
    while (!body->failed && body->len + sizeof tail < bytes) {
        if (!clean && body->len > next_value) {
            buffer_append_str(body, values[value++ % (sizeof values / sizeof values[0])]);
            next_value += 1024;
        }
        buffer_append_str(body, sentences[sentence++ % (sizeof sentences / sizeof sentences[0])]);
    }
    buffer_append_str(body, tail);
}
