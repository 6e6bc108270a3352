/* Base64 with padding (RFC 4648 section 4): how captures and scenarios hold bytes that are no text.
 *
 * Errors: of memory, through the buffer's sticky failure. */
#ifndef SLUICE_BENCH_MOCK_BASE64_H
#define SLUICE_BENCH_MOCK_BASE64_H

#include <stdbool.h>

#include "base/buffer.h"

void base64_encode(struct slice bytes, struct buffer *out);

/* False for a length that is no multiple of four, a foreign symbol, or padding that is not at the end; what
 * was appended then is undefined. */
bool base64_decode(struct slice text, struct buffer *out);

#endif
