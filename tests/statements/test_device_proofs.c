/* Proofs of devices: of one session, one policy, one registry; and nothing shorter or altered. */
#include "device_world.h"

#include "base/arena.h"

#include <string.h>

static void prove(const struct device_world *w, struct hats_buffer *proof) {
    uint8_t coins[HATS_STARK_COINS_LEN];
    struct hats_error err = {0};
    world_bytes(coins, sizeof coins);
    hats_buffer_init(proof, hats_device_setup_stark(w->setup)->proof_max_bytes);
    if (hats_device_prove(proof, &w->pub, &w->witness, coins, NULL, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

static hats_status verify(const struct hats_device_public *pub, const uint8_t *proof, size_t len,
                          enum hats_stark_refusal *refusal) {
    struct hats_arena arena;
    size_t scratch = hats_device_scratch_bytes(pub->setup);
    void *memory = hats_alloc(scratch);
    assert_non_null(memory);
    hats_arena_init(&arena, memory, scratch);
    hats_status s = hats_device_verify(pub, proof, len, &arena, refusal, NULL);
    assert_int_equal(arena.used, 0);
    hats_free(memory);
    return s;
}

static void is_refused(const struct hats_device_public *pub, const struct hats_buffer *proof) {
    enum hats_stark_refusal refusal;
    assert_int_equal(verify(pub, proof->data, proof->len, &refusal), HATS_E_VERIFY);
    assert_int_not_equal(refusal, HATS_STARK_ACCEPTED);
}

static void a_proof_is_of_its_public_input(unsigned suite) {
    struct device_world *w = device_world_new(suite, 20);
    const struct hats_device_public honest = w->pub;
    struct hats_buffer proof;
    prove(w, &proof);
    assert_int_equal(verify(&w->pub, proof.data, proof.len, NULL), HATS_OK);
    w->pub.m[31] ^= 1;
    is_refused(&w->pub, &proof);
    w->pub = honest;
    w->pub.rp_id[0] ^= 1;
    is_refused(&w->pub, &proof);
    w->pub = honest;
    w->pub.root[3] ^= 1;
    is_refused(&w->pub, &proof);
    w->pub = honest;
    w->pub.nf[0] ^= 1;
    is_refused(&w->pub, &proof);
    w->pub = honest;
    w->pub.epoch++;
    is_refused(&w->pub, &proof);
    w->pub = honest;
    w->pub.now_s--;
    is_refused(&w->pub, &proof);
    w->pub = honest;
    w->policy.posture_mask ^= 1;
    is_refused(&w->pub, &proof);
    w->policy.posture_mask ^= 1;
    w->policy.slot_bound++;
    is_refused(&w->pub, &proof);
    w->policy.slot_bound--;
    w->policy.jurisdictions.n--;
    is_refused(&w->pub, &proof);
    w->policy.jurisdictions.n++;
    assert_int_equal(verify(&w->pub, proof.data, proof.len, NULL), HATS_OK);
    hats_buffer_clear(&proof);
    device_world_free(w);
}

static void proofs_of_the_test_suite(void **state) {
    (void)state;
    a_proof_is_of_its_public_input(HATS_STARK_TEST);
}

static void proofs_of_the_session_suite(void **state) {
    (void)state;
    a_proof_is_of_its_public_input(HATS_STARK_S128_SESSION);
}

static void a_session_proof_keeps_its_bounds(void **state) {
    (void)state;
    struct device_world *w = device_world_new(HATS_STARK_S128_SESSION, 2);
    const struct hats_stark_setup *s = hats_device_setup_stark(w->setup);
    assert_true(s->soundness.proven >= 128000);
    assert_true(s->proof_max_bytes <= 52 * 1024);
    assert_true(s->scratch_bytes <= 128 * 1024);
    device_world_free(w);
}

static void every_cut_and_every_bit_of_some_bytes_is_refused(void **state) {
    (void)state;
    struct device_world *w = device_world_new(HATS_STARK_TEST, 2);
    struct hats_buffer proof;
    prove(w, &proof);
    for (size_t len = 0; len < proof.len; len += 1 + world_u64() % 97)
        assert_int_not_equal(verify(&w->pub, proof.data, len, NULL), HATS_OK);
    for (size_t at = 0; at < proof.len; at += 1 + world_u64() % 61) {
        uint8_t bit = (uint8_t)(1u << world_u64() % 8);
        proof.data[at] ^= bit;
        assert_int_not_equal(verify(&w->pub, proof.data, proof.len, NULL), HATS_OK);
        proof.data[at] ^= bit;
    }
    assert_int_equal(verify(&w->pub, proof.data, proof.len, NULL), HATS_OK);
    hats_buffer_clear(&proof);
    device_world_free(w);
}

static void a_proof_of_another_suite_is_refused(void **state) {
    (void)state;
    struct device_world *w = device_world_new(HATS_STARK_TEST, 2);
    struct device_world *strict = device_world_new(HATS_STARK_S128_SESSION, 2);
    struct hats_buffer proof;
    enum hats_stark_refusal refusal;
    prove(w, &proof);
    w->pub.setup = strict->setup;
    assert_int_not_equal(verify(&w->pub, proof.data, proof.len, &refusal), HATS_OK);
    assert_int_equal(refusal, HATS_STARK_R_SUITE);
    hats_buffer_clear(&proof);
    device_world_free(strict);
    device_world_free(w);
}

static void a_device_that_is_not_admitted_has_no_proof(void **state) {
    (void)state;
    struct device_world *w = device_world_new(HATS_STARK_TEST, 3);
    struct hats_buffer proof;
    uint8_t coins[HATS_STARK_COINS_LEN] = {1};
    hats_buffer_init(&proof, hats_device_setup_stark(w->setup)->proof_max_bytes);
    w->witness.leaf.not_after_s = w->pub.now_s - 1;
    device_world_publish(w);
    assert_int_equal(hats_device_prove(&proof, &w->pub, &w->witness, coins, NULL, NULL),
                     HATS_E_VERIFY);
    w->witness.leaf.not_after_s = w->pub.now_s;
    w->witness.leaf.jurisdiction = 0;
    device_world_publish(w);
    assert_int_equal(hats_device_prove(&proof, &w->pub, &w->witness, coins, NULL, NULL),
                     HATS_E_VERIFY);
    assert_int_equal(proof.len, 0);
    hats_buffer_clear(&proof);
    device_world_free(w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proofs_of_the_test_suite),
        cmocka_unit_test(proofs_of_the_session_suite),
        cmocka_unit_test(a_session_proof_keeps_its_bounds),
        cmocka_unit_test(every_cut_and_every_bit_of_some_bytes_is_refused),
        cmocka_unit_test(a_proof_of_another_suite_is_refused),
        cmocka_unit_test(a_device_that_is_not_admitted_has_no_proof),
    };
    return cmocka_run_group_tests_name("device proofs", tests, NULL, NULL);
}
