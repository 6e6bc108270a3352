/* A chat request as agents send it: a system prompt, then turns of prose, code and tool results. */
#ifndef SLUICE_BENCH_WALK_PROMPT_BODY_H
#define SLUICE_BENCH_WALK_PROMPT_BODY_H

#include <stddef.h>

#include "base/buffer.h"

/* Appends one JSON body of at least `bytes`, the same for every run; `out` is empty and unlimited. */
void prompt_body_write(struct buffer *out, size_t bytes);

#endif
