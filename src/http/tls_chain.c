#include "http/tls_priv.h"

#include "base/bytes.h"
#include "base/file.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#define PEM_FILE_MAX (1u << 20)
#define CHAIN_MAX 16

void hats_tls_chain_clear(struct hats_tls_chain *c) {
    X509_free(c->leaf);
    EVP_PKEY_free(c->key);
    sk_X509_pop_free(c->above, X509_free);
    *c = (struct hats_tls_chain){0};
}

/* An encrypted key would need a passphrase from somewhere; ours are protected by file permissions. */
static int no_passphrase(char *buffer, int cap, int writing, void *arg) {
    (void)buffer;
    (void)cap;
    (void)writing;
    (void)arg;
    return -1;
}

hats_status hats_tls_read_certificates(STACK_OF(X509) * out, const char *path,
                                       struct hats_error *err) {
    struct hats_buffer pem;
    hats_buffer_init(&pem, PEM_FILE_MAX);
    hats_status s = hats_file_read(&pem, path, err);
    BIO *bio = s == HATS_OK && pem.len > 0 ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
    int n = 0;
    X509 *x;
    while (bio != NULL && (x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL) {
        if (++n > CHAIN_MAX || sk_X509_push(out, x) == 0) {
            X509_free(x);
            s = hats_fail(err, HATS_E_MALFORMED, "%s: more than %d certificates", path, CHAIN_MAX);
            break;
        }
    }
    bool clean_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (s == HATS_OK && (n == 0 || !clean_end))
        s = hats_fail(err, HATS_E_MALFORMED, "%s: %s", path,
                      n == 0 ? "holds no PEM certificate"
                             : "a certificate after the first is damaged");
    ERR_clear_error();
    BIO_free(bio);
    hats_buffer_clear(&pem);
    return s;
}

static hats_status check_key_file(const char *path, struct hats_error *err) {
    struct stat st;
    if (stat(path, &st) != 0)
        return hats_fail(err, errno == ENOENT ? HATS_E_NOT_FOUND : HATS_E_IO, "%s: %s", path,
                         strerror(errno));
    mode_t too_wide = st.st_gid == 0 ? 0037 : 0077;
    if ((st.st_mode & too_wide) != 0)
        return hats_fail(
            err, HATS_E_DENIED,
            "%s: this private key can be read by others (mode %04o); run: chmod 600 %s", path,
            (unsigned)(st.st_mode & 07777), path);
    return HATS_OK;
}

static hats_status read_key(EVP_PKEY **out, const char *path, struct hats_error *err) {
    hats_status s = check_key_file(path, err);
    if (s != HATS_OK)
        return s;
    struct hats_buffer pem;
    hats_buffer_init(&pem, PEM_FILE_MAX);
    s = hats_file_read(&pem, path, err);
    BIO *bio = s == HATS_OK && pem.len > 0 ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
    if (bio != NULL)
        *out = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    if (s == HATS_OK && *out == NULL)
        s = hats_fail(err, HATS_E_MALFORMED, "%s: holds no unencrypted PEM private key", path);
    ERR_clear_error();
    BIO_free(bio);
    hats_buffer_clear(&pem);
    return s;
}

hats_status hats_tls_chain_load(struct hats_tls_chain *c, const char *chain_path,
                                const char *key_path, struct hats_error *err) {
    c->above = sk_X509_new_null();
    if (c->above == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for %s", chain_path);
    hats_status s = hats_tls_read_certificates(c->above, chain_path, err);
    if (s != HATS_OK)
        return s;
    c->leaf = sk_X509_shift(c->above);
    /* Clients have the root or do not trust it: sending it is 7 KB for nothing. */
    for (int i = sk_X509_num(c->above); i-- > 0;)
        if (X509_check_issued(sk_X509_value(c->above, i), sk_X509_value(c->above, i)) == X509_V_OK)
            X509_free(sk_X509_delete(c->above, i));
    s = read_key(&c->key, key_path, err);
    if (s == HATS_OK && X509_check_private_key(c->leaf, c->key) != 1) {
        ERR_clear_error();
        s = hats_fail(err, HATS_E_MALFORMED, "%s is not the key of the first certificate in %s",
                      key_path, chain_path);
    }
    return s;
}

static int key_nid(const X509 *x) {
    ASN1_OBJECT *algorithm = NULL;
    if (X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL, X509_get_X509_PUBKEY(x)) != 1)
        return NID_undef;
    return OBJ_obj2nid(algorithm);
}

enum hats_tls_strength hats_tls_certificate_strength(const X509 *x, bool with_signature) {
    enum hats_tls_strength key = hats_tls_certificate_by_nid(key_nid(x))->strength;
    enum hats_tls_strength signature =
        hats_tls_certificate_by_nid(X509_get_signature_nid(x))->strength;
    return with_signature && signature < key ? signature : key;
}

void hats_tls_certificate_describe(char *out, size_t cap, const X509 *x) {
    const char *key = OBJ_nid2sn(key_nid(x));
    const char *signature = OBJ_nid2sn(X509_get_signature_nid(x));
    snprintf(out, cap, "a key of %s signed with %s", key != NULL ? key : "an unknown algorithm",
             signature != NULL ? signature : "an unknown algorithm");
}

static hats_status check_validity(const X509 *x, const char *path, int64_t now_s,
                                  int64_t *not_after, struct hats_error *err) {
    struct tm from, until;
    if (ASN1_TIME_to_tm(X509_get0_notBefore(x), &from) != 1 ||
        ASN1_TIME_to_tm(X509_get0_notAfter(x), &until) != 1)
        return hats_fail(err, HATS_E_MALFORMED, "%s: a certificate without readable dates", path);
    char text[32];
    if (now_s < (int64_t)timegm(&from)) {
        strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &from);
        return hats_fail(err, HATS_E_TRUST,
                         "%s: a certificate is not valid before %s; check this machine's clock",
                         path, text);
    }
    int64_t end = (int64_t)timegm(&until);
    if (now_s > end) {
        strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &until);
        return hats_fail(err, HATS_E_TRUST,
                         "%s: a certificate expired on %s; have a new one issued", path, text);
    }
    if (*not_after == 0 || end < *not_after)
        *not_after = end;
    return HATS_OK;
}

/* The one scheme that TLS 1.3 allows for this kind of key [RFC8446, 4.2.3]. */
static const char *scheme_of(const X509 *leaf) {
    EVP_PKEY *key = X509_get0_pubkey(leaf);
    switch (key_nid(leaf)) {
    case NID_ML_DSA_65: return "mldsa65";
    case NID_ML_DSA_87: return "mldsa87";
    case NID_X9_62_id_ecPublicKey:
        return EVP_PKEY_get_bits(key) == 384   ? "ecdsa_secp384r1_sha384"
               : EVP_PKEY_get_bits(key) == 256 ? "ecdsa_secp256r1_sha256"
                                               : NULL;
    default: return NULL;
    }
}

hats_status hats_tls_chain_check(const struct hats_tls_chain *c, enum hats_tls_profile profile,
                                 const char *path, int64_t now_s, struct hats_tls *t,
                                 struct hats_error *err) {
    const char *scheme = scheme_of(c->leaf);
    t->not_after = 0;
    t->authentication = HATS_TLS_PQ;
    for (int i = -1; i < sk_X509_num(c->above); i++) {
        const X509 *x = i < 0 ? c->leaf : sk_X509_value(c->above, i);
        hats_status s = check_validity(x, path, now_s, &t->not_after, err);
        if (s != HATS_OK)
            return s;
        enum hats_tls_strength strength = hats_tls_certificate_strength(x, true);
        char what[128];
        hats_tls_certificate_describe(what, sizeof what, x);
        if (profile == HATS_TLS_STRICT && strength < HATS_TLS_HYBRID)
            return hats_fail(err, HATS_E_INSECURE,
                             "%s: certificate %d has %s; the profile \"strict\" wants ML-DSA-65 or "
                             "ML-DSA-87 throughout (or set the profile \"browser\")",
                             path, i + 2, what);
        if (strength < t->authentication)
            t->authentication = strength;
    }
    if (scheme == NULL || t->authentication == HATS_TLS_UNKNOWN)
        return hats_fail(
            err, HATS_E_INSECURE,
            "%s: a certificate algorithm that this program does not know; use ML-DSA-65 "
            "(or, in the profile \"browser\", ECDSA with P-256 or P-384)",
            path);
    snprintf(t->signature, sizeof t->signature, "%s", scheme);
    return HATS_OK;
}
