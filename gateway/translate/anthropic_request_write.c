/* Writes a request of Anthropic messages.
 *
 * Messages that follow each other in one role become one, with a tool's results in front; text that stands before
 * the first message becomes `system`, a later instruction keeps its place as a message of role system.
 * What this format has no place for: thinking without a signature, a user's seed (a best effort anywhere), an
 * answer schema's name, description and strict, and OpenAI's reasoning_effort and verbosity are left out.
 * Refused: JSON without a schema, penalties, a temperature above 1, images of a type it does not take. */
#include "gateway/translate/anthropic.h"

#include <stdlib.h>

#include "gateway/translate/json_build.h"

#define MAX_TOKENS_DEFAULT 4096u /* the format asks for a limit; the agent set none */

/* ---- parts ---- */

static enum outcome write_image(const struct part *part, const struct writing *writing) {
    static const char *const types[] = {"image/jpeg", "image/png", "image/gif", "image/webp"};
    struct buffer *out = writing->out;
    bool known = part->url.data != NULL;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (slice_equal(part->media_type, slice_str(types[i]))) known = true;
    if (!known) return translate_refuse(writing->problem, "images", "Anthropic takes JPEG, PNG, GIF and WebP only");
    json_build_begin(out, NULL, '{');
    json_build_word(out, "type", "image");
    json_build_begin(out, "source", '{');
    if (part->url.data) {
        json_build_word(out, "type", "url");
        json_build_string(out, "url", part->url);
    } else {
        json_build_word(out, "type", "base64");
        json_build_string(out, "media_type", part->media_type);
        json_build_string(out, "data", part->data);
    }
    json_build_end(out, '}');
    json_build_end(out, '}');
    return OUTCOME_OK;
}

static void write_text(struct buffer *out, struct slice text) {
    json_build_begin(out, NULL, '{');
    json_build_word(out, "type", "text");
    json_build_string(out, "text", text);
    json_build_end(out, '}');
}

static enum outcome write_call(const struct part *part, const struct writing *writing) {
    struct buffer *out = writing->out;
    struct slice input;
    const enum outcome outcome = format_arguments(writing->arena, part->arguments, &input);
    if (outcome == OUTCOME_INVALID)
        return translate_refuse(writing->problem, "tool call", "the arguments are no JSON object");
    if (outcome != OUTCOME_OK) return outcome;
    json_build_begin(out, NULL, '{');
    json_build_word(out, "type", "tool_use");
    json_build_string(out, "id", part->id);
    json_build_string(out, "name", part->name);
    json_build_value(out, "input", input);
    json_build_end(out, '}');
    return OUTCOME_OK;
}

static enum outcome write_result(const struct part *result, const struct writing *writing) {
    struct buffer *out = writing->out;
    const struct part *first = result->content.first;
    enum outcome outcome = OUTCOME_OK;
    json_build_begin(out, NULL, '{');
    json_build_word(out, "type", "tool_result");
    json_build_string(out, "tool_use_id", result->id);
    if (first && first->next == NULL && first->kind == PART_TEXT) {
        json_build_string(out, "content", first->text);
    } else if (first) {
        json_build_begin(out, "content", '[');
        for (const struct part *part = first; part && outcome == OUTCOME_OK; part = part->next) {
            if (part->kind == PART_IMAGE)
                outcome = write_image(part, writing);
            else
                write_text(out, part->text);
        }
        json_build_end(out, ']');
    }
    if (result->is_error) json_build_bool(out, "is_error", true);
    json_build_end(out, '}');
    return outcome;
}

static enum outcome write_part(const struct part *part, const struct writing *writing) {
    switch (part->kind) {
    case PART_CALL: return write_call(part, writing);
    case PART_RESULT: return write_result(part, writing);
    case PART_IMAGE: return write_image(part, writing);
    case PART_THINKING: return OUTCOME_OK;
    case PART_TEXT:
    case PART_REFUSAL: write_text(writing->out, part->text); break;
    }
    return OUTCOME_OK;
}

/* ---- messages ---- */

/* Results are the user's words here. */
static enum message_role turn_of(const struct message *message) {
    return message->role == ROLE_TOOL ? ROLE_USER : message->role;
}

static bool is_worth_writing(const struct message *message) {
    for (const struct part *part = message->parts.first; part; part = part->next)
        if (part->kind != PART_THINKING) return true;
    return false;
}

/* Behind the messages that follow `first` in its role. */
static const struct message *run_end(const struct message *first) {
    const struct message *message = first;
    while (message && turn_of(message) == turn_of(first)) message = message->next;
    return message;
}

static enum outcome write_parts(const struct message *first, const struct message *end, bool results,
                                const struct writing *writing) {
    enum outcome outcome = OUTCOME_OK;
    for (const struct message *message = first; message != end && outcome == OUTCOME_OK; message = message->next)
        for (const struct part *part = message->parts.first; part && outcome == OUTCOME_OK; part = part->next)
            if ((part->kind == PART_RESULT) == results) outcome = write_part(part, writing);
    return outcome;
}

static bool run_is_worth_writing(const struct message *first, const struct message *end) {
    for (const struct message *message = first; message != end; message = message->next)
        if (is_worth_writing(message)) return true;
    return false;
}

static enum outcome write_run(const struct message *first, const struct message *end, const struct writing *writing) {
    static const char *const words[] = {"system", "user", "assistant"};
    if (!run_is_worth_writing(first, end)) return OUTCOME_OK;
    json_build_begin(writing->out, NULL, '{');
    json_build_word(writing->out, "role", words[turn_of(first)]);
    json_build_begin(writing->out, "content", '[');
    enum outcome outcome = write_parts(first, end, true, writing);
    if (outcome == OUTCOME_OK) outcome = write_parts(first, end, false, writing);
    json_build_end(writing->out, ']');
    json_build_end(writing->out, '}');
    return outcome;
}

/* What is said before anybody else speaks. */
static enum outcome write_system(const struct message *first, const struct message *end,
                                 const struct writing *writing) {
    if (!run_is_worth_writing(first, end)) return OUTCOME_OK;
    json_build_begin(writing->out, "system", '[');
    const enum outcome outcome = write_parts(first, end, false, writing);
    json_build_end(writing->out, ']');
    return outcome;
}

static enum outcome write_messages(const struct conversation *conversation, const struct writing *writing) {
    const struct message *first = conversation->first_message;
    enum outcome outcome = OUTCOME_OK;
    if (first && first->role == ROLE_SYSTEM) {
        outcome = write_system(first, run_end(first), writing);
        first = run_end(first);
    }
    json_build_begin(writing->out, "messages", '[');
    while (first && outcome == OUTCOME_OK) {
        const struct message *end = run_end(first);
        outcome = write_run(first, end, writing);
        first = end;
    }
    json_build_end(writing->out, ']');
    return outcome;
}

/* ---- tools ---- */

static void write_tools(struct buffer *out, const struct conversation *conversation) {
    if (conversation->first_tool == NULL) return;
    json_build_begin(out, "tools", '[');
    for (const struct tool *tool = conversation->first_tool; tool; tool = tool->next) {
        json_build_begin(out, NULL, '{');
        json_build_string(out, "name", tool->name);
        if (tool->description.data) json_build_string(out, "description", tool->description);
        json_build_value(out, "input_schema",
                         tool->schema.data ? tool->schema : SLICE("{\"type\":\"object\",\"properties\":{}}"));
        if (tool->strict) json_build_bool(out, "strict", tool->strict == SETTING_YES);
        json_build_end(out, '}');
    }
    json_build_end(out, ']');
}

static void write_choice(struct buffer *out, const struct conversation *conversation) {
    static const char *const words[] = {"auto", "auto", "none", "any", "tool"};
    const bool serial = conversation->parallel_calls == SETTING_NO && conversation->tool_choice != CHOICE_NONE;
    if (conversation->first_tool == NULL || (conversation->tool_choice == CHOICE_ABSENT && !serial)) return;
    json_build_begin(out, "tool_choice", '{');
    json_build_word(out, "type", words[conversation->tool_choice]);
    if (conversation->tool_choice == CHOICE_NAMED) json_build_string(out, "name", conversation->chosen_tool);
    if (serial) json_build_bool(out, "disable_parallel_tool_use", true);
    json_build_end(out, '}');
}

/* ---- settings ---- */

/* A number longer than any that makes sense counts as too large. */
static double number_of(struct slice number) {
    char text[64];
    if (number.len >= sizeof text) return 1e9;
    memcpy(text, number.data, number.len);
    text[number.len] = '\0';
    return strtod(text, NULL);
}

static bool is_set(struct slice number) {
    return number.data && number_of(number) != 0.0;
}

static enum outcome settings_check(const struct conversation *conversation, const struct writing *writing) {
    struct translate_problem *problem = writing->problem;
    if (conversation->temperature.data && number_of(conversation->temperature) > 1.0)
        return translate_refuse(problem, "temperature", "Anthropic's ends at 1");
    if (is_set(conversation->frequency_penalty))
        return translate_refuse(problem, "frequency_penalty", "Anthropic has none");
    if (is_set(conversation->presence_penalty))
        return translate_refuse(problem, "presence_penalty", "Anthropic has none");
    if (conversation->shape == SHAPE_JSON)
        return translate_refuse(problem, "response format", "Anthropic has no JSON answers without a schema");
    return OUTCOME_OK;
}

static void write_stop(struct buffer *out, const struct conversation *conversation) {
    if (conversation->first_stop == NULL) return;
    json_build_begin(out, "stop_sequences", '[');
    for (const struct stop_text *stop = conversation->first_stop; stop; stop = stop->next)
        json_build_string(out, NULL, stop->text);
    json_build_end(out, ']');
}

static void write_settings(struct buffer *out, const struct conversation *conversation) {
    if (conversation->max_tokens.data)
        json_build_value(out, "max_tokens", conversation->max_tokens);
    else
        json_build_uint(out, "max_tokens", MAX_TOKENS_DEFAULT);
    write_stop(out, conversation);
    if (conversation->temperature.data) json_build_value(out, "temperature", conversation->temperature);
    if (conversation->top_p.data) json_build_value(out, "top_p", conversation->top_p);
    if (conversation->top_k.data) json_build_value(out, "top_k", conversation->top_k);
    if (conversation->stream) json_build_bool(out, "stream", conversation->stream == SETTING_YES);
    if (conversation->shape == SHAPE_TEXT) return;
    json_build_begin(out, "output_config", '{');
    json_build_begin(out, "format", '{');
    json_build_word(out, "type", "json_schema");
    json_build_value(out, "schema", conversation->shape_schema);
    json_build_end(out, '}');
    json_build_end(out, '}');
}

enum outcome anthropic_write_request(const struct conversation *conversation, const struct writing *writing) {
    enum outcome outcome = settings_check(conversation, writing);
    if (outcome != OUTCOME_OK) return outcome;
    json_build_begin(writing->out, NULL, '{');
    json_build_string(writing->out, "model", conversation->model);
    outcome = write_messages(conversation, writing);
    write_tools(writing->out, conversation);
    write_choice(writing->out, conversation);
    write_settings(writing->out, conversation);
    json_build_end(writing->out, '}');
    return outcome;
}
