/* What the parts of the loader share while one configuration is read. Nobody outside includes this. */
#ifndef SLUICE_GATEWAY_CONFIG_LOADING_H
#define SLUICE_GATEWAY_CONFIG_LOADING_H

#include "base/outcome.h"
#include "base/yaml_tree.h"
#include "gateway/config/settings.h"
#include "gateway/config/settings_table.h"

struct loading {
    struct settings *settings; /* its arena takes all text */
    const char *const *apis;
    struct detail *detail; /* may be NULL */
};

/* "name:line:column: " and the message; answers INVALID. The message never holds a value. */
enum outcome loading_refuse(const struct loading *loading, const struct yaml_node *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reads one scalar as `type` (row->type, or row->element for a list's member), with its variables replaced, into the
 * field at `target`. */
enum outcome value_read(const struct loading *loading, const struct setting_row *row, enum setting_type type,
                        const struct yaml_node *node, void *target) MUST_CHECK;

/* Checks and copies the name of a map's member, such as a kind or a model. */
enum outcome value_read_name(const struct loading *loading, const struct setting_row *row, const struct yaml_node *key,
                             const char **name_out) MUST_CHECK;

/* What no single value shows: duplicates, what goes together, who may connect. Fills in what depends on
 * other settings (the default agent, host names, files below data_dir). */
enum outcome settings_check(const struct loading *loading, const struct yaml_node *root) MUST_CHECK;

#endif
