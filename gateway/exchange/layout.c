#include "gateway/exchange/layout.h"

#include "detect/base64.h"
#include "gateway/body/json_text.h"

#define NESTED_DEPTH 64
#define SHORTEST_SEALED_BYTES 16 /* of base64 that could hold a value */
#define NESTED_NODES (1u << 20)

/* What is being laid: a document, and, for one nested in a string, the decoded string with its origins. */
struct source {
    const struct json_doc *doc;
    const struct field_map *map;   /* NULL for a nested document */
    const struct scan_text *outer; /* the decoded string that a nested document was walked in; NULL for the body */
    uint32_t outer_node;           /* the body's node of that string */
};

static void lay_document(struct layout *layout, const struct source *source);

static uint32_t piece_add(struct layout *layout, struct piece piece) {
    if (layout->piece_count == layout->piece_capacity) {
        const uint32_t capacity = layout->piece_capacity ? layout->piece_capacity * 2 : 64;
        struct piece *grown = arena_grow(layout->text.arena, layout->pieces, layout->piece_capacity * sizeof piece,
                                         capacity * sizeof piece);
        if (grown == NULL) {
            layout->text.failed = true;
            return 0;
        }
        layout->pieces = grown;
        layout->piece_capacity = capacity;
    }
    piece.scan_begin = layout->text.len;
    layout->pieces[layout->piece_count] = piece;
    return layout->piece_count++;
}

/* The piece that was added last has all its text. */
static void piece_end(struct layout *layout) {
    if (scan_text_ok(&layout->text)) layout->pieces[layout->piece_count - 1].scan_end = layout->text.len;
}

/* The first segment that ends behind `at`. */
static uint32_t segment_at(const struct scan_text *text, uint32_t at) {
    uint32_t low = 0, high = text->segment_count;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (text->segments[middle].scan_begin <= at)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Lays [begin, end) of the outer string's decoded text as it is: every byte keeps its origin in the body. */
static void lay_outer_run(struct layout *layout, const struct scan_text *outer, uint32_t begin, uint32_t end,
                          uint32_t piece) {
    for (uint32_t i = segment_at(outer, begin); begin < end; i++) {
        const struct scan_segment *segment = &outer->segments[i];
        uint32_t stop = i + 1 < outer->segment_count ? outer->segments[i + 1].scan_begin : outer->len;
        if (stop > end) stop = end;
        const struct slice bytes = slice_of(outer->text + begin, stop - begin);
        if (segment->type == SCAN_RUN)
            scan_text_add_run(&layout->text, bytes, segment->source_begin + (begin - segment->scan_begin), piece);
        else
            scan_text_add_atom(&layout->text, bytes, segment->source_begin, segment->source_len, piece);
        begin = stop;
    }
}

/* Lays one escape of a nested string: indivisible, wherever its characters came from. */
static void lay_outer_atom(struct layout *layout, const struct scan_text *outer, struct slice bytes, uint32_t begin,
                           uint32_t end, uint32_t piece) {
    struct scan_origin origin;
    if (scan_text_origins(outer, begin, end, &origin, 1) == 1)
        scan_text_add_atom(&layout->text, bytes, origin.source_begin, origin.source_end - origin.source_begin, piece);
    else
        layout->text.failed = true;
}

static void lay_decoded(struct scan_text *into, struct slice raw, uint32_t raw_begin, uint32_t piece) {
    struct json_text_reader reader;
    struct json_text_piece part;
    json_text_reader_init(&reader, raw);
    while (json_text_reader_next(&reader, &part)) {
        if (part.atom)
            scan_text_add_atom(into, part.bytes, raw_begin + part.begin, part.len, piece);
        else
            scan_text_add_run(into, part.bytes, raw_begin + part.begin, piece);
    }
}

static void lay_nested_text(struct layout *layout, const struct source *source, const struct json_node *node,
                            uint32_t piece) {
    struct json_text_reader reader;
    struct json_text_piece part;
    json_text_reader_init(&reader, slice_range(source->doc->text, node->begin, node->end));
    while (json_text_reader_next(&reader, &part)) {
        const uint32_t begin = node->begin + part.begin;
        if (part.atom)
            lay_outer_atom(layout, source->outer, part.bytes, begin, begin + part.len, piece);
        else
            lay_outer_run(layout, source->outer, begin, begin + part.len, piece);
    }
}

/* The text of one key, string or number. */
static void lay_text(struct layout *layout, const struct source *source, uint32_t i, enum field_meaning meaning) {
    const struct json_node *node = &source->doc->nodes[i];
    const uint32_t piece = piece_add(layout, (struct piece){
                                                 .node = source->outer ? source->outer_node : i,
                                                 .meaning = meaning,
                                                 .nested = source->outer != NULL,
                                                 .number = node->type == JSON_NUMBER,
                                             });
    const struct slice raw = json_raw(source->doc, i);
    if (source->outer)
        lay_nested_text(layout, source, node, piece);
    else if (node->escaped)
        lay_decoded(&layout->text, raw, node->begin, piece);
    else
        scan_text_add_run(&layout->text, raw, node->begin, piece);
    piece_end(layout);
}

/* A string that is JSON: its own strings, keys and numbers, one level deeper. False: it is no JSON. */
static bool lay_json_text(struct layout *layout, const struct source *source, uint32_t i) {
    const struct slice raw = json_raw(source->doc, i);
    struct scan_text outer;
    scan_text_init(&outer, layout->text.arena, raw.len);
    lay_decoded(&outer, raw, source->doc->nodes[i].begin, 0);
    const struct json_limits limits = {.max_depth = NESTED_DEPTH, .max_nodes = NESTED_NODES};
    struct json_doc doc;
    struct json_error error;
    if (!scan_text_ok(&outer)) return false;
    const enum outcome outcome = json_walk(slice_of(outer.text, outer.len), &limits, layout->text.arena, &doc, &error);
    if (outcome == OUTCOME_OVERFLOW) layout->text.failed = true; /* JSON perhaps, but nobody can say what is in it */
    if (outcome != OUTCOME_OK) return false;
    lay_document(layout, &(struct source){.doc = &doc, .outer = &outer, .outer_node = i});
    return true;
}

#define SHORTEST_PAYLOAD_BYTES 64 /* anything shorter is cheap to scan and no picture */
#define FRONT_BYTES 64
#define LONGEST_HEAD_BYTES 256

/* Raw JSON text: a slash may be escaped, as some encoders do. */
static bool is_payload(struct slice raw) {
    for (size_t i = 0; i < raw.len; i++) {
        const char c = raw.data[i];
        const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        const bool slash = c == '\\' && i + 1 < raw.len && raw.data[i + 1] == '/';
        if (!letter && !slash && c != '+' && c != '/' && c != '-' && c != '_' && c != '=') return false;
    }
    return raw.len >= SHORTEST_PAYLOAD_BYTES;
}

/* The decoded beginning of raw JSON text: what it is must not depend on how it is spelled. */
static struct slice decoded_front(struct slice raw, char front[static FRONT_BYTES]) {
    struct json_text_reader reader;
    struct json_text_piece part;
    size_t len = 0;
    json_text_reader_init(&reader, raw);
    while (len < FRONT_BYTES && json_text_reader_next(&reader, &part)) {
        const size_t more = part.bytes.len < FRONT_BYTES - len ? part.bytes.len : FRONT_BYTES - len;
        memcpy(front + len, part.bytes.data, more);
        len += more;
    }
    return slice_of(front, len);
}

/* "https://", "gs://", ...: content elsewhere. A data: URL has no slashes there. */
static bool is_remote(struct slice front) {
    size_t len = 0;
    while (len < front.len && front.data[len] > ' ' && front.data[len] != ':') len++;
    return len > 0 && slice_starts_with(slice_range(front, len, front.len), SLICE("://"));
}

/* How much of a binary part's raw text stands before its payload; all of it when there is none to be left out. */
static size_t scanned_len_of_binary(struct slice raw) {
    if (is_payload(raw)) return 0;
    const struct slice mark = SLICE(";base64,");
    const char *comma = memchr(raw.data, ',', raw.len < LONGEST_HEAD_BYTES ? raw.len : LONGEST_HEAD_BYTES);
    const size_t head = comma ? (size_t)(comma - raw.data) + 1 : 0;
    if (head < mark.len || !slice_equal_nocase(slice_range(raw, head - mark.len, head), mark)) return raw.len;
    return is_payload(slice_range(raw, head, raw.len)) ? head : raw.len;
}

static void lay_binary(struct layout *layout, const struct source *source, uint32_t i) {
    const struct json_node *node = &source->doc->nodes[i];
    const struct slice raw = json_raw(source->doc, i);
    char front[FRONT_BYTES];
    const bool remote = is_remote(decoded_front(raw, front));
    layout->has_reference = layout->has_reference || remote;
    layout->has_binary = layout->has_binary || (!remote && raw.len > 0);
    const size_t len = remote ? raw.len : scanned_len_of_binary(raw);
    if (len == raw.len) {
        lay_text(layout, source, i, FIELD_BINARY);
        return;
    }
    const uint32_t piece = piece_add(layout, (struct piece){.node = i, .meaning = FIELD_BINARY});
    lay_decoded(&layout->text, slice_range(raw, 0, len), node->begin, piece);
    piece_end(layout);
}

/* A signature or sealed text that is base64 is scanned decoded as well: it is forwarded, and could carry anything. */
static void lay_unsealed(struct layout *layout, const struct source *source, uint32_t i) {
    const struct json_node *node = &source->doc->nodes[i];
    const struct slice raw = json_raw(source->doc, i);
    if (source->outer || node->escaped || raw.len < SHORTEST_SEALED_BYTES) return;
    char *unsealed = arena_alloc(layout->text.arena, raw.len);
    const size_t len = unsealed ? base64_decode(raw, unsealed, raw.len) : 0;
    if (len == 0) return; /* no base64; a full arena has failed the layout */
    scan_text_add_glue(&layout->text, SLICE(SCAN_SEPARATOR));
    const uint32_t piece = piece_add(layout, (struct piece){.node = i, .meaning = FIELD_OPAQUE});
    scan_text_add_atom(&layout->text, slice_of(unsealed, len), node->begin, (uint32_t)raw.len, piece);
    piece_end(layout);
}

static void lay_value(struct layout *layout, const struct source *source, uint32_t i) {
    const struct json_node *node = &source->doc->nodes[i];
    const enum field_meaning meaning = source->map ? field_map_meaning(source->map, node) : FIELD_PLAIN;
    if (meaning == FIELD_BINARY && node->type == JSON_STRING) {
        lay_binary(layout, source, i);
        return;
    }
    if (meaning == FIELD_REFERENCE) layout->has_reference = true;
    if (meaning == FIELD_JSON_TEXT && node->type == JSON_STRING && lay_json_text(layout, source, i)) return;
    lay_text(layout, source, i, meaning);
    if (meaning == FIELD_OPAQUE && node->type == JSON_STRING) lay_unsealed(layout, source, i);
}

static bool is_scalar_text(const struct json_node *node) {
    return node->type == JSON_STRING || node->type == JSON_NUMBER;
}

static void lay_key(struct layout *layout, const struct source *source, uint32_t i) {
    scan_text_add_glue(&layout->text, SLICE("\""));
    lay_text(layout, source, i, FIELD_PLAIN);
    const struct json_node *value = &source->doc->nodes[i + 1];
    if (value->type == JSON_STRING)
        scan_text_add_glue(&layout->text, SLICE("\": \""));
    else if (value->type == JSON_NUMBER)
        scan_text_add_glue(&layout->text, SLICE("\": "));
    else
        scan_text_add_glue(&layout->text, SLICE("\"" SCAN_SEPARATOR));
}

/* True for a number that stands where the format has text or lists of token ids. */
static bool is_token_id(const struct source *source, uint32_t i) {
    const struct json_node *node = &source->doc->nodes[i];
    return source->map && node->type == JSON_NUMBER && field_map_meaning(source->map, node) == FIELD_TOKEN_IDS;
}

static void lay_document(struct layout *layout, const struct source *source) {
    const struct json_doc *doc = source->doc;
    for (uint32_t i = 0; i < doc->count && scan_text_ok(&layout->text); i++) {
        if (doc->nodes[i].type == JSON_KEY) {
            lay_key(layout, source, i);
        } else if (is_scalar_text(&doc->nodes[i])) {
            if (is_token_id(source, i)) layout->has_token_ids = true;
            lay_value(layout, source, i);
            const bool in_member = i > 0 && doc->nodes[i - 1].type == JSON_KEY && doc->nodes[i].type == JSON_STRING;
            scan_text_add_glue(&layout->text, in_member ? SLICE("\"" SCAN_SEPARATOR) : SLICE(SCAN_SEPARATOR));
        }
    }
}

void layout_document(struct layout *layout, const struct json_doc *doc, const struct field_map *map,
                     struct arena *arena) {
    *layout = (struct layout){0};
    scan_text_init(&layout->text, arena, doc->text.len + doc->text.len / 8);
    lay_document(layout, &(struct source){.doc = doc, .map = map});
}

void layout_plain(struct layout *layout, struct slice text, struct arena *arena) {
    *layout = (struct layout){0};
    scan_text_init(&layout->text, arena, text.len);
    const uint32_t piece = piece_add(layout, (struct piece){.node = JSON_NONE});
    scan_text_add_run(&layout->text, text, 0, piece);
    piece_end(layout);
}

void layout_carried(struct layout *layout, struct slice text) {
    scan_text_add_glue(&layout->text, SLICE(SCAN_SEPARATOR));
    const uint32_t piece = piece_add(layout, (struct piece){.node = JSON_NONE, .meaning = FIELD_OPAQUE});
    scan_text_add_run(&layout->text, text, 0, piece);
    piece_end(layout);
}
