/* Which tokens this exchange may restore, and what they stand for.
 *
 *     a token that this exchange issued                        its value
 *     one that the vault knows in this scope, issued earlier   its value, unless text that looks like it
 *     to this agent                                            stood in the request
 *     anything else                                            stays literal, and is counted by the window
 *
 * Unknown and forbidden look alike. Text in the request that already looked like a token is no proof of
 * anything: a retrieved page could hold it.
 *
 * Owns:    nothing; lives in the exchange's arena, beside the inbound body that it looks into.
 * Threads: the loop's, since it reads the vault with the loop's reader. */
#ifndef SLUICE_GATEWAY_EXCHANGE_ISSUED_H
#define SLUICE_GATEWAY_EXCHANGE_ISSUED_H

#include "gateway/body/restore_window.h"
#include "gateway/exchange/inbound.h"

struct issued {
    const struct inbound *in;
    struct vault_reader *reader;
    struct vault_scope scope;
    uint32_t *slots; /* open addressing over in->minted: index + 1, 0 is empty */
    uint32_t slot_count;
    struct buffer literal; /* tokens that stood in the request, one a line; filled when first asked for */
    bool literal_known;
    struct restore_source source;
};

/* `labels` are all labels that tokens may have, alive as long as the exchange. OVERFLOW: the arena is full. */
enum outcome issued_init(struct issued *issued, const struct inbound *in, struct vault_reader *reader,
                         const struct vault_scope *scope, const struct slice *labels, uint32_t label_count) MUST_CHECK;
void issued_deinit(struct issued *issued);

#endif
