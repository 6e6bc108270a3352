#include "gateway/audit/record.h"

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

static uint32_t count_kind(const struct audit_record *record, uint32_t from) {
    const char *kind = detector_rule(record->detector, record->findings.items[from].rule)->kind;
    uint32_t count = 0;
    for (uint32_t i = 0; i < record->findings.count; i++) {
        const bool same = strcmp(detector_rule(record->detector, record->findings.items[i].rule)->kind, kind) == 0;
        if (same && i < from) return 0; /* counted already */
        count += same;
    }
    return count;
}

#define KINDS_SEARCHED 4096 /* counting is quadratic: past this many findings only their number is said */

static void write_kinds(const struct audit_record *record, struct buffer *out) {
    buffer_append_format(out, "\"findings\":%u,\"kinds\":{", record->findings.count);
    bool first = true;
    for (uint32_t i = 0; i < record->findings.count && record->findings.count <= KINDS_SEARCHED; i++) {
        const uint32_t count = count_kind(record, i);
        if (count == 0) continue;
        buffer_append_str(out, first ? "\"" : ",\"");
        json_text_encode(out, slice_str(detector_rule(record->detector, record->findings.items[i].rule)->kind));
        buffer_append_format(out, "\":%u", count);
        first = false;
    }
    buffer_append_str(out, "},");
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
