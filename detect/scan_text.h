/* The one buffer that a request's text is scanned in, with a map back to where each byte stood.
 *
 * Glossary
 *   source   the body as it arrived; offsets into it are what findings are finally about
 *   run      scanned bytes that stand in the source as they are: offset by offset
 *   atom     scanned bytes that come from one indivisible piece of source, such as `\u00e9`
 *   glue     scanned bytes that come from nowhere: separators, and the `": "` between key and value
 *   piece    the caller's number for the string, key or number (a node of the body's tree) that bytes came from
 *
 * A member of an object is laid as  key": "value  with glue between, so that rules written for text
 * (`password": "..."`) also see structure; unrelated strings are kept apart by SCAN_SEPARATOR.
 *
 * Owns:    nothing; everything lives in the caller's arena.  Units: byte offsets, ranges half-open.
 * Errors:  the arena's overflow is sticky and makes every append do nothing; check `scan_text_ok` once.
 * Threads: one at a time. */
#ifndef SLUICE_DETECT_SCAN_TEXT_H
#define SLUICE_DETECT_SCAN_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

/* No rule may match across it: it is a control byte that no pattern's class includes, between newlines. */
#define SCAN_SEPARATOR "\n\x1e\n"

enum scan_segment_type { SCAN_RUN, SCAN_ATOM, SCAN_GLUE };

struct scan_segment {
    uint32_t scan_begin; /* ends where the next segment begins */
    uint32_t source_begin;
    uint32_t source_len; /* of a run: equal to its scanned length; of glue: 0 */
    uint32_t piece;
    enum scan_segment_type type;
};

struct scan_text {
    struct arena *arena;
    char *text;
    uint32_t len, capacity;
    struct scan_segment *segments;
    uint32_t segment_count, segment_capacity;
    bool failed;
};

/* `expected_bytes` sizes the first allocation: about the body's length. */
void scan_text_init(struct scan_text *text, struct arena *arena, size_t expected_bytes);

void scan_text_add_run(struct scan_text *text, struct slice bytes, uint32_t source_begin, uint32_t piece);
void scan_text_add_atom(struct scan_text *text, struct slice bytes, uint32_t source_begin, uint32_t source_len,
                        uint32_t piece);
void scan_text_add_glue(struct scan_text *text, struct slice bytes);

static inline bool scan_text_ok(const struct scan_text *text) {
    return !text->failed;
}

/* The source range that a scanned range [begin, end) comes from, within one piece.
 * An atom that is touched is covered whole. */
struct scan_origin {
    uint32_t piece;
    uint32_t source_begin, source_end; /* half-open */
    uint32_t scan_begin, scan_end;     /* the part of [begin, end) that it covers, atoms whole */
};

/* Writes the origins of [begin, end), one for each piece that it touches, in order, at most `capacity`;
 * answers how many there are (more than capacity: the caller must treat the hit as unmappable).
 * Glue has no origin; a range of glue only answers 0. O(log segments + segments touched). */
uint32_t scan_text_origins(const struct scan_text *text, uint32_t begin, uint32_t end, struct scan_origin *origins_out,
                           uint32_t capacity);

#endif
