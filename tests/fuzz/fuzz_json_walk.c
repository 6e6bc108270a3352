/* The walker against the oracle, and what must hold for every document that it accepts: a sound tape, and
 * strings that are the same text after decoding, encoding and decoding again.
 * The first byte chooses leniency. */
#include <stdlib.h>

#include "base/require.h"
#include "gateway/body/json_text.h"
#include "gateway/body/json_walk.h"
#include "tests/unit/gateway/body/json_oracle.h"

#define ARENA_BYTES (64u << 20)
#define MOST_BYTES 4096u /* the oracle is quadratic */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_string(struct slice raw) {
    char *text = malloc(raw.len + 1);
    require(text);
    const size_t len = json_text_decode(raw, text);
    require(len <= raw.len);
    require(json_text_is(raw, slice_of(text, len)));
    struct buffer encoded;
    buffer_init(&encoded, 0);
    json_text_encode(&encoded, slice_of(text, len));
    char *round_trip = malloc(encoded.len + 1);
    require(round_trip);
    const struct slice encoded_raw = slice_of(encoded.data ? encoded.data : "", encoded.len);
    require(slice_equal(slice_of(round_trip, json_text_decode(encoded_raw, round_trip)), slice_of(text, len)));
    require(json_text_equal(raw, encoded_raw));
    free(round_trip);
    buffer_deinit(&encoded);
    free(text);
}

static void check_node(const struct json_doc *doc, uint32_t i) {
    const struct json_node *node = &doc->nodes[i];
    require(node->begin <= node->end && node->end <= doc->text.len);
    require(node->next > i && node->next <= doc->count);
    require(i == 0 ? node->parent == JSON_NONE : node->parent < i);
    if (i > 0) {
        const struct json_node *parent = &doc->nodes[node->parent];
        require(parent->type == JSON_OBJECT || parent->type == JSON_ARRAY);
        require(node->begin > parent->begin && node->end < parent->end && node->next <= parent->next);
    }
    if (node->type == JSON_KEY) require(node->next == doc->nodes[i + 1].next);
    if (node->type == JSON_KEY || node->type == JSON_STRING) check_string(json_raw(doc, i));
}

/* Every child is reached once by way of its container. */
static void check_children(const struct json_doc *doc) {
    uint32_t reached = 1;
    for (uint32_t i = 0; i < doc->count; i++)
        for (uint32_t child = json_first(doc, i); child != JSON_NONE; child = json_after(doc, i, child)) {
            require(doc->nodes[child].parent == i);
            reached += doc->nodes[child].type == JSON_KEY ? 2 : 1;
        }
    require(reached == doc->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0 || size > MOST_BYTES) return 0;
    const bool lenient = data[0] & 1;
    const struct slice text = slice_of((const char *)data + 1, size - 1);
    const struct json_limits limits = {.lenient_surrogates = lenient};
    struct arena arena;
    struct json_doc doc;
    struct json_error error;
    arena_init(&arena, ARENA_BYTES);
    const enum outcome outcome = json_walk(text, &limits, &arena, &doc, &error);
    require((outcome == OUTCOME_OK) == oracle_accepts(text, lenient));
    require((outcome == OUTCOME_OK) == (error.reason == NULL));
    require(error.offset <= text.len);
    for (uint32_t i = 0; i < doc.count; i++) check_node(&doc, i);
    if (doc.count) check_children(&doc);
    arena_reset(&arena);
    return 0;
}
