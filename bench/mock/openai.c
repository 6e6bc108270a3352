#include "bench/mock/openai.h"

#include "bench/mock/json_reply.h"

json_t *openai_error(const struct format_error *error) {
    return json_pack("{s:{s:s,s:s,s:n,s:s?}}", "error", "message",
                     error->message ? error->message : "the mock was told to fail", "type",
                     error->type ? error->type : "mock_error", "param", "code", error->code);
}

static const char *member_text(json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

json_t *openai_stream_error(json_t *told) {
    const struct format_error error = {500, member_text(told, "message"), member_text(told, "type"),
                                       member_text(told, "code")};
    return openai_error(&error);
}

static json_t *model_json(const struct format_asked *asked, struct slice id) {
    return json_pack("{s:o,s:s,s:i,s:s}", "id", json_reply_string(id), "object", "model", "created", 0, "owned_by",
                     asked->request->listener);
}

bool openai_models_answer(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    (void)detail;
    json_reply_whole(reply, asked->frame,
                     json_pack("{s:s,s:[o]}", "object", "list", "data", model_json(asked, SLICE("mock"))));
    return true;
}

bool openai_model_answer(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    (void)detail;
    json_reply_whole(reply, asked->frame, model_json(asked, asked->part));
    return true;
}

enum reply_form openai_form(const struct request *request, json_t *body) {
    (void)request;
    return json_is_true(json_object_get(body, "stream")) ? REPLY_EVENTS : REPLY_WHOLE;
}

const char *openai_model(json_t *body) {
    const char *model = json_string_value(json_object_get(body, "model"));
    return model ? model : "mock";
}

json_t *openai_logprob(struct slice piece) {
    return json_pack("{s:o,s:f,s:[],s:[]}", "token", json_reply_string(piece), "logprob", -0.25, "bytes",
                     "top_logprobs");
}
