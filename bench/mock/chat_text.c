#include "bench/mock/chat_text.h"

#include <stdlib.h>

#include "bench/mock/json_text.h"

static void append_string(json_t *string, struct buffer *out) {
    if (json_is_string(string)) buffer_append(out, slice_of(json_string_value(string), json_string_length(string)));
}

static void append_content(json_t *content, struct buffer *out) {
    append_string(content, out);
    size_t i = 0;
    json_t *part = NULL;
    json_array_foreach(content, i, part) append_string(json_object_get(part, "text"), out);
}

void chat_last_user(json_t *messages, const char *content_name, bool role_may_lack, struct buffer *out) {
    const size_t before = out->len;
    for (size_t i = json_array_size(messages); i > 0 && out->len == before; i--) {
        json_t *message = json_array_get(messages, i - 1);
        const char *role = json_string_value(json_object_get(message, "role"));
        const bool is_user = role ? strcmp(role, "user") == 0 : role_may_lack;
        if (is_user) append_content(json_object_get(message, content_name), out);
    }
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

static struct span write_text(struct composer *composer, const char *text) {
    const size_t begin = composer->store.len;
    if (text) placeholder_expand(slice_str(text), composer->source, PLACEHOLDER_PLAIN, &composer->store);
    return (struct span){begin, composer->store.len};
}

static struct span write_content(struct composer *composer) {
    if (composer->behaviour->reply) return write_text(composer, composer->behaviour->reply);
    const size_t begin = composer->store.len;
    buffer_append(&composer->store, SLICE("You said: "));
    buffer_append(&composer->store, composer->source->last_user);
    return (struct span){begin, composer->store.len};
}

/* The text stands once in the store; append it repeat - 1 times more. */
static void repeat_content(struct composer *composer, struct span once) {
    const size_t len = once.end - once.begin;
    const size_t more = (size_t)(composer->behaviour->repeat - 1);
    if (more == 0 || len == 0 || !buffer_reserve(&composer->store, len * more)) return;
    for (size_t i = 0; i < more; i++) buffer_append(&composer->store, slice_of(composer->store.data + once.begin, len));
}

/* JSON text: an object is written compactly; a string is taken as the text it is. */
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

static enum chat_call_kind kind_of(json_t *call) {
    const char *kind = json_string_value(json_object_get(call, "kind"));
    if (kind == NULL || strcmp(kind, "function") == 0) return CHAT_CALL_FUNCTION;
    if (strcmp(kind, "custom") == 0) return CHAT_CALL_CUSTOM;
    return strcmp(kind, "mcp") == 0 ? CHAT_CALL_MCP : CHAT_CALL_CODE;
}

/* Half-open, in code points: how many lead bytes stand before a byte offset. */
static size_t code_points(struct slice text) {
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) count += ((unsigned char)text.data[i] & 0xC0u) != 0x80u;
    return count;
}

static void place_citation(struct slice content, struct chat_citation *citation) {
    if (citation->text.len == 0 || content.len == 0) return;
    const char *found = memmem(content.data, content.len, citation->text.data, citation->text.len);
    if (found == NULL) return;
    citation->begin = code_points(slice_range(content, 0, (size_t)(found - content.data)));
    citation->end = citation->begin + code_points(citation->text);
}

#define CITATION_SPANS 3 /* url, title, text */

static void write_citation(struct composer *composer, json_t *citation, struct span spans_out[static CITATION_SPANS]) {
    static const char *const NAMES[CITATION_SPANS] = {"url", "title", "text"};
    for (size_t i = 0; i < CITATION_SPANS; i++)
        spans_out[i] = write_text(composer, json_string_value(json_object_get(citation, NAMES[i])));
}

static void take_citation(const struct chat_text *text, const struct span spans[static CITATION_SPANS],
                          struct chat_citation *citation_out) {
    *citation_out = (struct chat_citation){.url = view(&text->store, spans[0]),
                                           .title = view(&text->store, spans[1]),
                                           .text = view(&text->store, spans[2])};
    place_citation(text->content, citation_out);
}

static size_t at_most(size_t count, size_t most) {
    return count < most ? count : most;
}

/* Everything is written first, and looked at when the store does not move any more. */
struct written {
    struct span content, thinking, refusal;
    struct span arguments[CHAT_CALLS_MOST];
    struct span citations[CHAT_CITATIONS_MOST][CITATION_SPANS];
};

static void write_all(struct composer *composer, struct chat_text *text, struct written *written) {
    const struct behaviour *behaviour = composer->behaviour;
    if (text->has_content) {
        written->content = write_content(composer);
        text->once_bytes = written->content.end - written->content.begin;
        repeat_content(composer, written->content);
        written->content.end = composer->store.len;
    }
    written->thinking = write_text(composer, behaviour->thinking);
    written->refusal = write_text(composer, behaviour->refusal);
    for (size_t i = 0; i < text->call_count; i++)
        written->arguments[i] =
            write_arguments(composer, json_object_get(json_array_get(behaviour->tool_calls, i), "arguments"));
    for (size_t i = 0; i < text->citation_count; i++)
        write_citation(composer, json_array_get(behaviour->citations, i), written->citations[i]);
}

static void take_views(const struct behaviour *behaviour, const struct written *written, struct chat_text *text) {
    text->content = view(&text->store, written->content);
    text->thinking = view(&text->store, written->thinking);
    text->refusal = view(&text->store, written->refusal);
    for (size_t i = 0; i < text->call_count; i++) {
        json_t *call = json_array_get(behaviour->tool_calls, i);
        text->calls[i] = (struct chat_call){.kind = kind_of(call),
                                            .name = slice_str(json_string_value(json_object_get(call, "name"))),
                                            .arguments = view(&text->store, written->arguments[i])};
    }
    for (size_t i = 0; i < text->citation_count; i++) take_citation(text, written->citations[i], &text->citations[i]);
}

void chat_text_compose(const struct placeholder_source *source, const struct behaviour *behaviour,
                       struct chat_text *text_out) {
    *text_out = (struct chat_text){
        .call_count = at_most(json_array_size(behaviour->tool_calls), CHAT_CALLS_MOST),
        .citation_count = at_most(json_array_size(behaviour->citations), CHAT_CITATIONS_MOST),
        .has_thinking = behaviour->thinking != NULL,
        .has_refusal = behaviour->refusal != NULL,
    };
    text_out->has_content = !text_out->has_refusal && (behaviour->reply || text_out->call_count == 0);
    struct composer composer = {.source = source, .behaviour = behaviour};
    buffer_init(&composer.store, 0);
    struct written written = {.content = {0, 0}};
    write_all(&composer, text_out, &written);
    text_out->failed = composer.store.failed;
    text_out->store = composer.store;
    if (!text_out->failed) take_views(behaviour, &written, text_out);
}

void chat_text_deinit(struct chat_text *text) {
    buffer_deinit(&text->store);
}

void chat_text_say_refusal(struct chat_text *text) {
    if (!text->has_refusal) return;
    text->content = text->refusal;
    text->once_bytes = text->refusal.len;
    text->has_content = true;
    text->has_refusal = false;
}

json_t *chat_call_arguments(const struct chat_call *call) {
    json_t *value = json_loadb(call->arguments.data, call->arguments.len, 0, NULL);
    if (json_is_object(value)) return value;
    json_decref(value);
    return json_pack("{s:s%}", "input", call->arguments.data, call->arguments.len);
}

struct chat_usage chat_text_usage(const struct chat_text *text, size_t prompt_bytes) {
    size_t said = text->content.len + text->thinking.len + text->refusal.len;
    for (size_t i = 0; i < text->call_count; i++) said += text->calls[i].arguments.len;
    return (struct chat_usage){.prompt = (json_int_t)(prompt_bytes + 3) / 4, .completion = (json_int_t)(said + 3) / 4};
}

struct chat_pieces chat_pieces_of_content(const struct chat_text *text, const struct behaviour *behaviour) {
    struct chat_pieces pieces = chat_pieces_of(text->content, behaviour);
    if (pieces.bytes == 0) pieces.bytes = text->once_bytes;
    return pieces;
}

struct chat_pieces chat_pieces_of(struct slice text, const struct behaviour *behaviour) {
    return (struct chat_pieces){.text = text, .bytes = (size_t)behaviour->delta_bytes};
}

bool chat_pieces_next(struct chat_pieces *pieces, struct slice *piece_out) {
    if (pieces->at == pieces->text.len) return false;
    const size_t begin = pieces->at;
    pieces->at = json_text_cut(pieces->text, begin, pieces->bytes);
    *piece_out = slice_range(pieces->text, begin, pieces->at);
    return true;
}
