#include "pq/mldsa.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "base/file.h"
#include "pq/key.h"
#include "pq/names.h"

#include <assert.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <sys/stat.h>

/* [FIPS204, table 2] */
static const struct level {
    enum hats_mldsa_level level;
    const char *name;
    size_t public_len, signature_len;
} levels[] = {
    {HATS_MLDSA_44, PQ_ML_DSA_44, 1312, 2420},
    {HATS_MLDSA_65, PQ_ML_DSA_65, HATS_MLDSA65_PUBLIC_LEN, HATS_MLDSA65_SIGNATURE_LEN},
    {HATS_MLDSA_87, PQ_ML_DSA_87, HATS_MLDSA_PUBLIC_MAX, HATS_MLDSA_SIGNATURE_MAX},
};

#define PRIVATE_KEY_FILE_MAX 32768 /* bytes; ML-DSA-87 with seed in PEM takes 6.8 KB */

static const struct level *find_level(int level) {
    for (size_t i = 0; i < HATS_COUNT_OF(levels); i++)
        if ((int)levels[i].level == level)
            return &levels[i];
    return NULL;
}

static const struct level *known(enum hats_mldsa_level level) {
    const struct level *l = find_level((int)level);
    assert(l != NULL);
    return l;
}

bool hats_mldsa_level_known(int level) { return find_level(level) != NULL; }
size_t hats_mldsa_public_len(enum hats_mldsa_level level) { return known(level)->public_len; }
size_t hats_mldsa_signature_len(enum hats_mldsa_level level) { return known(level)->signature_len; }
const char *hats_mldsa_name(enum hats_mldsa_level level) { return known(level)->name; }

/* Takes over pkey, also on failure. */
static hats_status wrap(struct hats_sign_key **out, EVP_PKEY *pkey, const struct level *l,
                        struct hats_error *err) {
    struct hats_sign_key *key = hats_alloc(sizeof *key);
    if (key == NULL) {
        EVP_PKEY_free(pkey);
        return hats_fail(err, HATS_E_MEMORY, "no memory for a signing key");
    }
    key->pkey = pkey;
    key->level = l->level;
    size_t len = sizeof key->public_key;
    if (EVP_PKEY_get_raw_public_key(pkey, key->public_key, &len) != 1 || len != l->public_len) {
        hats_mldsa_free(key);
        return hats_pq_fail(err, HATS_E_CRYPTO, "cannot read back the public key");
    }
    *out = key;
    return HATS_OK;
}

static hats_status make(struct hats_sign_key **out, enum hats_mldsa_level level,
                        const OSSL_PARAM *params, struct hats_error *err) {
    const struct level *l = known(level);
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, l->name, NULL);
    bool made = ctx != NULL && EVP_PKEY_keygen_init(ctx) == 1 &&
                (params == NULL || EVP_PKEY_CTX_set_params(ctx, params) == 1) &&
                EVP_PKEY_generate(ctx, &pkey) == 1;
    EVP_PKEY_CTX_free(ctx);
    if (!made)
        return hats_pq_fail(err, HATS_E_CRYPTO, "cannot make an ML-DSA key pair");
    return wrap(out, pkey, l, err);
}

hats_status hats_mldsa_generate(struct hats_sign_key **out, enum hats_mldsa_level level,
                                struct hats_error *err) {
    return make(out, level, NULL, err);
}

hats_status hats_mldsa_from_seed(struct hats_sign_key **out, enum hats_mldsa_level level,
                                 const uint8_t seed[HATS_MLDSA_SEED_LEN], struct hats_error *err) {
    uint8_t copy[HATS_MLDSA_SEED_LEN]; /* OSSL_PARAM takes no const */
    memcpy(copy, seed, sizeof copy);
    HATS_PUBLIC(copy,
                sizeof copy); /* libcrypto rejects by value in key expansion, as FIPS 204 has it */
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_ML_DSA_SEED, copy, sizeof copy),
        OSSL_PARAM_construct_end(),
    };
    hats_status s = make(out, level, params, err);
    hats_wipe(copy, sizeof copy);
    return s;
}

void hats_mldsa_free(struct hats_sign_key *key) {
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey); /* wipes the private part */
    hats_free_wiped(key, sizeof *key);
}

enum hats_mldsa_level hats_mldsa_level_of(const struct hats_sign_key *key) { return key->level; }
const uint8_t *hats_mldsa_public(const struct hats_sign_key *key) { return key->public_key; }

hats_status hats_mldsa_save(const struct hats_sign_key *key, const char *path,
                            struct hats_error *err) {
    hats_status s;
    char *text = NULL;
    BIO *bio = BIO_new(BIO_s_secmem());
    if (bio == NULL ||
        PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) != 1) {
        s = hats_pq_fail(err, HATS_E_CRYPTO, "cannot encode the private key");
    } else {
        long len = BIO_get_mem_data(bio, &text);
        s = hats_file_write(path, 0600, text, (size_t)len, err);
    }
    BIO_free(bio); /* clears the text */
    return s;
}

/* Encrypted files are refused rather than asked about. */
static int no_passphrase(char *buf, int size, int rwflag, void *ctx) {
    (void)buf, (void)size, (void)rwflag, (void)ctx;
    return -1;
}

static hats_status from_pem(struct hats_sign_key **out, const struct hats_buffer *text,
                            const char *path, struct hats_error *err) {
    BIO *bio = BIO_new_mem_buf(text->data, (int)text->len);
    EVP_PKEY *pkey =
        bio == NULL ? NULL : PEM_read_bio_PrivateKey_ex(bio, NULL, no_passphrase, NULL, NULL, NULL);
    BIO_free(bio);
    ERR_clear_error();
    if (pkey == NULL)
        return hats_fail(err, HATS_E_MALFORMED,
                         "%s: not an unencrypted PKCS#8 private key in PEM that can be read", path);
    for (size_t i = 0; i < HATS_COUNT_OF(levels); i++)
        if (EVP_PKEY_is_a(pkey, levels[i].name))
            return wrap(out, pkey, &levels[i], err);
    hats_status s =
        hats_fail(err, HATS_E_UNSUPPORTED, "%s: a key of type %s; only ML-DSA signs here", path,
                  EVP_PKEY_get0_type_name(pkey));
    EVP_PKEY_free(pkey);
    return s;
}

hats_status hats_mldsa_load(struct hats_sign_key **out, const char *path, struct hats_error *err) {
    struct stat st;
    struct hats_buffer text;
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
        return hats_fail(err, HATS_E_INSECURE,
                         "%s: others may read this private key (mode %04o); chmod 600 it", path,
                         (unsigned)(st.st_mode & 07777));
    hats_buffer_init(&text, PRIVATE_KEY_FILE_MAX);
    hats_status s = hats_file_read(&text, path, err);
    if (s == HATS_OK)
        s = text.len == 0 ? hats_fail(err, HATS_E_MALFORMED, "%s: the file is empty", path)
                          : from_pem(out, &text, path, err);
    hats_buffer_clear(&text);
    return s;
}

hats_status hats_mldsa_sign(const struct hats_sign_key *key, uint8_t *signature,
                            const void *message, size_t len_bytes, struct hats_error *err) {
    const struct level *l = known(key->level);
    size_t len = l->signature_len;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    EVP_SIGNATURE *alg = EVP_SIGNATURE_fetch(NULL, l->name, NULL);
    bool made = ctx != NULL && alg != NULL && EVP_PKEY_sign_message_init(ctx, alg, NULL) == 1 &&
                EVP_PKEY_sign(ctx, signature, &len, message, len_bytes) == 1 &&
                len == l->signature_len;
    EVP_SIGNATURE_free(alg);
    EVP_PKEY_CTX_free(ctx);
    if (made)
        return HATS_OK;
    memset(signature, 0, l->signature_len);
    return hats_pq_fail(err, HATS_E_CRYPTO, "cannot sign");
}

hats_status hats_mldsa_verify(enum hats_mldsa_level level, const uint8_t *public_key,
                              size_t public_key_len, const void *message, size_t len_bytes,
                              const uint8_t *signature, size_t signature_len,
                              struct hats_error *err) {
    const struct level *l = known(level);
    if (public_key_len != l->public_len)
        return hats_fail(err, HATS_E_VERIFY, "a public key of %s has %zu bytes, this one has %zu",
                         l->name, l->public_len, public_key_len);
    if (signature_len != l->signature_len)
        return hats_fail(err, HATS_E_VERIFY, "a signature of %s has %zu bytes, this one has %zu",
                         l->name, l->signature_len, signature_len);
    EVP_PKEY *pkey =
        EVP_PKEY_new_raw_public_key_ex(NULL, l->name, NULL, public_key, public_key_len);
    EVP_PKEY_CTX *ctx = pkey == NULL ? NULL : EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    EVP_SIGNATURE *alg = EVP_SIGNATURE_fetch(NULL, l->name, NULL);
    bool ready = ctx != NULL && alg != NULL && EVP_PKEY_verify_message_init(ctx, alg, NULL) == 1;
    bool holds = ready && EVP_PKEY_verify(ctx, signature, signature_len, message, len_bytes) == 1;
    EVP_SIGNATURE_free(alg);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    if (!ready)
        return hats_pq_fail(err, HATS_E_CRYPTO, "cannot check a signature");
    ERR_clear_error();
    return holds ? HATS_OK
                 : hats_fail(err, HATS_E_VERIFY, "the %s signature does not hold", l->name);
}
