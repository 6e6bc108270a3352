/* A value sealed as a record, and opened again: AES-256-GCM (NIST SP 800-38D).
 *
 *     offset  0        1      5            37     49    65
 *             version  epoch  value hash   nonce  tag   ciphertext, as long as the value
 *             1        4      32           12     16
 *
 * Everything but nonce, tag and ciphertext goes into the AAD, with the scope id, the token and the length of
 * its label: a record that was edited, or moved to another scope, token or epoch, does not verify. The nonce is
 * random; 2^31 encryptions under one data key keep the chance that two are the same below 2^-34, and the
 * writer (writer.h) moves to the next epoch before there are more.
 *
 * Owns:    a sealer owns one cipher context, set up for the epoch that it met last.
 * Threads: one at a time: each reader has a sealer, and so has the writer.
 * Errors:  CORRUPT, CRYPTO. */
#ifndef SLUICE_VAULT_SEAL_H
#define SLUICE_VAULT_SEAL_H

#include <mbedtls/gcm.h>

#include "vault/keyring.h"
#include "vault/vault.h"

#define VAULT_SEALS_PER_EPOCH (UINT64_C(1) << 31)
#define VAULT_VALUE_LONGEST 65536u
#define VAULT_RECORD_HEAD 65u
#define VAULT_RECORD_LONGEST (VAULT_RECORD_HEAD + VAULT_VALUE_LONGEST)

struct vault_sealer {
    mbedtls_gcm_context gcm;
    const struct vault_keyring *keyring;
    unsigned char vault_id[VAULT_ID_LEN];
    uint32_t epoch; /* whose key the context holds; 0: none */
};

/* The keyring must outlive the sealer. */
void vault_sealer_init(struct vault_sealer *sealer, const struct vault_keyring *keyring,
                       const unsigned char vault_id[static VAULT_ID_LEN]);
void vault_sealer_deinit(struct vault_sealer *sealer);

/* Writes VAULT_RECORD_HEAD + value.len bytes to `record_out`; value.len <= VAULT_VALUE_LONGEST, epoch > 0. */
enum outcome vault_seal(struct vault_sealer *sealer, uint32_t epoch, const struct vault_scope *scope,
                        struct slice token, const unsigned char value_hash[static VAULT_HMAC_LEN], struct slice value,
                        unsigned char *record_out) MUST_CHECK;

/* The views into a record; nothing is verified but its form: CORRUPT. They live as long as `record`. */
struct vault_record {
    struct slice value_hash, nonce, tag, ciphertext;
    uint32_t epoch;
};
enum outcome vault_record_parse(struct slice record, struct vault_record *parsed_out) MUST_CHECK;

/* Writes ciphertext.len bytes to `value_out`; zeros when it does not verify. */
enum outcome vault_unseal(struct vault_sealer *sealer, const struct vault_scope *scope, struct slice token,
                          const struct vault_record *record, char *value_out) MUST_CHECK;

#endif
