/* One rule of a pack, ready to be compiled and confirmed.
 *
 * Glossary
 *   pattern    what Hyperscan looks for; short, the anchor of a find rather than all of it
 *   extent     from a hit of the pattern to its value: narrower (`password = "x"` -> x) or wider (a whole PEM block)
 *   validator  decides in C what a pattern cannot: checksums, ranges, entropy, what stands on either side
 *
 * Owns: nothing: texts belong to the rule set.  Threads: read-only. */
#ifndef SLUICE_DETECT_RULE_H
#define SLUICE_DETECT_RULE_H

#include "base/yaml_tree.h"
#include "detect/finding.h"
#include "detect/text_range.h"

#define RULE_VALIDATORS_MOST 4u

/* True when `value`, a range of `text`, is what the rule is after. Pure. */
typedef bool validate_fn(struct slice text, struct text_range value);

/* Turns the hit in *range into its value; false when there is no value. Pure. */
typedef bool extent_fn(struct slice text, struct text_range *range);

struct rule {
    struct rule_info info;
    const char *pattern; /* NUL-terminated */
    bool caseless;
    extent_fn *extent; /* NULL: the hit is the value */
    validate_fn *validators[RULE_VALIDATORS_MOST];
    uint32_t validator_count;
    const struct yaml_node *examples, *counterexamples; /* lists, checked for form */
    const char *pack;                                   /* for errors, with where the rule stands in it */
    unsigned line, column;
};

#endif
