#include "bench/mock/openai_responses.h"

#include <stdio.h>

#include "base/clock.h"
#include "bench/mock/chat_text.h"
#include "bench/mock/json_reply.h"
#include "bench/mock/openai.h"
#include "bench/mock/responses_items.h"
#include "bench/mock/responses_stream.h"
#include "bench/mock/signature.h"

#define ID_BYTES 32

/* What the vendor repeats of a request in its answer. */
static const char *const REPEATED[] = {"instructions",
                                       "metadata",
                                       "tools",
                                       "tool_choice",
                                       "parallel_tool_calls",
                                       "previous_response_id",
                                       "temperature",
                                       "top_p",
                                       "text",
                                       "max_output_tokens",
                                       "reasoning",
                                       "truncation",
                                       "user",
                                       "prompt_cache_key",
                                       "prompt",
                                       "safety_identifier",
                                       "store",
                                       "service_tier",
                                       "background",
                                       "max_tool_calls",
                                       "top_logprobs"};

static json_int_t now(void) {
    return (json_int_t)(clock_wall_ms() / 1000);
}

/* Why an answer is incomplete, or NULL. */
static const char *incomplete_reason(const struct behaviour *behaviour) {
    const char *told = behaviour->finish_reason;
    const bool incomplete = told && (strcmp(told, "max_output_tokens") == 0 || strcmp(told, "content_filter") == 0);
    return incomplete ? told : NULL;
}

/* The body's conversation: an id, or an object with one. */
static const char *conversation_of(json_t *body) {
    json_t *conversation = json_object_get(body, "conversation");
    if (json_is_object(conversation)) conversation = json_object_get(conversation, "id");
    return json_string_value(conversation);
}

/* The id of a compaction item in the input. */
static const char *compaction_of(json_t *body) {
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach(json_object_get(body, "input"), i, item) {
        const char *type = json_string_value(json_object_get(item, "type"));
        if (type && strcmp(type, "compaction") == 0) return json_string_value(json_object_get(item, "id"));
    }
    return NULL;
}

static bool remember(const struct format_asked *asked, const char *id, const struct history_entry *before,
                     json_t *answer) {
    return history_put(asked->history, &(struct history_fact){.id = id,
                                                              .conversation = conversation_of(asked->body),
                                                              .before = before,
                                                              .told = asked->request->body,
                                                              .asked = asked->body,
                                                              .answer = answer});
}

/* What the request continues. False: it names an answer that is not there. */
static bool find_before(const struct format_asked *asked, const struct history_entry **before_out,
                        struct detail *detail) {
    const char *previous = json_string_value(json_object_get(asked->body, "previous_response_id"));
    const char *conversation = conversation_of(asked->body);
    const char *compaction = compaction_of(asked->body);
    *before_out = NULL;
    if (previous) {
        *before_out = history_find(asked->history, previous);
        if (*before_out) return true;
        (void)detail_set(detail, OUTCOME_NOT_FOUND, "no answer has this previous_response_id");
        return false;
    }
    if (conversation) *before_out = history_find_conversation(asked->history, conversation);
    if (*before_out == NULL && compaction) *before_out = history_find(asked->history, compaction);
    return true;
}

static json_t *response_of(const struct format_asked *asked, const struct chat_text *text, const char *id,
                           unsigned long long number) {
    const struct behaviour *behaviour = asked->frame->behaviour;
    const char *incomplete = incomplete_reason(behaviour);
    json_t *details = incomplete ? json_pack("{s:s}", "reason", incomplete) : json_null();
    json_t *response =
        json_pack("{s:s,s:s,s:I,s:s,s:n,s:o,s:n,s:s,s:o,s:b,s:s,s:[],s:n,s:o}", "id", id, "object", "response",
                  "created_at", now(), "status", incomplete ? "incomplete" : "completed", "error", "incomplete_details",
                  details, "instructions", "model", openai_model(asked->body), "output",
                  responses_items(text, behaviour, number), "parallel_tool_calls", 1, "tool_choice", "auto", "tools",
                  "previous_response_id", "usage", responses_usage(text, asked->request->body.len));
    if (response == NULL) return NULL;
    (void)json_object_set_new(response, "completed_at", incomplete ? json_null() : json_integer(now()));
    for (size_t i = 0; i < sizeof REPEATED / sizeof REPEATED[0]; i++) {
        json_t *value = json_object_get(asked->body, REPEATED[i]);
        if (value) (void)json_object_set(response, REPEATED[i], value);
    }
    if (conversation_of(asked->body))
        (void)json_object_set_new(response, "conversation", json_pack("{s:s}", "id", conversation_of(asked->body)));
    return response;
}

bool responses_create(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    const struct history_entry *before = NULL;
    if (!find_before(asked, &before, detail)) return false;
    struct placeholder_source source = asked->source;
    if (before) source.earlier = buffer_slice(&before->told);
    struct chat_text text;
    chat_text_compose(&source, asked->frame->behaviour, &text);
    const unsigned long long number = format_next_number();
    char id[ID_BYTES];
    (void)snprintf(id, sizeof id, "resp_%016llx", number);
    json_t *response = text.failed ? NULL : response_of(asked, &text, id, number);
    if (response == NULL) {
        reply->failed = true;
    } else {
        if (!json_is_false(json_object_get(asked->body, "store")) && !remember(asked, id, before, response))
            reply->failed = true;
        if (asked->form == REPLY_EVENTS)
            responses_stream(asked, reply, response, text.once_bytes);
        else
            json_reply_whole(reply, asked->frame, json_incref(response));
    }
    json_decref(response);
    chat_text_deinit(&text);
    return true;
}

/* The user messages of the input, then one opaque item; what was told is kept under that item's id. */
bool responses_compact(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    const struct history_entry *before = NULL;
    if (!find_before(asked, &before, detail)) return false;
    json_t *input = json_object_get(asked->body, "input");
    json_t *output = json_array();
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach(input, i, item) {
        const char *role = json_string_value(json_object_get(item, "role"));
        if (role && strcmp(role, "user") == 0) (void)json_array_append(output, item);
    }
    const unsigned long long number = format_next_number();
    char id[ID_BYTES];
    char item_id[ID_BYTES];
    char opaque[SIGNATURE_BYTES];
    (void)snprintf(id, sizeof id, "resp_%016llx", number);
    (void)snprintf(item_id, sizeof item_id, "cmp_%016llx", number);
    signature_of_text(asked->request->body, opaque);
    (void)json_array_append_new(
        output, json_pack("{s:s,s:s,s:s}", "id", item_id, "type", "compaction", "encrypted_content", opaque));
    const struct chat_text nothing = {.has_content = false};
    json_t *answer = json_pack("{s:s,s:s,s:I,s:o,s:o}", "id", id, "object", "response.compaction", "created_at", now(),
                               "output", output, "usage", responses_usage(&nothing, asked->request->body.len));
    if (answer == NULL || !remember(asked, item_id, before, answer)) reply->failed = true;
    json_reply_whole(reply, asked->frame, answer);
    return true;
}

bool responses_count(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    (void)detail;
    json_reply_whole(reply, asked->frame,
                     json_pack("{s:s,s:I}", "object", "response.input_tokens", "input_tokens",
                               (json_int_t)(asked->request->body.len + 3) / 4));
    return true;
}

/* The entry whose id stands in the path; NULL after the refusal was written. */
static struct history_entry *find_in_path(const struct format_asked *asked, struct reply *reply) {
    char id[ID_BYTES];
    (void)snprintf(id, sizeof id, "%.*s", (int)(asked->part.len < ID_BYTES ? asked->part.len : ID_BYTES - 1),
                   asked->part.data);
    struct history_entry *entry = history_find(asked->history, id);
    if (entry) return entry;
    struct reply_frame frame = *asked->frame;
    frame.status = 404;
    const struct format_error error = {.status = 404, .message = "no such response", .type = "invalid_request_error"};
    json_reply_whole(reply, &frame, openai_error(&error));
    return NULL;
}

bool responses_retrieve(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    (void)detail;
    const struct history_entry *entry = find_in_path(asked, reply);
    if (entry) json_reply_whole(reply, asked->frame, json_incref(entry->answer));
    return true;
}

bool responses_input_items(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    (void)detail;
    const struct history_entry *entry = find_in_path(asked, reply);
    if (entry == NULL) return true;
    json_t *input = json_object_get(entry->asked, "input");
    json_t *items = json_is_array(input) ? json_incref(input) : json_array();
    if (json_is_string(input))
        (void)json_array_append_new(items,
                                    json_pack("{s:s,s:s,s:s,s:[{s:s,s:O}]}", "id", "msg_input", "type", "message",
                                              "role", "user", "content", "type", "input_text", "text", input));
    json_reply_whole(reply, asked->frame,
                     json_pack("{s:s,s:o,s:s,s:s,s:b}", "object", "list", "data", items, "first_id", "msg_input",
                               "last_id", "msg_input", "has_more", 0));
    return true;
}

bool responses_delete(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    (void)detail;
    struct history_entry *entry = find_in_path(asked, reply);
    if (entry == NULL) return true;
    json_reply_whole(reply, asked->frame,
                     json_pack("{s:s,s:s,s:b}", "id", entry->id, "object", "response", "deleted", 1));
    history_forget(entry);
    return true;
}

bool responses_cancel(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    (void)detail;
    struct history_entry *entry = find_in_path(asked, reply);
    if (entry == NULL) return true;
    (void)json_object_set_new(entry->answer, "status", json_string("cancelled"));
    json_reply_whole(reply, asked->frame, json_incref(entry->answer));
    return true;
}

static void last_user(json_t *body, struct buffer *out) {
    json_t *input = json_object_get(body, "input");
    if (json_is_string(input))
        buffer_append(out, slice_of(json_string_value(input), json_string_length(input)));
    else
        chat_last_user(input, "content", false, out);
}

const struct format openai_responses_format = {.error = openai_error, .last_user = last_user, .form = openai_form};
