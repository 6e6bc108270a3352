/* Lays a walked document into the one text that is scanned.
 *
 * Every key, string and number becomes a piece; members are laid as `"key": "value"` with glue, so that
 * rules written for text also see structure. A string that is itself JSON (tool arguments) is walked
 * and laid one level deeper, with its origin still in the body; if it is no JSON, it is laid as text.
 *
 * Units: offsets into the body.  Owns: nothing; pieces live in the arena of the scan text. */
#ifndef SLUICE_GATEWAY_EXCHANGE_LAYOUT_H
#define SLUICE_GATEWAY_EXCHANGE_LAYOUT_H

#include "detect/scan_text.h"
#include "gateway/api/field_map.h"
#include "gateway/body/json_walk.h"

/* One scanned string, key or number. */
struct piece {
    uint32_t node; /* of the body's document: for a nested piece, the string that holds it; JSON_NONE for plain text */
    uint32_t scan_begin, scan_end; /* half-open, in the scanned text */
    enum field_meaning meaning;
    bool nested; /* stands inside a string that is JSON */
    bool number; /* a bare number: a token in its place needs quotes */
};

struct layout {
    struct scan_text text;
    struct piece *pieces;
    uint32_t piece_count, piece_capacity;
    bool has_binary;    /* a binary part stood there: its payload is not laid out */
    bool has_reference; /* a reference to content that was never seen */
    bool has_token_ids; /* integers in a place for text: cannot be scanned */
};

/* `map` has been applied to `doc`. On overflow layout->text is not ok, and the caller blocks. */
void layout_document(struct layout *layout, const struct json_doc *doc, const struct field_map *map,
                     struct arena *arena);

/* The same for text that is no JSON at all: one run, one piece. */
void layout_plain(struct layout *layout, struct slice text, struct arena *arena);

/* Adds a piece of text that is sent on outside the body (a field's value, a word of the path): it is scanned, and never
 * edited. */
void layout_carried(struct layout *layout, struct slice text);

#endif
