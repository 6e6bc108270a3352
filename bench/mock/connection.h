/* One connection of an agent: reads requests, one after the other, and plays each one's reply.
 *
 *     bytes -> capture -> request_reader -> answer -> player -> next request
 *
 * While a reply plays, reading goes on, so that a peer that leaves is seen; what it sent ahead waits.
 *
 * Owns:         itself; it is freed when its last handle closed.
 * Re-entrancy:  on_gone fires inside that; it must not use the connection any more than to unlink it. */
#ifndef SLUICE_BENCH_MOCK_CONNECTION_H
#define SLUICE_BENCH_MOCK_CONNECTION_H

#include <uv.h>

#include "bench/mock/answer.h"
#include "bench/mock/capture.h"

struct connection;

/* What the connections of a server share; outlives them. */
struct connection_context {
    struct answer_sources sources;
    struct capture *capture;
    struct connection *first;   /* all open connections */
    char read_buffer[64 << 10]; /* one loop, and each read is used up before the next */
};

/* Accepts what waits on `listener`; a failure drops it. `name` outlives the connection. */
void connection_accept(struct connection_context *context, uv_stream_t *listener, const char *name);

/* Closes every connection. */
void connection_close_all(struct connection_context *context);

#endif
