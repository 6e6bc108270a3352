#include "bench/mock/behaviour.h"

#include <stddef.h>
#include <string.h>

#include "base/slice.h"
#include "bench/mock/base64.h"

#define HOUR_MS INT64_C(3600000)
#define BYTES_MOST (INT64_C(1) << 30)

enum key_type { KEY_TEXT, KEY_INT, KEY_BOOL, KEY_OBJECT, KEY_LIST };

struct key {
    const char *name;
    enum key_type type;
    size_t offset;
    int64_t least, most, absent; /* KEY_INT only */
    const char *prose;
};

#define PLACE(member) offsetof(struct behaviour, member)
#define ROW(member, type, prose) \
    { #member, type, PLACE(member), 0, 0, 0, prose }
#define ROW_INT(member, least, most, absent, prose) \
    { #member, KEY_INT, PLACE(member), least, most, absent, prose }

static const struct key KEYS[] = {
    ROW(reply, KEY_TEXT, "the text to answer, instead of the echo"),
    ROW(tool_calls, KEY_LIST,
        "[{name, arguments, kind}]: calls to answer; arguments is an object, or JSON text as it is; kind is function, "
        "custom, mcp or code, where the format has it"),
    ROW(thinking, KEY_TEXT, "think this first, and sign it: an edited signed part that comes back is refused"),
    ROW(redacted_thinking, KEY_BOOL, "send the thinking as opaque data, where the format has it"),
    ROW(refusal, KEY_TEXT, "refuse with this text instead of the reply, where the format has it"),
    ROW(citations, KEY_LIST, "[{url, title, text}]: sources of that part of the reply, where the format has them"),
    ROW(logprobs, KEY_BOOL, "add the probability of each piece of text, where the format has it"),
    ROW(finish_reason, KEY_TEXT, "instead of the format's word for an answer, or for a tool call"),
    ROW_INT(status, 200, 599, 0, "the status of the answer; from 400 on an error is answered"),
    ROW(error, KEY_OBJECT, "{message, type, code}: an error answer, with status 500 when none is given"),
    ROW(mid_stream_error, KEY_OBJECT,
        "{message, type, code}: an error in the stream, in place of the finishing events"),
    ROW(raw_body, KEY_TEXT, "exactly this body, under the head that the answer would have"),
    ROW(raw_body_base64, KEY_TEXT, "the same, for bytes that JSON text cannot hold"),
    ROW(raw_answer, KEY_TEXT, "exactly these bytes as the whole answer, head included"),
    ROW_INT(repeat, 1, 1000000, 1, "say the text so many times; when it streams, each time is an event of its own"),
    ROW_INT(delta_bytes, 0, BYTES_MOST, 0,
            "cut text and arguments into deltas of so many bytes, at code points; 0: do not"),
    ROW(escape_unicode, KEY_BOOL, "write non-ASCII as \\uXXXX in the answer's JSON"),
    ROW(escape_arguments, KEY_BOOL, "write non-ASCII as \\uXXXX in the JSON inside tool arguments"),
    ROW(no_done, KEY_BOOL, "end a stream without the event that says so"),
    ROW(plain_json_for_stream, KEY_BOOL, "answer a stream request with plain JSON"),
    ROW(eol, KEY_TEXT, "lf, crlf or cr: how event lines end"),
    ROW(no_space_after_data, KEY_BOOL, "write data:{..} instead of data: {..}"),
    ROW(multi_data_lines, KEY_BOOL, "spread each event over several data: lines"),
    ROW(content_type, KEY_TEXT, "instead of application/json, text/event-stream or application/x-ndjson"),
    ROW(content_encoding, KEY_TEXT, "claim this coding in the head; the body stays as it is"),
    ROW(headers, KEY_OBJECT, "{name: value}: more header fields for the answer"),
    ROW(until_close, KEY_BOOL, "neither a length nor chunks: the end of the connection ends the body"),
    ROW(connection_close, KEY_BOOL, "say connection: close, and do it"),
    ROW_INT(delay_ms, 0, HOUR_MS, 0, "wait before the head"),
    ROW_INT(chunk_delay_ms, 0, HOUR_MS, 0, "wait before each event but the first"),
    ROW_INT(tcp_bytes, 0, BYTES_MOST, 0, "write so many bytes at a time, a turn of the loop between; 0: all at once"),
    ROW_INT(stall_after_events, 0, BYTES_MOST, -1, "write nothing after so many events, and keep the connection"),
    ROW_INT(truncate, 0, BYTES_MOST, -1, "close after so many events, in the middle of the message"),
    ROW_INT(close_after_bytes, 0, BYTES_MOST, -1, "close after so many bytes of the answer, its head counted"),
    ROW_INT(reset_after_bytes, 0, BYTES_MOST, -1, "reset the connection after so many bytes, the head counted"),
};
#define KEY_COUNT (sizeof KEYS / sizeof KEYS[0])

static const char *const TYPE_TEXT[] = {"a string", "an integer", "true or false", "an object", "a list"};

struct behaviour behaviour_default(void) {
    struct behaviour behaviour = {.object = NULL};
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (KEYS[i].type == KEY_INT) memcpy((char *)&behaviour + KEYS[i].offset, &KEYS[i].absent, sizeof(int64_t));
    return behaviour;
}

static const struct key *key_find(const char *name) {
    for (size_t i = 0; i < KEY_COUNT; i++)
        if (strcmp(KEYS[i].name, name) == 0) return &KEYS[i];
    return NULL;
}

static bool type_fits(const struct key *key, const json_t *value) {
    switch (key->type) {
    case KEY_TEXT: return json_is_string(value);
    case KEY_INT: return json_is_integer(value);
    case KEY_BOOL: return json_is_boolean(value);
    case KEY_OBJECT: return json_is_object(value);
    case KEY_LIST: return json_is_array(value);
    }
    return false;
}

static void key_store(const struct key *key, json_t *value, struct behaviour *behaviour) {
    void *place = (char *)behaviour + key->offset;
    switch (key->type) {
    case KEY_TEXT: *(const char **)place = json_string_value(value); break;
    case KEY_INT: *(int64_t *)place = json_integer_value(value); break;
    case KEY_BOOL: *(bool *)place = json_is_true(value); break;
    case KEY_OBJECT:
    case KEY_LIST: *(json_t **)place = value; break;
    }
}

static enum outcome key_read(const char *name, json_t *value, struct behaviour *behaviour, struct detail *detail) {
    const struct key *key = key_find(name);
    if (key == NULL) return detail_set(detail, OUTCOME_INVALID, "no such key: %s", name);
    if (!type_fits(key, value))
        return detail_set(detail, OUTCOME_INVALID, "%s: expected %s", name, TYPE_TEXT[key->type]);
    const int64_t number = json_integer_value(value);
    if (key->type == KEY_INT && (number < key->least || number > key->most))
        return detail_set(detail, OUTCOME_INVALID, "%s: expected %lld to %lld", name, (long long)key->least,
                          (long long)key->most);
    key_store(key, value, behaviour);
    return OUTCOME_OK;
}

static bool is_base64(const char *text) {
    struct buffer bytes;
    buffer_init(&bytes, 0);
    const bool valid = base64_decode(slice_str(text), &bytes);
    buffer_deinit(&bytes);
    return valid;
}

static bool is_kind(const json_t *kind) {
    const char *text = json_string_value(kind);
    return kind == NULL || (text && (strcmp(text, "function") == 0 || strcmp(text, "custom") == 0 ||
                                     strcmp(text, "mcp") == 0 || strcmp(text, "code") == 0));
}

static enum outcome check_lists(const struct behaviour *behaviour, struct detail *detail) {
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach(behaviour->tool_calls, i, item) {
        const json_t *arguments = json_object_get(item, "arguments");
        if (!json_is_string(json_object_get(item, "name")) || !is_kind(json_object_get(item, "kind")) ||
            !(json_is_object(arguments) || json_is_string(arguments)))
            return detail_set(detail, OUTCOME_INVALID, "tool_calls[%zu]: expected {name, arguments, kind}", i);
    }
    json_array_foreach(behaviour->citations, i, item) {
        if (!json_is_string(json_object_get(item, "url")) || !json_is_string(json_object_get(item, "title")) ||
            !json_is_string(json_object_get(item, "text")))
            return detail_set(detail, OUTCOME_INVALID, "citations[%zu]: expected {url, title, text}", i);
    }
    return OUTCOME_OK;
}

/* What the table cannot say. */
static enum outcome check_shapes(const struct behaviour *behaviour, struct detail *detail) {
    const char *eol = behaviour->eol;
    if (eol && strcmp(eol, "lf") != 0 && strcmp(eol, "crlf") != 0 && strcmp(eol, "cr") != 0)
        return detail_set(detail, OUTCOME_INVALID, "eol: expected lf, crlf or cr");
    if (behaviour->raw_body_base64 && !is_base64(behaviour->raw_body_base64))
        return detail_set(detail, OUTCOME_INVALID, "raw_body_base64: expected base64 with its padding");
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(behaviour->headers, name, value) {
        if (!json_is_string(value)) return detail_set(detail, OUTCOME_INVALID, "headers.%s: expected a string", name);
    }
    return check_lists(behaviour, detail);
}

enum outcome behaviour_read(json_t *object, struct behaviour *behaviour_out, struct detail *detail) {
    *behaviour_out = behaviour_default();
    if (!json_is_object(object)) return detail_set(detail, OUTCOME_INVALID, "expected an object of keys");
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(object, name, value) {
        enum outcome outcome = key_read(name, value, behaviour_out, detail);
        if (outcome != OUTCOME_OK) return outcome;
    }
    enum outcome outcome = check_shapes(behaviour_out, detail);
    if (outcome == OUTCOME_OK) behaviour_out->object = json_incref(object);
    return outcome;
}

void behaviour_deinit(struct behaviour *behaviour) {
    json_decref(behaviour->object);
    *behaviour = behaviour_default();
}

void behaviour_print_keys(FILE *stream) {
    for (size_t i = 0; i < KEY_COUNT; i++)
        (void)fprintf(stream, "  %-21s %s: %s\n", KEYS[i].name, TYPE_TEXT[KEYS[i].type], KEYS[i].prose);
}
