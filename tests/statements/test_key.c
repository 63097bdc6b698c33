/* Registered keys: what a table must say, and proofs. */
#include "world.h"

#include "base/arena.h"
#include "ring/kernels.h"
#include "stark/air_check.h"
#include "statements/key_internal.h"
#include "statements/key_prove.h"

#include <stdlib.h>
#include <string.h>

struct key_world {
    struct hats_key_setup *setup;
    int8_t s[N], e0[N];
    uint8_t b0[N * 8];
    struct hats_key_public pub;
    uint64_t *trace;
};

/* b0 of the s and e0 that the world holds. */
static void publish(struct key_world *k) {
    static uint64_t a0[N], b[N];
    world_a0(a0);
    world_product(b, a0, k->s);
    for (size_t i = 0; i < N; i++)
        b[i] = hats_fp_sub(hats_fp_from_i64(k->e0[i]), b[i]);
    hats_ring_kernels()->store_be(k->b0, b, N);
}

static struct key_world *begin(unsigned suite) {
    struct key_world *k = hats_alloc(sizeof *k);
    struct hats_error err = {0};
    assert_non_null(k);
    if (hats_key_setup_new(&k->setup, suite, SET, &err) != HATS_OK)
        fail_msg("%s", err.text);
    k->trace = hats_alloc_array(hats_key_trace_words(k->setup), sizeof *k->trace);
    assert_non_null(k->trace);
    world_ternary(k->s);
    world_noise(k->e0);
    publish(k);
    k->pub = (struct hats_key_public){.setup = k->setup, .b0 = k->b0};
    world_bytes(k->pub.nonce, sizeof k->pub.nonce);
    if (hats_key_fill(k->trace, k->setup, k->s, k->e0, &err) != HATS_OK)
        fail_msg("%s", err.text);
    return k;
}

static void end(struct key_world *k) {
    hats_key_setup_free(k->setup);
    hats_free(k->trace);
    hats_free(k);
}

static uint64_t *column(const struct key_world *k, enum hats_key_column c) {
    return k->trace + (size_t)c * N;
}

/* The row checker under random challenges. */
static hats_status check(const struct key_world *k, struct hats_error *err) {
    const struct hats_air *air = &k->setup->air;
    struct hats_key_work work;
    struct hats_arena arena;
    size_t len = hats_key_work_bytes(k->setup);
    void *memory = hats_alloc(len);
    struct hats_fp3 *weights = hats_alloc_array((size_t)air->n_weights * N, sizeof *weights);
    struct hats_fp3 challenges[2], total;
    assert_true(memory != NULL && weights != NULL);
    hats_arena_init(&arena, memory, len);
    assert_int_equal(hats_key_work_init(&work, &arena, &k->pub, err), HATS_OK);
    for (unsigned i = 0; i < 6; i++)
        challenges[i / 3].c[i % 3] = world_u64() % HATS_P;
    for (unsigned c = 0; c < air->n_weights; c++)
        (void)work.statement.weight_column(work.statement.ctx, challenges, 0, c,
                                           weights + (size_t)c * N);
    work.statement.scalars(work.statement.ctx, challenges, 0, &total);
    const struct hats_air_rows rows = {
        .trace = k->trace,
        .weights = weights,
        .challenges = challenges,
        .scalars = &total,
    };
    hats_status s = hats_air_check(air, &rows, err);
    hats_key_work_clear(&work);
    hats_free(weights);
    hats_free(memory);
    return s;
}

static void accepts(const struct key_world *k) {
    struct hats_error err = {0};
    if (check(k, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

static void refuses(const struct key_world *k, const char *part) {
    struct hats_error err = {0};
    assert_int_equal(check(k, &err), HATS_E_VERIFY);
    if (strstr(err.text, part) == NULL)
        fail_msg("refused, but for \"%s\" and not for \"%s\"", err.text, part);
}

/* Somebody who writes a table for another s and e0 as well as it goes: bits as near as 22 and 10 of them
 * come. */
static void forge(struct key_world *k) {
    uint64_t *bits = column(k, HATS_KEY_BITS), *m = column(k, HATS_KEY_MULTIPLICITIES);
    uint64_t weight = 0, slack = hats_noise_slack(k->e0, N);
    memset(m, 0, N * sizeof *m);
    for (size_t j = 0; j < N; j++) {
        column(k, HATS_KEY_S)[j] = hats_fp_from_i64(k->s[j]);
        column(k, HATS_KEY_E0)[j] = hats_fp_from_i64(k->e0[j]);
        weight += (uint64_t)(k->s[j] * k->s[j]);
    }
    (void)hats_noise_count(m, k->e0, N);
    for (unsigned i = 0; i < HATS_KEY_WINDOW_BITS; i++)
        bits[i] = slack >> i & 1;
    for (unsigned i = 0; i < HATS_KEY_WEIGHT_BITS; i++) {
        bits[HATS_KEY_ABOVE_AT + i] = (weight - k->setup->lo) >> i & 1;
        bits[HATS_KEY_BELOW_AT + i] = (k->setup->hi - weight) >> i & 1;
    }
    publish(k);
}

static void set_weight(struct key_world *k, unsigned weight) {
    for (unsigned j = 0; j < N; j++)
        k->s[j] = (int8_t)(j < weight ? (world_u64() & 2) - 1 : 0);
}

static void honest_keys_pass(void **state) {
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct key_world *k = begin(HATS_STARK_TEST);
        accepts(k);
        end(k);
    }
}

static void weights_of_the_secret(void **state) {
    (void)state;
    struct key_world *k = begin(HATS_STARK_TEST);
    const unsigned in[] = {2458, 2730, 2990}, out[] = {0, 64, 1024, 2457, 2991, 4096};
    for (size_t i = 0; i < 3; i++) {
        set_weight(k, in[i]);
        forge(k);
        accepts(k);
        assert_int_equal(hats_key_fill(k->trace, k->setup, k->s, k->e0, NULL), HATS_OK);
        accepts(k);
    }
    for (size_t i = 0; i < 6; i++) {
        set_weight(k, out[i]);
        forge(k);
        refuses(k, "linear relations");
        assert_int_equal(hats_key_fill(k->trace, k->setup, k->s, k->e0, NULL), HATS_E_RANGE);
        assert_int_equal(column(k, HATS_KEY_S)[0], 0);
    }
    end(k);
}

static void noise_of_the_key(void **state) {
    (void)state;
    struct key_world *k = begin(HATS_STARK_TEST);
    memset(k->e0, 3, N); /* known to all, and long enough: accepted, docs/SECURITY.md */
    forge(k);
    accepts(k);
    memset(k->e0, 2, N);
    forge(k);
    refuses(k, "linear relations");
    memset(k->e0, 0, N);
    forge(k);
    refuses(k, "linear relations");
    world_noise(k->e0);
    forge(k);
    accepts(k);
    column(k, HATS_KEY_E0)[9] = 41;
    refuses(k, "e0 is small");
    end(k);
}

static void a_secret_that_is_none(void **state) {
    (void)state;
    struct key_world *k = begin(HATS_STARK_TEST);
    k->s[4095] = -2;
    forge(k);
    refuses(k, "s is ternary");
    assert_int_equal(hats_key_fill(k->trace, k->setup, k->s, k->e0, NULL), HATS_E_RANGE);
    end(k);
}

static void another_b0(void **state) {
    (void)state;
    struct key_world *k = begin(HATS_STARK_TEST);
    k->b0[8 * 77 + 7] ^= 1;
    refuses(k, "linear relations");
    end(k);
}

static void every_cell_is_alive(void **state) {
    (void)state;
    struct key_world *k = begin(HATS_STARK_TEST);
    for (unsigned c = 0; c < HATS_KEY_COLUMNS; c++)
        for (unsigned i = 0; i < 24; i++) {
            uint32_t row = c == HATS_KEY_BITS && i % 2 == 0
                               ? (uint32_t)(world_u64() % HATS_KEY_USED_BITS)
                               : (uint32_t)(world_u64() % N);
            uint64_t *cell = column(k, (enum hats_key_column)c) + row, before = *cell;
            *cell = c == HATS_KEY_BITS ? 1 - before : hats_fp_add(before, 1 + world_u64() % 2);
            if (c == HATS_KEY_BITS && row >= HATS_KEY_USED_BITS)
                accepts(k); /* the bits that say nothing */
            else
                assert_int_equal(check(k, NULL), HATS_E_VERIFY);
            *cell = hats_fp_add(before, 2);
            assert_int_equal(check(k, NULL), HATS_E_VERIFY);
            *cell = before;
        }
    accepts(k);
    end(k);
}

/* ---- proofs ---- */

static hats_status verify(const struct hats_key_public *pub, const struct hats_buffer *proof) {
    struct hats_arena arena;
    size_t len = hats_key_scratch_bytes(pub->setup);
    void *memory = hats_alloc(len);
    assert_non_null(memory);
    hats_arena_init(&arena, memory, len);
    hats_status s = hats_key_verify(pub, proof->data, proof->len, &arena, NULL, NULL);
    assert_int_equal(arena.used, 0);
    hats_free(memory);
    return s;
}

static void a_proof_is_of_one_key_and_nonce(unsigned suite) {
    struct key_world *k = begin(suite), *other = begin(suite);
    uint8_t coins[HATS_STARK_COINS_LEN];
    struct hats_buffer proof;
    struct hats_error err = {0};
    world_bytes(coins, sizeof coins);
    hats_buffer_init(&proof, hats_key_setup_stark(k->setup)->proof_max_bytes);
    if (hats_key_prove(&proof, &k->pub, k->s, k->e0, coins, NULL, &err) != HATS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(verify(&k->pub, &proof), HATS_OK);
    k->pub.nonce[0] ^= 1;
    assert_int_not_equal(verify(&k->pub, &proof), HATS_OK);
    k->pub.nonce[0] ^= 1;
    k->pub.b0 = other->b0;
    assert_int_not_equal(verify(&k->pub, &proof), HATS_OK);
    k->pub.b0 = k->b0;
    memset(k->b0, 0xff, 8);
    assert_int_equal(verify(&k->pub, &proof), HATS_E_CANONICAL);
    hats_buffer_clear(&proof);
    end(other);
    end(k);
}

static void proofs(void **state) {
    (void)state;
    a_proof_is_of_one_key_and_nonce(HATS_STARK_TEST);
    a_proof_is_of_one_key_and_nonce(HATS_STARK_S128);
}

static void tables_that_are_none_have_no_proof(void **state) {
    (void)state;
    struct key_world *k = begin(HATS_STARK_TEST);
    struct hats_buffer proof;
    uint8_t coins[HATS_STARK_COINS_LEN] = {1};
    for (int i = 0; i < 3; i++) {
        int8_t s[N];
        memcpy(s, k->s, sizeof s);
        if (i == 0)
            s[7] = (int8_t)(s[7] == 0); /* not that of b0 */
        else
            set_weight(k, i == 1 ? 0 : 2457); /* that of b0, but sparse */
        if (i > 0)
            publish(k);
        hats_buffer_init(&proof, hats_key_setup_stark(k->setup)->proof_max_bytes);
        assert_int_equal(
            hats_key_prove(&proof, &k->pub, i == 0 ? s : k->s, k->e0, coins, NULL, NULL),
            i == 0 ? HATS_E_VERIFY : HATS_E_RANGE);
        assert_int_equal(proof.len, 0);
        hats_buffer_clear(&proof);
    }
    end(k);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(honest_keys_pass), cmocka_unit_test(weights_of_the_secret),
        cmocka_unit_test(noise_of_the_key), cmocka_unit_test(a_secret_that_is_none),
        cmocka_unit_test(another_b0),       cmocka_unit_test(every_cell_is_alive),
        cmocka_unit_test(proofs),           cmocka_unit_test(tables_that_are_none_have_no_proof),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
