/* OpenAI Responses, as platform.openai.com/docs/api-reference/responses has them: create, retrieve, its input
 * items, delete, cancel, compact, count of input tokens.
 *
 * An answer is kept by its id unless "store" is false; a request that names it in previous_response_id, its
 * conversation, or a compaction item made of it, is answered by one who knows what was told before.
 * Errors: no such id is 404, or 400 when a request continues it, as the vendor has it. */
#ifndef SLUICE_BENCH_MOCK_OPENAI_RESPONSES_H
#define SLUICE_BENCH_MOCK_OPENAI_RESPONSES_H

#include "bench/mock/format.h"

extern const struct format openai_responses_format;

format_answer_fn responses_create;
format_answer_fn responses_compact;
format_answer_fn responses_count;
format_answer_fn responses_retrieve;
format_answer_fn responses_input_items;
format_answer_fn responses_delete;
format_answer_fn responses_cancel;

#endif
