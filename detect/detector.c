/* Creating goes packs -> rule set -> database -> self-test; a detector whose rules do not do what their
 * packs promise never exists. */
#include "detect/detector.h"

#include <stdlib.h>

#include "base/require.h"
#include "detect/pass.h"
#include "detect/rule_set.h"
#include "detect/self_test.h"

struct detector {
    struct rule_set set;
    struct database *database;
};

enum outcome detector_create(const struct pack_source *packs, uint32_t pack_count, struct detector **detector_out,
                             struct detail *detail) {
    *detector_out = NULL;
    struct detector *detector = calloc(1, sizeof *detector);
    if (detector == NULL) return detail_set(detail, OUTCOME_NO_MEMORY, "rule packs: out of memory");
    enum outcome outcome = rule_set_load(&detector->set, packs, pack_count, detail);
    if (outcome == OUTCOME_OK)
        outcome = database_create(detector->set.rules, detector->set.rule_count, &detector->database, detail);
    if (outcome == OUTCOME_OK) outcome = self_test_run(detector->database, &detector->set, detail);
    if (outcome != OUTCOME_OK && outcome != OUTCOME_INVALID && outcome != OUTCOME_UNSUPPORTED)
        detail_set(detail, outcome, "rule packs: %s", outcome_text(outcome));
    if (outcome != OUTCOME_OK) detector_destroy(&detector);
    *detector_out = detector;
    return outcome;
}

void detector_destroy(struct detector **detector) {
    if (*detector == NULL) return;
    database_destroy(&(*detector)->database);
    rule_set_deinit(&(*detector)->set);
    free(*detector);
    *detector = NULL;
}

enum outcome detector_scan(const struct detector *detector, const struct scan_text *text, struct arena *arena,
                           struct finding_list *findings_out) {
    *findings_out = (struct finding_list){0};
    if (!scan_text_ok(text)) return OUTCOME_OVERFLOW;
    const struct rule_set *set = &detector->set;
    return pass_run(detector->database, set->rules, set->rule_count, slice_of(text->text, text->len), arena,
                    findings_out);
}

uint32_t detector_rule_count(const struct detector *detector) {
    return detector->set.rule_count;
}

const struct rule_info *detector_rule(const struct detector *detector, uint16_t rule) {
    require(rule < detector->set.rule_count);
    return &detector->set.rules[rule].info;
}
