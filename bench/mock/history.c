#include "bench/mock/history.h"

#include <stdlib.h>
#include <string.h>

void history_init(struct history *history) {
    *history = (struct history){.next = 0};
    for (size_t i = 0; i < HISTORY_MOST; i++) buffer_init(&history->entries[i].told, 0);
}

void history_forget(struct history_entry *entry) {
    free(entry->id);
    free(entry->conversation);
    json_decref(entry->asked);
    json_decref(entry->answer);
    buffer_deinit(&entry->told);
    *entry = (struct history_entry){.id = NULL};
    buffer_init(&entry->told, 0);
}

void history_deinit(struct history *history) {
    for (size_t i = 0; i < HISTORY_MOST; i++) history_forget(&history->entries[i]);
}

/* The newest first. */
static struct history_entry *newest(struct history *history, size_t back) {
    return &history->entries[(history->next + HISTORY_MOST - 1 - back) % HISTORY_MOST];
}

struct history_entry *history_find(struct history *history, const char *id) {
    for (size_t i = 0; i < HISTORY_MOST; i++) {
        struct history_entry *entry = newest(history, i);
        if (entry->id && strcmp(entry->id, id) == 0) return entry;
    }
    return NULL;
}

struct history_entry *history_find_conversation(struct history *history, const char *conversation) {
    for (size_t i = 0; i < HISTORY_MOST; i++) {
        struct history_entry *entry = newest(history, i);
        if (entry->conversation && strcmp(entry->conversation, conversation) == 0) return entry;
    }
    return NULL;
}

bool history_put(struct history *history, const struct history_fact *fact) {
    struct history_entry fresh = {.id = strdup(fact->id),
                                  .conversation = fact->conversation ? strdup(fact->conversation) : NULL,
                                  .asked = json_incref(fact->asked),
                                  .answer = json_incref(fact->answer)};
    buffer_init(&fresh.told, 0);
    if (fact->before) buffer_append(&fresh.told, buffer_slice(&fact->before->told));
    buffer_append(&fresh.told, fact->told);
    if (fresh.told.len > HISTORY_TOLD_MOST_BYTES) buffer_consume(&fresh.told, fresh.told.len - HISTORY_TOLD_MOST_BYTES);
    if (fresh.id == NULL || (fact->conversation && fresh.conversation == NULL) || fresh.told.failed) {
        history_forget(&fresh);
        return false;
    }
    struct history_entry *place = &history->entries[history->next];
    history_forget(place);
    *place = fresh;
    history->next = (history->next + 1) % HISTORY_MOST;
    return true;
}
