/* Reads and writes the event stream of OpenAI chat completions.
 *
 *     data: {chunk: delta}  ...  data: {chunk: finish_reason}  [data: {chunk: usage, no choices}]  data: [DONE]
 *
 * Text runs without block marks; tool calls go by their index, and servers differ in how they use it: some
 * leave it out, some number every call 0 and tell calls apart by their ids. */
#include "gateway/translate/openai.h"

#include "gateway/body/json_text.h"
#include "gateway/translate/json_build.h"

/* ---- reading ---- */

/* Whether the delta continues the block: it names no other id. */
static bool continues(const struct relay_block *block, struct slice id) {
    return block && (id.len == 0 || block->id.len == 0 || json_text_equal(buffer_slice(&block->id), id));
}

static enum outcome call_take(struct translate_stream *stream, const struct json_doc *doc, uint32_t call,
                              uint64_t place, struct buffer *out) {
    const uint32_t function = json_member(doc, call, SLICE("function"));
    const uint32_t number = json_member(doc, call, SLICE("index"));
    struct slice id = reply_text(doc, call, "id");
    struct slice name = reply_text(doc, function, "name");
    uint64_t key = place;
    if (number != JSON_NONE && !json_uint(doc, number, &key)) return OUTCOME_INVALID;
    enum outcome outcome = openai_check_call(doc, call);
    if (outcome != OUTCOME_OK) return outcome;
    struct relay_block *block = relay_find(stream, key);
    if (continues(block, id)) {
        if (block->id.len) id = slice_of(NULL, 0); /* some servers repeat id and name in every delta */
        if (block->name.len && json_text_equal(buffer_slice(&block->name), name)) name = slice_of(NULL, 0);
    } else {
        outcome = relay_open(stream, PART_CALL, key, out);
        block = relay_find(stream, key);
    }
    if (outcome == OUTCOME_OK) outcome = relay_name(block, id, name);
    if (outcome != OUTCOME_OK) return outcome;
    return relay_piece(stream, block, reply_text(doc, function, "arguments"), out);
}

static enum outcome calls_take(struct translate_stream *stream, const struct json_doc *doc, uint32_t calls,
                               struct buffer *out) {
    enum outcome outcome = OUTCOME_OK;
    uint64_t place = 0;
    for (uint32_t call = json_first(doc, calls); call != JSON_NONE && outcome == OUTCOME_OK;
         call = json_after(doc, calls, call))
        outcome = call_take(stream, doc, call, place++, out);
    return outcome;
}

static enum outcome delta_take(struct translate_stream *stream, const struct json_doc *doc, uint32_t delta,
                               struct buffer *out) {
    enum outcome outcome = openai_check_message(doc, delta);
    if (outcome != OUTCOME_OK) return outcome;
    struct slice thinking = reply_text(doc, delta, "reasoning_content");
    if (thinking.len == 0) thinking = reply_text(doc, delta, "reasoning");
    outcome = relay_text(stream, PART_THINKING, thinking, out);
    if (outcome == OUTCOME_OK) outcome = relay_text(stream, PART_TEXT, reply_text(doc, delta, "content"), out);
    if (outcome == OUTCOME_OK) outcome = relay_text(stream, PART_REFUSAL, reply_text(doc, delta, "refusal"), out);
    if (outcome != OUTCOME_OK) return outcome;
    return calls_take(stream, doc, json_member(doc, delta, SLICE("tool_calls")), out);
}

static enum outcome choice_take(struct translate_stream *stream, const struct json_doc *doc, uint32_t choice,
                                struct buffer *out) {
    if (!json_is(doc, choice, JSON_OBJECT) || !reply_member_may_be(doc, choice, "delta", JSON_OBJECT))
        return OUTCOME_INVALID;
    if (reply_uint(doc, choice, "index") != 0) return OUTCOME_UNSUPPORTED;
    const enum outcome outcome = delta_take(stream, doc, json_member(doc, choice, SLICE("delta")), out);
    const struct slice word = reply_text(doc, choice, "finish_reason");
    if (outcome != OUTCOME_OK || word.len == 0) return outcome;
    stream->finish = openai_finish_of(word);
    return stream->finish == FINISH_UNKNOWN ? OUTCOME_INVALID : OUTCOME_OK;
}

enum outcome openai_read_event(struct translate_stream *stream, const struct relay_event *event, struct buffer *out) {
    const struct json_doc *doc = event->doc;
    if (slice_equal(slice_trim(event->data), SLICE("[DONE]"))) return relay_complete(stream, out);
    if (doc == NULL || !json_is(doc, 0, JSON_OBJECT)) return OUTCOME_INVALID;
    if (reply_has_member(doc, 0, "error")) {
        relay_fail(stream, reply_error_text(doc), out);
        return OUTCOME_OK;
    }
    if (!reply_member_may_be(doc, 0, "choices", JSON_ARRAY)) return OUTCOME_INVALID;
    enum outcome outcome =
        relay_start(stream, reply_text(doc, 0, "id"), reply_text(doc, 0, "model"), reply_uint(doc, 0, "created"), out);
    openai_read_usage(doc, json_member(doc, 0, SLICE("usage")), &stream->usage);
    const uint32_t choices = json_member(doc, 0, SLICE("choices"));
    for (uint32_t choice = json_first(doc, choices); choice != JSON_NONE && outcome == OUTCOME_OK;
         choice = json_after(doc, choices, choice))
        outcome = choice_take(stream, doc, choice, out);
    return outcome;
}

/* ---- writing ---- */

static void chunk_begin(struct translate_stream *stream, struct buffer *out) {
    buffer_append(out, SLICE("data: "));
    json_build_begin(out, NULL, '{');
    json_build_string(out, "id", buffer_slice(&stream->id));
    json_build_word(out, "object", "chat.completion.chunk");
    json_build_uint(out, "created", stream->created_s);
    json_build_string(out, "model", buffer_slice(&stream->model));
    json_build_begin(out, "choices", '[');
}

static void chunk_end(struct buffer *out) {
    json_build_end(out, '}');
    buffer_append(out, SLICE("\n\n"));
}

static void delta_begin(struct translate_stream *stream, struct buffer *out) {
    chunk_begin(stream, out);
    json_build_begin(out, NULL, '{');
    json_build_uint(out, "index", 0);
    json_build_begin(out, "delta", '{');
}

static void delta_end(struct buffer *out) {
    json_build_end(out, '}');
    json_build_null(out, "finish_reason");
    json_build_end(out, '}');
    json_build_end(out, ']');
    chunk_end(out);
}

static void write_start(struct translate_stream *stream, struct buffer *out) {
    delta_begin(stream, out);
    json_build_word(out, "role", "assistant");
    json_build_word(out, "content", "");
    delta_end(out);
}

static void write_block_begin(struct translate_stream *stream, const struct relay_block *block, struct buffer *out) {
    if (block->kind != PART_CALL) return;
    delta_begin(stream, out);
    json_build_begin(out, "tool_calls", '[');
    json_build_begin(out, NULL, '{');
    json_build_uint(out, "index", block->call_index);
    json_build_string(out, "id", buffer_slice(&block->id));
    json_build_word(out, "type", "function");
    json_build_begin(out, "function", '{');
    json_build_string(out, "name", buffer_slice(&block->name));
    json_build_word(out, "arguments", "");
    json_build_end(out, '}');
    json_build_end(out, '}');
    json_build_end(out, ']');
    delta_end(out);
}

static void write_block_piece(struct translate_stream *stream, const struct relay_block *block, struct slice piece,
                              struct buffer *out) {
    static const char *const names[] = {"content", "refusal", "reasoning_content"};
    delta_begin(stream, out);
    if (block->kind == PART_CALL) {
        json_build_begin(out, "tool_calls", '[');
        json_build_begin(out, NULL, '{');
        json_build_uint(out, "index", block->call_index);
        json_build_begin(out, "function", '{');
        json_build_string(out, "arguments", piece);
        json_build_end(out, '}');
        json_build_end(out, '}');
        json_build_end(out, ']');
    } else {
        json_build_string(out, names[block->kind], piece);
    }
    delta_end(out);
}

static enum outcome write_block_end(struct translate_stream *stream, const struct relay_block *block,
                                    struct buffer *out) {
    (void)stream;
    (void)block;
    (void)out;
    return OUTCOME_OK;
}

static void write_finish(struct translate_stream *stream, struct buffer *out) {
    chunk_begin(stream, out);
    json_build_begin(out, NULL, '{');
    json_build_uint(out, "index", 0);
    json_build_begin(out, "delta", '{');
    json_build_end(out, '}');
    json_build_word(out, "finish_reason", openai_finish_word(relay_finish(stream)));
    json_build_end(out, '}');
    json_build_end(out, ']');
    if (stream->usage.known && !stream->separate_usage) openai_write_usage(out, &stream->usage);
    chunk_end(out);
    if (stream->usage.known && stream->separate_usage) {
        chunk_begin(stream, out);
        json_build_end(out, ']');
        openai_write_usage(out, &stream->usage);
        chunk_end(out);
    }
    buffer_append(out, SLICE("data: [DONE]\n\n"));
}

static void write_error(struct translate_stream *stream, struct slice message, struct buffer *out) {
    (void)stream;
    buffer_append(out, SLICE("data: "));
    json_build_begin(out, NULL, '{');
    json_build_begin(out, "error", '{');
    json_build_string(out, "message", message);
    json_build_word(out, "type", "server_error");
    json_build_null(out, "param");
    json_build_null(out, "code");
    json_build_end(out, '}');
    json_build_end(out, '}');
    buffer_append(out, SLICE("\n\n"));
}

const struct relay_writer openai_relay_writer = {
    .start = write_start,
    .block_begin = write_block_begin,
    .block_piece = write_block_piece,
    .block_end = write_block_end,
    .finish = write_finish,
    .error = write_error,
};
