#include "gateway/exchange/json_path.h"

#include <stdio.h>

#include "detect/value_index.h"

#define DEEPEST_SHOWN 66
#define LONGEST_PATH 512
#define LONGEST_NAME 40
#define LARGEST_INDEX 4096 /* counting is linear: elements behind it read [*] */

enum outcome json_paths_init(struct json_paths *paths, const struct inbound *in) {
    const struct finding_list findings = in->findings;
    uint32_t *reach = arena_zalloc(in->arena, findings.count, sizeof *reach);
    struct slice *texts = arena_zalloc(in->arena, findings.count, sizeof *texts);
    if (reach == NULL || texts == NULL) return OUTCOME_OVERFLOW;
    uint32_t furthest = 0;
    for (uint32_t i = 0; i < findings.count; i++) {
        const struct finding *finding = &findings.items[i];
        if (finding->end > furthest) furthest = finding->end;
        reach[i] = furthest;
        texts[i] = slice_of(in->layout.text.text + finding->begin, finding->end - finding->begin);
    }
    struct value_index *values = NULL;
    const enum outcome outcome = value_index_create(texts, findings.count, in->arena, &values);
    *paths = (struct json_paths){.in = in, .reach = reach, .values = values};
    return outcome;
}

/* Whether a finding touches [begin, end) of the scanned text. */
static bool is_hit(const struct json_paths *paths, uint32_t begin, uint32_t end) {
    const struct finding_list findings = paths->in->findings;
    uint32_t low = 0, high = findings.count; /* -> how many begin before `end` */
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (findings.items[middle].begin < end)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && paths->reach[low - 1] > begin;
}

static bool is_field_name(struct slice name) {
    if (name.len == 0 || name.len > LONGEST_NAME) return false;
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_')) return false;
    }
    return true;
}

/* The piece that a key was laid as; pieces are in the order of their nodes. */
static const struct piece *piece_of_key(const struct layout *layout, uint32_t key) {
    uint32_t low = 0, high = layout->piece_count;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (layout->pieces[middle].node <= key)
            low = middle;
        else
            high = middle;
    }
    return &layout->pieces[low];
}

static bool may_be_shown(const struct json_paths *paths, uint32_t key) {
    const struct slice name = json_raw(&paths->in->doc, key);
    const struct piece *piece = piece_of_key(&paths->in->layout, key);
    struct value_hit hit;
    if (!is_field_name(name) || piece->node != key || is_hit(paths, piece->scan_begin, piece->scan_end)) return false;
    return value_index_next(paths->values, name, 0, &hit) == OUTCOME_NOT_FOUND;
}

static size_t write_step(const struct json_paths *paths, uint32_t node, char *out, size_t room) {
    const struct json_doc *doc = &paths->in->doc;
    const uint32_t parent = doc->nodes[node].parent;
    if (doc->nodes[parent].type == JSON_OBJECT) {
        const uint32_t key = doc->nodes[node].type == JSON_KEY ? node : node - 1;
        if (!may_be_shown(paths, key)) return (size_t)snprintf(out, room, ".*");
        const struct slice name = json_raw(doc, key);
        return (size_t)snprintf(out, room, ".%.*s", (int)name.len, name.data);
    }
    uint32_t index = 0;
    uint32_t i = json_first(doc, parent);
    for (; i != node && i != JSON_NONE && index < LARGEST_INDEX; i = json_after(doc, parent, i)) index++;
    return i == node ? (size_t)snprintf(out, room, "[%u]", index) : (size_t)snprintf(out, room, "[*]");
}

static const struct piece *piece_at(const struct inbound *in, uint32_t at) {
    uint32_t low = 0, high = in->layout.piece_count;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (in->layout.pieces[middle].scan_begin <= at)
            low = middle;
        else
            high = middle;
    }
    return &in->layout.pieces[low];
}

const char *json_path_of_finding(const struct json_paths *paths, const struct finding *finding,
                                 uint32_t *piece_end_out) {
    const struct inbound *in = paths->in;
    *piece_end_out = finding->end;
    if (in->api == NULL || in->layout.piece_count == 0) return NULL;
    const struct piece *piece = piece_at(in, finding->begin);
    if (piece->scan_end > finding->begin) *piece_end_out = piece->scan_end;
    uint32_t chain[DEEPEST_SHOWN];
    size_t depth = 0;
    for (uint32_t node = piece->node; node != JSON_NONE && depth < DEEPEST_SHOWN; node = in->doc.nodes[node].parent)
        chain[depth++] = node;
    char path[LONGEST_PATH] = "$";
    size_t len = 1;
    while (depth-- > 0) {
        if (in->doc.nodes[chain[depth]].parent == JSON_NONE) continue;
        const size_t wrote = write_step(paths, chain[depth], path + len, sizeof path - len);
        if (wrote >= sizeof path - len) break;
        len += wrote;
    }
    return arena_string(in->arena, slice_of(path, len));
}
