/* Restores a whole JSON answer.
 *
 * Only strings that the format's answer rules name as text are searched. A string in which a token was
 * restored is written anew, the same text, though its escapes may be spelled otherwise; every other byte stays
 * as the upstream sent it. An answer that is no JSON passes unchanged.
 *
 * Units: bytes.  Threads: one at a time. */
#ifndef SLUICE_GATEWAY_EXCHANGE_ANSWER_DOCUMENT_H
#define SLUICE_GATEWAY_EXCHANGE_ANSWER_DOCUMENT_H

#include "gateway/api/api.h"
#include "gateway/body/restore_window.h"

struct restore_counts {
    uint32_t restored, left;
};

/* Appends the restored answer to `out`. `scratch` is used and not reset. NO_MEMORY, OVERFLOW: nothing usable
 * was appended; the caller may still deliver the answer as it came. `tokens_issued`: the request carried
 * tokens, so that raw pieces of text (logprobs) are stripped. */
enum outcome answer_document_restore(struct slice answer, const struct api *api, const struct restore_source *source,
                                     bool tokens_issued, struct arena *scratch, struct buffer *out,
                                     struct restore_counts *counts) MUST_CHECK;

/* Restores one string's raw JSON text in full; *changed_out tells whether `out` differs from it. `out` gets
 * JSON-encoded text, without quotes. */
enum outcome answer_text_restore(struct slice raw, enum restore_form form, const struct restore_source *source,
                                 struct arena *scratch, struct buffer *out, bool *changed_out,
                                 struct restore_counts *counts) MUST_CHECK;

#endif
