/* What a token looks like: LABEL_ + nine symbols + one check symbol.
 *
 *     EMAIL_7KD3MWQ9TX      label EMAIL, symbols 7KD3MWQ9T, check X
 *
 * The alphabet has 23 symbols: no vowels (so no words), no pairs that look alike (0/O, 1/I/L, 2/Z,
 * 5/S, 6/G, 8/B, U/V, V/Y). 23^9 is 40.7 bits. 23 is prime, so the weighted check sum (weights 1..9,
 * with the label mixed in) finds every single wrong symbol and every swap of neighbours.
 * Fixed length, so no token is a prefix of another; a valid identifier in most languages.
 *
 * Pure functions; any thread. */
#ifndef SLUICE_VAULT_TOKEN_H
#define SLUICE_VAULT_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define TOKEN_ALPHABET "234579BCDFGHJKMNPQRTVWX"
#define TOKEN_ALPHABET_SIZE 23u
#define TOKEN_SYMBOLS 9u
#define TOKEN_TAIL_LEN (TOKEN_SYMBOLS + 1u) /* symbols and check, behind the underscore */
#define TOKEN_LABEL_LONGEST 12u
#define TOKEN_LONGEST (TOKEN_LABEL_LONGEST + 1u + TOKEN_TAIL_LEN)

struct token {
    char text[TOKEN_LONGEST + 1]; /* NUL-terminated */
    uint8_t len;
};

static inline struct slice token_slice(const struct token *token) {
    return slice_of(token->text, token->len);
}

/* 1 to TOKEN_LABEL_LONGEST upper-case ASCII letters. */
bool token_label_valid(struct slice label);

/* Builds the token of `label` (valid) from the first 8 bytes of a keyed hash. */
struct token token_build(struct slice label, const unsigned char hash[8]);

/* The value of a symbol, 0 to 22, either case; -1 for any other byte. */
int token_symbol(char c);

/* True when `text` as a whole is a token in canonical (upper-case) form with a right check symbol. */
bool token_valid(struct slice text);

/* Finds the first canonical token in `text` at or after `from`; false when there is none. No word
 * boundary is asked for on either side. *begin_out and *end_out are half-open. */
bool token_find(struct slice text, size_t from, size_t *begin_out, size_t *end_out);

#endif
