/* What OpenAI's formats share: the shape of an error (platform.openai.com/docs/guides/error-codes), the list of
 * models, and small parts of bodies. */
#ifndef SLUICE_BENCH_MOCK_OPENAI_H
#define SLUICE_BENCH_MOCK_OPENAI_H

#include "bench/mock/format.h"

json_t *openai_error(const struct format_error *error);

/* The error that a scenario wants in mid-stream, in the same shape. */
json_t *openai_stream_error(json_t *told);

format_answer_fn openai_models_answer;
format_answer_fn openai_model_answer;

/* Events when the body says "stream": true. */
enum reply_form openai_form(const struct request *request, json_t *body);

/* The body's model; "mock" when it names none. */
const char *openai_model(json_t *body);

/* {"token": .., "logprob": .., ..} for one piece of text. */
json_t *openai_logprob(struct slice piece);

#endif
