/* One loop over places in the grammar; nesting is kept in the parents of the tape, so there is no
 * recursion and no second stack. A step that cannot go on notes the first reason and ends the loop.
 * Duplicate keys are looked for at the end, over the tape. */
#include "gateway/body/json_walk.h"

#include "gateway/body/json_keys.h"
#include "gateway/body/json_scalar.h"
#include "gateway/body/json_text.h"

#define FIRST_CAPACITY 64u

/* What may come next, white space apart. */
enum place {
    PLACE_VALUE,         /* a value */
    PLACE_FIRST_ELEMENT, /* a value or ] */
    PLACE_FIRST_KEY,     /* a key or } */
    PLACE_KEY,           /* a key */
    PLACE_AFTER,         /* a comma or the container's bracket */
    PLACE_TAIL,          /* the end of the text */
    PLACE_DONE           /* nothing: accepted, or failed */
};

struct walk {
    const char *begin, *at, *end;
    struct arena *arena;
    struct json_node *nodes;
    uint32_t count, capacity, max_nodes;
    uint32_t parent; /* the container that is open */
    uint32_t depth, max_depth;
    bool lenient;
    enum outcome outcome;
    struct json_error error;
};

static enum place fail(struct walk *w, enum outcome outcome, const char *at, const char *reason) {
    w->outcome = outcome;
    w->error = (struct json_error){.offset = (uint32_t)(at - w->begin), .reason = reason};
    return PLACE_DONE;
}

/* `expected` says what should stand here. */
static enum place fail_here(struct walk *w, const char *expected) {
    if (w->at == w->end) return fail(w, OUTCOME_INVALID, w->at, "text ends too early");
    return fail(w, OUTCOME_INVALID, w->at, *w->at == '\0' ? "NUL byte" : expected);
}

static char peek(const struct walk *w) {
    if (w->at == w->end) return '\0';
    return *w->at;
}

static void skip_space(struct walk *w) {
    while (w->at < w->end && (*w->at == ' ' || *w->at == '\n' || *w->at == '\r' || *w->at == '\t')) w->at++;
}

static bool tape_grow(struct walk *w) {
    if (w->count >= w->max_nodes) {
        fail(w, OUTCOME_OVERFLOW, w->at, "too many nodes");
        return false;
    }
    uint64_t capacity = w->capacity ? (uint64_t)w->capacity * 2 : FIRST_CAPACITY;
    if (capacity > w->max_nodes) capacity = w->max_nodes;
    struct json_node *fresh =
        arena_grow(w->arena, w->nodes, (size_t)w->capacity * sizeof *w->nodes, (size_t)capacity * sizeof *w->nodes);
    if (fresh == NULL) {
        fail(w, OUTCOME_NO_MEMORY, w->at, "out of memory");
        return false;
    }
    w->nodes = fresh;
    w->capacity = (uint32_t)capacity;
    return true;
}

/* A node of [begin, end), without children so far; NULL when the walk failed. */
static struct json_node *tape_add(struct walk *w, enum json_type type, const char *begin, const char *end) {
    if (w->count == w->capacity && !tape_grow(w)) return NULL;
    struct json_node *node = &w->nodes[w->count++];
    *node = (struct json_node){
        .begin = (uint32_t)(begin - w->begin),
        .end = (uint32_t)(end - w->begin),
        .next = w->count,
        .parent = w->parent,
        .type = (uint8_t)type,
    };
    return node;
}

/* The value at index `value` is complete, and with it the key that it belongs to. */
static enum place value_done(struct walk *w, uint32_t value) {
    if (w->parent == JSON_NONE) return PLACE_TAIL;
    if (w->nodes[w->parent].type == JSON_OBJECT) w->nodes[value - 1].next = w->count;
    return PLACE_AFTER;
}

static enum place scalar_add(struct walk *w, enum json_type type, const char *end) {
    if (tape_add(w, type, w->at, end) == NULL) return PLACE_DONE;
    w->at = end;
    return value_done(w, w->count - 1);
}

static enum place take_number(struct walk *w) {
    const struct json_scalar number = json_scalar_number(w->at, w->end);
    if (number.reason) return fail(w, OUTCOME_INVALID, number.at, number.reason);
    return scalar_add(w, JSON_NUMBER, number.at);
}

static enum place take_literal(struct walk *w, enum json_type type, struct slice word) {
    if (!slice_starts_with(slice_of(w->at, (size_t)(w->end - w->at)), word))
        return fail(w, OUTCOME_INVALID, w->at, "unknown word");
    return scalar_add(w, type, w->at + word.len);
}

/* A key or a string; at is on the opening quote before, and behind the closing one after. */
static bool take_quoted(struct walk *w, enum json_type type) {
    const char *begin = w->at + 1;
    const struct json_scalar string = json_scalar_string(begin, w->end, w->lenient);
    if (string.reason) {
        fail(w, OUTCOME_INVALID, string.at, string.reason);
        return false;
    }
    struct json_node *node = tape_add(w, type, begin, string.at);
    if (node == NULL) return false;
    node->escaped = string.escaped;
    w->at = string.at + 1;
    return true;
}

static enum place take_string(struct walk *w) {
    return take_quoted(w, JSON_STRING) ? value_done(w, w->count - 1) : PLACE_DONE;
}

static enum place take_key(struct walk *w) {
    if (peek(w) != '"') return fail_here(w, "expected a key");
    if (!take_quoted(w, JSON_KEY)) return PLACE_DONE;
    skip_space(w);
    if (peek(w) != ':') return fail_here(w, "expected a colon");
    w->at++;
    return PLACE_VALUE;
}

static enum place container_open(struct walk *w, enum json_type type) {
    if (w->depth == w->max_depth) return fail(w, OUTCOME_OVERFLOW, w->at, "nested too deeply");
    if (tape_add(w, type, w->at, w->at + 1) == NULL) return PLACE_DONE;
    w->parent = w->count - 1;
    w->depth++;
    w->at++;
    return type == JSON_OBJECT ? PLACE_FIRST_KEY : PLACE_FIRST_ELEMENT;
}

/* at is on the bracket that ends the open container. */
static enum place container_close(struct walk *w) {
    const uint32_t container = w->parent;
    struct json_node *node = &w->nodes[container];
    w->at++;
    node->end = (uint32_t)(w->at - w->begin);
    node->next = w->count;
    w->parent = node->parent;
    w->depth--;
    return value_done(w, container);
}

static enum place take_value(struct walk *w) {
    switch (peek(w)) {
    case '{': return container_open(w, JSON_OBJECT);
    case '[': return container_open(w, JSON_ARRAY);
    case '"': return take_string(w);
    case 't': return take_literal(w, JSON_TRUE, SLICE("true"));
    case 'f': return take_literal(w, JSON_FALSE, SLICE("false"));
    case 'n': return take_literal(w, JSON_NULL, SLICE("null"));
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': return take_number(w);
    default: return fail_here(w, "expected a value");
    }
}

static enum place take_after(struct walk *w) {
    const bool object = w->nodes[w->parent].type == JSON_OBJECT;
    if (peek(w) == (object ? '}' : ']')) return container_close(w);
    if (peek(w) != ',') return fail_here(w, object ? "expected a comma or }" : "expected a comma or ]");
    w->at++;
    return object ? PLACE_KEY : PLACE_VALUE;
}

static enum place step(struct walk *w, enum place place) {
    switch (place) {
    case PLACE_VALUE: return take_value(w);
    case PLACE_FIRST_ELEMENT: return peek(w) == ']' ? container_close(w) : take_value(w);
    case PLACE_FIRST_KEY: return peek(w) == '}' ? container_close(w) : take_key(w);
    case PLACE_KEY: return take_key(w);
    case PLACE_AFTER: return take_after(w);
    case PLACE_TAIL: return w->at == w->end ? PLACE_DONE : fail(w, OUTCOME_INVALID, w->at, "bytes behind the document");
    case PLACE_DONE: break;
    }
    return PLACE_DONE;
}

static void refuse_twins(struct walk *w, const struct json_doc *doc) {
    uint32_t twin = JSON_NONE;
    const enum outcome outcome = json_keys_find_twin(doc, w->arena, &twin);
    if (outcome != OUTCOME_OK)
        fail(w, outcome, w->end, "out of memory");
    else if (twin != JSON_NONE)
        fail(w, OUTCOME_INVALID, w->begin + doc->nodes[twin].begin, "duplicate key");
}

static void walk_all(struct walk *w) {
    if (slice_starts_with(slice_of(w->begin, (size_t)(w->end - w->begin)), SLICE("\xef\xbb\xbf"))) {
        fail(w, OUTCOME_INVALID, w->begin, "byte order mark");
        return;
    }
    for (enum place place = PLACE_VALUE; place != PLACE_DONE;) {
        skip_space(w);
        place = step(w, place);
    }
}

static uint32_t limit_or(uint32_t limit, uint32_t otherwise) {
    return limit ? limit : otherwise;
}

enum outcome json_walk(struct slice text, const struct json_limits *limits, struct arena *arena,
                       struct json_doc *doc_out, struct json_error *error_out) {
    static const struct json_limits defaults = {0};
    if (limits == NULL) limits = &defaults;
    const char *begin = text.data ? text.data : "";
    struct walk w = {
        .begin = begin,
        .at = begin,
        .end = begin + text.len,
        .arena = arena,
        .max_nodes = limit_or(limits->max_nodes, JSON_NODES_DEFAULT),
        .max_depth = limit_or(limits->max_depth, JSON_DEPTH_DEFAULT),
        .parent = JSON_NONE,
        .lenient = limits->lenient_surrogates,
    };
    *doc_out = (struct json_doc){.text = text};
    if (text.len > UINT32_MAX)
        fail(&w, OUTCOME_OVERFLOW, begin, "4 GiB or longer");
    else
        walk_all(&w);
    const struct json_doc doc = {.text = text, .nodes = w.nodes, .count = w.count};
    if (w.outcome == OUTCOME_OK) refuse_twins(&w, &doc);
    if (w.outcome == OUTCOME_OK) *doc_out = doc;
    if (error_out) *error_out = w.error;
    return w.outcome;
}

uint32_t json_member(const struct json_doc *doc, uint32_t object, struct slice name) {
    if (!json_is(doc, object, JSON_OBJECT)) return JSON_NONE;
    for (uint32_t key = json_first(doc, object); key != JSON_NONE; key = json_after(doc, object, key)) {
        const struct slice raw = json_raw(doc, key);
        if (doc->nodes[key].escaped ? json_text_is(raw, name) : slice_equal(raw, name)) return json_value_of(doc, key);
    }
    return JSON_NONE;
}

bool json_uint(const struct json_doc *doc, uint32_t node, uint64_t *value_out) {
    if (!json_is(doc, node, JSON_NUMBER)) return false;
    const struct slice digits = json_raw(doc, node);
    uint64_t value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9') return false;
        value = value * 10 + (uint64_t)(digits.data[i] - '0'); /* the walk refused what exceeds int64 */
    }
    *value_out = value;
    return true;
}
