/* The form of a rule pack: one YAML document with the members `kinds` and `rules`.
 *
 *     kinds:
 *       - {name: email, label: EMAIL}
 *     rules:
 *       - id: email_address
 *         kind: email
 *         tier: MEDIUM              # LOW, MEDIUM, HIGH or BLOCKED
 *         pattern: '...'            # Hyperscan's dialect; its longest match must be bounded
 *         flags: [caseless]         # optional
 *         extent: email_address     # optional, a name of extent.h
 *         validator: email          # optional, a name of validate.h or a list of them, all must hold
 *         replace: true             # optional; false: a word that only routes
 *         confidence: 0.9           # over 0, at most 1
 *         examples:                 # at least two; a text, or a text and the value that must be found in it
 *           - 'mail bob@example.org now'
 *           - {text: 'mail bob@example.org now', value: 'bob@example.org'}
 *         counterexamples: [...]    # at least two texts that this rule must not find
 *
 * Errors: INVALID with detail "pack:line:column: ...".  Threads: any; no state. */
#ifndef SLUICE_DETECT_PACK_H
#define SLUICE_DETECT_PACK_H

#include "detect/rule.h"

#define PACK_EXAMPLES_FEWEST 2u

/* A kind's label: 1 to 12 upper-case ASCII letters, as tokens begin with it. */
#define PACK_LABEL_LONGEST 12u

struct pack_kind {
    const char *name, *label;
};

/* The document's top level has only known members, both lists. */
enum outcome pack_check(const struct yaml_tree *tree, struct detail *detail) MUST_CHECK;

/* The first member of `kinds` or `rules`, NULL when there is none; the others follow by `next`. */
const struct yaml_node *pack_members(const struct yaml_tree *tree, const char *list);

enum outcome pack_read_kind(const struct yaml_tree *tree, const struct yaml_node *node, struct pack_kind *kind_out,
                            struct detail *detail) MUST_CHECK;

/* Everything of the rule but its label, which the caller knows from all packs' kinds. Strings are views
 * of the tree. */
enum outcome pack_read_rule(const struct yaml_tree *tree, const struct yaml_node *node, struct rule *rule_out,
                            struct detail *detail) MUST_CHECK;

#endif
