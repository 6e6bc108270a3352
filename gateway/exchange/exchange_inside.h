/* The insides of an exchange, shared by the files that are its parts: exchange.c (the state table),
 * outbound.c (the leg to the upstream), return.c (the leg back to the agent). Nobody else includes this. */
#ifndef SLUICE_GATEWAY_EXCHANGE_EXCHANGE_INSIDE_H
#define SLUICE_GATEWAY_EXCHANGE_EXCHANGE_INSIDE_H

#include <stdatomic.h>

#include "gateway/audit/record.h"
#include "gateway/body/content_coding.h"
#include "gateway/exchange/answer_stream.h"
#include "gateway/exchange/carried_stream.h"
#include "gateway/exchange/cleared_body.h"
#include "gateway/exchange/client.h"
#include "gateway/exchange/exchange.h"
#include "gateway/exchange/issued.h"
#include "gateway/exchange/refusal.h"
#include "gateway/exchange/worker.h"
#include "gateway/http/response_reader.h"

enum exchange_state {
    EXCHANGE_READING,
    EXCHANGE_SPAN,
    EXCHANGE_SCAN,
    EXCHANGE_DECIDE,
    EXCHANGE_SELECT,
    EXCHANGE_MINT,
    EXCHANGE_ASSEMBLE,
    EXCHANGE_RECHECK,
    EXCHANGE_RECORD,
    EXCHANGE_CLEAR,
    EXCHANGE_SENDING,
    EXCHANGE_ANSWERING,
    EXCHANGE_REFUSING,
    EXCHANGE_DONE,
    EXCHANGE_STATE_COUNT
};

/* The leg to the upstream: one candidate after the other, until one answers. */
struct outbound {
    uint32_t next_candidate; /* into the verdict's candidates */
    uint32_t upstream;       /* index of the one being asked */
    struct net_pool_request request;
    bool bridged;             /* it speaks another format ... */
    struct api_bridge bridge; /* ... and this is how it is asked */
    struct slice translated;  /* what it is sent; in the arena */
    bool cannot_be_said;      /* a candidate's format cannot say the request */
    struct translate_problem problem;
    bool connecting;
    struct net_stream *stream;
    struct response_reader *reader;
    bool paused;
};

/* How an answer's body is treated. */
enum answer_mode { ANSWER_PASSED, ANSWER_DOCUMENT, ANSWER_STREAM };

/* The leg back. */
struct answer {
    enum answer_mode mode;
    bool head_sent;
    bool chunked; /* towards the agent */
    bool until_close;
    unsigned status;
    struct buffer document; /* of ANSWER_DOCUMENT: the body so far */
    struct answer_stream *stream;
    struct carried_stream *carried; /* of a bridged stream: behind `stream` */
    struct restore_counts counts;
};

struct exchange {
    struct worker *worker;
    struct client *client; /* NULL: the agent has gone */
    enum exchange_state state;
    uint32_t entered; /* callbacks of this exchange on the stack */
    uint32_t held;    /* works, writes and posts on their way back */
    struct arena arena;

    char request_id[40];
    struct route_call call;
    const struct api *api;
    struct http_field passed[API_PASSED_MAX]; /* fields that go on; in the arena */
    uint32_t passed_count;
    enum content_coding coding; /* of the body as it arrives */
    struct buffer decoded;      /* what it was decoded to */
    const struct settings_agent *agent;
    struct http_field passed_key; /* the agent's own, for upstreams with `auth: passthrough`; in the arena */
    bool wants_events;            /* the agent accepts text/event-stream only */
    unsigned client_minor_version;
    bool keep_alive;
    struct buffer body;

    struct inbound_rules rules;
    struct inbound in;
    enum outcome outcome; /* of the step that ran last */
    struct net_work work;
    struct net_post post;
    _Atomic uint32_t writes_left;
    uint32_t mint_rounds;
    struct audit_entry audit;
    const struct cleared_body *cleared;
    struct issued issued;

    struct outbound outbound;
    struct answer answer;
    struct api_error error; /* of REFUSING */
};

/* Every callback and every public function of an exchange runs between these two: leave frees an exchange that is done
 * and held by nothing, when it is the outermost. */
void exchange_enter(struct exchange *exchange);
void exchange_leave(struct exchange *exchange);

/* Moves to a state; aborts when the table does not allow it. */
void exchange_move(struct exchange *exchange, enum exchange_state state);

/* Runs states until one waits. */
void exchange_tick(struct exchange *exchange);

/* Moves to REFUSING with this error. Before the answer's head was sent only. */
void exchange_refuse(struct exchange *exchange, struct api_error error);

struct answer_marks exchange_marks(const struct exchange *exchange);

/* outbound.c: asks the next candidate, or refuses when there is none left. */
void outbound_start(struct exchange *exchange);
/* Gives the connection back (reusable) or closes it; safe in every state. */
void outbound_end(struct exchange *exchange, bool reusable);
void outbound_pause(struct exchange *exchange);
void outbound_resume(struct exchange *exchange);

/* The format that the upstream at hand speaks. */
const struct api *outbound_api(const struct exchange *exchange);

/* return.c: what the upstream says, on its way to the agent. */
void return_head(struct exchange *exchange, const struct http_head *head);
void return_body(struct exchange *exchange, struct slice bytes);
void return_end(struct exchange *exchange);
/* The upstream broke off in the middle of its answer. */
void return_broken(struct exchange *exchange, const struct api_error *error);
void return_deinit(struct exchange *exchange);

#endif
