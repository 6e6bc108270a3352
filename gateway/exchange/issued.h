/* Which tokens this exchange may restore, and what they stand for.
 *
 *     a token that this exchange issued                        its value
 *     one that the vault knows in this scope, issued earlier   its value, unless text that looks like it
 *     to this agent                                            stood in the request
 *     anything else                                            stays literal, and is counted by the window
 *
 * Unknown and forbidden look alike. Text in the request that already looked like a token is no proof of
 * anything: a retrieved page could hold it. The vault is asked once for each token, and at most
 * ISSUED_ASKS_MAX times: an upstream can print any number of them.
 *
 * Owns:    nothing; lives in the exchange's arena, beside the inbound body that it looks into.
 * Threads: the loop's, since it reads the vault with the loop's reader. */
#ifndef SLUICE_GATEWAY_EXCHANGE_ISSUED_H
#define SLUICE_GATEWAY_EXCHANGE_ISSUED_H

#include "gateway/body/restore_window.h"
#include "gateway/body/siphash.h"
#include "gateway/exchange/inbound.h"

#define ISSUED_ASKS_MAX 4096u

/* What is known of a token that this exchange did not issue. */
struct told {
    struct token token;
    struct slice value; /* data NULL: it stays literal */
};

struct issued {
    const struct inbound *in;
    struct vault_reader *reader;
    struct vault_scope scope;
    uint32_t *slots; /* open addressing over in->minted: index + 1, 0 is empty */
    uint32_t slot_count;
    struct told *told; /* those that stood in the request, and those that the vault was asked for */
    uint32_t told_count, told_capacity;
    uint32_t *told_slots; /* as above, twice told_capacity */
    struct siphash_key told_key;
    uint32_t asks;
    bool literals_known, literals_lost; /* the request was searched; or could not be: then nothing is asked */
    struct restore_source source;
};

/* `labels` are all labels that tokens may have, alive as long as the exchange. OVERFLOW: the arena is full; IO: the
 * system has no random bytes. */
enum outcome issued_init(struct issued *issued, const struct inbound *in, struct vault_reader *reader,
                         const struct vault_scope *scope, const struct slice *labels, uint32_t label_count) MUST_CHECK;

#endif
