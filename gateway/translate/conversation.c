/* Lists grow at their end and are never changed in the middle. Linking walks the messages once; what is
 * open between an assistant's calls and their results is a short list of the newest turn. */
#include "gateway/translate/conversation.h"

#include <stdio.h>

#include "gateway/body/json_text.h"

#define MOST_CALLS_A_TURN 1024u

void conversation_init(struct conversation *conversation, struct arena *arena) {
    *conversation = (struct conversation){.arena = arena};
}

struct message *conversation_message_add(struct conversation *conversation, enum message_role role) {
    struct message *message = arena_zalloc(conversation->arena, 1, sizeof *message);
    if (message == NULL) return NULL;
    message->role = role;
    if (conversation->last_message)
        conversation->last_message->next = message;
    else
        conversation->first_message = message;
    conversation->last_message = message;
    return message;
}

struct message *conversation_message_first(struct conversation *conversation, enum message_role role) {
    struct message *message = arena_zalloc(conversation->arena, 1, sizeof *message);
    if (message == NULL) return NULL;
    message->role = role;
    message->next = conversation->first_message;
    conversation->first_message = message;
    if (conversation->last_message == NULL) conversation->last_message = message;
    return message;
}

struct tool *conversation_tool_add(struct conversation *conversation) {
    struct tool *tool = arena_zalloc(conversation->arena, 1, sizeof *tool);
    if (tool == NULL) return NULL;
    if (conversation->last_tool)
        conversation->last_tool->next = tool;
    else
        conversation->first_tool = tool;
    conversation->last_tool = tool;
    return tool;
}

struct stop_text *conversation_stop_add(struct conversation *conversation, struct slice text) {
    struct stop_text *stop = arena_zalloc(conversation->arena, 1, sizeof *stop);
    if (stop == NULL) return NULL;
    stop->text = text;
    if (conversation->last_stop)
        conversation->last_stop->next = stop;
    else
        conversation->first_stop = stop;
    conversation->last_stop = stop;
    return stop;
}

struct part *part_list_add(struct part_list *list, struct arena *arena, const struct part *part) {
    struct part *copy = arena_alloc(arena, sizeof *copy);
    if (copy == NULL) return NULL;
    *copy = *part;
    copy->next = NULL;
    if (list->last)
        list->last->next = copy;
    else
        list->first = copy;
    list->last = copy;
    return copy;
}

bool part_is_empty(const struct part *part) {
    return part->kind <= PART_THINKING && part->text.len == 0;
}

/* The calls of the newest turn, and their results. */
struct open_calls {
    struct part *calls[MOST_CALLS_A_TURN];
    struct part_list results[MOST_CALLS_A_TURN]; /* what the message of the call's result holds; empty: none yet */
    uint32_t count;
    uint64_t number; /* of the conversation's next call */
};

static enum outcome call_open(struct open_calls *open, struct part *call, struct arena *arena) {
    if (open->count == MOST_CALLS_A_TURN) return OUTCOME_UNSUPPORTED;
    if (call->id.len == 0) {
        char id[32];
        const int len = snprintf(id, sizeof id, "call_%llu", (unsigned long long)open->number);
        call->id = arena_copy(arena, slice_of(id, (size_t)len));
        if (call->id.data == NULL) return OUTCOME_NO_MEMORY;
        call->minted = true;
    }
    open->number++;
    open->results[open->count] = (struct part_list){NULL, NULL};
    open->calls[open->count++] = call;
    return OUTCOME_OK;
}

static enum outcome turn_open(struct open_calls *open, struct message *message, struct arena *arena) {
    enum outcome outcome = OUTCOME_OK;
    for (struct part *part = message->parts.first; part && outcome == OUTCOME_OK; part = part->next)
        if (part->kind == PART_CALL) outcome = call_open(open, part, arena);
    return outcome;
}

static bool is_answer_to(const struct part *result, const struct part *call) {
    if (result->id.len && !call->minted) return json_text_equal(result->id, call->id);
    return result->name.len == 0 || json_text_equal(result->name, call->name);
}

static enum outcome result_link(struct open_calls *open, const struct message *message) {
    struct part *result = message->parts.first;
    for (uint32_t i = 0; i < open->count; i++) {
        if (open->results[i].first || !is_answer_to(result, open->calls[i])) continue;
        open->results[i] = message->parts;
        result->id = open->calls[i]->id;
        if (result->name.len == 0) result->name = open->calls[i]->name;
        return OUTCOME_OK;
    }
    return OUTCOME_UNSUPPORTED;
}

/* Links the results that follow each other from `first` on, and gives them the order of their calls: where there
 * are no ids, the order is what tells them apart. */
static enum outcome results_link(struct open_calls *open, struct message *first, struct message **next_out) {
    struct message *message = first;
    enum outcome outcome = OUTCOME_OK;
    for (; message && message->role == ROLE_TOOL && outcome == OUTCOME_OK; message = message->next)
        outcome = result_link(open, message);
    *next_out = message;
    if (outcome != OUTCOME_OK) return outcome;
    struct message *place = first;
    for (uint32_t i = 0; i < open->count && place != message; i++) {
        if (open->results[i].first == NULL || open->results[i].first->placed) continue;
        open->results[i].first->placed = true;
        place->parts = open->results[i];
        place = place->next;
    }
    return OUTCOME_OK;
}

enum outcome conversation_link(struct conversation *conversation) {
    struct open_calls *open = arena_zalloc(conversation->arena, 1, sizeof *open);
    if (open == NULL) return OUTCOME_NO_MEMORY;
    enum outcome outcome = OUTCOME_OK;
    enum message_role before = ROLE_USER;
    struct message *message = conversation->first_message;
    while (message && outcome == OUTCOME_OK) {
        if (message->role == ROLE_ASSISTANT && before != ROLE_ASSISTANT) open->count = 0;
        before = message->role;
        if (message->role == ROLE_TOOL) {
            outcome = results_link(open, message, &message);
            continue;
        }
        outcome = turn_open(open, message, conversation->arena);
        message = message->next;
    }
    return outcome;
}
