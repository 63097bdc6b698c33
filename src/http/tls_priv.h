/* What the folder's own files share about TLS; nothing here is for others. */
#ifndef HATS_HTTP_TLS_PRIV_H
#define HATS_HTTP_TLS_PRIV_H

#include "http/tls.h"

#include <openssl/ssl.h>

#include <stdatomic.h>

struct hats_tls {
    SSL_CTX *ctx;
    atomic_uint refs;
    enum hats_tls_profile profile;
    bool is_server;
    int64_t not_after;                     /* server: seconds since 1970 */
    enum hats_tls_strength authentication; /* server: of the whole chain */
    char signature[HATS_TLS_NAME_MAX];     /* server: scheme its leaf key signs with */
};

/* The list for SSL_CTX_set1_sigalgs_list. */
const char *hats_tls_signatures_of(enum hats_tls_profile profile);

/* One more owner; hats_tls_free gives it back. */
struct hats_tls *hats_tls_hold(const struct hats_tls *t);

/* A leaf, its key, and what is sent above it. */
struct hats_tls_chain {
    X509 *leaf;
    EVP_PKEY *key;
    STACK_OF(X509) * above;
};
void hats_tls_chain_clear(struct hats_tls_chain *c);
HATS_MUST_USE hats_status hats_tls_chain_load(struct hats_tls_chain *c, const char *chain_path,
                                              const char *key_path, struct hats_error *err);
/* Validity at now_s, algorithms allowed by the profile. Outputs the first expiry, the weakest link, and
 * the signature scheme of the leaf. */
HATS_MUST_USE hats_status hats_tls_chain_check(const struct hats_tls_chain *c,
                                               enum hats_tls_profile profile, const char *path,
                                               int64_t now_s, struct hats_tls *t,
                                               struct hats_error *err);
/* Every certificate of a PEM file, appended to `out`; at least one. */
HATS_MUST_USE hats_status hats_tls_read_certificates(STACK_OF(X509) * out, const char *path,
                                                     struct hats_error *err);
/* The weaker of a certificate's key and (where it counts) the signature on it. */
enum hats_tls_strength hats_tls_certificate_strength(const X509 *x, bool with_signature);
/* What was found, for a sentence: "a key of RSA signed with ecdsa-with-SHA256". */
void hats_tls_certificate_describe(char *out, size_t cap, const X509 *x);

/* Fill in what a finished handshake negotiated. */
void hats_tls_info_of(struct hats_tls_info *out, const struct hats_tls *t, SSL *ssl);

/* 32 bytes of keying material; zero and false on failure. */
HATS_MUST_USE bool hats_tls_export(uint8_t out[HATS_TLS_EXPORTER_BYTES], SSL *ssl,
                                   const char *label, const void *context, size_t context_len);

/* Why a client's handshake failed, as a status and a sentence. ssl_error is SSL_get_error's, taken
 * right after the failed call; reads and empties the library's error queue. */
hats_status hats_tls_handshake_failure(struct hats_error *err, SSL *ssl, int ssl_error,
                                       const char *host);

#endif
