/* The mock as a process: listeners, signals, and one loop until SIGTERM or SIGINT. */
#ifndef SLUICE_BENCH_MOCK_SERVER_H
#define SLUICE_BENCH_MOCK_SERVER_H

#include "base/outcome.h"
#include "bench/mock/args.h"

/* Listens, says so on standard output and in the port file, and serves until it is told to stop. OK: it was
 * told to. Else nothing was served, and detail says why. */
enum outcome server_run(const struct args *args, struct detail *detail) MUST_CHECK;

#endif
