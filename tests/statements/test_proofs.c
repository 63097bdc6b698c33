/* Proofs of encryption: true ones hold, for the statement they were made for and no other; tables that
 * the row checker refuses have no proof either. */
#include "world.h"

#include "fhe/secret.h"
#include "statements/encryption_internal.h"

#include <stdlib.h>
#include <string.h>

static struct hats_encryption_unit units[1024];

static void finish_clinical(struct world *w, uint32_t n_records, unsigned suite) {
    const struct hats_encryption_input input = world_clinical_input(units, 30);
    world_make(w, &input, n_records, suite);
    world_random_records(w);
    world_finish(w);
}

static void holds(const struct hats_encryption_input *input, uint32_t n_records, unsigned suite) {
    struct world w;
    struct hats_buffer proof;
    struct hats_error err = {0};
    uint8_t coins[HATS_STARK_COINS_LEN];
    world_make(&w, input, n_records, suite);
    world_random_records(&w);
    world_commit(&w);
    world_encrypt(&w);
    world_bytes(coins, sizeof coins);
    hats_buffer_init(&proof, hats_encryption_setup_stark(w.setup)->proof_max_bytes);
    const struct hats_stark_options options = {.n_threads = 2};
    if (hats_encryption_prove(&proof, &w.pub, &w.witness, coins, &options, &err) != HATS_OK)
        fail_msg("%s", err.text);
    if (world_verify(&w.pub, proof.data, proof.len, &err) != HATS_OK)
        fail_msg("%s", err.text);
    hats_buffer_clear(&proof);
    world_clear(&w);
}

static void true_statements_of_every_kind(void **state) {
    (void)state;
    struct hats_encryption_input input = world_clinical_input(units, 30);
    holds(&input, 1, HATS_STARK_TEST);
    holds(&input, 3, HATS_STARK_TEST);
    input = world_box_input(units, 1024, 256, -15, 15, HATS_SOURCE_NONE);
    holds(&input, 1, HATS_STARK_TEST);
    input = world_box_input(units, 300, 300, -15, 15, HATS_SOURCE_FEATURES);
    holds(&input, 2, HATS_STARK_TEST);
}

static void true_statements_under_every_suite(void **state) {
    (void)state;
    const struct hats_encryption_input input = world_clinical_input(units, 30);
    holds(&input, 1, HATS_STARK_S128);
    holds(&input, 1, HATS_STARK_S128_SMALL);
    holds(&input, 1, HATS_STARK_UDR128);
}

static void is_refused(const struct world *w, const struct hats_buffer *proof) {
    assert_int_equal(world_verify(&w->pub, proof->data, proof->len, NULL), HATS_E_VERIFY);
}

/* Everything public, one bit at a time. */
static void a_proof_is_of_one_statement(void **state) {
    (void)state;
    struct world w;
    struct hats_buffer proof;
    finish_clinical(&w, 1, HATS_STARK_TEST);
    world_prove(&w, &proof);
    assert_int_equal(world_verify(&w.pub, proof.data, proof.len, NULL), HATS_OK);
    for (unsigned i = 0; i < 32; i++) {
        w.pub.ctx[i] ^= (uint8_t)(1u << i % 8);
        is_refused(&w, &proof);
        w.pub.ctx[i] ^= (uint8_t)(1u << i % 8);
        w.ciphertexts[0].seed[i] ^= (uint8_t)(1u << i % 8);
        is_refused(&w, &proof);
        w.ciphertexts[0].seed[i] ^= (uint8_t)(1u << i % 8);
        size_t at = (size_t)(world_u64() % N) * 8 + 7;
        w.c0[at] ^= 1;
        is_refused(&w, &proof);
        w.c0[at] ^= 1;
        w.b0[at] ^= 1;
        is_refused(&w, &proof);
        w.b0[at] ^= 1;
    }
    for (unsigned i = 0; i < 4; i++) {
        w.commitments[0][i] ^= 1;
        is_refused(&w, &proof);
        w.commitments[0][i] ^= 1;
    }
    assert_int_equal(world_verify(&w.pub, proof.data, proof.len, NULL), HATS_OK);
    hats_buffer_clear(&proof);
    world_clear(&w);
}

static void words_that_are_not_canonical(void **state) {
    (void)state;
    struct world w;
    struct hats_buffer proof;
    finish_clinical(&w, 1, HATS_STARK_TEST);
    world_prove(&w, &proof);
    memset(w.c0 + 8, 0xff, 8);
    assert_int_equal(world_verify(&w.pub, proof.data, proof.len, NULL), HATS_E_CANONICAL);
    world_encrypt(&w);
    memset(w.b0, 0xff, 8);
    assert_int_equal(world_verify(&w.pub, proof.data, proof.len, NULL), HATS_E_CANONICAL);
    world_encrypt(&w);
    w.commitments[0][3] = HATS_P;
    assert_int_equal(world_verify(&w.pub, proof.data, proof.len, NULL), HATS_E_CANONICAL);
    hats_buffer_clear(&proof);
    world_clear(&w);
}

/* Another model's box, scale or field order makes another statement, though the table has the same shape. */
static void a_proof_is_of_one_input(void **state) {
    (void)state;
    struct world w;
    struct hats_buffer proof;
    struct hats_encryption_setup *other;
    struct hats_encryption_input input;
    finish_clinical(&w, 1, HATS_STARK_TEST);
    world_prove(&w, &proof);
    input = w.input;
    for (unsigned i = 0; i < 8; i++) {
        struct hats_encryption_unit before = units[7];
        input = w.input;
        switch (i) {
        case 0: units[7].lo--; break;
        case 1: units[7].hi++; break;
        case 2: units[7].a += 2; break;
        case 3: units[7].b += 2; break;
        case 4: units[7].field = 8; break;
        case 5: input.log_t++; break;
        case 6: input.block++; break;
        default: input.n_fields++; break;
        }
        assert_int_equal(hats_encryption_setup_new(&other, HATS_STARK_TEST, &input, 1, NULL),
                         HATS_OK);
        w.pub.setup = other;
        is_refused(&w, &proof);
        hats_encryption_setup_free(other);
        units[7] = before;
    }
    hats_buffer_clear(&proof);
    world_clear(&w);
}

/* The engine's prover makes no proof of a false table. */
static void false_tables_have_none(void **state) {
    (void)state;
    struct world w;
    struct hats_buffer proof;
    finish_clinical(&w, 1, HATS_STARK_TEST);
    for (unsigned c = 0; c < w.setup->air.n_columns; c++) {
        uint64_t *cell = world_cell(&w, c, 3), before = *cell;
        *cell = hats_fp_add(before, 1);
        assert_int_equal(world_try_prove(&w, &w, NULL, &proof), HATS_E_VERIFY);
        hats_buffer_clear(&proof);
        *cell = before;
    }
    world_clear(&w);
}

static void is_refused_without(const struct world *w, const char *constraint) {
    struct hats_buffer proof;
    world_refuses(w, constraint);
    assert_int_equal(world_try_prove(w, w, constraint, &proof), HATS_OK);
    is_refused(w, &proof);
    hats_buffer_clear(&proof);
}

/* One constraint is broken, in one row, and all sums hold: a proof of the system without it. */
static void false_rows(unsigned suite) {
    struct world w;
    finish_clinical(&w, 1, suite);
    const struct hats_encryption_layout *l = &w.setup->layout;
    uint32_t slack = l->slack_at; /* a digit that is not 0, and Q beside it says nothing */
    while (*world_digit(&w, slack) == 0)
        slack++;
    static const char *const names[] = {"no excess inside the box", "S-box y = x^3",
                                        "S-box z = y^2 x"};
    uint64_t *cells[] = {world_cell(&w, l->q, slack), world_cell(&w, l->x + 1, N - 1),
                         world_cell(&w, l->x + 2, N - 1)};
    for (size_t i = 0; i < 3; i++) {
        *cells[i] = hats_fp_add(*cells[i], 1);
        if (i == 1) /* x = 0, y = 1, z = y^2 x = 0 */
            assert_int_equal(*cells[2], 0);
        is_refused_without(&w, names[i]);
        *cells[i] = hats_fp_sub(*cells[i], 1);
    }
    w.s[100] = 2;
    world_finish(&w);
    is_refused_without(&w, "s is ternary");
    world_clear(&w);
}

static void false_rows_under_the_digest_of_the_system(void **state) {
    (void)state;
    false_rows(HATS_STARK_TEST);
    false_rows(HATS_STARK_S128);
}

/* Somebody whose prover was given the weights and the total of another statement, for which its table is
 * true: another ciphertext, another key, another commitment. */
static void weights_are_the_verifiers_own(void **state) {
    (void)state;
    struct world w;
    struct hats_buffer proof;
    finish_clinical(&w, 1, HATS_STARK_TEST);
    uint8_t *c0 = malloc((size_t)N * 8), *b0 = malloc((size_t)N * 8);
    uint64_t commitments[1][4];
    assert_true(c0 != NULL && b0 != NULL);
    for (unsigned i = 0; i < 4; i++) {
        struct world said = w;
        struct hats_ciphertext_part ciphertext = w.ciphertexts[0];
        memcpy(c0, w.c0, (size_t)N * 8);
        memcpy(b0, w.b0, (size_t)N * 8);
        memcpy(commitments, w.commitments, sizeof commitments);
        ciphertext.c0 = c0;
        said.pub.ciphertexts = &ciphertext;
        said.pub.b0 = b0;
        said.pub.commitments = (const uint64_t(*)[4])commitments;
        switch (i) {
        case 0: c0[7] ^= 1; break;
        case 1: b0[N * 8 - 1] ^= 1; break;
        case 2: ciphertext.seed[0] ^= 1; break;
        default: commitments[0][2] ^= 1; break;
        }
        assert_int_equal(world_try_prove(&said, &w, NULL, &proof), HATS_OK);
        is_refused(&said, &proof);
        is_refused(&w, &proof);
        hats_buffer_clear(&proof);
    }
    free(b0);
    free(c0);
    world_clear(&w);
}

/* Key, ciphertexts and proof as a client makes them, from the objects that travel. */
static void what_a_client_encrypts(void **state) {
    (void)state;
    const struct hats_encryption_input input =
        world_box_input(units, 100, 40, -100, 100, HATS_SOURCE_NONE);
    struct hats_fhe_params params;
    struct hats_linear_shape shape;
    struct hats_fhe_secret *sk;
    struct hats_buffer proof;
    struct hats_ciphertext_part parts[3];
    uint8_t seed[HATS_FHE_SEED_LEN], coins[HATS_STARK_COINS_LEN], ctx[32];
    uint32_t set_id;
    int32_t x[100];
    int8_t *s = malloc(5 * N), *e0 = s + N, *e = s + 2 * N;
    assert_non_null(s);
    world_bytes(seed, sizeof seed);
    world_bytes(coins, sizeof coins);
    world_bytes(ctx, sizeof ctx);
    for (int j = 0; j < 100; j++)
        x[j] = (int32_t)world_between(-100, 100);
    assert_int_equal(hats_fhe_params_init(&params, SET, input.log_t, NULL), HATS_OK);
    assert_int_equal(hats_linear_shape_init(&shape, SET, 100, 3, 40, NULL), HATS_OK);
    assert_int_equal(hats_fhe_secret_new(&sk, SET, seed, NULL), HATS_OK);
    size_t key_len = hats_fhe_public_key_bytes(SET);
    size_t ct_len = hats_linear_ciphertext_bytes(SET, &shape);
    uint8_t *key = malloc(key_len), *ciphertext = malloc(ct_len);
    assert_true(key != NULL && ciphertext != NULL);
    assert_int_equal(hats_fhe_public_key_of(key, key_len, sk, NULL), HATS_OK);
    assert_int_equal(
        hats_linear_encrypt_open(ciphertext, ct_len, e, sk, &params, &shape, ctx, x, NULL),
        HATS_OK);
    assert_int_equal(hats_fhe_secret_open(s, e0, sk, NULL), HATS_OK);
    struct hats_encryption_public pub = {.ciphertexts = parts};
    struct hats_encryption_setup *setup;
    assert_int_equal(hats_encryption_setup_new(&setup, HATS_STARK_TEST, &input, 1, NULL), HATS_OK);
    pub.setup = setup;
    memcpy(pub.ctx, ctx, sizeof ctx);
    assert_int_equal(hats_fhe_public_key_open(&pub.b0, &set_id, key, key_len, NULL), HATS_OK);
    assert_int_equal(
        hats_linear_ciphertext_parts(parts, SET, &shape, ctx, ciphertext, ct_len, NULL), HATS_OK);
    const struct hats_encryption_witness witness = {.s = s, .e0 = e0, .e = e, .x = x};
    hats_buffer_init(&proof, hats_encryption_setup_stark(setup)->proof_max_bytes);
    assert_int_equal(hats_encryption_prove(&proof, &pub, &witness, coins, NULL, NULL), HATS_OK);
    assert_int_equal(world_verify(&pub, proof.data, proof.len, NULL), HATS_OK);
    hats_encryption_setup_free(setup);
    hats_buffer_clear(&proof);
    hats_fhe_secret_free(sk);
    free(ciphertext);
    free(key);
    free(s);
}

static void another_suite(void **state) {
    (void)state;
    struct world w, other;
    struct hats_buffer proof;
    finish_clinical(&w, 1, HATS_STARK_TEST);
    finish_clinical(&other, 1, HATS_STARK_S128);
    world_prove(&w, &proof);
    w.pub.setup = other.setup;
    assert_int_not_equal(world_verify(&w.pub, proof.data, proof.len, NULL), HATS_OK);
    hats_buffer_clear(&proof);
    world_clear(&other);
    world_clear(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(true_statements_of_every_kind),
        cmocka_unit_test(true_statements_under_every_suite),
        cmocka_unit_test(a_proof_is_of_one_statement),
        cmocka_unit_test(words_that_are_not_canonical),
        cmocka_unit_test(a_proof_is_of_one_input),
        cmocka_unit_test(false_tables_have_none),
        cmocka_unit_test(false_rows_under_the_digest_of_the_system),
        cmocka_unit_test(weights_are_the_verifiers_own),
        cmocka_unit_test(what_a_client_encrypts),
        cmocka_unit_test(another_suite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
