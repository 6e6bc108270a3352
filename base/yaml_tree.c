#include "base/yaml_tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/buffer.h"

#define LARGEST_FILE_BYTES (16u << 20)
#define LARGEST_TREE_BYTES (128u << 20)
#define DEEPEST 32
#define NO_TAGS "tags (!name) are not accepted"

struct yaml_tree {
    struct arena arena;
    const char *name;
    struct yaml_node *root;
};

struct reading {
    struct yaml_tree *tree;
    struct slice text;
    yaml_parser_t parser;
    struct detail *detail;
};

static enum outcome refuse(struct reading *reading, yaml_mark_t at, const char *what) {
    return detail_set(reading->detail, OUTCOME_INVALID, "%s:%zu:%zu: %s", reading->tree->name, at.line + 1,
                      at.column + 1, what);
}

/* Where a byte stands. libyaml gives only the offset when the bytes themselves are wrong (not UTF-8, a
 * control character). */
static yaml_mark_t mark_of(struct slice text, size_t offset) {
    yaml_mark_t mark = {.index = offset};
    for (size_t i = 0; i < offset && i < text.len; i++) {
        mark.column = text.data[i] == '\n' ? 0 : mark.column + 1;
        mark.line += text.data[i] == '\n';
    }
    return mark;
}

static enum outcome next_event(struct reading *reading, yaml_event_t *event) {
    yaml_parser_t *parser = &reading->parser;
    if (yaml_parser_parse(parser, event)) return OUTCOME_OK;
    if (parser->error == YAML_MEMORY_ERROR) return OUTCOME_NO_MEMORY;
    const char *problem = parser->problem ? parser->problem : "not readable as YAML";
    if (parser->error == YAML_READER_ERROR)
        return refuse(reading, mark_of(reading->text, parser->problem_offset), problem);
    return refuse(reading, parser->problem_mark, problem);
}

static struct yaml_node *node_create(struct reading *reading, const yaml_event_t *event, enum yaml_type type) {
    struct yaml_node *node = arena_zalloc(&reading->tree->arena, 1, sizeof *node);
    if (node == NULL) return NULL;
    node->type = type;
    node->line = (unsigned)event->start_mark.line + 1;
    node->column = (unsigned)event->start_mark.column + 1;
    return node;
}

static enum outcome read_node(struct reading *reading, yaml_event_t *event, int depth, struct yaml_node **node_out);

static enum outcome read_scalar(struct reading *reading, yaml_event_t *event, struct yaml_node **node_out) {
    const struct slice text = slice_of((const char *)event->data.scalar.value, event->data.scalar.length);
    if (event->data.scalar.tag) return refuse(reading, event->start_mark, NO_TAGS);
    if (memchr(text.data, 0, text.len)) return refuse(reading, event->start_mark, "a text must not hold a NUL");
    struct yaml_node *node = node_create(reading, event, YAML_SCALAR);
    char *copy = arena_string(&reading->tree->arena, text);
    if (node == NULL || copy == NULL) return OUTCOME_OVERFLOW;
    node->text = slice_of(copy, text.len);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    *node_out = node;
    return OUTCOME_OK;
}

static enum outcome read_key(struct reading *reading, yaml_event_t *event, const struct yaml_node *map,
                             struct yaml_node **key_out) {
    if (event->type != YAML_SCALAR_EVENT) return refuse(reading, event->start_mark, "a key must be a plain word");
    enum outcome outcome = read_scalar(reading, event, key_out);
    if (outcome != OUTCOME_OK) return outcome;
    if (yaml_member(map, (*key_out)->text.data)) {
        char what[96];
        snprintf(what, sizeof what, "the key `%.40s` stands twice", (*key_out)->text.data);
        return refuse(reading, event->start_mark, what);
    }
    return OUTCOME_OK;
}

static enum outcome read_members(struct reading *reading, struct yaml_node *parent, int depth) {
    const struct yaml_node **link = &parent->first;
    const yaml_event_type_t end = parent->type == YAML_MAP ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    for (;;) {
        yaml_event_t event;
        enum outcome outcome = next_event(reading, &event);
        if (outcome != OUTCOME_OK) return outcome;
        if (event.type == end) {
            yaml_event_delete(&event);
            return OUTCOME_OK;
        }
        struct yaml_node *key = NULL, *member = NULL;
        if (parent->type == YAML_MAP) {
            outcome = read_key(reading, &event, parent, &key);
            yaml_event_delete(&event);
            if (outcome == OUTCOME_OK) outcome = next_event(reading, &event);
            if (outcome != OUTCOME_OK) return outcome;
        }
        outcome = read_node(reading, &event, depth + 1, &member);
        yaml_event_delete(&event);
        if (outcome != OUTCOME_OK) return outcome;
        member->key = key;
        *link = member;
        link = &member->next;
    }
}

static enum outcome read_node(struct reading *reading, yaml_event_t *event, int depth, struct yaml_node **node_out) {
    if (depth > DEEPEST) return refuse(reading, event->start_mark, "nested deeper than 32 levels");
    switch (event->type) {
    case YAML_SCALAR_EVENT: return read_scalar(reading, event, node_out);
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT: break;
    case YAML_ALIAS_EVENT: return refuse(reading, event->start_mark, "aliases (*name) are not accepted");
    default: return refuse(reading, event->start_mark, "expected a value here");
    }
    const bool is_map = event->type == YAML_MAPPING_START_EVENT;
    if (is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag)
        return refuse(reading, event->start_mark, NO_TAGS);
    struct yaml_node *node = node_create(reading, event, is_map ? YAML_MAP : YAML_LIST);
    if (node == NULL) return OUTCOME_OVERFLOW;
    *node_out = node;
    return read_members(reading, node, depth);
}

static enum outcome expect_event(struct reading *reading, yaml_event_type_t type, const char *what) {
    yaml_event_t event;
    enum outcome outcome = next_event(reading, &event);
    if (outcome != OUTCOME_OK) return outcome;
    if (event.type != type) outcome = refuse(reading, event.start_mark, what);
    yaml_event_delete(&event);
    return outcome;
}

static enum outcome read_document(struct reading *reading) {
    enum outcome outcome = expect_event(reading, YAML_STREAM_START_EVENT, "expected the start of a stream");
    yaml_event_t event;
    if (outcome == OUTCOME_OK) outcome = next_event(reading, &event);
    if (outcome != OUTCOME_OK) return outcome;
    if (event.type == YAML_STREAM_END_EVENT) {
        reading->tree->root = node_create(reading, &event, YAML_MAP);
        yaml_event_delete(&event);
        return reading->tree->root ? OUTCOME_OK : OUTCOME_OVERFLOW;
    }
    yaml_event_delete(&event);
    outcome = next_event(reading, &event);
    if (outcome != OUTCOME_OK) return outcome;
    outcome = read_node(reading, &event, 0, &reading->tree->root);
    yaml_event_delete(&event);
    if (outcome == OUTCOME_OK) outcome = expect_event(reading, YAML_DOCUMENT_END_EVENT, "expected the document's end");
    if (outcome == OUTCOME_OK) outcome = expect_event(reading, YAML_STREAM_END_EVENT, "only one document is accepted");
    return outcome;
}

enum outcome yaml_tree_load(struct slice text, const char *name, struct yaml_tree **tree_out, struct detail *detail) {
    *tree_out = NULL;
    struct yaml_tree *tree = calloc(1, sizeof *tree);
    if (tree == NULL) return detail_set(detail, OUTCOME_NO_MEMORY, "%s: out of memory", name);
    arena_init(&tree->arena, LARGEST_TREE_BYTES);
    tree->name = arena_string(&tree->arena, slice_str(name));
    struct reading reading = {.tree = tree, .text = text, .detail = detail};
    enum outcome outcome = OUTCOME_NO_MEMORY;
    if (tree->name && yaml_parser_initialize(&reading.parser)) {
        yaml_parser_set_encoding(&reading.parser, YAML_UTF8_ENCODING);
        const char *bytes = text.len ? text.data : ""; /* libyaml asserts that it is not NULL */
        yaml_parser_set_input_string(&reading.parser, (const unsigned char *)bytes, text.len);
        outcome = read_document(&reading);
        yaml_parser_delete(&reading.parser);
    }
    if (outcome == OUTCOME_NO_MEMORY || outcome == OUTCOME_OVERFLOW)
        detail_set(detail, outcome, "%s: %s", name, outcome_text(outcome));
    if (outcome != OUTCOME_OK) yaml_tree_destroy(&tree);
    *tree_out = tree;
    return outcome;
}

static enum outcome read_file(const char *path, struct buffer *text, struct detail *detail) {
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return detail_set(detail, errno == ENOENT ? OUTCOME_NOT_FOUND : OUTCOME_IO, "%s: %s", path, strerror(errno));
    char block[16384];
    for (size_t got; (got = fread(block, 1, sizeof block, file)) > 0;) buffer_append(text, slice_of(block, got));
    const bool bad = ferror(file) != 0;
    fclose(file);
    if (bad) return detail_set(detail, OUTCOME_IO, "%s: reading failed", path);
    if (text->failed) return detail_set(detail, OUTCOME_OVERFLOW, "%s: larger than 16 MiB", path);
    return OUTCOME_OK;
}

enum outcome yaml_tree_load_file(const char *path, struct yaml_tree **tree_out, struct detail *detail) {
    *tree_out = NULL;
    struct buffer text;
    buffer_init(&text, LARGEST_FILE_BYTES);
    enum outcome outcome = read_file(path, &text, detail);
    if (outcome == OUTCOME_OK) outcome = yaml_tree_load(buffer_slice(&text), path, tree_out, detail);
    buffer_deinit(&text);
    return outcome;
}

void yaml_tree_destroy(struct yaml_tree **tree) {
    if (*tree == NULL) return;
    arena_reset(&(*tree)->arena);
    free(*tree);
    *tree = NULL;
}

const struct yaml_node *yaml_tree_root(const struct yaml_tree *tree) {
    return tree->root;
}

const char *yaml_tree_name(const struct yaml_tree *tree) {
    return tree->name;
}

const struct yaml_node *yaml_member(const struct yaml_node *map, const char *name) {
    if (map == NULL || map->type != YAML_MAP) return NULL;
    for (const struct yaml_node *member = map->first; member; member = member->next)
        if (slice_equal(member->key->text, slice_str(name))) return member;
    return NULL;
}

static bool is_word(const struct yaml_node *node, const char *a, const char *b, const char *c) {
    return slice_equal_nocase(node->text, slice_str(a)) || slice_equal_nocase(node->text, slice_str(b)) ||
           slice_equal_nocase(node->text, slice_str(c));
}

bool yaml_bool(const struct yaml_node *node, bool *value_out) {
    if (node->type != YAML_SCALAR || node->quoted) return false;
    *value_out = is_word(node, "true", "yes", "on");
    return *value_out || is_word(node, "false", "no", "off");
}

bool yaml_int(const struct yaml_node *node, int64_t *value_out) {
    if (node->type != YAML_SCALAR || node->quoted || node->text.len == 0) return false;
    char *end = NULL;
    errno = 0;
    *value_out = strtoll(node->text.data, &end, 10);
    return errno == 0 && end == node->text.data + node->text.len;
}

bool yaml_double(const struct yaml_node *node, double *value_out) {
    if (node->type != YAML_SCALAR || node->quoted || node->text.len == 0) return false;
    /* strtod also reads "nan", "inf" and hexadecimal; no setting means those, and NaN passes every range check. */
    if (strspn(node->text.data, "+-.0123456789eE") != node->text.len) return false;
    char *end = NULL;
    errno = 0;
    *value_out = strtod(node->text.data, &end);
    return errno == 0 && end == node->text.data + node->text.len;
}
