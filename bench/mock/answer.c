#include "bench/mock/answer.h"

#include "bench/mock/base64.h"
#include "bench/mock/format.h"
#include "bench/mock/json_reply.h"
#include "bench/mock/openai_chat.h"
#include "bench/mock/signature.h"

/* The mock's own refusal, with no behaviour but the default. */
static void refuse(struct reply *reply, const struct request *request, int status, const struct format *format,
                   const char *message) {
    const struct behaviour behaviour = behaviour_default();
    const struct reply_frame frame = {&behaviour, status, request->http_1_0, request->keep_alive};
    const struct format_error error = {.status = status, .message = message, .type = "mock_refusal"};
    json_reply_whole(reply, &frame, format->error(&error));
    reply_finish(reply, &frame);
}

static const char *expand_text(json_t *object, const char *name, const struct placeholder_source *source,
                               struct buffer *store) {
    const char *text = json_string_value(json_object_get(object, name));
    if (text == NULL) return NULL;
    placeholder_expand(slice_str(text), source, PLACEHOLDER_PLAIN, store);
    buffer_append_char(store, '\0');
    return store->failed ? NULL : store->data;
}

static void answer_told_error(const struct format_asked *asked, const struct format *format, struct reply *reply) {
    struct buffer store[3];
    for (size_t i = 0; i < 3; i++) buffer_init(&store[i], 0);
    json_t *told = asked->frame->behaviour->error;
    const struct format_error error = {asked->frame->status, expand_text(told, "message", &asked->source, &store[0]),
                                       expand_text(told, "type", &asked->source, &store[1]),
                                       expand_text(told, "code", &asked->source, &store[2])};
    json_reply_whole(reply, asked->frame, format->error(&error));
    for (size_t i = 0; i < 3; i++) {
        reply->failed = reply->failed || store[i].failed;
        buffer_deinit(&store[i]);
    }
}

static void answer_raw(const struct format_asked *asked, struct reply *reply) {
    const struct behaviour *behaviour = asked->frame->behaviour;
    struct buffer bytes;
    buffer_init(&bytes, 0);
    const char *text = behaviour->raw_answer ? behaviour->raw_answer : behaviour->raw_body;
    const bool read = text || base64_decode(slice_str(behaviour->raw_body_base64), &bytes);
    if (text) placeholder_expand(slice_str(text), &asked->source, PLACEHOLDER_PLAIN, &bytes);
    if (behaviour->raw_answer)
        reply_raw_answer(reply, buffer_slice(&bytes));
    else
        reply_raw_body(reply, asked->frame, asked->form, buffer_slice(&bytes));
    reply->failed = reply->failed || bytes.failed || !read;
    buffer_deinit(&bytes);
}

/* Answers what the behaviour fixes without the format, raw bytes and errors, and else by the format. */
static bool answer_asked(const struct format_asked *asked, const struct format_route *route, struct reply *reply,
                         struct detail *detail) {
    const struct behaviour *behaviour = asked->frame->behaviour;
    if (behaviour->raw_answer || behaviour->raw_body || behaviour->raw_body_base64) {
        answer_raw(asked, reply);
        return true;
    }
    if (behaviour->error || behaviour->status >= 400) {
        answer_told_error(asked, route->format, reply);
        return true;
    }
    if (!signature_check_body(asked->body)) {
        (void)detail_set(detail, OUTCOME_INVALID, "a signed part was edited since it was given out");
        return false;
    }
    return route->answer(asked, reply, detail);
}

static int status_of(const struct behaviour *behaviour) {
    if (behaviour->status) return (int)behaviour->status;
    return behaviour->error ? 500 : 200;
}

static void answer_route(const struct answer_sources *sources, const struct format_route *route, struct slice part,
                         const struct request *request, json_t *body, struct reply *reply) {
    struct detail detail = {""};
    struct behaviour behaviour;
    if (script_behaviour(sources->script, request, body, &behaviour, &detail) != OUTCOME_OK) {
        refuse(reply, request, 400, route->format, detail.text);
        return;
    }
    const struct reply_frame frame = {&behaviour, status_of(&behaviour), request->http_1_0, request->keep_alive};
    struct buffer last_user;
    buffer_init(&last_user, 0);
    route->format->last_user(body, &last_user);
    if (last_user.len == 0) buffer_append(&last_user, SLICE("(no text)"));
    const struct format_asked asked = {
        .request = request,
        .body = body,
        .frame = &frame,
        .source = {.last_user = buffer_slice(&last_user), .body = request->body},
        .part = part,
        .form = behaviour.plain_json_for_stream ? REPLY_WHOLE : route->format->form(request, body),
        .history = sources->history,
    };
    if (answer_asked(&asked, route, reply, &detail))
        reply_finish(reply, &frame);
    else
        refuse(reply, request, 400, route->format, detail.text);
    reply->failed = reply->failed || last_user.failed;
    buffer_deinit(&last_user);
    behaviour_deinit(&behaviour);
}

void answer_request(const struct answer_sources *sources, const struct request *request, struct reply *reply) {
    bool path_known = false;
    struct slice part = SLICE("");
    const struct format_route *route = format_route_find(request, &part, &path_known);
    if (route == NULL) {
        refuse(reply, request, path_known ? 405 : 404, &openai_chat_format,
               path_known ? "the mock has this path, but not with this method" : "the mock has no such path");
        return;
    }
    json_t *body = NULL;
    if (route->takes_json) {
        body = json_loadb(request->body.len ? request->body.data : "", request->body.len, 0, NULL);
        if (!json_is_object(body)) {
            json_decref(body);
            refuse(reply, request, 400, route->format, "the body is no JSON object");
            return;
        }
    }
    answer_route(sources, route, part, request, body, reply);
    json_decref(body);
}

void answer_broken(struct reply *reply) {
    const struct request nobody = {.keep_alive = false};
    refuse(reply, &nobody, 400, &openai_chat_format, "this is not HTTP, or too much of it");
}
