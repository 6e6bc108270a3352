/* One agent's connection: requests come in one after the other, strictly serial, and each is an exchange.
 *
 *     bytes -> request_reader -> head: exchange_create -> body: exchange_body -> end: exchange_begin
 *                                                                       <- client_send ... client_answered
 *
 * Bytes of a next request that come early wait in a bounded buffer until the present one is answered.
 *
 * Owns:    the stream, the reader, one timer. An exchange owns itself; the two know each other while both live.
 * Threads: its worker's loop.
 * Re-entrancy: client_send and client_answered may be called inside the client's own callbacks; the memory goes
 *          when the outermost of them returns. */
#ifndef SLUICE_GATEWAY_EXCHANGE_CLIENT_H
#define SLUICE_GATEWAY_EXCHANGE_CLIENT_H

#include "base/slice.h"
#include "gateway/net/stream.h"

struct client;
struct worker;

/* Takes the stream over. `admin`: only health routes are answered. Closes it when memory is short. */
void client_accept(struct worker *worker, struct net_stream *stream, bool admin);

/* Sends bytes of the answer. False: the connection is broken; the exchange will be cancelled by an event of its own. */
bool client_send(struct client *client, struct slice bytes);

/* True when so much waits to be sent that the upstream should pause; exchange_drained follows. */
bool client_is_full(const struct client *client);

/* The exchange has ended, with its whole answer sent. `keep`: the connection may take another request. */
void client_answered(struct client *client, bool keep);

/* The answer cannot be completed: the connection is cut so that it does not look finished. */
void client_abort(struct client *client);

/* (Re)starts the client's timer for the exchange: exchange_timeout is called after delay_ms. 0 stops it. */
void client_time(struct client *client, uint32_t delay_ms);

/* The worker drains: idle connections close now, busy ones after their answer. `force`: all of them now. */
void client_drain(struct client *client, bool force);

/* The client whose `link` in worker->clients this is. */
struct ring;
struct client *client_of_link(struct ring *link);

#endif
