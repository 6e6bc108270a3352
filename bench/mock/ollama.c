#include "bench/mock/ollama.h"

#include "bench/mock/chat_text.h"
#include "bench/mock/embedding.h"
#include "bench/mock/json_reply.h"
#include "bench/mock/openai.h"

#define CREATED_AT "2026-01-01T00:00:00.000000Z"

/* One answer of chat or generate; they differ in where the text stands. */
struct ollama {
    const struct format_asked *asked;
    const struct chat_text *text;
    struct reply *reply;
    bool chat;
};

static json_t *error_json(const struct format_error *error) {
    return json_pack("{s:s}", "error", error->message ? error->message : "the mock was told to fail");
}

static json_t *logprobs_of(const struct ollama *ollama, struct chat_pieces pieces) {
    json_t *list = json_array();
    struct slice piece = SLICE("");
    while (ollama->asked->frame->behaviour->logprobs && chat_pieces_next(&pieces, &piece))
        (void)json_array_append_new(list, openai_logprob(piece));
    return list;
}

/* {"model": .., "created_at": .., ..}: takes over the members: the text, or the message. */
static json_t *envelope(const struct ollama *ollama, json_t *members, bool done) {
    json_t *value = json_pack("{s:s,s:s}", "model", openai_model(ollama->asked->body), "created_at", CREATED_AT);
    if (members == NULL || json_object_update(value, members) != 0) ollama->reply->failed = true;
    json_decref(members);
    (void)json_object_set_new(value, "done", json_boolean(done));
    return value;
}

/* The members of one line: a piece of the text in its field, "content" or "thinking". */
static json_t *piece_members(const struct ollama *ollama, const char *field, struct slice piece) {
    const bool thinking = strcmp(field, "thinking") == 0;
    if (!ollama->chat)
        return thinking ? json_pack("{s:s,s:o}", "response", "", "thinking", json_reply_string(piece))
                        : json_pack("{s:o}", "response", json_reply_string(piece));
    json_t *message = json_pack("{s:s,s:s}", "role", "assistant", "content", "");
    (void)json_object_set_new(message, field, json_reply_string(piece));
    return json_pack("{s:o}", "message", message);
}

static json_t *call_json(const struct chat_call *call) {
    return json_pack("{s:{s:o,s:o}}", "function", "name", json_reply_string(call->name), "arguments",
                     chat_call_arguments(call));
}

static void add_finish(const struct ollama *ollama, json_t *value) {
    const struct chat_usage usage = chat_text_usage(ollama->text, ollama->asked->request->body.len);
    const char *told = ollama->asked->frame->behaviour->finish_reason;
    json_t *finish = json_pack("{s:s,s:i,s:i,s:I,s:i,s:I,s:i}", "done_reason", told ? told : "stop", "total_duration",
                               3000, "load_duration", 1000, "prompt_eval_count", usage.prompt, "prompt_eval_duration",
                               1000, "eval_count", usage.completion, "eval_duration", 1000);
    if (!ollama->chat) (void)json_object_set_new(finish, "context", json_pack("[i,i,i]", 1, 2, 3));
    (void)json_object_update(value, finish);
    json_decref(finish);
}

static void answer_whole(const struct ollama *ollama) {
    const struct chat_text *text = ollama->text;
    json_t *members = piece_members(ollama, "content", text->content);
    json_t *place = ollama->chat ? json_object_get(members, "message") : members;
    if (text->has_thinking) (void)json_object_set_new(place, "thinking", json_reply_string(text->thinking));
    if (text->call_count && ollama->chat) {
        json_t *calls = json_array();
        for (size_t i = 0; i < text->call_count; i++) (void)json_array_append_new(calls, call_json(&text->calls[i]));
        (void)json_object_set_new(place, "tool_calls", calls);
    }
    json_t *value = envelope(ollama, members, true);
    add_finish(ollama, value);
    if (ollama->asked->frame->behaviour->logprobs)
        (void)json_object_set_new(value, "logprobs",
                                  logprobs_of(ollama, chat_pieces_of_content(text, ollama->asked->frame->behaviour)));
    json_reply_whole(ollama->reply, ollama->asked->frame, value);
}

static void stream_pieces(const struct ollama *ollama, const char *field, struct chat_pieces pieces) {
    struct slice piece = SLICE("");
    while (chat_pieces_next(&pieces, &piece)) {
        json_t *line = envelope(ollama, piece_members(ollama, field, piece), false);
        const struct chat_pieces one = {.text = piece};
        if (ollama->asked->frame->behaviour->logprobs)
            (void)json_object_set_new(line, "logprobs", logprobs_of(ollama, one));
        json_reply_line(ollama->reply, ollama->asked->frame, line);
    }
}

static void stream_calls(const struct ollama *ollama) {
    for (size_t i = 0; i < ollama->text->call_count && ollama->chat; i++)
        json_reply_line(ollama->reply, ollama->asked->frame,
                        envelope(ollama,
                                 json_pack("{s:{s:s,s:s,s:[o]}}", "message", "role", "assistant", "content", "",
                                           "tool_calls", call_json(&ollama->text->calls[i])),
                                 false));
}

static void stream_finish(const struct ollama *ollama) {
    json_t *told = ollama->asked->frame->behaviour->mid_stream_error;
    if (told) {
        const struct format_error error = {.message = json_string_value(json_object_get(told, "message"))};
        json_reply_line(ollama->reply, ollama->asked->frame, error_json(&error));
    } else if (!ollama->asked->frame->behaviour->no_done) {
        json_t *last = envelope(ollama, piece_members(ollama, "content", SLICE("")), true);
        add_finish(ollama, last);
        json_reply_line(ollama->reply, ollama->asked->frame, last);
    }
}

static void answer_stream(const struct ollama *ollama) {
    const struct behaviour *behaviour = ollama->asked->frame->behaviour;
    reply_stream_begin(ollama->reply, ollama->asked->frame, REPLY_LINES);
    stream_pieces(ollama, "thinking", chat_pieces_of(ollama->text->thinking, behaviour));
    stream_pieces(ollama, "content", chat_pieces_of_content(ollama->text, behaviour));
    stream_calls(ollama);
    stream_finish(ollama);
    reply_stream_end(ollama->reply);
}

static bool answer(const struct format_asked *asked, struct reply *reply, bool chat) {
    struct chat_text text;
    chat_text_compose(&asked->source, asked->frame->behaviour, &text);
    chat_text_say_refusal(&text);
    const struct ollama ollama = {.asked = asked, .text = &text, .reply = reply, .chat = chat};
    if (asked->form == REPLY_LINES)
        answer_stream(&ollama);
    else
        answer_whole(&ollama);
    reply->failed = reply->failed || text.failed;
    chat_text_deinit(&text);
    return true;
}

bool ollama_chat_answer(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    if (json_is_array(json_object_get(asked->body, "messages"))) return answer(asked, reply, true);
    (void)detail_set(detail, OUTCOME_INVALID, "expected messages");
    return false;
}

bool ollama_generate_answer(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    if (json_is_string(json_object_get(asked->body, "model"))) return answer(asked, reply, false);
    (void)detail_set(detail, OUTCOME_INVALID, "expected model");
    return false;
}

bool ollama_embed_answer(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    json_t *input = json_object_get(asked->body, "input");
    const size_t count = json_is_array(input) ? json_array_size(input) : 1;
    if (input == NULL) {
        (void)detail_set(detail, OUTCOME_INVALID, "expected input");
        return false;
    }
    json_t *vectors = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(vectors,
                                    embedding_of_value(json_is_array(input) ? json_array_get(input, i) : input));
    json_reply_whole(reply, asked->frame,
                     json_pack("{s:s,s:o,s:i,s:i,s:I}", "model", openai_model(asked->body), "embeddings", vectors,
                               "total_duration", 2000, "load_duration", 1000, "prompt_eval_count",
                               (json_int_t)(asked->request->body.len + 3) / 4));
    return true;
}

bool ollama_embeddings_answer(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    json_t *prompt = json_object_get(asked->body, "prompt");
    if (prompt == NULL) {
        (void)detail_set(detail, OUTCOME_INVALID, "expected prompt");
        return false;
    }
    json_reply_whole(reply, asked->frame, json_pack("{s:o}", "embedding", embedding_of_value(prompt)));
    return true;
}

bool ollama_tags_answer(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    (void)detail;
    json_reply_whole(reply, asked->frame,
                     json_pack("{s:[{s:s,s:s,s:s,s:i,s:s,s:{s:s,s:s}}]}", "models", "name", "mock:latest", "model",
                               "mock:latest", "modified_at", CREATED_AT, "size", 1, "digest", asked->request->listener,
                               "details", "family", "mock", "parameter_size", "0B"));
    return true;
}

bool ollama_version_answer(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    (void)detail;
    json_reply_whole(reply, asked->frame, json_pack("{s:s}", "version", "0.33.0"));
    return true;
}

static void last_user_chat(json_t *body, struct buffer *out) {
    chat_last_user(json_object_get(body, "messages"), "content", false, out);
}

static void last_user_generate(json_t *body, struct buffer *out) {
    json_t *prompt = json_object_get(body, "prompt");
    if (json_is_string(prompt)) buffer_append(out, slice_of(json_string_value(prompt), json_string_length(prompt)));
}

static enum reply_form form_streams(const struct request *request, json_t *body) {
    (void)request;
    return json_is_false(json_object_get(body, "stream")) ? REPLY_WHOLE : REPLY_LINES;
}

static enum reply_form form_whole(const struct request *request, json_t *body) {
    (void)request;
    (void)body;
    return REPLY_WHOLE;
}

const struct format ollama_chat_format = {.error = error_json, .last_user = last_user_chat, .form = form_streams};
const struct format ollama_generate_format = {
    .error = error_json, .last_user = last_user_generate, .form = form_streams};
const struct format ollama_embed_format = {.error = error_json, .last_user = last_user_generate, .form = form_whole};
