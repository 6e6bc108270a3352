/* Between the characters of a text and the bytes that stand for it inside JSON quotes.
 *
 *   raw     the bytes between the quotes, as json_walk found them: valid, escapes and all
 *   atom    one escape, or the two escapes of a surrogate pair: it can only be replaced as a whole
 *   WTF-8   UTF-8 that may also hold halves of surrogate pairs, three bytes each
 *           (https://simonsapin.github.io/wtf-8/); only answers that were walked leniently have them
 *
 * Threads: pure functions of their arguments; any thread. */
#ifndef SLUICE_GATEWAY_BODY_JSON_TEXT_H
#define SLUICE_GATEWAY_BODY_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"

/* Decodes raw to `out`, which has room for raw.len bytes and does not overlap it; answers the decoded
 * length, never more than raw.len. Lone surrogates take their three-byte WTF-8 form. */
size_t json_text_decode(struct slice raw, char *out);

/* Whether raw, decoded, is `text`. */
bool json_text_is(struct slice raw, struct slice text);

/* Whether both, decoded, are the same text. */
bool json_text_equal(struct slice raw_a, struct slice raw_b);

/* Decodes piece by piece, for callers that must know which raw bytes a character came from. */
struct json_text_reader {
    struct slice raw;
    size_t at;
    char atom[4];
};

struct json_text_piece {
    struct slice bytes;  /* decoded; an atom's bytes live in the reader until the next call */
    uint32_t begin, len; /* where they stand in raw */
    bool atom;           /* else a run that stands as it is */
};

/* `raw` (at most 4 GiB - 1 bytes) must outlive the reader. */
void json_text_reader_init(struct json_text_reader *reader, struct slice raw);

/* False at the end. The pieces cover raw without gaps; no piece is empty. */
bool json_text_reader_next(struct json_text_reader *reader, struct json_text_piece *piece_out);

/* Appends `text` (UTF-8 or WTF-8) so that it may stand between JSON quotes: quotes, backslashes and
 * control bytes are escaped, surrogate halves become \uXXXX, everything else stands raw (DEL too).
 * A failure is the buffer's sticky one. */
void json_text_encode(struct buffer *out, struct slice text);

#endif
