/* A TPM through the real library: keys that come back, leases that die with the machine's state. */
#include "base/bytes.h"
#include "swtpm.h"
#include "tpm/tpm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PCRS = 1 << 7 | 1 << 23 };
static const uint8_t extra[32] = {0xee, 1, 2, 3};
static struct swtpm soft;

static struct hats_tpm *open_tpm(void) {
    struct hats_tpm *tpm = NULL;
    struct hats_error err;
    if (hats_tpm_open(&tpm, soft.tcti, &err) != HATS_OK)
        fail_msg("%s", err.text);
    return tpm;
}

static void good(hats_status s, const struct hats_error *err) {
    if (s != HATS_OK)
        fail_msg("%s", err->text);
}

static void policy_now(struct hats_tpm *tpm, uint8_t policy[32]) {
    uint8_t values[HATS_TPM_PCRS][32], digest[32];
    struct hats_error err;
    good(hats_tpm_pcrs(tpm, values, PCRS, &err), &err);
    hats_tpm_pcr_digest(digest, PCRS, (const uint8_t(*)[32])values);
    hats_tpm_policy_pcr(policy, PCRS, digest);
}

static void assert_same(const struct hats_buffer *a, const struct hats_buffer *b, bool same) {
    assert_int_equal(a->len == b->len && memcmp(a->data, b->data, a->len) == 0, same);
}

static void keys_are_of_the_kind_they_must_be(void **state) {
    (void)state;
    struct hats_tpm *tpm = open_tpm();
    struct hats_buffer ek, ak, lease, certificate;
    struct hats_tpm_public p;
    struct hats_error err;
    uint8_t policy[32];
    hats_buffer_init(&ek, HATS_TPM_MAX_BYTES);
    hats_buffer_init(&ak, HATS_TPM_MAX_BYTES);
    hats_buffer_init(&lease, HATS_TPM_MAX_BYTES);
    hats_buffer_init(&certificate, HATS_TPM_MAX_BYTES);
    good(hats_tpm_ek_certificate(tpm, &certificate, &err), &err);
    assert_int_equal(certificate.data[0], 0x30); /* a DER sequence */
    good(hats_tpm_ek_public(tpm, &ek, &err), &err);
    good(hats_tpm_public_parse(&p, ek.data, ek.len, &err), &err);
    assert_int_equal(p.type, HATS_TPM_RSA);
    assert_int_equal(p.rsa_bits, 2048);
    assert_int_equal(p.rsa_exponent, 65537);
    assert_true(p.storage);
    assert_true((p.attributes & HATS_TPM_DECRYPT) != 0 && (p.attributes & HATS_TPM_SIGN) == 0);
    /* The modulus is the one in the certificate. */
    assert_non_null(memmem(certificate.data, certificate.len, p.x.data, p.x.len_bytes));
    good(hats_tpm_ak_public(tpm, &ak, &err), &err);
    good(hats_tpm_public_parse(&p, ak.data, ak.len, &err), &err);
    assert_int_equal(p.type, HATS_TPM_ECC);
    assert_int_equal(p.curve, HATS_TPM_P256);
    assert_int_equal(p.scheme, HATS_TPM_ECDSA);
    assert_int_equal(p.attributes &
                         (HATS_TPM_FIXED_TPM | HATS_TPM_FIXED_PARENT | HATS_TPM_SENSITIVE_ORIGIN |
                          HATS_TPM_RESTRICTED | HATS_TPM_SIGN | HATS_TPM_DECRYPT),
                     HATS_TPM_FIXED_TPM | HATS_TPM_FIXED_PARENT | HATS_TPM_SENSITIVE_ORIGIN |
                         HATS_TPM_RESTRICTED | HATS_TPM_SIGN);
    policy_now(tpm, policy);
    good(hats_tpm_lease_key(tpm, &lease, PCRS, policy, &err), &err);
    good(hats_tpm_public_parse(&p, lease.data, lease.len, &err), &err);
    assert_int_equal(p.type, HATS_TPM_KEYED_HASH);
    assert_int_equal(p.scheme, HATS_TPM_HMAC);
    assert_int_equal(p.attributes & HATS_TPM_USER_WITH_AUTH, 0);
    assert_memory_equal(p.policy.data, policy, 32);
    hats_tpm_close(tpm);
    /* After a restart they are the same keys. */
    assert_true(swtpm_restart(&soft));
    struct hats_buffer again;
    hats_buffer_init(&again, HATS_TPM_MAX_BYTES);
    tpm = open_tpm();
    good(hats_tpm_ak_public(tpm, &again, &err), &err);
    assert_same(&ak, &again, true);
    again.len = 0;
    good(hats_tpm_lease_key(tpm, &again, PCRS, policy, &err), &err);
    assert_same(&lease, &again, true);
    policy[0] ^= 1;
    again.len = 0;
    good(hats_tpm_lease_key(tpm, &again, PCRS, policy, &err), &err);
    assert_same(&lease, &again, false);
    hats_tpm_close(tpm);
    hats_buffer_clear(&again);
    hats_buffer_clear(&certificate);
    hats_buffer_clear(&lease);
    hats_buffer_clear(&ak);
    hats_buffer_clear(&ek);
}

static void a_quote_says_which_pcrs_and_for_whom(void **state) {
    (void)state;
    struct hats_tpm *tpm = open_tpm();
    struct hats_buffer attest, signature;
    struct hats_tpm_attest a;
    struct hats_tpm_signature s;
    struct hats_error err;
    uint8_t values[HATS_TPM_PCRS][32], digest[32];
    hats_buffer_init(&attest, HATS_TPM_MAX_BYTES);
    hats_buffer_init(&signature, HATS_TPM_MAX_BYTES);
    good(hats_tpm_quote(tpm, &attest, &signature, PCRS, extra, &err), &err);
    good(hats_tpm_attest_parse(&a, attest.data, attest.len, &err), &err);
    assert_int_equal(a.type, HATS_TPM_QUOTE);
    assert_int_equal(a.pcr_mask, PCRS);
    assert_int_equal(a.extra.len_bytes, 32);
    assert_memory_equal(a.extra.data, extra, 32);
    good(hats_tpm_pcrs(tpm, values, PCRS, &err), &err);
    hats_tpm_pcr_digest(digest, PCRS, (const uint8_t(*)[32])values);
    assert_memory_equal(a.pcr_digest.data, digest, 32);
    good(hats_tpm_signature_parse(&s, signature.data, signature.len, &err), &err);
    assert_int_equal(s.scheme, HATS_TPM_ECDSA);
    for (size_t len = 0; len < attest.len; len++)
        assert_int_not_equal(hats_tpm_attest_parse(&a, attest.data, len, NULL), HATS_OK);
    for (size_t len = 0; len < signature.len; len++)
        assert_int_not_equal(hats_tpm_signature_parse(&s, signature.data, len, NULL), HATS_OK);
    hats_buffer_clear(&attest);
    hats_buffer_clear(&signature);
    hats_tpm_close(tpm);
}

static void a_certified_lease_key_is_named(void **state) {
    (void)state;
    struct hats_tpm *tpm = open_tpm();
    struct hats_buffer lease, attest, signature;
    struct hats_tpm_attest a;
    struct hats_error err;
    uint8_t policy[32], name[HATS_TPM_NAME_LEN];
    hats_buffer_init(&lease, HATS_TPM_MAX_BYTES);
    hats_buffer_init(&attest, HATS_TPM_MAX_BYTES);
    hats_buffer_init(&signature, HATS_TPM_MAX_BYTES);
    policy_now(tpm, policy);
    good(hats_tpm_lease_key(tpm, &lease, PCRS, policy, &err), &err);
    good(hats_tpm_certify(tpm, &attest, &signature, extra, &err), &err);
    good(hats_tpm_attest_parse(&a, attest.data, attest.len, &err), &err);
    hats_tpm_name(name, lease.data, lease.len);
    assert_int_equal(a.type, HATS_TPM_CERTIFY);
    assert_int_equal(a.name.len_bytes, sizeof name);
    assert_memory_equal(a.name.data, name, sizeof name);
    assert_memory_equal(a.extra.data, extra, 32);
    hats_buffer_clear(&lease);
    hats_buffer_clear(&attest);
    hats_buffer_clear(&signature);
    hats_tpm_close(tpm);
}

static void a_lease_secret_is_the_same_until_the_machine_changes(void **state) {
    (void)state;
    static const uint8_t change[32] = {1};
    struct hats_tpm *tpm = open_tpm();
    struct hats_error err;
    uint8_t policy[32], first[32], second[32], other[32];
    policy_now(tpm, policy);
    good(hats_tpm_lease_key(tpm, NULL, PCRS, policy, &err), &err);
    good(hats_tpm_lease_hmac(tpm, first, (const uint8_t *)"lease 1", 7, &err), &err);
    good(hats_tpm_lease_hmac(tpm, second, (const uint8_t *)"lease 1", 7, &err), &err);
    good(hats_tpm_lease_hmac(tpm, other, (const uint8_t *)"lease 2", 7, &err), &err);
    assert_memory_equal(first, second, 32);
    assert_memory_not_equal(first, other, 32);
    hats_tpm_close(tpm);
    assert_true(swtpm_extend(&soft, 23, change));
    tpm = open_tpm();
    good(hats_tpm_lease_key(tpm, NULL, PCRS, policy, &err), &err);
    /* More often than a TPM has sessions: none is left behind. */
    for (int i = 0; i < 10; i++) {
        assert_int_equal(hats_tpm_lease_hmac(tpm, second, (const uint8_t *)"lease 1", 7, &err),
                         HATS_E_DENIED);
        assert_non_null(strstr(err.text, "enrol it again"));
        assert_int_equal(second[0] | second[31], 0);
    }
    hats_tpm_close(tpm);
    assert_true(swtpm_restart(&soft)); /* as it was */
    tpm = open_tpm();
    good(hats_tpm_lease_key(tpm, NULL, PCRS, policy, &err), &err);
    good(hats_tpm_lease_hmac(tpm, second, (const uint8_t *)"lease 1", 7, &err), &err);
    assert_memory_equal(first, second, 32);
    hats_tpm_close(tpm);
}

static void a_credential_for_nobody_is_refused(void **state) {
    (void)state;
    struct hats_tpm *tpm = open_tpm();
    struct hats_error err;
    uint8_t object[2 + 32 + 34] = {0, 32}, encrypted[256] = {0}, secret[32];
    for (int i = 0; i < 10; i++)
        assert_int_equal(hats_tpm_activate(tpm, secret, 32, object, sizeof object, encrypted,
                                           sizeof encrypted, &err),
                         HATS_E_VERIFY);
    static const uint8_t much[2048];
    assert_int_equal(
        hats_tpm_activate(tpm, secret, 32, much, sizeof much, encrypted, sizeof encrypted, &err),
        HATS_E_MALFORMED);
    hats_tpm_close(tpm);
}

static void where_no_tpm_is_it_is_said(void **state) {
    (void)state;
    struct hats_tpm *tpm = NULL;
    struct hats_error err;
    assert_int_equal(hats_tpm_open(&tpm, "swtpm:path=/nonexistent/socket", &err), HATS_E_IO);
    assert_null(tpm);
    assert_non_null(strstr(err.text, "/nonexistent/socket"));
    assert_int_equal(hats_tpm_open(&tpm, "device:/dev/nonexistent", &err), HATS_E_IO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_of_the_kind_they_must_be),
        cmocka_unit_test(a_quote_says_which_pcrs_and_for_whom),
        cmocka_unit_test(a_certified_lease_key_is_named),
        cmocka_unit_test(a_lease_secret_is_the_same_until_the_machine_changes),
        cmocka_unit_test(a_credential_for_nobody_is_refused),
        cmocka_unit_test(where_no_tpm_is_it_is_said),
    };
    (void)setenv("TSS2_LOG", "all+none", 1);
    if (!swtpm_is_there()) {
        puts("1..0 # SKIP no swtpm on this machine");
        return 0;
    }
    if (!swtpm_start(&soft)) {
        swtpm_stop(&soft);
        return 1;
    }
    int failed = cmocka_run_group_tests_name("tpm", tests, NULL, NULL);
    swtpm_stop(&soft);
    return failed;
}
