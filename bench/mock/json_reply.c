#include "bench/mock/json_reply.h"

#include <stdlib.h>

/* The caller frees it; NULL fails the reply. */
static char *dump(struct reply *reply, const struct reply_frame *frame, json_t *value) {
    const size_t ascii = frame->behaviour->escape_unicode ? JSON_ENSURE_ASCII : 0;
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | ascii) : NULL;
    json_decref(value);
    if (text == NULL) reply->failed = true;
    return text;
}

void json_reply_whole(struct reply *reply, const struct reply_frame *frame, json_t *value) {
    char *text = dump(reply, frame, value);
    if (text) reply_whole(reply, frame, "application/json", slice_str(text));
    free(text);
}

void json_reply_event(struct reply *reply, const struct reply_frame *frame, const char *name, json_t *value) {
    char *text = dump(reply, frame, value);
    if (text) reply_stream_event(reply, frame, name, slice_str(text));
    free(text);
}

void json_reply_line(struct reply *reply, const struct reply_frame *frame, json_t *value) {
    char *text = dump(reply, frame, value);
    if (text) reply_stream_line(reply, frame, slice_str(text));
    free(text);
}

json_t *json_reply_string(struct slice text) {
    return json_stringn(text.len ? text.data : "", text.len);
}
