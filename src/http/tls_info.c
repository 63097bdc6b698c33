#include "http/tls_priv.h"

#include "base/bytes.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <stdio.h>
#include <string.h>

static enum hats_tls_strength weaker(enum hats_tls_strength a, enum hats_tls_strength b) {
    return a < b ? a : b;
}

/* The client's view: the scheme in CertificateVerify and every link that was verified (a probe
 * verifies nothing: every link that was sent). */
static enum hats_tls_strength peer_authentication(SSL *ssl, char name[HATS_TLS_NAME_MAX]) {
    const char *scheme = NULL;
    if (SSL_get0_peer_signature_name(ssl, &scheme) != 1 || scheme == NULL)
        return HATS_TLS_UNKNOWN;
    const struct hats_tls_algorithm *a = hats_tls_signature_by_name(scheme, strlen(scheme));
    if (a == NULL)
        return HATS_TLS_UNKNOWN;
    snprintf(name, HATS_TLS_NAME_MAX, "%s", a->name);
    enum hats_tls_strength s = a->strength;
    bool verified = SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE;
    STACK_OF(X509) *chain = verified ? SSL_get0_verified_chain(ssl) : SSL_get_peer_cert_chain(ssl);
    int n = chain != NULL ? sk_X509_num(chain) : 0;
    for (int i = 0; i < n; i++) {
        bool is_anchor = verified && i + 1 == n;
        s = weaker(s, hats_tls_certificate_strength(sk_X509_value(chain, i), !is_anchor));
    }
    return n > 0 ? s : HATS_TLS_UNKNOWN;
}

void hats_tls_info_of(struct hats_tls_info *out, const struct hats_tls *t, SSL *ssl) {
    static const char label[] = "EXPORTER-hats-handshake";
    *out = (struct hats_tls_info){0};
    snprintf(out->version, sizeof out->version, "%s", SSL_get_version(ssl));
    snprintf(out->cipher, sizeof out->cipher, "%s", SSL_get_cipher_name(ssl));
    snprintf(out->group, sizeof out->group, "unknown");
    snprintf(out->signature, sizeof out->signature, "unknown");
    const char *group = SSL_get0_group_name(ssl);
    const struct hats_tls_algorithm *g =
        group != NULL ? hats_tls_group_by_name(group, strlen(group)) : NULL;
    if (g != NULL) {
        snprintf(out->group, sizeof out->group, "%s", g->name);
        out->group_code_point = g->code_point;
        out->group_strength = g->strength;
    }
    if (t != NULL && t->is_server) {
        snprintf(out->signature, sizeof out->signature, "%s", t->signature);
        out->server_authentication = t->authentication;
    } else {
        out->server_authentication = peer_authentication(ssl, out->signature);
    }
    out->resumed = SSL_session_reused(ssl) == 1;
    if (SSL_export_keying_material(ssl, out->exporter, sizeof out->exporter, label,
                                   sizeof label - 1, NULL, 0, 0) != 1)
        hats_wipe(out->exporter, sizeof out->exporter);
    ERR_clear_error();
}

bool hats_tls_export(uint8_t out[HATS_TLS_EXPORTER_BYTES], SSL *ssl, const char *label,
                     const void *context, size_t context_len) {
    bool ok = SSL_export_keying_material(ssl, out, HATS_TLS_EXPORTER_BYTES, label, strlen(label),
                                         context, context_len, 1) == 1;
    if (!ok)
        hats_wipe(out, HATS_TLS_EXPORTER_BYTES);
    ERR_clear_error();
    return ok;
}

static hats_status certificate_failure(struct hats_error *err, long why, const char *host) {
    switch (why) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return hats_fail(err, HATS_E_TRUST,
                         "the certificate of %s has expired; its operator must renew it (or this "
                         "machine's clock is wrong)",
                         host);
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return hats_fail(err, HATS_E_TRUST,
                         "the certificate of %s is not valid yet; check this machine's clock",
                         host);
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return hats_fail(err, HATS_E_TRUST,
                         "the certificate is for another name than %s; use the name it was issued "
                         "for, or have the certificate issued for this one",
                         host);
    case X509_V_ERR_APPLICATION_VERIFICATION:
        return hats_fail(err, HATS_E_INSECURE,
                         "the certificate chain of %s has a classical link; the profile \"strict\" "
                         "wants ML-DSA throughout",
                         host);
    default:
        return hats_fail(err, HATS_E_TRUST,
                         "the certificate of %s is not under the root you gave (%s); get the root "
                         "file from the server's operator",
                         host, X509_verify_cert_error_string(why));
    }
}

/* Which alert, or which fault of our own, ended it. */
hats_status hats_tls_handshake_failure(struct hats_error *err, SSL *ssl, int ssl_error,
                                       const char *host) {
    unsigned long code = ERR_peek_error();
    int reason = ERR_GET_REASON(code);
    long verify = SSL_get_verify_result(ssl);
    const struct hats_tls *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    ERR_clear_error();
    if (ssl_error == SSL_ERROR_SSL && reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
        return certificate_failure(err, verify, host);
    if (ssl_error == SSL_ERROR_SYSCALL || ssl_error == SSL_ERROR_ZERO_RETURN || code == 0)
        return hats_fail(err, HATS_E_NETWORK,
                         "%s closed the connection during the TLS handshake; is this the TLS port?",
                         host);
    switch (reason) {
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
        return hats_fail(err, HATS_E_NETWORK,
                         "%s closed the connection during the TLS handshake; it may be at a limit, "
                         "or this is not the TLS port",
                         host);
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        return hats_fail(err, HATS_E_INSECURE,
                         "%s offers no post-quantum group or no certificate signature that this "
                         "client accepts (alert handshake_failure); it needs one of %s and a "
                         "certificate of %s",
                         host, hats_tls_default_groups, hats_tls_signatures_of(t->profile));
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
        return hats_fail(err, HATS_E_INSECURE, "%s does not speak TLS 1.3, which is required",
                         host);
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
        return hats_fail(err, HATS_E_NETWORK, "%s does not answer with TLS; check the port", host);
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
        return hats_fail(err, HATS_E_NETWORK, "%s does not speak HTTP/2", host);
    default: {
        const char *text = ERR_reason_error_string(code);
        return hats_fail(err, HATS_E_NETWORK, "the TLS handshake with %s failed: %s", host,
                         text != NULL ? text : "no reason given");
    }
    }
}
