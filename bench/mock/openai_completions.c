#include "bench/mock/openai_completions.h"

#include "base/clock.h"
#include "bench/mock/chat_text.h"
#include "bench/mock/json_reply.h"
#include "bench/mock/openai.h"

#define PROMPTS_MOST 16u
#define CHOICES_MOST 64u

struct completions {
    const struct format_asked *asked;
    struct reply *reply;
    struct chat_text texts[PROMPTS_MOST];
    size_t prompt_count;
    size_t n;
    bool echo;
    unsigned long long id;
    json_int_t created;
};

static json_t *prompt_at(json_t *prompt, size_t i) {
    return json_is_array(prompt) ? json_array_get(prompt, i) : prompt;
}

static struct slice string_slice(json_t *string) {
    return json_is_string(string) ? slice_of(json_string_value(string), json_string_length(string)) : SLICE("");
}

static const char *finish_reason(const struct completions *completions) {
    const char *told = completions->asked->frame->behaviour->finish_reason;
    return told ? told : "stop";
}

/* The text of one choice: behind its prompt when that is asked for. */
static json_t *said(const struct completions *completions, size_t choice) {
    const size_t at = choice / completions->n;
    struct buffer text;
    buffer_init(&text, 0);
    if (completions->echo)
        buffer_append(&text, string_slice(prompt_at(json_object_get(completions->asked->body, "prompt"), at)));
    buffer_append(&text, completions->texts[at].content);
    json_t *value = text.failed ? NULL : json_reply_string(buffer_slice(&text));
    buffer_deinit(&text);
    return value;
}

static json_t *logprobs_of(const struct completions *completions, struct chat_pieces pieces) {
    if (!completions->asked->frame->behaviour->logprobs) return json_null();
    json_t *tokens = json_array();
    json_t *values = json_array();
    json_t *offsets = json_array();
    struct slice piece = SLICE("");
    while (chat_pieces_next(&pieces, &piece)) {
        (void)json_array_append_new(offsets, json_integer((json_int_t)(piece.data - pieces.text.data)));
        (void)json_array_append_new(tokens, json_reply_string(piece));
        (void)json_array_append_new(values, json_real(-0.25));
    }
    return json_pack("{s:o,s:o,s:o,s:n}", "tokens", tokens, "token_logprobs", values, "text_offset", offsets,
                     "top_logprobs");
}

static json_t *usage_of(const struct completions *completions) {
    struct chat_usage usage = {0, 0};
    for (size_t i = 0; i < completions->prompt_count; i++) {
        const struct chat_usage one =
            chat_text_usage(&completions->texts[i], completions->asked->request->body.len / completions->prompt_count);
        usage.prompt += one.prompt;
        usage.completion += one.completion * (json_int_t)completions->n;
    }
    return json_pack("{s:I,s:I,s:I}", "prompt_tokens", usage.prompt, "completion_tokens", usage.completion,
                     "total_tokens", usage.prompt + usage.completion);
}

/* A body or a chunk; takes over the list of choices. */
static json_t *envelope(const struct completions *completions, json_t *choices) {
    char id[32];
    (void)snprintf(id, sizeof id, "cmpl-%012llx", completions->id);
    return json_pack("{s:s,s:s,s:I,s:s,s:s,s:o}", "id", id, "object", "text_completion", "created",
                     completions->created, "model", openai_model(completions->asked->body), "system_fingerprint",
                     "fp_mock", "choices", choices);
}

static json_t *choice_of(size_t index, json_t *text, json_t *logprobs, const char *finish) {
    return json_pack("{s:I,s:o,s:o,s:s?}", "index", (json_int_t)index, "text", text, "logprobs", logprobs,
                     "finish_reason", finish);
}

static void answer_whole(const struct completions *completions) {
    json_t *choices = json_array();
    for (size_t i = 0; i < completions->prompt_count * completions->n; i++) {
        const struct chat_pieces pieces =
            chat_pieces_of_content(&completions->texts[i / completions->n], completions->asked->frame->behaviour);
        (void)json_array_append_new(
            choices, choice_of(i, said(completions, i), logprobs_of(completions, pieces), finish_reason(completions)));
    }
    json_t *body = envelope(completions, choices);
    (void)json_object_set_new(body, "usage", usage_of(completions));
    json_reply_whole(completions->reply, completions->asked->frame, body);
}

static void stream_chunk(const struct completions *completions, json_t *choice) {
    json_reply_event(completions->reply, completions->asked->frame, NULL,
                     envelope(completions, json_pack("[o]", choice)));
}

static void stream_deltas(const struct completions *completions) {
    const struct behaviour *behaviour = completions->asked->frame->behaviour;
    const size_t count = completions->prompt_count * completions->n;
    struct chat_pieces pieces[CHOICES_MOST];
    for (size_t i = 0; i < count; i++) {
        pieces[i] = chat_pieces_of_content(&completions->texts[i / completions->n], behaviour);
        json_t *prompt = prompt_at(json_object_get(completions->asked->body, "prompt"), i / completions->n);
        if (completions->echo)
            stream_chunk(completions, choice_of(i, json_reply_string(string_slice(prompt)), json_null(), NULL));
    }
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < count; i++) {
            struct slice piece = SLICE("");
            if (!chat_pieces_next(&pieces[i], &piece)) continue;
            const struct chat_pieces one = {.text = piece};
            stream_chunk(completions, choice_of(i, json_reply_string(piece), logprobs_of(completions, one), NULL));
            more = true;
        }
    }
}

static void stream_finish(const struct completions *completions) {
    for (size_t i = 0; i < completions->prompt_count * completions->n; i++)
        stream_chunk(completions, choice_of(i, json_string(""), json_null(), finish_reason(completions)));
    json_t *options = json_object_get(completions->asked->body, "stream_options");
    if (json_is_true(json_object_get(options, "include_usage"))) {
        json_t *chunk = envelope(completions, json_array());
        (void)json_object_set_new(chunk, "usage", usage_of(completions));
        json_reply_event(completions->reply, completions->asked->frame, NULL, chunk);
    }
    if (!completions->asked->frame->behaviour->no_done)
        reply_stream_event(completions->reply, completions->asked->frame, NULL, SLICE("[DONE]"));
}

static void answer_stream(const struct completions *completions) {
    json_t *error = completions->asked->frame->behaviour->mid_stream_error;
    reply_stream_begin(completions->reply, completions->asked->frame, REPLY_EVENTS);
    stream_deltas(completions);
    if (error)
        json_reply_event(completions->reply, completions->asked->frame, NULL, openai_stream_error(error));
    else
        stream_finish(completions);
    reply_stream_end(completions->reply);
}

/* Each prompt is a source of its own, so that each choice says what its prompt said. */
static void compose(struct completions *completions) {
    json_t *prompt = json_object_get(completions->asked->body, "prompt");
    for (size_t i = 0; i < completions->prompt_count; i++) {
        struct placeholder_source source = completions->asked->source;
        if (json_is_string(prompt_at(prompt, i))) source.last_user = string_slice(prompt_at(prompt, i));
        chat_text_compose(&source, completions->asked->frame->behaviour, &completions->texts[i]);
        chat_text_say_refusal(&completions->texts[i]);
        completions->reply->failed = completions->reply->failed || completions->texts[i].failed;
    }
}

/* Strings, or token ids: nested one list deeper, or a list of numbers that is one prompt. */
static size_t count_prompts(json_t *prompt) {
    if (json_is_string(prompt)) return 1;
    const bool ids = json_is_integer(json_array_get(prompt, 0));
    return ids ? 1 : json_array_size(prompt);
}

bool openai_completions_answer(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    json_t *n = json_object_get(asked->body, "n");
    struct completions completions = {
        .asked = asked,
        .reply = reply,
        .prompt_count = count_prompts(json_object_get(asked->body, "prompt")),
        .n = json_is_integer(n) && json_integer_value(n) > 0 ? (size_t)json_integer_value(n) : 1,
        .echo = json_is_true(json_object_get(asked->body, "echo")),
        .id = format_next_number(),
        .created = (json_int_t)(clock_wall_ms() / 1000)};
    if (completions.prompt_count == 0 || completions.prompt_count > PROMPTS_MOST ||
        completions.n > CHOICES_MOST / completions.prompt_count) {
        (void)detail_set(detail, OUTCOME_INVALID, "expected prompt, at most %u, and at most %u choices", PROMPTS_MOST,
                         CHOICES_MOST);
        return false;
    }
    compose(&completions);
    if (asked->form == REPLY_EVENTS)
        answer_stream(&completions);
    else
        answer_whole(&completions);
    for (size_t i = 0; i < completions.prompt_count; i++) chat_text_deinit(&completions.texts[i]);
    return true;
}

static void last_user(json_t *body, struct buffer *out) {
    json_t *prompt = json_object_get(body, "prompt");
    const size_t count = json_is_array(prompt) ? json_array_size(prompt) : 1;
    if (count) buffer_append(out, string_slice(prompt_at(prompt, count - 1)));
}

const struct format openai_completions_format = {.error = openai_error, .last_user = last_user, .form = openai_form};
