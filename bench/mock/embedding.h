/* Vectors that depend on the text alone. */
#ifndef SLUICE_BENCH_MOCK_EMBEDDING_H
#define SLUICE_BENCH_MOCK_EMBEDDING_H

#include <jansson.h>
#include <stddef.h>

#include "base/slice.h"

#define EMBEDDING_DIMENSIONS 8u
#define EMBEDDING_DIMENSIONS_MOST 4096u

/* Each in [-1, 1). */
void embedding_fill(struct slice text, float *numbers_out, size_t count);

/* As a list of numbers, EMBEDDING_DIMENSIONS long; of the JSON value's text, which says the same for the same value. */
json_t *embedding_of_value(json_t *value);

#endif
