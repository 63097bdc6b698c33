/* Nonces and the messages of a challenge. */
#include "base/bytes.h"
#include "hash/hmac.h"
#include "wire/challenge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define T_MS UINT64_C(1790000000123)

static const uint8_t secret[32] = {1}, tenant[32] = {2}, rp[32] = {3}, random_[8] = {4};

static void make(uint8_t nonce[32]) { hats_nonce_make(nonce, secret, T_MS, random_, tenant, rp); }

static void a_nonce_is_the_documented_one(void **state) {
    (void)state;
    uint8_t nonce[32], key[32], info[13] = "nonce", message[96] = "HATS-NON-1", mac[32];
    make(nonce);
    hats_store_be64(info + 5, T_MS / 3600000);
    hats_hkdf_sha256(key, 32, NULL, 0, secret, 32, info, 13);
    hats_store_be64(message + 16, T_MS);
    memcpy(message + 24, random_, 8);
    memcpy(message + 32, tenant, 32);
    memcpy(message + 64, rp, 32);
    hats_hmac_sha256(mac, key, 32, message, sizeof message);
    assert_memory_equal(nonce, message + 16, 16);
    assert_memory_equal(nonce + 16, mac, 16);
    assert_true(hats_nonce_time_ms(nonce) == T_MS);
}

static void a_nonce_belongs_to_one_service_tenant_and_origin(void **state) {
    (void)state;
    uint8_t nonce[32], other[32] = {9};
    make(nonce);
    assert_true(hats_nonce_is_ours(nonce, secret, tenant, rp));
    assert_false(hats_nonce_is_ours(nonce, other, tenant, rp));
    assert_false(hats_nonce_is_ours(nonce, secret, other, rp));
    assert_false(hats_nonce_is_ours(nonce, secret, tenant, other));
    for (size_t at = 0; at < 32; at++) {
        nonce[at] ^= 1;
        assert_false(hats_nonce_is_ours(nonce, secret, tenant, rp));
        nonce[at] ^= 1;
    }
}

static void a_nonce_is_fresh_for_two_minutes(void **state) {
    (void)state;
    uint8_t nonce[32];
    make(nonce);
    assert_true(hats_nonce_is_fresh(nonce, T_MS));
    assert_true(hats_nonce_is_fresh(nonce, T_MS + HATS_CHALLENGE_AGE_MS));
    assert_false(hats_nonce_is_fresh(nonce, T_MS + HATS_CHALLENGE_AGE_MS + 1));
    assert_true(hats_nonce_is_fresh(nonce, T_MS - HATS_CHALLENGE_AHEAD_MS));
    assert_false(hats_nonce_is_fresh(nonce, T_MS - HATS_CHALLENGE_AHEAD_MS - 1));
    memset(nonce, 0xff, 8);
    assert_false(hats_nonce_is_fresh(nonce, T_MS));
}

static void an_origin_has_one_identity_whatever_its_case(void **state) {
    (void)state;
    uint8_t a[32], b[32];
    hats_rp_id(a, "https://Scores.Example:8443");
    hats_rp_id(b, "https://scores.example:8443");
    assert_memory_equal(a, b, 32);
    hats_rp_id(b, "https://scores.example:8444");
    assert_memory_not_equal(a, b, 32);
}

static void a_question_comes_back_and_nothing_else_is_taken_for_one(void **state) {
    (void)state;
    uint8_t body[HATS_CHALLENGE_MAX_BYTES + 1] = {0}, got[32];
    size_t len = 0;
    hats_challenge_ask(body, &len, rp);
    assert_int_equal(hats_challenge_asked(got, body, len, NULL), HATS_OK);
    assert_memory_equal(got, rp, 32);
    for (size_t cut = 0; cut < len; cut++)
        assert_int_not_equal(hats_challenge_asked(got, body, cut, NULL), HATS_OK);
    assert_int_not_equal(hats_challenge_asked(got, body, len + 1, NULL), HATS_OK);
    assert_int_equal(hats_challenge_asked(got, body, sizeof body, NULL), HATS_E_MALFORMED);
    body[2] = 2; /* the version */
    assert_int_equal(hats_challenge_asked(got, body, len, NULL), HATS_E_VERSION);
}

static struct hats_challenge sample(void) {
    struct hats_challenge c = {.now_ms = T_MS, .calls_max = 4096, .life_max_s = 86400};
    make(c.nonce);
    memcpy(c.tenant_digest, tenant, 32);
    return c;
}

static void an_answer_comes_back_as_it_went(void **state) {
    (void)state;
    struct hats_challenge c = sample(), back;
    uint8_t body[HATS_CHALLENGE_MAX_BYTES];
    size_t len = 0;
    c.epoch = 20000;
    c.registry_seq = 5;
    c.epoch_length = 86400;
    c.registry_root[3] = c.policy_digest[4] = 1;
    hats_challenge_encode(body, &len, &c);
    assert_int_equal(hats_challenge_decode(&back, body, len, NULL), HATS_OK);
    assert_memory_equal(&back, &c, sizeof c);
    for (size_t cut = 0; cut < len; cut++)
        assert_int_not_equal(hats_challenge_decode(&back, body, cut, NULL), HATS_OK);
}

static void an_answer_without_room_for_a_call_is_refused(void **state) {
    (void)state;
    static const uint32_t bad[][2] = {{0, 60}, {4097, 60}, {1, 0}, {1, 86401}};
    for (size_t i = 0; i < 4; i++) {
        struct hats_challenge c = sample(), back;
        uint8_t body[HATS_CHALLENGE_MAX_BYTES];
        size_t len = 0;
        c.calls_max = bad[i][0];
        c.life_max_s = bad[i][1];
        hats_challenge_encode(body, &len, &c);
        assert_int_equal(hats_challenge_decode(&back, body, len, NULL), HATS_E_RANGE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nonce_is_the_documented_one),
        cmocka_unit_test(a_nonce_belongs_to_one_service_tenant_and_origin),
        cmocka_unit_test(a_nonce_is_fresh_for_two_minutes),
        cmocka_unit_test(an_origin_has_one_identity_whatever_its_case),
        cmocka_unit_test(a_question_comes_back_and_nothing_else_is_taken_for_one),
        cmocka_unit_test(an_answer_comes_back_as_it_went),
        cmocka_unit_test(an_answer_without_room_for_a_call_is_refused),
    };
    return cmocka_run_group_tests_name("challenge", tests, NULL, NULL);
}
