#include "bench/mock/openai_chat.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "bench/mock/chat_text.h"
#include "bench/mock/json_text.h"
#include "bench/mock/placeholder.h"

#define CHOICES_MOST 64

/* One answer while it is put together. */
struct chat {
    const struct reply_frame *frame;
    const struct chat_text *text;
    struct reply *reply;
    struct slice model;
    json_int_t n;
    bool include_usage;
    bool escape;
    unsigned long long id;
    uint64_t created;
    size_t prompt_bytes;
    struct buffer prelude; /* what all chunks of a stream begin with */
    struct buffer json;
};

/* What one choice streams by itself: its text, or one tool call's arguments. */
struct lane {
    json_int_t choice;
    size_t call; /* index of the tool call; CHAT_CALLS_MOST: the text */
    struct slice text;
    size_t at;
    bool opened;
};

static void append_prelude(struct chat *chat, const char *object, struct buffer *out) {
    buffer_append_format(out, "{\"id\":\"chatcmpl-%012llx\",\"object\":\"%s\",\"created\":%llu,\"model\":", chat->id,
                         object, (unsigned long long)chat->created);
    json_text_quote(chat->model, chat->escape, out);
    buffer_append(out, SLICE(",\"system_fingerprint\":\"fp_mock\",\"choices\":["));
}

static void append_usage(const struct chat *chat, struct buffer *out) {
    size_t said = chat->text->content.len;
    for (size_t i = 0; i < chat->text->call_count; i++) said += chat->text->calls[i].arguments.len;
    /* About four bytes a token; the numbers only have to be there, and not to change on the way. */
    const size_t prompt = (chat->prompt_bytes + 3) / 4;
    const size_t completion = (said * (size_t)chat->n + 3) / 4;
    buffer_append_format(out, "{\"prompt_tokens\":%zu,\"completion_tokens\":%zu,\"total_tokens\":%zu}", prompt,
                         completion, prompt + completion);
}

static const char *finish_reason(const struct chat *chat) {
    const struct behaviour *behaviour = chat->frame->behaviour;
    if (behaviour->finish_reason) return behaviour->finish_reason;
    return chat->text->call_count ? "tool_calls" : "stop";
}

/* {"id":..,"type":"function","function":{"name":..,"arguments": */
static void append_call_head(const struct chat *chat, json_int_t choice, size_t call, struct buffer *out) {
    buffer_append_format(out, "\"id\":\"call_%llx_%lld_%zu\",\"type\":\"function\",\"function\":{\"name\":", chat->id,
                         (long long)choice, call);
    json_text_quote(chat->text->calls[call].name, chat->escape, out);
    buffer_append(out, SLICE(",\"arguments\":"));
}

static void append_message(const struct chat *chat, json_int_t choice, struct buffer *out) {
    const struct chat_text *text = chat->text;
    buffer_append(out, SLICE("{\"role\":\"assistant\",\"content\":"));
    if (text->has_content)
        json_text_quote(text->content, chat->escape, out);
    else
        buffer_append(out, SLICE("null"));
    buffer_append(out, SLICE(",\"refusal\":null"));
    if (text->call_count) buffer_append(out, SLICE(",\"tool_calls\":["));
    for (size_t i = 0; i < text->call_count; i++) {
        buffer_append(out, i ? SLICE(",{") : SLICE("{"));
        append_call_head(chat, choice, i, out);
        json_text_quote(text->calls[i].arguments, chat->escape, out);
        buffer_append(out, SLICE("}}"));
    }
    buffer_append(out, text->call_count ? SLICE("]}") : SLICE("}"));
}

static void answer_whole(struct chat *chat) {
    struct buffer *out = &chat->json;
    append_prelude(chat, "chat.completion", out);
    for (json_int_t choice = 0; choice < chat->n; choice++) {
        buffer_append_format(out, "%s{\"index\":%lld,\"message\":", choice ? "," : "", (long long)choice);
        append_message(chat, choice, out);
        buffer_append(out, SLICE(",\"logprobs\":null,\"finish_reason\":"));
        json_text_quote(slice_str(finish_reason(chat)), chat->escape, out);
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

static void chunk_end(struct chat *chat, const char *finish) {
    struct buffer *out = &chat->json;
    buffer_append(out, SLICE("},\"logprobs\":null,\"finish_reason\":"));
    if (finish)
        json_text_quote(slice_str(finish), chat->escape, out);
    else
        buffer_append(out, SLICE("null"));
    buffer_append(out, chat->include_usage ? SLICE("}],\"usage\":null}") : SLICE("}]}"));
    reply_stream_event(chat->reply, chat->frame, buffer_slice(out));
}

static void stream_roles(struct chat *chat) {
    for (json_int_t choice = 0; choice < chat->n; choice++) {
        struct buffer *out = chunk_begin(chat, choice);
        buffer_append(out, SLICE("\"role\":\"assistant\",\"content\":"));
        buffer_append(out, chat->text->has_content ? SLICE("\"\"") : SLICE("null"));
        buffer_append(out, SLICE(",\"refusal\":null"));
        chunk_end(chat, NULL);
    }
}

static struct slice next_piece(const struct chat *chat, struct lane *lane) {
    size_t bytes = (size_t)chat->frame->behaviour->delta_bytes;
    if (bytes == 0 && lane->call == CHAT_CALLS_MOST) bytes = chat->text->once_bytes;
    const size_t begin = lane->at;
    lane->at = json_text_cut(lane->text, begin, bytes);
    return slice_range(lane->text, begin, lane->at);
}

static void stream_text_piece(struct chat *chat, struct lane *lane) {
    struct buffer *out = chunk_begin(chat, lane->choice);
    buffer_append(out, SLICE("\"content\":"));
    json_text_quote(next_piece(chat, lane), chat->escape, out);
    chunk_end(chat, NULL);
}

/* A call's first chunk names it, with empty arguments, as the vendor's does. */
static void stream_call_piece(struct chat *chat, struct lane *lane) {
    struct buffer *out = chunk_begin(chat, lane->choice);
    buffer_append_format(out, "\"tool_calls\":[{\"index\":%zu,", lane->call);
    if (lane->opened) {
        buffer_append(out, SLICE("\"function\":{\"arguments\":"));
        json_text_quote(next_piece(chat, lane), chat->escape, out);
    } else {
        append_call_head(chat, lane->choice, lane->call, out);
        buffer_append(out, SLICE("\"\""));
    }
    lane->opened = true;
    buffer_append(out, SLICE("}}]"));
    chunk_end(chat, NULL);
}

static size_t lanes_fill(const struct chat *chat, struct lane *lanes) {
    const struct chat_text *text = chat->text;
    size_t count = 0;
    for (json_int_t choice = 0; choice < chat->n; choice++) {
        if (text->has_content)
            lanes[count++] =
                (struct lane){.choice = choice, .call = CHAT_CALLS_MOST, .text = text->content, .opened = true};
        for (size_t i = 0; i < text->call_count; i++)
            lanes[count++] = (struct lane){.choice = choice, .call = i, .text = text->calls[i].arguments};
    }
    return count;
}

static void stream_deltas(struct chat *chat) {
    struct lane *lanes = calloc((size_t)chat->n * (chat->text->call_count + 1), sizeof *lanes);
    if (lanes == NULL) {
        chat->reply->failed = true;
        return;
    }
    const size_t count = lanes_fill(chat, lanes);
    bool more = true;
    while (more) {
        more = false;
        for (size_t i = 0; i < count; i++) {
            struct lane *lane = &lanes[i];
            if (lane->opened && lane->at == lane->text.len) continue;
            if (lane->call == CHAT_CALLS_MOST)
                stream_text_piece(chat, lane);
            else
                stream_call_piece(chat, lane);
            more = true;
        }
    }
    free(lanes);
}

static void stream_finish(struct chat *chat) {
    for (json_int_t choice = 0; choice < chat->n; choice++) {
        (void)chunk_begin(chat, choice);
        chunk_end(chat, finish_reason(chat));
    }
    if (chat->include_usage) {
        struct buffer *out = &chat->json;
        buffer_clear(out);
        buffer_append(out, buffer_slice(&chat->prelude));
        buffer_append(out, SLICE("],\"usage\":"));
        append_usage(chat, out);
        buffer_append_char(out, '}');
        reply_stream_event(chat->reply, chat->frame, buffer_slice(out));
    }
    if (!chat->frame->behaviour->no_done) reply_stream_event(chat->reply, chat->frame, SLICE("[DONE]"));
}

static const char *member_text(json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

static void stream_error(struct chat *chat, json_t *object) {
    const struct format_error error = {member_text(object, "message"), member_text(object, "type"),
                                       member_text(object, "code")};
    buffer_clear(&chat->json);
    openai_error(&error, &chat->json);
    reply_stream_event(chat->reply, chat->frame, buffer_slice(&chat->json));
}

static void answer_stream(struct chat *chat) {
    append_prelude(chat, "chat.completion.chunk", &chat->prelude);
    reply_stream_begin(chat->reply, chat->frame);
    stream_roles(chat);
    stream_deltas(chat);
    json_t *error = chat->frame->behaviour->mid_stream_error;
    if (error)
        stream_error(chat, error);
    else
        stream_finish(chat);
    reply_stream_end(chat->reply);
}

/* A number of this process, so that no two answers share an id. */
static unsigned long long next_id(void) {
    static atomic_ullong last;
    return atomic_fetch_add(&last, 1) + 1;
}

bool openai_chat_answer(const struct request *request, json_t *body, const struct reply_frame *frame,
                        struct reply *reply, struct detail *detail) {
    json_t *messages = json_object_get(body, "messages");
    json_t *model = json_object_get(body, "model");
    json_t *n = json_object_get(body, "n");
    const json_int_t choices = json_is_integer(n) ? json_integer_value(n) : 1;
    if (!json_is_array(messages) || !json_is_string(model) || choices < 1 || choices > CHOICES_MOST) {
        (void)detail_set(detail, OUTCOME_INVALID, "expected model, messages, and n from 1 to %d", CHOICES_MOST);
        return false;
    }
    struct chat_text text;
    chat_text_compose(request, messages, frame->behaviour, &text);
    struct chat chat = {.frame = frame,
                        .text = &text,
                        .reply = reply,
                        .model = slice_of(json_string_value(model), json_string_length(model)),
                        .n = choices,
                        .escape = frame->behaviour->escape_unicode,
                        .id = next_id(),
                        .created = clock_wall_ms() / 1000,
                        .prompt_bytes = request->body.len};
    chat.include_usage = json_is_true(json_object_get(json_object_get(body, "stream_options"), "include_usage"));
    buffer_init(&chat.prelude, 0);
    buffer_init(&chat.json, 0);
    if (json_is_true(json_object_get(body, "stream")) && !frame->behaviour->plain_json_for_stream)
        answer_stream(&chat);
    else
        answer_whole(&chat);
    reply->failed = reply->failed || text.failed || chat.prelude.failed || chat.json.failed;
    buffer_deinit(&chat.prelude);
    buffer_deinit(&chat.json);
    chat_text_deinit(&text);
    return true;
}

bool openai_models_answer(const struct request *request, json_t *body, const struct reply_frame *frame,
                          struct reply *reply, struct detail *detail) {
    (void)body;
    (void)detail;
    struct buffer json;
    buffer_init(&json, 0);
    buffer_append(&json, SLICE("{\"object\":\"list\",\"data\":[{\"id\":\"mock\",\"object\":\"model\",\"created\":0,"
                               "\"owned_by\":"));
    json_text_quote(slice_str(request->listener), false, &json);
    buffer_append(&json, SLICE("}]}"));
    reply_whole(reply, frame, "application/json", buffer_slice(&json));
    reply->failed = reply->failed || json.failed;
    buffer_deinit(&json);
    return true;
}

static void quote_or_null(const char *text, struct buffer *out) {
    if (text)
        json_text_quote(slice_str(text), false, out);
    else
        buffer_append(out, SLICE("null"));
}

void openai_error(const struct format_error *error, struct buffer *out) {
    buffer_append(out, SLICE("{\"error\":{\"message\":"));
    quote_or_null(error->message ? error->message : "the mock was told to fail", out);
    buffer_append(out, SLICE(",\"type\":"));
    quote_or_null(error->type ? error->type : "mock_error", out);
    buffer_append(out, SLICE(",\"param\":null,\"code\":"));
    quote_or_null(error->code, out);
    buffer_append(out, SLICE("}}"));
}
