/* However a text is cut, what leaves the window is the same, nothing is held for longer than a token, and
 * with no token in it the text is unchanged.
 *
 * The first byte is the form, the next ones are cuts. In the text, bytes from 0xf8 on stand for known and
 * unknown tokens, since no fuzzer guesses a check symbol. */
#include <stdint.h>

#include "base/require.h"
#include "gateway/body/restore_window.h"

#define CUTS 8u
#define HEAD (1u + CUTS)
#define MOST_BYTES 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct slice labels[] = {{"EMAIL", 5}, {"CARD", 4}, {"SIMCARD", 7}, {"N", 1}};

static struct token token_number(uint8_t number) {
    const unsigned char hash[8] = {number, 1, 2, 3, 4, 5, 6, 7};
    return token_build(labels[number % 4], hash);
}

/* Numbers 0 to 5 are known; the value of the first is another token. */
static bool lookup(void *owner, struct slice canonical, struct slice *value_out) {
    static struct token chained;
    static const struct slice values[] = {{NULL, 0},    {"a\"b\\c\n", 6}, {"", 0},
                                          {"value", 5}, {"_", 1},         {"\xc3\xa9", 2}};
    (void)owner;
    require(token_valid(canonical));
    for (uint8_t number = 0; number < 6; number++) {
        const struct token token = token_number(number);
        if (!slice_equal(canonical, token_slice(&token))) continue;
        chained = token_number(1);
        *value_out = number ? values[number] : token_slice(&chained);
        return true;
    }
    return false;
}

static void expand(struct buffer *out, const uint8_t *data, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (data[i] < 0xf8) {
            buffer_append_char(out, (char)data[i]);
            continue;
        }
        struct token token = token_number(data[i] & 7);
        const uint8_t style = i + 1 < size ? data[i + 1] : 0;
        for (size_t at = 0; at < token.len; at++) {
            if (token.text[at] == '_' && style % 3) buffer_append_str(out, style % 3 == 1 ? "\\" : "\\\\");
            if (style & 0x40) token.text[at] = slice_ascii_lower(token.text[at]);
            buffer_append_char(out, token.text[at]);
        }
    }
}

static struct restore_window restore(enum restore_form form, struct slice text, const uint8_t *cuts,
                                     struct buffer *out) {
    struct restore_source source;
    struct restore_window window;
    restore_source_init(&source, NULL, lookup, labels, 4, 4);
    restore_window_init(&window);
    buffer_init(out, 0);
    size_t at = 0;
    for (size_t i = 0; at < text.len; i++) {
        size_t len = cuts ? 1 + (size_t)(cuts[i % CUTS] & 31) : text.len;
        if (len > text.len - at) len = text.len - at;
        require(restore_window_feed(&window, &source, form, slice_range(text, at, at + len), out) == OUTCOME_OK);
        require(window.held_len < RESTORE_LONGEST);
        at += len;
        if (window.restored == 0) require(out->len + window.held_len == at);
    }
    restore_window_flush(&window, out);
    return window;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < HEAD || size > MOST_BYTES) return 0;
    const enum restore_form form = data[0] & 1 ? RESTORE_JSON : RESTORE_PLAIN;
    struct buffer text;
    struct buffer whole;
    struct buffer cut;
    buffer_init(&text, 0);
    expand(&text, data + HEAD, size - HEAD);
    const struct restore_window once = restore(form, buffer_slice(&text), NULL, &whole);
    const struct restore_window often = restore(form, buffer_slice(&text), data + 1, &cut);
    require(slice_equal(buffer_slice(&whole), buffer_slice(&cut)));
    require(once.restored == often.restored && once.left == often.left);
    if (once.restored == 0) require(slice_equal(buffer_slice(&whole), buffer_slice(&text)));
    buffer_deinit(&text);
    buffer_deinit(&whole);
    buffer_deinit(&cut);
    return 0;
}
