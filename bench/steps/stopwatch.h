/* Times the steps of a request, one by one. */
#ifndef SLUICE_BENCH_STEPS_STOPWATCH_H
#define SLUICE_BENCH_STEPS_STOPWATCH_H

#include <stdint.h>
#include <stdio.h>

#include "base/outcome.h"
#include "base/slice.h"

struct stopwatch_options {
    uint32_t rounds;
    const char *policy; /* a built-in one */
};

/* Runs all rounds and prints a Markdown table. DENIED: the body is blocked by policy, so there is nothing to time. */
enum outcome stopwatch_run(const struct stopwatch_options *options, struct slice body, FILE *to,
                           struct detail *detail) MUST_CHECK;

#endif
