/* One line of `sluice redact`: a prompt in, what would leave of it out. The steps that serve requests, in batch.
 *
 *     {"id": "...", "text": "..."}          or  {"id": "...", "body": {a chat request}}
 *     {"id": "...", "tier": ..., "action": ..., "route": [...], "text": ..., "findings": [...]}
 *
 * begin and end of a finding are half-open byte offsets into the UTF-8 text; for a body, into its bytes as
 * they stand in the line. A line that cannot be judged has `"action": "block"`, no text, and says why in `error`. */
#ifndef SLUICE_GATEWAY_CLI_REDACT_LINE_H
#define SLUICE_GATEWAY_CLI_REDACT_LINE_H

#include "base/buffer.h"
#include "gateway/exchange/inbound.h"

struct redactor {
    const struct inbound_rules *rules;
    struct vault *vault;
    struct vault_reader *reader;
    struct vault_scope scope;
    bool strip; /* replace every finding, and always give text */
};

/* Appends one line of output with its newline. False: the line could not be judged. */
bool redact_line(const struct redactor *redactor, struct slice line, struct buffer *out);

#endif
