/* What an answer says: its texts, tool calls and citations, with placeholders filled, before any format words them.
 *
 * Owns: its buffer. Errors: `failed`. */
#ifndef SLUICE_BENCH_MOCK_CHAT_TEXT_H
#define SLUICE_BENCH_MOCK_CHAT_TEXT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "bench/mock/behaviour.h"
#include "bench/mock/placeholder.h"

#define CHAT_CALLS_MOST 64u
#define CHAT_CITATIONS_MOST 8u

enum chat_call_kind { CHAT_CALL_FUNCTION, CHAT_CALL_CUSTOM, CHAT_CALL_MCP, CHAT_CALL_CODE };

struct chat_call {
    enum chat_call_kind kind;
    struct slice name;
    struct slice arguments; /* JSON text; free text for a custom or code call */
};

/* The source of a part of the content. */
struct chat_citation {
    struct slice url, title, text;
    size_t begin, end; /* where the text first stands, half-open, in code points; both 0 when it does not */
};

struct chat_text {
    bool has_content, has_thinking, has_refusal; /* no content: calls alone, or a refusal */
    struct slice content;                        /* `repeat` times the text */
    struct slice thinking, refusal;
    size_t once_bytes; /* the length of one time */
    struct chat_call calls[CHAT_CALLS_MOST];
    size_t call_count;
    struct chat_citation citations[CHAT_CITATIONS_MOST];
    size_t citation_count;
    bool failed;
    struct buffer store; /* what the slices look into */
};

/* text_out needs chat_text_deinit in any case. */
void chat_text_compose(const struct placeholder_source *source, const struct behaviour *behaviour,
                       struct chat_text *text_out);
void chat_text_deinit(struct chat_text *text);

/* For a format that has no place for a refusal: it is said as content. */
void chat_text_say_refusal(struct chat_text *text);

/* A call's arguments as a JSON object, a new reference; text that is none stands in its member "input". */
json_t *chat_call_arguments(const struct chat_call *call);

/* The numbers of a usage report: about four bytes a token; they only have to be there, and not to change on
 * the way. */
struct chat_usage {
    json_int_t prompt, completion;
};
struct chat_usage chat_text_usage(const struct chat_text *text, size_t prompt_bytes);

/* The pieces that a text streams in: at most `bytes` each, cut at code points; 0: all at once. */
struct chat_pieces {
    struct slice text;
    size_t at, bytes;
};

/* Of the content, which is cut at its repetitions when the behaviour does not say otherwise. */
struct chat_pieces chat_pieces_of_content(const struct chat_text *text, const struct behaviour *behaviour);
struct chat_pieces chat_pieces_of(struct slice text, const struct behaviour *behaviour);

/* The next piece; false when all are out. An empty text has none. */
bool chat_pieces_next(struct chat_pieces *pieces, struct slice *piece_out);

/* Appends the text of the last message in the list that is of role user and has text: its member `content_name`,
 * a string or parts with a `text`. Messages without a role count when `role_may_lack`. */
void chat_last_user(json_t *messages, const char *content_name, bool role_may_lack, struct buffer *out);

#endif
