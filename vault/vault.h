/* Value <-> token, sealed at rest: the public face of the room.
 *
 * The token of a value is computed, not assigned: HMAC-SHA256(token key, scope | label | value), so
 * that the same value has the same token across requests, restarts and replicas that share the key.
 * The vault keeps what cannot be computed: the value behind a token (AES-256-GCM, AAD = scope, token,
 * label, epoch), and which agent a token was issued to (a grant): only those agents get it back.
 *
 *     mint     value -> token     known: durable already, use it. Not known: submit a write, wait for it
 *     submit   write is grouped with others by the one writer thread; LMDB commit; on_done
 *     resolve  token -> value     own scope and granted to this agent, else NOT_FOUND: unknown and forbidden
 *                                 look alike
 *
 * The value is taken exactly as the text had it, since restoring must give back what stood there.
 *
 * Owns:    vault: environment, keys, writer thread. reader: one LMDB read transaction.
 * Threads: vault any; a reader belongs to one thread (at a time). One vault per process and folder. A forked child
 *          can do nothing with it: the keys are wiped there.
 * Errors:  CORRUPT for a record that does not verify; CRYPTO; IO (disk full, LMDB); OVERFLOW (map at its limit). */
#ifndef SLUICE_VAULT_VAULT_H
#define SLUICE_VAULT_VAULT_H

#include "base/arena.h"
#include "base/batch_worker.h"
#include "base/outcome.h"
#include "base/slice.h"
#include "vault/token.h"

struct vault;
struct vault_reader;

struct vault_settings {
    const char *data_dir;   /* holds vault.mdb/, key file, generation; created 0700 when missing. NULL: in memory
                               (a sealed temporary folder with a random key, unless one is set, that is gone with
                               the process; commits do not wait for the disk) */
    const char *key_file;   /* NULL: the systemd credential vault.key if there is one, else data_dir/vault.key.
                               Created 0600 when the whole vault is new */
    const char *key_hex;    /* NULL, or 64 hex digits from the environment, instead of a key file */
    size_t map_limit_bytes; /* largest size the LMDB map may grow to; 0: 64 GiB */
};

/* Opens or initialises; the settings are needed during the call only. On an error nothing is held, and `detail`
 * says what to do:
 *     NOT_FOUND  the vault is there, its key is not
 *     DENIED     the key is not this vault's; or others can read it (mode & 077), or it has a foreign owner; or a
 *                file or folder may not be opened
 *     CORRUPT    vault.mdb or vault.generation was deleted, rolled back, edited, or is another vault's
 *     CONFLICT   open already, in this process or another
 *     INVALID (the key's form, a path), OVERFLOW (map limit), NO_MEMORY, CRYPTO, IO */
enum outcome vault_open(const struct vault_settings *settings, struct vault **vault_out,
                        struct detail *detail) MUST_CHECK;

/* Commits what is queued; sets *vault to NULL; NULL is allowed. All readers must be closed before. */
void vault_close(struct vault **vault);

enum outcome vault_reader_open(struct vault *vault, struct vault_reader **reader_out) MUST_CHECK;
void vault_reader_close(struct vault_reader **reader);

/* Whose tokens: derived once per agent, then copied about. */
struct vault_scope {
    unsigned char scope_id[16]; /* tenant (default), agent or session, hashed with the index key */
    unsigned char agent_id[8];  /* whom grants are for */
};
struct vault_scope vault_scope_of(const struct vault *vault, struct slice scope_name, struct slice agent_name);

/* A write that is pending. The caller's memory; lives until on_done; wiped by vault_write_wipe. */
struct vault_write {
    struct batch_item item; /* first member; outcome OK: durable. CONFLICT: the token is another value's: mint again */
    struct vault_scope scope;
    struct token token;
    struct slice label; /* views, alive until on_done */
    struct slice value;
    unsigned char value_hash[32];
};

/* The token of `value` (1 byte to 64 KiB) with `label`. *known_out: record and grant are durable, and the
 * token may be used at once. Otherwise *write_out is filled, except item.on_done, and the token must not
 * be used before vault_write_submit answered OK through on_done. A token that belongs to another value is
 * passed over by a counter, in the same order on every replica. */
enum outcome vault_mint(struct vault_reader *reader, const struct vault_scope *scope, struct slice label,
                        struct slice value, struct token *token_out, bool *known_out,
                        struct vault_write *write_out) MUST_CHECK;

/* Any thread. on_done runs on the writer's thread, possibly before this returns. */
void vault_write_submit(struct vault *vault, struct vault_write *write);

/* Forgets what a write held, once on_done has run. */
void vault_write_wipe(struct vault_write *write);

/* The value behind a token, into `arena`. NOT_FOUND when it was never issued in this scope to this agent. */
enum outcome vault_resolve(struct vault_reader *reader, const struct vault_scope *scope, struct slice token,
                           struct arena *arena, struct slice *value_out) MUST_CHECK;

/* Counters for metrics; any thread. */
struct vault_counts {
    uint64_t records, commits, writes, conflicts;
};
void vault_counts_read(const struct vault *vault, struct vault_counts *counts_out);

#endif
