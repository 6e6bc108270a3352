/* Reads the beginning of a base64 or base64url text, to look into a token.
 *
 * Units: bytes.  Errors: none; stops at the first byte that is no base64.  Threads: any. */
#ifndef SLUICE_DETECT_BASE64_H
#define SLUICE_DETECT_BASE64_H

#include "base/slice.h"

/* Decodes into `out`, at most `capacity` bytes; answers how many (RFC 4648, both alphabets, with or
 * without padding). */
size_t base64_decode(struct slice text, char *out, size_t capacity);

#endif
