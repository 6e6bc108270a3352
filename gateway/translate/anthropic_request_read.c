/* Reads a request of Anthropic messages.
 *
 * Hints that are dropped: metadata, service_tier, cache_control (anywhere), thinking and output_config.effort (how
 * hard to think), context_management (the server's own trimming), diagnostics, speed, user_profile_id,
 * workspace_id; of tools: eager_input_streaming, defer_loading, allowed_callers; caller of a call; citations of an
 * earlier answer. signature and redacted_thinking mean nothing to other models and stay out of the history;
 * thinking stays where the target has it.
 * Refused: documents, search results, server tools and their blocks, files, containers, inference_geo, MCP.
 * A tool's results are moved in front of the other parts of their message, where this format wants them. */
#include "gateway/translate/anthropic.h"

#include "gateway/translate/image.h"

/* ---- parts ---- */

struct image_source {
    uint32_t type;
    struct slice media_type, data, url;
};

static enum outcome read_source_type(struct reading *reading, uint32_t node, void *into) {
    static const char *const words[] = {"base64", "url", NULL};
    return reading_word(reading, node, words, into);
}

static const struct member source_members[] = {
    {"type", read_source_type, offsetof(struct image_source, type)},
    {"media_type", reading_string, offsetof(struct image_source, media_type)},
    {"data", reading_string, offsetof(struct image_source, data)},
    {"url", reading_string, offsetof(struct image_source, url)},
    {NULL, NULL, 0},
};
static const struct member_table source_table = {"messages[].content[].source", source_members};

static enum outcome read_source(struct reading *reading, uint32_t node, void *into) {
    struct image_source source = {.type = JSON_NONE};
    const enum outcome outcome = reading_object(reading, node, &source_table, &source);
    if (outcome != OUTCOME_OK) return outcome;
    if (source.type == 0 && source.media_type.data && source.data.data)
        return image_from_base64(reading, node, source.media_type, source.data, into);
    if (source.type == 1 && source.url.data) return image_from_url(reading, node, source.url, into);
    return reading_refuse(reading, node, OUTCOME_INVALID, "is not complete");
}

static enum outcome read_is_error(struct reading *reading, uint32_t node, void *into) {
    enum setting setting = SETTING_ABSENT;
    const enum outcome outcome = reading_setting(reading, node, &setting);
    *(bool *)into = setting == SETTING_YES;
    return outcome;
}

static reading_fn read_result_content;

static const struct member text_members[] = {
    {"type", reading_ignored, 0},
    {"text", reading_string, offsetof(struct part, text)},
    {"cache_control", NULL, 0},
    {"citations", NULL, 0},
    {NULL, NULL, 0},
};
static const struct member image_members[] = {
    {"type", reading_ignored, 0},
    {"source", read_source, 0},
    {"cache_control", NULL, 0},
    {"transformations", reading_off, 0},
    {NULL, NULL, 0},
};
static const struct member thinking_members[] = {
    {"type", reading_ignored, 0},
    {"thinking", reading_string, offsetof(struct part, text)},
    {"signature", NULL, 0},
    {NULL, NULL, 0},
};
static const struct member redacted_members[] = {
    {"type", reading_ignored, 0},
    {"data", NULL, 0},
    {NULL, NULL, 0},
};
static const struct member call_members[] = {
    {"type", reading_ignored, 0},
    {"id", reading_string, offsetof(struct part, id)},
    {"name", reading_string, offsetof(struct part, name)},
    {"input", reading_json, offsetof(struct part, arguments)},
    {"cache_control", NULL, 0},
    {"caller", NULL, 0},
    {NULL, NULL, 0},
};
static const struct member result_members[] = {
    {"type", reading_ignored, 0},
    {"tool_use_id", reading_string, offsetof(struct part, id)},
    {"content", read_result_content, offsetof(struct part, content)},
    {"is_error", read_is_error, offsetof(struct part, is_error)},
    {"cache_control", NULL, 0},
    {NULL, NULL, 0},
};
static const struct member_table text_table = {"messages[].content[]", text_members};
static const struct member_table image_table = {"messages[].content[]", image_members};
static const struct member_table thinking_table = {"messages[].content[]", thinking_members};
static const struct member_table redacted_table = {"messages[].content[]", redacted_members};
static const struct member_table call_table = {"messages[].content[]", call_members};
static const struct member_table result_table = {"messages[].content[]", result_members};

/* What a message of each role may hold. */
static const struct part_form system_forms[] = {{"text", PART_TEXT, &text_table}, {NULL, PART_TEXT, NULL}};
static const struct part_form result_forms[] = {
    {"text", PART_TEXT, &text_table}, {"image", PART_IMAGE, &image_table}, {NULL, PART_TEXT, NULL}};
static const struct part_form user_forms[] = {
    {"text", PART_TEXT, &text_table},
    {"image", PART_IMAGE, &image_table},
    {"tool_result", PART_RESULT, &result_table},
    {NULL, PART_TEXT, NULL},
};
static const struct part_form assistant_forms[] = {
    {"text", PART_TEXT, &text_table},
    {"thinking", PART_THINKING, &thinking_table},
    {"redacted_thinking", PART_THINKING, &redacted_table}, /* says nothing, so it is left out */
    {"tool_use", PART_CALL, &call_table},
    {NULL, PART_TEXT, NULL},
};

static enum outcome read_result_content(struct reading *reading, uint32_t node, void *into) {
    return reading_content(reading, node, result_forms, into);
}

/* ---- messages ---- */

struct told_message {
    uint32_t role, content;
};

enum { WORD_USER, WORD_ASSISTANT, WORD_SYSTEM };

static enum outcome read_role(struct reading *reading, uint32_t node, void *into) {
    static const char *const words[] = {"user", "assistant", "system", NULL};
    return reading_word(reading, node, words, into);
}

static const struct member message_members[] = {
    {"role", read_role, offsetof(struct told_message, role)},
    {"content", reading_node, offsetof(struct told_message, content)},
    {NULL, NULL, 0},
};
static const struct member_table message_table = {"messages[]", message_members};

/* Gives every result a message of its own, and the rest one behind them; a turn that says nothing stays a turn. */
static enum outcome parts_place(struct conversation *conversation, const struct part_list *parts,
                                enum message_role role) {
    struct message *rest = NULL;
    if (parts->first == NULL && conversation_message_add(conversation, role) == NULL) return OUTCOME_NO_MEMORY;
    for (const struct part *part = parts->first; part; part = part->next) {
        if (part->kind != PART_RESULT) continue;
        struct message *message = conversation_message_add(conversation, ROLE_TOOL);
        if (message == NULL || part_list_add(&message->parts, conversation->arena, part) == NULL)
            return OUTCOME_NO_MEMORY;
    }
    for (const struct part *part = parts->first; part; part = part->next) {
        if (part->kind == PART_RESULT) continue;
        if (rest == NULL) rest = conversation_message_add(conversation, role);
        if (rest == NULL || part_list_add(&rest->parts, conversation->arena, part) == NULL) return OUTCOME_NO_MEMORY;
    }
    return OUTCOME_OK;
}

static enum outcome read_message(struct reading *reading, uint32_t node, void *into) {
    (void)into;
    static const enum message_role roles[] = {ROLE_USER, ROLE_ASSISTANT, ROLE_SYSTEM};
    static const struct part_form *const forms[] = {user_forms, assistant_forms, system_forms};
    struct told_message told = {JSON_NONE, JSON_NONE};
    struct part_list parts = {NULL, NULL};
    enum outcome outcome = reading_object(reading, node, &message_table, &told);
    if (outcome != OUTCOME_OK) return outcome;
    if (told.role == JSON_NONE || told.content == JSON_NONE)
        return reading_refuse(reading, node, OUTCOME_INVALID, "has no role or no content");
    reading->path = "messages[]";
    reading->member = "content";
    outcome = reading_content(reading, told.content, forms[told.role], &parts);
    return outcome == OUTCOME_OK ? parts_place(reading->conversation, &parts, roles[told.role]) : outcome;
}

static enum outcome read_messages(struct reading *reading, uint32_t node, void *into) {
    return reading_array(reading, node, read_message, into);
}

static enum outcome read_system(struct reading *reading, uint32_t node, void *into) {
    struct message *message = conversation_message_first(into, ROLE_SYSTEM);
    if (message == NULL) return OUTCOME_NO_MEMORY;
    return reading_content(reading, node, system_forms, &message->parts);
}

/* ---- tools ---- */

static enum outcome read_tool_type(struct reading *reading, uint32_t node, void *into) {
    (void)into;
    static const char *const words[] = {"custom", NULL};
    uint32_t index = 0;
    return reading_word(reading, node, words, &index);
}

static const struct member tool_members[] = {
    {"type", read_tool_type, 0},
    {"name", reading_string, offsetof(struct tool, name)},
    {"description", reading_string, offsetof(struct tool, description)},
    {"input_schema", reading_json, offsetof(struct tool, schema)},
    {"strict", reading_setting, offsetof(struct tool, strict)},
    {"cache_control", NULL, 0},
    {"eager_input_streaming", NULL, 0},
    {"defer_loading", NULL, 0},
    {"allowed_callers", NULL, 0},
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

static enum outcome read_choice_type(struct reading *reading, uint32_t node, void *into) {
    static const char *const words[] = {"auto", "any", "tool", "none", NULL};
    static const enum tool_choice choices[] = {CHOICE_AUTO, CHOICE_REQUIRED, CHOICE_NAMED, CHOICE_NONE};
    uint32_t index = 0;
    const enum outcome outcome = reading_word(reading, node, words, &index);
    if (outcome == OUTCOME_OK) *(enum tool_choice *)into = choices[index];
    return outcome;
}

static enum outcome read_not_parallel(struct reading *reading, uint32_t node, void *into) {
    enum setting off = SETTING_ABSENT;
    const enum outcome outcome = reading_setting(reading, node, &off);
    *(enum setting *)into = off == SETTING_YES ? SETTING_NO : SETTING_YES;
    return outcome;
}

static const struct member choice_members[] = {
    {"type", read_choice_type, offsetof(struct conversation, tool_choice)},
    {"name", reading_string, offsetof(struct conversation, chosen_tool)},
    {"disable_parallel_tool_use", read_not_parallel, offsetof(struct conversation, parallel_calls)},
    {NULL, NULL, 0},
};
static const struct member_table choice_table = {"tool_choice", choice_members};

static enum outcome read_choice(struct reading *reading, uint32_t node, void *into) {
    struct conversation *conversation = into;
    const enum outcome outcome = reading_object(reading, node, &choice_table, conversation);
    if (outcome != OUTCOME_OK || conversation->tool_choice != CHOICE_NAMED) return outcome;
    return reading_require(reading, node, conversation->chosen_tool, "names no tool");
}

/* ---- the shape of the answer ---- */

static enum outcome read_shape_type(struct reading *reading, uint32_t node, void *into) {
    static const char *const words[] = {"json_schema", NULL};
    uint32_t index = 0;
    *(enum answer_shape *)into = SHAPE_SCHEMA;
    return reading_word(reading, node, words, &index);
}

static const struct member shape_members[] = {
    {"type", read_shape_type, offsetof(struct conversation, shape)},
    {"schema", reading_json, offsetof(struct conversation, shape_schema)},
    {NULL, NULL, 0},
};
static const struct member_table shape_table = {"output_config.format", shape_members};

static enum outcome read_shape(struct reading *reading, uint32_t node, void *into) {
    struct conversation *conversation = into;
    const enum outcome outcome = reading_object(reading, node, &shape_table, conversation);
    if (outcome != OUTCOME_OK) return outcome;
    conversation->shape = SHAPE_SCHEMA;
    return reading_require(reading, node, conversation->shape_schema, "has no schema");
}

static const struct member output_members[] = {
    {"format", read_shape, 0},
    {"effort", NULL, 0},
    {NULL, NULL, 0},
};
static const struct member_table output_table = {"output_config", output_members};

static enum outcome read_output(struct reading *reading, uint32_t node, void *into) {
    return reading_object(reading, node, &output_table, into);
}

/* ---- the request ---- */

static const struct member request_members[] = {
    {"model", reading_string, offsetof(struct conversation, model)},
    {"system", read_system, 0},
    {"messages", read_messages, 0},
    {"tools", read_tools, 0},
    {"tool_choice", read_choice, 0},
    {"output_config", read_output, 0},
    {"stop_sequences", reading_stop, 0},
    {"stream", reading_setting, offsetof(struct conversation, stream)},
    {"max_tokens", reading_count, offsetof(struct conversation, max_tokens)},
    {"temperature", reading_number, offsetof(struct conversation, temperature)},
    {"top_p", reading_number, offsetof(struct conversation, top_p)},
    {"top_k", reading_number, offsetof(struct conversation, top_k)},
    {"container", reading_refused, 0},
    {"inference_geo", reading_refused, 0},
    {"mcp_servers", reading_off, 0},
    {"metadata", NULL, 0},
    {"service_tier", NULL, 0},
    {"cache_control", NULL, 0},
    {"thinking", NULL, 0},
    {"context_management", NULL, 0},
    {"diagnostics", NULL, 0},
    {"speed", NULL, 0},
    {"user_profile_id", NULL, 0},
    {"workspace_id", NULL, 0},
    {NULL, NULL, 0},
};
static const struct member_table request_table = {"", request_members};

enum outcome anthropic_read_request(struct reading *reading) {
    return reading_object(reading, 0, &request_table, reading->conversation);
}
