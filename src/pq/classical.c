#include "pq/classical.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "pq/names.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#define NAME_RSA "RSA"
#define NAME_EC "EC"
#define NAME_AES "AES-128-CFB"
#define NAME_P256 "prime256v1"
#define NAME_P384 "secp384r1"
#define EK_PURPOSE "2.23.133.8.1" /* tcg-kp-EKCertificate */
#define SECURITY_LEVEL 2          /* 112 bits: RSA-2048 */

const char *const hats_classical_names[] = {NAME_RSA,  NAME_EC,   NAME_AES, PQ_SHA256,
                                            NAME_P256, NAME_P384, NULL};

/* ---- keys ---- */

/* Without leading zeros. */
static void strip(const uint8_t **p, size_t *len) {
    while (*len > 0 && **p == 0) {
        (*p)++;
        (*len)--;
    }
}

static bool same_number(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len) {
    strip(&a, &a_len);
    strip(&b, &b_len);
    return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

bool hats_classical_key_equal(const struct hats_classical_key *a,
                              const struct hats_classical_key *b) {
    return a->kind == b->kind && same_number(a->x, a->x_len_bytes, b->x, b->x_len_bytes) &&
           same_number(a->y, a->y_len_bytes, b->y, b->y_len_bytes) &&
           (a->kind != HATS_CLASSICAL_RSA || a->exponent == b->exponent);
}

/* 04 | x | y, padded to the field's length; 0: too long. */
static size_t write_point(uint8_t out[1 + 2 * 48], const struct hats_classical_key *k) {
    size_t n = k->kind == HATS_CLASSICAL_P256 ? 32 : 48;
    if (k->x_len_bytes > n || k->y_len_bytes > n)
        return 0;
    memset(out, 0, 1 + 2 * n);
    out[0] = 4;
    memcpy(out + 1 + n - k->x_len_bytes, k->x, k->x_len_bytes);
    memcpy(out + 1 + 2 * n - k->y_len_bytes, k->y, k->y_len_bytes);
    return 1 + 2 * n;
}

static bool push_key(OSSL_PARAM_BLD *build, BIGNUM **n, const struct hats_classical_key *k,
                     uint8_t point[1 + 2 * 48]) {
    if (k->kind == HATS_CLASSICAL_RSA) {
        *n = BN_bin2bn(k->x, (int)k->x_len_bytes, NULL);
        return *n != NULL && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, *n) == 1 &&
               OSSL_PARAM_BLD_push_uint32(build, OSSL_PKEY_PARAM_RSA_E, k->exponent) == 1;
    }
    size_t len = write_point(point, k);
    const char *group = k->kind == HATS_CLASSICAL_P256 ? NAME_P256 : NAME_P384;
    return len > 0 &&
           OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1 &&
           OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, len) == 1;
}

static EVP_PKEY *import_key(const struct hats_classical_key *k) {
    const char *name = k->kind == HATS_CLASSICAL_RSA ? NAME_RSA : NAME_EC;
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
    OSSL_PARAM *params = NULL;
    BIGNUM *n = NULL;
    EVP_PKEY *key = NULL;
    uint8_t point[1 + 2 * 48];
    bool good = build != NULL && ctx != NULL && push_key(build, &n, k, point) &&
                (params = OSSL_PARAM_BLD_to_param(build)) != NULL &&
                EVP_PKEY_fromdata_init(ctx) == 1 &&
                EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) == 1;
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    EVP_PKEY_CTX_free(ctx);
    if (good)
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

static bool take_number(uint8_t *out, size_t cap, size_t *len, const EVP_PKEY *key,
                        const char *name) {
    BIGNUM *n = NULL;
    bool good = EVP_PKEY_get_bn_param(key, name, &n) == 1 && (size_t)BN_num_bytes(n) <= cap;
    *len = good ? (size_t)BN_bn2bin(n, out) : 0;
    BN_free(n);
    return good;
}

static bool export_key(struct hats_classical_key *out, const EVP_PKEY *key) {
    char group[32] = "";
    memset(out, 0, sizeof *out);
    if (EVP_PKEY_is_a(key, NAME_RSA)) {
        BIGNUM *e = NULL;
        bool good =
            take_number(out->x, sizeof out->x, &out->x_len_bytes, key, OSSL_PKEY_PARAM_RSA_N) &&
            EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_num_bits(e) <= 32;
        out->exponent = good ? (uint32_t)BN_get_word(e) : 0;
        BN_free(e);
        return good;
    }
    if (!EVP_PKEY_is_a(key, NAME_EC) ||
        EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
                                       NULL) != 1)
        return false;
    out->kind = strcmp(group, NAME_P256) == 0 ? HATS_CLASSICAL_P256 : HATS_CLASSICAL_P384;
    return (strcmp(group, NAME_P256) == 0 || strcmp(group, NAME_P384) == 0) &&
           take_number(out->x, 48, &out->x_len_bytes, key, OSSL_PKEY_PARAM_EC_PUB_X) &&
           take_number(out->y, 48, &out->y_len_bytes, key, OSSL_PKEY_PARAM_EC_PUB_Y);
}

/* ---- signatures ---- */

static void write_integer(struct hats_writer *w, const uint8_t *p, size_t len) {
    strip(&p, &len);
    bool high = len > 0 && p[0] >= 0x80, empty = len == 0;
    hats_write_u8(w, 0x02);
    hats_write_u8(w, (uint8_t)(len + (high || empty ? 1 : 0)));
    if (high || empty)
        hats_write_u8(w, 0);
    hats_write_bytes(w, p, len);
}

/* SEQUENCE { r, s }; r and s are at most 48 bytes, so every length is one byte. */
static size_t write_ecdsa(uint8_t out[2 + 2 * (2 + 49)],
                          const struct hats_classical_signature *sig) {
    struct hats_writer w = hats_writer_of(out + 2, 2 * (2 + 49));
    if (sig->r_len_bytes > 48 || sig->s_len_bytes > 48)
        return 0;
    write_integer(&w, sig->r, sig->r_len_bytes);
    write_integer(&w, sig->s, sig->s_len_bytes);
    if (!hats_writer_ok(&w))
        return 0;
    out[0] = 0x30;
    out[1] = (uint8_t)hats_writer_len(&w);
    return 2 + hats_writer_len(&w);
}

static bool check(EVP_PKEY *key, const struct hats_classical_signature *sig,
                  const uint8_t *signature, size_t signature_len, const uint8_t *message,
                  size_t len) {
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx = NULL;
    bool good =
        md != NULL && EVP_DigestVerifyInit_ex(md, &ctx, PQ_SHA256, NULL, NULL, key, NULL) == 1;
    if (good && sig->scheme == HATS_CLASSICAL_RSAPSS)
        good = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_AUTO) == 1;
    good = good && EVP_DigestVerify(md, signature, signature_len, message, len) == 1;
    EVP_MD_CTX_free(md);
    return good;
}

hats_status hats_classical_verify(const struct hats_classical_key *key,
                                  const struct hats_classical_signature *sig,
                                  const uint8_t *message, size_t len, struct hats_error *err) {
    uint8_t der[2 + 2 * (2 + 49)];
    const uint8_t *signature = sig->r;
    size_t signature_len = sig->r_len_bytes;
    bool ecdsa = sig->scheme == HATS_CLASSICAL_ECDSA;
    if (ecdsa == (key->kind == HATS_CLASSICAL_RSA))
        return hats_fail(err, HATS_E_VERIFY, "a signature of another kind than its key");
    if (ecdsa) {
        signature = der;
        signature_len = write_ecdsa(der, sig);
    }
    EVP_PKEY *imported = import_key(key);
    if (imported == NULL)
        return hats_pq_fail(err, HATS_E_MALFORMED, "a public key that is none");
    bool good = signature_len > 0 && check(imported, sig, signature, signature_len, message, len);
    EVP_PKEY_free(imported);
    return good ? HATS_OK : hats_pq_fail(err, HATS_E_VERIFY, "a TPM's signature does not hold");
}

/* ---- encryption ---- */

hats_status hats_classical_oaep(uint8_t out[HATS_CLASSICAL_RSA_MAX], size_t *out_len,
                                const struct hats_classical_key *key, const void *label,
                                size_t label_len, const uint8_t *data, size_t len,
                                struct hats_error *err) {
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE,
                                         (char *)(uintptr_t)OSSL_PKEY_RSA_PAD_MODE_OAEP, 0),
        OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST,
                                         (char *)(uintptr_t)PQ_SHA256, 0),
        OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL,
                                          (void *)(uintptr_t)label, label_len),
        OSSL_PARAM_construct_end()};
    EVP_PKEY *imported = key->kind == HATS_CLASSICAL_RSA ? import_key(key) : NULL;
    EVP_PKEY_CTX *ctx = imported != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, imported, NULL) : NULL;
    *out_len = HATS_CLASSICAL_RSA_MAX;
    bool good = ctx != NULL && EVP_PKEY_encrypt_init_ex(ctx, params) == 1 &&
                EVP_PKEY_encrypt(ctx, out, out_len, data, len) == 1;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(imported);
    if (good)
        return HATS_OK;
    *out_len = 0;
    return hats_pq_fail(err, HATS_E_CRYPTO, "a secret could not be encrypted for an RSA key");
}

hats_status hats_classical_aes128_cfb(uint8_t *out, const uint8_t key[16], const uint8_t *data,
                                      size_t len, struct hats_error *err) {
    static const uint8_t iv[16];
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, NAME_AES, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    bool good = cipher != NULL && ctx != NULL &&
                EVP_EncryptInit_ex2(ctx, cipher, key, iv, NULL) == 1 &&
                EVP_EncryptUpdate(ctx, out, &n, data, (int)len) == 1 && (size_t)n == len;
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return good ? HATS_OK : hats_pq_fail(err, HATS_E_CRYPTO, "AES-128-CFB");
}

/* ---- certificates ---- */

static X509 *read_der(const struct hats_classical_der *der) {
    const unsigned char *p = der->data;
    X509 *cert =
        der->len_bytes <= HATS_CLASSICAL_DER_MAX ? d2i_X509(NULL, &p, (long)der->len_bytes) : NULL;
    if (cert != NULL && p == der->data + der->len_bytes)
        return cert;
    X509_free(cert);
    return NULL;
}

/* Certificates that say what they are for say that they certify endorsement keys, and no others. */
static bool is_for_endorsement(X509 *leaf) {
    char text[64];
    EXTENDED_KEY_USAGE *uses = X509_get_ext_d2i(leaf, NID_ext_key_usage, NULL, NULL);
    bool good = uses == NULL;
    for (int i = 0; uses != NULL && i < sk_ASN1_OBJECT_num(uses); i++)
        good |= OBJ_obj2txt(text, sizeof text, sk_ASN1_OBJECT_value(uses, i), 1) > 0 &&
                strcmp(text, EK_PURPOSE) == 0;
    EXTENDED_KEY_USAGE_free(uses);
    return good && X509_check_ca(leaf) == 0;
}

struct chain {
    X509 *leaf;
    STACK_OF(X509) * others;
    STACK_OF(X509) * roots;
    X509_STORE *store;
    X509_STORE_CTX *ctx;
};

static bool push_all(STACK_OF(X509) * out, const struct hats_classical_der *ders, size_t n) {
    for (size_t i = 0; i < n; i++) {
        X509 *cert = read_der(&ders[i]);
        if (cert == NULL)
            return false;
        if (sk_X509_push(out, cert) <= 0) {
            X509_free(cert);
            return false;
        }
    }
    return true;
}

static bool prepare(struct chain *c, uint64_t now_ms) {
    for (int i = 0; i < sk_X509_num(c->roots); i++)
        if (X509_STORE_add_cert(c->store, sk_X509_value(c->roots, i)) != 1)
            return false;
    if (X509_STORE_CTX_init(c->ctx, c->store, c->leaf, c->others) != 1)
        return false;
    X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(c->ctx);
    X509_VERIFY_PARAM_set_time(p, (time_t)(now_ms / 1000));
    X509_VERIFY_PARAM_set_auth_level(p, SECURITY_LEVEL);
    return true;
}

/* Which of the roots the chain that was found ends in. */
static bool find_root(size_t *root, const struct chain *c) {
    STACK_OF(X509) *found = X509_STORE_CTX_get0_chain(c->ctx);
    X509 *last = sk_X509_value(found, sk_X509_num(found) - 1);
    for (int i = 0; i < sk_X509_num(c->roots); i++)
        if (X509_cmp(last, sk_X509_value(c->roots, i)) == 0) {
            *root = (size_t)i;
            return true;
        }
    return false;
}

static void clear(struct chain *c) {
    X509_STORE_CTX_free(c->ctx);
    X509_STORE_free(c->store);
    sk_X509_pop_free(c->roots, X509_free);
    sk_X509_pop_free(c->others, X509_free);
    X509_free(c->leaf);
}

hats_status hats_classical_chain(size_t *root, struct hats_classical_key *key,
                                 const struct hats_classical_der *leaf,
                                 const struct hats_classical_der *others, size_t n_others,
                                 const struct hats_classical_der *roots, size_t n_roots,
                                 uint64_t now_ms, struct hats_error *err) {
    struct chain c = {read_der(leaf), sk_X509_new_null(), sk_X509_new_null(), X509_STORE_new(),
                      X509_STORE_CTX_new()};
    hats_status s = HATS_E_TRUST;
    memset(key, 0, sizeof *key);
    *root = SIZE_MAX;
    if (c.others == NULL || c.roots == NULL || c.store == NULL || c.ctx == NULL)
        s = hats_pq_fail(err, HATS_E_CRYPTO, "no memory for certificates");
    else if (c.leaf == NULL || !push_all(c.others, others, n_others) ||
             !push_all(c.roots, roots, n_roots))
        s = hats_pq_fail(err, HATS_E_MALFORMED, "a certificate of a TPM is not DER");
    else if (!prepare(&c, now_ms))
        s = hats_pq_fail(err, HATS_E_CRYPTO, "certificates of TPM makers");
    else if (X509_verify_cert(c.ctx) != 1)
        (void)hats_fail(err, s, "the TPM's certificate leads to no known maker: %s",
                        X509_verify_cert_error_string(X509_STORE_CTX_get_error(c.ctx)));
    else if (!is_for_endorsement(c.leaf))
        (void)hats_fail(err, s, "the TPM's certificate is for another use");
    else if (!find_root(root, &c) || !export_key(key, X509_get0_pubkey(c.leaf)))
        (void)hats_fail(err, s, "the TPM's certificate is for a key of a kind not used here");
    else
        s = HATS_OK;
    clear(&c);
    return s;
}
