/* What the audit log says of one request: who, what tier and why, where it may go, how much. No values.
 *
 * Owns: nothing; views live until audit_record_write returns.  Units: bytes, milliseconds since 1970 UTC. */
#ifndef SLUICE_GATEWAY_AUDIT_RECORD_H
#define SLUICE_GATEWAY_AUDIT_RECORD_H

#include "base/buffer.h"
#include "detect/detector.h"
#include "route/verdict.h"

struct audit_record {
    struct slice request_id;
    uint64_t wall_ms;
    const char *agent, *tenant;
    const char *method, *path; /* of the route table, never the agent's own text */
    const struct verdict *verdict;
    const struct detector *detector; /* names the rules of findings */
    struct finding_list findings;
    const struct override *overrides;       /* that the verdict's override_ids index */
    const struct route_upstream *upstreams; /* that the verdict's candidates index */
    uint32_t tokens;
    size_t body_bytes, outgoing_bytes;
};

/* Appends one JSON object without its closing brace, so that the chain can add to it. */
void audit_record_write(const struct audit_record *record, struct buffer *out);

#endif
