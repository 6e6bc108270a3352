#include "gateway/config/environment.h"

#include <stdlib.h>
#include <string.h>

#define LONGEST_NAME_BYTES 128u

bool environment_used(struct slice text) {
    return text.len >= 2 && memmem(text.data, text.len, "${", 2) != NULL;
}

static bool is_name_char(char c, bool first) {
    if (c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) return true;
    return !first && c >= '0' && c <= '9';
}

static size_t name_len(struct slice text) {
    size_t len = 0;
    while (len < text.len && is_name_char(text.data[len], len == 0)) len++;
    return len;
}

/* `inside` is what stands between the braces. */
static enum outcome append_variable(struct slice inside, struct buffer *out, struct detail *detail) {
    char name[LONGEST_NAME_BYTES + 1] = {0};
    const size_t len = name_len(inside);
    const struct slice rest = slice_range(inside, len, inside.len);
    const bool has_default = slice_starts_with(rest, SLICE(":-"));
    if (len == 0 || len > LONGEST_NAME_BYTES || (rest.len > 0 && !has_default) || environment_used(rest))
        return detail_set(detail, OUTCOME_INVALID, "expected ${NAME} or ${NAME:-default}; $${ stands for a plain ${");
    memcpy(name, inside.data, len);
    const char *value = getenv(name);
    if (value && (*value || !has_default))
        buffer_append_str(out, value);
    else if (has_default)
        buffer_append(out, slice_range(rest, 2, rest.len));
    else
        return detail_set(detail, OUTCOME_INVALID,
                          "the environment variable %s is not set; set it, or write ${%s:-default}", name, name);
    return OUTCOME_OK;
}

enum outcome environment_expand(struct slice text, struct buffer *out, struct detail *detail) {
    while (text.len > 0) {
        if (slice_starts_with(text, SLICE("$${"))) {
            buffer_append(out, SLICE("${"));
            text = slice_range(text, 3, text.len);
        } else if (slice_starts_with(text, SLICE("${"))) {
            const char *end = memchr(text.data, '}', text.len);
            if (end == NULL) return detail_set(detail, OUTCOME_INVALID, "a ${ without its closing brace");
            const size_t close = (size_t)(end - text.data);
            const enum outcome outcome = append_variable(slice_range(text, 2, close), out, detail);
            if (outcome != OUTCOME_OK) return outcome;
            text = slice_range(text, close + 1, text.len);
        } else {
            buffer_append_char(out, text.data[0]);
            text = slice_range(text, 1, text.len);
        }
    }
    return out->failed ? OUTCOME_NO_MEMORY : OUTCOME_OK;
}
