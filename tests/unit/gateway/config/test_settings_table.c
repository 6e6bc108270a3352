#include "gateway/config/settings_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void names_are_found_below_their_group_only(void **state) {
    (void)state;
    assert_string_equal(settings_table_child("", SLICE("threads"))->path, "threads");
    assert_string_equal(settings_table_child("upstreams[].", SLICE("url"))->path, "upstreams[].url");
    assert_string_equal(settings_table_child("policy.kinds.*.", SLICE("tier"))->path, "policy.kinds.*.tier");
    assert_null(settings_table_child("", SLICE("url")));
    assert_null(settings_table_child("", SLICE("limits.head_bytes")));
    assert_null(settings_table_child("limits.", SLICE("threads")));
    assert_null(settings_table_child("", SLICE("")));
    assert_string_equal(settings_table_nearest("limits.", SLICE("body_byte")), "body_bytes");
    assert_null(settings_table_nearest("limits.", SLICE("url")));
}

static void every_row_is_complete(void **state) {
    (void)state;
    for (uint32_t i = 0; settings_table_row(i); i++) {
        const struct setting_row *row = settings_table_row(i);
        assert_non_null(row->prose);
        assert_int_not_equal(row->type, SETTING_NONE);
        assert_int_equal(row->type == SETTING_WORD, row->words != NULL);
        const bool many = row->type == SETTING_LIST || row->type == SETTING_NAMED;
        assert_int_equal(many, row->element != SETTING_NONE);
        assert_int_equal(many, row->element_bytes > 0);
        assert_true(row->least <= row->most);
        assert_false(row->required && (row->default_text || row->default_prose));
        assert_false(row->default_text && row->default_prose);
        if (many || row->type == SETTING_NUMBER || row->type == SETTING_SIZE || row->type == SETTING_SECRET)
            assert_true(row->most > 0);
        for (uint32_t other = 0; other < i; other++)
            assert_string_not_equal(settings_table_row(other)->path, row->path);
    }
}

static char *read_all(FILE *file, size_t *len_out) {
    char *text = malloc(1 << 18);
    assert_non_null(text);
    *len_out = fread(text, 1, 1 << 18, file);
    assert_true(*len_out < 1 << 18);
    return text;
}

/* After a change of the table: SLUICE_WRITE_DOCS=1 tests/unit/gateway/config/test_settings_table */
static void the_reference_page_is_what_the_table_says(void **state) {
    (void)state;
    static const char path[] = SLUICE_SOURCE_DIR "/docs/settings.md";
    if (getenv("SLUICE_WRITE_DOCS")) {
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        settings_table_write_markdown(file);
        assert_int_equal(fclose(file), 0);
    }
    FILE *written = tmpfile(), *kept = fopen(path, "re");
    assert_non_null(written);
    if (kept == NULL) fail_msg("docs/settings.md is missing: run with SLUICE_WRITE_DOCS=1");
    settings_table_write_markdown(written);
    rewind(written);
    size_t written_len, kept_len;
    char *written_text = read_all(written, &written_len), *kept_text = read_all(kept, &kept_len);
    const bool same = written_len == kept_len && memcmp(written_text, kept_text, kept_len) == 0;
    free(written_text);
    free(kept_text);
    fclose(written);
    fclose(kept);
    if (!same) fail_msg("docs/settings.md is not what the table says: run with SLUICE_WRITE_DOCS=1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_below_their_group_only),
        cmocka_unit_test(every_row_is_complete),
        cmocka_unit_test(the_reference_page_is_what_the_table_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
