/* Reads and writes the event stream of Anthropic messages.
 *
 *     message_start  (content_block_start  content_block_delta ...  content_block_stop) ...
 *     message_delta  message_stop          ping anywhere
 *
 * Events are told apart by the `type` of their data, which repeats the event's name. Kinds that are not known are
 * passed over, as the format's rules for new events ask; a block of an unknown kind is not. */
#include "gateway/translate/anthropic.h"

#include "gateway/body/json_text.h"
#include "gateway/translate/json_build.h"

/* ---- reading ---- */

typedef enum outcome event_fn(struct translate_stream *stream, const struct json_doc *doc, struct buffer *out);

static enum outcome take_start(struct translate_stream *stream, const struct json_doc *doc, struct buffer *out) {
    const uint32_t message = json_member(doc, 0, SLICE("message"));
    anthropic_read_usage(doc, json_member(doc, message, SLICE("usage")), &stream->usage);
    return relay_start(stream, reply_text(doc, message, "id"), reply_text(doc, message, "model"), 0, out);
}

/* Arguments that came whole with the start of their block, from servers that do not stream them. */
static enum outcome take_whole_input(struct translate_stream *stream, const struct json_doc *doc, uint32_t input,
                                     struct relay_block *block, struct buffer *out) {
    if (json_first(doc, input) == JSON_NONE) return OUTCOME_OK;
    struct buffer encoded;
    buffer_init(&encoded, 0);
    json_text_encode(&encoded, json_raw(doc, input));
    const enum outcome outcome =
        encoded.failed ? OUTCOME_NO_MEMORY : relay_piece(stream, block, buffer_slice(&encoded), out);
    buffer_deinit(&encoded);
    return outcome;
}

static enum outcome take_call_start(struct translate_stream *stream, const struct json_doc *doc, uint32_t content,
                                    uint64_t key, struct buffer *out) {
    enum outcome outcome = relay_open(stream, PART_CALL, key, out);
    if (outcome != OUTCOME_OK) return outcome;
    struct relay_block *block = relay_find(stream, key);
    outcome = relay_name(block, reply_text(doc, content, "id"), reply_text(doc, content, "name"));
    if (outcome != OUTCOME_OK) return outcome;
    return take_whole_input(stream, doc, json_member(doc, content, SLICE("input")), block, out);
}

static enum outcome take_text_start(struct translate_stream *stream, enum part_kind kind, struct slice text,
                                    uint64_t key, struct buffer *out) {
    const enum outcome outcome = relay_open(stream, kind, key, out);
    return outcome == OUTCOME_OK ? relay_piece(stream, relay_find(stream, key), text, out) : outcome;
}

static bool read_index(const struct json_doc *doc, uint64_t *index_out) {
    const uint32_t index = json_member(doc, 0, SLICE("index"));
    return json_uint(doc, index, index_out);
}

/* No text of a block or a delta is lost for its type. */
static bool is_sound(const struct json_doc *doc, uint32_t object) {
    static const char *const texts[] = {"text", "thinking", "partial_json", "id", "name", NULL};
    return json_is(doc, object, JSON_OBJECT) && reply_members_are_text(doc, object, texts) &&
           reply_member_may_be(doc, object, "input", JSON_OBJECT);
}

static enum outcome take_block_start(struct translate_stream *stream, const struct json_doc *doc, struct buffer *out) {
    const uint32_t content = json_member(doc, 0, SLICE("content_block"));
    const struct slice type = reply_text(doc, content, "type");
    uint64_t key = 0;
    if (!stream->started || !read_index(doc, &key) || !is_sound(doc, content)) return OUTCOME_INVALID;
    if (json_text_is(type, SLICE("text")))
        return take_text_start(stream, PART_TEXT, reply_text(doc, content, "text"), key, out);
    if (json_text_is(type, SLICE("thinking")))
        return take_text_start(stream, PART_THINKING, reply_text(doc, content, "thinking"), key, out);
    if (json_text_is(type, SLICE("redacted_thinking"))) /* opens a block that stays empty, so it is not shown */
        return relay_open(stream, PART_THINKING, key, out);
    if (json_text_is(type, SLICE("tool_use"))) return take_call_start(stream, doc, content, key, out);
    return type.data ? OUTCOME_UNSUPPORTED : OUTCOME_INVALID;
}

static enum outcome take_delta(struct translate_stream *stream, const struct json_doc *doc, struct buffer *out) {
    static const struct {
        const char *type, *member;
        enum part_kind kind;
    } deltas[] = {
        {"text_delta", "text", PART_TEXT},
        {"thinking_delta", "thinking", PART_THINKING},
        {"input_json_delta", "partial_json", PART_CALL},
    };
    const uint32_t delta = json_member(doc, 0, SLICE("delta"));
    const struct slice type = reply_text(doc, delta, "type");
    uint64_t key = 0;
    struct relay_block *block = read_index(doc, &key) ? relay_find(stream, key) : NULL;
    if (block == NULL || type.data == NULL || !is_sound(doc, delta)) return OUTCOME_INVALID;
    if (json_text_is(type, SLICE("signature_delta")) || json_text_is(type, SLICE("citations_delta"))) return OUTCOME_OK;
    for (size_t i = 0; i < sizeof deltas / sizeof deltas[0]; i++) {
        if (!json_text_is(type, slice_str(deltas[i].type))) continue;
        if (block->kind != deltas[i].kind) return OUTCOME_INVALID;
        return relay_piece(stream, block, reply_text(doc, delta, deltas[i].member), out);
    }
    return OUTCOME_UNSUPPORTED;
}

static enum outcome take_block_stop(struct translate_stream *stream, const struct json_doc *doc, struct buffer *out) {
    uint64_t key = 0;
    struct relay_block *block = read_index(doc, &key) ? relay_find(stream, key) : NULL;
    return block ? relay_close(stream, block, out) : OUTCOME_INVALID;
}

static enum outcome take_message_delta(struct translate_stream *stream, const struct json_doc *doc,
                                       struct buffer *out) {
    (void)out;
    const uint32_t delta = json_member(doc, 0, SLICE("delta"));
    const struct slice word = reply_text(doc, delta, "stop_reason");
    anthropic_read_usage(doc, json_member(doc, 0, SLICE("usage")), &stream->usage);
    if (word.len == 0) return OUTCOME_OK;
    stream->finish = anthropic_finish_of(word);
    buffer_clear(&stream->stop_text);
    buffer_append(&stream->stop_text, reply_text(doc, delta, "stop_sequence"));
    if (stream->stop_text.failed) return OUTCOME_NO_MEMORY;
    return stream->finish == FINISH_UNKNOWN ? OUTCOME_UNSUPPORTED : OUTCOME_OK;
}

static enum outcome take_stop(struct translate_stream *stream, const struct json_doc *doc, struct buffer *out) {
    (void)doc;
    return relay_complete(stream, out);
}

static enum outcome take_error(struct translate_stream *stream, const struct json_doc *doc, struct buffer *out) {
    relay_fail(stream, reply_error_text(doc), out);
    return OUTCOME_OK;
}

enum outcome anthropic_read_event(struct translate_stream *stream, const struct relay_event *event,
                                  struct buffer *out) {
    static const struct {
        const char *type;
        event_fn *take;
    } events[] = {
        {"message_start", take_start},
        {"content_block_start", take_block_start},
        {"content_block_delta", take_delta},
        {"content_block_stop", take_block_stop},
        {"message_delta", take_message_delta},
        {"message_stop", take_stop},
        {"error", take_error},
    };
    if (event->doc == NULL || !json_is(event->doc, 0, JSON_OBJECT)) return OUTCOME_INVALID;
    const struct slice type = reply_text(event->doc, 0, "type");
    if (type.data == NULL) return OUTCOME_INVALID;
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (json_text_is(type, slice_str(events[i].type))) return events[i].take(stream, event->doc, out);
    return OUTCOME_OK;
}

/* ---- writing ---- */

static void event_begin(struct buffer *out, const char *type) {
    buffer_append(out, SLICE("event: "));
    buffer_append_str(out, type);
    buffer_append(out, SLICE("\ndata: "));
    json_build_begin(out, NULL, '{');
    json_build_word(out, "type", type);
}

static void event_end(struct buffer *out) {
    json_build_end(out, '}');
    buffer_append(out, SLICE("\n\n"));
}

static void write_start(struct translate_stream *stream, struct buffer *out) {
    event_begin(out, "message_start");
    json_build_begin(out, "message", '{');
    json_build_string(out, "id", buffer_slice(&stream->id));
    json_build_word(out, "type", "message");
    json_build_word(out, "role", "assistant");
    json_build_string(out, "model", buffer_slice(&stream->model));
    json_build_begin(out, "content", '[');
    json_build_end(out, ']');
    json_build_null(out, "stop_reason");
    json_build_null(out, "stop_sequence");
    anthropic_write_usage(out, &stream->usage);
    json_build_end(out, '}');
    event_end(out);
}

static void write_block_begin(struct translate_stream *stream, const struct relay_block *block, struct buffer *out) {
    (void)stream;
    event_begin(out, "content_block_start");
    json_build_uint(out, "index", block->index);
    json_build_begin(out, "content_block", '{');
    if (block->kind == PART_CALL) {
        json_build_word(out, "type", "tool_use");
        json_build_string(out, "id", buffer_slice(&block->id));
        json_build_string(out, "name", buffer_slice(&block->name));
        json_build_value(out, "input", SLICE("{}"));
    } else if (block->kind == PART_THINKING) {
        json_build_word(out, "type", "thinking");
        json_build_word(out, "thinking", "");
        json_build_word(out, "signature", "");
    } else {
        json_build_word(out, "type", "text");
        json_build_word(out, "text", "");
    }
    json_build_end(out, '}');
    event_end(out);
}

static void write_block_piece(struct translate_stream *stream, const struct relay_block *block, struct slice piece,
                              struct buffer *out) {
    (void)stream;
    event_begin(out, "content_block_delta");
    json_build_uint(out, "index", block->index);
    json_build_begin(out, "delta", '{');
    if (block->kind == PART_CALL) {
        json_build_word(out, "type", "input_json_delta");
        json_build_string(out, "partial_json", piece);
    } else if (block->kind == PART_THINKING) {
        json_build_word(out, "type", "thinking_delta");
        json_build_string(out, "thinking", piece);
    } else {
        json_build_word(out, "type", "text_delta");
        json_build_string(out, "text", piece);
    }
    json_build_end(out, '}');
    event_end(out);
}

static enum outcome write_block_end(struct translate_stream *stream, const struct relay_block *block,
                                    struct buffer *out) {
    (void)stream;
    event_begin(out, "content_block_stop");
    json_build_uint(out, "index", block->index);
    event_end(out);
    return OUTCOME_OK;
}

static void write_finish(struct translate_stream *stream, struct buffer *out) {
    enum reply_finish finish = relay_finish(stream);
    for (uint32_t i = 0; i < stream->block_count; i++)
        if (finish == FINISH_STOP && stream->blocks[i].kind == PART_REFUSAL) finish = FINISH_FILTER;
    event_begin(out, "message_delta");
    json_build_begin(out, "delta", '{');
    json_build_word(out, "stop_reason", anthropic_finish_word(finish));
    if (finish == FINISH_STOP_TEXT && stream->stop_text.len)
        json_build_string(out, "stop_sequence", buffer_slice(&stream->stop_text));
    else
        json_build_null(out, "stop_sequence");
    json_build_end(out, '}');
    anthropic_write_usage(out, &stream->usage);
    event_end(out);
    event_begin(out, "message_stop");
    event_end(out);
}

static void write_error(struct translate_stream *stream, struct slice message, struct buffer *out) {
    (void)stream;
    event_begin(out, "error");
    json_build_begin(out, "error", '{');
    json_build_word(out, "type", "api_error");
    json_build_string(out, "message", message);
    json_build_end(out, '}');
    event_end(out);
}

const struct relay_writer anthropic_relay_writer = {
    .start = write_start,
    .block_begin = write_block_begin,
    .block_piece = write_block_piece,
    .block_end = write_block_end,
    .finish = write_finish,
    .error = write_error,
};
