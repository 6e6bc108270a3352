/* What the tests of answers share: two tokens that may be restored, one that may not, and `$` notation for them. */
#ifndef SLUICE_TESTS_ANSWER_FIXTURE_H
#define SLUICE_TESTS_ANSWER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "gateway/exchange/answer_stream.h"

#define PLAIN_VALUE "ada@host.org"
#define ODD_VALUE "O\"N\\\n\xc3\xa9"

static const struct slice answer_labels[] = {{"EMAIL", 5}, {"PERSON", 6}, {"ORG", 3}};

/* $P is restored to PLAIN_VALUE, $O to ODD_VALUE, $X stays literal. */
static struct token plain_token, odd_token, strange_token;

static inline bool answer_lookup(void *owner, struct slice token, struct slice *value_out) {
    (void)owner;
    if (slice_equal(token, token_slice(&plain_token)))
        *value_out = SLICE(PLAIN_VALUE);
    else if (slice_equal(token, token_slice(&odd_token)))
        *value_out = SLICE(ODD_VALUE);
    else
        return false;
    return true;
}

static struct restore_source answer_source, no_source;

static inline int answer_make(void **state) {
    (void)state;
    plain_token = token_build(answer_labels[0], (const unsigned char[8]){1, 2, 3, 4, 5, 6, 7, 8});
    odd_token = token_build(answer_labels[1], (const unsigned char[8]){9, 8, 7, 6, 5, 4, 3, 2});
    strange_token = token_build(answer_labels[2], (const unsigned char[8]){3, 1, 4, 1, 5, 9, 2, 6});
    restore_source_init(&answer_source, NULL, answer_lookup, answer_labels, 3, 3);
    restore_source_init(&no_source, NULL, answer_lookup, NULL, 0, 0);
    return api_maps_create() == OUTCOME_OK ? 0 : -1;
}

static inline int answer_drop(void **state) {
    (void)state;
    api_maps_destroy();
    return 0;
}

/* Writes `text` with its $P, $O and $X as the three texts. */
static inline void write_marked(struct buffer *out, const char *text, struct slice plain, struct slice odd,
                                struct slice strange) {
    for (; *text; text++) {
        if (*text != '$') {
            buffer_append_char(out, *text);
            continue;
        }
        text++;
        buffer_append(out, *text == 'P' ? plain : *text == 'O' ? odd : strange);
    }
    assert_false(out->failed);
}

/* With tokens, as an upstream sends it. */
static inline struct buffer with_tokens(const char *text) {
    struct buffer out;
    buffer_init(&out, 0);
    write_marked(&out, text, token_slice(&plain_token), token_slice(&odd_token), token_slice(&strange_token));
    return out;
}

/* With values as they stand in JSON strings, as the agent should get it. */
static inline struct buffer with_values(const char *text) {
    struct buffer out;
    buffer_init(&out, 0);
    write_marked(&out, text, SLICE(PLAIN_VALUE), SLICE("O\\\"N\\\\\\n\xc3\xa9"), token_slice(&strange_token));
    return out;
}

/* The same inside a string that is JSON itself: escaped once more. */
static inline struct buffer with_inner_values(const char *text) {
    struct buffer out;
    buffer_init(&out, 0);
    write_marked(&out, text, SLICE(PLAIN_VALUE), SLICE("O\\\\\\\"N\\\\\\\\\\\\n\xc3\xa9"), token_slice(&strange_token));
    return out;
}

static inline void assert_same(struct slice got, struct slice expected) {
    if (!slice_equal(got, expected))
        print_error("got      %.*s\nexpected %.*s\n", (int)got.len, got.data, (int)expected.len, expected.data);
    assert_true(slice_equal(got, expected));
}

#endif
