/* Anthropic messages, token counts and the list of models, as platform.claude.com/docs/en/api has them.
 *
 * The blocks of an answer are thinking, text and tool calls, in this order; a stream sends one after the other:
 *
 *     message_start | content_block_start ping? content_block_delta.. content_block_stop |.. message_delta message_stop
 */
#ifndef SLUICE_BENCH_MOCK_ANTHROPIC_MESSAGES_H
#define SLUICE_BENCH_MOCK_ANTHROPIC_MESSAGES_H

#include "bench/mock/format.h"

extern const struct format anthropic_format;

format_answer_fn anthropic_messages_answer;
format_answer_fn anthropic_count_answer;
format_answer_fn anthropic_models_answer;
format_answer_fn anthropic_model_answer;

#endif
