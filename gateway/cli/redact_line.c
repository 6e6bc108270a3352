#include "gateway/cli/redact_line.h"

#include <semaphore.h>

#include "base/clock.h"
#include "base/require.h"
#include "gateway/body/json_text.h"
#include "route/tier.h"

#define LINE_MEMORY_BYTES (1u << 30)
#define DEEPEST 65 /* a body of the deepest allowed nesting, inside the line's object */
#define MOST_NODES (4u << 20)
#define MINT_ROUNDS_MAX 16
#define PIECES_MOST 16 /* that a finding may touch and still tell where it ends */

/* What the line asks for. */
struct question {
    struct json_doc doc;
    uint32_t id; /* node, or JSON_NONE */
    bool is_body;
    struct slice body; /* decoded text, or the body as it stands */
};

static bool read_question(struct slice line, struct arena *arena, struct question *question, const char **error_out) {
    const struct json_limits limits = {.max_depth = DEEPEST, .max_nodes = MOST_NODES};
    struct json_error error = {0, "out of memory"};
    *question = (struct question){.id = JSON_NONE};
    if (json_walk(line, &limits, arena, &question->doc, &error) != OUTCOME_OK) {
        *error_out = error.reason;
        return false;
    }
    const struct json_doc *doc = &question->doc;
    question->id = json_member(doc, 0, SLICE("id"));
    const uint32_t text = json_member(doc, 0, SLICE("text"));
    const uint32_t body = json_member(doc, 0, SLICE("body"));
    *error_out = "expected an object with `id` and either `text` (a string) or `body` (an object)";
    question->is_body = text == JSON_NONE && json_is(doc, body, JSON_OBJECT);
    if (!question->is_body && !(body == JSON_NONE && json_is(doc, text, JSON_STRING))) return false;
    const struct slice raw = json_raw(doc, question->is_body ? body : text);
    char *decoded = arena_alloc(arena, raw.len);
    if (decoded == NULL) {
        *error_out = outcome_text(OUTCOME_OVERFLOW);
        return false;
    }
    if (question->is_body) memcpy(decoded, raw.data, raw.len);
    question->body = slice_of(decoded, question->is_body ? raw.len : json_text_decode(raw, decoded));
    return true;
}

static void on_written(struct batch_item *item) {
    require(sem_post(((struct minted_write *)item)->owner) == 0);
}

/* Waits until all new tokens are durable, as a request would. */
static enum outcome write_tokens(const struct redactor *redactor, struct inbound *in) {
    sem_t done;
    require(sem_init(&done, 0, 0) == 0);
    uint32_t waiting = 0;
    for (uint32_t i = 0; i < in->minted_count; i++) {
        struct minted *minted = &in->minted[i];
        if (minted->durable) continue;
        minted->pending->owner = &done;
        minted->pending->write.item.on_done = on_written;
        vault_write_submit(redactor->vault, &minted->pending->write);
        waiting++;
    }
    while (waiting) waiting -= sem_wait(&done) == 0;
    sem_destroy(&done);
    for (uint32_t i = 0; i < in->minted_count; i++) {
        const struct minted *minted = &in->minted[i];
        const enum outcome outcome = minted->durable ? OUTCOME_OK : minted->pending->write.item.outcome;
        if (outcome != OUTCOME_OK && outcome != OUTCOME_CONFLICT) return outcome;
    }
    return OUTCOME_OK;
}

static enum outcome mint_tokens(const struct redactor *redactor, struct inbound *in) {
    for (unsigned round = 0; round < MINT_ROUNDS_MAX; round++) {
        enum outcome outcome = inbound_mint(in, redactor->reader, &redactor->scope);
        if (outcome == OUTCOME_AGAIN)
            outcome = write_tokens(redactor, in);
        else
            return outcome;
        if (outcome != OUTCOME_OK) return outcome;
    }
    return OUTCOME_CONFLICT;
}

/* The steps of a request up to the recheck. */
static enum outcome judge(const struct redactor *redactor, struct inbound *in) {
    enum outcome outcome = inbound_span(in);
    if (outcome == OUTCOME_OK) outcome = inbound_scan(in);
    if (outcome == OUTCOME_OK) outcome = inbound_decide(in, clock_wall_ms());
    if (outcome != OUTCOME_OK || (!in->strip && in->verdict.state != VERDICT_ALLOW)) return outcome;
    outcome = inbound_select(in);
    if (outcome == OUTCOME_OK) outcome = mint_tokens(redactor, in);
    if (outcome == OUTCOME_OK) outcome = inbound_assemble(in);
    if (outcome == OUTCOME_OK && !in->strip) outcome = inbound_recheck(in, clock_wall_ms());
    return outcome;
}

static void write_route(const struct inbound *in, struct buffer *out) {
    static const enum upstream_class classes[] = {CLASS_LOCAL, CLASS_SUBSCRIPTION, CLASS_METERED};
    buffer_append_str(out, ", \"route\": [");
    bool first = true;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (in->verdict.state != VERDICT_ALLOW || !tier_allows_class(in->verdict.tier, classes[i])) continue;
        buffer_append_format(out, "%s\"%s\"", first ? "" : ", ", upstream_class_name(classes[i]));
        first = false;
    }
    buffer_append_char(out, ']');
}

static void write_finding(const struct inbound *in, const struct finding *finding, struct buffer *out) {
    const struct rule_info *rule = detector_rule(in->rules->detector, finding->rule);
    struct scan_origin origins[PIECES_MOST] = {{0}};
    uint32_t count = scan_text_origins(&in->layout.text, finding->begin, finding->end, origins, PIECES_MOST);
    if (count > PIECES_MOST) count = PIECES_MOST;
    const struct scan_origin *first = &origins[0], *last = &origins[count ? count - 1 : 0];
    buffer_append_str(out, "{\"kind\": \"");
    json_text_encode(out, slice_str(rule->kind));
    buffer_append_format(out, "\", \"begin\": %u, \"end\": %u, \"rule\": \"", first->source_begin, last->source_end);
    json_text_encode(out, slice_str(rule->id));
    buffer_append_format(out, "\", \"confidence\": %.2f}", (double)finding->confidence);
}

static void write_outgoing(const struct inbound *in, bool is_body, bool given, struct buffer *out) {
    buffer_append_str(out, is_body ? ", \"body\": " : ", \"text\": ");
    if (!given) {
        buffer_append_str(out, "null");
    } else if (is_body) {
        buffer_append(out, in->outgoing);
    } else {
        buffer_append_char(out, '"');
        json_text_encode(out, in->outgoing);
        buffer_append_char(out, '"');
    }
}

static const char *action_of(const struct inbound *in, enum outcome outcome) {
    if (outcome != OUTCOME_OK || in->verdict.state != VERDICT_ALLOW) return "block";
    return in->minted_count ? "tokenise" : "pass";
}

static void write_answer(const struct inbound *in, const struct question *question, enum outcome outcome,
                         struct buffer *out) {
    const enum tier tier = outcome == OUTCOME_OK ? in->verdict.tier : TIER_BLOCKED;
    buffer_append_format(out, ", \"tier\": \"%s\", \"action\": \"%s\"", tier_name(tier), action_of(in, outcome));
    write_route(in, out);
    const bool given = outcome == OUTCOME_OK && (in->strip || in->verdict.state == VERDICT_ALLOW);
    write_outgoing(in, question->is_body, given, out);
    buffer_append_str(out, ", \"findings\": [");
    for (uint32_t i = 0; i < in->findings.count; i++) {
        if (i) buffer_append_str(out, ", ");
        write_finding(in, &in->findings.items[i], out);
    }
    buffer_append_char(out, ']');
    if (outcome == OUTCOME_OK) return;
    buffer_append_str(out, ", \"error\": \"");
    json_text_encode(out, slice_str(in->json_error.reason ? in->json_error.reason : outcome_text(outcome)));
    buffer_append_char(out, '"');
}

static void write_unreadable(const char *error, struct buffer *out) {
    buffer_append_str(out, ", \"tier\": \"BLOCKED\", \"action\": \"block\", \"route\": [], \"text\": null, "
                           "\"findings\": [], \"error\": \"");
    json_text_encode(out, slice_str(error));
    buffer_append_char(out, '"');
}

/* The id as it stood, whatever JSON it is. */
static void write_id(const struct question *question, struct buffer *out) {
    buffer_append_str(out, "{\"id\": ");
    const bool string = json_is(&question->doc, question->id, JSON_STRING);
    if (string) buffer_append_char(out, '"');
    buffer_append(out, question->id == JSON_NONE ? SLICE("null") : json_raw(&question->doc, question->id));
    if (string) buffer_append_char(out, '"');
}

bool redact_line(const struct redactor *redactor, struct slice line, struct buffer *out) {
    struct arena arena;
    arena_init(&arena, LINE_MEMORY_BYTES);
    struct question question;
    const char *error = NULL;
    const bool readable = read_question(line, &arena, &question, &error);
    enum outcome outcome = OUTCOME_INVALID;
    write_id(&question, out);
    if (readable) {
        struct inbound in;
        inbound_init(&in, &arena, redactor->rules, question.is_body ? api_default() : NULL, question.body);
        in.strip = redactor->strip;
        outcome = judge(redactor, &in);
        write_answer(&in, &question, outcome, out);
    } else {
        write_unreadable(error, out);
    }
    buffer_append_str(out, "}\n");
    arena_reset(&arena);
    return outcome == OUTCOME_OK;
}
