/* A Responses answer as events: response.created, in_progress, each item's events, then completed, incomplete,
 * failed or error. Each event has a sequence_number; there is no [DONE]. */
#ifndef SLUICE_BENCH_MOCK_RESPONSES_STREAM_H
#define SLUICE_BENCH_MOCK_RESPONSES_STREAM_H

#include "bench/mock/chat_text.h"
#include "bench/mock/format.h"

/* `response` is the whole answer, with its output. */
void responses_stream(const struct format_asked *asked, struct reply *reply, json_t *response, size_t once_bytes);

#endif
