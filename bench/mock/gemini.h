/* Gemini, as ai.google.dev/api/generate-content has it: generateContent, streamGenerateContent, countTokens,
 * the list of models.
 *
 * A stream is events with ?alt=sse, and a JSON list of the same chunks without. Tool calls come whole. Thinking
 * is a part with "thought", and signs the first part behind it. */
#ifndef SLUICE_BENCH_MOCK_GEMINI_H
#define SLUICE_BENCH_MOCK_GEMINI_H

#include "bench/mock/format.h"

extern const struct format gemini_format;

format_answer_fn gemini_answer;
format_answer_fn gemini_count_answer;
format_answer_fn gemini_models_answer;

#endif
