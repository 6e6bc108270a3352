/* Writes the answers of OpenAI Responses. Each text, refusal, thinking and call is an item of its own, as it is in
 * the stream. What the agent asked for is not repeated in the answer: the fields that must be there have the
 * format's defaults. */
#include "gateway/translate/responses.h"

#include "gateway/body/json_text.h"
#include "gateway/translate/json_build.h"

void responses_write_item_id(struct buffer *out, const char *name, const struct responses_item *item) {
    static const char *const prefixes[] = {"msg_", "msg_", "rs_", "", "fc_"};
    json_build_string_begin(out, name);
    reply_mint_id(out, prefixes[item->kind], item->reply_id, item->index);
    json_build_string_end(out);
}

void responses_write_part(struct buffer *out, const char *name, const struct responses_item *item) {
    json_build_begin(out, name, '{');
    if (item->kind == PART_REFUSAL) {
        json_build_word(out, "type", "refusal");
        json_build_string(out, "refusal", item->text);
    } else if (item->kind == PART_THINKING) {
        json_build_word(out, "type", "reasoning_text");
        json_build_string(out, "text", item->text);
    } else {
        json_build_word(out, "type", "output_text");
        json_build_string(out, "text", item->text);
        json_build_begin(out, "annotations", '[');
        json_build_end(out, ']');
        json_build_begin(out, "logprobs", '[');
        json_build_end(out, ']');
    }
    json_build_end(out, '}');
}

static void write_content(struct buffer *out, const struct responses_item *item) {
    json_build_begin(out, "content", '[');
    if (item->shown) responses_write_part(out, NULL, item);
    json_build_end(out, ']');
}

void responses_write_item(struct buffer *out, const char *name, const struct responses_item *item) {
    json_build_begin(out, name, '{');
    responses_write_item_id(out, "id", item);
    if (item->kind == PART_CALL) {
        json_build_word(out, "type", "function_call");
        json_build_string(out, "call_id", item->id);
        json_build_string(out, "name", item->name);
        json_build_string(out, "arguments", item->text);
    } else if (item->kind == PART_THINKING) {
        json_build_word(out, "type", "reasoning");
        json_build_begin(out, "summary", '[');
        json_build_end(out, ']');
        write_content(out, item);
    } else {
        json_build_word(out, "type", "message");
        json_build_word(out, "role", "assistant");
        write_content(out, item);
    }
    json_build_word(out, "status", item->status);
    json_build_end(out, '}');
}

struct responses_state responses_state_of(enum reply_finish finish) {
    if (finish == FINISH_LENGTH) return (struct responses_state){"incomplete", "max_output_tokens", {NULL, 0}};
    if (finish == FINISH_FILTER) return (struct responses_state){"incomplete", "content_filter", {NULL, 0}};
    return (struct responses_state){"completed", NULL, {NULL, 0}};
}

static void write_error(struct buffer *out, struct slice message) {
    if (message.data == NULL) {
        json_build_null(out, "error");
        return;
    }
    json_build_begin(out, "error", '{');
    json_build_word(out, "code", "server_error");
    json_build_string(out, "message", message);
    json_build_end(out, '}');
}

void responses_write_head(struct buffer *out, struct slice id, struct slice model, uint64_t created_s,
                          const struct responses_state *state) {
    json_build_string(out, "id", id);
    json_build_word(out, "object", "response");
    json_build_uint(out, "created_at", created_s);
    json_build_word(out, "status", state->status);
    write_error(out, state->error);
    if (state->incomplete_reason) {
        json_build_begin(out, "incomplete_details", '{');
        json_build_word(out, "reason", state->incomplete_reason);
        json_build_end(out, '}');
    } else {
        json_build_null(out, "incomplete_details");
    }
    json_build_null(out, "instructions");
    json_build_begin(out, "metadata", '{');
    json_build_end(out, '}');
    json_build_string(out, "model", model);
    json_build_begin(out, "output", '[');
}

void responses_write_tail(struct buffer *out, const struct reply_usage *usage) {
    json_build_end(out, ']');
    json_build_bool(out, "parallel_tool_calls", true);
    json_build_null(out, "temperature");
    json_build_word(out, "tool_choice", "auto");
    json_build_begin(out, "tools", '[');
    json_build_end(out, ']');
    json_build_null(out, "top_p");
    if (!usage->known) {
        json_build_null(out, "usage");
        return;
    }
    json_build_begin(out, "usage", '{');
    json_build_uint(out, "input_tokens", usage->input);
    json_build_begin(out, "input_tokens_details", '{');
    json_build_uint(out, "cached_tokens", usage->cache_read);
    json_build_uint(out, "cache_write_tokens", usage->cache_write);
    json_build_end(out, '}');
    json_build_uint(out, "output_tokens", usage->output);
    json_build_begin(out, "output_tokens_details", '{');
    json_build_uint(out, "reasoning_tokens", usage->reasoning);
    json_build_end(out, '}');
    json_build_uint(out, "total_tokens", usage->input + usage->output);
    json_build_end(out, '}');
}

/* A call's arguments are plain in a reply, and encoded in an item. */
static enum outcome write_call(const struct part *part, struct responses_item *item, const struct writing *writing) {
    struct buffer encoded;
    buffer_init(&encoded, 0);
    json_text_encode(&encoded, part->arguments.len ? part->arguments : SLICE("{}"));
    item->text = buffer_slice(&encoded);
    const bool failed = encoded.failed;
    if (!failed) responses_write_item(writing->out, NULL, item);
    buffer_deinit(&encoded);
    return failed ? OUTCOME_NO_MEMORY : OUTCOME_OK;
}

enum outcome responses_write_reply(const struct reply *reply, const struct writing *writing) {
    const struct responses_state state = responses_state_of(reply->finish);
    enum outcome outcome = OUTCOME_OK;
    uint32_t index = 0;
    json_build_begin(writing->out, NULL, '{');
    responses_write_head(writing->out, reply->id, reply->model, reply_moment_s(reply->created_s), &state);
    for (const struct part *part = reply->parts.first; part && outcome == OUTCOME_OK; part = part->next) {
        struct responses_item item = {
            .kind = part->kind,
            .index = index++,
            .status = "completed",
            .shown = true,
            .reply_id = reply->id,
            .text = part->text,
            .id = part->id,
            .name = part->name,
        };
        if (part->kind == PART_CALL)
            outcome = write_call(part, &item, writing);
        else
            responses_write_item(writing->out, NULL, &item);
    }
    responses_write_tail(writing->out, &reply->usage);
    json_build_end(writing->out, '}');
    return outcome;
}
