/* Reads a request of OpenAI chat completions.
 *
 * Hints that are dropped: metadata, user, safety_identifier, prompt_cache_key, prompt_cache_options,
 * prompt_cache_retention, prompt_cache_breakpoint (of parts), service_tier, store, stream_options, prediction
 * (a guess that only saves time); annotations and provider_specific_fields of an earlier answer, and the index of
 * a streamed call. Where the target has none: an image's detail, reasoning_effort, verbosity.
 * Refused unless off: logprobs, top_logprobs, logit_bias, n above 1, modalities other than text. Refused: audio,
 * files, web search, moderation, custom tools, allowed_tools, participants' names, and the functions that tools
 * replaced. */
#include "gateway/translate/openai.h"

#include "gateway/translate/image.h"
#include "gateway/translate/openai_words.h"

/* ---- parts ---- */

static const struct member image_url_members[] = {
    {"url", reading_string, offsetof(struct part, url)},
    {"detail", reading_string, offsetof(struct part, detail)},
    {NULL, NULL, 0},
};
static const struct member_table image_url_table = {"messages[].content[].image_url", image_url_members};

static enum outcome read_image(struct reading *reading, uint32_t node, void *into) {
    struct part *part = into;
    struct part told = {.kind = PART_IMAGE};
    enum outcome outcome = reading_object(reading, node, &image_url_table, &told);
    if (outcome == OUTCOME_OK) outcome = reading_require(reading, node, told.url, "has no url");
    if (outcome != OUTCOME_OK) return outcome;
    part->detail = told.detail;
    return image_from_url(reading, node, told.url, part);
}

static const struct member text_members[] = {
    {"type", reading_ignored, 0},
    {"text", reading_string, offsetof(struct part, text)},
    {"prompt_cache_breakpoint", NULL, 0},
    {NULL, NULL, 0},
};
static const struct member refusal_members[] = {
    {"type", reading_ignored, 0},
    {"refusal", reading_string, offsetof(struct part, text)},
    {NULL, NULL, 0},
};
static const struct member image_members[] = {
    {"type", reading_ignored, 0},
    {"image_url", read_image, 0},
    {"prompt_cache_breakpoint", NULL, 0},
    {NULL, NULL, 0},
};
static const struct member_table text_table = {"messages[].content[]", text_members};
static const struct member_table refusal_table = {"messages[].content[]", refusal_members};
static const struct member_table image_table = {"messages[].content[]", image_members};

/* What a message of each role may hold. */
static const struct part_form text_forms[] = {{"text", PART_TEXT, &text_table}, {NULL, PART_TEXT, NULL}};
static const struct part_form user_forms[] = {
    {"text", PART_TEXT, &text_table}, {"image_url", PART_IMAGE, &image_table}, {NULL, PART_TEXT, NULL}};
static const struct part_form assistant_forms[] = {
    {"text", PART_TEXT, &text_table}, {"refusal", PART_REFUSAL, &refusal_table}, {NULL, PART_TEXT, NULL}};

/* ---- tool calls ---- */

static const struct member function_members[] = {
    {"name", reading_string, offsetof(struct part, name)},
    {"arguments", reading_string, offsetof(struct part, arguments)},
    {NULL, NULL, 0},
};
static const struct member_table function_table = {"messages[].tool_calls[].function", function_members};

static enum outcome read_function(struct reading *reading, uint32_t node, void *into) {
    return reading_object(reading, node, &function_table, into);
}

static const struct member call_members[] = {
    {"id", reading_string, offsetof(struct part, id)},
    {"type", openai_read_function_type, 0},
    {"function", read_function, 0},
    {"index", NULL, 0}, /* clients send back what they streamed */
    {NULL, NULL, 0},
};
static const struct member_table call_table = {"messages[].tool_calls[]", call_members};

static enum outcome read_call(struct reading *reading, uint32_t node, void *into) {
    struct part_list *parts = into;
    struct part part = {.kind = PART_CALL};
    enum outcome outcome = reading_object(reading, node, &call_table, &part);
    if (outcome == OUTCOME_OK) outcome = reading_require(reading, node, part.id, "has no id");
    if (outcome == OUTCOME_OK) outcome = reading_require(reading, node, part.name, "has no function name");
    if (outcome == OUTCOME_OK) outcome = reading_plain(reading->arena, part.arguments, &part.arguments);
    if (outcome != OUTCOME_OK) return outcome;
    return part_list_add(parts, reading->arena, &part) ? OUTCOME_OK : OUTCOME_NO_MEMORY;
}

/* ---- messages ---- */

struct chat_message {
    uint32_t role, content, tool_calls;
    struct slice name, tool_call_id, refusal, reasoning;
};

static enum outcome read_role(struct reading *reading, uint32_t node, void *into) {
    static const char *const words[] = {"system", "developer", "user", "assistant", "tool", NULL};
    return reading_word(reading, node, words, into);
}
enum { WORD_SYSTEM, WORD_DEVELOPER, WORD_USER, WORD_ASSISTANT, WORD_TOOL };

static const struct member message_members[] = {
    {"role", read_role, offsetof(struct chat_message, role)},
    {"content", reading_node, offsetof(struct chat_message, content)},
    {"name", reading_string, offsetof(struct chat_message, name)},
    {"tool_calls", reading_node, offsetof(struct chat_message, tool_calls)},
    {"tool_call_id", reading_string, offsetof(struct chat_message, tool_call_id)},
    {"refusal", reading_string, offsetof(struct chat_message, refusal)},
    /* what reasoning servers add to their answers, and clients send back */
    {"reasoning_content", reading_string, offsetof(struct chat_message, reasoning)},
    {"reasoning", reading_string, offsetof(struct chat_message, reasoning)},
    {"audio", reading_refused, 0},
    {"function_call", reading_refused, 0},
    /* of an answer, and of no use to the model */
    {"annotations", NULL, 0},
    {"provider_specific_fields", NULL, 0}, /* LiteLLM's notes */
    {NULL, NULL, 0},
};
static const struct member_table message_table = {"messages[]", message_members};

static enum outcome content_read(struct reading *reading, const struct chat_message *told,
                                 const struct part_form *forms, struct part_list *list) {
    if (told->content == JSON_NONE) return OUTCOME_OK;
    reading->path = "messages[]";
    reading->member = "content";
    return reading_content(reading, told->content, forms, list);
}

static enum outcome assistant_read(struct reading *reading, const struct chat_message *told, struct part_list *list) {
    enum outcome outcome = reading_text_add(reading, PART_THINKING, told->reasoning, list);
    if (outcome == OUTCOME_OK) outcome = content_read(reading, told, assistant_forms, list);
    if (outcome == OUTCOME_OK) outcome = reading_text_add(reading, PART_REFUSAL, told->refusal, list);
    if (outcome != OUTCOME_OK || told->tool_calls == JSON_NONE) return outcome;
    reading->path = "messages[]";
    reading->member = "tool_calls";
    return reading_array(reading, told->tool_calls, read_call, list);
}

static enum outcome result_read(struct reading *reading, uint32_t node, const struct chat_message *told,
                                struct part_list *list) {
    struct part part = {.kind = PART_RESULT, .id = told->tool_call_id, .name = told->name};
    enum outcome outcome = reading_require(reading, node, part.id, "is a tool's result without a tool_call_id");
    if (outcome == OUTCOME_OK) outcome = content_read(reading, told, text_forms, &part.content);
    if (outcome != OUTCOME_OK) return outcome;
    return part_list_add(list, reading->arena, &part) ? OUTCOME_OK : OUTCOME_NO_MEMORY;
}

/* Members that a role does not have. */
static enum outcome message_check(struct reading *reading, uint32_t node, const struct chat_message *told) {
    if (told->role > WORD_TOOL) return reading_refuse(reading, node, OUTCOME_INVALID, "has no role");
    if (told->name.len && told->role != WORD_TOOL)
        return reading_refuse(reading, node, OUTCOME_UNSUPPORTED, "has a participant's name");
    if (told->tool_call_id.len && told->role != WORD_TOOL)
        return reading_refuse(reading, node, OUTCOME_INVALID, "has a tool_call_id, but is no tool's result");
    const bool answered = told->tool_calls != JSON_NONE || told->refusal.len || told->reasoning.len;
    if (answered && told->role != WORD_ASSISTANT)
        return reading_refuse(reading, node, OUTCOME_INVALID, "has what only an assistant says");
    return OUTCOME_OK;
}

static enum outcome read_message(struct reading *reading, uint32_t node, void *into) {
    (void)into;
    static const enum message_role roles[] = {ROLE_SYSTEM, ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL};
    struct chat_message told = {.role = JSON_NONE, .content = JSON_NONE, .tool_calls = JSON_NONE};
    enum outcome outcome = reading_object(reading, node, &message_table, &told);
    if (outcome == OUTCOME_OK) outcome = message_check(reading, node, &told);
    if (outcome != OUTCOME_OK) return outcome;
    struct message *message = conversation_message_add(reading->conversation, roles[told.role]);
    if (message == NULL) return OUTCOME_NO_MEMORY;
    switch (told.role) {
    case WORD_ASSISTANT: return assistant_read(reading, &told, &message->parts);
    case WORD_TOOL: return result_read(reading, node, &told, &message->parts);
    case WORD_USER: return content_read(reading, &told, user_forms, &message->parts);
    default: return content_read(reading, &told, text_forms, &message->parts);
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

static const struct member tool_members[] = {
    {"type", openai_read_function_type, 0},
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

static const struct member chosen_function_members[] = {
    {"name", reading_string, offsetof(struct conversation, chosen_tool)},
    {NULL, NULL, 0},
};
static const struct member_table chosen_function_table = {"tool_choice.function", chosen_function_members};

static enum outcome read_chosen_function(struct reading *reading, uint32_t node, void *into) {
    return reading_object(reading, node, &chosen_function_table, into);
}

static const struct member choice_members[] = {
    {"type", openai_read_function_type, 0},
    {"function", read_chosen_function, 0},
    {NULL, NULL, 0},
};
static const struct member_table choice_table = {"tool_choice", choice_members};

static enum outcome read_tool_choice(struct reading *reading, uint32_t node, void *into) {
    struct conversation *conversation = into;
    if (json_is(reading->doc, node, JSON_STRING)) return openai_read_choice_word(reading, node, into);
    conversation->tool_choice = CHOICE_NAMED;
    const enum outcome outcome = reading_object(reading, node, &choice_table, conversation);
    if (outcome != OUTCOME_OK) return outcome;
    return reading_require(reading, node, conversation->chosen_tool, "names no function");
}

/* ---- the shape of the answer ---- */

static const struct member schema_members[] = {
    {"name", reading_string, offsetof(struct conversation, shape_name)},
    {"description", reading_string, offsetof(struct conversation, shape_description)},
    {"schema", reading_json, offsetof(struct conversation, shape_schema)},
    {"strict", reading_setting, offsetof(struct conversation, shape_strict)},
    {NULL, NULL, 0},
};
static const struct member_table schema_table = {"response_format.json_schema", schema_members};

static enum outcome read_schema(struct reading *reading, uint32_t node, void *into) {
    return reading_object(reading, node, &schema_table, into);
}

static const struct member shape_members[] = {
    {"type", openai_read_shape_word, 0},
    {"json_schema", read_schema, 0},
    {NULL, NULL, 0},
};
static const struct member_table shape_table = {"response_format", shape_members};

static enum outcome read_shape(struct reading *reading, uint32_t node, void *into) {
    struct conversation *conversation = into;
    const enum outcome outcome = reading_object(reading, node, &shape_table, conversation);
    if (outcome != OUTCOME_OK || conversation->shape != SHAPE_SCHEMA) return outcome;
    return reading_require(reading, node, conversation->shape_schema, "has no schema");
}

/* ---- the request ---- */

/* One answer is what every format gives. */
static enum outcome read_count(struct reading *reading, uint32_t node, void *into) {
    (void)into;
    uint64_t count = 0;
    if (json_uint(reading->doc, node, &count) && count == 1) return OUTCOME_OK;
    return reading_refuse(reading, node, OUTCOME_UNSUPPORTED, "asks for more than one answer");
}

static enum outcome read_modality(struct reading *reading, uint32_t node, void *into) {
    (void)into;
    static const char *const words[] = {"text", NULL};
    uint32_t index = 0;
    return reading_word(reading, node, words, &index);
}

static enum outcome read_modalities(struct reading *reading, uint32_t node, void *into) {
    return reading_array(reading, node, read_modality, into);
}

static const struct member request_members[] = {
    {"model", reading_string, offsetof(struct conversation, model)},
    {"messages", read_messages, 0},
    {"tools", read_tools, 0},
    {"tool_choice", read_tool_choice, 0},
    {"parallel_tool_calls", reading_setting, offsetof(struct conversation, parallel_calls)},
    {"response_format", read_shape, 0},
    {"stop", reading_stop, 0},
    {"stream", reading_setting, offsetof(struct conversation, stream)},
    {"temperature", reading_number, offsetof(struct conversation, temperature)},
    {"top_p", reading_number, offsetof(struct conversation, top_p)},
    {"seed", reading_number, offsetof(struct conversation, seed)},
    {"frequency_penalty", reading_number, offsetof(struct conversation, frequency_penalty)},
    {"presence_penalty", reading_number, offsetof(struct conversation, presence_penalty)},
    {"max_completion_tokens", reading_count, offsetof(struct conversation, max_tokens)},
    {"max_tokens", reading_count, offsetof(struct conversation, max_tokens)},
    {"reasoning_effort", reading_string, offsetof(struct conversation, reasoning_effort)},
    {"verbosity", reading_string, offsetof(struct conversation, verbosity)},
    {"n", read_count, 0},
    {"modalities", read_modalities, 0},
    {"logprobs", reading_off, 0},
    {"top_logprobs", reading_off, 0},
    {"logit_bias", reading_off, 0},
    {"functions", reading_off, 0},
    {"function_call", reading_refused, 0},
    {"audio", reading_refused, 0},
    {"web_search_options", reading_refused, 0},
    {"moderation", reading_refused, 0},
    {"metadata", NULL, 0},
    {"user", NULL, 0},
    {"safety_identifier", NULL, 0},
    {"prompt_cache_key", NULL, 0},
    {"prompt_cache_options", NULL, 0},
    {"prompt_cache_retention", NULL, 0},
    {"service_tier", NULL, 0},
    {"store", NULL, 0},
    {"stream_options", NULL, 0},
    {"prediction", NULL, 0},
    {NULL, NULL, 0},
};
static const struct member_table request_table = {"", request_members};

enum outcome openai_read_request(struct reading *reading) {
    return reading_object(reading, 0, &request_table, reading->conversation);
}
