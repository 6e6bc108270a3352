/* What the mock remembers of conversations that live on its side: answers by id, and what was told before them.
 *
 * Glossary
 *   told   the bodies of all requests of a conversation up to one answer, behind each other; at most the last
 *          HISTORY_TOLD_MOST_BYTES
 *
 * An answer is found by its own id, or by the conversation it was the last of. Only the last HISTORY_MOST
 * answers are kept.
 * Owns: copies. */
#ifndef SLUICE_BENCH_MOCK_HISTORY_H
#define SLUICE_BENCH_MOCK_HISTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

#define HISTORY_MOST 128u
#define HISTORY_TOLD_MOST_BYTES (1u << 20)

struct history_entry {
    char *id;           /* NULL: not used */
    char *conversation; /* NULL: none */
    json_t *asked;      /* the request's body */
    json_t *answer;     /* as it was given */
    struct buffer told;
};

struct history {
    struct history_entry entries[HISTORY_MOST];
    size_t next; /* the place that is used next, and the oldest when all are used */
};

void history_init(struct history *history);
void history_deinit(struct history *history);

/* The entry of this id, or the newest of this conversation, or NULL. It lives until the next history_put or
 * history_forget. */
struct history_entry *history_find(struct history *history, const char *id);
struct history_entry *history_find_conversation(struct history *history, const char *conversation);

/* What is to be remembered; views. */
struct history_fact {
    const char *id;
    const char *conversation;           /* NULL: none */
    const struct history_entry *before; /* the answer that it continues; NULL: none */
    struct slice told;                  /* the request's body, as bytes and as JSON */
    json_t *asked;
    json_t *answer;
};

/* False when there is no memory: then nothing is remembered. */
bool history_put(struct history *history, const struct history_fact *fact);

void history_forget(struct history_entry *entry);

#endif
