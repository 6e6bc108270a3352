#include "bench/mock/chat_text.h"

#include <stdlib.h>

#include "bench/mock/placeholder.h"

static void append_string(json_t *string, struct buffer *out) {
    if (json_is_string(string)) buffer_append(out, slice_of(json_string_value(string), json_string_length(string)));
}

void chat_last_user(json_t *messages, struct buffer *out) {
    json_t *content = NULL;
    size_t i = 0;
    json_t *message = NULL;
    json_array_foreach(messages, i, message) {
        const char *role = json_string_value(json_object_get(message, "role"));
        if (role && strcmp(role, "user") == 0) content = json_object_get(message, "content");
    }
    const size_t before = out->len;
    append_string(content, out);
    json_t *part = NULL;
    json_array_foreach(content, i, part) append_string(json_object_get(part, "text"), out);
    if (out->len == before) buffer_append(out, SLICE("(no text)"));
}

/* Buffers move while they grow: places are kept as offsets until all is written. */
struct span {
    size_t begin, end;
};

struct composer {
    struct buffer store;
    const struct placeholder_source *source;
    const struct behaviour *behaviour;
};

static struct span write_content(struct composer *composer) {
    const struct behaviour *behaviour = composer->behaviour;
    const size_t begin = composer->store.len;
    if (behaviour->reply) {
        placeholder_expand(slice_str(behaviour->reply), composer->source, PLACEHOLDER_PLAIN, &composer->store);
    } else {
        buffer_append(&composer->store, SLICE("You said: "));
        buffer_append(&composer->store, composer->source->last_user);
    }
    return (struct span){begin, composer->store.len};
}

/* The text stands once in the store; append it repeat - 1 times more. */
static void repeat_content(struct composer *composer, struct span once) {
    const size_t len = once.end - once.begin;
    const size_t more = (size_t)(composer->behaviour->repeat - 1);
    if (more == 0 || len == 0 || !buffer_reserve(&composer->store, len * more)) return;
    for (size_t i = 0; i < more; i++) buffer_append(&composer->store, slice_of(composer->store.data + once.begin, len));
}

/* JSON text: an object is written compactly; a string is taken as the JSON text it is. */
static struct span write_arguments(struct composer *composer, json_t *arguments) {
    const size_t begin = composer->store.len;
    if (json_is_string(arguments)) {
        const struct slice text = {json_string_value(arguments), json_string_length(arguments)};
        placeholder_expand(text, composer->source, PLACEHOLDER_JSON, &composer->store);
        return (struct span){begin, composer->store.len};
    }
    const size_t ascii = composer->behaviour->escape_arguments ? JSON_ENSURE_ASCII : 0;
    char *text = json_dumps(arguments, JSON_COMPACT | ascii);
    if (text == NULL) {
        composer->store.failed = true;
        return (struct span){begin, begin};
    }
    placeholder_expand(slice_str(text), composer->source, PLACEHOLDER_JSON, &composer->store);
    free(text);
    return (struct span){begin, composer->store.len};
}

static struct slice view(const struct buffer *store, struct span span) {
    return span.begin == span.end ? SLICE("") : slice_range(buffer_slice(store), span.begin, span.end);
}

void chat_text_compose(const struct request *request, json_t *messages, const struct behaviour *behaviour,
                       struct chat_text *text_out) {
    *text_out = (struct chat_text){.call_count = json_array_size(behaviour->tool_calls)};
    if (text_out->call_count > CHAT_CALLS_MOST) text_out->call_count = CHAT_CALLS_MOST;
    struct buffer last_user;
    buffer_init(&last_user, 0);
    chat_last_user(messages, &last_user);
    const struct placeholder_source source = {buffer_slice(&last_user), request->body};
    struct composer composer = {.source = &source, .behaviour = behaviour};
    buffer_init(&composer.store, 0);

    struct span content = {0, 0};
    text_out->has_content = behaviour->reply || text_out->call_count == 0;
    if (text_out->has_content) {
        content = write_content(&composer);
        text_out->once_bytes = content.end - content.begin;
        repeat_content(&composer, content);
        content.end = composer.store.len;
    }
    struct span arguments[CHAT_CALLS_MOST];
    for (size_t i = 0; i < text_out->call_count; i++) {
        json_t *call = json_array_get(behaviour->tool_calls, i);
        arguments[i] = write_arguments(&composer, json_object_get(call, "arguments"));
        text_out->calls[i].name = slice_str(json_string_value(json_object_get(call, "name")));
    }
    text_out->failed = composer.store.failed || last_user.failed;
    text_out->store = composer.store;
    buffer_deinit(&last_user);
    if (text_out->failed) return;
    text_out->content = view(&text_out->store, content);
    for (size_t i = 0; i < text_out->call_count; i++)
        text_out->calls[i].arguments = view(&text_out->store, arguments[i]);
}

void chat_text_deinit(struct chat_text *text) {
    buffer_deinit(&text->store);
}
