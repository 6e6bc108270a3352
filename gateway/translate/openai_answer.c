/* Reads and writes whole answers of OpenAI chat completions.
 *
 * Members that are no part of the neutral answer are left out: logprobs, annotations (their offsets count
 * characters of a text that may be restored), system_fingerprint, service_tier. */
#include "gateway/translate/openai.h"

#include "gateway/body/json_text.h"
#include "gateway/translate/json_build.h"

/* ---- words ---- */

static const struct {
    const char *word;
    enum reply_finish finish;
} finishes[] = {
    {"stop", FINISH_STOP},           {"length", FINISH_LENGTH},
    {"tool_calls", FINISH_CALLS},    {"content_filter", FINISH_FILTER},
    {"function_call", FINISH_CALLS},
};

enum reply_finish openai_finish_of(struct slice encoded_word) {
    for (size_t i = 0; i < sizeof finishes / sizeof finishes[0]; i++)
        if (json_text_is(encoded_word, slice_str(finishes[i].word))) return finishes[i].finish;
    return FINISH_UNKNOWN;
}

const char *openai_finish_word(enum reply_finish finish) {
    if (finish == FINISH_STOP_TEXT) return "stop";
    for (size_t i = 0; i < sizeof finishes / sizeof finishes[0]; i++)
        if (finishes[i].finish == finish) return finishes[i].word;
    return "stop";
}

/* ---- usage ---- */

void openai_read_usage(const struct json_doc *doc, uint32_t usage, struct reply_usage *usage_out) {
    if (!json_is(doc, usage, JSON_OBJECT)) return;
    const uint32_t prompt = json_member(doc, usage, SLICE("prompt_tokens_details"));
    const uint32_t completion = json_member(doc, usage, SLICE("completion_tokens_details"));
    *usage_out = (struct reply_usage){
        .known = true,
        .input = reply_uint(doc, usage, "prompt_tokens"),
        .output = reply_uint(doc, usage, "completion_tokens"),
        .cache_read = reply_uint(doc, prompt, "cached_tokens"),
        .cache_write = reply_uint(doc, prompt, "cache_write_tokens"),
        .reasoning = reply_uint(doc, completion, "reasoning_tokens"),
    };
}

void openai_write_usage(struct buffer *out, const struct reply_usage *usage) {
    json_build_begin(out, "usage", '{');
    json_build_uint(out, "prompt_tokens", usage->input);
    json_build_uint(out, "completion_tokens", usage->output);
    json_build_uint(out, "total_tokens", usage->input + usage->output);
    if (usage->cache_read || usage->cache_write) {
        json_build_begin(out, "prompt_tokens_details", '{');
        json_build_uint(out, "cached_tokens", usage->cache_read);
        json_build_uint(out, "cache_write_tokens", usage->cache_write);
        json_build_end(out, '}');
    }
    if (usage->reasoning) {
        json_build_begin(out, "completion_tokens_details", '{');
        json_build_uint(out, "reasoning_tokens", usage->reasoning);
        json_build_end(out, '}');
    }
    json_build_end(out, '}');
}

/* ---- reading ---- */

enum outcome openai_check_message(const struct json_doc *doc, uint32_t message) {
    static const char *const texts[] = {"content", "refusal", "reasoning_content", "reasoning", NULL};
    if (reply_has_member(doc, message, "audio") || reply_has_member(doc, message, "function_call"))
        return OUTCOME_UNSUPPORTED;
    const bool sound =
        reply_members_are_text(doc, message, texts) && reply_member_may_be(doc, message, "tool_calls", JSON_ARRAY);
    return sound ? OUTCOME_OK : OUTCOME_INVALID;
}

enum outcome openai_check_call(const struct json_doc *doc, uint32_t call) {
    static const char *const ids[] = {"id", NULL};
    static const char *const texts[] = {"name", "arguments", NULL};
    const uint32_t function = json_member(doc, call, SLICE("function"));
    if (reply_has_member(doc, call, "custom")) return OUTCOME_UNSUPPORTED;
    const bool sound = reply_members_are_text(doc, call, ids) &&
                       reply_member_may_be(doc, call, "function", JSON_OBJECT) &&
                       reply_members_are_text(doc, function, texts);
    return json_is(doc, call, JSON_OBJECT) && sound ? OUTCOME_OK : OUTCOME_INVALID;
}

static enum outcome call_take(struct reply *reply, struct arena *arena, const struct json_doc *doc, uint32_t call,
                              uint32_t number) {
    const uint32_t function = json_member(doc, call, SLICE("function"));
    struct part part = {
        .kind = PART_CALL,
        .id = reply_text(doc, call, "id"),
        .name = reply_text(doc, function, "name"),
    };
    enum outcome outcome = openai_check_call(doc, call);
    if (outcome == OUTCOME_OK && part.name.len == 0) outcome = OUTCOME_INVALID;
    if (outcome != OUTCOME_OK) return outcome;
    if (part.id.len == 0) part.id = reply_id(arena, "call_", reply->id, number);
    outcome = reading_plain(arena, reply_text(doc, function, "arguments"), &part.arguments);
    if (outcome != OUTCOME_OK || part.id.data == NULL) return OUTCOME_NO_MEMORY;
    return part_list_add(&reply->parts, arena, &part) ? OUTCOME_OK : OUTCOME_NO_MEMORY;
}

static enum outcome calls_take(struct reply *reply, struct arena *arena, const struct json_doc *doc, uint32_t calls) {
    enum outcome outcome = OUTCOME_OK;
    uint32_t number = 0;
    for (uint32_t call = json_first(doc, calls); call != JSON_NONE && outcome == OUTCOME_OK;
         call = json_after(doc, calls, call))
        outcome = call_take(reply, arena, doc, call, number++);
    return outcome;
}

static enum outcome message_take(struct reply *reply, struct arena *arena, const struct json_doc *doc,
                                 uint32_t message) {
    if (!json_is(doc, message, JSON_OBJECT)) return OUTCOME_INVALID;
    enum outcome outcome = openai_check_message(doc, message);
    if (outcome != OUTCOME_OK) return outcome;
    struct slice thinking = reply_text(doc, message, "reasoning_content");
    if (thinking.len == 0) thinking = reply_text(doc, message, "reasoning");
    outcome = reply_text_add(reply, arena, PART_THINKING, thinking);
    if (outcome == OUTCOME_OK) outcome = reply_text_add(reply, arena, PART_TEXT, reply_text(doc, message, "content"));
    if (outcome == OUTCOME_OK)
        outcome = reply_text_add(reply, arena, PART_REFUSAL, reply_text(doc, message, "refusal"));
    if (outcome != OUTCOME_OK) return outcome;
    return calls_take(reply, arena, doc, json_member(doc, message, SLICE("tool_calls")));
}

enum outcome openai_read_reply(const struct json_doc *doc, struct arena *arena, struct reply *reply_out) {
    const uint32_t choices = json_member(doc, 0, SLICE("choices"));
    const uint32_t choice = json_first(doc, choices);
    if (!json_is(doc, choices, JSON_ARRAY) || !json_is(doc, choice, JSON_OBJECT)) return OUTCOME_INVALID;
    if (json_after(doc, choices, choice) != JSON_NONE) return OUTCOME_UNSUPPORTED;
    struct reply reply = {
        .id = reply_text(doc, 0, "id"),
        .model = reply_text(doc, 0, "model"),
        .created_s = reply_uint(doc, 0, "created"),
    };
    const enum outcome outcome = message_take(&reply, arena, doc, json_member(doc, choice, SLICE("message")));
    if (outcome != OUTCOME_OK) return outcome;
    openai_read_usage(doc, json_member(doc, 0, SLICE("usage")), &reply.usage);
    reply.finish =
        reply_finish_of(openai_finish_of(reply_text(doc, choice, "finish_reason")), reply_has(&reply, PART_CALL));
    if (reply.finish == FINISH_UNKNOWN) return OUTCOME_INVALID;
    *reply_out = reply;
    return OUTCOME_OK;
}

/* ---- writing ---- */

/* All parts of a kind are one text, as they would be in a stream. */
static void write_text(struct buffer *out, const char *name, const struct reply *reply, enum part_kind kind) {
    json_build_string_begin(out, name);
    for (const struct part *part = reply->parts.first; part; part = part->next)
        if (part->kind == kind) buffer_append(out, part->text);
    json_build_string_end(out);
}

static void write_calls(struct buffer *out, const struct reply *reply) {
    json_build_begin(out, "tool_calls", '[');
    for (const struct part *part = reply->parts.first; part; part = part->next) {
        if (part->kind != PART_CALL) continue;
        json_build_begin(out, NULL, '{');
        json_build_string(out, "id", part->id);
        json_build_word(out, "type", "function");
        json_build_begin(out, "function", '{');
        json_build_string(out, "name", part->name);
        json_build_plain(out, "arguments", part->arguments.len ? part->arguments : SLICE("{}"));
        json_build_end(out, '}');
        json_build_end(out, '}');
    }
    json_build_end(out, ']');
}

static void write_message(struct buffer *out, const struct reply *reply) {
    json_build_begin(out, "message", '{');
    json_build_word(out, "role", "assistant");
    if (reply_has(reply, PART_THINKING)) write_text(out, "reasoning_content", reply, PART_THINKING);
    if (reply_has(reply, PART_TEXT))
        write_text(out, "content", reply, PART_TEXT);
    else
        json_build_null(out, "content");
    if (reply_has(reply, PART_REFUSAL))
        write_text(out, "refusal", reply, PART_REFUSAL);
    else
        json_build_null(out, "refusal");
    if (reply_has(reply, PART_CALL)) write_calls(out, reply);
    json_build_end(out, '}');
}

enum outcome openai_write_reply(const struct reply *reply, const struct writing *writing) {
    struct buffer *out = writing->out;
    json_build_begin(out, NULL, '{');
    json_build_string(out, "id", reply->id);
    json_build_word(out, "object", "chat.completion");
    json_build_uint(out, "created", reply_moment_s(reply->created_s));
    json_build_string(out, "model", reply->model);
    json_build_begin(out, "choices", '[');
    json_build_begin(out, NULL, '{');
    json_build_uint(out, "index", 0);
    write_message(out, reply);
    json_build_null(out, "logprobs");
    json_build_word(out, "finish_reason", openai_finish_word(reply->finish));
    json_build_end(out, '}');
    json_build_end(out, ']');
    if (reply->usage.known) openai_write_usage(out, &reply->usage);
    json_build_end(out, '}');
    return OUTCOME_OK;
}

static const char *error_type(unsigned status) {
    switch (status) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 429: return "rate_limit_error";
    default: return status < 500 ? "invalid_request_error" : "server_error";
    }
}

void openai_write_error(struct buffer *out, unsigned status, struct slice message) {
    json_build_begin(out, NULL, '{');
    json_build_begin(out, "error", '{');
    json_build_plain(out, "message", message);
    json_build_word(out, "type", error_type(status));
    json_build_null(out, "param");
    json_build_null(out, "code");
    json_build_end(out, '}');
    json_build_end(out, '}');
}
