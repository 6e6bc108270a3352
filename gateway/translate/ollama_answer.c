/* Reads and writes whole answers of Ollama's chat.
 *
 * An answer has no id of its own: it gets one made from its time of birth, which counts nanoseconds, and so do the
 * calls in it, so that ids do not repeat from turn to turn. Durations are left out. */
#include "gateway/translate/ollama.h"

#include <time.h>

#include "gateway/body/json_text.h"
#include "gateway/translate/json_build.h"

/* ---- words, counts, times ---- */

static const struct {
    const char *word;
    enum reply_finish finish;
} finishes[] = {
    {"stop", FINISH_STOP}, {"length", FINISH_LENGTH}, {"content_filter", FINISH_FILTER},
    {"load", FINISH_STOP}, {"unload", FINISH_STOP},   {"", FINISH_STOP},
};

enum reply_finish ollama_finish_of(struct slice encoded_word) {
    for (size_t i = 0; i < sizeof finishes / sizeof finishes[0]; i++)
        if (json_text_is(encoded_word, slice_str(finishes[i].word))) return finishes[i].finish;
    return FINISH_UNKNOWN;
}

const char *ollama_finish_word(enum reply_finish finish) {
    if (finish == FINISH_LENGTH) return "length";
    return finish == FINISH_FILTER ? "content_filter" : "stop";
}

void ollama_read_usage(const struct json_doc *doc, struct reply_usage *usage_out) {
    *usage_out = (struct reply_usage){
        .known = reply_has_member(doc, 0, "eval_count") || reply_has_member(doc, 0, "prompt_eval_count"),
        .input = reply_uint(doc, 0, "prompt_eval_count"),
        .output = reply_uint(doc, 0, "eval_count"),
    };
}

void ollama_write_usage(struct buffer *out, const struct reply_usage *usage) {
    if (!usage->known) return;
    json_build_uint(out, "prompt_eval_count", usage->input);
    json_build_uint(out, "eval_count", usage->output);
}

/* Digits at [at, at + count), or false. */
static bool digits_read(struct slice text, size_t at, size_t count, int *number_out) {
    int number = 0;
    if (text.len < at + count) return false;
    for (size_t i = at; i < at + count; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        number = number * 10 + (text.data[i] - '0');
    }
    *number_out = number;
    return true;
}

/* The zone's offset in seconds; its `+02:00` or `Z` ends the text. */
static int zone_of(struct slice text) {
    int hours = 0, minutes = 0;
    const size_t at = text.len < 6 ? 0 : text.len - 6;
    const char sign = text.data[at];
    if (sign != '+' && sign != '-') return 0;
    if (!digits_read(text, at + 1, 2, &hours) || !digits_read(text, at + 4, 2, &minutes)) return 0;
    return (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

uint64_t ollama_moment_of(struct slice encoded) {
    struct tm tm = {.tm_isdst = 0};
    const bool shaped = digits_read(encoded, 0, 4, &tm.tm_year) && digits_read(encoded, 5, 2, &tm.tm_mon) &&
                        digits_read(encoded, 8, 2, &tm.tm_mday) && digits_read(encoded, 11, 2, &tm.tm_hour) &&
                        digits_read(encoded, 14, 2, &tm.tm_min) && digits_read(encoded, 17, 2, &tm.tm_sec);
    if (!shaped) return 0;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    const time_t moment = timegm(&tm) - zone_of(encoded);
    return moment > 0 ? (uint64_t)moment : 0;
}

void ollama_write_moment(struct buffer *out, uint64_t moment_s) {
    const time_t moment = (time_t)moment_s;
    struct tm tm;
    char text[32] = "";
    if (gmtime_r(&moment, &tm) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0) text[0] = '\0';
    json_build_word(out, "created_at", text);
}

/* ---- reading ---- */

bool ollama_message_is_sound(const struct json_doc *doc, uint32_t message) {
    static const char *const texts[] = {"content", "thinking", NULL};
    return reply_members_are_text(doc, message, texts) && reply_member_may_be(doc, message, "tool_calls", JSON_ARRAY) &&
           !reply_has_member(doc, message, "images");
}

static enum outcome call_take(struct reply *reply, struct arena *arena, const struct json_doc *doc, uint32_t call,
                              uint32_t number) {
    const uint32_t function = json_member(doc, call, SLICE("function"));
    const uint32_t arguments = json_member(doc, function, SLICE("arguments"));
    struct part part = {
        .kind = PART_CALL,
        .id = reply_text(doc, call, "id"),
        .name = reply_text(doc, function, "name"),
        .arguments = json_raw(doc, arguments),
    };
    if (part.name.len == 0 || !json_is(doc, arguments, JSON_OBJECT)) return OUTCOME_INVALID;
    if (part.id.len == 0) part.id = reply_id(arena, "call_", reply->id, number);
    if (part.id.data == NULL) return OUTCOME_NO_MEMORY;
    return part_list_add(&reply->parts, arena, &part) ? OUTCOME_OK : OUTCOME_NO_MEMORY;
}

enum outcome ollama_read_reply(const struct json_doc *doc, struct arena *arena, struct reply *reply_out) {
    const uint32_t message = json_member(doc, 0, SLICE("message"));
    const uint32_t done = json_member(doc, 0, SLICE("done"));
    if (!json_is(doc, message, JSON_OBJECT) || !json_is(doc, done, JSON_TRUE)) return OUTCOME_INVALID;
    if (!ollama_message_is_sound(doc, message)) return OUTCOME_INVALID;
    const struct slice born = reply_text(doc, 0, "created_at");
    struct reply reply = {
        .id = reply_id(arena, "reply_", born, 0),
        .model = reply_text(doc, 0, "model"),
        .created_s = ollama_moment_of(born),
    };
    enum outcome outcome = reply.id.data ? OUTCOME_OK : OUTCOME_NO_MEMORY;
    if (outcome == OUTCOME_OK)
        outcome = reply_text_add(&reply, arena, PART_THINKING, reply_text(doc, message, "thinking"));
    if (outcome == OUTCOME_OK) outcome = reply_text_add(&reply, arena, PART_TEXT, reply_text(doc, message, "content"));
    const uint32_t calls = json_member(doc, message, SLICE("tool_calls"));
    uint32_t number = 0;
    for (uint32_t call = json_first(doc, calls); call != JSON_NONE && outcome == OUTCOME_OK;
         call = json_after(doc, calls, call))
        outcome = call_take(&reply, arena, doc, call, number++);
    if (outcome != OUTCOME_OK) return outcome;
    ollama_read_usage(doc, &reply.usage);
    reply.finish = reply_finish_of(ollama_finish_of(reply_text(doc, 0, "done_reason")), reply_has(&reply, PART_CALL));
    if (reply.finish == FINISH_UNKNOWN) return OUTCOME_INVALID;
    *reply_out = reply;
    return OUTCOME_OK;
}

/* ---- writing ---- */

static void write_text(struct buffer *out, const char *name, const struct reply *reply, enum part_kind kind,
                       enum part_kind other) {
    json_build_string_begin(out, name);
    for (const struct part *part = reply->parts.first; part; part = part->next)
        if (part->kind == kind || part->kind == other) buffer_append(out, part->text);
    json_build_string_end(out);
}

static enum outcome write_calls(const struct reply *reply, const struct writing *writing) {
    struct buffer *out = writing->out;
    enum outcome outcome = OUTCOME_OK;
    json_build_begin(out, "tool_calls", '[');
    for (const struct part *part = reply->parts.first; part && outcome == OUTCOME_OK; part = part->next) {
        struct slice arguments = SLICE("{}");
        if (part->kind != PART_CALL) continue;
        outcome = format_arguments(writing->arena, part->arguments, &arguments);
        json_build_begin(out, NULL, '{');
        json_build_begin(out, "function", '{');
        json_build_string(out, "name", part->name);
        json_build_value(out, "arguments", arguments);
        json_build_end(out, '}');
        json_build_end(out, '}');
    }
    json_build_end(out, ']');
    return outcome;
}

enum outcome ollama_write_reply(const struct reply *reply, const struct writing *writing) {
    struct buffer *out = writing->out;
    enum outcome outcome = OUTCOME_OK;
    json_build_begin(out, NULL, '{');
    json_build_string(out, "model", reply->model);
    ollama_write_moment(out, reply_moment_s(reply->created_s));
    json_build_begin(out, "message", '{');
    json_build_word(out, "role", "assistant");
    write_text(out, "content", reply, PART_TEXT, PART_REFUSAL);
    if (reply_has(reply, PART_THINKING)) write_text(out, "thinking", reply, PART_THINKING, PART_THINKING);
    if (reply_has(reply, PART_CALL)) outcome = write_calls(reply, writing);
    json_build_end(out, '}');
    json_build_word(out, "done_reason", ollama_finish_word(reply->finish));
    json_build_bool(out, "done", true);
    ollama_write_usage(out, &reply->usage);
    json_build_end(out, '}');
    return outcome;
}

void ollama_write_error(struct buffer *out, unsigned status, struct slice message) {
    (void)status;
    json_build_begin(out, NULL, '{');
    json_build_plain(out, "error", message);
    json_build_end(out, '}');
}
