/* The running gateway: one worker a core, and the thread that waits for signals.
 *
 *     service -> workers created (all listeners open, or nothing) -> threads -> SIGTERM/SIGINT -> drain -> join
 *
 * Owns: the service and the workers.  Threads: server_run takes the calling thread until the end. */
#ifndef SLUICE_GATEWAY_EXCHANGE_SERVER_H
#define SLUICE_GATEWAY_EXCHANGE_SERVER_H

#include "gateway/exchange/service.h"

struct server;

/* Takes the settings over, also on failure. */
enum outcome server_create(struct settings **settings, struct server **server_out, struct detail *detail) MUST_CHECK;

/* Serves until SIGTERM or SIGINT has drained everything. `on_ready` (may be NULL) is called on this thread once
 * every worker runs. */
enum outcome server_run(struct server *server, void (*on_ready)(void *owner), void *owner) MUST_CHECK;

/* What it serves with; alive as long as the server. */
const struct settings *server_settings(const struct server *server);

/* Sets *server to NULL; NULL is allowed. */
void server_destroy(struct server **server);

#endif
