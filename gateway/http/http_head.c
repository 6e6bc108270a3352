#include "gateway/http/http_head.h"

const struct slice *http_head_field(const struct http_head *head, const char *lower_case_name) {
    const struct slice name = slice_str(lower_case_name);
    for (uint32_t i = 0; i < head->field_count; i++)
        if (slice_equal_nocase(head->fields[i].name, name)) return &head->fields[i].value;
    return NULL;
}

uint32_t http_head_field_count(const struct http_head *head, const char *lower_case_name) {
    const struct slice name = slice_str(lower_case_name);
    uint32_t count = 0;
    for (uint32_t i = 0; i < head->field_count; i++)
        if (slice_equal_nocase(head->fields[i].name, name)) count++;
    return count;
}

static bool list_holds(struct slice list, struct slice token) {
    for (;;) {
        const char *comma = list.len ? memchr(list.data, ',', list.len) : NULL;
        const size_t end = comma ? (size_t)(comma - list.data) : list.len;
        if (slice_equal_nocase(slice_trim(slice_of(list.data, end)), token)) return true;
        if (comma == NULL) return false;
        list = slice_range(list, end + 1, list.len);
    }
}

bool http_head_lists(const struct http_head *head, const char *lower_case_name, const char *token) {
    const struct slice name = slice_str(lower_case_name);
    for (uint32_t i = 0; i < head->field_count; i++) {
        const struct http_field *field = &head->fields[i];
        if (slice_equal_nocase(field->name, name) && list_holds(field->value, slice_str(token))) return true;
    }
    return false;
}
