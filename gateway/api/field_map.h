/* What a string means, by where it stands in a body: paths such as `messages[].content[].text`.
 *
 * A wire format lists the paths whose strings are more than plain text; the rest of a body needs no
 * entry, since everything unknown is scanned as text. The map is a small tree, and applying it is one
 * pass over the walked document's tape.
 *
 * Path form: member names joined by `.`; `[]` behind a name stands for every element of its array;
 * `*` for any member name; `.**` at the end for everything below, keys included; `**.name` for a member of
 * that name wherever no other rule speaks of it. "KIND:" before the path
 * limits it to documents of one kind, such as a stream event's type.
 * Owns: map: its nodes.  Threads: immutable after creation, so any.  Errors: NO_MEMORY. */
#ifndef SLUICE_GATEWAY_API_FIELD_MAP_H
#define SLUICE_GATEWAY_API_FIELD_MAP_H

#include "base/outcome.h"
#include "gateway/body/json_walk.h"

enum field_meaning {
    FIELD_PLAIN = 0,  /* unknown or ordinary: scanned as text, may be edited */
    FIELD_TEXT,       /* text of the conversation: in answers, tokens in it are restored */
    FIELD_JSON_TEXT,  /* a string that is itself JSON (tool arguments): scanned one level deeper, restored with one more
                         escape */
    FIELD_WHOLE_TEXT, /* in stream events: a text that is here in full, not a piece of one that grows */
    FIELD_WHOLE_JSON_TEXT, /* the same for tool arguments */
    FIELD_OPAQUE,          /* signed or encrypted: scanned, never edited; a hit blocks */
    FIELD_BINARY,    /* base64 or a data: URL, or a remote URL: the policy for binary parts and references decides */
    FIELD_REFERENCE, /* an id of content that sluice never saw */
    FIELD_TOKEN_IDS, /* text, or integers that cannot be scanned and are refused */
    FIELD_MODEL,     /* the model's name: mapped for each upstream */
    FIELD_STRIPPED,  /* in answers: raw pieces that would show tokens; becomes null */
};

struct field_rule {
    const char *path;
    enum field_meaning meaning;
};

struct field_map;

enum outcome field_map_create(const struct field_rule *rules, uint32_t count, struct field_map **map_out) MUST_CHECK;

/* Sets *map to NULL; NULL is allowed. */
void field_map_destroy(struct field_map **map);

/* Sets `field` of every node of the document. */
void field_map_apply(const struct field_map *map, struct json_doc *doc);

/* The same with the rules of one kind only. False: no rule speaks of that kind, and nothing was set. */
bool field_map_apply_kind(const struct field_map *map, struct json_doc *doc, struct slice kind);

/* The meaning of a node after apply. A key has one only below a `.**`. */
enum field_meaning field_map_meaning(const struct field_map *map, const struct json_node *node);

/* The path of the rule that gave `field` its meaning; NULL for a field that has none. */
const char *field_map_path(const struct field_map *map, uint16_t field);

#endif
