/* jansson behind a face of our own: its header and gateway/body/json_walk.h name the same constants. */
#ifndef SLUICE_BENCH_WALK_JANSSON_LOAD_H
#define SLUICE_BENCH_WALK_JANSSON_LOAD_H

#include <stdbool.h>

#include "base/slice.h"

/* Parses with JSON_REJECT_DUPLICATES and frees the tree again; false when jansson refuses the text. */
bool jansson_load(struct slice text);

#endif
