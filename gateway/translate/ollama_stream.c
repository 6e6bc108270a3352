/* Reads and writes the lines of Ollama's chat.
 *
 *     {message: piece, done: false}  ...  {message, done: true, done_reason, counts}
 *
 * A tool call stands in one line, whole: what is written here keeps a call's arguments until they are. */
#include "gateway/translate/ollama.h"

#include "gateway/body/json_text.h"
#include "gateway/translate/json_build.h"

/* ---- reading ---- */

/* Calls have no index that could be relied on: each stands for itself. */
static enum outcome call_take(struct translate_stream *stream, const struct json_doc *doc, uint32_t call,
                              struct buffer *out) {
    const uint32_t function = json_member(doc, call, SLICE("function"));
    const uint32_t arguments = json_member(doc, function, SLICE("arguments"));
    const uint64_t key = stream->block_count;
    if (!json_is(doc, arguments, JSON_OBJECT)) return OUTCOME_INVALID;
    enum outcome outcome = relay_open(stream, PART_CALL, key, out);
    if (outcome != OUTCOME_OK) return outcome;
    struct relay_block *block = relay_find(stream, key);
    outcome = relay_name(block, reply_text(doc, call, "id"), reply_text(doc, function, "name"));
    struct buffer encoded;
    buffer_init(&encoded, 0);
    json_text_encode(&encoded, json_raw(doc, arguments));
    if (encoded.failed) outcome = OUTCOME_NO_MEMORY;
    if (outcome == OUTCOME_OK) outcome = relay_piece(stream, block, buffer_slice(&encoded), out);
    if (outcome == OUTCOME_OK) outcome = relay_close(stream, block, out);
    buffer_deinit(&encoded);
    return outcome;
}

static enum outcome message_take(struct translate_stream *stream, const struct json_doc *doc, struct buffer *out) {
    const uint32_t message = json_member(doc, 0, SLICE("message"));
    const uint32_t calls = json_member(doc, message, SLICE("tool_calls"));
    if (!reply_member_may_be(doc, 0, "message", JSON_OBJECT) || !ollama_message_is_sound(doc, message))
        return OUTCOME_INVALID;
    enum outcome outcome = relay_text(stream, PART_THINKING, reply_text(doc, message, "thinking"), out);
    if (outcome == OUTCOME_OK) outcome = relay_text(stream, PART_TEXT, reply_text(doc, message, "content"), out);
    for (uint32_t call = json_first(doc, calls); call != JSON_NONE && outcome == OUTCOME_OK;
         call = json_after(doc, calls, call))
        outcome = call_take(stream, doc, call, out);
    return outcome;
}

static enum outcome start_take(struct translate_stream *stream, const struct json_doc *doc, struct buffer *out) {
    if (stream->started) return OUTCOME_OK;
    const struct slice born = reply_text(doc, 0, "created_at");
    const struct slice id = reply_id(&stream->scratch, "reply_", born, 0);
    if (id.data == NULL) return OUTCOME_NO_MEMORY;
    return relay_start(stream, id, reply_text(doc, 0, "model"), ollama_moment_of(born), out);
}

enum outcome ollama_read_event(struct translate_stream *stream, const struct relay_event *event, struct buffer *out) {
    const struct json_doc *doc = event->doc;
    if (doc == NULL || !json_is(doc, 0, JSON_OBJECT)) return OUTCOME_INVALID;
    if (reply_has_member(doc, 0, "error")) {
        relay_fail(stream, reply_error_text(doc), out);
        return OUTCOME_OK;
    }
    enum outcome outcome = start_take(stream, doc, out);
    if (outcome == OUTCOME_OK) outcome = message_take(stream, doc, out);
    if (outcome != OUTCOME_OK || !json_is(doc, json_member(doc, 0, SLICE("done")), JSON_TRUE)) return outcome;
    ollama_read_usage(doc, &stream->usage);
    stream->finish = ollama_finish_of(reply_text(doc, 0, "done_reason"));
    return relay_complete(stream, out);
}

/* ---- writing ---- */

static void line_begin(struct translate_stream *stream, struct buffer *out) {
    json_build_begin(out, NULL, '{');
    json_build_string(out, "model", buffer_slice(&stream->model));
    ollama_write_moment(out, stream->created_s);
    json_build_begin(out, "message", '{');
    json_build_word(out, "role", "assistant");
}

static void line_end(struct buffer *out) {
    json_build_end(out, '}');
    json_build_bool(out, "done", false);
    json_build_end(out, '}');
    buffer_append_char(out, '\n');
}

static void write_start(struct translate_stream *stream, struct buffer *out) {
    (void)stream;
    (void)out;
}

static void write_block_begin(struct translate_stream *stream, const struct relay_block *block, struct buffer *out) {
    (void)stream;
    (void)block;
    (void)out;
}

static void write_block_piece(struct translate_stream *stream, const struct relay_block *block, struct slice piece,
                              struct buffer *out) {
    if (block->kind == PART_CALL) return;
    line_begin(stream, out);
    if (block->kind == PART_THINKING) {
        json_build_word(out, "content", "");
        json_build_string(out, "thinking", piece);
    } else {
        json_build_string(out, "content", piece);
    }
    line_end(out);
}

static enum outcome write_block_end(struct translate_stream *stream, const struct relay_block *block,
                                    struct buffer *out) {
    if (block->kind != PART_CALL) return OUTCOME_OK;
    struct slice plain, arguments;
    enum outcome outcome = reading_plain(&stream->scratch, buffer_slice(&block->text), &plain);
    if (outcome == OUTCOME_OK) outcome = format_arguments(&stream->scratch, plain, &arguments);
    if (outcome != OUTCOME_OK) return outcome;
    line_begin(stream, out);
    json_build_word(out, "content", "");
    json_build_begin(out, "tool_calls", '[');
    json_build_begin(out, NULL, '{');
    json_build_begin(out, "function", '{');
    json_build_string(out, "name", buffer_slice(&block->name));
    json_build_value(out, "arguments", arguments);
    json_build_end(out, '}');
    json_build_end(out, '}');
    json_build_end(out, ']');
    line_end(out);
    return OUTCOME_OK;
}

static void write_finish(struct translate_stream *stream, struct buffer *out) {
    line_begin(stream, out);
    json_build_word(out, "content", "");
    json_build_end(out, '}');
    json_build_word(out, "done_reason", ollama_finish_word(relay_finish(stream)));
    json_build_bool(out, "done", true);
    ollama_write_usage(out, &stream->usage);
    json_build_end(out, '}');
    buffer_append_char(out, '\n');
}

static void write_error(struct translate_stream *stream, struct slice message, struct buffer *out) {
    (void)stream;
    json_build_begin(out, NULL, '{');
    json_build_string(out, "error", message);
    json_build_end(out, '}');
    buffer_append_char(out, '\n');
}

const struct relay_writer ollama_relay_writer = {
    .keeps_arguments = true,
    .start = write_start,
    .block_begin = write_block_begin,
    .block_piece = write_block_piece,
    .block_end = write_block_end,
    .finish = write_finish,
    .error = write_error,
};
