/* The patterns of all rules, compiled, and the search for their hits.
 *
 * Knowing where a match begins costs Hyperscan most of its speed, and almost no byte of ordinary text
 * is part of a match. So a scan has two steps:
 *
 *     text -> [all patterns, ends only] -> windows -> [one pattern, with starts] -> hits
 *
 * A pattern of one fixed length needs no second step. A window reaches back from an end by the
 * pattern's longest match; windows of a rule that touch are one, so the second step reads no byte
 * twice for a rule, and both are linear in the text.
 *
 * Patterns are matched byte by byte (no UTF-8 mode: Hyperscan's behaviour is undefined on text that
 * is not UTF-8); ^ and $ are the ends of a line.
 *
 * Owns: the compiled patterns.  Threads: database_scan on any number at once. */
#ifndef SLUICE_DETECT_DATABASE_H
#define SLUICE_DETECT_DATABASE_H

#include "base/arena.h"
#include "detect/rule.h"

/* A pattern's longest match, in bytes; an extent finds what is longer. */
#define DATABASE_LONGEST_MATCH 1024u

struct database;

/* One hit: of all matches of a rule that begin at one place, the longest. Hits come in no certain
 * order, and one may lie within another. False stops the scan. Must not scan. */
typedef bool database_on_hit(void *context, uint16_t rule, struct text_range hit);

/* INVALID, with detail, names the rule whose pattern does not compile or has no bounded length;
 * UNSUPPORTED: this processor cannot run Hyperscan. `rules` is not needed afterwards. */
enum outcome database_create(const struct rule *rules, uint32_t rule_count, struct database **database_out,
                             struct detail *detail) MUST_CHECK;

/* Sets *database to NULL; NULL is allowed. */
void database_destroy(struct database **database);

/* Notes are taken in `arena`. OVERFLOW: the arena is full, or on_hit stopped; ENGINE: Hyperscan failed;
 * NO_MEMORY: this thread's scratch could not be made. on_hit never fires after the return. */
enum outcome database_scan(const struct database *database, struct slice text, struct arena *arena,
                           database_on_hit *on_hit, void *context) MUST_CHECK;

#endif
