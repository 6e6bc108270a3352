/* Reads the objects of a request by tables of their members, so that nothing is passed over in silence.
 *
 * A table is the complete list of what an object may hold: a member that has a function is read, one without is a
 * hint that may be dropped, and one that is not in the table cannot be carried (UNSUPPORTED). A member whose
 * value is null counts as not there.
 *
 *   path    where the object stands, for people: "messages[].content[]"
 *   place   offset of the field that a function writes to, in the struct that is being filled
 *
 * Errors: the first problem stays; it names path and member, both static. */
#ifndef SLUICE_GATEWAY_TRANSLATE_READING_H
#define SLUICE_GATEWAY_TRANSLATE_READING_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/outcome.h"
#include "gateway/body/json_walk.h"
#include "gateway/translate/conversation.h"
#include "gateway/translate/translate.h"

struct reading {
    const struct json_doc *doc;
    struct arena *arena;
    struct conversation *conversation;
    struct translate_problem *problem;
    const char *path, *member; /* of what is being read */
};

/* Reads the value at `node` into the field at `into`. */
typedef enum outcome reading_fn(struct reading *reading, uint32_t node, void *into);

struct member {
    const char *name; /* NULL ends the table */
    reading_fn *read; /* NULL: a hint, dropped */
    size_t place;
};

struct member_table {
    const char *path;
    const struct member *members;
};

/* INVALID when the node is no object. */
enum outcome reading_object(struct reading *reading, uint32_t node, const struct member_table *table,
                            void *into) MUST_CHECK;

/* Calls `each` with every element; INVALID when the node is no array. */
enum outcome reading_array(struct reading *reading, uint32_t node, reading_fn *each, void *into) MUST_CHECK;

/* Notes the problem at the member at hand and answers `outcome`. The reason is static text. */
enum outcome reading_refuse(struct reading *reading, uint32_t node, enum outcome outcome, const char *reason);

/* Fields of one kind each. INVALID when the node has another type. */
reading_fn reading_string;  /* struct slice: encoded */
reading_fn reading_number;  /* struct slice: as written */
reading_fn reading_count;   /* struct slice: as written; digits only */
reading_fn reading_setting; /* enum setting */
reading_fn reading_json;    /* struct slice: JSON, an object */
reading_fn reading_node;    /* uint32_t: the node, to be read later */
reading_fn reading_stop;    /* nothing: a string or an array of strings, added to the conversation's stop texts */
reading_fn reading_ignored; /* nothing: read otherwise, such as an object's `type` */

/* What only has a meaning that can be left out when it is off: false, 0, "", [] or {}. UNSUPPORTED else. */
reading_fn reading_off;

/* Answers INVALID when a member that must be there was not: `field` is absent. */
enum outcome reading_require(struct reading *reading, uint32_t node, struct slice field, const char *reason) MUST_CHECK;

/* A kind of part, by its member `type`, and how it is read into a struct part. */
struct part_form {
    const char *type; /* NULL ends the list */
    enum part_kind kind;
    const struct member_table *table;
};

/* Reads an object into a part at the end of `list`; text that says nothing is left out. UNSUPPORTED: a type that is
 * not among the forms. INVALID: an image without a source, a call or result without its id or name. */
enum outcome reading_part(struct reading *reading, uint32_t node, const struct part_form *forms,
                          struct part_list *list) MUST_CHECK;

/* A string is one TEXT part, an array is parts. INVALID: neither. */
enum outcome reading_content(struct reading *reading, uint32_t node, const struct part_form *forms,
                             struct part_list *list) MUST_CHECK;

/* Adds a part of encoded text, unless it says nothing. NO_MEMORY. */
enum outcome reading_text_add(struct reading *reading, enum part_kind kind, struct slice text,
                              struct part_list *list) MUST_CHECK;

/* What cannot be left out at all. UNSUPPORTED, always. */
reading_fn reading_refused;

/* The index of the string among `words` (the last is NULL). INVALID: no string; UNSUPPORTED: none of them. */
enum outcome reading_word(struct reading *reading, uint32_t node, const char *const *words,
                          uint32_t *index_out) MUST_CHECK;

/* The text decoded: a copy in the arena only where it has escapes. NO_MEMORY. */
enum outcome reading_plain(struct arena *arena, struct slice encoded, struct slice *plain_out) MUST_CHECK;

/* Sets the problem of a writer: `feature` names what cannot be said. Answers UNSUPPORTED. problem may be NULL. */
enum outcome translate_refuse(struct translate_problem *problem, const char *feature, const char *reason);

#endif
