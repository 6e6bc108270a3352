/* JSON values as bodies, events and lines of a reply, spelled as the behaviour says.
 *
 * Each takes over the reference; NULL, which jansson answers when there is no memory, fails the reply. */
#ifndef SLUICE_BENCH_MOCK_JSON_REPLY_H
#define SLUICE_BENCH_MOCK_JSON_REPLY_H

#include <jansson.h>

#include "bench/mock/reply.h"

void json_reply_whole(struct reply *reply, const struct reply_frame *frame, json_t *value);

/* `name` may be NULL. */
void json_reply_event(struct reply *reply, const struct reply_frame *frame, const char *name, json_t *value);
void json_reply_line(struct reply *reply, const struct reply_frame *frame, json_t *value);

/* A string of these bytes, which are valid UTF-8. */
json_t *json_reply_string(struct slice text);

#endif
