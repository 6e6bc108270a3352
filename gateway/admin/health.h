/* GET /healthz and /readyz: answered by sluice itself, at every address that it listens at.
 *
 * healthz: the process runs its loops.  readyz: it takes requests; 503 while it drains. */
#ifndef SLUICE_GATEWAY_ADMIN_HEALTH_H
#define SLUICE_GATEWAY_ADMIN_HEALTH_H

#include "base/buffer.h"
#include "gateway/http/http_head.h"

bool health_is_asked(const struct http_head *head);

/* Appends the whole answer to the head's question. */
void health_write(const struct http_head *head, bool draining, bool keep_alive, struct buffer *out);

#endif
