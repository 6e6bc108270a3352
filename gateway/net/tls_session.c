/* One TLS connection as client: mbedTLS between two byte queues.
 *
 *     feed -> [borrowed or kept ciphertext] -> on_receive -> mbedTLS -> plaintext
 *     plaintext -> mbedTLS -> on_transmit -> send()
 *
 * mbedTLS never waits to send (`send` queues), so only reading can ask for more. Every nonzero result that
 * is not such a question refuses the peer or ends the connection. */
#include "gateway/net/tls_session.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/require.h"
#include "gateway/net/tls_inside.h"

struct tls_session {
    mbedtls_ssl_context ssl;
    const struct net_tls_client *client; /* counted */
    tls_send_fn *send;
    void *owner;
    struct slice input; /* unused ciphertext: borrowed, or the end of `kept` */
    struct buffer kept;
    bool is_kept;
};

static int on_receive(void *context, unsigned char *room, size_t room_bytes) {
    struct tls_session *session = context;
    if (session->input.len == 0) return MBEDTLS_ERR_SSL_WANT_READ;
    size_t count = session->input.len < room_bytes ? session->input.len : room_bytes;
    if (count > INT32_MAX) count = INT32_MAX;
    memcpy(room, session->input.data, count);
    session->input = slice_range(session->input, count, session->input.len);
    return (int)count;
}

static int on_transmit(void *context, const unsigned char *bytes, size_t len) {
    struct tls_session *session = context;
    if (len > INT32_MAX) len = INT32_MAX;
    if (!session->send(session->owner, slice_of((const char *)bytes, len))) return MBEDTLS_ERR_SSL_ALLOC_FAILED;
    return (int)len;
}

static enum outcome set_up(struct tls_session *session, const mbedtls_ssl_config *config, const char *server_name,
                           struct detail *detail) {
    struct tls_error_text text;
    int error = mbedtls_ssl_setup(&session->ssl, config);
    if (error) return detail_set(detail, net_tls_outcome(error), "TLS: %s", net_tls_error(error, &text));
    /* Without it any trusted certificate would do, whatever its name. */
    error = mbedtls_ssl_set_hostname(&session->ssl, server_name);
    if (error)
        return detail_set(detail, net_tls_outcome(error), "TLS: \"%.255s\" cannot be a server's name: %s", server_name,
                          net_tls_error(error, &text));
    mbedtls_ssl_set_bio(&session->ssl, session, on_transmit, on_receive, NULL);
    return OUTCOME_OK;
}

enum outcome tls_session_create(const struct net_tls_client *client, const struct net_loop *loop,
                                const char *server_name, tls_send_fn *send, void *owner,
                                struct tls_session **session_out, struct detail *detail) {
    if (broken(client && server_name && server_name[0]))
        return detail_set(detail, OUTCOME_INVALID, "TLS needs a client configuration and the server's name");
    const mbedtls_ssl_config *config = net_tls_client_config(client, loop, detail);
    struct tls_session *session = config ? calloc(1, sizeof *session) : NULL;
    if (session == NULL) return OUTCOME_NO_MEMORY;
    session->client = net_tls_client_ref(client);
    session->send = send;
    session->owner = owner;
    buffer_init(&session->kept, 0);
    mbedtls_ssl_init(&session->ssl);
    const enum outcome outcome = set_up(session, config, server_name, detail);
    if (outcome)
        tls_session_destroy(&session);
    else
        *session_out = session;
    return outcome;
}

void tls_session_destroy(struct tls_session **session) {
    struct tls_session *const gone = *session;
    if (gone == NULL) return;
    *session = NULL;
    mbedtls_ssl_free(&gone->ssl);
    net_tls_client_unref(gone->client);
    buffer_deinit(&gone->kept);
    free(gone);
}

void tls_session_feed(struct tls_session *session, struct slice ciphertext) {
    require(session->input.len == 0);
    session->input = ciphertext;
    session->is_kept = false;
}

bool tls_session_keep(struct tls_session *session) {
    if (session->input.len == 0) {
        session->is_kept = false;
        buffer_deinit(&session->kept);
    } else if (!session->is_kept) {
        buffer_clear(&session->kept);
        buffer_append(&session->kept, session->input);
        session->is_kept = true;
        session->input = buffer_slice(&session->kept);
    }
    return !session->kept.failed;
}

bool tls_session_has_input(const struct tls_session *session) {
    return session->input.len > 0 || mbedtls_ssl_get_bytes_avail(&session->ssl) > 0;
}

/* --- the handshake --- */

static const struct {
    uint32_t flag;
    const char *text;
} refusals[] = {
    /* The first that holds is the one to tell. */
    {MBEDTLS_X509_BADCERT_CN_MISMATCH, "the certificate is for another host"},
    {MBEDTLS_X509_BADCERT_EXPIRED, "the certificate has expired"},
    {MBEDTLS_X509_BADCERT_FUTURE, "the certificate is not valid yet"},
    {MBEDTLS_X509_BADCERT_REVOKED, "the certificate has been revoked"},
    {MBEDTLS_X509_BADCERT_NOT_TRUSTED, "the certificate is not trusted: no known authority has signed it"},
    {MBEDTLS_X509_BADCERT_MISSING, "there is no certificate"},
    {MBEDTLS_X509_BADCERT_BAD_MD, "the certificate is signed with a weak hash"},
    {MBEDTLS_X509_BADCERT_BAD_KEY, "the certificate's key is too weak"},
    {MBEDTLS_X509_BADCERT_BAD_PK, "the certificate's key is of a kind that is not accepted"},
    {MBEDTLS_X509_BADCERT_KEY_USAGE, "the certificate may not be used for this"},
    {MBEDTLS_X509_BADCERT_EXT_KEY_USAGE, "the certificate is not one for servers"},
};

/* What is wrong with the certificate, NULL when nothing is, or when it did not come so far. */
static const char *refusal_text(const struct tls_session *session) {
    const uint32_t flags = mbedtls_ssl_get_verify_result(&session->ssl);
    if (flags == UINT32_MAX) return NULL;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        if (flags & refusals[i].flag) return refusals[i].text;
    return flags ? "the certificate does not verify" : NULL;
}

static enum outcome refuse(const struct tls_session *session, int error, struct detail *detail) {
    struct tls_error_text text;
    const char *reason = refusal_text(session);
    return detail_set(detail, net_tls_outcome(error), "%s", reason ? reason : net_tls_error(error, &text));
}

enum outcome tls_session_handshake(struct tls_session *session, struct detail *detail) {
    const int error = mbedtls_ssl_handshake(&session->ssl);
    if (error == MBEDTLS_ERR_SSL_WANT_READ) return OUTCOME_AGAIN;
    if (error) return refuse(session, error, detail);
    /* VERIFY_REQUIRED says it already; asked again, since everything hangs on it. */
    if (mbedtls_ssl_get_verify_result(&session->ssl) != 0)
        return refuse(session, MBEDTLS_ERR_X509_CERT_VERIFY_FAILED, detail);
    return OUTCOME_OK;
}

/* --- records --- */

/* True when a read came back empty-handed, but not for want of ciphertext: it had a message of the protocol
 * itself before it (a renegotiation request, a session ticket). */
static bool read_goes_on(const struct tls_session *session, int result, size_t input_before_bytes) {
#if defined(MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
    if (result == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) return true;
#endif
    return result == MBEDTLS_ERR_SSL_WANT_READ && session->input.len && session->input.len < input_before_bytes;
}

enum outcome tls_session_read(struct tls_session *session, char *room, size_t room_bytes, size_t *len_out) {
    int result = 0;
    size_t before_bytes = 0;
    do {
        before_bytes = session->input.len;
        result = mbedtls_ssl_read(&session->ssl, (unsigned char *)room, room_bytes);
    } while (read_goes_on(session, result, before_bytes));
    if (result > 0) {
        *len_out = (size_t)result;
        return OUTCOME_OK;
    }
    if (result == MBEDTLS_ERR_SSL_WANT_READ) return session->input.len ? OUTCOME_CRYPTO : OUTCOME_AGAIN;
    if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return OUTCOME_CLOSED;
    return result == 0 ? OUTCOME_CRYPTO : net_tls_outcome(result);
}

enum outcome tls_session_write(struct tls_session *session, struct slice plaintext) {
    while (plaintext.len) {
        const int count = mbedtls_ssl_write(&session->ssl, (const unsigned char *)plaintext.data, plaintext.len);
        if (count <= 0) return count == 0 ? OUTCOME_CRYPTO : net_tls_outcome(count);
        plaintext = slice_range(plaintext, (size_t)count, plaintext.len);
    }
    return OUTCOME_OK;
}

void tls_session_close_notify(struct tls_session *session) {
    (void)mbedtls_ssl_close_notify(&session->ssl); /* the connection ends either way */
}
