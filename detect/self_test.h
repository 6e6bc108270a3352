/* Every rule's examples, run in both directions before a detector is handed out. */
#ifndef SLUICE_DETECT_SELF_TEST_H
#define SLUICE_DETECT_SELF_TEST_H

#include "detect/database.h"
#include "detect/rule_set.h"

/* INVALID, with detail, names the first rule, and the line of its example, that does not hold. */
enum outcome self_test_run(const struct database *database, const struct rule_set *set,
                           struct detail *detail) MUST_CHECK;

#endif
