#include "bench/mock/gemini.h"

#include <stdio.h>

#include "bench/mock/chat_text.h"
#include "bench/mock/json_reply.h"
#include "bench/mock/signature.h"

#define CANDIDATES_MOST 8

struct gemini {
    const struct format_asked *asked;
    const struct chat_text *text;
    struct reply *reply;
    json_t *list; /* the chunks of a stream that is no events; NULL: they are events */
    json_int_t n;
    char id[32];
};

static json_t *error_json(const struct format_error *error) {
    static const struct {
        int status;
        const char *name;
    } NAMES[] = {{400, "INVALID_ARGUMENT"},   {401, "UNAUTHENTICATED"}, {403, "PERMISSION_DENIED"}, {404, "NOT_FOUND"},
                 {429, "RESOURCE_EXHAUSTED"}, {503, "UNAVAILABLE"},     {504, "DEADLINE_EXCEEDED"}};
    const char *name = error->status < 500 ? "FAILED_PRECONDITION" : "INTERNAL";
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        if (NAMES[i].status == error->status) name = NAMES[i].name;
    return json_pack("{s:{s:i,s:s,s:s}}", "error", "code", error->status, "message",
                     error->message ? error->message : "the mock was told to fail", "status",
                     error->code ? error->code : name);
}

static const char *finish_reason(const struct gemini *gemini) {
    const char *told = gemini->asked->frame->behaviour->finish_reason;
    return told ? told : "STOP";
}

static json_t *text_part(struct slice text) {
    return json_pack("{s:o}", "text", json_reply_string(text));
}

static json_t *thought_part(struct slice text) {
    return json_pack("{s:o,s:b}", "text", json_reply_string(text), "thought", 1);
}

static json_t *call_part(const struct chat_call *call) {
    return json_pack("{s:{s:o,s:o}}", "functionCall", "name", json_reply_string(call->name), "args",
                     chat_call_arguments(call));
}

/* Signs a part for the thinking that came before it; answers the part. */
static json_t *sign(const struct gemini *gemini, json_t *part) {
    char signature[SIGNATURE_BYTES];
    json_t *call = json_object_get(part, "functionCall");
    json_t *text = json_object_get(part, "text");
    if (!gemini->text->has_thinking) return part;
    if (call)
        signature_of_json(call, signature);
    else
        signature_of_text(slice_of(json_string_value(text), json_string_length(text)), signature);
    (void)json_object_set_new(part, "thoughtSignature", json_string(signature));
    return part;
}

static json_t *citations_json(const struct chat_text *text) {
    json_t *sources = json_array();
    for (size_t i = 0; i < text->citation_count; i++) {
        const struct chat_citation *citation = &text->citations[i];
        (void)json_array_append_new(sources, json_pack("{s:I,s:I,s:o,s:o}", "startIndex", (json_int_t)citation->begin,
                                                       "endIndex", (json_int_t)citation->end, "uri",
                                                       json_reply_string(citation->url), "title",
                                                       json_reply_string(citation->title)));
    }
    return json_pack("{s:o}", "citationSources", sources);
}

static json_t *logprobs_json(struct chat_pieces pieces) {
    json_t *chosen = json_array();
    struct slice piece = SLICE("");
    while (chat_pieces_next(&pieces, &piece))
        (void)json_array_append_new(chosen,
                                    json_pack("{s:o,s:f}", "token", json_reply_string(piece), "logProbability", -0.25));
    return json_pack("{s:o,s:[]}", "chosenCandidates", chosen, "topCandidates");
}

/* Takes over the parts; `finish` NULL: there is more to come. */
static json_t *candidate(const struct gemini *gemini, json_int_t index, json_t *parts, const char *finish) {
    json_t *value = json_pack("{s:{s:o,s:s},s:I}", "content", "parts", parts, "role", "model", "index", index);
    if (finish) (void)json_object_set_new(value, "finishReason", json_string(finish));
    if (finish && gemini->text->citation_count)
        (void)json_object_set_new(value, "citationMetadata", citations_json(gemini->text));
    if (finish && gemini->asked->frame->behaviour->logprobs)
        (void)json_object_set_new(value, "logprobsResult",
                                  logprobs_json(chat_pieces_of_content(gemini->text, gemini->asked->frame->behaviour)));
    return value;
}

/* Takes over the list of candidates. */
static json_t *envelope(const struct gemini *gemini, json_t *candidates) {
    const struct chat_usage usage = chat_text_usage(gemini->text, gemini->asked->request->body.len);
    return json_pack("{s:o,s:{s:I,s:I,s:I},s:s,s:s}", "candidates", candidates, "usageMetadata", "promptTokenCount",
                     usage.prompt, "candidatesTokenCount", usage.completion * gemini->n, "totalTokenCount",
                     usage.prompt + usage.completion * gemini->n, "modelVersion", "mock", "responseId", gemini->id);
}

static void answer_whole(const struct gemini *gemini) {
    const struct chat_text *text = gemini->text;
    json_t *candidates = json_array();
    for (json_int_t i = 0; i < gemini->n; i++) {
        json_t *parts = json_array();
        if (text->has_thinking) (void)json_array_append_new(parts, thought_part(text->thinking));
        if (text->has_content) (void)json_array_append_new(parts, sign(gemini, text_part(text->content)));
        for (size_t k = 0; k < text->call_count; k++) {
            json_t *part = call_part(&text->calls[k]);
            (void)json_array_append_new(parts, k == 0 && !text->has_content ? sign(gemini, part) : part);
        }
        (void)json_array_append_new(candidates, candidate(gemini, i, parts, finish_reason(gemini)));
    }
    json_reply_whole(gemini->reply, gemini->asked->frame, envelope(gemini, candidates));
}

static void emit(const struct gemini *gemini, json_t *chunk) {
    if (gemini->list)
        (void)json_array_append_new(gemini->list, chunk);
    else
        json_reply_event(gemini->reply, gemini->asked->frame, NULL, chunk);
}

/* One chunk: the same part for one candidate. Takes over the part. */
static void emit_part(const struct gemini *gemini, json_int_t index, json_t *part, const char *finish) {
    emit(gemini, envelope(gemini, json_pack("[o]", candidate(gemini, index, json_pack("[o]", part), finish))));
}

/* All candidates take turns. */
static void stream_pieces(const struct gemini *gemini, struct chat_pieces pieces, json_t *(*part_of)(struct slice)) {
    struct slice piece = SLICE("");
    while (chat_pieces_next(&pieces, &piece))
        for (json_int_t i = 0; i < gemini->n; i++) emit_part(gemini, i, part_of(piece), NULL);
}

static void stream_calls(const struct gemini *gemini) {
    const struct chat_text *text = gemini->text;
    for (size_t k = 0; k < text->call_count; k++)
        for (json_int_t i = 0; i < gemini->n; i++) {
            json_t *part = call_part(&text->calls[k]);
            emit_part(gemini, i, k == 0 && !text->has_content ? sign(gemini, part) : part, NULL);
        }
}

static void stream_finish(const struct gemini *gemini) {
    json_t *told = gemini->asked->frame->behaviour->mid_stream_error;
    if (told) {
        const struct format_error error = {500, json_string_value(json_object_get(told, "message")), NULL,
                                           json_string_value(json_object_get(told, "code"))};
        emit(gemini, error_json(&error));
        return;
    }
    for (json_int_t i = 0; i < gemini->n && !gemini->asked->frame->behaviour->no_done; i++)
        emit_part(gemini, i, sign(gemini, text_part(SLICE(""))), finish_reason(gemini));
}

static void answer_stream(const struct gemini *gemini) {
    const struct behaviour *behaviour = gemini->asked->frame->behaviour;
    if (gemini->list == NULL) reply_stream_begin(gemini->reply, gemini->asked->frame, REPLY_EVENTS);
    stream_pieces(gemini, chat_pieces_of(gemini->text->thinking, behaviour), thought_part);
    stream_pieces(gemini, chat_pieces_of_content(gemini->text, behaviour), text_part);
    stream_calls(gemini);
    stream_finish(gemini);
    if (gemini->list)
        json_reply_whole(gemini->reply, gemini->asked->frame, json_incref(gemini->list));
    else
        reply_stream_end(gemini->reply);
}

static bool is_stream(const struct request *request) {
    static const char NAME[] = ":streamGenerateContent";
    return memmem(request->path.data, request->path.len, NAME, sizeof NAME - 1) != NULL;
}

bool gemini_answer(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    json_t *n = json_object_get(json_object_get(asked->body, "generationConfig"), "candidateCount");
    struct gemini gemini = {.asked = asked, .reply = reply, .n = json_is_integer(n) ? json_integer_value(n) : 1};
    if (!json_is_array(json_object_get(asked->body, "contents")) || gemini.n < 1 || gemini.n > CANDIDATES_MOST) {
        (void)detail_set(detail, OUTCOME_INVALID, "expected contents, and candidateCount from 1 to %d",
                         CANDIDATES_MOST);
        return false;
    }
    struct chat_text text;
    chat_text_compose(&asked->source, asked->frame->behaviour, &text);
    chat_text_say_refusal(&text);
    (void)snprintf(gemini.id, sizeof gemini.id, "%016llx", format_next_number());
    gemini.text = &text;
    const bool plain = asked->frame->behaviour->plain_json_for_stream || !is_stream(asked->request);
    if (!plain && asked->form == REPLY_WHOLE) gemini.list = json_array();
    if (plain)
        answer_whole(&gemini);
    else
        answer_stream(&gemini);
    reply->failed = reply->failed || text.failed;
    json_decref(gemini.list);
    chat_text_deinit(&text);
    return true;
}

bool gemini_count_answer(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    (void)detail;
    json_reply_whole(reply, asked->frame,
                     json_pack("{s:I}", "totalTokens", (json_int_t)(asked->request->body.len + 3) / 4));
    return true;
}

bool gemini_models_answer(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    (void)detail;
    json_reply_whole(reply, asked->frame,
                     json_pack("{s:[{s:s,s:s,s:s,s:i,s:i,s:[s,s]}]}", "models", "name", "models/mock", "displayName",
                               asked->request->listener, "version", "1", "inputTokenLimit", 1000000, "outputTokenLimit",
                               65536, "supportedGenerationMethods", "generateContent", "streamGenerateContent"));
    return true;
}

static void last_user(json_t *body, struct buffer *out) {
    chat_last_user(json_object_get(body, "contents"), "parts", true, out);
}

static enum reply_form form(const struct request *request, json_t *body) {
    (void)body;
    return is_stream(request) && format_query_has(request, SLICE("alt=sse")) ? REPLY_EVENTS : REPLY_WHOLE;
}

const struct format gemini_format = {.error = error_json, .last_user = last_user, .form = form};
