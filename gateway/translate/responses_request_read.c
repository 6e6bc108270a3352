/* Reads a request of OpenAI Responses.
 *
 * Hints that are dropped: metadata, user, safety_identifier, prompt_cache_key, prompt_cache_options,
 * prompt_cache_retention, prompt_cache_breakpoint, service_tier, store, stream_options, truncation, image
 * (compression), max_tool_calls (of tools that run upstream, which are refused), include (but for logprobs), of
 * reasoning all but effort; ids, status, caller and phase of items; annotations and logprobs of an earlier
 * answer; of tools: allowed_callers, defer_loading, output_schema. The sealed part of a reasoning item means
 * nothing to other models; its readable text stays where the target has thinking.
 * Refused: what lives on the server (previous_response_id, conversation, prompt, background, item_reference),
 * files, every tool and item but functions, allowed_tools, moderation, context_management, top_logprobs.
 *
 * Items of one turn become one message: a call follows the text before it. */
#include "gateway/translate/responses.h"

#include "gateway/body/json_text.h"
#include "gateway/translate/image.h"
#include "gateway/translate/openai_words.h"

/* ---- parts ---- */

static enum outcome read_image_url(struct reading *reading, uint32_t node, void *into) {
    struct slice url;
    const enum outcome outcome = reading_string(reading, node, &url);
    return outcome == OUTCOME_OK ? image_from_url(reading, node, url, into) : outcome;
}

static const struct member text_members[] = {
    {"type", reading_ignored, 0},
    {"text", reading_string, offsetof(struct part, text)},
    {"prompt_cache_breakpoint", NULL, 0},
    {"annotations", NULL, 0},
    {"logprobs", NULL, 0},
    {NULL, NULL, 0},
};
static const struct member refusal_members[] = {
    {"type", reading_ignored, 0},
    {"refusal", reading_string, offsetof(struct part, text)},
    {NULL, NULL, 0},
};
static const struct member image_members[] = {
    {"type", reading_ignored, 0},
    {"image_url", read_image_url, 0},
    {"detail", reading_string, offsetof(struct part, detail)},
    {"file_id", reading_refused, 0},
    {"prompt_cache_breakpoint", NULL, 0},
    {NULL, NULL, 0},
};
static const struct member_table text_table = {"input[].content[]", text_members};
static const struct member_table refusal_table = {"input[].content[]", refusal_members};
static const struct member_table image_table = {"input[].content[]", image_members};

/* What a message of each role may hold. */
static const struct part_form system_forms[] = {{"input_text", PART_TEXT, &text_table}, {NULL, PART_TEXT, NULL}};
static const struct part_form user_forms[] = {
    {"input_text", PART_TEXT, &text_table}, {"input_image", PART_IMAGE, &image_table}, {NULL, PART_TEXT, NULL}};
static const struct part_form assistant_forms[] = {
    {"output_text", PART_TEXT, &text_table},
    {"input_text", PART_TEXT, &text_table},
    {"refusal", PART_REFUSAL, &refusal_table},
    {NULL, PART_TEXT, NULL},
};
static const struct part_form reasoning_forms[] = {
    {"reasoning_text", PART_THINKING, &text_table},
    {"summary_text", PART_THINKING, &text_table},
    {NULL, PART_TEXT, NULL},
};

/* ---- items ---- */

struct told_item {
    uint32_t role, content, output, summary;
    struct slice call_id, name, arguments;
};

enum { WORD_USER, WORD_ASSISTANT, WORD_SYSTEM, WORD_DEVELOPER };

static enum outcome read_role(struct reading *reading, uint32_t node, void *into) {
    static const char *const words[] = {"user", "assistant", "system", "developer", NULL};
    return reading_word(reading, node, words, into);
}

/* The newest message, if the assistant speaks in it, else a new one. */
static struct message *assistant_turn(struct conversation *conversation) {
    struct message *last = conversation->last_message;
    if (last && last->role == ROLE_ASSISTANT) return last;
    return conversation_message_add(conversation, ROLE_ASSISTANT);
}

static enum outcome message_take(struct reading *reading, uint32_t node, const struct told_item *told) {
    static const enum message_role roles[] = {ROLE_USER, ROLE_ASSISTANT, ROLE_SYSTEM, ROLE_SYSTEM};
    static const struct part_form *const forms[] = {user_forms, assistant_forms, system_forms, system_forms};
    if (told->role == JSON_NONE || told->content == JSON_NONE)
        return reading_refuse(reading, node, OUTCOME_INVALID, "has no role or no content");
    struct message *message = told->role == WORD_ASSISTANT
                                  ? assistant_turn(reading->conversation)
                                  : conversation_message_add(reading->conversation, roles[told->role]);
    if (message == NULL) return OUTCOME_NO_MEMORY;
    reading->path = "input[]";
    reading->member = "content";
    return reading_content(reading, told->content, forms[told->role], &message->parts);
}

static enum outcome call_take(struct reading *reading, uint32_t node, const struct told_item *told) {
    struct part part = {.kind = PART_CALL, .id = told->call_id, .name = told->name};
    enum outcome outcome = reading_require(reading, node, part.id, "has no call_id");
    if (outcome == OUTCOME_OK) outcome = reading_require(reading, node, part.name, "has no name");
    if (outcome == OUTCOME_OK) outcome = reading_plain(reading->arena, told->arguments, &part.arguments);
    if (outcome != OUTCOME_OK) return outcome;
    struct message *message = assistant_turn(reading->conversation);
    if (message == NULL || part_list_add(&message->parts, reading->arena, &part) == NULL) return OUTCOME_NO_MEMORY;
    return OUTCOME_OK;
}

static enum outcome output_take(struct reading *reading, uint32_t node, const struct told_item *told) {
    struct part part = {.kind = PART_RESULT, .id = told->call_id, .name = told->name};
    enum outcome outcome = reading_require(reading, node, part.id, "has no call_id");
    if (outcome != OUTCOME_OK) return outcome;
    if (told->output == JSON_NONE) return reading_refuse(reading, node, OUTCOME_INVALID, "has no output");
    reading->path = "input[]";
    reading->member = "output";
    outcome = reading_content(reading, told->output, user_forms, &part.content);
    if (outcome != OUTCOME_OK) return outcome;
    struct message *message = conversation_message_add(reading->conversation, ROLE_TOOL);
    if (message == NULL || part_list_add(&message->parts, reading->arena, &part) == NULL) return OUTCOME_NO_MEMORY;
    return OUTCOME_OK;
}

/* The text itself where it is told, else its summary. */
static enum outcome reasoning_take(struct reading *reading, uint32_t node, const struct told_item *told) {
    (void)node;
    const uint32_t text = told->content != JSON_NONE ? told->content : told->summary;
    if (json_first(reading->doc, text) == JSON_NONE) return OUTCOME_OK;
    struct message *message = assistant_turn(reading->conversation);
    if (message == NULL) return OUTCOME_NO_MEMORY;
    reading->path = "input[]";
    reading->member = "content";
    return reading_content(reading, text, reasoning_forms, &message->parts);
}

static const struct member message_members[] = {
    {"type", reading_ignored, 0},
    {"role", read_role, offsetof(struct told_item, role)},
    {"content", reading_node, offsetof(struct told_item, content)},
    {"id", NULL, 0},
    {"status", NULL, 0},
    {"phase", NULL, 0},
    {NULL, NULL, 0},
};
static const struct member call_members[] = {
    {"type", reading_ignored, 0},
    {"call_id", reading_string, offsetof(struct told_item, call_id)},
    {"name", reading_string, offsetof(struct told_item, name)},
    {"arguments", reading_string, offsetof(struct told_item, arguments)},
    {"async", reading_off, 0},
    {"namespace", reading_off, 0},
    {"id", NULL, 0},
    {"status", NULL, 0},
    {"caller", NULL, 0},
    {NULL, NULL, 0},
};
static const struct member output_members[] = {
    {"type", reading_ignored, 0},
    {"call_id", reading_string, offsetof(struct told_item, call_id)},
    {"name", reading_string, offsetof(struct told_item, name)},
    {"output", reading_node, offsetof(struct told_item, output)},
    {"namespace", reading_off, 0},
    {"id", NULL, 0},
    {"status", NULL, 0},
    {"caller", NULL, 0},
    {NULL, NULL, 0},
};
static const struct member reasoning_members[] = {
    {"type", reading_ignored, 0},
    {"summary", reading_node, offsetof(struct told_item, summary)},
    {"content", reading_node, offsetof(struct told_item, content)},
    {"encrypted_content", NULL, 0},
    {"id", NULL, 0},
    {"status", NULL, 0},
    {NULL, NULL, 0},
};

static const struct item_form {
    const char *type;
    struct member_table table;
    enum outcome (*take)(struct reading *reading, uint32_t node, const struct told_item *told);
} item_forms[] = {
    {"message", {"input[]", message_members}, message_take}, /* the first is what an item without a type is */
    {"function_call", {"input[]", call_members}, call_take},
    {"function_call_output", {"input[]", output_members}, output_take},
    {"reasoning", {"input[]", reasoning_members}, reasoning_take},
};

static const struct item_form *form_of(const struct json_doc *doc, uint32_t item) {
    const uint32_t type = json_member(doc, item, SLICE("type"));
    if (type == JSON_NONE) return &item_forms[0];
    for (size_t i = 0; i < sizeof item_forms / sizeof item_forms[0]; i++)
        if (json_is(doc, type, JSON_STRING) && json_text_is(json_raw(doc, type), slice_str(item_forms[i].type)))
            return &item_forms[i];
    return NULL;
}

static enum outcome read_item(struct reading *reading, uint32_t node, void *into) {
    (void)into;
    struct told_item told = {.role = JSON_NONE, .content = JSON_NONE, .output = JSON_NONE, .summary = JSON_NONE};
    const struct item_form *form = form_of(reading->doc, node);
    if (form == NULL)
        return reading_refuse(reading, node, OUTCOME_UNSUPPORTED, "has an item of a type that cannot be translated");
    const enum outcome outcome = reading_object(reading, node, &form->table, &told);
    return outcome == OUTCOME_OK ? form->take(reading, node, &told) : outcome;
}

static enum outcome read_input(struct reading *reading, uint32_t node, void *into) {
    struct conversation *conversation = into;
    if (!json_is(reading->doc, node, JSON_STRING)) return reading_array(reading, node, read_item, into);
    struct message *message = conversation_message_add(conversation, ROLE_USER);
    if (message == NULL) return OUTCOME_NO_MEMORY;
    return reading_text_add(reading, PART_TEXT, json_raw(reading->doc, node), &message->parts);
}

static enum outcome read_instructions(struct reading *reading, uint32_t node, void *into) {
    struct slice text;
    const enum outcome outcome = reading_string(reading, node, &text);
    if (outcome != OUTCOME_OK || text.len == 0) return outcome;
    struct message *message = conversation_message_first(into, ROLE_SYSTEM);
    if (message == NULL) return OUTCOME_NO_MEMORY;
    return reading_text_add(reading, PART_TEXT, text, &message->parts);
}

/* ---- tools ---- */

static const struct member tool_members[] = {
    {"type", openai_read_function_type, 0},
    {"name", reading_string, offsetof(struct tool, name)},
    {"description", reading_string, offsetof(struct tool, description)},
    {"parameters", reading_json, offsetof(struct tool, schema)},
    {"strict", reading_setting, offsetof(struct tool, strict)},
    {"async", reading_off, 0},
    {"allowed_callers", NULL, 0},
    {"defer_loading", NULL, 0},
    {"output_schema", NULL, 0},
    {NULL, NULL, 0},
};
static const struct member_table tool_table = {"tools[]", tool_members};

static enum outcome read_tool(struct reading *reading, uint32_t node, void *into) {
    (void)into;
    struct tool *tool = conversation_tool_add(reading->conversation);
    if (tool == NULL) return OUTCOME_NO_MEMORY;
    const enum outcome outcome = reading_object(reading, node, &tool_table, tool);
    return outcome == OUTCOME_OK ? reading_require(reading, node, tool->name, "has no name") : outcome;
}

static enum outcome read_tools(struct reading *reading, uint32_t node, void *into) {
    return reading_array(reading, node, read_tool, into);
}

static const struct member choice_members[] = {
    {"type", openai_read_function_type, 0},
    {"name", reading_string, offsetof(struct conversation, chosen_tool)},
    {NULL, NULL, 0},
};
static const struct member_table choice_table = {"tool_choice", choice_members};

static enum outcome read_choice(struct reading *reading, uint32_t node, void *into) {
    struct conversation *conversation = into;
    if (json_is(reading->doc, node, JSON_STRING)) return openai_read_choice_word(reading, node, into);
    conversation->tool_choice = CHOICE_NAMED;
    const enum outcome outcome = reading_object(reading, node, &choice_table, conversation);
    if (outcome != OUTCOME_OK) return outcome;
    return reading_require(reading, node, conversation->chosen_tool, "names no function");
}

/* ---- settings ---- */

static const struct member shape_members[] = {
    {"type", openai_read_shape_word, 0},
    {"name", reading_string, offsetof(struct conversation, shape_name)},
    {"description", reading_string, offsetof(struct conversation, shape_description)},
    {"schema", reading_json, offsetof(struct conversation, shape_schema)},
    {"strict", reading_setting, offsetof(struct conversation, shape_strict)},
    {NULL, NULL, 0},
};
static const struct member_table shape_table = {"text.format", shape_members};

static enum outcome read_shape(struct reading *reading, uint32_t node, void *into) {
    struct conversation *conversation = into;
    const enum outcome outcome = reading_object(reading, node, &shape_table, conversation);
    if (outcome != OUTCOME_OK || conversation->shape != SHAPE_SCHEMA) return outcome;
    return reading_require(reading, node, conversation->shape_schema, "has no schema");
}

static const struct member text_setting_members[] = {
    {"format", read_shape, 0},
    {"verbosity", reading_string, offsetof(struct conversation, verbosity)},
    {NULL, NULL, 0},
};
static const struct member_table text_setting_table = {"text", text_setting_members};

static enum outcome read_text(struct reading *reading, uint32_t node, void *into) {
    return reading_object(reading, node, &text_setting_table, into);
}

static const struct member reasoning_setting_members[] = {
    {"effort", reading_string, offsetof(struct conversation, reasoning_effort)},
    {"summary", NULL, 0},
    {"generate_summary", NULL, 0},
    {"context", NULL, 0},
    {"mode", NULL, 0},
    {NULL, NULL, 0},
};
static const struct member_table reasoning_setting_table = {"reasoning", reasoning_setting_members};

static enum outcome read_reasoning(struct reading *reading, uint32_t node, void *into) {
    return reading_object(reading, node, &reasoning_setting_table, into);
}

static enum outcome read_included(struct reading *reading, uint32_t node, void *into) {
    (void)into;
    static const char *const words[] = {
        "reasoning.encrypted_content",    "message.input_image.image_url",
        "file_search_call.results",       "web_search_call.results",
        "web_search_call.action.sources", "computer_call_output.output.image_url",
        "code_interpreter_call.outputs",  NULL,
    };
    uint32_t index = 0;
    return reading_word(reading, node, words, &index);
}

static enum outcome read_include(struct reading *reading, uint32_t node, void *into) {
    return reading_array(reading, node, read_included, into);
}

static const struct member request_members[] = {
    {"model", reading_string, offsetof(struct conversation, model)},
    {"instructions", read_instructions, 0},
    {"input", read_input, 0},
    {"tools", read_tools, 0},
    {"tool_choice", read_choice, 0},
    {"parallel_tool_calls", reading_setting, offsetof(struct conversation, parallel_calls)},
    {"text", read_text, 0},
    {"reasoning", read_reasoning, 0},
    {"include", read_include, 0},
    {"stream", reading_setting, offsetof(struct conversation, stream)},
    {"temperature", reading_number, offsetof(struct conversation, temperature)},
    {"top_p", reading_number, offsetof(struct conversation, top_p)},
    {"max_output_tokens", reading_count, offsetof(struct conversation, max_tokens)},
    {"top_logprobs", reading_off, 0},
    {"background", reading_off, 0},
    {"previous_response_id", reading_refused, 0},
    {"conversation", reading_refused, 0},
    {"prompt", reading_refused, 0},
    {"moderation", reading_refused, 0},
    {"context_management", reading_off, 0},
    {"metadata", NULL, 0},
    {"user", NULL, 0},
    {"safety_identifier", NULL, 0},
    {"prompt_cache_key", NULL, 0},
    {"prompt_cache_options", NULL, 0},
    {"prompt_cache_retention", NULL, 0},
    {"service_tier", NULL, 0},
    {"store", NULL, 0},
    {"stream_options", NULL, 0},
    {"truncation", NULL, 0},
    {"image", NULL, 0},
    {"max_tool_calls", NULL, 0},
    {NULL, NULL, 0},
};
static const struct member_table request_table = {"", request_members};

enum outcome responses_read_request(struct reading *reading) {
    return reading_object(reading, 0, &request_table, reading->conversation);
}
