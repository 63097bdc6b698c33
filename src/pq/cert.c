#include "pq/cert.h"

#include "base/bytes.h"
#include "base/file.h"
#include "base/random.h"
#include "pq/key.h"
#include "pq/names.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

#define BACKDATE_S 300 /* for clients whose clock is behind */
#define DAY_S 86400L
#define DAYS_MAX 36500
#define COMMON_NAME_MAX 64 /* ub-common-name [RFC5280, app. A.1] */
#define CERT_FILE_MAX (1u << 20)
#define KEY_ID_LEN 20 /* leftmost 160 bits of SHA-256 of the key [RFC7093, 2, method 1] */

/* --- names --- */

static bool is_dns_name(const char *s) {
    size_t len = strlen(s), label = 0;
    if (len == 0 || len > 253)
        return false;
    if (s[0] == '*' && s[1] == '.')
        s += 2;
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        bool edge = label == 0 || s[1] == '.' || s[1] == '\0';
        if (c == '.') {
            if (label == 0)
                return false;
            label = 0;
            continue;
        }
        if (!(isascii(c) && isalnum(c)) && !(c == '-' && !edge))
            return false;
        if (++label > 63)
            return false;
    }
    return label != 0;
}

static GENERAL_NAME *dns_name(const char *text) {
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *value = ASN1_IA5STRING_new();
    if (name == NULL || value == NULL || ASN1_STRING_set(value, text, -1) != 1) {
        GENERAL_NAME_free(name);
        ASN1_IA5STRING_free(value);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, GEN_DNS, value);
    return name;
}

/* The length of the address in bytes, 0 when the text is none. */
static int parse_ip(uint8_t address[16], const char *text) {
    if (inet_pton(AF_INET, text, address) == 1)
        return 4;
    return inet_pton(AF_INET6, text, address) == 1 ? 16 : 0;
}

static GENERAL_NAME *ip_name(const char *text) {
    uint8_t address[16];
    int len = parse_ip(address, text);
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    if (name == NULL || value == NULL || ASN1_OCTET_STRING_set(value, address, len) != 1) {
        GENERAL_NAME_free(name);
        ASN1_OCTET_STRING_free(value);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, GEN_IPADD, value);
    return name;
}

static hats_status check_names(const struct hats_cert_names *names, struct hats_error *err) {
    uint8_t address[16];
    if (names->n_dns + names->n_ip == 0)
        return hats_fail(err, HATS_E_USAGE,
                         "a server certificate needs a DNS name or an IP address");
    for (size_t i = 0; i < names->n_dns; i++)
        if (!is_dns_name(names->dns[i]))
            return hats_fail(err, HATS_E_USAGE, "\"%.80s\" is not a DNS name", names->dns[i]);
    for (size_t i = 0; i < names->n_ip; i++)
        if (parse_ip(address, names->ip[i]) == 0)
            return hats_fail(err, HATS_E_USAGE, "\"%.80s\" is not an IP address", names->ip[i]);
    return HATS_OK;
}

static hats_status push_name(GENERAL_NAMES *list, GENERAL_NAME *name, struct hats_error *err) {
    if (name != NULL && sk_GENERAL_NAME_push(list, name) > 0)
        return HATS_OK;
    GENERAL_NAME_free(name);
    return hats_pq_fail(err, HATS_E_CRYPTO, "cannot make a subject alternative name");
}

static hats_status add_names(X509 *cert, const struct hats_cert_names *names,
                             struct hats_error *err) {
    GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
    hats_status s =
        list != NULL ? HATS_OK : hats_pq_fail(err, HATS_E_MEMORY, "no memory for names");
    for (size_t i = 0; s == HATS_OK && i < names->n_dns; i++)
        s = push_name(list, dns_name(names->dns[i]), err);
    for (size_t i = 0; s == HATS_OK && i < names->n_ip; i++)
        s = push_name(list, ip_name(names->ip[i]), err);
    if (s == HATS_OK && X509_add1_ext_i2d(cert, NID_subject_alt_name, list, 0, 0) != 1)
        s = hats_pq_fail(err, HATS_E_CRYPTO, "cannot add the subject alternative names");
    GENERAL_NAMES_free(list);
    return s;
}

/* --- making --- */

static bool set_serial(X509 *cert) {
    uint8_t serial[16];
    if (hats_random(serial, sizeof serial) != HATS_OK)
        return false;
    serial[0] = (uint8_t)((serial[0] & 0x7f) | 0x40); /* positive, and always 16 bytes */
    BIGNUM *n = BN_bin2bn(serial, sizeof serial, NULL);
    bool done = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL;
    BN_free(n);
    return done;
}

static bool key_id_of(uint8_t id[KEY_ID_LEN], const struct hats_sign_key *key) {
    uint8_t digest[32];
    size_t len = sizeof digest;
    if (EVP_Q_digest(NULL, PQ_SHA256, NULL, key->public_key, hats_mldsa_public_len(key->level),
                     digest, &len) != 1)
        return false;
    memcpy(id, digest, KEY_ID_LEN);
    return true;
}

static bool add_key_ids(X509 *cert, const struct hats_sign_key *subject,
                        const struct hats_sign_key *issuer) {
    uint8_t id[KEY_ID_LEN];
    ASN1_OCTET_STRING *own = ASN1_OCTET_STRING_new();
    AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
    bool done = own != NULL && authority != NULL && key_id_of(id, subject) &&
                ASN1_OCTET_STRING_set(own, id, KEY_ID_LEN) == 1 &&
                X509_add1_ext_i2d(cert, NID_subject_key_identifier, own, 0, 0) == 1;
    if (done && issuer != subject) {
        authority->keyid = ASN1_OCTET_STRING_new();
        done = authority->keyid != NULL && key_id_of(id, issuer) &&
               ASN1_OCTET_STRING_set(authority->keyid, id, KEY_ID_LEN) == 1 &&
               X509_add1_ext_i2d(cert, NID_authority_key_identifier, authority, 0, 0) == 1;
    }
    ASN1_OCTET_STRING_free(own);
    AUTHORITY_KEYID_free(authority);
    return done;
}

static bool add_text_ext(X509 *cert, int nid, const char *value) {
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    bool done = ext != NULL && X509_add_ext(cert, ext, -1) == 1;
    X509_EXTENSION_free(ext);
    return done;
}

/* A certificate for `subject`'s key, complete but for extensions of its use and the signature. */
static X509 *new_cert(const struct hats_sign_key *subject, const struct hats_sign_key *issuer,
                      const char *common_name, unsigned days) {
    X509 *cert = X509_new();
    if (cert == NULL)
        return NULL;
    X509_NAME *name = X509_get_subject_name(cert);
    bool done = X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
                X509_gmtime_adj(X509_getm_notBefore(cert), -BACKDATE_S) != NULL &&
                X509_time_adj_ex(X509_getm_notAfter(cert), (int)days, 0, NULL) != NULL &&
                X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                           (const unsigned char *)common_name, -1, -1, 0) == 1 &&
                X509_set_pubkey(cert, subject->pkey) == 1 && add_key_ids(cert, subject, issuer);
    if (done)
        return cert;
    X509_free(cert);
    return NULL;
}

static hats_status sign_and_write(X509 *cert, const struct hats_sign_key *issuer, const char *path,
                                  struct hats_error *err) {
    char *text = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    hats_status s;
    if (bio == NULL || X509_sign(cert, issuer->pkey, NULL) <= 0 ||
        PEM_write_bio_X509(bio, cert) != 1) {
        s = hats_pq_fail(err, HATS_E_CRYPTO, "cannot sign the certificate");
    } else {
        long len = BIO_get_mem_data(bio, &text);
        s = hats_file_write(path, 0644, text, (size_t)len, err);
    }
    BIO_free(bio);
    return s;
}

static hats_status check_days(unsigned days, struct hats_error *err) {
    if (days >= 1 && days <= DAYS_MAX)
        return HATS_OK;
    return hats_fail(err, HATS_E_USAGE, "a certificate is valid for 1 to %d days, not %u", DAYS_MAX,
                     days);
}

hats_status hats_cert_make_root(const char *path, const struct hats_sign_key *root,
                                const char *common_name, unsigned days, struct hats_error *err) {
    assert(root->level == HATS_MLDSA_87);
    hats_status s = check_days(days, err);
    if (s != HATS_OK)
        return s;
    size_t len = strlen(common_name);
    if (len == 0 || len > COMMON_NAME_MAX)
        return hats_fail(err, HATS_E_USAGE, "the name of a root has 1 to %d bytes",
                         COMMON_NAME_MAX);
    X509 *cert = new_cert(root, root, common_name, days);
    if (cert == NULL || X509_set_issuer_name(cert, X509_get_subject_name(cert)) != 1 ||
        !add_text_ext(cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
        !add_text_ext(cert, NID_key_usage, "critical,keyCertSign,cRLSign"))
        s = hats_pq_fail(err, HATS_E_CRYPTO, "cannot make the root certificate");
    else
        s = sign_and_write(cert, root, path, err);
    X509_free(cert);
    return s;
}

static X509 *parse_pem(const void *pem, size_t len_bytes) {
    BIO *bio = len_bytes <= CERT_FILE_MAX ? BIO_new_mem_buf(pem, (int)len_bytes) : NULL;
    X509 *cert = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    ERR_clear_error();
    return cert;
}

static hats_status read_cert(X509 **out, const char *path, struct hats_error *err) {
    struct hats_buffer text;
    hats_buffer_init(&text, CERT_FILE_MAX);
    hats_status s = hats_file_read(&text, path, err);
    if (s == HATS_OK) {
        *out = text.len != 0 ? parse_pem(text.data, text.len) : NULL;
        if (*out == NULL)
            s = hats_fail(err, HATS_E_MALFORMED, "%s: no certificate in PEM in this file", path);
    }
    hats_buffer_clear(&text);
    return s;
}

static bool fill_leaf(X509 *cert, X509 *root_cert) {
    const ASN1_TIME *end = X509_get0_notAfter(root_cert);
    if (ASN1_TIME_compare(X509_get0_notAfter(cert), end) > 0 && X509_set1_notAfter(cert, end) != 1)
        return false;
    return X509_set_issuer_name(cert, X509_get_subject_name(root_cert)) == 1 &&
           add_text_ext(cert, NID_basic_constraints, "critical,CA:FALSE") &&
           add_text_ext(cert, NID_key_usage, "critical,digitalSignature") &&
           add_text_ext(cert, NID_ext_key_usage, "serverAuth");
}

static hats_status make_leaf(const char *path, const struct hats_sign_key *leaf,
                             const struct hats_cert_names *names, unsigned days, X509 *root_cert,
                             const struct hats_sign_key *root, struct hats_error *err) {
    /* The common name is only for display; the names that count are the alternative ones. */
    const char *first = names->n_dns != 0 ? names->dns[0] : names->ip[0];
    const char *common_name = strlen(first) <= COMMON_NAME_MAX ? first : "hats server";
    X509 *cert = new_cert(leaf, root, common_name, days);
    hats_status s;
    if (cert == NULL || !fill_leaf(cert, root_cert))
        s = hats_pq_fail(err, HATS_E_CRYPTO, "cannot make the server certificate");
    else
        s = add_names(cert, names, err);
    if (s == HATS_OK)
        s = sign_and_write(cert, root, path, err);
    X509_free(cert);
    return s;
}

hats_status hats_cert_make_leaf(const char *path, const struct hats_sign_key *leaf,
                                const struct hats_cert_names *names, unsigned days,
                                const char *root_path, const struct hats_sign_key *root,
                                struct hats_error *err) {
    X509 *root_cert = NULL;
    hats_status s = check_days(days, err);
    if (s == HATS_OK)
        s = check_names(names, err);
    if (s == HATS_OK)
        s = read_cert(&root_cert, root_path, err);
    if (s != HATS_OK)
        return s;
    if (X509_check_private_key(root_cert, root->pkey) != 1) {
        ERR_clear_error();
        s = hats_fail(err, HATS_E_CONFLICT, "%s: not the certificate of this root key", root_path);
    } else {
        s = make_leaf(path, leaf, names, days, root_cert, root, err);
    }
    X509_free(root_cert);
    return s;
}

/* --- reading --- */

static bool time_ms(uint64_t *out, const ASN1_TIME *t) {
    struct tm tm;
    if (ASN1_TIME_to_tm(t, &tm) != 1)
        return false;
    time_t s = timegm(&tm);
    *out = s < 0 ? 0 : (uint64_t)s * 1000;
    return true;
}

static bool name_text(char *out, size_t cap, const X509_NAME *name) {
    BIO *bio = BIO_new(BIO_s_mem());
    bool done = bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253) >= 0;
    int n = done ? BIO_read(bio, out, (int)cap - 1) : -1;
    out[n > 0 ? n : 0] = '\0';
    BIO_free(bio);
    return done;
}

static bool is_mldsa_name(const char *name) {
    return strcmp(name, PQ_ML_DSA_44) == 0 || strcmp(name, PQ_ML_DSA_65) == 0 ||
           strcmp(name, PQ_ML_DSA_87) == 0;
}

static bool describe(struct hats_cert_info *out, X509 *cert) {
    unsigned char *der = NULL;
    int der_len = i2d_X509(cert, &der);
    size_t len = sizeof out->thumbprint;
    bool done = der_len > 0 && EVP_Q_digest(NULL, PQ_SHA256, NULL, der, (size_t)der_len,
                                            out->thumbprint, &len) == 1;
    OPENSSL_free(der);
    const char *signature = OBJ_nid2ln(X509_get_signature_nid(cert));
    const EVP_PKEY *key = X509_get0_pubkey(cert);
    const char *type = key != NULL ? EVP_PKEY_get0_type_name(key) : NULL;
    snprintf(out->signature_algorithm, sizeof out->signature_algorithm, "%s",
             signature != NULL ? signature : "unknown");
    snprintf(out->key_algorithm, sizeof out->key_algorithm, "%s", type != NULL ? type : "unknown");
    out->post_quantum =
        is_mldsa_name(out->signature_algorithm) && is_mldsa_name(out->key_algorithm);
    out->is_ca = X509_check_ca(cert) == 1;
    return done && name_text(out->subject, sizeof out->subject, X509_get_subject_name(cert)) &&
           name_text(out->issuer, sizeof out->issuer, X509_get_issuer_name(cert)) &&
           time_ms(&out->not_before_ms, X509_get0_notBefore(cert)) &&
           time_ms(&out->not_after_ms, X509_get0_notAfter(cert));
}

static hats_status describe_and_free(struct hats_cert_info *out, X509 *cert,
                                     struct hats_error *err) {
    memset(out, 0, sizeof *out);
    bool done = describe(out, cert);
    X509_free(cert);
    ERR_clear_error();
    if (done)
        return HATS_OK;
    memset(out, 0, sizeof *out);
    return hats_fail(err, HATS_E_MALFORMED, "the certificate cannot be read");
}

hats_status hats_cert_read(struct hats_cert_info *out, const void *pem, size_t len_bytes,
                           struct hats_error *err) {
    X509 *cert = parse_pem(pem, len_bytes);
    if (cert == NULL)
        return hats_fail(err, HATS_E_MALFORMED, "no certificate in PEM here");
    return describe_and_free(out, cert, err);
}

hats_status hats_cert_read_file(struct hats_cert_info *out, const char *path,
                                struct hats_error *err) {
    X509 *cert = NULL;
    hats_status s = read_cert(&cert, path, err);
    return s == HATS_OK ? describe_and_free(out, cert, err) : s;
}

static void date_text(char out[16], uint64_t ms) {
    time_t s = (time_t)(ms / 1000);
    struct tm tm;
    if (gmtime_r(&s, &tm) == NULL || strftime(out, 16, "%Y-%m-%d", &tm) == 0)
        snprintf(out, 16, "?");
}

hats_status hats_cert_check_time(const struct hats_cert_info *info, uint64_t now_ms,
                                 struct hats_error *err) {
    char from[16], until[16];
    if (now_ms >= info->not_before_ms && now_ms <= info->not_after_ms)
        return HATS_OK;
    date_text(from, info->not_before_ms);
    date_text(until, info->not_after_ms);
    return hats_fail(err, HATS_E_TRUST, "the certificate of %s is %s: it is valid from %s until %s",
                     info->subject, now_ms < info->not_before_ms ? "not yet valid" : "expired",
                     from, until);
}
