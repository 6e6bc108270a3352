#include "bench/mock/placeholder.h"

#include <stdint.h>

#include "bench/mock/json_text.h"

#define LABEL_LONGEST 12u
#define TAIL_LEN 10u

static bool is_label(char c) {
    return c >= 'A' && c <= 'Z';
}

static bool is_symbol(char c) {
    return (c >= '2' && c <= '9') || (c >= 'B' && c <= 'X');
}

static size_t run_of_symbols(struct slice text, size_t from, size_t most) {
    size_t len = 0;
    while (len < most && from + len < text.len && is_symbol(text.data[from + len])) len++;
    return len;
}

/* The first token at or after *from; *from moves behind it. An empty slice: there is none. */
static struct slice next_token(struct slice text, size_t *from) {
    size_t at = *from;
    while (at < text.len) {
        const char *found = memchr(text.data + at, '_', text.len - at);
        if (found == NULL) break;
        const size_t bar = (size_t)(found - text.data);
        size_t begin = bar;
        while (begin > *from && bar - begin < LABEL_LONGEST && is_label(text.data[begin - 1])) begin--;
        at = bar + 1;
        if (begin == bar || run_of_symbols(text, at, TAIL_LEN) < TAIL_LEN) continue;
        *from = at + TAIL_LEN;
        return slice_range(text, begin, at + TAIL_LEN);
    }
    *from = text.len;
    return SLICE("");
}

/* The `number`th (from 1) of the different tokens in the text, in the order of their first appearance. */
static struct slice token_by_number(struct slice text, unsigned number) {
    size_t at = 0;
    unsigned different = 0;
    for (struct slice token = next_token(text, &at); token.len; token = next_token(text, &at)) {
        const size_t begin = (size_t)(token.data - text.data);
        const bool seen = memmem(text.data, begin, token.data, token.len) != NULL;
        if (!seen && ++different == number) return token;
    }
    return SLICE("");
}

/* The number in "token N", for the prefix "token "; 0 when the name is not of that form. */
static unsigned token_number(struct slice name, struct slice prefix) {
    if (!slice_starts_with(name, prefix) || name.len == prefix.len || name.len > prefix.len + 3) return 0;
    unsigned number = 0;
    for (size_t i = prefix.len; i < name.len; i++) {
        if (name.data[i] < '0' || name.data[i] > '9') return 0;
        number = number * 10 + (unsigned)(name.data[i] - '0');
    }
    return number;
}

/* False when there is no such placeholder. */
static bool value_of(struct slice name, const struct placeholder_source *source, struct slice *value_out) {
    if (slice_equal(name, SLICE("last_user"))) {
        *value_out = source->last_user;
        return true;
    }
    const unsigned earlier = token_number(name, SLICE("earlier_token "));
    const unsigned number = slice_equal(name, SLICE("last_token")) ? 1 : token_number(name, SLICE("token "));
    if (number == 0 && earlier == 0) return false;
    *value_out = earlier ? token_by_number(source->earlier, earlier) : token_by_number(source->body, number);
    return true;
}

static size_t find(struct slice text, size_t from, const char *two) {
    const char *at = from < text.len ? memmem(text.data + from, text.len - from, two, 2) : NULL;
    return at ? (size_t)(at - text.data) : SIZE_MAX;
}

void placeholder_expand(struct slice template_text, const struct placeholder_source *source, enum placeholder_form form,
                        struct buffer *out) {
    size_t at = 0;
    while (at < template_text.len) {
        const size_t open = find(template_text, at, "{{");
        const size_t close = open == SIZE_MAX ? SIZE_MAX : find(template_text, open + 2, "}}");
        if (close == SIZE_MAX) break;
        buffer_append(out, slice_range(template_text, at, open));
        struct slice value = {NULL, 0};
        if (!value_of(slice_range(template_text, open + 2, close), source, &value)) {
            buffer_append_char(out, '{');
            at = open + 1;
            continue;
        }
        if (form == PLACEHOLDER_JSON)
            json_text_escape(value, false, out);
        else
            buffer_append(out, value);
        at = close + 2;
    }
    buffer_append(out, slice_range(template_text, at, template_text.len));
}
