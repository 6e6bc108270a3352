/* What a wire format brings: its readers and writers around the neutral model. A format is a row of format_of.
 *
 * A format that no upstream is spoken to in has no request writer and no answer and event readers. */
#ifndef SLUICE_GATEWAY_TRANSLATE_FORMAT_H
#define SLUICE_GATEWAY_TRANSLATE_FORMAT_H

#include "gateway/translate/conversation.h"
#include "gateway/translate/reading.h"
#include "gateway/translate/reply.h"
#include "gateway/translate/relay.h"
#include "gateway/translate/translate.h"

/* Where a request or an answer is written. */
struct writing {
    struct buffer *out;
    struct arena *arena;               /* for what must be decoded on the way */
    struct translate_problem *problem; /* may be NULL */
};

struct format {
    /* The root of reading->doc is an object. */
    enum outcome (*read_request)(struct reading *reading);
    enum outcome (*write_request)(const struct conversation *conversation, const struct writing *writing);

    enum outcome (*read_reply)(const struct json_doc *doc, struct arena *arena, struct reply *reply_out);
    enum outcome (*write_reply)(const struct reply *reply, const struct writing *writing);

    relay_read_fn *read_event;
    const struct relay_writer *relay_writer;

    void (*write_error)(struct buffer *out, unsigned status, struct slice message);
};

const struct format *format_of(enum translate_format format);

extern const struct format format_openai;
extern const struct format format_anthropic;
extern const struct format format_ollama;
extern const struct format format_responses;

/* The arguments of a call as a JSON object; those of a call without any are {}. INVALID: they are something
 * else. NO_MEMORY. */
enum outcome format_arguments(struct arena *arena, struct slice arguments, struct slice *object_out) MUST_CHECK;

#endif
