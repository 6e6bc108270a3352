/* The command line of sluice-mock.
 *
 * Owns: nothing; texts point into argv, which lives as long as the process. */
#ifndef SLUICE_BENCH_MOCK_ARGS_H
#define SLUICE_BENCH_MOCK_ARGS_H

#include <stddef.h>

#include "base/outcome.h"

#define ARGS_LISTEN_MOST 8u

struct args {
    const char *listen[ARGS_LISTEN_MOST]; /* "127.0.0.1:0", "[::1]:8080" */
    const char *name[ARGS_LISTEN_MOST];   /* one for each listener, in order; "mock" when not given */
    size_t listen_count;
    const char *port_file; /* NULL: none */
    const char *capture;   /* NULL: keep nothing */
    const char *scenario;  /* NULL: echo */
};

/* OK: run. CLOSED: help was asked for and printed. INVALID: detail says what is wrong. */
enum outcome args_parse(int argc, char **argv, struct args *args_out, struct detail *detail) MUST_CHECK;

#endif
