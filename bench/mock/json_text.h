/* JSON strings as an answer spells them, and the places where UTF-8 text may be cut.
 *
 * Input is valid UTF-8 (it came out of a JSON reader). Errors: through the buffer's sticky failure. */
#ifndef SLUICE_BENCH_MOCK_JSON_TEXT_H
#define SLUICE_BENCH_MOCK_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* The text as the inside of a JSON string (RFC 8259 section 7), without its quotes. escape_unicode writes
 * everything beyond ASCII as \uXXXX, with surrogate pairs. */
void json_text_escape(struct slice text, bool escape_unicode, struct buffer *out);

/* The same with its quotes. */
void json_text_quote(struct slice text, bool escape_unicode, struct buffer *out);

/* Where a piece of at most `bytes` that begins at `from` (< text.len) ends: exclusive, never inside a code
 * point, at least one code point long. bytes == 0 takes the rest. */
size_t json_text_cut(struct slice text, size_t from, size_t bytes);

#endif
