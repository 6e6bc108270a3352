/* The walker against its corpus, against the oracle, and against itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "gateway/body/json_walk.h"
#include "unit/gateway/body/json_cases.h"
#include "unit/gateway/body/json_oracle.h"

#define ARENA_BYTES (1u << 20)
#define ROUNDS 40000

/* On the heap and exactly as long as the text, so that ASan sees every read behind it. */
static bool walk_accepts(struct slice text, bool lenient) {
    char *copy = malloc(text.len + 1);
    assert_non_null(copy);
    char *tight = copy + 1;
    if (text.len) memcpy(tight, text.data, text.len);
    struct arena arena;
    struct json_doc doc;
    struct json_error error;
    arena_init(&arena, ARENA_BYTES);
    const struct json_limits limits = {.lenient_surrogates = lenient};
    const enum outcome outcome = json_walk(slice_of(tight, text.len), &limits, &arena, &doc, &error);
    if (outcome == OUTCOME_OK) {
        assert_null(error.reason);
        assert_true(doc.count > 0);
    } else {
        assert_non_null(error.reason);
        assert_true(error.offset <= text.len);
        assert_int_equal(doc.count, 0);
    }
    arena_reset(&arena);
    free(copy);
    return outcome == OUTCOME_OK;
}

static void test_corpus_verdicts(void **state) {
    (void)state;
    for (size_t i = 0; i < JSON_CASE_COUNT; i++) {
        const bool expected = json_cases[i].name[0] == 'y';
        if (walk_accepts(json_cases[i].text, false) != expected) fail_msg("%s", json_cases[i].name);
    }
}

static void test_oracle_agrees_with_corpus(void **state) {
    (void)state;
    for (size_t i = 0; i < JSON_CASE_COUNT; i++) {
        const bool expected = json_cases[i].name[0] == 'y';
        if (oracle_accepts(json_cases[i].text, false) != expected) fail_msg("%s", json_cases[i].name);
    }
}

static void test_lenient_differs_in_lone_surrogates_only(void **state) {
    (void)state;
    for (size_t i = 0; i < JSON_CASE_COUNT; i++) {
        const bool lenient = walk_accepts(json_cases[i].text, true);
        if (lenient != oracle_accepts(json_cases[i].text, true)) fail_msg("%s", json_cases[i].name);
    }
}

static void test_every_beginning_of_a_case(void **state) {
    (void)state;
    for (size_t i = 0; i < JSON_CASE_COUNT; i++)
        for (size_t len = 0; len < json_cases[i].text.len; len++) {
            const struct slice text = slice_range(json_cases[i].text, 0, len);
            if (walk_accepts(text, false) != oracle_accepts(text, false))
                fail_msg("%s, %zu bytes", json_cases[i].name, len);
        }
}

static void test_cases_inside_others(void **state) {
    (void)state;
    char text[1024];
    for (size_t i = 0; i < JSON_CASE_COUNT; i++) {
        const struct slice inner = json_cases[i].text;
        for (size_t pad = 0; pad < 18; pad++) {
            const int len = snprintf(text, sizeof text, "[\"%.*s\",", (int)pad, "0123456789abcdefg");
            assert_true(len > 0 && (size_t)len + inner.len + 1 < sizeof text);
            memcpy(text + len, inner.data, inner.len);
            text[(size_t)len + inner.len] = ']';
            const struct slice whole = slice_of(text, (size_t)len + inner.len + 1);
            if (walk_accepts(whole, false) != oracle_accepts(whole, false))
                fail_msg("%s behind %zu", json_cases[i].name, pad);
        }
    }
}

static unsigned long seed_of_run(void) {
    const char *given = getenv("SLUICE_SEED");
    const unsigned long seed = given ? strtoul(given, NULL, 10) : (unsigned long)time(NULL);
    printf("SLUICE_SEED=%lu\n", seed);
    return seed;
}

/* Overwrites, doubles or drops a few bytes; answers the new length. */
static size_t mutate(char *text, size_t len, size_t room) {
    static const char spice[] = "{}[]\",:\\u0dD8 \n-+.eE123tfna/\x80\xc3\xa9\xed\xf0\x1f";
    for (long n = 1 + random() % 3; n > 0 && len > 0; n--) {
        const size_t at = (size_t)random() % len;
        const char byte = spice[(size_t)random() % (sizeof spice - 1)];
        switch (random() % 3) {
        case 0: text[at] = byte; break;
        case 1:
            if (len == room) break;
            memmove(text + at + 1, text + at, len - at);
            text[at] = byte;
            len++;
            break;
        default: memmove(text + at, text + at + 1, --len - at); break;
        }
    }
    return len;
}

static void test_mutations_against_oracle(void **state) {
    (void)state;
    srandom((unsigned)seed_of_run());
    char text[512];
    for (int round = 0; round < ROUNDS; round++) {
        const struct slice base = json_cases[(size_t)random() % JSON_CASE_COUNT].text;
        assert_true(base.len <= sizeof text);
        memcpy(text, base.data, base.len);
        const struct slice mutant = slice_of(text, mutate(text, base.len, sizeof text));
        const bool lenient = random() % 4 == 0;
        assert_int_equal(walk_accepts(mutant, lenient), oracle_accepts(mutant, lenient));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corpus_verdicts),
        cmocka_unit_test(test_oracle_agrees_with_corpus),
        cmocka_unit_test(test_lenient_differs_in_lone_surrogates_only),
        cmocka_unit_test(test_every_beginning_of_a_case),
        cmocka_unit_test(test_cases_inside_others),
        cmocka_unit_test(test_mutations_against_oracle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
