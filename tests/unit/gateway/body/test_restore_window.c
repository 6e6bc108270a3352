#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "base/clock.h"
#include "gateway/body/restore_window.h"
#include "unit/failing_alloc.h"

static const struct slice labels[] = {
    {"EMAIL", 5}, {"PERSON", 6}, {"CARD", 4}, {"SIMCARD", 7}, {"N", 1}, {"ORGANISATION", 12},
};

#define LABEL_COUNT ((uint32_t)(sizeof labels / sizeof labels[0]))

/* Tokens that the source knows, by the letter that stands for them in the cases below. */
static struct token email;   /* E: ada@example.com */
static struct token person;  /* P: a quote, a backslash and a line end */
static struct token chained; /* C: the text of another known token */
static struct token sim;     /* S: a label that ends in another label */
static struct token single;  /* N: a label of one letter */
static struct token longest; /* O: a label of twelve letters */
static struct token unknown; /* U: a right check symbol, but nobody's */
static struct token wrong;   /* W: the check symbol does not fit */

static struct token token_of(const char *label, unsigned char seed) {
    const unsigned char hash[8] = {seed, 0x51, 0x9e, 0x33, 0x08, 0xc4, 0x7a, 0x1d};
    return token_build(slice_str(label), hash);
}

static int setup(void **state) {
    (void)state;
    email = token_of("EMAIL", 1);
    person = token_of("PERSON", 2);
    chained = token_of("CARD", 3);
    sim = token_of("SIMCARD", 4);
    single = token_of("N", 5);
    longest = token_of("ORGANISATION", 6);
    unknown = token_of("EMAIL", 7);
    wrong = email;
    char *check = &wrong.text[wrong.len - 1];
    *check = *check == 'X' ? 'W' : 'X';
    return 0;
}

static bool lookup(void *owner, struct slice canonical, struct slice *value_out) {
    unsigned *calls = owner;
    (*calls)++;
    assert_true(token_valid(canonical));
    if (slice_equal(canonical, token_slice(&email)))
        *value_out = SLICE("ada@example.com");
    else if (slice_equal(canonical, token_slice(&person)))
        *value_out = SLICE("\"A\\\nB\"");
    else if (slice_equal(canonical, token_slice(&chained)))
        *value_out = token_slice(&email);
    else if (slice_equal(canonical, token_slice(&sim)))
        *value_out = SLICE("8934");
    else if (slice_equal(canonical, token_slice(&single)))
        *value_out = SLICE("");
    else if (slice_equal(canonical, token_slice(&longest)))
        *value_out = SLICE("Analytical Engines & Co");
    else
        return false;
    return true;
}

/* How a token is written in a case: its letter behind a tilde, or one of these before the letter. */
static void token_write(struct buffer *out, const struct token *token, char style) {
    for (size_t i = 0; i < token->len; i++) {
        const char c = token->text[i];
        const char lower = slice_ascii_lower(c);
        if (c == '_' && style == '\\') buffer_append_str(out, "\\");
        if (c == '_' && style == '=') buffer_append_str(out, "\\\\");
        const bool as_lower = style == '-' || (style == '%' && i % 2);
        buffer_append(out, slice_of(as_lower ? &lower : &c, 1));
    }
}

/* Case texts write tokens as ~E (canonical), -E (lower case), %E (mixed), \E (backslash), =E (two). */
static void expand(struct buffer *out, const char *text) {
    static const char letters[] = "EPCSNOUW";
    const struct token *const tokens[] = {&email, &person, &chained, &sim, &single, &longest, &unknown, &wrong};
    for (; *text; text++) {
        const char *letter = text[0] == '~' && text[1] && text[2] ? strchr(letters, text[2]) : NULL;
        if (letter == NULL) {
            buffer_append_char(out, *text);
            continue;
        }
        token_write(out, tokens[letter - letters], text[1]);
        text += 2;
    }
}

struct text_case {
    enum restore_form form;
    const char *text;     /* ~ style letter: styles are . - % \ = */
    const char *expected; /* tokens that stay are written the same way */
    uint32_t restored, left;
};

static const struct text_case cases[] = {
    {RESTORE_PLAIN, "", "", 0, 0},
    {RESTORE_PLAIN, "no token at all", "no token at all", 0, 0},
    {RESTORE_PLAIN, "~.E", "ada@example.com", 1, 0},
    {RESTORE_PLAIN, "Mail ~.E now.", "Mail ada@example.com now.", 1, 0},
    {RESTORE_PLAIN, "~-E ~%E", "ada@example.com ada@example.com", 2, 0},
    {RESTORE_PLAIN, "~\\E", "ada@example.com", 1, 0},
    {RESTORE_PLAIN, "~=E", "~=E", 0, 0},
    {RESTORE_PLAIN, "~.E's `~.E` **~.E** ~.Es <~.E>",
     "ada@example.com's `ada@example.com` **ada@example.com** ada@example.coms <ada@example.com>", 5, 0},
    {RESTORE_PLAIN, "x~.Ex_~.E9~.E", "xada@example.comx_ada@example.com9ada@example.com", 3, 0},
    {RESTORE_PLAIN, "~.E~.E", "ada@example.comada@example.com", 2, 0},
    {RESTORE_PLAIN, "~.U", "~.U", 0, 1},
    {RESTORE_PLAIN, "~.W", "~.W", 0, 0},
    {RESTORE_PLAIN, "~.U~.E~.W~.E", "~.Uada@example.com~.Wada@example.com", 2, 1},
    {RESTORE_PLAIN, "~.C", "~.E", 1, 0}, /* restored text is not searched again */
    {RESTORE_PLAIN, "~.S", "8934", 1, 0},
    {RESTORE_PLAIN, "SIM~.C", "SIM~.E", 1, 0}, /* SIMCARD does not fit the check symbol, CARD does */
    {RESTORE_PLAIN, "[~.N]", "[]", 1, 0},
    {RESTORE_PLAIN, "NNN~.N", "NNN", 1, 0},
    {RESTORE_PLAIN, "~.O~-O~\\O", "Analytical Engines & CoAnalytical Engines & CoAnalytical Engines & Co", 3, 0},
    {RESTORE_PLAIN, "EMAIL", "EMAIL", 0, 0},
    {RESTORE_PLAIN, "EMAIL_", "EMAIL_", 0, 0},
    {RESTORE_PLAIN, "EMAIL_7KD3", "EMAIL_7KD3", 0, 0},
    {RESTORE_PLAIN, "EMAIL\\", "EMAIL\\", 0, 0},
    {RESTORE_PLAIN, "EMAIL\\x EMAIL\\\\_ EMAIL__ EMAIL _", "EMAIL\\x EMAIL\\\\_ EMAIL__ EMAIL _", 0, 0},
    {RESTORE_PLAIN, "EMAIL_EMAIL_~.E", "EMAIL_EMAIL_ada@example.com", 1, 0},
    {RESTORE_PLAIN, "EMAIL_7~.E", "EMAIL_7ada@example.com", 1, 0},
    {RESTORE_PLAIN, "eeemaiemail_2~-E", "eeemaiemail_2ada@example.com", 1, 0},
    {RESTORE_PLAIN, "snake_case_name = email_count_of_person_n_", "snake_case_name = email_count_of_person_n_", 0, 0},
    {RESTORE_PLAIN, "\\n~.E", "\\nada@example.com", 1, 0},
    {RESTORE_PLAIN, "ORGANISATIONEMAIL_ ORGANISATIONS_2345", "ORGANISATIONEMAIL_ ORGANISATIONS_2345", 0, 0},
    {RESTORE_PLAIN, "\xc3\xa9~.E\xe2\x82\xac\0",
     "\xc3\xa9"
     "ada@example.com\xe2\x82\xac",
     1, 0},
    {RESTORE_JSON, "{\"to\": \"~.E\"}", "{\"to\": \"ada@example.com\"}", 1, 0},
    {RESTORE_JSON, "{\"to\": \"~.P\"}", "{\"to\": \"\\\"A\\\\\\nB\\\"\"}", 1, 0},
    {RESTORE_JSON, "~\\E ~=E ~-E ~.U", "ada@example.com ada@example.com ada@example.com ~.U", 3, 1},
    {RESTORE_JSON, "\"a\\n~.E\\n\"", "\"a\\nada@example.com\\n\"", 1, 0},
    {RESTORE_JSON, "C:\\\\~.E", "C:\\\\ada@example.com", 1, 0},
    /* the first letter belongs to an escape: restoring would leave half an escape before the value */
    {RESTORE_JSON, "\\~.E", "\\~.E", 0, 0},
    {RESTORE_JSON, "\\~-N \\\\~-N \\\\\\~-N", "\\~-N \\\\ \\\\\\~-N", 1, 0},
    {RESTORE_JSON, "\\u00~.C \\u00~-E \\u0041~.E", "\\u00~.C \\u00~-E \\u0041ada@example.com", 1, 0},
    {RESTORE_JSON, "\\u~.E", "\\u~.E", 0, 0},
    {RESTORE_JSON, "\\\\u00~.E", "\\\\u00ada@example.com", 1, 0},
};

#define CASE_COUNT (sizeof cases / sizeof cases[0])

/* Feeds text in pieces of `step` bytes, the first one of `first`; answers the counts. */
static struct restore_window run(const struct restore_source *source, enum restore_form form, struct slice text,
                                 size_t first, size_t step, struct buffer *out) {
    struct restore_window window;
    restore_window_init(&window);
    size_t at = 0;
    size_t len = first < text.len ? first : text.len;
    while (at < text.len) {
        assert_int_equal(restore_window_feed(&window, source, form, slice_range(text, at, at + len), out), OUTCOME_OK);
        assert_true(window.held_len < RESTORE_LONGEST);
        at += len;
        len = step < text.len - at ? step : text.len - at;
    }
    restore_window_flush(&window, out);
    assert_false(restore_window_holding(&window));
    return window;
}

static void assert_case(const struct restore_source *source, const struct text_case *c, size_t first, size_t step) {
    struct buffer text;
    struct buffer expected;
    struct buffer out;
    buffer_init(&text, 0);
    buffer_init(&expected, 0);
    buffer_init(&out, 0);
    expand(&text, c->text);
    expand(&expected, c->expected);
    const struct restore_window window = run(source, c->form, buffer_slice(&text), first, step, &out);
    if (!slice_equal(buffer_slice(&out), buffer_slice(&expected)))
        fail_msg("%s, cut at %zu, then %zu", c->text, first, step);
    assert_int_equal(window.restored, c->restored);
    assert_int_equal(window.left, c->left);
    buffer_deinit(&text);
    buffer_deinit(&expected);
    buffer_deinit(&out);
}

static struct restore_source source_of_all(unsigned *calls) {
    struct restore_source source;
    *calls = 0;
    restore_source_init(&source, calls, lookup, labels, LABEL_COUNT, LABEL_COUNT);
    return source;
}

static void test_whole(void **state) {
    (void)state;
    unsigned calls;
    const struct restore_source source = source_of_all(&calls);
    for (size_t i = 0; i < CASE_COUNT; i++) assert_case(&source, &cases[i], SIZE_MAX, SIZE_MAX);
}

static void test_every_split(void **state) {
    (void)state;
    unsigned calls;
    const struct restore_source source = source_of_all(&calls);
    for (size_t i = 0; i < CASE_COUNT; i++)
        for (size_t first = 1; first < 200; first++) assert_case(&source, &cases[i], first, SIZE_MAX);
}

static void test_every_step(void **state) {
    (void)state;
    unsigned calls;
    const struct restore_source source = source_of_all(&calls);
    for (size_t i = 0; i < CASE_COUNT; i++)
        for (size_t step = 1; step < 30; step++)
            for (size_t first = 1; first <= step; first++) assert_case(&source, &cases[i], first, step);
}

/* Text leaves as soon as it cannot be part of a token, and a token with its check symbol. */
static void test_nothing_waits_longer_than_needed(void **state) {
    (void)state;
    unsigned calls;
    const struct restore_source source = source_of_all(&calls);
    struct restore_window window;
    struct buffer out;
    buffer_init(&out, 0);
    restore_window_init(&window);
    assert_int_equal(restore_window_feed(&window, &source, RESTORE_PLAIN, SLICE("Hello world. "), &out), OUTCOME_OK);
    assert_false(restore_window_holding(&window));
    assert_int_equal(out.len, 13);
    for (size_t i = 0; i + 1 < email.len; i++) {
        const struct slice letter = slice_of(email.text + i, 1);
        assert_int_equal(restore_window_feed(&window, &source, RESTORE_PLAIN, letter, &out), OUTCOME_OK);
        assert_int_equal(window.held_len, i + 1);
        assert_int_equal(out.len, 13);
    }
    const struct slice check = slice_of(email.text + email.len - 1, 1);
    assert_int_equal(restore_window_feed(&window, &source, RESTORE_PLAIN, check, &out), OUTCOME_OK);
    assert_false(restore_window_holding(&window));
    assert_true(slice_equal(buffer_slice(&out), SLICE("Hello world. ada@example.com")));
    assert_int_equal(calls, 1);
    /* "the" ends in a first letter, "then" does as well, "then " does not */
    assert_int_equal(restore_window_feed(&window, &source, RESTORE_PLAIN, SLICE("the"), &out), OUTCOME_OK);
    assert_int_equal(window.held_len, 1);
    assert_int_equal(restore_window_feed(&window, &source, RESTORE_PLAIN, SLICE("n"), &out), OUTCOME_OK);
    assert_int_equal(window.held_len, 1);
    assert_int_equal(restore_window_feed(&window, &source, RESTORE_PLAIN, SLICE(" "), &out), OUTCOME_OK);
    assert_false(restore_window_holding(&window));
    buffer_deinit(&out);
}

static void test_flush_is_literal(void **state) {
    (void)state;
    unsigned calls;
    const struct restore_source source = source_of_all(&calls);
    struct restore_window window;
    struct buffer out;
    buffer_init(&out, 0);
    restore_window_init(&window);
    const struct slice most = slice_of(email.text, email.len - 1u);
    assert_int_equal(restore_window_feed(&window, &source, RESTORE_PLAIN, most, &out), OUTCOME_OK);
    assert_true(restore_window_holding(&window));
    assert_int_equal(out.len, 0);
    restore_window_flush(&window, &out);
    assert_true(slice_equal(buffer_slice(&out), most));
    restore_window_flush(&window, &out);
    assert_int_equal(out.len, most.len);
    assert_int_equal(calls, 0);
    buffer_deinit(&out);
}

static void test_no_labels(void **state) {
    (void)state;
    unsigned calls = 0;
    struct restore_source source;
    struct restore_window window;
    struct buffer out;
    restore_source_init(&source, &calls, lookup, NULL, 0, 0);
    buffer_init(&out, 0);
    restore_window_init(&window);
    assert_int_equal(restore_window_feed(&window, &source, RESTORE_PLAIN, token_slice(&email), &out), OUTCOME_OK);
    assert_int_equal(restore_window_feed(&window, &source, RESTORE_PLAIN, SLICE("EMA"), &out), OUTCOME_OK);
    assert_int_equal(restore_window_feed(&window, &source, RESTORE_PLAIN, slice_of(NULL, 0), &out), OUTCOME_OK);
    assert_false(restore_window_holding(&window));
    assert_int_equal(out.len, email.len + 3);
    assert_int_equal(calls, 0);
    buffer_deinit(&out);
}

static void test_output_failure(void **state) {
    (void)state;
    unsigned calls;
    const struct restore_source source = source_of_all(&calls);
    struct restore_window window;
    struct buffer out;
    buffer_init(&out, 4);
    restore_window_init(&window);
    assert_int_equal(restore_window_feed(&window, &source, RESTORE_PLAIN, token_slice(&email), &out),
                     OUTCOME_NO_MEMORY);
    assert_int_equal(restore_window_feed(&window, &source, RESTORE_PLAIN, SLICE(" "), &out), OUTCOME_NO_MEMORY);
    buffer_deinit(&out);
    buffer_init(&out, 0);
    restore_window_init(&window);
    failing_alloc_arm(1);
    assert_int_equal(restore_window_feed(&window, &source, RESTORE_JSON, token_slice(&person), &out),
                     OUTCOME_NO_MEMORY);
    assert_true(failing_alloc_disarm());
    buffer_deinit(&out);
}

static unsigned long seed_of_run(void) {
    const char *given = getenv("SLUICE_SEED");
    const unsigned long seed = given ? strtoul(given, NULL, 10) : (unsigned long)time(NULL);
    printf("SLUICE_SEED=%lu\n", seed);
    return seed;
}

/* Pieces of tokens and of escapes, in any order. */
static void random_text(struct buffer *out) {
    static const char *const parts[] = {"~.E", "~-E",       "~%P", "~\\E",  "~=P",     "~.U",     "~.W", "~.C",
                                        "~.S", "~.N",       "~.O", "EMAIL", "email_",  "EMAIL\\", "\\",  "\\\\",
                                        "_",   "\\_",       "\\u", "\\u00", "CARD",    "SIM",     "n",   "N_",
                                        "23",  "7KD3MWQ9T", " ",   "\n",    "\xc3\xa9"};
    for (long n = random() % 12; n >= 0; n--) expand(out, parts[(size_t)random() % (sizeof parts / sizeof parts[0])]);
    if (out->len > 3 && random() % 3 == 0) out->data[(size_t)random() % out->len] = "EN_\\2x"[random() % 6];
}

static void test_random_splits(void **state) {
    (void)state;
    unsigned calls;
    const struct restore_source source = source_of_all(&calls);
    srandom((unsigned)seed_of_run());
    for (int round = 0; round < 20000; round++) {
        struct buffer text;
        struct buffer whole;
        struct buffer cut;
        buffer_init(&text, 0);
        buffer_init(&whole, 0);
        buffer_init(&cut, 0);
        random_text(&text);
        const enum restore_form form = round % 2 ? RESTORE_JSON : RESTORE_PLAIN;
        const struct restore_window once = run(&source, form, buffer_slice(&text), SIZE_MAX, SIZE_MAX, &whole);
        const size_t first = 1 + (size_t)random() % 30;
        const struct restore_window often =
            run(&source, form, buffer_slice(&text), first, 1 + (size_t)random() % 12, &cut);
        assert_true(slice_equal(buffer_slice(&whole), buffer_slice(&cut)));
        assert_int_equal(once.restored, often.restored);
        assert_int_equal(once.left, often.left);
        buffer_deinit(&text);
        buffer_deinit(&whole);
        buffer_deinit(&cut);
    }
}

/* Looks at every place of the whole text, without any of the window's ways to be fast. */
static void slow_restore(const struct restore_source *source, struct slice text, struct buffer *out) {
    size_t at = 0;
    while (at < text.len) {
        size_t gone = 0;
        for (uint32_t i = 0; i < LABEL_COUNT && gone == 0; i++)
            for (size_t backslash = 0; backslash < 2 && gone == 0; backslash++) {
                const size_t len = labels[i].len + backslash + 1 + TOKEN_TAIL_LEN;
                char canonical[RESTORE_LONGEST];
                size_t canonical_len = 0;
                if (len > text.len - at || (backslash && text.data[at + labels[i].len] != '\\')) continue;
                for (size_t j = 0; j < len; j++) {
                    const char c = text.data[at + j];
                    if (backslash && j == labels[i].len) continue;
                    canonical[canonical_len++] = (char)toupper((unsigned char)c);
                }
                const struct slice token = slice_of(canonical, canonical_len);
                struct slice value;
                if (!slice_starts_with(token, labels[i]) || !token_valid(token)) continue;
                if (!source->lookup(source->owner, token, &value)) continue;
                buffer_append(out, value);
                gone = len;
            }
        if (gone == 0) buffer_append(out, slice_range(text, at, at + 1));
        at += gone ? gone : 1;
    }
}

static void test_against_slow_search(void **state) {
    (void)state;
    unsigned calls;
    const struct restore_source source = source_of_all(&calls);
    srandom((unsigned)seed_of_run());
    for (int round = 0; round < 5000; round++) {
        struct buffer text;
        struct buffer fast;
        struct buffer slow;
        buffer_init(&text, 0);
        buffer_init(&fast, 0);
        buffer_init(&slow, 0);
        random_text(&text);
        run(&source, RESTORE_PLAIN, buffer_slice(&text), 1 + (size_t)random() % 20, 1 + (size_t)random() % 20, &fast);
        slow_restore(&source, buffer_slice(&text), &slow);
        assert_true(slice_equal(buffer_slice(&fast), buffer_slice(&slow)));
        buffer_deinit(&text);
        buffer_deinit(&fast);
        buffer_deinit(&slow);
    }
}

/* Millions of places where a token might begin, and no token: must not become quadratic. */
static void test_hostile_text(void **state) {
    (void)state;
    unsigned calls;
    const struct restore_source source = source_of_all(&calls);
    static const char *const patterns[] = {"n", "n_", "organisatio", "EMAIL_2345", "_", "N\\_222222222"};
    const uint64_t begin_ns = clock_monotonic_ns();
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        struct buffer text;
        struct buffer out;
        buffer_init(&text, 0);
        buffer_init(&out, 0);
        while (text.len < (1u << 20)) buffer_append_str(&text, patterns[i]);
        run(&source, i % 2 ? RESTORE_JSON : RESTORE_PLAIN, buffer_slice(&text), SIZE_MAX, SIZE_MAX, &out);
        assert_int_equal(out.len, text.len);
        buffer_deinit(&text);
        buffer_deinit(&out);
    }
    assert_true(clock_monotonic_ns() - begin_ns < UINT64_C(20000000000));
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_whole),
        TEST(test_every_split),
        TEST(test_every_step),
        TEST(test_nothing_waits_longer_than_needed),
        TEST(test_flush_is_literal),
        TEST(test_no_labels),
        TEST(test_output_failure),
        TEST(test_random_splits),
        TEST(test_against_slow_search),
        TEST(test_hostile_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
