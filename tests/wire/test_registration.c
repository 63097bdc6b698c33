#include "base/bytes.h"
#include "evidence/cose.h"
#include "fhe/secret.h"
#include "wire/registration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct hats_sign_key *owner;
static uint8_t public_key[40000];
static size_t public_key_len;
static struct hats_buffer body;

#define ORIGIN "https://scores.example:8443"
#define WHEN UINT64_C(1750000000000)
static const uint8_t nonce[HATS_NONCE_LEN] = {7, 8, 9};
static const uint8_t proof[100] = {1, 2, 3}; /* bytes that nobody looks at here */

static int set_up(void **state) {
    (void)state;
    const uint8_t seed[32] = {5};
    struct hats_fhe_secret *secret = NULL;
    public_key_len = hats_fhe_public_key_bytes(HATS_SET_L4096);
    assert_true(public_key_len <= sizeof public_key);
    assert_int_equal(hats_fhe_secret_new(&secret, HATS_SET_L4096, seed, NULL), HATS_OK);
    assert_int_equal(hats_fhe_public_key_of(public_key, public_key_len, secret, NULL), HATS_OK);
    hats_fhe_secret_free(secret);
    assert_int_equal(hats_mldsa_from_seed(&owner, HATS_MLDSA_65, seed, NULL), HATS_OK);
    hats_buffer_init(&body, HATS_REGISTRATION_MAX_BYTES);
    assert_int_equal(hats_registration_encode(&body, public_key, public_key_len, owner, ORIGIN,
                                              WHEN, nonce, 1, proof, sizeof proof, NULL),
                     HATS_OK);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    hats_mldsa_free(owner);
    hats_buffer_clear(&body);
    return 0;
}

static void a_registration_comes_back_with_its_identities(void **state) {
    (void)state;
    struct hats_registration reg;
    uint8_t kid[32], thumbprint[32];
    assert_int_equal(hats_registration_decode(&reg, body.data, body.len, NULL), HATS_OK);
    assert_int_equal(hats_fhe_kid(kid, public_key, public_key_len, NULL), HATS_OK);
    hats_cose_thumbprint_of(thumbprint, owner);
    assert_memory_equal(reg.kid, kid, 32);
    assert_memory_equal(reg.owner, thumbprint, 32);
    assert_string_equal(reg.origin, ORIGIN);
    assert_true(reg.unix_ms == WHEN);
    assert_memory_equal(reg.nonce, nonce, sizeof nonce);
    assert_int_equal(reg.public_key_len, public_key_len);
    assert_memory_equal(reg.public_key, public_key, public_key_len);
    assert_int_equal(reg.proof_suite, 1);
    assert_int_equal(reg.proof_len, sizeof proof);
    assert_memory_equal(reg.proof, proof, sizeof proof);
}

static void a_registration_without_a_proof_says_so(void **state) {
    (void)state;
    struct hats_registration reg;
    struct hats_buffer out;
    hats_buffer_init(&out, HATS_REGISTRATION_MAX_BYTES);
    assert_int_equal(hats_registration_encode(&out, public_key, public_key_len, owner, ORIGIN, WHEN,
                                              nonce, 0, NULL, 0, NULL),
                     HATS_OK);
    assert_int_equal(hats_registration_decode(&reg, out.data, out.len, NULL), HATS_OK);
    assert_int_equal(reg.proof_suite, 0);
    assert_null(reg.proof);
    hats_buffer_clear(&out);
}

static void a_proof_that_was_not_signed_is_refused(void **state) {
    (void)state;
    struct hats_registration reg;
    struct hats_error err = {0};
    struct hats_buffer out;
    uint8_t *last = body.data + body.len - 1; /* of the proof */
    *last ^= 1;
    assert_int_equal(hats_registration_decode(&reg, body.data, body.len, &err), HATS_E_VERIFY);
    *last ^= 1;
    assert_non_null(strstr(err.text, "proof"));
    /* left away, and added where none was signed */
    hats_buffer_init(&out, HATS_REGISTRATION_MAX_BYTES);
    hats_buffer_append(&out, body.data, body.len - sizeof proof - 3);
    out.data[0] = 0xa3;
    assert_int_equal(hats_registration_decode(&reg, out.data, out.len, NULL), HATS_E_VERIFY);
    hats_buffer_clear(&out);
    hats_buffer_init(&out, HATS_REGISTRATION_MAX_BYTES);
    assert_int_equal(hats_registration_encode(&out, public_key, public_key_len, owner, ORIGIN, WHEN,
                                              nonce, 0, NULL, 0, NULL),
                     HATS_OK);
    out.data[0] = 0xa4;
    hats_buffer_append(&out, body.data + body.len - sizeof proof - 3, sizeof proof + 3);
    assert_int_equal(hats_registration_decode(&reg, out.data, out.len, NULL), HATS_E_VERIFY);
    hats_buffer_clear(&out);
}

static void a_changed_byte_anywhere_is_refused(void **state) {
    (void)state;
    struct hats_registration reg;
    /* every byte of the head, the owner key and the signed statement; one in 97 of the public key */
    for (size_t at = 0; at<body.len; at += at> 64 && at < public_key_len ? 97 : 1) {
        body.data[at] ^= 0x10;
        assert_int_not_equal(hats_registration_decode(&reg, body.data, body.len, NULL), HATS_OK);
        body.data[at] ^= 0x10;
    }
}

static void a_truncated_or_extended_registration_is_refused(void **state) {
    (void)state;
    struct hats_registration reg;
    for (size_t cut = 0; cut < body.len; cut += 211)
        assert_int_not_equal(hats_registration_decode(&reg, body.data, cut, NULL), HATS_OK);
    hats_buffer_append(&body, "", 1);
    assert_int_not_equal(hats_registration_decode(&reg, body.data, body.len, NULL), HATS_OK);
    body.len--;
}

static void another_owner_cannot_register_this_statement(void **state) {
    (void)state;
    const uint8_t seed[32] = {6};
    struct hats_sign_key *thief = NULL;
    struct hats_registration reg;
    struct hats_error err = {0};
    assert_int_equal(hats_mldsa_from_seed(&thief, HATS_MLDSA_65, seed, NULL), HATS_OK);
    uint8_t *at = memmem(body.data, body.len, hats_mldsa_public(owner), 1952);
    assert_non_null(at);
    memcpy(at, hats_mldsa_public(thief), 1952);
    assert_int_equal(hats_registration_decode(&reg, body.data, body.len, &err), HATS_E_VERIFY);
    memcpy(at, hats_mldsa_public(owner), 1952);
    hats_mldsa_free(thief);
}

static void an_origin_too_long_is_refused_when_made(void **state) {
    (void)state;
    char origin[HATS_ORIGIN_MAX + 1];
    struct hats_buffer out;
    memset(origin, 'a', HATS_ORIGIN_MAX);
    origin[HATS_ORIGIN_MAX] = '\0';
    hats_buffer_init(&out, HATS_REGISTRATION_MAX_BYTES);
    assert_int_equal(hats_registration_encode(&out, public_key, public_key_len, owner, origin, WHEN,
                                              nonce, 0, NULL, 0, NULL),
                     HATS_E_RANGE);
    hats_buffer_clear(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_registration_comes_back_with_its_identities),
        cmocka_unit_test(a_registration_without_a_proof_says_so),
        cmocka_unit_test(a_proof_that_was_not_signed_is_refused),
        cmocka_unit_test(a_changed_byte_anywhere_is_refused),
        cmocka_unit_test(a_truncated_or_extended_registration_is_refused),
        cmocka_unit_test(another_owner_cannot_register_this_statement),
        cmocka_unit_test(an_origin_too_long_is_refused_when_made),
    };
    return cmocka_run_group_tests_name("registration", tests, set_up, tear_down);
}
