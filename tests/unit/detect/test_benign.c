/* Ordinary technical text (benign.txt), in which the default packs must find nothing at all: every finding
 * here would be a refused or needlessly rewritten request. */
#include "detect/detector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buffer.h"

#define SNIPPETS_FEWEST 60u

static struct detector *detector;

static int setup(void **state) {
    (void)state;
    const struct pack_source packs[] = {pack_builtin("secrets"), pack_builtin("pii"), pack_builtin("network"),
                                        pack_builtin("finance")};
    struct detail detail = {{0}};
    return detector_create(packs, 4, &detector, &detail) == OUTCOME_OK ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    detector_destroy(&detector);
    return 0;
}

static uint32_t count_findings(const struct scan_text *text, struct arena *arena) {
    struct finding_list findings;
    assert_int_equal(detector_scan(detector, text, arena, &findings), OUTCOME_OK);
    for (uint32_t i = 0; i < findings.count; i++)
        print_error("%s finds %.*s in: %.*s\n", detector_rule(detector, findings.items[i].rule)->id,
                    (int)(findings.items[i].end - findings.items[i].begin), text->text + findings.items[i].begin,
                    (int)text->len, text->text);
    return findings.count;
}

static uint32_t count_in_snippet(struct slice snippet) {
    struct arena arena;
    arena_init(&arena, 1u << 20);
    struct scan_text text;
    scan_text_init(&text, &arena, 0);
    scan_text_add_run(&text, snippet, 0, 0);
    const uint32_t count = count_findings(&text, &arena);
    arena_reset(&arena);
    return count;
}

static void load(struct buffer *text) {
    FILE *file = fopen(SLUICE_SOURCE_DIR "/tests/unit/detect/benign.txt", "rb");
    assert_non_null(file);
    char block[4096];
    for (size_t got; (got = fread(block, 1, sizeof block, file)) > 0;) buffer_append(text, slice_of(block, got));
    assert_int_equal(fclose(file), 0);
    assert_false(text->failed);
}

static void test_snippets(void **state) {
    (void)state;
    struct buffer text;
    buffer_init(&text, 0);
    load(&text);
    uint32_t snippets = 0, wrong = 0;
    const char *begin = text.data, *end = text.data + text.len;
    while (begin < end) {
        const char *mark = memmem(begin, (size_t)(end - begin), "\n%%", 3);
        const char *snippet_end = mark ? mark : end;
        wrong += count_in_snippet(slice_of(begin, (size_t)(snippet_end - begin)));
        snippets++;
        const char *line_end = mark ? memchr(mark + 1, '\n', (size_t)(end - mark - 1)) : NULL;
        begin = line_end ? line_end + 1 : end;
    }
    assert_true(snippets > SNIPPETS_FEWEST);
    assert_int_equal(wrong, 0);
    assert_int_equal(count_in_snippet(buffer_slice(&text)), 0); /* and all of it as one text */
    buffer_deinit(&text);
}

/* Members of a request, laid as the walker lays them. */
static void test_members_of_a_request(void **state) {
    (void)state;
    static const struct {
        const char *key, *value;
    } members[] = {
        {"model", "gpt-4o-2024-08-06"},
        {"max_tokens", "4096"},
        {"prompt_cache_key", "conv-1234"},
        {"tool_call_id", "call_abc123XYZ"},
        {"token_type", "bearer"},
        {"type", "password"},
        {"password", "string"},
        {"name", "api_key"},
        {"api_key", "The key of the service"},
        {"next_page_token", "CAUQAA9xZ3vKd7"},
        {"budget_tokens", "10000"},
        {"id", "chatcmpl-9nYAG9vPNfDgl7hQ3kRbU"},
        {"seed", "123456789"},
        {"created", "1721075653"},
        {"user", "u_8842"},
        {"credentials", "include"},
        {"role", "tool"},
        {"finish_reason", "stop"},
        {"system_fingerprint", "fp_44709d6f"},
        {"logprobs", "-0.000012345"},
        {"token", "the"},
    };
    struct arena arena;
    arena_init(&arena, 1u << 20);
    struct scan_text text;
    scan_text_init(&text, &arena, 0);
    for (uint32_t i = 0; i < sizeof members / sizeof *members; i++) {
        scan_text_add_run(&text, slice_str(members[i].key), i * 100, 2 * i);
        scan_text_add_glue(&text, SLICE("\": \""));
        scan_text_add_run(&text, slice_str(members[i].value), i * 100 + 50, 2 * i + 1);
        scan_text_add_glue(&text, SLICE(SCAN_SEPARATOR));
    }
    assert_true(scan_text_ok(&text));
    assert_int_equal(count_findings(&text, &arena), 0);
    arena_reset(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_snippets),
        cmocka_unit_test(test_members_of_a_request),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
