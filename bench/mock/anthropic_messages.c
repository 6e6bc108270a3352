#include "bench/mock/anthropic_messages.h"

#include <stdio.h>

#include "bench/mock/chat_text.h"
#include "bench/mock/json_reply.h"
#include "bench/mock/openai.h"
#include "bench/mock/signature.h"

#define ID_BYTES 48

struct message {
    const struct format_asked *asked;
    const struct chat_text *text;
    struct reply *reply;
    unsigned long long number;
};

static json_t *error_json(const struct format_error *error) {
    static const struct {
        int status;
        const char *type;
    } TYPES[] = {{400, "invalid_request_error"}, {401, "authentication_error"}, {403, "permission_error"},
                 {404, "not_found_error"},       {413, "request_too_large"},    {429, "rate_limit_error"},
                 {529, "overloaded_error"}};
    const char *type = error->status < 500 ? "invalid_request_error" : "api_error";
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++)
        if (TYPES[i].status == error->status) type = TYPES[i].type;
    return json_pack("{s:s,s:{s:s,s:s},s:s}", "type", "error", "error", "type", error->type ? error->type : type,
                     "message", error->message ? error->message : "the mock was told to fail", "request_id",
                     "req_mock");
}

static const char *stop_reason(const struct message *message) {
    const char *told = message->asked->frame->behaviour->finish_reason;
    if (told) return told;
    return message->text->call_count ? "tool_use" : "end_turn";
}

/* What stands behind "stop_reason": a refusal is explained there, and its text said as content too. */
static json_t *stop_details(const struct message *message) {
    if (!message->asked->frame->behaviour->refusal) return json_null();
    return json_pack("{s:s,s:o}", "type", "refusal", "explanation", json_reply_string(message->text->content));
}

static json_t *citation_json(const struct chat_citation *citation) {
    char index[SIGNATURE_BYTES];
    signature_of_text(citation->url, index);
    return json_pack("{s:s,s:o,s:o,s:o,s:s}", "type", "web_search_result_location", "cited_text",
                     json_reply_string(citation->text), "url", json_reply_string(citation->url), "title",
                     json_reply_string(citation->title), "encrypted_index", index);
}

static json_t *citations_json(const struct chat_text *text) {
    if (text->citation_count == 0) return json_null();
    json_t *list = json_array();
    for (size_t i = 0; i < text->citation_count; i++)
        (void)json_array_append_new(list, citation_json(&text->citations[i]));
    return list;
}

static json_t *thinking_block(const struct message *message) {
    char signature[SIGNATURE_BYTES];
    signature_of_text(message->text->thinking, signature);
    if (message->asked->frame->behaviour->redacted_thinking)
        return json_pack("{s:s,s:s}", "type", "redacted_thinking", "data", signature);
    return json_pack("{s:s,s:o,s:s}", "type", "thinking", "thinking", json_reply_string(message->text->thinking),
                     "signature", signature);
}

static json_t *text_block(const struct message *message) {
    return json_pack("{s:s,s:o,s:o}", "type", "text", "text", json_reply_string(message->text->content), "citations",
                     citations_json(message->text));
}

static json_t *tool_block(const struct message *message, size_t call, json_t *input) {
    char id[ID_BYTES];
    (void)snprintf(id, sizeof id, "toolu_%012llx%zu", message->number, call);
    return json_pack("{s:s,s:s,s:o,s:o}", "type", "tool_use", "id", id, "name",
                     json_reply_string(message->text->calls[call].name), "input", input);
}

static json_t *envelope(const struct message *message, json_t *content, json_t *stop, json_t *details,
                        json_int_t output_tokens) {
    char id[ID_BYTES];
    (void)snprintf(id, sizeof id, "msg_%016llx", message->number);
    const struct chat_usage usage = chat_text_usage(message->text, message->asked->request->body.len);
    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:n,s:o,s:{s:I,s:i,s:i,s:I}}", "id", id, "type", "message", "role",
                     "assistant", "model", openai_model(message->asked->body), "content", content, "stop_reason", stop,
                     "stop_sequence", "stop_details", details, "usage", "input_tokens", usage.prompt,
                     "cache_creation_input_tokens", 0, "cache_read_input_tokens", 0, "output_tokens", output_tokens);
}

static void answer_whole(const struct message *message) {
    const struct chat_text *text = message->text;
    json_t *content = json_array();
    if (text->has_thinking) (void)json_array_append_new(content, thinking_block(message));
    if (text->has_content) (void)json_array_append_new(content, text_block(message));
    for (size_t i = 0; i < text->call_count; i++)
        (void)json_array_append_new(content, tool_block(message, i, chat_call_arguments(&text->calls[i])));
    const struct chat_usage usage = chat_text_usage(text, message->asked->request->body.len);
    json_reply_whole(
        message->reply, message->asked->frame,
        envelope(message, content, json_string(stop_reason(message)), stop_details(message), usage.completion));
}

static void emit(const struct message *message, const char *type, json_t *members) {
    json_t *event = json_pack("{s:s}", "type", type);
    if (members == NULL || json_object_update(event, members) != 0) message->reply->failed = true;
    json_decref(members);
    json_reply_event(message->reply, message->asked->frame, type, event);
}

static void emit_start(const struct message *message, size_t index, json_t *block) {
    emit(message, "content_block_start", json_pack("{s:I,s:o}", "index", (json_int_t)index, "content_block", block));
    if (index == 0) emit(message, "ping", json_object());
}

/* {"type": .., name: value} */
static void emit_delta(const struct message *message, size_t index, const char *type, const char *name, json_t *value) {
    emit(message, "content_block_delta",
         json_pack("{s:I,s:{s:s,s:o}}", "index", (json_int_t)index, "delta", "type", type, name, value));
}

static void emit_deltas(const struct message *message, size_t index, const char *type, const char *name,
                        struct chat_pieces pieces) {
    struct slice piece = SLICE("");
    while (chat_pieces_next(&pieces, &piece)) emit_delta(message, index, type, name, json_reply_string(piece));
}

static void emit_stop(const struct message *message, size_t index) {
    emit(message, "content_block_stop", json_pack("{s:I}", "index", (json_int_t)index));
}

static void stream_thinking(const struct message *message, size_t index) {
    const struct behaviour *behaviour = message->asked->frame->behaviour;
    if (behaviour->redacted_thinking) {
        emit_start(message, index, thinking_block(message));
        emit_stop(message, index);
        return;
    }
    char signature[SIGNATURE_BYTES];
    signature_of_text(message->text->thinking, signature);
    emit_start(message, index, json_pack("{s:s,s:s,s:s}", "type", "thinking", "thinking", "", "signature", ""));
    emit_deltas(message, index, "thinking_delta", "thinking", chat_pieces_of(message->text->thinking, behaviour));
    emit_delta(message, index, "signature_delta", "signature", json_string(signature));
    emit_stop(message, index);
}

static void stream_text(const struct message *message, size_t index) {
    const struct chat_text *text = message->text;
    emit_start(message, index, json_pack("{s:s,s:s}", "type", "text", "text", ""));
    emit_deltas(message, index, "text_delta", "text", chat_pieces_of_content(text, message->asked->frame->behaviour));
    for (size_t i = 0; i < text->citation_count; i++)
        emit_delta(message, index, "citations_delta", "citation", citation_json(&text->citations[i]));
    emit_stop(message, index);
}

/* The first delta of a call is empty, as the vendor's is. */
static void stream_call(const struct message *message, size_t index, size_t call) {
    emit_start(message, index, tool_block(message, call, json_object()));
    emit_delta(message, index, "input_json_delta", "partial_json", json_string(""));
    emit_deltas(message, index, "input_json_delta", "partial_json",
                chat_pieces_of(message->text->calls[call].arguments, message->asked->frame->behaviour));
    emit_stop(message, index);
}

static void stream_finish(const struct message *message) {
    const struct chat_usage usage = chat_text_usage(message->text, message->asked->request->body.len);
    emit(message, "message_delta",
         json_pack("{s:{s:s,s:n,s:o},s:{s:I}}", "delta", "stop_reason", stop_reason(message), "stop_sequence",
                   "stop_details", stop_details(message), "usage", "output_tokens", usage.completion));
    if (!message->asked->frame->behaviour->no_done) emit(message, "message_stop", json_object());
}

static void stream_error(const struct message *message, json_t *told) {
    const struct format_error error = {529, json_string_value(json_object_get(told, "message")),
                                       json_string_value(json_object_get(told, "type")), NULL};
    json_reply_event(message->reply, message->asked->frame, "error", error_json(&error));
}

static void answer_stream(const struct message *message) {
    const struct chat_text *text = message->text;
    size_t index = 0;
    reply_stream_begin(message->reply, message->asked->frame, REPLY_EVENTS);
    emit(message, "message_start",
         json_pack("{s:o}", "message", envelope(message, json_array(), json_null(), json_null(), 1)));
    if (text->has_thinking) stream_thinking(message, index++);
    if (text->has_content) stream_text(message, index++);
    for (size_t i = 0; i < text->call_count; i++) stream_call(message, index++, i);
    json_t *error = message->asked->frame->behaviour->mid_stream_error;
    if (error)
        stream_error(message, error);
    else
        stream_finish(message);
    reply_stream_end(message->reply);
}

bool anthropic_messages_answer(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    if (!json_is_array(json_object_get(asked->body, "messages")) ||
        !json_is_string(json_object_get(asked->body, "model")) ||
        !json_is_integer(json_object_get(asked->body, "max_tokens"))) {
        (void)detail_set(detail, OUTCOME_INVALID, "expected model, messages and max_tokens");
        return false;
    }
    struct chat_text text;
    chat_text_compose(&asked->source, asked->frame->behaviour, &text);
    chat_text_say_refusal(&text);
    const struct message message = {.asked = asked, .text = &text, .reply = reply, .number = format_next_number()};
    if (asked->form == REPLY_EVENTS)
        answer_stream(&message);
    else
        answer_whole(&message);
    reply->failed = reply->failed || text.failed;
    chat_text_deinit(&text);
    return true;
}

bool anthropic_count_answer(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    if (!json_is_array(json_object_get(asked->body, "messages"))) {
        (void)detail_set(detail, OUTCOME_INVALID, "expected messages");
        return false;
    }
    json_reply_whole(reply, asked->frame,
                     json_pack("{s:I}", "input_tokens", (json_int_t)(asked->request->body.len + 3) / 4));
    return true;
}

static json_t *model_json(const struct format_asked *asked, struct slice id) {
    return json_pack("{s:s,s:o,s:s,s:s,s:s}", "type", "model", "id", json_reply_string(id), "display_name",
                     asked->request->listener, "created_at", "2026-01-01T00:00:00Z", "lifecycle", "active");
}

bool anthropic_models_answer(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    (void)detail;
    json_reply_whole(reply, asked->frame,
                     json_pack("{s:[o],s:b,s:s,s:s}", "data", model_json(asked, SLICE("mock")), "has_more", 0,
                               "first_id", "mock", "last_id", "mock"));
    return true;
}

bool anthropic_model_answer(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    (void)detail;
    json_reply_whole(reply, asked->frame, model_json(asked, asked->part));
    return true;
}

static void last_user(json_t *body, struct buffer *out) {
    chat_last_user(json_object_get(body, "messages"), "content", false, out);
}

const struct format anthropic_format = {.error = error_json, .last_user = last_user, .form = openai_form};
