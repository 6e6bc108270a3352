/* A chat request, free of any wire format.
 *
 * Glossary
 *   conversation  the messages and everything that is asked of the model
 *   message       what one role said, in order; a tool's result is a message of its own
 *   part          a piece of a message: text, thinking, image, tool call, tool result
 *   encoded       text as it stands between JSON quotes, escapes and all (gateway/body/json_text.h). All
 *                 slices here are encoded and come from a walked document, so they can be written between
 *                 quotes as they are; those of type JSON are whole values instead, and plain ones say so.
 *   absent        a slice with NULL data
 *
 * Owns:    nothing; everything lives in the arena of the reader and points into its document.
 * Threads: one at a time. */
#ifndef SLUICE_GATEWAY_TRANSLATE_CONVERSATION_H
#define SLUICE_GATEWAY_TRANSLATE_CONVERSATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/outcome.h"
#include "base/slice.h"

/* What a format may leave unsaid. */
enum setting { SETTING_ABSENT, SETTING_NO, SETTING_YES };

enum part_kind { PART_TEXT, PART_REFUSAL, PART_THINKING, PART_IMAGE, PART_CALL, PART_RESULT };

struct part;

struct part_list {
    struct part *first, *last;
};

struct part {
    struct part *next;
    enum part_kind kind;
    struct slice text; /* TEXT, REFUSAL, THINKING */

    /* IMAGE: base64 data (plain) of a media type (plain), or a url; detail is OpenAI's */
    struct slice media_type, data, url, detail;

    struct slice id, name;    /* CALL, RESULT: the call's id, the tool's name (a RESULT's may be absent) */
    struct slice arguments;   /* CALL: plain text; JSON unless the model erred */
    struct part_list content; /* RESULT: TEXT and IMAGE parts */
    bool is_error;            /* RESULT */
    bool placed;              /* RESULT: conversation_link has given it its place */
    bool minted;              /* CALL: it came without an id */
};

enum message_role { ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL };

struct message {
    struct message *next;
    enum message_role role;
    struct part_list parts; /* ROLE_TOOL: one RESULT */
};

struct tool {
    struct tool *next;
    struct slice name, description;
    struct slice schema; /* JSON, an object; absent for a tool without parameters */
    enum setting strict;
};

struct stop_text {
    struct stop_text *next;
    struct slice text;
};

enum tool_choice { CHOICE_ABSENT, CHOICE_AUTO, CHOICE_NONE, CHOICE_REQUIRED, CHOICE_NAMED };
enum answer_shape { SHAPE_TEXT, SHAPE_JSON, SHAPE_SCHEMA };

struct conversation {
    struct arena *arena;
    struct slice model;
    struct message *first_message, *last_message;
    struct tool *first_tool, *last_tool;
    struct stop_text *first_stop, *last_stop;

    enum tool_choice tool_choice;
    struct slice chosen_tool; /* CHOICE_NAMED */
    enum setting parallel_calls;

    enum answer_shape shape;
    struct slice shape_name, shape_description;
    struct slice shape_schema; /* JSON; SHAPE_SCHEMA */
    enum setting shape_strict;

    /* numbers, as written */
    struct slice temperature, top_p, top_k, seed, frequency_penalty, presence_penalty, max_tokens;

    struct slice reasoning_effort, verbosity; /* OpenAI's words */
    enum setting stream;
};

void conversation_init(struct conversation *conversation, struct arena *arena);

/* Each answers NULL when the arena is exhausted; the new element is zeroed but for what is given. A list gets a
 * copy of `part`. */
struct message *conversation_message_add(struct conversation *conversation, enum message_role role);
struct message *conversation_message_first(struct conversation *conversation, enum message_role role); /* in front */
struct tool *conversation_tool_add(struct conversation *conversation);
struct stop_text *conversation_stop_add(struct conversation *conversation, struct slice text);
struct part *part_list_add(struct part_list *list, struct arena *arena, const struct part *part);

/* Text that says nothing: no format needs it, and some refuse it. */
bool part_is_empty(const struct part *part);

/* Connects calls and results once all messages stand. A call without an id is called call_<n>, n counting the
 * calls of the conversation from 0, so that a longer conversation keeps the ids of its beginning. A result
 * without an id, or to a call that came without one, belongs to the first call of the turn before it that has its
 * name (any name if it has none) and no result yet; a result without a name gets its call's. Results that follow
 * each other come into the order of their calls.
 * UNSUPPORTED: a result that belongs to no call, or a second one of a call; over 1024 calls in one turn.
 * NO_MEMORY. */
enum outcome conversation_link(struct conversation *conversation) MUST_CHECK;

#endif
