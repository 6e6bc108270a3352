#include "gateway/translate/reply.h"

#include "base/clock.h"
#include "gateway/body/siphash.h"

bool reply_has(const struct reply *reply, enum part_kind kind) {
    for (const struct part *part = reply->parts.first; part; part = part->next)
        if (part->kind == kind) return true;
    return false;
}

enum reply_finish reply_finish_of(enum reply_finish told, bool has_calls) {
    return told == FINISH_STOP && has_calls ? FINISH_CALLS : told;
}

bool reply_has_member(const struct json_doc *doc, uint32_t object, const char *name) {
    const uint32_t node = json_member(doc, object, slice_str(name));
    return node != JSON_NONE && !json_is(doc, node, JSON_NULL);
}

bool reply_member_may_be(const struct json_doc *doc, uint32_t object, const char *name, enum json_type type) {
    const uint32_t node = json_member(doc, object, slice_str(name));
    return node == JSON_NONE || json_is(doc, node, JSON_NULL) || json_is(doc, node, type);
}

bool reply_members_are_text(const struct json_doc *doc, uint32_t object, const char *const *names) {
    for (; *names; names++)
        if (!reply_member_may_be(doc, object, *names, JSON_STRING)) return false;
    return true;
}

enum outcome reply_text_add(struct reply *reply, struct arena *arena, enum part_kind kind, struct slice text) {
    if (text.len == 0) return OUTCOME_OK;
    const struct part part = {.kind = kind, .text = text};
    return part_list_add(&reply->parts, arena, &part) ? OUTCOME_OK : OUTCOME_NO_MEMORY;
}

struct slice reply_text(const struct json_doc *doc, uint32_t object, const char *name) {
    const uint32_t node = json_member(doc, object, slice_str(name));
    return json_is(doc, node, JSON_STRING) ? json_raw(doc, node) : slice_of(NULL, 0);
}

struct slice reply_error_text(const struct json_doc *doc) {
    const struct slice message = reply_text(doc, json_member(doc, 0, SLICE("error")), "message");
    return message.data ? message : reply_text(doc, 0, "error");
}

uint64_t reply_uint(const struct json_doc *doc, uint32_t object, const char *name) {
    uint64_t value = 0;
    const uint32_t node = json_member(doc, object, slice_str(name));
    return json_uint(doc, node, &value) && value <= REPLY_LARGEST_COUNT ? value : 0;
}

/* The key is no secret: equal answers shall have equal ids, in every process. */
void reply_mint_id(struct buffer *out, const char *prefix, struct slice seed, uint64_t number) {
    static const struct siphash_key key = {{0, 0}};
    buffer_append_format(out, "%s%016llx_%llu", prefix, (unsigned long long)siphash(&key, 0, seed),
                         (unsigned long long)number);
}

struct slice reply_id(struct arena *arena, const char *prefix, struct slice seed, uint64_t number) {
    struct buffer id;
    buffer_init(&id, 0);
    reply_mint_id(&id, prefix, seed, number);
    const struct slice copy = id.failed ? slice_of(NULL, 0) : arena_copy(arena, buffer_slice(&id));
    buffer_deinit(&id);
    return copy;
}

uint64_t reply_moment_s(uint64_t created_s) {
    return created_s ? created_s : clock_wall_ms() / 1000u;
}
