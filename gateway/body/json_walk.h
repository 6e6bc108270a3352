/* Reads a JSON body once, strictly, and notes where everything stands.
 *
 * A body is accepted only when every parser reads it the same way; what is accepted can therefore be
 * forwarded byte for byte outside the replaced spans. Beyond the grammar of RFC 8259 that means:
 * valid UTF-8 (no overlong forms, no surrogates, nothing over U+10FFFF), no byte order mark, no
 * duplicate keys after decoding ("a" and "\u0061" are twins), nothing but white space behind the
 * document, no lone surrogate escapes, no NUL (raw or \u0000), no integer outside int64. Fractions and
 * exponents stand as written. The text is never changed and nothing is decoded: a node is a position.
 *
 *   node        one object, array, key or scalar
 *   tape        all nodes in document order; node 0 is the root; a value follows its key
 *   container   an object or an array
 *
 * Owns:    nothing; the tape lives in the caller's arena and points into the caller's text.
 * Units:   offsets are bytes of the text; all ranges are half-open.
 * Threads: pure functions of their arguments; any thread.
 * jansson.h names some of the same constants: no file can include both. */
#ifndef SLUICE_GATEWAY_BODY_JSON_WALK_H
#define SLUICE_GATEWAY_BODY_JSON_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/outcome.h"
#include "base/slice.h"

enum json_type { JSON_OBJECT, JSON_ARRAY, JSON_KEY, JSON_STRING, JSON_NUMBER, JSON_TRUE, JSON_FALSE, JSON_NULL };

struct json_node {
    uint32_t begin, end; /* strings and keys: between the quotes; numbers and literals: the token;
                            containers: from the opening through the closing bracket */
    uint32_t next;       /* index after this node's subtree; for a key: index after its value */
    uint32_t parent;     /* index of the enclosing container, JSON_NONE for the root */
    uint16_t field;      /* 0; filled later by the API's field map */
    uint8_t type;        /* enum json_type */
    bool escaped;        /* a string or key that has a backslash */
};

struct json_doc {
    struct slice text;
    struct json_node *nodes;
    uint32_t count;
};

/* No node. */
#define JSON_NONE UINT32_MAX

#define JSON_DEPTH_DEFAULT 64u
#define JSON_NODES_DEFAULT (1u << 20)

struct json_limits {
    uint32_t max_depth;      /* nested containers; 0: JSON_DEPTH_DEFAULT */
    uint32_t max_nodes;      /* 0: JSON_NODES_DEFAULT */
    bool lenient_surrogates; /* upstream answers only: a stream may cut a pair in two, so lone surrogate
                                escapes are accepted */
};

struct json_error {
    uint32_t offset;    /* of the byte that cannot be accepted */
    const char *reason; /* static text, never input; NULL when nothing failed */
};

/* Walks `text`, at most 4 GiB - 1 bytes, which must live and stay unchanged as long as the document.
 * limits NULL means all defaults; error_out may be NULL.
 * INVALID: not exactly one reading. OVERFLOW: longer, deeper or of more nodes than allowed.
 * NO_MEMORY: the arena is exhausted. After a failure the document is empty. */
enum outcome json_walk(struct slice text, const struct json_limits *limits, struct arena *arena,
                       struct json_doc *doc_out, struct json_error *error_out) MUST_CHECK;

/* The index of the value of the member called `name` (decoded text), or JSON_NONE; also JSON_NONE when
 * `object` is JSON_NONE or no object. Looks at the keys one after the other. */
uint32_t json_member(const struct json_doc *doc, uint32_t object, struct slice name);

/* False when the node is no number, or not written as digits only. */
bool json_uint(const struct json_doc *doc, uint32_t node, uint64_t *value_out);

static inline bool json_is(const struct json_doc *doc, uint32_t node, enum json_type type) {
    return node < doc->count && doc->nodes[node].type == type;
}

/* The bytes of [begin, end), not decoded; empty for JSON_NONE. */
static inline struct slice json_raw(const struct json_doc *doc, uint32_t node) {
    if (node >= doc->count) return slice_of(NULL, 0);
    return slice_range(doc->text, doc->nodes[node].begin, doc->nodes[node].end);
}

/* The first key of an object or the first element of an array; JSON_NONE when there is none, and for
 * what is no container. */
static inline uint32_t json_first(const struct json_doc *doc, uint32_t container) {
    if (container >= doc->count || doc->nodes[container].next == container + 1) return JSON_NONE;
    return doc->nodes[container].type <= JSON_ARRAY ? container + 1 : JSON_NONE;
}

/* The key or element behind `child` in the same container, or JSON_NONE. */
static inline uint32_t json_after(const struct json_doc *doc, uint32_t container, uint32_t child) {
    if (container >= doc->count || child >= doc->count) return JSON_NONE;
    const uint32_t next = doc->nodes[child].next;
    return next < doc->nodes[container].next ? next : JSON_NONE;
}

/* The value of a key. */
static inline uint32_t json_value_of(const struct json_doc *doc, uint32_t key) {
    (void)doc;
    return key + 1;
}

#endif
