#include "gateway/translate/relay.h"

#include <stdlib.h>

#include "base/require.h"
#include "gateway/body/json_text.h"

/* ---- blocks ---- */

static enum outcome block_add(struct translate_stream *stream, enum part_kind kind, uint64_t key) {
    if (stream->block_count == RELAY_MOST_BLOCKS) return OUTCOME_OVERFLOW;
    if (stream->block_count == stream->block_capacity) {
        const uint32_t capacity = stream->block_capacity ? stream->block_capacity * 2 : 4;
        struct relay_block *grown = realloc(stream->blocks, capacity * sizeof *grown);
        if (grown == NULL) return OUTCOME_NO_MEMORY;
        stream->blocks = grown;
        stream->block_capacity = capacity;
    }
    stream->blocks[stream->block_count++] = (struct relay_block){.kind = kind, .key = key, .open = true};
    return OUTCOME_OK;
}

struct relay_block *relay_find(struct translate_stream *stream, uint64_t key) {
    for (uint32_t i = stream->block_count; i-- > 0;)
        if (stream->blocks[i].key == key) return &stream->blocks[i];
    return NULL;
}

const struct relay_block *relay_announced(const struct translate_stream *stream, uint32_t index) {
    for (uint32_t i = 0; i < stream->block_count; i++)
        if (stream->blocks[i].announced && stream->blocks[i].index == index) return &stream->blocks[i];
    require_failed("a block that was never announced", __FILE__, __LINE__);
}

static enum outcome block_announce(struct translate_stream *stream, struct relay_block *block, struct buffer *out) {
    if (block->announced) return OUTCOME_OK;
    if (block->kind == PART_CALL) {
        if (block->name.len == 0) return OUTCOME_INVALID;
        if (block->id.len == 0) reply_mint_id(&block->id, "call_", buffer_slice(&stream->id), stream->call_count);
        if (block->id.failed) return OUTCOME_NO_MEMORY;
        block->call_index = stream->call_count++;
    }
    block->index = stream->announced_count++;
    block->announced = true;
    stream->writer->block_begin(stream, block, out);
    return OUTCOME_OK;
}

/* ---- arguments ---- */

static void extent_take(struct json_extent *extent, char c) {
    if (extent->escaped) {
        extent->escaped = false;
    } else if (extent->in_string) {
        if (c == '\\') extent->escaped = true;
        if (c == '"') extent->in_string = false;
    } else if (c == '"') {
        extent->in_string = true;
    } else if (c == '{' || c == '[') {
        extent->depth++;
        extent->whole = false;
    } else if ((c == '}' || c == ']') && extent->depth > 0) {
        extent->whole = --extent->depth == 0;
    }
}

static void extent_feed(struct json_extent *extent, struct slice encoded) {
    struct json_text_reader reader;
    struct json_text_piece piece;
    json_text_reader_init(&reader, encoded);
    while (json_text_reader_next(&reader, &piece))
        for (size_t i = 0; i < piece.bytes.len; i++) extent_take(extent, piece.bytes.data[i]);
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Spaces behind arguments that were whole, so that their call was ended, say nothing. */
static bool is_blank(struct slice encoded) {
    struct json_text_reader reader;
    struct json_text_piece piece;
    json_text_reader_init(&reader, encoded);
    while (json_text_reader_next(&reader, &piece))
        for (size_t i = 0; i < piece.bytes.len; i++)
            if (!is_space(piece.bytes.data[i])) return false;
    return true;
}

/* ---- for readers ---- */

enum outcome relay_start(struct translate_stream *stream, struct slice id, struct slice model, uint64_t created_s,
                         struct buffer *out) {
    if (stream->started) return OUTCOME_OK;
    stream->started = true;
    buffer_append(&stream->id, id);
    if (id.len == 0) reply_mint_id(&stream->id, "reply_", model, created_s);
    buffer_append(&stream->model, model);
    stream->created_s = reply_moment_s(created_s);
    if (stream->id.failed || stream->model.failed) return OUTCOME_NO_MEMORY;
    stream->writer->start(stream, out);
    return OUTCOME_OK;
}

/* Ends what does not wait for more before something else begins. */
static enum outcome close_ready(struct translate_stream *stream, struct buffer *out) {
    enum outcome outcome = OUTCOME_OK;
    for (uint32_t i = 0; i < stream->block_count && outcome == OUTCOME_OK; i++) {
        struct relay_block *block = &stream->blocks[i];
        if (block->open && (block->kind != PART_CALL || block->extent.whole)) outcome = relay_close(stream, block, out);
    }
    return outcome;
}

enum outcome relay_open(struct translate_stream *stream, enum part_kind kind, uint64_t key, struct buffer *out) {
    const enum outcome outcome = close_ready(stream, out);
    return outcome == OUTCOME_OK ? block_add(stream, kind, key) : outcome;
}

/* Whether the newest block is an open one of the kind. */
static bool text_goes_on(const struct translate_stream *stream, enum part_kind kind) {
    if (stream->block_count == 0) return false;
    const struct relay_block *newest = &stream->blocks[stream->block_count - 1];
    return newest->open && newest->kind == kind;
}

enum outcome relay_text(struct translate_stream *stream, enum part_kind kind, struct slice piece, struct buffer *out) {
    if (piece.len == 0) return OUTCOME_OK;
    enum outcome outcome = OUTCOME_OK;
    if (!text_goes_on(stream, kind)) outcome = relay_open(stream, kind, RELAY_NO_KEY, out);
    if (outcome != OUTCOME_OK) return outcome;
    return relay_piece(stream, &stream->blocks[stream->block_count - 1], piece, out);
}

enum outcome relay_name(struct relay_block *block, struct slice id, struct slice name) {
    if (block->announced) return id.len || name.len ? OUTCOME_INVALID : OUTCOME_OK;
    buffer_append(&block->id, id);
    buffer_append(&block->name, name);
    return block->id.failed || block->name.failed ? OUTCOME_NO_MEMORY : OUTCOME_OK;
}

static enum outcome piece_keep(struct translate_stream *stream, struct relay_block *block, struct slice piece) {
    const bool call = block->kind == PART_CALL;
    if (!(call ? stream->writer->keeps_arguments : stream->writer->keeps_text)) return OUTCOME_OK;
    if (piece.len > RELAY_MOST_KEPT_BYTES - stream->kept_bytes) return OUTCOME_OVERFLOW;
    stream->kept_bytes += piece.len;
    buffer_append(&block->text, piece);
    return block->text.failed ? OUTCOME_NO_MEMORY : OUTCOME_OK;
}

enum outcome relay_piece(struct translate_stream *stream, struct relay_block *block, struct slice piece,
                         struct buffer *out) {
    if (piece.len == 0) return OUTCOME_OK;
    if (!block->open) return block->kind == PART_CALL && is_blank(piece) ? OUTCOME_OK : OUTCOME_INVALID;
    enum outcome outcome = block_announce(stream, block, out);
    if (outcome == OUTCOME_OK) outcome = piece_keep(stream, block, piece);
    if (outcome != OUTCOME_OK) return outcome;
    if (block->kind == PART_CALL) extent_feed(&block->extent, piece);
    block->has_text = true;
    stream->writer->block_piece(stream, block, piece, out);
    return OUTCOME_OK;
}

enum outcome relay_close(struct translate_stream *stream, struct relay_block *block, struct buffer *out) {
    if (!block->open) return OUTCOME_OK;
    enum outcome outcome = OUTCOME_OK;
    if (block->kind == PART_CALL) {
        outcome = block_announce(stream, block, out);
        /* A call without arguments: agents read the text of every call as JSON. */
        if (outcome == OUTCOME_OK && !block->has_text) outcome = relay_piece(stream, block, SLICE("{}"), out);
    }
    block->open = false;
    if (outcome != OUTCOME_OK || !block->announced) return outcome;
    return stream->writer->block_end(stream, block, out);
}

enum reply_finish relay_finish(const struct translate_stream *stream) {
    return reply_finish_of(stream->finish, stream->call_count > 0);
}

enum outcome relay_complete(struct translate_stream *stream, struct buffer *out) {
    if (!stream->started || stream->finish == FINISH_UNKNOWN) return OUTCOME_INVALID;
    enum outcome outcome = OUTCOME_OK;
    for (uint32_t i = 0; i < stream->block_count && outcome == OUTCOME_OK; i++)
        outcome = relay_close(stream, &stream->blocks[i], out);
    if (outcome != OUTCOME_OK) return outcome;
    stream->ended = true;
    stream->writer->finish(stream, out);
    return OUTCOME_OK;
}

void relay_fail(struct translate_stream *stream, struct slice message, struct buffer *out) {
    if (stream->ended || stream->failed) return;
    stream->failed = true;
    stream->writer->error(stream, message, out);
}
