/* The wire formats that agents speak, as a table: a format is one file and one row.
 *
 * Glossary
 *   family    a provider's way of calling: how it is told a key, which fields it needs
 *   route     a method and a path that an agent may call
 *   api       what sluice knows of a format: where text lives in requests, answers and stream events,
 *             the shape of an error, and how a stream begins, ends and is added to
 *   window    the place in a stream where one text grows: (choice, tool call, field)
 *
 * Threads: everything here is immutable after api_maps_create, so any. */
#ifndef SLUICE_GATEWAY_API_API_H
#define SLUICE_GATEWAY_API_API_H

#include "base/buffer.h"
#include "gateway/api/field_map.h"
#include "gateway/http/http_head.h"

/* Which text of a stream: `outer` is the choice or block, `inner` the tool call; both 0 where there is none. */
struct window_key {
    uint32_t outer, inner;
    uint16_t field; /* of the event's field map */
};

#define WINDOW_ALL UINT32_MAX

/* What a stream event does beside carrying text. */
struct event_role {
    bool known;            /* of a kind that the event rules describe; else it is searched as raw text */
    struct slice kind;     /* whose rules apply; empty: the rules without a kind */
    bool last;             /* the stream is complete after it */
    bool is_error;         /* forwarded as it is */
    uint32_t closes_count; /* how many entries of closes are used */
    uint32_t closes[16];   /* outer indices whose texts end with this event, or WINDOW_ALL */
};

/* What an agent is told when a request is refused or fails. All texts are sluice's own. */
struct api_error {
    unsigned status;
    const char *code; /* "sluice_blocked", ... */
    const char *message;
    const char *const *rules; /* ids of rules, then NULL; or NULL */
    const char *const *paths; /* JSON paths of what the rules found, then NULL; or NULL */
    bool final;               /* trying again cannot help, whatever the status says */
};

/* How an upstream of a provider's kind is called. */
struct api_family {
    const char *name;               /* `api:` of an upstream that speaks it */
    const char *key_field;          /* the field that carries the upstream's key ... */
    const char *key_prefix;         /* ... and what stands before it there */
    const struct http_field *fixed; /* sent unless the agent sent its own; ends with an empty name */
    const char *const *passed;      /* an agent's fields that go on, once they were scanned; ends with NULL */
};

#define API_PASSED_MAX 4 /* fields and path values that one request may carry on */

struct api {
    const struct api_family *family;
    const struct field_rule *request_rules; /* each list ends with a NULL path */
    const struct field_rule *answer_rules;
    const struct field_rule *event_rules;
    bool lines;               /* streams are lines of JSON (NDJSON), not server-sent events */
    const char *outer_member; /* the events' members that tell which text this is; NULL: arrays tell */
    const char *inner_member;

    /* The role of one stream event; doc is NULL when the data is no JSON. */
    struct event_role (*event_role)(const struct json_doc *doc, struct slice name, struct slice data);
    /* For formats whose events cannot simply be said again with other text; both NULL where they can.
     * remember appends what an added event must repeat (ids, model) from the first event; called until it appended. */
    void (*remember)(const struct json_doc *doc, struct buffer *remembered);
    /* One more event that carries `text` (JSON-encoded already) for a window. `field_path` is the rule's path. */
    void (*write_text_event)(struct buffer *out, struct slice remembered, const struct window_key *key,
                             const char *field_path, struct slice text);
    /* An event that tells of a failure in mid-stream. */
    void (*write_error_event)(struct buffer *out, const struct api_error *error);
    /* The body of an error answer. */
    void (*write_error)(struct buffer *out, const struct api_error *error);
};

enum route_kind {
    ROUTE_PROMPT,    /* the body is a prompt: all nine steps */
    ROUTE_EMBEDDING, /* its answer is numbers: a token in it would poison an index that was built in clear */
    ROUTE_LISTING,   /* no body */
    ROUTE_REFUSED,   /* known, and not served: `upstream_path` says why and what to do */
};

/* `{id}` in a path stands for one word of letters, digits, `-`, `_` and `.`; `{model}` the same for a model's name,
 * which each upstream gets as it calls it. A path that ends in `/` + `*` matches everything below (ROUTE_REFUSED only).
 */
struct api_route {
    enum http_method method;
    const char *path;          /* as agents call it */
    const char *upstream_path; /* behind the upstream's base path, its words in the same order */
    const struct api *api;
    enum route_kind kind;
    bool needs_version; /* only with the field anthropic-version: a path that two providers share */
};

#define ROUTE_WORDS_MAX 2

/* A row and what stood in its path's places. */
struct route_call {
    const struct api_route *route;
    struct slice words[ROUTE_WORDS_MAX]; /* views of the path */
    uint32_t word_count;
    int model_word; /* which of them is a model, or -1 */
};

enum route_match { ROUTE_FOUND, ROUTE_NO_PATH, ROUTE_NO_METHOD };

/* Finds the row for a path; NO_METHOD: the path exists, but not with this method. `versioned`: the request has a field
 * anthropic-version. */
enum route_match api_route_find(enum http_method method, struct slice path, bool versioned,
                                struct route_call *call_out);

/* Appends the path to ask an upstream for, with `model` in the place of the call's model when it has one. */
void api_route_write(const struct route_call *call, struct slice model, struct buffer *out);

/* "GET", "POST" or "DELETE". */
const char *api_method_name(enum http_method method);

/* The shape for an error when no route is known. */
const struct api *api_default(void);

/* The formats' names, ended by NULL: what an upstream's `api:` may say. */
const char *const *api_names(void);

/* The maps of one format, made once at start-up. */
struct api_maps {
    struct field_map *request, *answer, *event;
};
enum outcome api_maps_create(void) MUST_CHECK; /* main thread, before any loop runs */
void api_maps_destroy(void);
const struct api_maps *api_maps_of(const struct api *api);

extern const struct api_family api_family_openai, api_family_anthropic, api_family_ollama, api_family_gemini;
extern const struct api api_openai_chat, api_openai_completions, api_openai_embeddings, api_openai_responses;
extern const struct api api_anthropic_messages, api_ollama_chat, api_gemini;

/* Closes the texts of every element of the event's `list` that has a string as its member `mark`; false when there is
 * no such list. */
bool api_event_close_finished(const struct json_doc *doc, struct slice list, struct slice mark,
                              struct event_role *role);

/* The error shape that all of OpenAI's routes share. */
void api_openai_write_error(struct buffer *out, const struct api_error *error);
/* The members `"rules": [...]` and `"paths": [...]` of an error, each behind a comma, where there are any. */
void api_error_lists_write(struct buffer *out, const struct api_error *error);

#endif
