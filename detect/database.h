/* The patterns of all rules, compiled into one Hyperscan database, and one pass over a text for their hits.
 *
 * Patterns are short, so that asking for the start of a match costs nothing that can be measured on
 * ordinary text; what is long (a PEM block, the tail of a token) is an extent's business. They are matched
 * byte by byte (no UTF-8 mode: Hyperscan's behaviour is undefined on text that is not UTF-8); ^ and $
 * are the ends of a line.
 *
 * Owns: the compiled patterns.  Threads: database_scan on any number at once. */
#ifndef SLUICE_DETECT_DATABASE_H
#define SLUICE_DETECT_DATABASE_H

#include "base/arena.h"
#include "detect/rule.h"

/* A pattern's longest match, in bytes. */
#define DATABASE_LONGEST_MATCH 1024u

struct database;

/* One hit: of the matches of a rule that begin at one place, the longest. Hits come in no certain order,
 * and one may lie within another. False stops the scan. Must not scan. */
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
