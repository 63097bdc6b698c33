/* RSA and ECDSA as TPMs use them: what libcrypto signs holds, and nothing near it does. */
#include "pq/classical.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t message[] = "what a TPM says";

static void number(uint8_t *out, size_t *len, EVP_PKEY *key, const char *name) {
    BIGNUM *n = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key, name, &n), 1);
    *len = (size_t)BN_bn2bin(n, out);
    BN_free(n);
}

static struct hats_classical_key public_of(EVP_PKEY *key, enum hats_classical_kind kind) {
    struct hats_classical_key k = {.kind = kind, .exponent = 65537};
    if (kind == HATS_CLASSICAL_RSA) {
        number(k.x, &k.x_len_bytes, key, OSSL_PKEY_PARAM_RSA_N);
    } else {
        number(k.x, &k.x_len_bytes, key, OSSL_PKEY_PARAM_EC_PUB_X);
        number(k.y, &k.y_len_bytes, key, OSSL_PKEY_PARAM_EC_PUB_Y);
    }
    return k;
}

static size_t sign(uint8_t out[512], EVP_PKEY *key, bool pss) {
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx = NULL;
    size_t len = 512;
    assert_int_equal(EVP_DigestSignInit_ex(md, &ctx, "SHA256", NULL, NULL, key, NULL), 1);
    if (pss)
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING), 1);
    assert_int_equal(EVP_DigestSign(md, out, &len, message, sizeof message), 1);
    EVP_MD_CTX_free(md);
    return len;
}

static hats_status verify(const struct hats_classical_key *key,
                          const struct hats_classical_signature *s) {
    return hats_classical_verify(key, s, message, sizeof message, NULL);
}

static void rsa_signatures(void **state) {
    (void)state;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    struct hats_classical_key k = public_of(key, HATS_CLASSICAL_RSA);
    uint8_t bytes[512];
    for (int pss = 0; pss < 2; pss++) {
        struct hats_classical_signature s = {.scheme = pss != 0 ? HATS_CLASSICAL_RSAPSS
                                                                : HATS_CLASSICAL_RSASSA,
                                             .r = bytes,
                                             .r_len_bytes = sign(bytes, key, pss != 0)};
        assert_int_equal(verify(&k, &s), HATS_OK);
        for (size_t at = 0; at < s.r_len_bytes; at += 17) {
            bytes[at] ^= 1;
            assert_int_equal(verify(&k, &s), HATS_E_VERIFY);
            bytes[at] ^= 1;
        }
        s.r_len_bytes--;
        assert_int_equal(verify(&k, &s), HATS_E_VERIFY);
        s.r_len_bytes++;
        s.scheme = pss != 0 ? HATS_CLASSICAL_RSASSA : HATS_CLASSICAL_RSAPSS;
        assert_int_equal(verify(&k, &s), HATS_E_VERIFY);
        s.scheme = HATS_CLASSICAL_ECDSA;
        assert_int_equal(verify(&k, &s), HATS_E_VERIFY);
    }
    EVP_PKEY_free(key);
}

/* r and s out of the DER that libcrypto writes. */
static void split(struct hats_classical_signature *s, const uint8_t *der) {
    s->r = der + 4;
    s->r_len_bytes = der[3];
    s->s = s->r + s->r_len_bytes + 2;
    s->s_len_bytes = s->r[s->r_len_bytes + 1];
}

static void ecdsa_signatures(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum hats_classical_kind kind;
    } curves[] = {{"P-256", HATS_CLASSICAL_P256}, {"P-384", HATS_CLASSICAL_P384}};
    for (size_t i = 0; i < 2; i++) {
        EVP_PKEY *key = EVP_EC_gen(curves[i].name);
        struct hats_classical_key k = public_of(key, curves[i].kind), other = k;
        struct hats_classical_signature s = {.scheme = HATS_CLASSICAL_ECDSA};
        uint8_t der[512];
        for (int n = 0; n < 40; n++) { /* leading zeros and high bits come by chance */
            (void)sign(der, key, false);
            split(&s, der);
            if (s.r[0] == 0) {
                s.r++;
                s.r_len_bytes--;
            }
            if (s.s[0] == 0) {
                s.s++;
                s.s_len_bytes--;
            }
            assert_int_equal(verify(&k, &s), HATS_OK);
        }
        assert_int_equal(hats_classical_verify(&k, &s, message, 3, NULL), HATS_E_VERIFY);
        struct hats_classical_signature swapped = {HATS_CLASSICAL_ECDSA, s.s, s.r, s.s_len_bytes,
                                                   s.r_len_bytes};
        assert_int_equal(verify(&k, &swapped), HATS_E_VERIFY);
        other.y[5] ^= 1; /* not on the curve */
        assert_int_equal(verify(&other, &s), HATS_E_MALFORMED);
        s.r_len_bytes = 0;
        assert_int_equal(verify(&k, &s), HATS_E_VERIFY);
        EVP_PKEY_free(key);
    }
}

static void keys_are_equal_whatever_zeros_lead(void **state) {
    (void)state;
    struct hats_classical_key
        a = {.kind = HATS_CLASSICAL_RSA, .x = {0, 0, 7, 8}, .x_len_bytes = 4, .exponent = 3},
        b = {.kind = HATS_CLASSICAL_RSA, .x = {7, 8}, .x_len_bytes = 2, .exponent = 3};
    assert_true(hats_classical_key_equal(&a, &b));
    b.exponent = 5;
    assert_false(hats_classical_key_equal(&a, &b));
    b.exponent = 3;
    b.x[1] = 9;
    assert_false(hats_classical_key_equal(&a, &b));
}

static void what_is_encrypted_is_read_by_its_key_and_label(void **state) {
    (void)state;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    struct hats_classical_key k = public_of(key, HATS_CLASSICAL_RSA);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    uint8_t out[HATS_CLASSICAL_RSA_MAX], back[512];
    size_t len = 0, back_len = sizeof back;
    assert_int_equal(
        hats_classical_oaep(out, &len, &k, "IDENTITY", 9, message, sizeof message, NULL), HATS_OK);
    assert_int_equal(len, 256);
    assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, OPENSSL_strdup("IDENTITY"), 9), 1);
    assert_int_equal(EVP_PKEY_decrypt(ctx, back, &back_len, out, len), 1);
    assert_int_equal(back_len, sizeof message);
    assert_memory_equal(back, message, sizeof message);
    k.kind = HATS_CLASSICAL_P256;
    assert_int_equal(
        hats_classical_oaep(out, &len, &k, "IDENTITY", 9, message, sizeof message, NULL),
        HATS_E_CRYPTO);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
}

/* With the zero vector the first block is the cipher of zeros, and AES-128 of zeros under the zero key is known
 * (the hash subkey of GCM test case 1 [GCM, app. B]). */
static void cfb_begins_with_the_cipher_of_zeros(void **state) {
    (void)state;
    static const uint8_t key[16], zeros[16];
    static const uint8_t expected[16] = {0x66, 0xe9, 0x4b, 0xd4, 0xef, 0x8a, 0x2c, 0x3b,
                                         0x88, 0x4c, 0xfa, 0x59, 0xca, 0x34, 0x2b, 0x2e};
    uint8_t out[16];
    assert_int_equal(hats_classical_aes128_cfb(out, key, zeros, 16, NULL), HATS_OK);
    assert_memory_equal(out, expected, 16);
}

static void a_certificate_that_is_none_is_refused(void **state) {
    (void)state;
    static const uint8_t bytes[] = {0x30, 0x03, 0x02, 0x01, 0x00};
    const struct hats_classical_der der = {bytes, sizeof bytes};
    struct hats_classical_key key;
    struct hats_error err;
    size_t root;
    assert_int_equal(hats_classical_chain(&root, &key, &der, NULL, 0, NULL, 0, 0, &err),
                     HATS_E_MALFORMED);
    assert_true(root == SIZE_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rsa_signatures),
        cmocka_unit_test(ecdsa_signatures),
        cmocka_unit_test(keys_are_equal_whatever_zeros_lead),
        cmocka_unit_test(what_is_encrypted_is_read_by_its_key_and_label),
        cmocka_unit_test(cfb_begins_with_the_cipher_of_zeros),
        cmocka_unit_test(a_certificate_that_is_none_is_refused),
    };
    return cmocka_run_group_tests_name("classical", tests, NULL, NULL);
}
