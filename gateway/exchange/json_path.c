#include "gateway/exchange/json_path.h"

#include <stdio.h>

#define DEEPEST_SHOWN 66
#define LONGEST_PATH 512
#define LONGEST_NAME 40

static bool is_field_name(struct slice name) {
    if (name.len == 0 || name.len > LONGEST_NAME) return false;
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_')) return false;
    }
    return true;
}

static bool key_was_hit(const struct inbound *in, uint32_t key) {
    for (uint32_t p = 0; p < in->layout.piece_count; p++) {
        const struct piece *piece = &in->layout.pieces[p];
        if (piece->node != key || piece->nested) continue;
        for (uint32_t i = 0; i < in->findings.count; i++)
            if (in->findings.items[i].begin < piece->scan_end && in->findings.items[i].end > piece->scan_begin)
                return true;
    }
    return false;
}

static size_t write_step(const struct inbound *in, uint32_t node, char *out, size_t room) {
    const struct json_doc *doc = &in->doc;
    const uint32_t parent = doc->nodes[node].parent;
    if (doc->nodes[parent].type == JSON_OBJECT) {
        const uint32_t key = doc->nodes[node].type == JSON_KEY ? node : node - 1;
        const struct slice name = json_raw(doc, key);
        if (!is_field_name(name) || key_was_hit(in, key)) return (size_t)snprintf(out, room, ".*");
        return (size_t)snprintf(out, room, ".%.*s", (int)name.len, name.data);
    }
    uint32_t index = 0;
    for (uint32_t i = json_first(doc, parent); i != node && i != JSON_NONE; i = json_after(doc, parent, i)) index++;
    return (size_t)snprintf(out, room, "[%u]", index);
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

const char *json_path_of_finding(const struct inbound *in, const struct finding *finding) {
    if (in->api == NULL || in->layout.piece_count == 0) return NULL;
    uint32_t chain[DEEPEST_SHOWN];
    size_t depth = 0;
    for (uint32_t node = piece_at(in, finding->begin)->node; node != JSON_NONE && depth < DEEPEST_SHOWN;
         node = in->doc.nodes[node].parent)
        chain[depth++] = node;
    char path[LONGEST_PATH] = "$";
    size_t len = 1;
    while (depth-- > 0) {
        if (in->doc.nodes[chain[depth]].parent == JSON_NONE) continue;
        const size_t wrote = write_step(in, chain[depth], path + len, sizeof path - len);
        if (wrote >= sizeof path - len) break;
        len += wrote;
    }
    return arena_string(in->arena, slice_of(path, len));
}
