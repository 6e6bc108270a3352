/* One pass over a text: the hits of the database, narrowed, confirmed and put in order.
 *
 * Threads: any number at once. */
#ifndef SLUICE_DETECT_PASS_H
#define SLUICE_DETECT_PASS_H

#include "detect/database.h"

/* More findings than this in one text is no prompt that anybody could review: the request blocks. */
#define PASS_FINDINGS_MOST 65536u

/* The findings live in `arena`: sorted by begin, then longer first, then rule; none lies within another
 * of the same rule. Outcomes as database_scan. */
enum outcome pass_run(const struct database *database, const struct rule *rules, uint32_t rule_count, struct slice text,
                      struct arena *arena, struct finding_list *findings_out) MUST_CHECK;

#endif
