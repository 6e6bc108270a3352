/* Puts values back where their tokens stand, in text that arrives in pieces.
 *
 * The window looks at decoded text, holds back only what may be the beginning of a token of a known
 * label, and lets everything else leave at once. A token is complete with its check symbol: no word
 * boundary is asked for on either side, so that possessives, plurals and backticks need no rule.
 * Of labels that are likely to be met letters may stand in either case; the underscore may carry a markdown
 * backslash.
 *
 *     feed "see EMA"            out "see "       held "EMA"
 *     feed "IL_7KD3MWQ9TX's"    out "see ada@example.com's"
 *
 * The output does not depend on how the text was cut. Restored text is never searched again.
 *
 * Units:   bytes of decoded text, UTF-8 or WTF-8; a piece may end anywhere.
 * Threads: one at a time; one window for each stream (choice, field, tool call). */
#ifndef SLUICE_GATEWAY_BODY_RESTORE_WINDOW_H
#define SLUICE_GATEWAY_BODY_RESTORE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/outcome.h"
#include "base/slice.h"
#include "vault/token.h"

/* The longest form of a token: its underscore written as two backslashes and an underscore. */
#define RESTORE_LONGEST (TOKEN_LONGEST + 2u)

/* Which tokens may be restored, and to what. Read-only while windows use it. */
struct restore_source {
    void *owner;
    /* canonical_token is upper case and its check symbol is right. False: the text stays literal.
     * The value must live until the next lookup. Must not touch the window. */
    bool (*lookup)(void *owner, struct slice canonical_token, struct slice *value_out);
    const struct slice *labels; /* that lookup may know */
    uint32_t label_count;       /* 0: everything passes at once */
    uint32_t any_case_count;    /* the first of them are found in any case, the others only as they are minted */
    bool starts[256];           /* first letters of the labels */
    bool symbols[256];          /* what may follow the underscore, in both cases */
};

/* Each label must be valid (vault/token.h), stand once, and live as long as the source. Looking for a label in any
 * case holds back more of ordinary text: ask for it where its tokens are expected. */
void restore_source_init(struct restore_source *source, void *owner,
                         bool (*lookup)(void *owner, struct slice canonical_token, struct slice *value_out),
                         const struct slice *labels, uint32_t label_count, uint32_t any_case_count);

enum restore_form {
    RESTORE_PLAIN,
    RESTORE_JSON /* text inside tool-call arguments: values are JSON-escaped once more, and a letter that
                    belongs to an escape (the n of \n) begins no token */
};

struct restore_window {
    char held[RESTORE_LONGEST];
    uint8_t held_len;
    uint8_t escape_left; /* RESTORE_JSON: bytes at the front that still belong to an escape */
    uint32_t restored;   /* tokens replaced */
    uint32_t left;       /* tokens with a right check symbol that the source did not know */
};

void restore_window_init(struct restore_window *window);

/* Appends to `out` what can leave. A stream has one form from its first byte to its last.
 * NO_MEMORY: `out` failed, now or earlier; the stream cannot go on. */
enum outcome restore_window_feed(struct restore_window *window, const struct restore_source *source,
                                 enum restore_form form, struct slice text, struct buffer *out) MUST_CHECK;

/* Appends the held text literally: the stream ended, or something that ends it comes next. What is fed
 * afterwards is another stream; the counts go on. */
void restore_window_flush(struct restore_window *window, struct buffer *out);

static inline bool restore_window_holding(const struct restore_window *window) {
    return window->held_len > 0;
}

#endif
