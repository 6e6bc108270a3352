/* The wire formats that agents speak, as a table: a format is one file and one row.
 *
 * Glossary
 *   route     a method and an exact path that an agent may call
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
};

struct api {
    const char *name;                       /* `api:` of an upstream that speaks it */
    const struct field_rule *request_rules; /* each list ends with a NULL path */
    const struct field_rule *answer_rules;
    const struct field_rule *event_rules;

    /* The role of one stream event; doc is NULL when the data is no JSON. */
    struct event_role (*event_role)(const struct json_doc *doc, struct slice name, struct slice data);
    /* Appends what an added event must repeat (ids, model) from the first event; called until it appended. */
    void (*remember)(const struct json_doc *doc, struct buffer *remembered);
    /* One more event that carries `text` (JSON-encoded already) for a window. `field_path` is the rule's path. */
    void (*write_text_event)(struct buffer *out, struct slice remembered, const struct window_key *key,
                             const char *field_path, struct slice text);
    /* An event that tells of a failure in mid-stream. */
    void (*write_error_event)(struct buffer *out, const struct api_error *error);
    /* The body of an error answer. */
    void (*write_error)(struct buffer *out, const struct api_error *error);
};

enum route_kind { ROUTE_PROMPT, ROUTE_LISTING };

struct api_route {
    enum http_method method;
    const char *path;          /* as agents call it */
    const char *upstream_path; /* behind the upstream's base path */
    const struct api *api;
    enum route_kind kind;
};

enum route_match { ROUTE_FOUND, ROUTE_NO_PATH, ROUTE_NO_METHOD };

/* Finds the row for an exact path; NO_METHOD: the path exists, but not with this method. */
enum route_match api_route_find(enum http_method method, struct slice path, const struct api_route **route_out);

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

extern const struct api api_openai_chat;

#endif
