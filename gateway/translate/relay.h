/* An answer on its way from one event format into another.
 *
 *     upstream's event --reader--> relay_start, relay_text, relay_arguments ... --writer--> agent's events
 *
 * Glossary
 *   reader  calls the functions below for what one event says
 *   writer  is told of blocks that begin, grow and end, and of the finish
 *   block   a text, a refusal, thinking, or a tool call: what grows on its own
 *   key     the upstream's name for a block that says where its pieces belong; blocks of running text have none
 *   announced  the writer knows of the block: a text from its first byte, a call as soon as an argument's byte or
 *           its end shows that its name is whole
 *
 * Pieces of several calls may alternate, as OpenAI's format allows. A call ends when its upstream says so, or
 * when something else begins and its arguments are a whole JSON value, or with the answer; so blocks follow
 * each other wherever the upstream's do, and overlap only where its own overlap.
 *
 * Owns: ids, names, and the text of blocks where the writer asks for it, wiped at the end.
 * Errors: an outcome other than OK ends the stream; the caller keeps it. */
#ifndef SLUICE_GATEWAY_TRANSLATE_RELAY_H
#define SLUICE_GATEWAY_TRANSLATE_RELAY_H

#include "base/buffer.h"
#include "gateway/body/json_walk.h"
#include "gateway/translate/reply.h"
#include "gateway/translate/translate.h"

#define RELAY_MOST_BLOCKS 1024u
#define RELAY_MOST_KEPT_BYTES (32u << 20)

#define RELAY_NO_KEY UINT64_MAX

/* How far a JSON value that arrives in pieces has come. */
struct json_extent {
    uint32_t depth;
    bool in_string, escaped, whole;
};

struct relay_block {
    enum part_kind kind;
    uint64_t key;
    uint32_t index;      /* among the announced blocks */
    uint32_t call_index; /* among the announced calls */
    bool announced, open;
    struct json_extent extent; /* of a call's arguments */
    struct buffer id, name;    /* encoded */
    bool has_text;
    struct buffer text; /* encoded; kept if the writer keeps_text */
};

struct relay_event {
    struct slice name, data;
    const struct json_doc *doc; /* NULL: the data is no JSON */
};

typedef enum outcome relay_read_fn(struct translate_stream *stream, const struct relay_event *event,
                                   struct buffer *out);

struct relay_writer {
    bool keeps_text, keeps_arguments;
    void (*start)(struct translate_stream *stream, struct buffer *out);
    void (*block_begin)(struct translate_stream *stream, const struct relay_block *block, struct buffer *out);
    void (*block_piece)(struct translate_stream *stream, const struct relay_block *block, struct slice piece,
                        struct buffer *out);
    enum outcome (*block_end)(struct translate_stream *stream, const struct relay_block *block, struct buffer *out);
    void (*finish)(struct translate_stream *stream, struct buffer *out);
    /* message: encoded */
    void (*error)(struct translate_stream *stream, struct slice message, struct buffer *out);
};

struct translate_stream {
    enum translate_format from, to;
    relay_read_fn *read;
    const struct relay_writer *writer;
    struct arena scratch; /* of one event */

    struct buffer id, model; /* encoded */
    uint64_t created_s;
    enum reply_finish finish;
    struct buffer stop_text; /* encoded */
    struct reply_usage usage;

    struct relay_block *blocks; /* in the order of their opening */
    uint32_t block_count, block_capacity;
    uint32_t announced_count, call_count;
    size_t kept_bytes;

    uint64_t sequence; /* of the agent's events, where they are counted */
    bool separate_usage;
    bool started;
    bool ended;  /* the agent's end was written */
    bool failed; /* the agent was told of an error */
    enum outcome outcome;
};

/* ---- for readers ---- */

/* Does something the first time only; slices may be absent. */
enum outcome relay_start(struct translate_stream *stream, struct slice id, struct slice model, uint64_t created_s,
                         struct buffer *out) MUST_CHECK;

/* A piece of running text of the kind; an empty one does nothing. */
enum outcome relay_text(struct translate_stream *stream, enum part_kind kind, struct slice piece,
                        struct buffer *out) MUST_CHECK;

/* Opens a block that later calls name by `key`. */
enum outcome relay_open(struct translate_stream *stream, enum part_kind kind, uint64_t key,
                        struct buffer *out) MUST_CHECK;

/* The newest block of the key, or NULL. Valid until the next relay_open or relay_text. */
struct relay_block *relay_find(struct translate_stream *stream, uint64_t key);

/* More of a call's id and name; INVALID when it was announced. */
enum outcome relay_name(struct relay_block *block, struct slice id, struct slice name) MUST_CHECK;

/* A piece of a block: of its text, or of its arguments as JSON text, encoded. INVALID: the block has ended. */
enum outcome relay_piece(struct translate_stream *stream, struct relay_block *block, struct slice piece,
                         struct buffer *out) MUST_CHECK;

enum outcome relay_close(struct translate_stream *stream, struct relay_block *block, struct buffer *out) MUST_CHECK;

/* The upstream's end mark: closes what is open and writes the finish. INVALID: no finish reason was told. */
enum outcome relay_complete(struct translate_stream *stream, struct buffer *out) MUST_CHECK;

/* The upstream reports an error; message: encoded. */
void relay_fail(struct translate_stream *stream, struct slice message, struct buffer *out);

/* ---- for writers ---- */

/* The announced block of that index. */
const struct relay_block *relay_announced(const struct translate_stream *stream, uint32_t index);

enum reply_finish relay_finish(const struct translate_stream *stream);

#endif
