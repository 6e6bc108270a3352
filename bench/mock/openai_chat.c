#include "bench/mock/openai_chat.h"

#include <stdlib.h>

#include "base/clock.h"
#include "bench/mock/chat_text.h"
#include "bench/mock/json_reply.h"
#include "bench/mock/json_text.h"
#include "bench/mock/openai.h"

#define CHOICES_MOST 64

/* One answer while it is put together. It is written by hand, since load is made with it. */
struct chat {
    const struct reply_frame *frame;
    const struct chat_text *text;
    struct reply *reply;
    const char *model;
    json_int_t n;
    bool include_usage;
    bool escape;
    unsigned long long id;
    uint64_t created;
    size_t prompt_bytes;
    struct buffer prelude; /* what all chunks of a stream begin with */
    struct buffer json;
};

/* What one choice streams by itself: one of its texts, or one tool call's arguments. */
struct lane {
    json_int_t choice;
    const char *field; /* of the delta; NULL: a tool call */
    size_t call;
    struct chat_pieces pieces;
    bool opened;
};

static void quote(const struct chat *chat, struct slice text, struct buffer *out) {
    json_text_quote(text, chat->escape, out);
}

static void append_prelude(struct chat *chat, const char *object, struct buffer *out) {
    buffer_append_format(out, "{\"id\":\"chatcmpl-%012llx\",\"object\":\"%s\",\"created\":%llu,\"model\":", chat->id,
                         object, (unsigned long long)chat->created);
    quote(chat, slice_str(chat->model), out);
    buffer_append(out, SLICE(",\"system_fingerprint\":\"fp_mock\",\"choices\":["));
}

static void append_usage(const struct chat *chat, struct buffer *out) {
    const struct chat_usage usage = chat_text_usage(chat->text, chat->prompt_bytes);
    const json_int_t completion = usage.completion * chat->n;
    buffer_append_format(out, "{\"prompt_tokens\":%lld,\"completion_tokens\":%lld,\"total_tokens\":%lld}",
                         (long long)usage.prompt, (long long)completion, (long long)(usage.prompt + completion));
}

static const char *finish_reason(const struct chat *chat) {
    const struct behaviour *behaviour = chat->frame->behaviour;
    if (behaviour->finish_reason) return behaviour->finish_reason;
    return chat->text->call_count ? "tool_calls" : "stop";
}

/* "id":..,"type":"function","function":{"name":..,"arguments": */
static void append_call_head(const struct chat *chat, json_int_t choice, size_t call, struct buffer *out) {
    const bool custom = chat->text->calls[call].kind == CHAT_CALL_CUSTOM;
    const char *type = custom ? "custom" : "function";
    buffer_append_format(out, "\"id\":\"call_%llx_%lld_%zu\",\"type\":\"%s\",\"%s\":{\"name\":", chat->id,
                         (long long)choice, call, type, type);
    quote(chat, chat->text->calls[call].name, out);
    buffer_append(out, custom ? SLICE(",\"input\":") : SLICE(",\"arguments\":"));
}

static void append_annotations(const struct chat *chat, struct buffer *out) {
    buffer_append(out, SLICE("\"annotations\":["));
    for (size_t i = 0; i < chat->text->citation_count; i++) {
        const struct chat_citation *citation = &chat->text->citations[i];
        buffer_append_format(out,
                             "%s{\"type\":\"url_citation\",\"url_citation\":{\"start_index\":%zu,\"end_index\":%zu,",
                             i ? "," : "", citation->begin, citation->end);
        buffer_append(out, SLICE("\"title\":"));
        quote(chat, citation->title, out);
        buffer_append(out, SLICE(",\"url\":"));
        quote(chat, citation->url, out);
        buffer_append(out, SLICE("}}"));
    }
    buffer_append_char(out, ']');
}

static void append_text_or_null(const struct chat *chat, const char *name, bool has, struct slice text,
                                struct buffer *out) {
    buffer_append_format(out, ",\"%s\":", name);
    if (has)
        quote(chat, text, out);
    else
        buffer_append(out, SLICE("null"));
}

static void append_message(const struct chat *chat, json_int_t choice, struct buffer *out) {
    const struct chat_text *text = chat->text;
    buffer_append(out, SLICE("{\"role\":\"assistant\""));
    append_text_or_null(chat, "content", text->has_content, text->content, out);
    append_text_or_null(chat, "refusal", text->has_refusal, text->refusal, out);
    if (text->has_thinking) append_text_or_null(chat, "reasoning_content", true, text->thinking, out);
    if (text->citation_count) {
        buffer_append_char(out, ',');
        append_annotations(chat, out);
    }
    if (text->call_count) buffer_append(out, SLICE(",\"tool_calls\":["));
    for (size_t i = 0; i < text->call_count; i++) {
        buffer_append(out, i ? SLICE(",{") : SLICE("{"));
        append_call_head(chat, choice, i, out);
        quote(chat, text->calls[i].arguments, out);
        buffer_append(out, SLICE("}}"));
    }
    buffer_append(out, text->call_count ? SLICE("]}") : SLICE("}"));
}

/* "logprobs": what the pieces of the text were, each as it was cut. */
static void append_logprobs(const struct chat *chat, struct chat_pieces pieces, struct buffer *out) {
    buffer_append(out, SLICE(",\"logprobs\":"));
    if (!chat->frame->behaviour->logprobs) {
        buffer_append(out, SLICE("null"));
        return;
    }
    buffer_append(out, SLICE("{\"content\":["));
    struct slice piece = SLICE("");
    for (bool first = true; chat_pieces_next(&pieces, &piece); first = false) {
        buffer_append(out, first ? SLICE("{\"token\":") : SLICE(",{\"token\":"));
        quote(chat, piece, out);
        buffer_append(out, SLICE(",\"logprob\":-0.25,\"bytes\":null,\"top_logprobs\":[]}"));
    }
    buffer_append(out, SLICE("],\"refusal\":null}"));
}

static void answer_whole(struct chat *chat) {
    struct buffer *out = &chat->json;
    append_prelude(chat, "chat.completion", out);
    for (json_int_t choice = 0; choice < chat->n; choice++) {
        buffer_append_format(out, "%s{\"index\":%lld,\"message\":", choice ? "," : "", (long long)choice);
        append_message(chat, choice, out);
        append_logprobs(chat, chat_pieces_of_content(chat->text, chat->frame->behaviour), out);
        buffer_append(out, SLICE(",\"finish_reason\":"));
        quote(chat, slice_str(finish_reason(chat)), out);
        buffer_append_char(out, '}');
    }
    buffer_append(out, SLICE("],\"usage\":"));
    append_usage(chat, out);
    buffer_append_char(out, '}');
    reply_whole(chat->reply, chat->frame, "application/json", buffer_slice(out));
}

/* A chunk up to the inside of one choice's delta; chunk_end closes it. */
static struct buffer *chunk_begin(struct chat *chat, json_int_t choice) {
    buffer_clear(&chat->json);
    buffer_append(&chat->json, buffer_slice(&chat->prelude));
    buffer_append_format(&chat->json, "{\"index\":%lld,\"delta\":{", (long long)choice);
    return &chat->json;
}

static void chunk_end(struct chat *chat, struct slice said, const char *finish) {
    struct buffer *out = &chat->json;
    buffer_append_char(out, '}');
    append_logprobs(chat, (struct chat_pieces){.text = said}, out);
    buffer_append(out, SLICE(",\"finish_reason\":"));
    if (finish)
        quote(chat, slice_str(finish), out);
    else
        buffer_append(out, SLICE("null"));
    buffer_append(out, chat->include_usage ? SLICE("}],\"usage\":null}") : SLICE("}]}"));
    reply_stream_event(chat->reply, chat->frame, NULL, buffer_slice(out));
}

static void stream_roles(struct chat *chat) {
    for (json_int_t choice = 0; choice < chat->n; choice++) {
        struct buffer *out = chunk_begin(chat, choice);
        buffer_append(out, SLICE("\"role\":\"assistant\",\"content\":"));
        buffer_append(out, chat->text->has_content ? SLICE("\"\"") : SLICE("null"));
        buffer_append(out, SLICE(",\"refusal\":null"));
        chunk_end(chat, SLICE(""), NULL);
    }
}

static bool stream_text_piece(struct chat *chat, struct lane *lane) {
    struct slice piece = SLICE("");
    if (!chat_pieces_next(&lane->pieces, &piece)) return false;
    struct buffer *out = chunk_begin(chat, lane->choice);
    buffer_append_format(out, "\"%s\":", lane->field);
    quote(chat, piece, out);
    chunk_end(chat, piece, NULL);
    return true;
}

/* A call's first chunk names it, with empty arguments, as the vendor's does. */
static bool stream_call_piece(struct chat *chat, struct lane *lane) {
    struct slice piece = SLICE("");
    if (lane->opened && !chat_pieces_next(&lane->pieces, &piece)) return false;
    struct buffer *out = chunk_begin(chat, lane->choice);
    buffer_append_format(out, "\"tool_calls\":[{\"index\":%zu,", lane->call);
    if (lane->opened) {
        const bool custom = chat->text->calls[lane->call].kind == CHAT_CALL_CUSTOM;
        buffer_append(out, custom ? SLICE("\"custom\":{\"input\":") : SLICE("\"function\":{\"arguments\":"));
        quote(chat, piece, out);
    } else {
        append_call_head(chat, lane->choice, lane->call, out);
        buffer_append(out, SLICE("\"\""));
    }
    lane->opened = true;
    buffer_append(out, SLICE("}}]"));
    chunk_end(chat, SLICE(""), NULL);
    return true;
}

#define TEXT_LANES 3 /* thinking, content, refusal */

static size_t lanes_fill(const struct chat *chat, struct lane *lanes) {
    const struct chat_text *text = chat->text;
    const struct behaviour *behaviour = chat->frame->behaviour;
    size_t count = 0;
    for (json_int_t choice = 0; choice < chat->n; choice++) {
        if (text->has_thinking)
            lanes[count++] = (struct lane){
                .choice = choice, .field = "reasoning_content", .pieces = chat_pieces_of(text->thinking, behaviour)};
        if (text->has_content)
            lanes[count++] =
                (struct lane){.choice = choice, .field = "content", .pieces = chat_pieces_of_content(text, behaviour)};
        if (text->has_refusal)
            lanes[count++] =
                (struct lane){.choice = choice, .field = "refusal", .pieces = chat_pieces_of(text->refusal, behaviour)};
        for (size_t i = 0; i < text->call_count; i++)
            lanes[count++] = (struct lane){
                .choice = choice, .call = i, .pieces = chat_pieces_of(text->calls[i].arguments, behaviour)};
    }
    return count;
}

static void stream_deltas(struct chat *chat) {
    struct lane *lanes = calloc((size_t)chat->n * (chat->text->call_count + TEXT_LANES), sizeof *lanes);
    if (lanes == NULL) {
        chat->reply->failed = true;
        return;
    }
    const size_t count = lanes_fill(chat, lanes);
    bool more = true;
    while (more) {
        more = false;
        for (size_t i = 0; i < count; i++)
            more |= lanes[i].field ? stream_text_piece(chat, &lanes[i]) : stream_call_piece(chat, &lanes[i]);
    }
    free(lanes);
}

static void stream_finish(struct chat *chat) {
    for (json_int_t choice = 0; choice < chat->n; choice++) {
        struct buffer *out = chunk_begin(chat, choice);
        if (chat->text->citation_count) append_annotations(chat, out);
        chunk_end(chat, SLICE(""), finish_reason(chat));
    }
    if (chat->include_usage) {
        struct buffer *out = &chat->json;
        buffer_clear(out);
        buffer_append(out, buffer_slice(&chat->prelude));
        buffer_append(out, SLICE("],\"usage\":"));
        append_usage(chat, out);
        buffer_append_char(out, '}');
        reply_stream_event(chat->reply, chat->frame, NULL, buffer_slice(out));
    }
    if (!chat->frame->behaviour->no_done) reply_stream_event(chat->reply, chat->frame, NULL, SLICE("[DONE]"));
}

static void answer_stream(struct chat *chat) {
    append_prelude(chat, "chat.completion.chunk", &chat->prelude);
    reply_stream_begin(chat->reply, chat->frame, REPLY_EVENTS);
    stream_roles(chat);
    stream_deltas(chat);
    json_t *error = chat->frame->behaviour->mid_stream_error;
    if (error)
        json_reply_event(chat->reply, chat->frame, NULL, openai_stream_error(error));
    else
        stream_finish(chat);
    reply_stream_end(chat->reply);
}

bool openai_chat_answer(const struct format_asked *asked, struct reply *reply, struct detail *detail) {
    json_t *n = json_object_get(asked->body, "n");
    const json_int_t choices = json_is_integer(n) ? json_integer_value(n) : 1;
    if (!json_is_array(json_object_get(asked->body, "messages")) ||
        !json_is_string(json_object_get(asked->body, "model")) || choices < 1 || choices > CHOICES_MOST) {
        (void)detail_set(detail, OUTCOME_INVALID, "expected model, messages, and n from 1 to %d", CHOICES_MOST);
        return false;
    }
    struct chat_text text;
    chat_text_compose(&asked->source, asked->frame->behaviour, &text);
    json_t *options = json_object_get(asked->body, "stream_options");
    struct chat chat = {.frame = asked->frame,
                        .text = &text,
                        .reply = reply,
                        .model = openai_model(asked->body),
                        .n = choices,
                        .include_usage = json_is_true(json_object_get(options, "include_usage")),
                        .escape = asked->frame->behaviour->escape_unicode,
                        .id = format_next_number(),
                        .created = clock_wall_ms() / 1000,
                        .prompt_bytes = asked->request->body.len};
    buffer_init(&chat.prelude, 0);
    buffer_init(&chat.json, 0);
    if (asked->form == REPLY_EVENTS)
        answer_stream(&chat);
    else
        answer_whole(&chat);
    reply->failed = reply->failed || text.failed || chat.prelude.failed || chat.json.failed;
    buffer_deinit(&chat.prelude);
    buffer_deinit(&chat.json);
    chat_text_deinit(&text);
    return true;
}

static void last_user(json_t *body, struct buffer *out) {
    chat_last_user(json_object_get(body, "messages"), "content", false, out);
}

const struct format openai_chat_format = {.error = openai_error, .last_user = last_user, .form = openai_form};
