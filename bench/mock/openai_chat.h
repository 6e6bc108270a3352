/* OpenAI chat completions and the list of models, as platform.openai.com/docs/api-reference/chat has them.
 *
 * A stream is: each choice's role, then the deltas of all choices and tool calls in turns (so that what a
 * reader keeps per stream is put to the test), then each choice's finish, usage when asked for, [DONE]. */
#ifndef SLUICE_BENCH_MOCK_OPENAI_CHAT_H
#define SLUICE_BENCH_MOCK_OPENAI_CHAT_H

#include "bench/mock/format.h"

format_answer_fn openai_chat_answer;
format_answer_fn openai_models_answer;
format_error_fn openai_error;

#endif
