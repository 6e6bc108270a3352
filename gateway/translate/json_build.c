#include "gateway/translate/json_build.h"

#include "gateway/body/json_text.h"

/* Whether the last byte ends a value. Before the first value of a document stand nothing, a line end, or the
 * space of "data: ". */
static bool value_before(const struct buffer *out) {
    if (out->len == 0) return false;
    const char last = out->data[out->len - 1];
    return last != '{' && last != '[' && last != ':' && last != ' ' && last != '\n';
}

static void name_append(struct buffer *out, const char *name) {
    if (value_before(out)) buffer_append_char(out, ',');
    if (name == NULL) return;
    buffer_append_char(out, '"');
    buffer_append_str(out, name);
    buffer_append(out, SLICE("\":"));
}

void json_build_begin(struct buffer *out, const char *name, char bracket) {
    name_append(out, name);
    buffer_append_char(out, bracket);
}

void json_build_end(struct buffer *out, char bracket) {
    buffer_append_char(out, bracket);
}

void json_build_value(struct buffer *out, const char *name, struct slice json) {
    name_append(out, name);
    buffer_append(out, json);
}

void json_build_null(struct buffer *out, const char *name) {
    json_build_value(out, name, SLICE("null"));
}

void json_build_bool(struct buffer *out, const char *name, bool value) {
    json_build_value(out, name, value ? SLICE("true") : SLICE("false"));
}

void json_build_uint(struct buffer *out, const char *name, uint64_t value) {
    name_append(out, name);
    buffer_append_u64(out, value);
}

void json_build_string_begin(struct buffer *out, const char *name) {
    name_append(out, name);
    buffer_append_char(out, '"');
}

void json_build_string_end(struct buffer *out) {
    buffer_append_char(out, '"');
}

void json_build_string(struct buffer *out, const char *name, struct slice encoded) {
    json_build_string_begin(out, name);
    buffer_append(out, encoded);
    json_build_string_end(out);
}

void json_build_plain(struct buffer *out, const char *name, struct slice plain) {
    json_build_string_begin(out, name);
    json_text_encode(out, plain);
    json_build_string_end(out);
}

void json_build_word(struct buffer *out, const char *name, const char *word) {
    json_build_plain(out, name, slice_str(word));
}
