/* Restores a stream of server-sent events, event by event, as it arrives.
 *
 *     bytes -> events -> for each text of an event: its window -> the event with that text restored -> out
 *
 * Nothing is merged, dropped or reordered. A window holds back only what may be the start of a token;
 * when the text that it belongs to ends with something still held, one event is added that carries it,
 * before the event that ends the text. An event that is no JSON, or of a kind that the format does not
 * model, is searched as raw text and forwarded.
 *
 * Owns:    its windows and buffers.  Units: bytes.
 * Errors:  OVERFLOW (an event or the number of windows is over the limit), NO_MEMORY: sticky; what was
 *          appended before stands, and answer_stream_abort tells the agent.
 * Threads: one at a time. */
#ifndef SLUICE_GATEWAY_EXCHANGE_ANSWER_STREAM_H
#define SLUICE_GATEWAY_EXCHANGE_ANSWER_STREAM_H

#include "gateway/api/api.h"
#include "gateway/exchange/answer_document.h"

struct answer_stream;

enum outcome answer_stream_create(const struct api *api, const struct restore_source *source, bool tokens_issued,
                                  struct answer_stream **stream_out) MUST_CHECK;

/* Sets *stream to NULL; NULL is allowed. */
void answer_stream_destroy(struct answer_stream **stream);

/* Takes bytes of the upstream's body and appends what can leave to `out`. */
enum outcome answer_stream_feed(struct answer_stream *stream, struct slice bytes, struct buffer *out) MUST_CHECK;

/* The upstream's body is complete. A stream that did not come to its own end gets its held text and an
 * error event, never an invented end. *finished_out: it did come to its end. */
enum outcome answer_stream_finish(struct answer_stream *stream, struct buffer *out, bool *finished_out) MUST_CHECK;

/* The upstream failed, or a limit was hit: held text leaves literally, then an error event. */
void answer_stream_abort(struct answer_stream *stream, const struct api_error *error, struct buffer *out);

struct restore_counts answer_stream_counts(const struct answer_stream *stream);

#endif
