/* Carries a chat request, its answer and its event stream from one wire format into another, so that an agent
 * of one format can be served by an upstream that speaks another one.
 *
 *     agent's request  --read-->  conversation  --write-->  upstream's request
 *     agent's answer   <--write--     reply     <--read--   upstream's answer, whole or as a stream
 *
 * Four readers and four writers around one neutral model (conversation.h, reply.h), not a translator a pair.
 *
 *     from                request to                answer and stream come back
 *     OpenAI chat         Anthropic, Ollama         yes
 *     Anthropic           OpenAI chat, Ollama       yes
 *     Ollama              OpenAI chat, Anthropic    yes
 *     OpenAI Responses    all three                 yes; no upstream is spoken to in this format
 *
 * Within one format the body stays as it is, byte for byte, but for the model's name.
 *
 * What is never done: dropping content, or a setting that changes what the answer means. What a format
 * cannot say is refused (UNSUPPORTED) with its place, and so is a member that sluice does not know. What may be
 * dropped are hints: the reader of each format begins with its list (*_request_read.c, and the rows without a
 * function in its tables), its writer with what the format has no place for (*_request_write.c).
 *
 * Sources of the formats: the types of the official client packages openai, anthropic and ollama, and
 * Ollama's own api/types.go for what its package leaves out.
 *
 * Owns:    nothing but the streams; results live in the caller's arena or buffer.
 * Threads: pure functions of their arguments, apart from the clock where an upstream gave no time; any thread. A
 *          stream: one at a time. */
#ifndef SLUICE_GATEWAY_TRANSLATE_TRANSLATE_H
#define SLUICE_GATEWAY_TRANSLATE_TRANSLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/outcome.h"
#include "base/slice.h"
#include "gateway/body/json_walk.h"

enum translate_format { TRANSLATE_OPENAI_CHAT, TRANSLATE_ANTHROPIC, TRANSLATE_OLLAMA, TRANSLATE_RESPONSES };
#define TRANSLATE_FORMAT_COUNT 4u

/* Where a request cannot be carried, and why. All texts are static or made of static pieces, never of values. */
struct translate_problem {
    char path[96];      /* "messages[].content[].type", or the name of a feature; "" for the body as a whole */
    const char *reason; /* NULL: no problem was noted */
    uint32_t node;      /* of the document, or JSON_NONE */
};

/* Writes the request for an upstream of format `to`. model_or_null (plain text) takes the place of the model's
 * name. The document must have been walked strictly and outlive the call; body_out lives in `arena` (or, within
 * one format and without a model, is the document's own text). problem_out may be NULL; it is set when the
 * answer is UNSUPPORTED or INVALID.
 * UNSUPPORTED: well formed, but `to` cannot say it, or sluice does not know it. INVALID: not a request of format
 * `from`. NO_MEMORY. Nothing is written to body_out unless OK. */
enum outcome translate_request(enum translate_format from, enum translate_format to, const struct json_doc *doc,
                               const char *model_or_null, struct arena *arena, struct slice *body_out,
                               struct translate_problem *problem_out) MUST_CHECK;

/* Writes the answer for an agent of format `to`; `from` is the upstream's format. The document is the body of a
 * successful answer, walked with lenient surrogates. Members that sluice does not know are left out.
 * UNSUPPORTED: more than one choice, or content that is not text, thinking or tool calls. INVALID: not an answer,
 * or tool arguments that are no JSON object where the agent's format needs one. NO_MEMORY. */
enum outcome translate_answer(enum translate_format from, enum translate_format to, const struct json_doc *doc,
                              struct arena *arena, struct slice *body_out) MUST_CHECK;

/* Appends the body of an error answer; message is plain text. A failure is the buffer's. */
void translate_error(enum translate_format to, unsigned status, struct slice message, struct buffer *out);

/* The message of an upstream's error body, plain, in `arena`; empty when it has none. doc may be any document. */
struct slice translate_error_message(enum translate_format from, const struct json_doc *doc, struct arena *arena);

/* One answer on its way, event by event.
 *
 *     create -> event, event, ... -> end -> destroy
 *
 * Each event is written as soon as it can be: nothing is held back but what the agent's format needs whole
 * (Ollama: a tool call's arguments; Responses also repeats every text at its end) and the finish, which
 * waits for the usage. The end of an answer is written when the upstream's own end mark came, never otherwise. */
struct translate_stream;

/* `from`: the upstream's format; `to`: the agent's. UNSUPPORTED: a pair that is not in the table above.
 * NO_MEMORY. */
enum outcome translate_stream_create(enum translate_format from, enum translate_format to,
                                     struct translate_stream **stream_out) MUST_CHECK;

/* NULL is allowed. */
void translate_stream_destroy(struct translate_stream **stream);

/* OpenAI chat agents only: whether the usage gets a chunk of its own with empty choices, which is what
 * stream_options.include_usage asks for. Default no: it stands in the chunk that has the finish reason. Call it
 * before the first event. */
void translate_stream_separate_usage(struct translate_stream *stream, bool separate);

/* Takes the data of one server-sent event and its event name (empty when it has none), or one line of NDJSON, and
 * appends none, one or several complete events in the agent's framing: named events for Anthropic and
 * Responses, data lines and [DONE] for OpenAI chat, lines for Ollama. Empty data is allowed and does nothing.
 * What follows the end of the answer, or an error of the upstream's, does nothing.
 * INVALID, UNSUPPORTED, OVERFLOW (over 32 MiB of text that must be repeated, over 1024 blocks, or an event beyond
 * the walker's limits), NO_MEMORY: the stream cannot go on, and stays so; call translate_stream_end next. After
 * NO_MEMORY `out` may hold a part of an event, after the others whole events only. */
enum outcome translate_stream_event(struct translate_stream *stream, struct slice event_name, struct slice data,
                                    struct buffer *out) MUST_CHECK;

/* The upstream sends no more; complete: its transfer ended in order. Unless the answer had ended, or an error
 * was told already, an error event is appended, and never an end. */
void translate_stream_end(struct translate_stream *stream, bool complete, struct buffer *out);

/* True once the upstream's own end mark was seen and the agent's end was written. */
bool translate_stream_ended(const struct translate_stream *stream);

#endif
