/* Appends grow two arrays in the arena, bytes and segments; a run that goes on where the last one
 * ended, in the scan text and in the source, lengthens that segment instead of adding one, so that
 * a plain string of any length is one segment.
 *
 * What can fail: the arena, or a text that 32-bit offsets cannot address. Either is sticky. */
#include "detect/scan_text.h"

#include <string.h>

#include "base/require.h"

#define FIRST_TEXT_BYTES 256u
#define FIRST_SEGMENTS 16u
#define LONGEST_TEXT_BYTES (UINT32_MAX / 2) /* doubling cannot wrap */

void scan_text_init(struct scan_text *text, struct arena *arena, size_t expected_bytes) {
    *text = (struct scan_text){.arena = arena};
    if (expected_bytes > LONGEST_TEXT_BYTES) {
        text->failed = true;
        return;
    }
    uint32_t capacity = expected_bytes < FIRST_TEXT_BYTES ? FIRST_TEXT_BYTES : (uint32_t)expected_bytes;
    text->text = arena_alloc(arena, capacity);
    text->capacity = capacity;
    text->failed = text->text == NULL;
}

/* Makes room for `more` bytes behind len; false, and sticky, when there is none. */
static bool reserve_bytes(struct scan_text *text, size_t more) {
    if (text->failed) return false;
    if (more <= text->capacity - text->len) return true;
    if (more > LONGEST_TEXT_BYTES - text->len) {
        text->failed = true;
        return false;
    }
    const uint32_t need = text->len + (uint32_t)more;
    const uint32_t capacity = text->capacity * 2 > need ? text->capacity * 2 : need;
    char *fresh = arena_grow(text->arena, text->text, text->capacity, capacity);
    if (fresh == NULL) {
        text->failed = true;
        return false;
    }
    text->text = fresh;
    text->capacity = capacity;
    return true;
}

static bool reserve_segment(struct scan_text *text) {
    if (text->segments != NULL && text->segment_count < text->segment_capacity) return true;
    const uint32_t capacity = text->segments != NULL ? text->segment_capacity * 2 : FIRST_SEGMENTS;
    struct scan_segment *fresh =
        arena_grow(text->arena, text->segments, (size_t)text->segment_capacity * sizeof *text->segments,
                   (size_t)capacity * sizeof *text->segments);
    if (fresh == NULL) {
        text->failed = true;
        return false;
    }
    text->segments = fresh;
    text->segment_capacity = capacity;
    return true;
}

static bool continues(const struct scan_segment *last, const struct scan_segment *next) {
    if (last->type != next->type) return false;
    if (next->type == SCAN_GLUE) return true;
    return next->type == SCAN_RUN && last->piece == next->piece &&
           last->source_begin + last->source_len == next->source_begin;
}

static void append(struct scan_text *text, struct slice bytes, struct scan_segment segment) {
    if (bytes.len == 0 || !reserve_bytes(text, bytes.len)) return;
    struct scan_segment *last = text->segment_count ? &text->segments[text->segment_count - 1] : NULL;
    if (last != NULL && continues(last, &segment)) {
        last->source_len += segment.source_len;
    } else {
        if (!reserve_segment(text)) return;
        segment.scan_begin = text->len;
        text->segments[text->segment_count++] = segment;
    }
    memcpy(text->text + text->len, bytes.data, bytes.len);
    text->len += (uint32_t)bytes.len;
}

void scan_text_add_run(struct scan_text *text, struct slice bytes, uint32_t source_begin, uint32_t piece) {
    if (bytes.len > UINT32_MAX - source_begin) {
        text->failed = true;
        return;
    }
    append(text, bytes,
           (struct scan_segment){
               .source_begin = source_begin, .source_len = (uint32_t)bytes.len, .piece = piece, .type = SCAN_RUN});
}

void scan_text_add_atom(struct scan_text *text, struct slice bytes, uint32_t source_begin, uint32_t source_len,
                        uint32_t piece) {
    if (source_len > UINT32_MAX - source_begin) {
        text->failed = true;
        return;
    }
    append(text, bytes,
           (struct scan_segment){
               .source_begin = source_begin, .source_len = source_len, .piece = piece, .type = SCAN_ATOM});
}

void scan_text_add_glue(struct scan_text *text, struct slice bytes) {
    append(text, bytes, (struct scan_segment){.type = SCAN_GLUE});
}

/* The segment that holds the byte at `offset`; offset < len. */
static uint32_t segment_at(const struct scan_text *text, uint32_t offset) {
    uint32_t low = 0, high = text->segment_count;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (text->segments[middle].scan_begin <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static uint32_t segment_end(const struct scan_text *text, uint32_t segment) {
    return segment + 1 < text->segment_count ? text->segments[segment + 1].scan_begin : text->len;
}

/* What the touched part of one segment stands for: a run byte by byte, an atom whole. */
static struct scan_origin origin_of(const struct scan_text *text, uint32_t index, uint32_t begin, uint32_t end) {
    const struct scan_segment *segment = &text->segments[index];
    const uint32_t whole_end = segment_end(text, index);
    struct scan_origin origin = {.piece = segment->piece, .scan_begin = segment->scan_begin, .scan_end = whole_end};
    if (segment->type == SCAN_ATOM) {
        origin.source_begin = segment->source_begin;
        origin.source_end = segment->source_begin + segment->source_len;
        return origin;
    }
    if (begin > origin.scan_begin) origin.scan_begin = begin;
    if (end < origin.scan_end) origin.scan_end = end;
    origin.source_begin = segment->source_begin + (origin.scan_begin - segment->scan_begin);
    origin.source_end = segment->source_begin + (origin.scan_end - segment->scan_begin);
    return origin;
}

static void origin_widen(struct scan_origin *origin, const struct scan_origin *next) {
    if (next->source_begin < origin->source_begin) origin->source_begin = next->source_begin;
    if (next->source_end > origin->source_end) origin->source_end = next->source_end;
    origin->scan_end = next->scan_end;
}

uint32_t scan_text_origins(const struct scan_text *text, uint32_t begin, uint32_t end, struct scan_origin *origins_out,
                           uint32_t capacity) {
    if (broken(begin <= end && end <= text->len)) return UINT32_MAX; /* unmappable: the caller blocks */
    uint32_t count = 0;
    struct scan_origin current = {0};
    for (uint32_t i = begin < end ? segment_at(text, begin) : text->segment_count;
         i < text->segment_count && text->segments[i].scan_begin < end; i++) {
        if (text->segments[i].type == SCAN_GLUE) continue;
        const struct scan_origin next = origin_of(text, i, begin, end);
        if (count > 0 && current.piece == next.piece) {
            origin_widen(&current, &next);
        } else {
            current = next;
            count++;
        }
        if (count <= capacity) origins_out[count - 1] = current;
    }
    return count;
}
