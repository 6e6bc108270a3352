/* The step `tokenise` of struct inbound: which ranges are replaced, by which tokens, into which body.
 *
 * Happy path: the findings of tokenised tiers are merged into covers without overlaps; equal values share
 * a token; every further place where such a value stands is covered too; one splice builds the body.
 * What can fail: a hit that crosses into text that must not be edited, a full arena, the vault. */
#include "gateway/exchange/inbound.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/fault.h"
#include "detect/value_index.h"
#include "gateway/body/json_splice.h"
#include "gateway/body/json_text.h"

#define LONGEST_CROSSING 16 /* pieces that one finding may touch */

struct cover_list {
    struct cover *items;
    uint32_t count, capacity;
};

/* Two findings may be widened to the same number or escape: then they are one cover. */
static bool cover_merge(struct cover *last, const struct cover *cover) {
    if (last->piece != cover->piece || cover->begin >= last->end || last->begin >= cover->end) return false;
    if (cover->begin < last->begin) last->begin = cover->begin, last->source_begin = cover->source_begin;
    if (cover->end > last->end) last->end = cover->end, last->source_end = cover->source_end;
    return true;
}

static bool cover_add(struct inbound *in, struct cover_list *covers, struct cover cover) {
    if (covers->count && cover_merge(&covers->items[covers->count - 1], &cover)) return true;
    if (covers->count == covers->capacity) {
        const uint32_t capacity = covers->capacity ? covers->capacity * 2 : 32;
        struct cover *grown =
            arena_grow(in->arena, covers->items, covers->capacity * sizeof cover, capacity * sizeof cover);
        if (grown == NULL) return false;
        covers->items = grown;
        covers->capacity = capacity;
    }
    covers->items[covers->count++] = cover;
    return true;
}

/* Covers [begin, end) piece by piece: a range that crosses pieces leaves a token in each. */
static enum outcome cover_range(struct inbound *in, struct cover_list *covers, uint32_t begin, uint32_t end,
                                uint16_t rule) {
    struct scan_origin origins[LONGEST_CROSSING];
    const uint32_t count = scan_text_origins(&in->layout.text, begin, end, origins, LONGEST_CROSSING);
    if (count > LONGEST_CROSSING) return OUTCOME_DENIED;
    for (uint32_t i = 0; i < count; i++) {
        struct scan_origin *origin = &origins[i];
        const struct piece *piece = &in->layout.pieces[origin->piece];
        if (piece->meaning == FIELD_OPAQUE || piece->meaning == FIELD_REFERENCE) return OUTCOME_DENIED;
        /* Half a number is no JSON: it goes whole. */
        if (piece->number && scan_text_origins(&in->layout.text, piece->scan_begin, piece->scan_end, origin, 1) != 1)
            return OUTCOME_DENIED;
        const struct cover cover = {.begin = origin->scan_begin,
                                    .end = origin->scan_end,
                                    .source_begin = origin->source_begin,
                                    .source_end = origin->source_end,
                                    .piece = origin->piece,
                                    .rule = rule};
        if (!cover_add(in, covers, cover)) return OUTCOME_OVERFLOW;
    }
    return OUTCOME_OK;
}

static bool is_replaced(const struct inbound *in, const struct verdict_input *input, const struct finding *finding) {
    if (!detector_rule(in->rules->detector, finding->rule)->replace) return false;
    return in->strip || verdict_finding_tier(input, finding) > TIER_LOW;
}

static bool is_worse(const struct inbound *in, const struct finding *a, const struct finding *b) {
    const enum tier tier_a = detector_rule(in->rules->detector, a->rule)->tier;
    const enum tier tier_b = detector_rule(in->rules->detector, b->rule)->tier;
    if (tier_a != tier_b) return tier_a > tier_b;
    return a->end - a->begin > b->end - b->begin;
}

/* Findings are sorted by begin: those that overlap become one cover, named by the worst of them. */
static enum outcome cover_findings(struct inbound *in, struct cover_list *covers) {
    const struct verdict_input input = inbound_verdict_input(in, clock_wall_ms());
    enum outcome outcome = OUTCOME_OK;
    uint32_t i = 0;
    while (i < in->findings.count && outcome == OUTCOME_OK) {
        const struct finding *worst = &in->findings.items[i++];
        if (!is_replaced(in, &input, worst)) continue;
        const uint32_t begin = worst->begin;
        uint32_t end = worst->end;
        for (; i < in->findings.count && in->findings.items[i].begin < end; i++) {
            const struct finding *next = &in->findings.items[i];
            if (!is_replaced(in, &input, next)) continue;
            if (next->end > end) end = next->end;
            if (is_worse(in, next, worst)) worst = next;
        }
        outcome = cover_range(in, covers, begin, end, worst->rule);
    }
    return outcome;
}

static struct slice cover_value(const struct inbound *in, const struct cover *cover) {
    return slice_of(in->layout.text.text + cover->begin, cover->end - cover->begin);
}

static struct slice cover_label(const struct inbound *in, const struct cover *cover) {
    return slice_str(detector_rule(in->rules->detector, cover->rule)->label);
}

static int compare_slices(struct slice a, struct slice b) {
    const size_t shorter = a.len < b.len ? a.len : b.len;
    const int order = shorter ? memcmp(a.data, b.data, shorter) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_covers(const void *a, const void *b, void *owner) {
    const struct inbound *in = owner;
    const struct cover *one = &in->covers[*(const uint32_t *)a];
    const struct cover *two = &in->covers[*(const uint32_t *)b];
    const int order = compare_slices(cover_value(in, one), cover_value(in, two));
    return order ? order : (one->begin > two->begin) - (one->begin < two->begin);
}

/* Equal values share one entry, whichever rules found them: the first place in the text names the label. */
static enum outcome share_values(struct inbound *in) {
    uint32_t *order = arena_zalloc(in->arena, in->cover_count, sizeof *order);
    in->minted = arena_zalloc(in->arena, in->cover_count, sizeof *in->minted);
    in->minted_count = 0;
    if (order == NULL || in->minted == NULL) return OUTCOME_OVERFLOW;
    for (uint32_t i = 0; i < in->cover_count; i++) order[i] = i;
    qsort_r(order, in->cover_count, sizeof *order, compare_covers, in);
    for (uint32_t i = 0; i < in->cover_count; i++) {
        struct cover *cover = &in->covers[order[i]];
        const struct slice value = cover_value(in, cover);
        if (in->minted_count == 0 || !slice_equal(in->minted[in->minted_count - 1].value, value))
            in->minted[in->minted_count++] =
                (struct minted){.value = value, .label = cover_label(in, cover), .rule = cover->rule};
        cover->value = in->minted_count - 1;
    }
    return OUTCOME_OK;
}

static int compare_begins(const void *a, const void *b) {
    const struct cover *one = a, *two = b;
    return (one->source_begin > two->source_begin) - (one->source_begin < two->source_begin);
}

/* Covers the values that stand in the scanned text's range [begin, end), which has no cover yet. */
static enum outcome cover_gap(struct inbound *in, struct cover_list *covers, const struct value_index *index,
                              uint32_t begin, uint32_t end) {
    const struct slice text = slice_of(in->layout.text.text, end);
    struct value_hit hit = {0};
    enum outcome outcome = OUTCOME_OK;
    while (begin < end && (outcome = value_index_next(index, text, begin, &hit)) == OUTCOME_OK) {
        const uint32_t before = covers->count;
        outcome = cover_range(in, covers, hit.begin, hit.end, in->minted[hit.value].rule);
        if (outcome != OUTCOME_OK) return outcome;
        begin = hit.end;
        if (covers->count > before && covers->items[covers->count - 1].end > begin)
            begin = covers->items[covers->count - 1].end;
    }
    return outcome == OUTCOME_NOT_FOUND ? OUTCOME_OK : outcome;
}

/* Every other place where a value stands, so that no copy of it leaves. `covers` is sorted. */
static enum outcome cover_copies(struct inbound *in, struct cover_list *covers) {
    struct slice *values = arena_zalloc(in->arena, in->minted_count, sizeof *values);
    if (values == NULL) return OUTCOME_OVERFLOW;
    for (uint32_t i = 0; i < in->minted_count; i++) values[i] = in->minted[i].value;
    struct value_index *index = NULL;
    enum outcome outcome = value_index_create(values, in->minted_count, in->arena, &index);
    const uint32_t known = covers->count;
    uint32_t begin = 0;
    for (uint32_t i = 0; i <= known && outcome == OUTCOME_OK; i++) {
        const uint32_t end = i < known ? covers->items[i].begin : in->layout.text.len;
        outcome = cover_gap(in, covers, index, begin, end);
        if (i < known) begin = covers->items[i].end;
    }
    return outcome;
}

/* A copy inside a number covers the number, which is a value of its own then, and may have copies too: done when
 * there is no new value. */
static enum outcome cover_values(struct inbound *in, struct cover_list *covers) {
    for (;;) {
        const uint32_t values = in->minted_count;
        qsort(covers->items, covers->count, sizeof *covers->items, compare_begins);
        in->covers = covers->items;
        in->cover_count = covers->count;
        enum outcome outcome = share_values(in);
        if (outcome != OUTCOME_OK || in->minted_count == values) return outcome;
        outcome = cover_copies(in, covers);
        if (outcome != OUTCOME_OK) return outcome;
    }
}

enum outcome inbound_select(struct inbound *in) {
    if (fault_hit("tokenise")) return OUTCOME_FAULT;
    if (in->progress != INBOUND_DECIDED) return OUTCOME_DENIED;
    if (!in->strip && in->verdict.state != VERDICT_ALLOW) return OUTCOME_DENIED;
    struct cover_list covers = {0};
    enum outcome outcome = OUTCOME_OK;
    if (in->strip || in->verdict.tokenise) outcome = cover_findings(in, &covers);
    if (outcome == OUTCOME_OK && covers.count) outcome = cover_values(in, &covers);
    if (outcome == OUTCOME_OK) in->progress = INBOUND_SELECTED;
    return outcome;
}

enum outcome inbound_mint(struct inbound *in, struct vault_reader *reader, const struct vault_scope *scope) {
    if (in->progress != INBOUND_SELECTED) return OUTCOME_DENIED;
    bool waiting = false;
    for (uint32_t i = 0; i < in->minted_count; i++) {
        struct minted *minted = &in->minted[i];
        if (minted->durable) continue;
        if (minted->pending == NULL) minted->pending = arena_zalloc(in->arena, 1, sizeof *minted->pending);
        if (minted->pending == NULL) return OUTCOME_OVERFLOW;
        const enum outcome outcome = vault_mint(reader, scope, minted->label, minted->value, &minted->token,
                                                &minted->durable, &minted->pending->write);
        if (outcome != OUTCOME_OK) return outcome;
        if (!minted->durable) waiting = true;
    }
    if (waiting) return OUTCOME_AGAIN;
    in->progress = INBOUND_MINTED;
    return OUTCOME_OK;
}

/* A token where a bare number stood needs quotes, and inside a string that is JSON those are escaped. */
static struct slice replacement_text(const struct inbound *in, const struct cover *cover) {
    const struct piece *piece = &in->layout.pieces[cover->piece];
    const struct token *token = &in->minted[cover->value].token;
    if (!piece->number) return token_slice(token);
    const struct slice quote = piece->nested ? SLICE("\\\"") : SLICE("\"");
    char *text = arena_alloc(in->arena, token->len + 2 * quote.len);
    if (text == NULL) return slice_of(NULL, 0);
    memcpy(text, quote.data, quote.len);
    memcpy(text + quote.len, token->text, token->len);
    memcpy(text + quote.len + token->len, quote.data, quote.len);
    return slice_of(text, token->len + 2 * quote.len);
}

/* Where the model's name stands in the body that would leave, so that each upstream can get its own. */
static void locate_model(struct inbound *in, const struct json_splice *splices) {
    const uint32_t node = in->api && !in->no_body ? json_member(&in->doc, 0, SLICE("model")) : JSON_NONE;
    if (!json_is(&in->doc, node, JSON_STRING)) return;
    const struct json_node *model = &in->doc.nodes[node];
    uint32_t begin = model->begin;
    for (uint32_t i = 0; i < in->cover_count && splices[i].begin < model->end; i++) {
        if (splices[i].end > model->begin) return;
        begin += (uint32_t)splices[i].text.len - (splices[i].end - splices[i].begin);
    }
    const struct slice raw = json_raw(&in->doc, node);
    char *decoded = arena_alloc(in->arena, raw.len);
    if (decoded == NULL) return;
    in->model = slice_of(decoded, json_text_decode(raw, decoded));
    in->model_begin = begin;
    in->model_end = begin + (model->end - model->begin);
}

enum outcome inbound_assemble(struct inbound *in) {
    if (in->progress != INBOUND_MINTED) return OUTCOME_DENIED;
    enum outcome outcome = OUTCOME_OK;
    in->outgoing = in->body;
    struct json_splice *splices = NULL;
    if (in->cover_count) {
        splices = arena_alloc(in->arena, in->cover_count * sizeof *splices);
        if (splices == NULL) return OUTCOME_OVERFLOW;
        for (uint32_t i = 0; i < in->cover_count; i++) {
            const struct cover *cover = &in->covers[i];
            splices[i] = (struct json_splice){cover->source_begin, cover->source_end, replacement_text(in, cover)};
        }
        outcome = json_splice_apply(in->body, splices, in->cover_count, in->arena, &in->outgoing);
    }
    if (outcome == OUTCOME_OK) locate_model(in, splices);
    if (outcome == OUTCOME_OK && in->arena->overflowed) outcome = OUTCOME_OVERFLOW;
    if (outcome == OUTCOME_OK) in->progress = INBOUND_ASSEMBLED;
    return outcome;
}
