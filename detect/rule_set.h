/* All rules of the packs that a detector is made of, in the order of the packs.
 *
 * Owns: the rules and the documents that their texts live in.
 * Errors: INVALID with detail "pack:line:column: rule `id`: ..."; unknown keys are errors.
 * Threads: read-only once created. */
#ifndef SLUICE_DETECT_RULE_SET_H
#define SLUICE_DETECT_RULE_SET_H

#include "detect/detector.h"
#include "detect/rule.h"

struct rule_set {
    struct yaml_tree **trees;
    uint32_t tree_count;
    struct rule *rules;
    uint32_t rule_count;
};

/* Rule ids are unique over all packs, and the same kind has the same label in all of them. On an error
 * nothing is left to destroy. */
enum outcome rule_set_load(struct rule_set *set, const struct pack_source *packs, uint32_t pack_count,
                           struct detail *detail) MUST_CHECK;

void rule_set_deinit(struct rule_set *set);

/* Says what is wrong with a rule, by pack, line and id; answers INVALID. */
enum outcome rule_refuse(const struct rule *rule, struct detail *detail, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
