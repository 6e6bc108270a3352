/* Reads a request of Ollama's chat.
 *
 * Hints that are dropped: keep_alive, truncate, shift, think (how hard to think), and the options that say how a
 * model is loaded: numa, num_ctx, num_batch, num_gpu, main_gpu, low_vram, f16_kv, vocab_only, use_mmap,
 * use_mlock, num_thread, num_keep.
 * Refused: logprobs; the samplers that only Ollama has (repeat_penalty, mirostat, min_p, typical_p ...).
 * Streaming is the default here. */
#include "gateway/translate/ollama.h"

#include "gateway/body/json_text.h"
#include "gateway/translate/image.h"

/* ---- messages ---- */

struct told_message {
    uint32_t role, images, tool_calls;
    struct slice content, thinking, tool_name, tool_call_id;
};

enum { WORD_SYSTEM, WORD_USER, WORD_ASSISTANT, WORD_TOOL };

static enum outcome read_role(struct reading *reading, uint32_t node, void *into) {
    static const char *const words[] = {"system", "user", "assistant", "tool", NULL};
    return reading_word(reading, node, words, into);
}

static const struct member message_members[] = {
    {"role", read_role, offsetof(struct told_message, role)},
    {"content", reading_string, offsetof(struct told_message, content)},
    {"thinking", reading_string, offsetof(struct told_message, thinking)},
    {"images", reading_node, offsetof(struct told_message, images)},
    {"tool_calls", reading_node, offsetof(struct told_message, tool_calls)},
    {"tool_name", reading_string, offsetof(struct told_message, tool_name)},
    {"tool_call_id", reading_string, offsetof(struct told_message, tool_call_id)},
    {NULL, NULL, 0},
};
static const struct member_table message_table = {"messages[]", message_members};

static enum outcome read_image(struct reading *reading, uint32_t node, void *into) {
    struct part part = {.kind = PART_IMAGE};
    struct slice data;
    enum outcome outcome = reading_string(reading, node, &data);
    if (outcome == OUTCOME_OK) outcome = image_from_base64(reading, node, slice_of(NULL, 0), data, &part);
    if (outcome != OUTCOME_OK) return outcome;
    return part_list_add(into, reading->arena, &part) ? OUTCOME_OK : OUTCOME_NO_MEMORY;
}

static const struct member function_members[] = {
    {"name", reading_string, offsetof(struct part, name)},
    {"arguments", reading_json, offsetof(struct part, arguments)},
    {"index", NULL, 0}, /* clients send back what they were given */
    {NULL, NULL, 0},
};
static const struct member_table function_table = {"messages[].tool_calls[].function", function_members};

static enum outcome read_function(struct reading *reading, uint32_t node, void *into) {
    return reading_object(reading, node, &function_table, into);
}

static const struct member call_members[] = {
    {"id", reading_string, offsetof(struct part, id)},
    {"type", NULL, 0},
    {"function", read_function, 0},
    {NULL, NULL, 0},
};
static const struct member_table call_table = {"messages[].tool_calls[]", call_members};

static enum outcome read_call(struct reading *reading, uint32_t node, void *into) {
    struct part part = {.kind = PART_CALL};
    enum outcome outcome = reading_object(reading, node, &call_table, &part);
    if (outcome == OUTCOME_OK) outcome = reading_require(reading, node, part.name, "has no function name");
    if (outcome != OUTCOME_OK) return outcome;
    return part_list_add(into, reading->arena, &part) ? OUTCOME_OK : OUTCOME_NO_MEMORY;
}

/* Text, then images, into one list. */
static enum outcome content_read(struct reading *reading, const struct told_message *told, struct part_list *list) {
    const enum outcome outcome = reading_text_add(reading, PART_TEXT, told->content, list);
    if (outcome != OUTCOME_OK || told->images == JSON_NONE) return outcome;
    reading->path = "messages[]";
    reading->member = "images";
    return reading_array(reading, told->images, read_image, list);
}

static enum outcome assistant_read(struct reading *reading, const struct told_message *told, struct part_list *list) {
    enum outcome outcome = reading_text_add(reading, PART_THINKING, told->thinking, list);
    if (outcome == OUTCOME_OK) outcome = content_read(reading, told, list);
    if (outcome != OUTCOME_OK || told->tool_calls == JSON_NONE) return outcome;
    reading->path = "messages[]";
    reading->member = "tool_calls";
    return reading_array(reading, told->tool_calls, read_call, list);
}

static enum outcome result_read(struct reading *reading, const struct told_message *told, struct part_list *list) {
    struct part part = {.kind = PART_RESULT, .id = told->tool_call_id, .name = told->tool_name};
    const enum outcome outcome = content_read(reading, told, &part.content);
    if (outcome != OUTCOME_OK) return outcome;
    return part_list_add(list, reading->arena, &part) ? OUTCOME_OK : OUTCOME_NO_MEMORY;
}

/* Members that a role does not have. */
static enum outcome message_check(struct reading *reading, uint32_t node, const struct told_message *told) {
    if (told->role > WORD_TOOL) return reading_refuse(reading, node, OUTCOME_INVALID, "has no role");
    const bool answered = told->tool_calls != JSON_NONE || told->thinking.len;
    if (answered && told->role != WORD_ASSISTANT)
        return reading_refuse(reading, node, OUTCOME_INVALID, "has what only an assistant says");
    if ((told->tool_name.len || told->tool_call_id.len) && told->role != WORD_TOOL)
        return reading_refuse(reading, node, OUTCOME_INVALID, "names a tool, but is no tool's result");
    const bool images = json_first(reading->doc, told->images) != JSON_NONE;
    if (images && (told->role == WORD_SYSTEM || told->role == WORD_ASSISTANT))
        return reading_refuse(reading, node, OUTCOME_UNSUPPORTED, "holds an image that is not the user's");
    return OUTCOME_OK;
}

static enum outcome read_message(struct reading *reading, uint32_t node, void *into) {
    (void)into;
    static const enum message_role roles[] = {ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL};
    struct told_message told = {.role = JSON_NONE, .images = JSON_NONE, .tool_calls = JSON_NONE};
    enum outcome outcome = reading_object(reading, node, &message_table, &told);
    if (outcome == OUTCOME_OK) outcome = message_check(reading, node, &told);
    if (outcome != OUTCOME_OK) return outcome;
    struct message *message = conversation_message_add(reading->conversation, roles[told.role]);
    if (message == NULL) return OUTCOME_NO_MEMORY;
    switch (told.role) {
    case WORD_ASSISTANT: return assistant_read(reading, &told, &message->parts);
    case WORD_TOOL: return result_read(reading, &told, &message->parts);
    default: return content_read(reading, &told, &message->parts);
    }
}

static enum outcome read_messages(struct reading *reading, uint32_t node, void *into) {
    return reading_array(reading, node, read_message, into);
}

/* ---- tools ---- */

static const struct member tool_function_members[] = {
    {"name", reading_string, offsetof(struct tool, name)},
    {"description", reading_string, offsetof(struct tool, description)},
    {"parameters", reading_json, offsetof(struct tool, schema)},
    {"strict", reading_setting, offsetof(struct tool, strict)},
    {NULL, NULL, 0},
};
static const struct member_table tool_function_table = {"tools[].function", tool_function_members};

static enum outcome read_tool_function(struct reading *reading, uint32_t node, void *into) {
    return reading_object(reading, node, &tool_function_table, into);
}

static enum outcome read_tool_type(struct reading *reading, uint32_t node, void *into) {
    (void)into;
    static const char *const words[] = {"function", NULL};
    uint32_t index = 0;
    return reading_word(reading, node, words, &index);
}

static const struct member tool_members[] = {
    {"type", read_tool_type, 0},
    {"function", read_tool_function, 0},
    {NULL, NULL, 0},
};
static const struct member_table tool_table = {"tools[]", tool_members};

static enum outcome read_tool(struct reading *reading, uint32_t node, void *into) {
    (void)into;
    struct tool *tool = conversation_tool_add(reading->conversation);
    if (tool == NULL) return OUTCOME_NO_MEMORY;
    const enum outcome outcome = reading_object(reading, node, &tool_table, tool);
    return outcome == OUTCOME_OK ? reading_require(reading, node, tool->name, "has no function name") : outcome;
}

static enum outcome read_tools(struct reading *reading, uint32_t node, void *into) {
    return reading_array(reading, node, read_tool, into);
}

/* ---- settings ---- */

/* -1 is "as much as it takes", like leaving it out; -2 fills the context, which only Ollama can. */
static enum outcome read_limit(struct reading *reading, uint32_t node, void *into) {
    struct slice number;
    const enum outcome outcome = reading_number(reading, node, &number);
    if (outcome != OUTCOME_OK || slice_equal(number, SLICE("-1"))) return outcome;
    if (number.data[0] == '-')
        return reading_refuse(reading, node, OUTCOME_UNSUPPORTED, "has a value that cannot be translated");
    return reading_count(reading, node, into);
}

static const struct member option_members[] = {
    {"temperature", reading_number, offsetof(struct conversation, temperature)},
    {"top_p", reading_number, offsetof(struct conversation, top_p)},
    {"top_k", reading_number, offsetof(struct conversation, top_k)},
    {"seed", reading_number, offsetof(struct conversation, seed)},
    {"frequency_penalty", reading_number, offsetof(struct conversation, frequency_penalty)},
    {"presence_penalty", reading_number, offsetof(struct conversation, presence_penalty)},
    {"num_predict", read_limit, offsetof(struct conversation, max_tokens)},
    {"stop", reading_stop, 0},
    {"repeat_penalty", reading_refused, 0},
    {"repeat_last_n", reading_refused, 0},
    {"penalize_newline", reading_refused, 0},
    {"min_p", reading_refused, 0},
    {"tfs_z", reading_refused, 0},
    {"typical_p", reading_refused, 0},
    {"mirostat", reading_off, 0},
    {"mirostat_tau", reading_refused, 0},
    {"mirostat_eta", reading_refused, 0},
    {"numa", NULL, 0},
    {"num_ctx", NULL, 0},
    {"num_batch", NULL, 0},
    {"num_gpu", NULL, 0},
    {"main_gpu", NULL, 0},
    {"low_vram", NULL, 0},
    {"f16_kv", NULL, 0},
    {"vocab_only", NULL, 0},
    {"use_mmap", NULL, 0},
    {"use_mlock", NULL, 0},
    {"num_thread", NULL, 0},
    {"num_keep", NULL, 0},
    {NULL, NULL, 0},
};
static const struct member_table option_table = {"options", option_members};

static enum outcome read_options(struct reading *reading, uint32_t node, void *into) {
    return reading_object(reading, node, &option_table, into);
}

/* "", "json" or a schema. */
static enum outcome read_format(struct reading *reading, uint32_t node, void *into) {
    struct conversation *conversation = into;
    if (json_is(reading->doc, node, JSON_OBJECT)) {
        conversation->shape = SHAPE_SCHEMA;
        return reading_json(reading, node, &conversation->shape_schema);
    }
    static const char *const words[] = {"", "json", NULL};
    uint32_t index = 0;
    const enum outcome outcome = reading_word(reading, node, words, &index);
    if (outcome == OUTCOME_OK && index == 1) conversation->shape = SHAPE_JSON;
    return outcome;
}

static const struct member request_members[] = {
    {"model", reading_string, offsetof(struct conversation, model)},
    {"messages", read_messages, 0},
    {"tools", read_tools, 0},
    {"format", read_format, 0},
    {"options", read_options, 0},
    {"stream", reading_setting, offsetof(struct conversation, stream)},
    {"logprobs", reading_off, 0},
    {"top_logprobs", reading_off, 0},
    {"keep_alive", NULL, 0},
    {"think", NULL, 0},
    {"truncate", NULL, 0},
    {"shift", NULL, 0},
    {NULL, NULL, 0},
};
static const struct member_table request_table = {"", request_members};

enum outcome ollama_read_request(struct reading *reading) {
    const enum outcome outcome = reading_object(reading, 0, &request_table, reading->conversation);
    if (reading->conversation->stream == SETTING_ABSENT) reading->conversation->stream = SETTING_YES;
    return outcome;
}
