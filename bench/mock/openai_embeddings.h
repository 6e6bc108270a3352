/* OpenAI embeddings, as platform.openai.com/docs/api-reference/embeddings has them: numbers, or base64 of
 * little-endian 32-bit floats. The numbers depend on the text alone, so that the same text has the same vector. */
#ifndef SLUICE_BENCH_MOCK_OPENAI_EMBEDDINGS_H
#define SLUICE_BENCH_MOCK_OPENAI_EMBEDDINGS_H

#include "bench/mock/format.h"

extern const struct format openai_embeddings_format;

format_answer_fn openai_embeddings_answer;

#endif
