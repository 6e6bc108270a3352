/* Says where in a body something stands, for people: `$.messages[2].content[0].text`.
 *
 * A path is shown to agents and written to the audit log, so it may not carry a value: a member name is
 * shown only if it looks like a field's name, nothing was found in it, and no text that was found anywhere is
 * part of it; otherwise it reads `*`.
 *
 * Owns: nothing; everything lives in the arena of the inbound body.  Threads: one at a time. */
#ifndef SLUICE_GATEWAY_EXCHANGE_JSON_PATH_H
#define SLUICE_GATEWAY_EXCHANGE_JSON_PATH_H

#include "gateway/exchange/inbound.h"

struct value_index;

/* What the paths into one body share: made once, however many findings there are. */
struct json_paths {
    const struct inbound *in;
    const uint32_t *reach;            /* the furthest end of the findings up to each */
    const struct value_index *values; /* every text that was found */
};

/* `in` was scanned. OVERFLOW: the arena is full. */
enum outcome json_paths_init(struct json_paths *paths, const struct inbound *in) MUST_CHECK;

/* The path of the piece that the finding begins in, NUL-terminated in the arena; NULL on overflow or when the body is
 * plain text. Findings that begin before *piece_end_out (in the scanned text) have the same path. */
const char *json_path_of_finding(const struct json_paths *paths, const struct finding *finding,
                                 uint32_t *piece_end_out);

#endif
