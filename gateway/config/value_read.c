/* One scalar of the configuration -> one field, by its row of the table.
 *
 * The text, with its variables replaced, may be a key that slipped into the wrong place: no error repeats
 * it, and the buffer that it was expanded in is wiped. */
#include <stdarg.h>
#include <stdio.h>

#include "base/buffer.h"
#include "gateway/config/environment.h"
#include "gateway/config/loading.h"
#include "gateway/config/utc_time.h"

#define LONGEST_TEXT_BYTES 4096u
#define LONGEST_NAME_BYTES 64u

/* One value on its way into its field. `text` is what to parse, `node` where it stood. */
struct value {
    const struct loading *loading;
    const struct setting_row *row;
    const struct yaml_node *node;
    struct slice text;
    bool quoted;
};

enum outcome loading_refuse(const struct loading *loading, const struct yaml_node *at, const char *format, ...) {
    char message[sizeof loading->detail->text];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return detail_set(loading->detail, OUTCOME_INVALID, "%s:%u:%u: %s", loading->settings->name, at->line, at->column,
                      message);
}

static enum outcome refuse_value(const struct value *value, const char *expected) {
    return loading_refuse(value->loading, value->node, "%s: %s", value->row->path, expected);
}

static bool is_visible(char c) {
    return c >= '!' && c <= '~';
}

static bool is_control(char c) {
    return (unsigned char)c < ' ' || c == 0x7f;
}

static bool is_word_char(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool is_name_char(char c) {
    return is_word_char(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
}

static bool all_of(struct slice text, bool is(char)) {
    for (size_t i = 0; i < text.len; i++)
        if (!is(text.data[i])) return false;
    return text.len > 0;
}

static enum outcome keep_text(const struct value *value, const char **text_out) {
    *text_out = arena_string(&value->loading->settings->arena, value->text);
    return *text_out ? OUTCOME_OK : OUTCOME_NO_MEMORY;
}

static enum outcome read_text(const struct value *value, const char **text_out) {
    if (value->text.len == 0) return refuse_value(value, "must not be empty");
    if (value->text.len > LONGEST_TEXT_BYTES) return refuse_value(value, "longer than 4096 bytes");
    for (size_t i = 0; i < value->text.len; i++)
        if (is_control(value->text.data[i])) return refuse_value(value, "must not hold control characters");
    return keep_text(value, text_out);
}

static enum outcome read_name(const struct value *value, const char **name_out) {
    if (value->text.len > LONGEST_NAME_BYTES || !all_of(value->text, is_name_char))
        return refuse_value(value, "expected 1 to 64 letters, digits, - . or _");
    return keep_text(value, name_out);
}

static enum outcome read_kind(const struct value *value, const char **kind_out) {
    const bool any = slice_equal(value->text, SLICE(OVERRIDE_ANY_KIND));
    if (!any && (value->text.len > LONGEST_NAME_BYTES || !all_of(value->text, is_word_char)))
        return refuse_value(value, "expected a kind (lower-case letters, digits, _) or \"*\"");
    return keep_text(value, kind_out);
}

static enum outcome read_secret(const struct value *value, struct secret **secret_out) {
    const struct setting_row *row = value->row;
    if (value->text.len == 0) return refuse_value(value, "must not be empty");
    if (value->text.len < (size_t)row->least)
        return loading_refuse(value->loading, value->node, "%s: shorter than %d bytes", row->path, (int)row->least);
    if (value->text.len > (size_t)row->most)
        return loading_refuse(value->loading, value->node, "%s: longer than %d bytes", row->path, (int)row->most);
    if (!all_of(value->text, is_visible))
        return refuse_value(value, "must hold visible ASCII characters only, no spaces or line ends");
    const enum outcome outcome = secret_create(value->text.len, secret_out);
    if (outcome == OUTCOME_OK) memcpy(secret_bytes(*secret_out), value->text.data, value->text.len);
    return outcome;
}

static enum outcome read_integer(const struct value *value, int64_t *number_out) {
    const struct setting_row *row = value->row;
    const struct yaml_node node = {.type = YAML_SCALAR, .quoted = value->quoted, .text = value->text};
    if (yaml_int(&node, number_out) && *number_out >= row->least && *number_out <= row->most) return OUTCOME_OK;
    return loading_refuse(value->loading, value->node, "%s: expected a whole number from %lld to %lld%s%s", row->path,
                          (long long)row->least, (long long)row->most, row->unit ? " " : "",
                          row->unit ? row->unit : "");
}

static enum outcome read_share(const struct value *value, float *share_out) {
    const struct yaml_node node = {.type = YAML_SCALAR, .quoted = value->quoted, .text = value->text};
    double number;
    if (!yaml_double(&node, &number) || !(number >= 0 && number <= 1))
        return refuse_value(value, "expected a number from 0 to 1");
    *share_out = (float)number;
    return OUTCOME_OK;
}

/* "a", "a or b", "a, b or c" of a list that answers NULL behind its end. */
static void append_choice(struct buffer *text, const char *word, bool first, bool last) {
    buffer_append_str(text, first ? "expected " : last ? " or " : ", ");
    buffer_append_str(text, word);
}

static enum outcome refuse_choice(const struct value *value, struct buffer *expected) {
    buffer_append_char(expected, '\0');
    const enum outcome outcome = expected->failed ? OUTCOME_NO_MEMORY : refuse_value(value, expected->data);
    buffer_deinit(expected);
    return outcome;
}

static enum outcome read_word(const struct value *value, void *target) {
    const struct setting_word *words = value->row->words;
    for (const struct setting_word *word = words; word->text; word++) {
        if (!slice_equal(value->text, slice_str(word->text))) continue;
        memcpy(target, &word->value, sizeof word->value);
        return OUTCOME_OK;
    }
    struct buffer expected;
    buffer_init(&expected, 0);
    for (const struct setting_word *word = words; word->text; word++)
        append_choice(&expected, word->text, word == words, word[1].text == NULL);
    return refuse_choice(value, &expected);
}

static enum outcome read_api(const struct value *value, const char **api_out) {
    const char *const *apis = value->loading->apis;
    for (const char *const *api = apis; *api; api++)
        if (slice_equal(value->text, slice_str(*api))) return keep_text(value, api_out);
    struct buffer expected;
    buffer_init(&expected, 0);
    for (const char *const *api = apis; *api; api++) append_choice(&expected, *api, api == apis, api[1] == NULL);
    return refuse_choice(value, &expected);
}

static enum outcome read_policy(const struct value *value, const char **name_out) {
    for (uint32_t i = 0; policy_builtin_name(i); i++)
        if (slice_equal(value->text, slice_str(policy_builtin_name(i)))) return keep_text(value, name_out);
    struct buffer expected;
    buffer_init(&expected, 0);
    for (uint32_t i = 0; policy_builtin_name(i); i++)
        append_choice(&expected, policy_builtin_name(i), i == 0, policy_builtin_name(i + 1) == NULL);
    return refuse_choice(value, &expected);
}

static enum outcome read_url(const struct value *value, struct upstream_url *url_out) {
    const char *problem;
    const enum outcome outcome = upstream_url_parse(value->text, &value->loading->settings->arena, url_out, &problem);
    return outcome == OUTCOME_INVALID ? refuse_value(value, problem) : outcome;
}

static enum outcome read_address(const struct value *value, struct settings_address *address_out) {
    if (net_address_parse(value->text, &address_out->net, NULL) != OUTCOME_OK)
        return refuse_value(value, "expected a numeric address and port, such as 127.0.0.1:8787, [::1]:8787 or :8787");
    return keep_text(value, &address_out->text);
}

static enum outcome read_time(const struct value *value, uint64_t *ms_out) {
    if (utc_time_parse(value->text, ms_out)) return OUTCOME_OK;
    return refuse_value(value, "expected a date such as 2026-12-31, or a time such as 2026-12-31T18:00:00Z");
}

static enum outcome read_number(const struct value *value, uint32_t *number_out) {
    int64_t number;
    const enum outcome outcome = read_integer(value, &number);
    if (outcome == OUTCOME_OK) *number_out = (uint32_t)number;
    return outcome;
}

static enum outcome read_size(const struct value *value, size_t *size_out) {
    int64_t number;
    const enum outcome outcome = read_integer(value, &number);
    if (outcome == OUTCOME_OK) *size_out = (size_t)number;
    return outcome;
}

static enum outcome read_as(const struct value *value, enum setting_type type, void *target) {
    switch (type) {
    case SETTING_NUMBER: return read_number(value, target);
    case SETTING_SIZE: return read_size(value, target);
    case SETTING_SHARE: return read_share(value, target);
    case SETTING_TEXT: return read_text(value, target);
    case SETTING_NAME: return read_name(value, target);
    case SETTING_KIND: return read_kind(value, target);
    case SETTING_SECRET: return read_secret(value, target);
    case SETTING_WORD: return read_word(value, target);
    case SETTING_API: return read_api(value, target);
    case SETTING_POLICY: return read_policy(value, target);
    case SETTING_ADDRESS: return read_address(value, target);
    case SETTING_URL: return read_url(value, target);
    case SETTING_TIME: return read_time(value, target);
    case SETTING_NONE:
    case SETTING_GROUP:
    case SETTING_LIST:
    case SETTING_NAMED: break;
    }
    return refuse_value(value, "expected settings here, not a single value");
}

enum outcome value_read(const struct loading *loading, const struct setting_row *row, enum setting_type type,
                        const struct yaml_node *node, void *target) {
    if (node->type != YAML_SCALAR) return loading_refuse(loading, node, "%s: expected a single value", row->path);
    struct value value = {loading, row, node, node->text, node->quoted};
    if (!environment_used(node->text)) return read_as(&value, type, target);

    struct buffer expanded;
    struct detail problem;
    buffer_init(&expanded, 0);
    enum outcome outcome = environment_expand(node->text, &expanded, &problem);
    if (outcome == OUTCOME_INVALID) outcome = refuse_value(&value, problem.text);
    if (outcome == OUTCOME_OK) buffer_append_char(&expanded, '\0');
    if (expanded.failed) outcome = OUTCOME_NO_MEMORY;
    if (outcome == OUTCOME_OK) {
        value.text = slice_of(expanded.data, expanded.len - 1);
        value.quoted = false;
        outcome = read_as(&value, type, target);
    }
    buffer_deinit(&expanded);
    return outcome;
}

enum outcome value_read_name(const struct loading *loading, const struct setting_row *row, const struct yaml_node *key,
                             const char **name_out) {
    const struct value value = {loading, row, key, key->text, key->quoted};
    return row->element == SETTING_GROUP ? read_kind(&value, name_out) : read_text(&value, name_out);
}
