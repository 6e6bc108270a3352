/* The one table of settings: every name, type, range, default, unit and prose. The loader reads by it, and
 * docs/settings.md is written from it.
 *
 * Glossary
 *   path   a setting's place: `limits.head_bytes`; `upstreams[].url` for each member of a list;
 *          `policy.kinds.*.tier` for each member of a map whose names are free
 *   group  a setting that holds others: a map, a list of maps, a map of maps
 *
 * Owns: nothing, static.  Threads: any. */
#ifndef SLUICE_GATEWAY_CONFIG_SETTINGS_TABLE_H
#define SLUICE_GATEWAY_CONFIG_SETTINGS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/slice.h"

enum setting_type {
    SETTING_NONE = 0,
    SETTING_GROUP,  /* a map of the settings below it; a scalar is short for its member `name` */
    SETTING_LIST,   /* of `element`; a scalar is short for a list of one where elements are scalars */
    SETTING_NAMED,  /* a map of `element` with free names */
    SETTING_NUMBER, /* uint32_t */
    SETTING_SIZE,   /* size_t */
    SETTING_SHARE,  /* float from 0 to 1; -1 where absent */
    SETTING_TEXT,   /* const char *: no control characters */
    SETTING_NAME,   /* const char *: letters, digits, - . _ */
    SETTING_KIND,   /* const char *: a kind of finding, or "*" */
    SETTING_SECRET, /* struct secret *: visible ASCII */
    SETTING_WORD,   /* an enum: one of `words` */
    SETTING_API,    /* const char *: one of the caller's wire formats */
    SETTING_POLICY, /* const char *: a built-in policy */
    SETTING_ADDRESS,
    SETTING_URL,
    SETTING_TIME, /* uint64_t, milliseconds since 1970 */
};

struct setting_word {
    const char *text; /* NULL ends the list */
    int value;
};

struct setting_row {
    const char *path;
    enum setting_type type, element;
    bool required;
    const char *default_text;  /* read like any value; NULL: none */
    const char *default_prose; /* what the page says where the default depends on other settings */
    int64_t least, most;       /* inclusive: of a number, of a list's count, of a text's bytes */
    const char *unit;
    const struct setting_word *words;
    size_t offset;                      /* of the field in its struct */
    size_t count_offset, element_bytes; /* lists and named: where the count goes, how big a member is */
    size_t value_offset;                /* named, with scalar members: where the value goes; the name is first */
    const char *prose;
};

/* NULL at and behind the end. In the order of the page. */
const struct setting_row *settings_table_row(uint32_t index);

/* The row of `key` right below `prefix` ("", "limits.", "upstreams[]."), or NULL. */
const struct setting_row *settings_table_child(const char *prefix, struct slice key);

/* The last name of the row's path when it stands right below `prefix`, else NULL. */
const char *settings_table_child_name(const struct setting_row *row, const char *prefix);

/* The name right below `prefix` that is most like `key`, or NULL. */
const char *settings_table_nearest(const char *prefix, struct slice key);

/* Where the members of a group stand: "limits.", "upstreams[].", "policy.kinds.*.". For groups, and
 * for lists and named whose members are groups. Writes at most `size` bytes, NUL included. */
void settings_table_prefix(const struct setting_row *row, char *prefix_out, size_t size);

/* The reference page, docs/settings.md. The caller asks ferror(file). */
void settings_table_write_markdown(FILE *file);

#endif
