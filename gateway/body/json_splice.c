#include "gateway/body/json_splice.h"

#include <stddef.h>

/* The length of the result; false when the splices are not in order or it exceeds size_t. */
static bool spliced_len(struct slice source, const struct json_splice *splices, uint32_t count, size_t *len_out) {
    size_t len = source.len;
    size_t done = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct json_splice *splice = &splices[i];
        if (splice->begin < done || splice->end < splice->begin || splice->end > source.len) return false;
        done = splice->end;
        len -= splice->end - splice->begin;
        if (__builtin_add_overflow(len, splice->text.len, &len)) return false;
    }
    *len_out = len;
    return true;
}

static char *put(char *out, struct slice bytes) {
    if (bytes.len) memcpy(out, bytes.data, bytes.len);
    return out + bytes.len;
}

/* `out` has room for the result. */
static void splice_into(char *out, struct slice source, const struct json_splice *splices, uint32_t count) {
    size_t done = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (done < splices[i].begin) out = put(out, slice_range(source, done, splices[i].begin));
        out = put(out, splices[i].text);
        done = splices[i].end;
    }
    if (done < source.len) put(out, slice_range(source, done, source.len));
}

enum outcome json_splice_apply(struct slice source, const struct json_splice *splices, uint32_t count,
                               struct arena *arena, struct slice *out) {
    size_t len = 0;
    *out = slice_of(NULL, 0);
    if (!spliced_len(source, splices, count, &len)) return OUTCOME_INVALID;
    char *fresh = arena_alloc(arena, len);
    if (fresh == NULL) return OUTCOME_NO_MEMORY;
    splice_into(fresh, source, splices, count);
    *out = slice_of(fresh, len);
    return OUTCOME_OK;
}

enum outcome json_splice_append(struct slice source, const struct json_splice *splices, uint32_t count,
                                struct buffer *out) {
    size_t len = 0;
    if (!spliced_len(source, splices, count, &len)) return OUTCOME_INVALID;
    if (!buffer_reserve(out, len)) return OUTCOME_NO_MEMORY;
    if (len == 0) return OUTCOME_OK;
    splice_into(out->data + out->len, source, splices, count);
    out->len += len;
    return OUTCOME_OK;
}
