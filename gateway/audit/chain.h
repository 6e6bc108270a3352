/* The audit log: one JSON line a request, durable before the first byte goes upstream, each line bound to
 * the one before it.
 *
 *     {...record...,"seq":17,"prev":"<SHA-256 of line 16>"}
 *
 * Lines are written in groups by one thread, like the vault's: one append and one fdatasync for all that
 * queued up meanwhile. A line that a crash left half is cut off at the next start; none that was
 * acknowledged is ever half.
 *
 * Owns:    the file and the thread; an entry stays the caller's until on_done.
 * Errors:  IO: this group is not durable, the file is cut back to its last durable end; the next group tries anew.
 * Threads: submit any. */
#ifndef SLUICE_GATEWAY_AUDIT_CHAIN_H
#define SLUICE_GATEWAY_AUDIT_CHAIN_H

#include <stdint.h>

#include "base/batch_worker.h"
#include "base/slice.h"

struct audit_chain;

struct audit_entry {
    struct batch_item item; /* first member; set on_done. outcome OK: durable */
    struct slice record;    /* from audit_record_write; alive until on_done */
    uint64_t sequence;      /* written when durable; counts from 1 */
};

/* Opens or creates (0600) the file and reads where its chain ends. */
enum outcome audit_chain_open(const char *path, struct audit_chain **chain_out, struct detail *detail) MUST_CHECK;

/* Commits what is queued; sets *chain to NULL; NULL is allowed. */
void audit_chain_close(struct audit_chain **chain);

/* Any thread; on_done runs on the chain's thread. */
void audit_chain_submit(struct audit_chain *chain, struct audit_entry *entry);

#endif
