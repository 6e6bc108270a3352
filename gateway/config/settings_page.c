/* docs/settings.md, written from the table. A test compares the file with what this writes. */
#include <inttypes.h>

#include "gateway/config/settings_table.h"
#include "route/policy.h"

#define LONGEST_PREFIX 96

static const char intro[] =
    "# Settings\n"
    "\n"
    "<!-- Written from gateway/config/settings_table.c; do not edit. -->\n"
    "\n"
    "The configuration is one YAML file (JSON is YAML too). It is read and checked as a whole before any of it is\n"
    "applied. An error names line and column, and never repeats a value. Unknown settings are errors.\n"
    "\n"
    "`${NAME}` in any value reads the environment, `${NAME:-default}` takes the default when the variable is not set\n"
    "or empty, and `$${` stands for a plain `${`. Aliases, tags and duplicate keys are not accepted. Relative paths\n"
    "are relative to the working directory.\n";

static void write_words(FILE *file, const struct setting_word *words) {
    for (const struct setting_word *word = words; word->text; word++)
        fprintf(file, "%s`%s`", word == words ? "" : ", ", word->text);
}

static void write_range(FILE *file, const struct setting_row *row, const char *what) {
    fprintf(file, "%s%s%" PRId64 " to %" PRId64, what, *what ? ", " : "", row->least, row->most);
    if (row->unit) fprintf(file, " %s", row->unit);
}

static void write_type(FILE *file, const struct setting_row *row, enum setting_type type) {
    switch (type) {
    case SETTING_GROUP: fputs("settings", file); break;
    case SETTING_LIST:
        fputs("list of ", file);
        write_type(file, row, row->element);
        break;
    case SETTING_NAMED:
        fputs("map of ", file);
        write_type(file, row, row->element);
        break;
    case SETTING_NUMBER:
    case SETTING_SIZE: write_range(file, row, ""); break;
    case SETTING_SHARE: fputs("0 to 1", file); break;
    case SETTING_WORD: write_words(file, row->words); break;
    case SETTING_NAME: fputs("name: letters, digits, `-._`", file); break;
    case SETTING_KIND: fputs("kind", file); break;
    case SETTING_SECRET: fprintf(file, "secret, %" PRId64 " to %" PRId64 " bytes", row->least, row->most); break;
    case SETTING_ADDRESS: fputs("address:port", file); break;
    case SETTING_URL: fputs("URL", file); break;
    case SETTING_TIME: fputs("date or time", file); break;
    case SETTING_API: fputs("wire format", file); break;
    case SETTING_POLICY:
        for (uint32_t i = 0; policy_builtin_name(i); i++)
            fprintf(file, "%s`%s`", i == 0 ? "" : ", ", policy_builtin_name(i));
        break;
    case SETTING_TEXT:
    case SETTING_NONE: fputs("text", file); break;
    }
}

static void write_default(FILE *file, const struct setting_row *row) {
    if (row->required)
        fputs("required", file);
    else if (row->default_text)
        fprintf(file, "`%s`", row->default_text);
    else
        fputs(row->default_prose ? row->default_prose : "-", file);
}

static bool is_group(const struct setting_row *row) {
    return row->type == SETTING_GROUP || row->element == SETTING_GROUP;
}

static void write_children(FILE *file, const char *prefix) {
    fputs("\n| setting | takes | default | meaning |\n|---|---|---|---|\n", file);
    for (uint32_t i = 0; settings_table_row(i); i++) {
        const struct setting_row *row = settings_table_row(i);
        if (is_group(row) || !settings_table_child_name(row, prefix)) continue;
        fprintf(file, "| `%s` | ", row->path);
        write_type(file, row, row->type);
        fputs(" | ", file);
        write_default(file, row);
        fprintf(file, " | %s |\n", row->prose);
    }
}

void settings_table_write_markdown(FILE *file) {
    fputs(intro, file);
    write_children(file, "");
    for (uint32_t i = 0; settings_table_row(i); i++) {
        const struct setting_row *row = settings_table_row(i);
        if (!is_group(row)) continue;
        char prefix[LONGEST_PREFIX];
        settings_table_prefix(row, prefix, sizeof prefix);
        fprintf(file, "\n## %s\n\n%s\n", row->path, row->prose);
        write_children(file, prefix);
    }
}
