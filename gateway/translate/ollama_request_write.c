/* Writes a request of Ollama's chat.
 *
 * Texts of one message are joined by an empty line, since its content is one string. A tool's result goes by the
 * tool's name, not by an id; one that is an error says so in its text. `stream` is always said, since its default
 * differs from the others'.
 * What this format has no place for: strict (a promise about schemas that local models make by constraint
 * anyway), an answer schema's name and description, and OpenAI's reasoning_effort and verbosity are left out.
 * Refused: images by reference, a tool choice that forces a call, and calls one at a time. */
#include "gateway/translate/ollama.h"

#include "gateway/translate/json_build.h"

/* ---- messages ---- */

static bool has_kind(const struct part_list *parts, enum part_kind kind) {
    for (const struct part *part = parts->first; part; part = part->next)
        if (part->kind == kind) return true;
    return false;
}

static bool is_text(enum part_kind kind) {
    return kind == PART_TEXT || kind == PART_REFUSAL;
}

static void write_content(struct buffer *out, const struct part_list *parts, bool is_error) {
    bool before = false;
    json_build_string_begin(out, "content");
    if (is_error) buffer_append(out, SLICE("Error: "));
    for (const struct part *part = parts->first; part; part = part->next) {
        if (!is_text(part->kind)) continue;
        if (before) buffer_append(out, SLICE("\\n\\n"));
        buffer_append(out, part->text);
        before = true;
    }
    json_build_string_end(out);
}

static void write_thinking(struct buffer *out, const struct part_list *parts) {
    if (!has_kind(parts, PART_THINKING)) return;
    json_build_string_begin(out, "thinking");
    for (const struct part *part = parts->first; part; part = part->next)
        if (part->kind == PART_THINKING) buffer_append(out, part->text);
    json_build_string_end(out);
}

static enum outcome write_images(const struct part_list *parts, const struct writing *writing) {
    if (!has_kind(parts, PART_IMAGE)) return OUTCOME_OK;
    json_build_begin(writing->out, "images", '[');
    for (const struct part *part = parts->first; part; part = part->next) {
        if (part->kind != PART_IMAGE) continue;
        if (part->url.data) return translate_refuse(writing->problem, "images", "Ollama takes no image by reference");
        json_build_string(writing->out, NULL, part->data);
    }
    json_build_end(writing->out, ']');
    return OUTCOME_OK;
}

static enum outcome write_calls(const struct part_list *parts, const struct writing *writing) {
    struct buffer *out = writing->out;
    if (!has_kind(parts, PART_CALL)) return OUTCOME_OK;
    json_build_begin(out, "tool_calls", '[');
    for (const struct part *part = parts->first; part; part = part->next) {
        struct slice arguments;
        if (part->kind != PART_CALL) continue;
        const enum outcome outcome = format_arguments(writing->arena, part->arguments, &arguments);
        if (outcome == OUTCOME_INVALID)
            return translate_refuse(writing->problem, "tool call", "the arguments are no JSON object");
        if (outcome != OUTCOME_OK) return outcome;
        json_build_begin(out, NULL, '{');
        json_build_begin(out, "function", '{');
        json_build_string(out, "name", part->name);
        json_build_value(out, "arguments", arguments);
        json_build_end(out, '}');
        json_build_end(out, '}');
    }
    json_build_end(out, ']');
    return OUTCOME_OK;
}

static enum outcome write_result(const struct part *result, const struct writing *writing) {
    json_build_begin(writing->out, NULL, '{');
    json_build_word(writing->out, "role", "tool");
    write_content(writing->out, &result->content, result->is_error);
    const enum outcome outcome = write_images(&result->content, writing);
    if (result->name.data) json_build_string(writing->out, "tool_name", result->name);
    json_build_end(writing->out, '}');
    return outcome;
}

static enum outcome write_message(const struct message *message, const struct writing *writing) {
    static const char *const roles[] = {"system", "user", "assistant", "tool"};
    if (message->role == ROLE_TOOL) return write_result(message->parts.first, writing);
    json_build_begin(writing->out, NULL, '{');
    json_build_word(writing->out, "role", roles[message->role]);
    write_content(writing->out, &message->parts, false);
    write_thinking(writing->out, &message->parts);
    enum outcome outcome = write_images(&message->parts, writing);
    if (outcome == OUTCOME_OK) outcome = write_calls(&message->parts, writing);
    json_build_end(writing->out, '}');
    return outcome;
}

static enum outcome write_messages(const struct conversation *conversation, const struct writing *writing) {
    enum outcome outcome = OUTCOME_OK;
    json_build_begin(writing->out, "messages", '[');
    for (const struct message *message = conversation->first_message; message && outcome == OUTCOME_OK;
         message = message->next)
        outcome = write_message(message, writing);
    json_build_end(writing->out, ']');
    return outcome;
}

/* ---- tools and settings ---- */

static enum outcome choice_check(const struct conversation *conversation, const struct writing *writing) {
    if (conversation->first_tool == NULL) return OUTCOME_OK;
    if (conversation->tool_choice == CHOICE_REQUIRED || conversation->tool_choice == CHOICE_NAMED)
        return translate_refuse(writing->problem, "tool_choice", "Ollama cannot be made to call a tool");
    if (conversation->parallel_calls == SETTING_NO && conversation->tool_choice != CHOICE_NONE)
        return translate_refuse(writing->problem, "parallel tool calls", "Ollama cannot be kept from them");
    return OUTCOME_OK;
}

/* No choice of tools is none to choose from. */
static void write_tools(struct buffer *out, const struct conversation *conversation) {
    if (conversation->first_tool == NULL || conversation->tool_choice == CHOICE_NONE) return;
    json_build_begin(out, "tools", '[');
    for (const struct tool *tool = conversation->first_tool; tool; tool = tool->next) {
        json_build_begin(out, NULL, '{');
        json_build_word(out, "type", "function");
        json_build_begin(out, "function", '{');
        json_build_string(out, "name", tool->name);
        if (tool->description.data) json_build_string(out, "description", tool->description);
        json_build_value(out, "parameters",
                         tool->schema.data ? tool->schema : SLICE("{\"type\":\"object\",\"properties\":{}}"));
        json_build_end(out, '}');
        json_build_end(out, '}');
    }
    json_build_end(out, ']');
}

static void write_number(struct buffer *out, const char *name, struct slice number) {
    if (number.data) json_build_value(out, name, number);
}

static void write_options(struct buffer *out, const struct conversation *conversation) {
    json_build_begin(out, "options", '{');
    write_number(out, "num_predict", conversation->max_tokens);
    write_number(out, "temperature", conversation->temperature);
    write_number(out, "top_p", conversation->top_p);
    write_number(out, "top_k", conversation->top_k);
    write_number(out, "seed", conversation->seed);
    write_number(out, "frequency_penalty", conversation->frequency_penalty);
    write_number(out, "presence_penalty", conversation->presence_penalty);
    if (conversation->first_stop) {
        json_build_begin(out, "stop", '[');
        for (const struct stop_text *stop = conversation->first_stop; stop; stop = stop->next)
            json_build_string(out, NULL, stop->text);
        json_build_end(out, ']');
    }
    json_build_end(out, '}');
}

enum outcome ollama_write_request(const struct conversation *conversation, const struct writing *writing) {
    struct buffer *out = writing->out;
    enum outcome outcome = choice_check(conversation, writing);
    if (outcome != OUTCOME_OK) return outcome;
    json_build_begin(out, NULL, '{');
    json_build_string(out, "model", conversation->model);
    outcome = write_messages(conversation, writing);
    write_tools(out, conversation);
    if (conversation->shape == SHAPE_JSON) json_build_word(out, "format", "json");
    if (conversation->shape == SHAPE_SCHEMA) json_build_value(out, "format", conversation->shape_schema);
    write_options(out, conversation);
    json_build_bool(out, "stream", conversation->stream == SETTING_YES);
    json_build_end(out, '}');
    return outcome;
}
