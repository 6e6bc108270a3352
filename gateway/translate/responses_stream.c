/* Writes the event stream of OpenAI Responses.
 *
 *     response.created  response.in_progress
 *     (output_item.added  [content_part.added]  <kind>.delta ...  <kind>.done  [content_part.done]  output_item.done)
 * ... response.completed | response.incomplete          on an error: error  [response.failed]
 *
 * Each end repeats the whole text, and the last event everything, so all of it is kept. Events are numbered. */
#include "gateway/translate/responses.h"

#include "gateway/translate/json_build.h"

static void event_begin(struct translate_stream *stream, struct buffer *out, const char *type) {
    buffer_append(out, SLICE("event: "));
    buffer_append_str(out, type);
    buffer_append(out, SLICE("\ndata: "));
    json_build_begin(out, NULL, '{');
    json_build_word(out, "type", type);
    json_build_uint(out, "sequence_number", stream->sequence++);
}

static void event_end(struct buffer *out) {
    json_build_end(out, '}');
    buffer_append(out, SLICE("\n\n"));
}

/* The item as it begins, or as it stands. */
static struct responses_item item_of(const struct translate_stream *stream, const struct relay_block *block,
                                     const char *status, bool shown) {
    return (struct responses_item){
        .kind = block->kind,
        .index = block->index,
        .status = status,
        .shown = shown,
        .reply_id = buffer_slice(&stream->id),
        .text = shown ? buffer_slice(&block->text) : slice_of(NULL, 0),
        .id = buffer_slice(&block->id),
        .name = buffer_slice(&block->name),
    };
}

static void write_response(struct translate_stream *stream, struct buffer *out, const char *type,
                           const struct responses_state *state) {
    event_begin(stream, out, type);
    json_build_begin(out, "response", '{');
    responses_write_head(out, buffer_slice(&stream->id), buffer_slice(&stream->model), stream->created_s, state);
    for (uint32_t i = 0; i < stream->announced_count; i++) {
        const struct relay_block *block = relay_announced(stream, i);
        const struct responses_item item = item_of(stream, block, block->open ? "incomplete" : "completed", true);
        responses_write_item(out, NULL, &item);
    }
    responses_write_tail(out, &stream->usage);
    json_build_end(out, '}');
    event_end(out);
}

static void write_start(struct translate_stream *stream, struct buffer *out) {
    const struct responses_state state = {"in_progress", NULL, {NULL, 0}};
    const struct reply_usage usage = stream->usage;
    stream->usage.known = false; /* not before the end */
    write_response(stream, out, "response.created", &state);
    write_response(stream, out, "response.in_progress", &state);
    stream->usage = usage;
}

/* The members that say which item an event is about. */
static void write_place(struct buffer *out, const struct responses_item *item) {
    responses_write_item_id(out, "item_id", item);
    json_build_uint(out, "output_index", item->index);
    if (item->kind != PART_CALL) json_build_uint(out, "content_index", 0);
}

static void write_item_event(struct translate_stream *stream, struct buffer *out, const char *type,
                             const struct responses_item *item) {
    event_begin(stream, out, type);
    json_build_uint(out, "output_index", item->index);
    responses_write_item(out, "item", item);
    event_end(out);
}

static void write_part_event(struct translate_stream *stream, struct buffer *out, const char *type,
                             const struct responses_item *item) {
    if (item->kind == PART_CALL) return;
    event_begin(stream, out, type);
    write_place(out, item);
    responses_write_part(out, "part", item);
    event_end(out);
}

static void write_block_begin(struct translate_stream *stream, const struct relay_block *block, struct buffer *out) {
    const struct responses_item item = item_of(stream, block, "in_progress", false);
    write_item_event(stream, out, "response.output_item.added", &item);
    write_part_event(stream, out, "response.content_part.added", &item);
}

/* By kind of part. */
static const struct {
    const char *delta, *done, *member;
} kinds[] = {
    [PART_TEXT] = {"response.output_text.delta", "response.output_text.done", "text"},
    [PART_REFUSAL] = {"response.refusal.delta", "response.refusal.done", "refusal"},
    [PART_THINKING] = {"response.reasoning_text.delta", "response.reasoning_text.done", "text"},
    [PART_CALL] = {"response.function_call_arguments.delta", "response.function_call_arguments.done", "arguments"},
};

static void write_logprobs(struct buffer *out, const struct responses_item *item) {
    if (item->kind != PART_TEXT) return;
    json_build_begin(out, "logprobs", '[');
    json_build_end(out, ']');
}

static void write_block_piece(struct translate_stream *stream, const struct relay_block *block, struct slice piece,
                              struct buffer *out) {
    const struct responses_item item = item_of(stream, block, "in_progress", false);
    event_begin(stream, out, kinds[block->kind].delta);
    write_place(out, &item);
    json_build_string(out, "delta", piece);
    write_logprobs(out, &item);
    event_end(out);
}

static enum outcome write_block_end(struct translate_stream *stream, const struct relay_block *block,
                                    struct buffer *out) {
    const struct responses_item item = item_of(stream, block, "completed", true);
    event_begin(stream, out, kinds[block->kind].done);
    write_place(out, &item);
    if (block->kind == PART_CALL) json_build_string(out, "name", item.name);
    json_build_string(out, kinds[block->kind].member, item.text);
    write_logprobs(out, &item);
    event_end(out);
    write_part_event(stream, out, "response.content_part.done", &item);
    write_item_event(stream, out, "response.output_item.done", &item);
    return OUTCOME_OK;
}

static void write_finish(struct translate_stream *stream, struct buffer *out) {
    const struct responses_state state = responses_state_of(relay_finish(stream));
    write_response(stream, out, state.incomplete_reason ? "response.incomplete" : "response.completed", &state);
}

static void write_error(struct translate_stream *stream, struct slice message, struct buffer *out) {
    event_begin(stream, out, "error");
    json_build_word(out, "code", "server_error");
    json_build_string(out, "message", message);
    json_build_null(out, "param");
    event_end(out);
    if (!stream->started) return;
    const struct responses_state state = {"failed", NULL, message.data ? message : SLICE("")};
    write_response(stream, out, "response.failed", &state);
}

const struct relay_writer responses_relay_writer = {
    .keeps_text = true,
    .keeps_arguments = true,
    .start = write_start,
    .block_begin = write_block_begin,
    .block_piece = write_block_piece,
    .block_end = write_block_end,
    .finish = write_finish,
    .error = write_error,
};
