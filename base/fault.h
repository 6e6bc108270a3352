/* Faults that tests inject into the steps of an exchange.
 *
 * Built with SLUICE_FAULTS (the asan and tsan presets), SLUICE_FAULT=scan in the environment makes
 * the step `scan` fail; the proof is that the upstream then sees no byte. Release builds hold no
 * trace of it: fault_hit is a constant false. */
#ifndef SLUICE_BASE_FAULT_H
#define SLUICE_BASE_FAULT_H

#include <stdbool.h>

#ifdef SLUICE_FAULTS
/* True when SLUICE_FAULT names this point. Threads: any. */
bool fault_hit(const char *point);
#else
static inline bool fault_hit(const char *point) {
    (void)point;
    return false;
}
#endif

#endif
