/* OpenAI chat completions, as platform.openai.com/docs/api-reference/chat has them.
 *
 * A stream is: each choice's role, then the deltas of all choices and tool calls in turns (so that what a
 * reader keeps per stream is put to the test), then each choice's citations and finish, usage when asked for,
 * [DONE]. Thinking is `reasoning_content`, as other vendors of this format add it. */
#ifndef SLUICE_BENCH_MOCK_OPENAI_CHAT_H
#define SLUICE_BENCH_MOCK_OPENAI_CHAT_H

#include "bench/mock/format.h"

extern const struct format openai_chat_format;

format_answer_fn openai_chat_answer;

#endif
