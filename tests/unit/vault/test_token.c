#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "vault/token.h"

static uint64_t seed;

static uint64_t random_next(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static struct token random_token(const char *label) {
    unsigned char hash[8];
    for (int i = 0; i < 8; i++) hash[i] = (unsigned char)random_next();
    return token_build(slice_str(label), hash);
}

static void test_alphabet_has_no_vowels_and_no_lookalikes(void **state) {
    (void)state;
    assert_int_equal(strlen(TOKEN_ALPHABET), TOKEN_ALPHABET_SIZE);
    for (const char *c = "AEIOU01LSZ6G8BY"; *c; c++)
        if (*c != 'B' && *c != 'G') assert_null(strchr(TOKEN_ALPHABET, *c));
    for (const char *c = TOKEN_ALPHABET; *c; c++) {
        assert_int_equal(token_symbol(*c), c - TOKEN_ALPHABET);
        if (*c >= 'A') assert_int_equal(token_symbol((char)(*c + 32)), c - TOKEN_ALPHABET);
    }
    for (int byte = 0; byte < 256; byte++) {
        const bool listed = byte != 0 && strchr("234579BCDFGHJKMNPQRTVWXbcdfghjkmnpqrtvwx", byte) != NULL;
        assert_int_equal(token_symbol((char)byte) >= 0, listed);
    }
}

static void test_labels(void **state) {
    (void)state;
    assert_true(token_label_valid(SLICE("A")));
    assert_true(token_label_valid(SLICE("ABCDEFGHIJKL")));
    assert_false(token_label_valid(SLICE("")));
    assert_false(token_label_valid(SLICE("ABCDEFGHIJKLM")));
    assert_false(token_label_valid(SLICE("Email")));
    assert_false(token_label_valid(SLICE("E_M")));
    assert_false(token_label_valid(SLICE("E1")));
}

static void test_length_is_fixed_and_token_is_valid(void **state) {
    (void)state;
    for (int i = 0; i < 2000; i++) {
        const struct token token = random_token("EMAIL");
        assert_int_equal(token.len, 5 + 1 + 10);
        assert_int_equal(strlen(token.text), token.len);
        assert_true(token_valid(token_slice(&token)));
        for (size_t cut = 0; cut < token.len; cut++) assert_false(token_valid(slice_of(token.text, cut)));
    }
    const unsigned char zeros[8] = {0}, ones[8] = {255, 255, 255, 255, 255, 255, 255, 255};
    assert_true(token_valid(token_slice(&(struct token){0})) == false);
    struct token least = token_build(SLICE("A"), zeros), most = token_build(SLICE("ABCDEFGHIJKL"), ones);
    assert_true(token_valid(token_slice(&least)));
    assert_true(token_valid(token_slice(&most)));
    assert_int_equal(most.len, TOKEN_LONGEST);
}

static void test_every_wrong_symbol_is_refused(void **state) {
    (void)state;
    for (int i = 0; i < 50; i++) {
        struct token token = random_token("PERSON");
        for (size_t at = 7; at < token.len; at++) {
            const char right = token.text[at];
            for (int byte = 0; byte < 256; byte++) {
                token.text[at] = (char)byte;
                assert_int_equal(token_valid(token_slice(&token)), (char)byte == right);
            }
            token.text[at] = right;
        }
    }
}

static void test_every_swap_of_neighbours_is_refused(void **state) {
    (void)state;
    for (int i = 0; i < 500; i++) {
        struct token token = random_token("IBAN");
        for (size_t at = 5; at + 1 < token.len; at++) {
            const char left = token.text[at], right = token.text[at + 1];
            token.text[at] = right;
            token.text[at + 1] = left;
            assert_int_equal(token_valid(token_slice(&token)), left == right);
            token.text[at] = left;
            token.text[at + 1] = right;
        }
    }
}

static void test_changed_label_letter_is_refused(void **state) {
    (void)state;
    for (int i = 0; i < 50; i++) {
        struct token token = random_token("TAXI");
        for (size_t at = 0; at < 4; at++) {
            const char right = token.text[at];
            for (int c = 'A'; c <= 'Z'; c++) {
                token.text[at] =
                    (char)c; /* 26 letters, 23 residues: A and X, B and Y, C and Z look the same to the sum */
                assert_int_equal(token_valid(token_slice(&token)), (c - right) % 23 == 0);
            }
            token.text[at] = right;
        }
    }
}

static void test_lower_case_is_not_canonical(void **state) {
    (void)state;
    struct token token = random_token("CARD");
    for (size_t at = 0; at < token.len; at++) {
        const char right = token.text[at];
        if (right < 'A' || right > 'Z') continue;
        token.text[at] = (char)(right + 32);
        assert_false(token_valid(token_slice(&token)));
        token.text[at] = right;
    }
}

static void test_find_at_every_offset(void **state) {
    (void)state;
    const struct token token = random_token("EMAIL");
    static const char *const neighbours[] = {".", "_", "x", "9", "\"", "\n", "\xc3"};
    for (unsigned n = 0; n < sizeof neighbours / sizeof neighbours[0]; n++)
        for (size_t offset = 0; offset < 40; offset++) {
            char text[100];
            memset(text, neighbours[n][0], sizeof text);
            memcpy(text + offset, token.text, token.len);
            size_t begin = 0, end = 0;
            for (size_t from = 0; from <= offset; from++) {
                assert_true(token_find(slice_of(text, sizeof text), from, &begin, &end));
                assert_int_equal(begin, offset);
                assert_int_equal(end, offset + token.len);
            }
            /* Cut anywhere before its end, there is no token. */
            for (size_t len = 0; len < offset + token.len; len++)
                assert_false(token_find(slice_of(text, len), 0, &begin, &end));
        }
}

static void test_find_one_after_the_other(void **state) {
    (void)state;
    struct token tokens[8];
    char text[8 * TOKEN_LONGEST];
    size_t len = 0;
    for (int i = 0; i < 8; i++) {
        tokens[i] = random_token(i % 2 ? "ORG" : "PHONE");
        memcpy(text + len, tokens[i].text, tokens[i].len);
        len += tokens[i].len;
    }
    size_t from = 0, begin = 0, end = 0;
    for (int i = 0; i < 8; i++, from = end) {
        assert_true(token_find(slice_of(text, len), from, &begin, &end));
        assert_true(end - begin >= tokens[i].len); /* a letter of the token before may join the label by chance */
        assert_memory_equal(text + end - tokens[i].len, tokens[i].text, tokens[i].len);
    }
    assert_false(token_find(slice_of(text, len), from, &begin, &end));
}

static void test_find_in_noise_answers_only_valid_tokens(void **state) {
    (void)state;
    static const char symbols[] = TOKEN_ALPHABET "____";
    char text[4096];
    for (size_t i = 0; i < sizeof text; i++) text[i] = symbols[random_next() % (sizeof symbols - 1)];
    size_t from = 0, begin = 0, end = 0;
    while (token_find(slice_of(text, sizeof text), from, &begin, &end)) {
        assert_true(begin >= from && end <= sizeof text);
        assert_true(token_valid(slice_of(text + begin, end - begin)));
        from = end;
    }
}

int main(void) {
    seed = (uint64_t)time(NULL) | 1;
    const char *replay = getenv("SEED");
    if (replay != NULL) seed = strtoull(replay, NULL, 10);
    print_message("SEED=%llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alphabet_has_no_vowels_and_no_lookalikes),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_length_is_fixed_and_token_is_valid),
        cmocka_unit_test(test_every_wrong_symbol_is_refused),
        cmocka_unit_test(test_every_swap_of_neighbours_is_refused),
        cmocka_unit_test(test_changed_label_letter_is_refused),
        cmocka_unit_test(test_lower_case_is_not_canonical),
        cmocka_unit_test(test_find_at_every_offset),
        cmocka_unit_test(test_find_one_after_the_other),
        cmocka_unit_test(test_find_in_noise_answers_only_valid_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
