/* A client configuration: the trusted certificates as bytes, and mbedTLS contexts for each loop.
 *
 *     create: read file -> parse into loops_count spare profiles
 *     config: the loop's profile, else a spare one, else parse a new one
 *
 * What can fail: the file, a certificate in it, memory, randomness; all at create, and again where a loop
 * beyond loops_count comes. */
#include "gateway/net/tls.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/asn1.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#include <psa/crypto.h>
#endif

#include "base/buffer.h"
#include "base/require.h"
#include "gateway/net/tls_inside.h"

#if !defined(MBEDTLS_HAVE_TIME_DATE)
#error "this mbedTLS does not check when certificates expire (MBEDTLS_HAVE_TIME_DATE)"
#endif
#if !defined(MBEDTLS_THREADING_C)
#error "this mbedTLS may not be used by several threads (MBEDTLS_THREADING_C)"
#endif

#define LARGEST_CA_FILE_BYTES ((size_t)8 * 1024 * 1024)

/* Everything that a handshake touches of a configuration; used by one loop, so by one thread. */
struct tls_profile {
    struct tls_profile *next;
    const struct net_loop *loop; /* NULL: spare */
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_x509_crt roots;
    mbedtls_ssl_config config;
};

struct net_tls_client {
    atomic_uint references;
    struct buffer pem; /* NUL-terminated, as the parser wants it; the NUL is counted */
    pthread_mutex_t lock;
    struct tls_profile *profiles; /* under the lock; each profile belongs to its loop */
};

/* AEAD with ephemeral keys only (RFC 9325 section 4.2). */
static const int ciphersuites[] = {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
#endif
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    0,
};

/* mbedTLS's own order begins with the slowest curve, and many servers follow the client's. */
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
static const uint16_t groups[] = {
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, MBEDTLS_SSL_IANA_TLS_GROUP_X25519, MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP521R1, MBEDTLS_SSL_IANA_TLS_GROUP_NONE,
};
#else
static const mbedtls_ecp_group_id groups[] = {
    MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP384R1,
    MBEDTLS_ECP_DP_SECP521R1, MBEDTLS_ECP_DP_NONE,
};
/* In 2.28 a build option may add SHA-1. */
static const int hashes[] = {MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA512, MBEDTLS_MD_NONE};
#endif

/* Debian and Alpine, Fedora, SUSE, BSD. */
static const char *const system_bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
};

const char *net_tls_error(int error, struct tls_error_text *text) {
    mbedtls_strerror(error, text->text, sizeof text->text);
    return text->text;
}

static bool is_want_of_memory(int error) {
    switch (error) {
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
    case MBEDTLS_ERR_X509_ALLOC_FAILED:
    case MBEDTLS_ERR_PK_ALLOC_FAILED:
    case MBEDTLS_ERR_ECP_ALLOC_FAILED:
    case MBEDTLS_ERR_MD_ALLOC_FAILED:
    case MBEDTLS_ERR_MPI_ALLOC_FAILED:
    case MBEDTLS_ERR_ASN1_ALLOC_FAILED: return true;
    default: return false;
    }
}

/* An error is the sum of a module's (multiples of 0x80) and that of a module below it (mbedtls/error.h). */
enum outcome net_tls_outcome(int error) {
    const int upper = -(-error & 0xff80);
    const int lower = -(-error & 0x7f);
    if (error == 0) return OUTCOME_OK;
    return is_want_of_memory(upper) || is_want_of_memory(lower) ? OUTCOME_NO_MEMORY : OUTCOME_CRYPTO;
}

/* --- profiles --- */

static void profile_free(struct tls_profile *profile) {
    mbedtls_ssl_config_free(&profile->config);
    mbedtls_x509_crt_free(&profile->roots);
    mbedtls_ctr_drbg_free(&profile->random);
    mbedtls_entropy_free(&profile->entropy);
    free(profile);
}

static void set_versions(mbedtls_ssl_config *config) {
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_groups(config, groups);
#else
    mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_curves(config, groups);
    mbedtls_ssl_conf_sig_hashes(config, hashes);
#endif
}

static int configure(struct tls_profile *profile) {
    mbedtls_ssl_config *config = &profile->config;
    const int error = mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                                  MBEDTLS_SSL_PRESET_DEFAULT);
    if (error) return error;
    set_versions(config);
    mbedtls_ssl_conf_ciphersuites(config, ciphersuites);
    mbedtls_ssl_conf_cert_profile(config, &mbedtls_x509_crt_profile_next);
    mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(config, &profile->roots, NULL);
    mbedtls_ssl_conf_rng(config, mbedtls_ctr_drbg_random, &profile->random);
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    mbedtls_ssl_conf_renegotiation(config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
    mbedtls_ssl_conf_legacy_renegotiation(config, MBEDTLS_SSL_LEGACY_BREAK_HANDSHAKE);
#if defined(MBEDTLS_SSL_SESSION_TICKETS)
    mbedtls_ssl_conf_session_tickets(config, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#endif
    return 0;
}

static enum outcome refuse_roots(int result, struct detail *detail) {
    struct tls_error_text text;
    if (net_tls_outcome(result) == OUTCOME_NO_MEMORY) return OUTCOME_NO_MEMORY;
    if (result > 0)
        return detail_set(detail, OUTCOME_INVALID, "%d of its certificates do not parse; remove or replace them",
                          result);
    return detail_set(detail, OUTCOME_INVALID, "it holds no certificate that can be used: %s",
                      net_tls_error(result, &text));
}

static enum outcome profile_fill(struct tls_profile *profile, const struct buffer *pem, struct detail *detail) {
    struct tls_error_text text;
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    if (psa_crypto_init() != PSA_SUCCESS) return detail_set(detail, OUTCOME_CRYPTO, "PSA crypto does not start");
#endif
    int error = mbedtls_ctr_drbg_seed(&profile->random, mbedtls_entropy_func, &profile->entropy, NULL, 0);
    if (error) return detail_set(detail, OUTCOME_CRYPTO, "no randomness: %s", net_tls_error(error, &text));
    error = mbedtls_x509_crt_parse(&profile->roots, (const unsigned char *)pem->data, pem->len);
    if (error) return refuse_roots(error, detail);
    error = configure(profile);
    if (error) return detail_set(detail, net_tls_outcome(error), "TLS settings: %s", net_tls_error(error, &text));
    return OUTCOME_OK;
}

static enum outcome profile_create(const struct buffer *pem, const struct net_loop *loop,
                                   struct tls_profile **profile_out, struct detail *detail) {
    struct tls_profile *profile = calloc(1, sizeof *profile);
    if (profile == NULL) return OUTCOME_NO_MEMORY;
    profile->loop = loop;
    mbedtls_entropy_init(&profile->entropy);
    mbedtls_ctr_drbg_init(&profile->random);
    mbedtls_x509_crt_init(&profile->roots);
    mbedtls_ssl_config_init(&profile->config);
    const enum outcome outcome = profile_fill(profile, pem, detail);
    if (outcome)
        profile_free(profile);
    else
        *profile_out = profile;
    return outcome;
}

/* --- the file --- */

static enum outcome read_open_file(FILE *file, struct buffer *pem) {
    char part[8192];
    size_t len = 0;
    while ((len = fread(part, 1, sizeof part, file)) > 0) buffer_append(pem, slice_of(part, len));
    if (ferror(file)) return OUTCOME_IO;
    buffer_append_char(pem, '\0');
    return pem->failed ? OUTCOME_OVERFLOW : OUTCOME_OK;
}

static enum outcome read_file(const char *path, struct buffer *pem, struct detail *detail) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        const enum outcome outcome = errno == ENOENT ? OUTCOME_NOT_FOUND : OUTCOME_IO;
        return detail_set(detail, outcome, "cannot read the CA file %s: %s", path, strerror(errno));
    }
    const enum outcome outcome = read_open_file(file, pem);
    (void)fclose(file); /* only read */
    return outcome ? detail_set(detail, outcome, "cannot read the CA file %s: %s", path, outcome_text(outcome))
                   : outcome;
}

/* Sets *path_out to what was read. */
static enum outcome read_roots(const char *ca_file, struct buffer *pem, const char **path_out, struct detail *detail) {
    *path_out = ca_file;
    if (ca_file) return read_file(ca_file, pem, detail);
    for (size_t i = 0; i < sizeof system_bundles / sizeof system_bundles[0]; i++) {
        *path_out = system_bundles[i];
        const enum outcome outcome = read_file(*path_out, pem, detail);
        if (outcome != OUTCOME_NOT_FOUND) return outcome;
    }
    return detail_set(detail, OUTCOME_NOT_FOUND,
                      "no CA bundle in the usual places; install ca-certificates or set ca_file");
}

/* --- the client --- */

static enum outcome add_profile(struct net_tls_client *client, const struct net_loop *loop,
                                struct tls_profile **profile_out, struct detail *detail) {
    struct tls_profile *profile = NULL;
    const enum outcome outcome = profile_create(&client->pem, loop, &profile, detail);
    if (outcome) return outcome;
    profile->next = client->profiles;
    client->profiles = profile;
    *profile_out = profile;
    return OUTCOME_OK;
}

static enum outcome fill(struct net_tls_client *client, const struct net_tls_settings *settings,
                         struct detail *detail) {
    const char *path = NULL;
    enum outcome outcome = read_roots(settings->ca_file, &client->pem, &path, detail);
    const unsigned count = settings->loops_count ? settings->loops_count : 1;
    for (unsigned i = 0; outcome == OUTCOME_OK && i < count; i++) {
        struct tls_profile *spare = NULL;
        struct detail why = {{0}};
        outcome = add_profile(client, NULL, &spare, &why);
        if (outcome) {
            const char *reason = why.text[0] ? why.text : outcome_text(outcome);
            (void)detail_set(detail, outcome, "cannot use the CA file %s: %.250s", path, reason);
        }
    }
    return outcome;
}

enum outcome net_tls_client_create(const struct net_tls_settings *settings, struct net_tls_client **client_out,
                                   struct detail *detail) {
    struct net_tls_client *client = calloc(1, sizeof *client);
    if (client == NULL) return detail_set(detail, OUTCOME_NO_MEMORY, "%s", outcome_text(OUTCOME_NO_MEMORY));
    atomic_init(&client->references, 1);
    buffer_init(&client->pem, LARGEST_CA_FILE_BYTES);
    require(pthread_mutex_init(&client->lock, NULL) == 0);
    const enum outcome outcome = fill(client, settings, detail);
    if (outcome)
        net_tls_client_destroy(&client);
    else
        *client_out = client;
    return outcome;
}

/* The count and the profiles are not part of what is const: the checks that they stand for are. */
static struct net_tls_client *counted(const struct net_tls_client *client) {
    return (struct net_tls_client *)client;
}

const struct net_tls_client *net_tls_client_ref(const struct net_tls_client *client) {
    atomic_fetch_add(&counted(client)->references, 1);
    return client;
}

void net_tls_client_unref(const struct net_tls_client *client) {
    struct net_tls_client *const gone = counted(client);
    if (atomic_fetch_sub(&gone->references, 1) != 1) return;
    while (gone->profiles) {
        struct tls_profile *profile = gone->profiles;
        gone->profiles = profile->next;
        profile_free(profile);
    }
    require(pthread_mutex_destroy(&gone->lock) == 0);
    buffer_deinit(&gone->pem);
    free(gone);
}

void net_tls_client_destroy(struct net_tls_client **client) {
    if (*client == NULL) return;
    net_tls_client_unref(*client);
    *client = NULL;
}

static struct tls_profile *find_profile(const struct net_tls_client *client, const struct net_loop *loop) {
    struct tls_profile *profile = client->profiles;
    while (profile && profile->loop != loop) profile = profile->next;
    return profile;
}

const mbedtls_ssl_config *net_tls_client_config(const struct net_tls_client *client, const struct net_loop *loop,
                                                struct detail *detail) {
    struct net_tls_client *const own = counted(client);
    require(pthread_mutex_lock(&own->lock) == 0);
    struct tls_profile *profile = find_profile(own, loop);
    if (profile == NULL) profile = find_profile(own, NULL);
    if (profile == NULL && add_profile(own, loop, &profile, detail) != OUTCOME_OK) profile = NULL;
    if (profile) profile->loop = loop;
    require(pthread_mutex_unlock(&own->lock) == 0);
    return profile ? &profile->config : NULL;
}
