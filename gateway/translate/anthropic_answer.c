/* Reads and writes whole answers of Anthropic messages.
 *
 * A thinking block is written with an empty signature: only Anthropic can sign. redacted_thinking, signatures and
 * citations are left out of what other agents get. */
#include "gateway/translate/anthropic.h"

#include "gateway/body/json_text.h"
#include "gateway/translate/json_build.h"

/* ---- words ---- */

static const struct {
    const char *word;
    enum reply_finish finish;
} finishes[] = {
    {"end_turn", FINISH_STOP},  {"max_tokens", FINISH_LENGTH},
    {"tool_use", FINISH_CALLS}, {"stop_sequence", FINISH_STOP_TEXT},
    {"refusal", FINISH_FILTER}, {"model_context_window_exceeded", FINISH_LENGTH},
};

enum reply_finish anthropic_finish_of(struct slice encoded_word) {
    for (size_t i = 0; i < sizeof finishes / sizeof finishes[0]; i++)
        if (json_text_is(encoded_word, slice_str(finishes[i].word))) return finishes[i].finish;
    return FINISH_UNKNOWN;
}

const char *anthropic_finish_word(enum reply_finish finish) {
    for (size_t i = 0; i < sizeof finishes / sizeof finishes[0]; i++)
        if (finishes[i].finish == finish) return finishes[i].word;
    return "end_turn";
}

/* ---- usage ---- */

static void count_take(const struct json_doc *doc, uint32_t usage, const char *name, uint64_t *count) {
    if (reply_has_member(doc, usage, name)) *count = reply_uint(doc, usage, name);
}

/* The format counts what was cached apart from input_tokens. */
static uint64_t not_cached(const struct reply_usage *usage) {
    const uint64_t cached = usage->cache_read + usage->cache_write;
    return usage->input > cached ? usage->input - cached : 0;
}

void anthropic_read_usage(const struct json_doc *doc, uint32_t usage, struct reply_usage *usage_out) {
    if (!json_is(doc, usage, JSON_OBJECT)) return;
    uint64_t input = not_cached(usage_out);
    usage_out->known = true;
    count_take(doc, usage, "input_tokens", &input);
    count_take(doc, usage, "output_tokens", &usage_out->output);
    count_take(doc, usage, "cache_read_input_tokens", &usage_out->cache_read);
    count_take(doc, usage, "cache_creation_input_tokens", &usage_out->cache_write);
    usage_out->input = input + usage_out->cache_read + usage_out->cache_write;
}

void anthropic_write_usage(struct buffer *out, const struct reply_usage *usage) {
    json_build_begin(out, "usage", '{');
    json_build_uint(out, "input_tokens", not_cached(usage));
    json_build_uint(out, "cache_creation_input_tokens", usage->cache_write);
    json_build_uint(out, "cache_read_input_tokens", usage->cache_read);
    json_build_uint(out, "output_tokens", usage->output);
    json_build_end(out, '}');
}

/* ---- reading ---- */

static enum outcome call_take(struct reply *reply, struct arena *arena, const struct json_doc *doc, uint32_t block) {
    const uint32_t input = json_member(doc, block, SLICE("input"));
    const struct part part = {
        .kind = PART_CALL,
        .id = reply_text(doc, block, "id"),
        .name = reply_text(doc, block, "name"),
        .arguments = json_raw(doc, input),
    };
    if (part.id.len == 0 || part.name.len == 0 || !json_is(doc, input, JSON_OBJECT)) return OUTCOME_INVALID;
    return part_list_add(&reply->parts, arena, &part) ? OUTCOME_OK : OUTCOME_NO_MEMORY;
}

static enum outcome block_take(struct reply *reply, struct arena *arena, const struct json_doc *doc, uint32_t block) {
    static const char *const texts[] = {"text", "thinking", NULL};
    const struct slice type = reply_text(doc, block, "type");
    if (!reply_members_are_text(doc, block, texts)) return OUTCOME_INVALID;
    if (json_text_is(type, SLICE("text")))
        return reply_text_add(reply, arena, PART_TEXT, reply_text(doc, block, "text"));
    if (json_text_is(type, SLICE("thinking")))
        return reply_text_add(reply, arena, PART_THINKING, reply_text(doc, block, "thinking"));
    if (json_text_is(type, SLICE("redacted_thinking"))) return OUTCOME_OK;
    if (json_text_is(type, SLICE("tool_use"))) return call_take(reply, arena, doc, block);
    return type.data ? OUTCOME_UNSUPPORTED : OUTCOME_INVALID;
}

enum outcome anthropic_read_reply(const struct json_doc *doc, struct arena *arena, struct reply *reply_out) {
    const uint32_t content = json_member(doc, 0, SLICE("content"));
    if (!json_is(doc, content, JSON_ARRAY)) return OUTCOME_INVALID;
    struct reply reply = {
        .id = reply_text(doc, 0, "id"),
        .model = reply_text(doc, 0, "model"),
        .finish = anthropic_finish_of(reply_text(doc, 0, "stop_reason")),
        .stop_text = reply_text(doc, 0, "stop_sequence"),
    };
    enum outcome outcome = reply.finish == FINISH_UNKNOWN ? OUTCOME_INVALID : OUTCOME_OK;
    for (uint32_t block = json_first(doc, content); block != JSON_NONE && outcome == OUTCOME_OK;
         block = json_after(doc, content, block))
        outcome = block_take(&reply, arena, doc, block);
    if (outcome != OUTCOME_OK) return outcome;
    anthropic_read_usage(doc, json_member(doc, 0, SLICE("usage")), &reply.usage);
    *reply_out = reply;
    return OUTCOME_OK;
}

/* ---- writing ---- */

static enum outcome write_block(const struct part *part, const struct writing *writing) {
    struct buffer *out = writing->out;
    struct slice input = SLICE("{}");
    enum outcome outcome = OUTCOME_OK;
    if (part->kind == PART_CALL) outcome = format_arguments(writing->arena, part->arguments, &input);
    json_build_begin(out, NULL, '{');
    if (part->kind == PART_CALL) {
        json_build_word(out, "type", "tool_use");
        json_build_string(out, "id", part->id);
        json_build_string(out, "name", part->name);
        json_build_value(out, "input", input);
    } else if (part->kind == PART_THINKING) {
        json_build_word(out, "type", "thinking");
        json_build_string(out, "thinking", part->text);
        json_build_word(out, "signature", "");
    } else {
        json_build_word(out, "type", "text");
        json_build_string(out, "text", part->text);
    }
    json_build_end(out, '}');
    return outcome;
}

enum outcome anthropic_write_reply(const struct reply *reply, const struct writing *writing) {
    struct buffer *out = writing->out;
    const bool refused = reply->finish == FINISH_STOP && reply_has(reply, PART_REFUSAL);
    enum outcome outcome = OUTCOME_OK;
    json_build_begin(out, NULL, '{');
    json_build_string(out, "id", reply->id);
    json_build_word(out, "type", "message");
    json_build_word(out, "role", "assistant");
    json_build_string(out, "model", reply->model);
    json_build_begin(out, "content", '[');
    for (const struct part *part = reply->parts.first; part && outcome == OUTCOME_OK; part = part->next)
        outcome = write_block(part, writing);
    json_build_end(out, ']');
    json_build_word(out, "stop_reason", anthropic_finish_word(refused ? FINISH_FILTER : reply->finish));
    if (reply->finish == FINISH_STOP_TEXT && reply->stop_text.data)
        json_build_string(out, "stop_sequence", reply->stop_text);
    else
        json_build_null(out, "stop_sequence");
    anthropic_write_usage(out, &reply->usage);
    json_build_end(out, '}');
    return outcome;
}

static const char *error_type(unsigned status) {
    switch (status) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 413: return "request_too_large";
    case 429: return "rate_limit_error";
    case 504: return "timeout_error";
    case 503:
    case 529: return "overloaded_error";
    default: return status < 500 ? "invalid_request_error" : "api_error";
    }
}

void anthropic_write_error(struct buffer *out, unsigned status, struct slice message) {
    json_build_begin(out, NULL, '{');
    json_build_word(out, "type", "error");
    json_build_begin(out, "error", '{');
    json_build_word(out, "type", error_type(status));
    json_build_plain(out, "message", message);
    json_build_end(out, '}');
    json_build_end(out, '}');
}
