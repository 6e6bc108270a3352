/* Writes a request of OpenAI chat completions.
 *
 * What this format has no place for: thinking in the history is left out (OpenAI's own servers refuse members
 * they do not know); top_k is refused, and so are images in a tool's result. A result that is an error says so
 * in its text. The token limit is called max_completion_tokens: max_tokens is deprecated, and refused by newer
 * models. */
#include "gateway/translate/openai.h"

#include "gateway/translate/image.h"
#include "gateway/translate/json_build.h"

#define NO_MARK SLICE("")
#define ERROR_MARK SLICE("Error: ")

/* mark: in front of a text. */
static void write_part(struct buffer *out, const struct part *part, struct slice mark) {
    json_build_begin(out, NULL, '{');
    if (part->kind == PART_IMAGE) {
        json_build_word(out, "type", "image_url");
        json_build_begin(out, "image_url", '{');
        image_write_url(out, part);
        if (part->detail.data) json_build_string(out, "detail", part->detail);
        json_build_end(out, '}');
    } else {
        const char *kind = part->kind == PART_REFUSAL ? "refusal" : "text";
        json_build_word(out, "type", kind);
        json_build_string_begin(out, kind);
        buffer_append(out, mark);
        buffer_append(out, part->text);
        json_build_string_end(out);
    }
    json_build_end(out, '}');
}

static bool is_content(const struct part *part) {
    return part->kind == PART_TEXT || part->kind == PART_REFUSAL || part->kind == PART_IMAGE;
}

static const struct part *content_next(const struct part *part) {
    while (part && !is_content(part)) part = part->next;
    return part;
}

/* One text is a string, anything else an array. Without any content: null beside tool calls, else "". */
static void write_content(struct buffer *out, const struct part_list *parts, struct slice mark, bool has_calls) {
    const struct part *first = content_next(parts->first);
    const struct part *second = first ? content_next(first->next) : NULL;
    if (first == NULL || (second == NULL && first->kind == PART_TEXT)) {
        if (first == NULL && has_calls) {
            json_build_null(out, "content");
            return;
        }
        json_build_string_begin(out, "content");
        buffer_append(out, mark);
        if (first) buffer_append(out, first->text);
        json_build_string_end(out);
        return;
    }
    json_build_begin(out, "content", '[');
    write_part(out, first, mark);
    for (const struct part *part = second; part; part = content_next(part->next)) write_part(out, part, NO_MARK);
    json_build_end(out, ']');
}

static void write_call(struct buffer *out, const struct part *call) {
    json_build_begin(out, NULL, '{');
    json_build_string(out, "id", call->id);
    json_build_word(out, "type", "function");
    json_build_begin(out, "function", '{');
    json_build_string(out, "name", call->name);
    json_build_plain(out, "arguments", call->arguments.len ? call->arguments : SLICE("{}"));
    json_build_end(out, '}');
    json_build_end(out, '}');
}

static bool has_calls(const struct message *message) {
    for (const struct part *part = message->parts.first; part; part = part->next)
        if (part->kind == PART_CALL) return true;
    return false;
}

static void write_calls(struct buffer *out, const struct message *message) {
    json_build_begin(out, "tool_calls", '[');
    for (const struct part *part = message->parts.first; part; part = part->next)
        if (part->kind == PART_CALL) write_call(out, part);
    json_build_end(out, ']');
}

static bool has_image(const struct part_list *parts) {
    for (const struct part *part = parts->first; part; part = part->next)
        if (part->kind == PART_IMAGE) return true;
    return false;
}

static enum outcome write_result(const struct part *result, const struct writing *writing) {
    if (has_image(&result->content))
        return translate_refuse(writing->problem, "messages[].content[]", "a tool's result holds an image");
    json_build_begin(writing->out, NULL, '{');
    json_build_word(writing->out, "role", "tool");
    json_build_string(writing->out, "tool_call_id", result->id);
    write_content(writing->out, &result->content, result->is_error ? ERROR_MARK : NO_MARK, false);
    json_build_end(writing->out, '}');
    return OUTCOME_OK;
}

/* What says nothing in this format, such as an assistant's turn of thinking only, is no message. */
static bool is_worth_writing(const struct message *message) {
    return message->role != ROLE_ASSISTANT || content_next(message->parts.first) || has_calls(message);
}

static enum outcome write_message(const struct message *message, const struct writing *writing) {
    static const char *const roles[] = {"system", "user", "assistant", "tool"};
    if (message->role == ROLE_TOOL) return write_result(message->parts.first, writing);
    if (!is_worth_writing(message)) return OUTCOME_OK;
    if (message->role != ROLE_USER && has_image(&message->parts))
        return translate_refuse(writing->problem, "messages[].content[]", "an image that is not the user's");
    const bool calls = has_calls(message);
    json_build_begin(writing->out, NULL, '{');
    json_build_word(writing->out, "role", roles[message->role]);
    write_content(writing->out, &message->parts, NO_MARK, calls);
    if (calls) write_calls(writing->out, message);
    json_build_end(writing->out, '}');
    return OUTCOME_OK;
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

static void write_tools(struct buffer *out, const struct conversation *conversation) {
    if (conversation->first_tool == NULL) return;
    json_build_begin(out, "tools", '[');
    for (const struct tool *tool = conversation->first_tool; tool; tool = tool->next) {
        json_build_begin(out, NULL, '{');
        json_build_word(out, "type", "function");
        json_build_begin(out, "function", '{');
        json_build_string(out, "name", tool->name);
        if (tool->description.data) json_build_string(out, "description", tool->description);
        if (tool->schema.data) json_build_value(out, "parameters", tool->schema);
        if (tool->strict) json_build_bool(out, "strict", tool->strict == SETTING_YES);
        json_build_end(out, '}');
        json_build_end(out, '}');
    }
    json_build_end(out, ']');
}

/* Both settings are refused by servers when there are no tools. */
static void write_choice(struct buffer *out, const struct conversation *conversation) {
    static const char *const words[] = {NULL, "auto", "none", "required"};
    if (conversation->first_tool == NULL) return;
    if (conversation->parallel_calls)
        json_build_bool(out, "parallel_tool_calls", conversation->parallel_calls == SETTING_YES);
    if (conversation->tool_choice == CHOICE_ABSENT) return;
    if (conversation->tool_choice != CHOICE_NAMED) {
        json_build_word(out, "tool_choice", words[conversation->tool_choice]);
        return;
    }
    json_build_begin(out, "tool_choice", '{');
    json_build_word(out, "type", "function");
    json_build_begin(out, "function", '{');
    json_build_string(out, "name", conversation->chosen_tool);
    json_build_end(out, '}');
    json_build_end(out, '}');
}

static void write_shape(struct buffer *out, const struct conversation *conversation) {
    if (conversation->shape == SHAPE_TEXT) return;
    json_build_begin(out, "response_format", '{');
    if (conversation->shape == SHAPE_JSON) {
        json_build_word(out, "type", "json_object");
    } else {
        json_build_word(out, "type", "json_schema");
        json_build_begin(out, "json_schema", '{');
        json_build_string(out, "name", conversation->shape_name.data ? conversation->shape_name : SLICE("answer"));
        if (conversation->shape_description.data)
            json_build_string(out, "description", conversation->shape_description);
        json_build_value(out, "schema", conversation->shape_schema);
        if (conversation->shape_strict) json_build_bool(out, "strict", conversation->shape_strict == SETTING_YES);
        json_build_end(out, '}');
    }
    json_build_end(out, '}');
}

static void write_stop(struct buffer *out, const struct conversation *conversation) {
    if (conversation->first_stop == NULL) return;
    json_build_begin(out, "stop", '[');
    for (const struct stop_text *stop = conversation->first_stop; stop; stop = stop->next)
        json_build_string(out, NULL, stop->text);
    json_build_end(out, ']');
}

static void write_number(struct buffer *out, const char *name, struct slice number) {
    if (number.data) json_build_value(out, name, number);
}

static void write_settings(struct buffer *out, const struct conversation *conversation) {
    write_number(out, "max_completion_tokens", conversation->max_tokens);
    write_number(out, "temperature", conversation->temperature);
    write_number(out, "top_p", conversation->top_p);
    write_number(out, "seed", conversation->seed);
    write_number(out, "frequency_penalty", conversation->frequency_penalty);
    write_number(out, "presence_penalty", conversation->presence_penalty);
    if (conversation->reasoning_effort.data) json_build_string(out, "reasoning_effort", conversation->reasoning_effort);
    if (conversation->verbosity.data) json_build_string(out, "verbosity", conversation->verbosity);
    if (conversation->stream == SETTING_ABSENT) return;
    json_build_bool(out, "stream", conversation->stream == SETTING_YES);
    if (conversation->stream == SETTING_NO) return;
    /* every other format tells the usage at the end of its streams */
    json_build_begin(out, "stream_options", '{');
    json_build_bool(out, "include_usage", true);
    json_build_end(out, '}');
}

enum outcome openai_write_request(const struct conversation *conversation, const struct writing *writing) {
    struct buffer *out = writing->out;
    if (conversation->top_k.data) return translate_refuse(writing->problem, "top_k", "OpenAI chat has no top_k");
    json_build_begin(out, NULL, '{');
    json_build_string(out, "model", conversation->model);
    const enum outcome outcome = write_messages(conversation, writing);
    write_tools(out, conversation);
    write_choice(out, conversation);
    write_shape(out, conversation);
    write_stop(out, conversation);
    write_settings(out, conversation);
    json_build_end(out, '}');
    return outcome;
}
