/* What a chat answer says: its text and tool calls, with placeholders filled, before any format words them.
 *
 * Owns: its buffers. Errors: `failed`. */
#ifndef SLUICE_BENCH_MOCK_CHAT_TEXT_H
#define SLUICE_BENCH_MOCK_CHAT_TEXT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "bench/mock/behaviour.h"
#include "bench/mock/request.h"

#define CHAT_CALLS_MOST 64u

struct chat_call {
    struct slice name;
    struct slice arguments; /* JSON text */
};

struct chat_text {
    bool has_content;     /* false: tool calls alone */
    struct slice content; /* `repeat` times the text */
    size_t once_bytes;    /* the length of one time */
    struct chat_call calls[CHAT_CALLS_MOST];
    size_t call_count;
    bool failed;
    struct buffer store; /* what the slices look into */
};

/* The text of the last message whose role is user; parts are joined. "(no text)" when it has none. Appends. */
void chat_last_user(json_t *messages, struct buffer *out);

/* text_out needs chat_text_deinit in any case. */
void chat_text_compose(const struct request *request, json_t *messages, const struct behaviour *behaviour,
                       struct chat_text *text_out);
void chat_text_deinit(struct chat_text *text);

#endif
