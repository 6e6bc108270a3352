/* Collects a raw head behind the guard and splits it into a struct http_head.
 *
 * It splits only; what the fields mean is for message_framing and request_rules to judge.
 *
 * Owns: the raw bytes, which may hold credentials: they are wiped on reset and deinit. */
#ifndef SLUICE_HTTP_HEAD_READER_H
#define SLUICE_HTTP_HEAD_READER_H

#include "base/buffer.h"
#include "gateway/http/head_guard.h"
#include "gateway/http/http_head.h"

struct head_reader {
    struct head_guard guard;
    struct buffer raw;
    struct http_head head; /* views raw; whole once head_reader_feed said so */
};

void head_reader_init(struct head_reader *reader, enum head_kind kind, size_t limit_bytes);
void head_reader_deinit(struct head_reader *reader);

/* Forgets the head, for the next one of the same kind. */
void head_reader_reset(struct head_reader *reader);

/* As head_guard_feed; a refusal may also be 503, when there is no memory. */
enum head_verdict head_reader_feed(struct head_reader *reader, struct slice bytes, size_t *used_out,
                                   struct http_refusal *refusal_out);

/* Whether no byte of a head has come yet, an empty line before it aside. */
bool head_reader_is_idle(const struct head_reader *reader);

/* The raw head from its start line to the empty line. */
struct slice head_reader_raw(const struct head_reader *reader);

#endif
