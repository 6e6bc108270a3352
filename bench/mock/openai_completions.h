/* OpenAI completions (the legacy endpoint), as platform.openai.com/docs/api-reference/completions has them.
 *
 * Each prompt of the list has `n` choices, in order; in a stream their deltas take turns. */
#ifndef SLUICE_BENCH_MOCK_OPENAI_COMPLETIONS_H
#define SLUICE_BENCH_MOCK_OPENAI_COMPLETIONS_H

#include "bench/mock/format.h"

extern const struct format openai_completions_format;

format_answer_fn openai_completions_answer;

#endif
