/* A request goes from its reader through the links between calls and results to a writer, an answer from reader to
 * writer. Within one format nothing is read: the text is carried as it is. */
#include "gateway/translate/translate.h"

#include "gateway/body/json_splice.h"
#include "gateway/body/json_text.h"
#include "gateway/translate/anthropic.h"
#include "gateway/translate/ollama.h"
#include "gateway/translate/openai.h"
#include "gateway/translate/responses.h"

static const struct format formats[] = {
    [TRANSLATE_OPENAI_CHAT] = {openai_read_request, openai_write_request, openai_read_reply, openai_write_reply,
                               openai_read_event, &openai_relay_writer, openai_write_error},
    [TRANSLATE_ANTHROPIC] = {anthropic_read_request, anthropic_write_request, anthropic_read_reply,
                             anthropic_write_reply, anthropic_read_event, &anthropic_relay_writer,
                             anthropic_write_error},
    [TRANSLATE_OLLAMA] = {ollama_read_request, ollama_write_request, ollama_read_reply, ollama_write_reply,
                          ollama_read_event, &ollama_relay_writer, ollama_write_error},
    [TRANSLATE_RESPONSES] = {responses_read_request, NULL, NULL, responses_write_reply, NULL, &responses_relay_writer,
                             openai_write_error},
};
_Static_assert(sizeof formats / sizeof formats[0] == TRANSLATE_FORMAT_COUNT, "one row a format");

const struct format *format_of(enum translate_format format) {
    return &formats[format];
}

/* ---- arguments ---- */

/* Line ends in a walked document are white space between tokens; as spaces they cannot end a line of NDJSON. */
static enum outcome on_one_line(struct arena *arena, struct slice json, struct slice *line_out) {
    *line_out = json;
    if (memchr(json.data, '\n', json.len) == NULL && memchr(json.data, '\r', json.len) == NULL) return OUTCOME_OK;
    char *line = arena_alloc(arena, json.len);
    if (line == NULL) return OUTCOME_NO_MEMORY;
    memcpy(line, json.data, json.len);
    for (size_t i = 0; i < json.len; i++)
        if (line[i] == '\n' || line[i] == '\r') line[i] = ' ';
    *line_out = slice_of(line, json.len);
    return OUTCOME_OK;
}

enum outcome format_arguments(struct arena *arena, struct slice arguments, struct slice *object_out) {
    struct json_doc doc;
    *object_out = SLICE("{}");
    if (arguments.len == 0) return OUTCOME_OK;
    const enum outcome outcome = json_walk(arguments, NULL, arena, &doc, NULL);
    if (outcome != OUTCOME_OK) return outcome == OUTCOME_NO_MEMORY ? outcome : OUTCOME_INVALID;
    if (!json_is(&doc, 0, JSON_OBJECT)) return OUTCOME_INVALID;
    return on_one_line(arena, json_raw(&doc, 0), object_out);
}

/* ---- requests ---- */

/* The model's name, encoded. */
static enum outcome model_encode(const char *model, struct arena *arena, struct slice *encoded_out) {
    struct buffer encoded;
    buffer_init(&encoded, 0);
    json_text_encode(&encoded, slice_str(model));
    *encoded_out = encoded.failed ? slice_of(NULL, 0) : arena_copy(arena, buffer_slice(&encoded));
    buffer_deinit(&encoded);
    return encoded_out->data ? OUTCOME_OK : OUTCOME_NO_MEMORY;
}

static enum outcome request_in_place(const struct json_doc *doc, const char *model_or_null, struct arena *arena,
                                     struct slice *body_out, struct translate_problem *problem) {
    if (model_or_null == NULL) {
        *body_out = doc->text;
        return OUTCOME_OK;
    }
    const uint32_t model = json_member(doc, 0, SLICE("model"));
    struct reading reading = {doc, arena, NULL, problem, "", "model"};
    if (!json_is(doc, model, JSON_STRING)) return reading_refuse(&reading, model, OUTCOME_INVALID, "must be a string");
    struct json_splice splice = {.begin = doc->nodes[model].begin, .end = doc->nodes[model].end};
    const enum outcome outcome = model_encode(model_or_null, arena, &splice.text);
    return outcome == OUTCOME_OK ? json_splice_apply(doc->text, &splice, 1, arena, body_out) : outcome;
}

static enum outcome conversation_read(const struct format *from, const struct json_doc *doc, struct arena *arena,
                                      struct translate_problem *problem, struct conversation *conversation) {
    conversation_init(conversation, arena);
    struct reading reading = {doc, arena, conversation, problem, "", ""};
    if (!json_is(doc, 0, JSON_OBJECT)) return reading_refuse(&reading, 0, OUTCOME_INVALID, "must be an object");
    enum outcome outcome = from->read_request(&reading);
    if (outcome == OUTCOME_OK) outcome = reading_require(&reading, 0, conversation->model, "names no model");
    if (outcome == OUTCOME_OK && conversation->first_message == NULL)
        outcome = reading_refuse(&reading, 0, OUTCOME_INVALID, "has no messages");
    if (outcome != OUTCOME_OK) return outcome;
    outcome = conversation_link(conversation);
    if (outcome == OUTCOME_UNSUPPORTED)
        return translate_refuse(problem, "messages", "a tool's result belongs to no call of the turn before it");
    return outcome;
}

/* Moves what was written to the arena. */
static enum outcome written_take(struct buffer *out, enum outcome outcome, struct arena *arena,
                                 struct slice *body_out) {
    if (outcome == OUTCOME_OK && (out->failed || arena->overflowed)) outcome = OUTCOME_NO_MEMORY;
    if (outcome == OUTCOME_OK) {
        const struct slice body = arena_copy(arena, buffer_slice(out));
        if (body.data)
            *body_out = body;
        else
            outcome = OUTCOME_NO_MEMORY;
    }
    buffer_deinit(out);
    return outcome;
}

enum outcome translate_request(enum translate_format from, enum translate_format to, const struct json_doc *doc,
                               const char *model_or_null, struct arena *arena, struct slice *body_out,
                               struct translate_problem *problem_out) {
    if (problem_out) *problem_out = (struct translate_problem){.path = "", .node = JSON_NONE};
    if (from == to) return request_in_place(doc, model_or_null, arena, body_out, problem_out);
    const struct format *writer = format_of(to);
    if (writer->write_request == NULL)
        return translate_refuse(problem_out, "", "no upstream is spoken to in this format");
    struct conversation conversation;
    enum outcome outcome = conversation_read(format_of(from), doc, arena, problem_out, &conversation);
    if (outcome == OUTCOME_OK && model_or_null) outcome = model_encode(model_or_null, arena, &conversation.model);
    if (outcome != OUTCOME_OK) return outcome;
    struct buffer out;
    buffer_init(&out, arena->limit_bytes);
    const struct writing writing = {&out, arena, problem_out};
    return written_take(&out, writer->write_request(&conversation, &writing), arena, body_out);
}

/* ---- answers ---- */

enum outcome translate_answer(enum translate_format from, enum translate_format to, const struct json_doc *doc,
                              struct arena *arena, struct slice *body_out) {
    if (from == to) {
        *body_out = doc->text;
        return OUTCOME_OK;
    }
    const struct format *reader = format_of(from);
    if (reader->read_reply == NULL) return OUTCOME_UNSUPPORTED;
    struct reply reply;
    const enum outcome outcome = reader->read_reply(doc, arena, &reply);
    if (outcome != OUTCOME_OK) return outcome;
    struct buffer out;
    buffer_init(&out, arena->limit_bytes);
    const struct writing writing = {&out, arena, NULL};
    return written_take(&out, format_of(to)->write_reply(&reply, &writing), arena, body_out);
}

/* ---- errors ---- */

void translate_error(enum translate_format to, unsigned status, struct slice message, struct buffer *out) {
    format_of(to)->write_error(out, status, message);
}

struct slice translate_error_message(enum translate_format from, const struct json_doc *doc, struct arena *arena) {
    struct slice message;
    (void)from; /* so far all formats tell it in the same places */
    const enum outcome outcome = reading_plain(arena, reply_error_text(doc), &message);
    return outcome == OUTCOME_OK ? message : slice_of(NULL, 0);
}
