/* A model's answer, free of any wire format. Its slices are what conversation.h says of slices. */
#ifndef SLUICE_GATEWAY_TRANSLATE_REPLY_H
#define SLUICE_GATEWAY_TRANSLATE_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "gateway/body/json_walk.h"
#include "gateway/translate/conversation.h"

/* Why the model stopped. UNKNOWN is what no answer may end with. */
enum reply_finish { FINISH_UNKNOWN, FINISH_STOP, FINISH_STOP_TEXT, FINISH_LENGTH, FINISH_CALLS, FINISH_FILTER };

/* Tokens. input counts all of the prompt, cached or not. */
struct reply_usage {
    bool known;
    uint64_t input, output, cache_read, cache_write, reasoning;
};

struct reply {
    struct slice id, model; /* may be absent */
    uint64_t created_s;     /* since 1970; 0: the upstream did not say */
    struct part_list parts; /* TEXT, REFUSAL, THINKING, CALL */
    enum reply_finish finish;
    struct slice stop_text; /* FINISH_STOP_TEXT; may be absent */
    struct reply_usage usage;
};

bool reply_has(const struct reply *reply, enum part_kind kind);

/* Adds a part of encoded text, unless it says nothing. NO_MEMORY. */
enum outcome reply_text_add(struct reply *reply, struct arena *arena, enum part_kind kind,
                            struct slice text) MUST_CHECK;

/* A model that stops for its tool calls may have said no more than that it stopped. */
enum reply_finish reply_finish_of(enum reply_finish told, bool has_calls);

/* Whether the object has the member, and it is not null. */
bool reply_has_member(const struct json_doc *doc, uint32_t object, const char *name);

/* Whether the member is of the type, null, or not there at all: anything else would be lost in silence. */
bool reply_member_may_be(const struct json_doc *doc, uint32_t object, const char *name, enum json_type type);

/* The same for several members and strings; the last name is NULL. */
bool reply_members_are_text(const struct json_doc *doc, uint32_t object, const char *const *names);

/* The member's text, or absent when it is none. */
struct slice reply_text(const struct json_doc *doc, uint32_t object, const char *name);

/* The message of an error, as all formats tell it: error.message, or error itself; absent: none. */
struct slice reply_error_text(const struct json_doc *doc);

/* What every reader of JSON takes for the same number; sums of a few of them stay far from overflow. */
#define REPLY_LARGEST_COUNT (UINT64_C(1) << 53)

/* The member's number, 0 when it is none, or larger than that. */
uint64_t reply_uint(const struct json_doc *doc, uint32_t object, const char *name);

/* Appends an id that depends on prefix, seed and number only: "msg_8a5e1b0c3d2f4e61_0". */
void reply_mint_id(struct buffer *out, const char *prefix, struct slice seed, uint64_t number);

/* The same, in the arena; absent when that is exhausted. */
struct slice reply_id(struct arena *arena, const char *prefix, struct slice seed, uint64_t number);

/* The moment of the answer: the upstream's, else now. */
uint64_t reply_moment_s(uint64_t created_s);

#endif
