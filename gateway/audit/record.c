#include "gateway/audit/record.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/body/json_text.h"
#include "route/tier.h"

static void write_string(struct buffer *out, const char *name, struct slice text) {
    buffer_append_format(out, "\"%s\":\"", name);
    json_text_encode(out, text);
    buffer_append_str(out, "\",");
}

/* Rules that set the tier, by id. */
static void write_reasons(const struct audit_record *record, struct buffer *out) {
    buffer_append_str(out, "\"rules\":[");
    for (uint32_t i = 0; i < record->verdict->reason_count; i++) {
        buffer_append_str(out, i ? ",\"" : "\"");
        json_text_encode(out, slice_str(detector_rule(record->detector, record->verdict->reasons[i])->id));
        buffer_append_char(out, '"');
    }
    buffer_append_str(out, "],");
}

/* The sum of the counts of this rule and of all behind it of the same kind, which are 0 after it. */
static uint32_t take_kind(const struct audit_record *record, uint32_t *counts, uint32_t rule) {
    const char *kind = detector_rule(record->detector, (uint16_t)rule)->kind;
    uint32_t sum = 0;
    if (counts[rule] == 0) return 0;
    for (uint32_t i = rule; i < detector_rule_count(record->detector); i++) {
        if (counts[i] == 0 || strcmp(detector_rule(record->detector, (uint16_t)i)->kind, kind) != 0) continue;
        sum += counts[i];
        counts[i] = 0;
    }
    return sum;
}

/* In the order of the rules. Counted by rule first, so that a request of very many findings costs one pass. */
static void write_kinds(const struct audit_record *record, struct buffer *out) {
    const uint32_t rules = detector_rule_count(record->detector);
    uint32_t *counts = calloc(rules ? rules : 1, sizeof *counts);
    if (counts == NULL) {
        out->failed = true;
        return;
    }
    for (uint32_t i = 0; i < record->findings.count; i++) counts[record->findings.items[i].rule]++;
    buffer_append_format(out, "\"findings\":%u,\"kinds\":{", record->findings.count);
    bool first = true;
    for (uint32_t i = 0; i < rules; i++) {
        const uint32_t sum = take_kind(record, counts, i);
        if (sum == 0) continue;
        buffer_append_str(out, first ? "\"" : ",\"");
        json_text_encode(out, slice_str(detector_rule(record->detector, (uint16_t)i)->kind));
        buffer_append_format(out, "\":%u", sum);
        first = false;
    }
    buffer_append_str(out, "},");
    free(counts);
}

static void write_overrides(const struct audit_record *record, struct buffer *out) {
    if (record->verdict->overrides_used == 0) return;
    buffer_append_str(out, "\"overrides\":[");
    for (uint32_t i = 0; i < record->verdict->overrides_used && i < VERDICT_OVERRIDES_MAX; i++) {
        const struct override *used = &record->overrides[record->verdict->override_ids[i]];
        buffer_append_str(out, i ? ",{" : "{");
        write_string(out, "kind", slice_str(used->kind));
        write_string(out, "reason", slice_str(used->reason));
        buffer_append_format(out, "\"to\":\"%s\",\"until_ms\":%llu}", tier_name(used->to),
                             (unsigned long long)used->until_ms);
    }
    buffer_append_str(out, "],");
}

static void write_candidates(const struct audit_record *record, struct buffer *out) {
    buffer_append_str(out, "\"candidates\":[");
    for (uint32_t i = 0; i < record->verdict->candidate_count; i++) {
        buffer_append_str(out, i ? ",\"" : "\"");
        json_text_encode(out, slice_str(record->upstreams[record->verdict->candidates[i]].name));
        buffer_append_char(out, '"');
    }
    buffer_append_str(out, "],");
}

void audit_record_write(const struct audit_record *record, struct buffer *out) {
    const bool allowed = record->verdict->state == VERDICT_ALLOW;
    buffer_append_char(out, '{');
    write_string(out, "request", record->request_id);
    buffer_append_format(out, "\"time_ms\":%llu,", (unsigned long long)record->wall_ms);
    write_string(out, "agent", slice_str(record->agent));
    write_string(out, "tenant", slice_str(record->tenant));
    buffer_append_format(out, "\"route\":\"%s %s\",", record->method, record->path);
    buffer_append_format(out, "\"verdict\":\"%s\",\"tier\":\"%s\",", allowed ? "allow" : "block",
                         tier_name(record->verdict->tier));
    write_reasons(record, out);
    write_kinds(record, out);
    write_overrides(record, out);
    write_candidates(record, out);
    buffer_append_format(out, "\"tokens\":%u,\"body_bytes\":%zu,\"outgoing_bytes\":%zu", record->tokens,
                         record->body_bytes, record->outgoing_bytes);
}
