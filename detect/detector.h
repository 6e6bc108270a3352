/* Text -> findings: the public face of the room.
 *
 * A detector is rules compiled into one Hyperscan database, immutable and shared by all threads. A
 * scan is one block-mode pass over the scan text; what a pattern alone cannot decide (checksums,
 * ranges, entropy, placeholders) is confirmed in C by the rule's validator, and the rule's extent
 * narrows a hit to the value (`password = "x"` -> x).
 *
 * Errors:  anything but a complete pass is an error, and the caller blocks: there is no partial result.
 * Threads: detector_scan may run on any number of threads at once; each thread gets its own scratch,
 *          made at its first scan (a few milliseconds) and freed when the thread ends.
 * No I/O at scan time; no knowledge of HTTP, tokens or upstreams. */
#ifndef SLUICE_DETECT_DETECTOR_H
#define SLUICE_DETECT_DETECTOR_H

#include "base/arena.h"
#include "base/outcome.h"
#include "base/slice.h"
#include "detect/finding.h"
#include "detect/scan_text.h"

struct detector;

/* One rule pack: YAML text and the name that errors say. The built-in ones are embedded in the program. */
struct pack_source {
    const char *name;
    struct slice yaml;
};

/* The built-in packs by name ("secrets", "pii", "network", "finance", "strict"); data NULL when there is none. */
struct pack_source pack_builtin(const char *name);

/* Parses and compiles the packs and runs every rule's examples in both directions; a rule whose
 * examples do not hold is an error that names pack, line and rule. Fractions of a second. */
enum outcome detector_create(const struct pack_source *packs, uint32_t pack_count, struct detector **detector_out,
                             struct detail *detail) MUST_CHECK;

/* Sets *detector to NULL; NULL is allowed. No scan may be running. */
void detector_destroy(struct detector **detector);

/* Scans the whole text. The findings live in `arena`. OVERFLOW: more findings than fit or the arena
 * is full; ENGINE: Hyperscan failed; both mean block. */
enum outcome detector_scan(const struct detector *detector, const struct scan_text *text, struct arena *arena,
                           struct finding_list *findings_out) MUST_CHECK;

uint32_t detector_rule_count(const struct detector *detector);

/* rule < detector_rule_count. */
const struct rule_info *detector_rule(const struct detector *detector, uint16_t rule);

#endif
