/* A YAML document as a read-only tree that remembers where everything stood.
 *
 * Configuration, policies and rule packs are read with it. libyaml does the reading; this keeps line
 * and column, so that an error can name them. Strict: one document, no aliases or tags, no duplicate
 * keys, depth at most 32, keys are scalars, no NUL in a text. JSON is YAML too.
 *
 * Owns: the tree owns a copy of everything; nodes live until yaml_tree_destroy.
 * Units: line and column count from 1.  Threads: read-only after loading. */
#ifndef SLUICE_BASE_YAML_TREE_H
#define SLUICE_BASE_YAML_TREE_H

#include <stdint.h>

#include "base/outcome.h"
#include "base/slice.h"

enum yaml_type { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
    enum yaml_type type;
    bool quoted; /* the scalar stood in quotes or a block: never a number or a boolean */
    unsigned line, column;
    struct slice text;             /* scalar; NUL-terminated behind its end */
    const struct yaml_node *key;   /* of a map's member: its name; else NULL */
    const struct yaml_node *first; /* of a list or map: its members in order */
    const struct yaml_node *next;  /* sibling */
};

struct yaml_tree;

/* `name` stands in error messages ("sluice.yaml"). INVALID with detail "name:line:column: ..."; OVERFLOW or
 * NO_MEMORY. *tree_out is NULL on any error. A text without a document is an empty map. */
enum outcome yaml_tree_load(struct slice text, const char *name, struct yaml_tree **tree_out,
                            struct detail *detail) MUST_CHECK;

/* Reads a whole file of at most 16 MiB; NOT_FOUND, IO or INVALID. */
enum outcome yaml_tree_load_file(const char *path, struct yaml_tree **tree_out, struct detail *detail) MUST_CHECK;

/* Sets *tree to NULL; NULL is allowed. */
void yaml_tree_destroy(struct yaml_tree **tree);

const struct yaml_node *yaml_tree_root(const struct yaml_tree *tree);
const char *yaml_tree_name(const struct yaml_tree *tree);

/* The member of that name, or NULL; also NULL when `map` is NULL or no map. */
const struct yaml_node *yaml_member(const struct yaml_node *map, const char *name);

/* Unquoted scalars only; false when the text is not of that form: decimal numbers that fit, always finite;
 * true, false, yes, no, on, off in either case. *value_out is then undefined. */
bool yaml_bool(const struct yaml_node *node, bool *value_out);
bool yaml_int(const struct yaml_node *node, int64_t *value_out);
bool yaml_double(const struct yaml_node *node, double *value_out);

#endif
