/* Takes one layer of Content-Encoding off a request body, within bounds.
 *
 * The decoded body is what is scanned and what is sent, as identity: a body that two decoders could read in two
 * ways is therefore no leak, but it is refused all the same. A coded body is exactly one stream of its coding,
 * whole, with nothing behind it:
 *
 *     gzip     RFC 9110 8.4.1.3, RFC 1952. One member. The format allows several in a row, and decoders differ:
 *              some join them, some stop after the first. HTTP clients send one, so further ones are refused
 *     deflate  RFC 9110 8.4.1.2: zlib-wrapped (RFC 1950), as zlib, Node, browsers (CompressionStream) and Java
 *              write it under this name. Bare deflate (RFC 1951) is refused: the RFC calls it non-conformant, it
 *              has no checksum, and telling the two apart is a guess
 *     br       RFC 7932. No large windows, which are not part of it. The format has no checksum
 *     zstd     RFC 8878, RFC 9659. One frame, no skippable ones, a window of at most 8 MiB, no dictionary
 *
 * Bounds: the decoded body is at most limit_bytes, and at most max_ratio times the coded one. Up to
 * CONTENT_RATIO_FREE_BYTES the ratio is not asked for: a few hundred bytes of repeated text honestly
 * shrink by more. Both are one number that is known before decoding starts, and nothing beyond it is written. A
 * conversation that holds the same files four times shrinks by 16 to 18, so that 20 is not far from honest use.
 * Beside the output a decoder holds at most CONTENT_WORK_LIMIT_BYTES, and only during the call; its window
 * holds plaintext, so that memory is wiped before it is freed.
 *
 * Threads: no shared state; any thread. Speed is that of the libraries: large bodies belong on a worker. */
#ifndef SLUICE_GATEWAY_BODY_CONTENT_CODING_H
#define SLUICE_GATEWAY_BODY_CONTENT_CODING_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/outcome.h"
#include "base/slice.h"

#define CONTENT_RATIO_FREE_BYTES ((size_t)64 << 10)
#define CONTENT_WORK_LIMIT_BYTES ((size_t)32 << 20) /* br: a window of 16 MiB, growing from one of 8 */

enum content_coding {
    CONTENT_CODING_UNKNOWN, /* nothing is decoded with it */
    CONTENT_CODING_IDENTITY,
    CONTENT_CODING_GZIP,
    CONTENT_CODING_DEFLATE,
    CONTENT_CODING_BR,
    CONTENT_CODING_ZSTD
};

/* Reads the value of a Content-Encoding header: one token, in any case, white space around it. `x-gzip` is gzip
 * (RFC 9110 8.4.1.3). UNSUPPORTED (status 415), and UNKNOWN in *out, for everything else: an unknown coding, a
 * list (also `identity, gzip` and `gzip,`), an empty value. Of a header that stands more than once the caller
 * joins the values by commas, or refuses. No header at all means identity, and is the caller's to know. */
enum outcome content_coding_parse(struct slice header, enum content_coding *out) MUST_CHECK;

/* Decodes a whole body into `out`, which is initialised; what it held is dropped, and its own limit
 * holds too. `body` must not lie in it. On any failure `out` is left empty and wiped.
 *
 *     OVERFLOW     the decoded body breaks a bound, or decoding it takes too much memory
 *     INVALID      not exactly one whole stream of this coding
 *     NO_MEMORY
 *     UNSUPPORTED  coding is UNKNOWN */
enum outcome content_decode(enum content_coding coding, struct slice body, size_t limit_bytes, unsigned max_ratio,
                            struct buffer *out) MUST_CHECK;

#endif
