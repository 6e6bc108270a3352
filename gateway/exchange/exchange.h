/* One request and its answer: the nine steps as a table of states.
 *
 *     READING -> SPAN -> SCAN -> DECIDE -> SELECT -> MINT -> ASSEMBLE -> RECHECK -> RECORD -> CLEAR -> SENDING ->
 * ANSWERING -> DONE |         |       |        |         |        |        |          |          |        |        | |
 *        +---------+-------+--------+---------+--------+--------+----------+----------+--------+--------+--> REFUSING
 * -> DONE
 *
 * Each state has one function and a list of states that may follow; a move to any other state aborts. A
 * state that waits (for the disk, a worker thread, the upstream) is entered again when its callback has
 * recorded what happened. Nothing but CLEAR makes a cleared body, and nothing but SENDING has one to send.
 *
 * Steps over a large body run on a worker thread, so that one agent's long context delays nobody else.
 *
 * Owns:    the body, the arena with all plaintext, the upstream connection while it uses one.
 * Threads: its worker's loop.
 * Lifetime: an exchange frees itself when it is done and nothing that it handed out is still on its way back. */
#ifndef SLUICE_GATEWAY_EXCHANGE_EXCHANGE_H
#define SLUICE_GATEWAY_EXCHANGE_EXCHANGE_H

#include "base/outcome.h"
#include "base/slice.h"
#include "gateway/http/http_head.h"

struct client;
struct exchange;
struct worker;

/* A head has arrived. The exchange may be refused already (wrong route, unknown agent): exchange_wants_body tells.
 * `admin`: only health routes. NO_MEMORY. */
enum outcome exchange_create(struct worker *worker, struct client *client, const struct http_head *head, bool admin,
                             struct exchange **exchange_out) MUST_CHECK;

/* False: the request is refused by its head; call exchange_begin at once, the connection will close. */
bool exchange_wants_body(const struct exchange *exchange);

void exchange_body(struct exchange *exchange, struct slice bytes);

/* The request is complete. May answer before it returns. */
void exchange_begin(struct exchange *exchange);

/* The agent has gone: the upstream is cancelled, and the exchange forgets its client. */
void exchange_cancel(struct exchange *exchange);

/* The agent's connection took what was waiting: the upstream may go on. */
void exchange_drained(struct exchange *exchange);

/* The client's timer fired. */
void exchange_timeout(struct exchange *exchange);

#endif
