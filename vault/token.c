#include "vault/token.h"

#include "base/require.h"

static const char alphabet[] = TOKEN_ALPHABET;
_Static_assert(sizeof alphabet - 1 == TOKEN_ALPHABET_SIZE, "the alphabet has 23 symbols");

static bool is_label_letter(char c) {
    return c >= 'A' && c <= 'Z';
}

bool token_label_valid(struct slice label) {
    if (label.len == 0 || label.len > TOKEN_LABEL_LONGEST) return false;
    for (size_t i = 0; i < label.len; i++)
        if (!is_label_letter(label.data[i])) return false;
    return true;
}

int token_symbol(char c) {
    if (c >= 'a' && c <= 'z') c = (char)(c - ('a' - 'A'));
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

/* Any label, so that a token whose label was changed does not verify either. */
static unsigned label_sum(struct slice label) {
    unsigned sum = 0;
    for (size_t i = 0; i < label.len; i++) sum = (sum * 31u + (unsigned char)label.data[i]) % TOKEN_ALPHABET_SIZE;
    return sum;
}

static char check_symbol(struct slice label, const char *symbols) {
    unsigned sum = label_sum(label);
    for (unsigned i = 0; i < TOKEN_SYMBOLS; i++) sum += (i + 1) * (unsigned)token_symbol(symbols[i]);
    return alphabet[sum % TOKEN_ALPHABET_SIZE];
}

struct token token_build(struct slice label, const unsigned char hash[8]) {
    require(token_label_valid(label));
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++) bits = bits << 8 | hash[i];
    struct token token = {.len = (uint8_t)(label.len + 1 + TOKEN_TAIL_LEN)};
    memcpy(token.text, label.data, label.len);
    token.text[label.len] = '_';
    char *symbols = token.text + label.len + 1;
    for (unsigned i = 0; i < TOKEN_SYMBOLS; i++, bits /= TOKEN_ALPHABET_SIZE)
        symbols[i] = alphabet[bits % TOKEN_ALPHABET_SIZE];
    symbols[TOKEN_SYMBOLS] = check_symbol(label, symbols);
    return token;
}

/* Whether a canonical tail with the right check symbol for `label` begins at `tail`, of TOKEN_TAIL_LEN bytes. */
static bool tail_valid(struct slice label, const char *tail) {
    for (unsigned i = 0; i < TOKEN_TAIL_LEN; i++)
        if (token_symbol(tail[i]) < 0 || (tail[i] >= 'a' && tail[i] <= 'z')) return false;
    return check_symbol(label, tail) == tail[TOKEN_SYMBOLS];
}

bool token_valid(struct slice text) {
    if (text.len < TOKEN_TAIL_LEN + 2) return false;
    const struct slice label = slice_of(text.data, text.len - TOKEN_TAIL_LEN - 1);
    return token_label_valid(label) && text.data[label.len] == '_' && tail_valid(label, text.data + label.len + 1);
}

/* The longest label that ends at `underscore` and makes the tail behind it valid: its length, or 0. */
static size_t label_before(struct slice text, size_t underscore, size_t from) {
    size_t longest = 0;
    while (longest < TOKEN_LABEL_LONGEST && underscore - longest > from &&
           is_label_letter(text.data[underscore - longest - 1]))
        longest++;
    for (size_t len = longest; len > 0; len--)
        if (tail_valid(slice_of(text.data + underscore - len, len), text.data + underscore + 1)) return len;
    return 0;
}

bool token_find(struct slice text, size_t from, size_t *begin_out, size_t *end_out) {
    for (size_t at = from; at < text.len; at++) {
        const char *found = memchr(text.data + at, '_', text.len - at);
        if (found == NULL) return false;
        at = (size_t)(found - text.data);
        if (text.len - at - 1 < TOKEN_TAIL_LEN) return false;
        const size_t label_len = label_before(text, at, from);
        if (label_len == 0) continue;
        *begin_out = at - label_len;
        *end_out = at + 1 + TOKEN_TAIL_LEN;
        return true;
    }
    return false;
}
