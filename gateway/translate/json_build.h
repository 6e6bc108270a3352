/* Writes JSON, member by member, into a buffer.
 *
 * Commas are set by looking at the byte before: one that ends a value gets a comma behind it. `name` is the
 * member's name, a literal that needs no escapes, or NULL for an element of an array or the document itself.
 *
 * Errors: the buffer's sticky failure.  Threads: pure. */
#ifndef SLUICE_GATEWAY_TRANSLATE_JSON_BUILD_H
#define SLUICE_GATEWAY_TRANSLATE_JSON_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"

/* bracket: '{' or '['; end takes the closing one. */
void json_build_begin(struct buffer *out, const char *name, char bracket);
void json_build_end(struct buffer *out, char bracket);

/* A whole value, as it is. */
void json_build_value(struct buffer *out, const char *name, struct slice json);
void json_build_null(struct buffer *out, const char *name);
void json_build_bool(struct buffer *out, const char *name, bool value);
void json_build_uint(struct buffer *out, const char *name, uint64_t value);

/* A string whose text is encoded already. */
void json_build_string(struct buffer *out, const char *name, struct slice encoded);

/* A string of plain text. */
void json_build_plain(struct buffer *out, const char *name, struct slice plain);
void json_build_word(struct buffer *out, const char *name, const char *word);

/* A string in pieces: begin, any number of appends of encoded bytes to `out`, end. */
void json_build_string_begin(struct buffer *out, const char *name);
void json_build_string_end(struct buffer *out);

#endif
