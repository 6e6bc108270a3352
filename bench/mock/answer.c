#include "bench/mock/answer.h"

#include "bench/mock/base64.h"
#include "bench/mock/chat_text.h"
#include "bench/mock/format.h"
#include "bench/mock/openai_chat.h"
#include "bench/mock/placeholder.h"

static void answer_error(struct reply *reply, const struct reply_frame *frame, format_error_fn *word,
                         const struct format_error *error) {
    struct buffer json;
    buffer_init(&json, 0);
    word(error, &json);
    reply_whole(reply, frame, "application/json", buffer_slice(&json));
    reply->failed = reply->failed || json.failed;
    buffer_deinit(&json);
}

/* The mock's own refusal, with no behaviour but the default. */
static void refuse(struct reply *reply, const struct request *request, int status, format_error_fn *word,
                   const char *message) {
    const struct behaviour behaviour = behaviour_default();
    const struct reply_frame frame = {&behaviour, status, request->http_1_0, request->keep_alive};
    answer_error(reply, &frame, word, &(struct format_error){message, "mock_refusal", NULL});
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

static void answer_told_error(struct reply *reply, const struct reply_frame *frame, format_error_fn *word,
                              const struct placeholder_source *source) {
    struct buffer store[3];
    for (size_t i = 0; i < 3; i++) buffer_init(&store[i], 0);
    json_t *told = frame->behaviour->error;
    const struct format_error error = {expand_text(told, "message", source, &store[0]),
                                       expand_text(told, "type", source, &store[1]),
                                       expand_text(told, "code", source, &store[2])};
    answer_error(reply, frame, word, &error);
    for (size_t i = 0; i < 3; i++) {
        reply->failed = reply->failed || store[i].failed;
        buffer_deinit(&store[i]);
    }
}

static void answer_raw(struct reply *reply, const struct reply_frame *frame, json_t *body,
                       const struct placeholder_source *source) {
    const struct behaviour *behaviour = frame->behaviour;
    struct buffer bytes;
    buffer_init(&bytes, 0);
    const char *text = behaviour->raw_answer ? behaviour->raw_answer : behaviour->raw_body;
    const bool read = text || base64_decode(slice_str(behaviour->raw_body_base64), &bytes);
    if (text) placeholder_expand(slice_str(text), source, PLACEHOLDER_PLAIN, &bytes);
    if (behaviour->raw_answer)
        reply_raw_answer(reply, buffer_slice(&bytes));
    else
        reply_raw_body(reply, frame, json_is_true(json_object_get(body, "stream")), buffer_slice(&bytes));
    reply->failed = reply->failed || bytes.failed || !read;
    buffer_deinit(&bytes);
}

/* Answers what the behaviour fixes without the format: raw bytes and errors. False: it fixes nothing. */
static bool answer_told(struct reply *reply, const struct reply_frame *frame, const struct request *request,
                        json_t *body, format_error_fn *word) {
    const struct behaviour *behaviour = frame->behaviour;
    const bool fails = behaviour->error || behaviour->status >= 400;
    const bool raw = behaviour->raw_answer || behaviour->raw_body || behaviour->raw_body_base64;
    if (!fails && !raw) return false;
    struct buffer last_user;
    buffer_init(&last_user, 0);
    chat_last_user(json_object_get(body, "messages"), &last_user);
    const struct placeholder_source source = {buffer_slice(&last_user), request->body};
    if (raw)
        answer_raw(reply, frame, body, &source);
    else
        answer_told_error(reply, frame, word, &source);
    reply->failed = reply->failed || last_user.failed;
    buffer_deinit(&last_user);
    return true;
}

static int status_of(const struct behaviour *behaviour) {
    if (behaviour->status) return (int)behaviour->status;
    return behaviour->error ? 500 : 200;
}

static void answer_route(struct script *script, const struct format_route *route, const struct request *request,
                         json_t *body, struct reply *reply) {
    struct detail detail = {""};
    struct behaviour behaviour;
    if (script_behaviour(script, request, body, &behaviour, &detail) != OUTCOME_OK) {
        refuse(reply, request, 400, route->error, detail.text);
        return;
    }
    const struct reply_frame frame = {&behaviour, status_of(&behaviour), request->http_1_0, request->keep_alive};
    if (!answer_told(reply, &frame, request, body, route->error) &&
        !route->answer(request, body, &frame, reply, &detail))
        refuse(reply, request, 400, route->error, detail.text);
    else
        reply_finish(reply, &frame);
    behaviour_deinit(&behaviour);
}

void answer_request(struct script *script, const struct request *request, struct reply *reply) {
    bool path_known = false;
    const struct format_route *route = format_route_find(request->method, request->path, &path_known);
    if (route == NULL) {
        refuse(reply, request, path_known ? 405 : 404, openai_error,
               path_known ? "the mock has this path, but not with this method" : "the mock has no such path");
        return;
    }
    json_t *body = NULL;
    if (route->takes_json) {
        body = json_loadb(request->body.len ? request->body.data : "", request->body.len, 0, NULL);
        if (!json_is_object(body)) {
            json_decref(body);
            refuse(reply, request, 400, route->error, "the body is no JSON object");
            return;
        }
    }
    answer_route(script, route, request, body, reply);
    json_decref(body);
}

void answer_broken(struct reply *reply) {
    const struct request nobody = {.keep_alive = false};
    refuse(reply, &nobody, 400, openai_error, "this is not HTTP, or too much of it");
}
