/* Writes a server-sent event again with other data, and everything else as it was. */
#ifndef SLUICE_GATEWAY_EXCHANGE_EVENT_WRITER_H
#define SLUICE_GATEWAY_EXCHANGE_EVENT_WRITER_H

#include "base/buffer.h"
#include "gateway/body/sse.h"

/* Appends `event` with `data` in the place of its data. Line ends, other fields and comments stay. Where the
 * event had several data lines, the new data stands at the first of them. A failure is the buffer's. */
void event_write(const struct sse_event *event, struct slice data, struct buffer *out);

#endif
