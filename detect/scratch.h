/* Hyperscan's working memory: one for each thread and database, made when a thread first scans.
 *
 * A thread keeps the scratches of its SCRATCH_KEPT latest databases, so that a few policies side by
 * side, or the old and the new snapshot of a reload, do not make it start over at every scan.
 *
 * Owns: a thread's scratches, until the thread ends.  Threads: scratch_get from any. */
#ifndef SLUICE_DETECT_SCRATCH_H
#define SLUICE_DETECT_SCRATCH_H

#include <hs/hs.h>
#include <stdint.h>

#include "base/outcome.h"

#define SCRATCH_KEPT 4u

/* Never the same twice in a process, unlike an address. */
uint64_t scratch_new_generation(void);

/* This thread's scratch of that generation, cloned from `prototype` when it has none yet. It must not be
 * in use. NO_MEMORY or ENGINE. */
enum outcome scratch_get(uint64_t generation, const hs_scratch_t *prototype, hs_scratch_t **scratch_out) MUST_CHECK;

/* Frees what this thread keeps of that generation; other threads replace theirs in time. */
void scratch_forget(uint64_t generation);

#endif
