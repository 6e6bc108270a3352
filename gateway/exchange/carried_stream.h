/* A restored stream of the upstream's format, carried into the agent's.
 *
 *     restored bytes -> events of the upstream's framing -> translate_stream -> bytes in the agent's framing
 *
 * Errors: sticky; answered by carried_stream_end, which tells the agent.  Threads: one at a time. */
#ifndef SLUICE_GATEWAY_EXCHANGE_CARRIED_STREAM_H
#define SLUICE_GATEWAY_EXCHANGE_CARRIED_STREAM_H

#include "gateway/api/bridge.h"

struct carried_stream;

/* `separate_usage`: the agent asked for its usage in a chunk of its own (OpenAI chat, stream_options.include_usage). */
enum outcome carried_stream_create(const struct api_bridge *bridge, bool separate_usage,
                                   struct carried_stream **stream_out) MUST_CHECK;

/* Sets *stream to NULL; NULL is allowed. */
void carried_stream_destroy(struct carried_stream **stream);

enum outcome carried_stream_feed(struct carried_stream *stream, struct slice bytes, struct buffer *out) MUST_CHECK;

/* The upstream sends no more; `complete`: in order. Ends the agent's stream, with an error event unless it was at its
 * end. */
void carried_stream_end(struct carried_stream *stream, bool complete, struct buffer *out);

#endif
