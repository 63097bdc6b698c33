/* The exactness of the linear tier: decrypt(evaluate(encrypt(x))) = W x + b, for every shape and at
 * the edge of every range. */
#include "fixture.h"

#include "base/bytes.h"
#include "fhe/internal.h"

#include <stdlib.h>

static struct fixture_key key;

static int make_key(void **state) {
    uint8_t seed[HATS_FHE_SEED_LEN];
    (void)state;
    fixture_bytes(seed, sizeof seed);
    fixture_key_make(&key, seed);
    return 0;
}

static int clear_key(void **state) {
    (void)state;
    fixture_key_clear(&key);
    return 0;
}

static void assert_exact(const struct fixture_model *m, const int32_t *x) {
    struct fixture_call call;
    fixture_call_make(&call, &key, m, x);
    for (uint32_t o = 0; o < m->shape.k; o++)
        assert_int_equal(call.y[o], fixture_plain_answer(m, x, o));
    fixture_call_clear(&call);
}

static void answers_are_exact_for_random_shapes(void **state) {
    (void)state;
    for (int turn = 0; turn < 25; turn++) {
        uint32_t d = (uint32_t)fixture_between(1, 700), k = (uint32_t)fixture_between(1, 60);
        uint32_t best = hats_linear_best_block(SET, d, k);
        uint32_t block = turn % 2 == 0 ? best : (uint32_t)fixture_between((d + 7) / 8, N / 8);
        struct fixture_model m;
        int32_t *x = malloc(d * sizeof *x);
        fixture_model_make(&m, d, k, block, 31, 1000, 15, 0);
        for (uint32_t i = 0; i < d; i++)
            x[i] = (int32_t)fixture_between(-15, 15);
        assert_exact(&m, x);
        fixture_model_clear(&m);
        free(x);
    }
}

static void every_plaintext_modulus_gives_exact_answers(void **state) {
    (void)state;
    for (unsigned log_t = HATS_LINEAR_LOG_T_MIN; log_t <= HATS_LINEAR_LOG_T_MAX; log_t++) {
        struct fixture_model m;
        int32_t x[30];
        fixture_model_make(&m, 30, 4, 30, 12, 100, 80, log_t);
        assert_int_equal(hats_linear_model_params(m.model)->log_t, log_t);
        for (int i = 0; i < 30; i++)
            x[i] = (int32_t)fixture_between(-80, 80);
        assert_exact(&m, x);
        fixture_model_clear(&m);
    }
}

/* One output whose l1 norm, inputs and bias are all at the bound: |y| = t/2 - 1. */
static void answers_are_exact_at_the_edge_of_the_plaintext_range(void **state) {
    (void)state;
    for (unsigned log_t = HATS_LINEAR_LOG_T_MIN; log_t <= HATS_LINEAR_LOG_T_MAX; log_t++) {
        for (int sign = -1; sign <= 1; sign += 2) {
            struct fixture_model m;
            int32_t x[64];
            const int32_t x_max = 127;
            int64_t most = ((int64_t)1 << (log_t - 1)) - 1;
            fixture_model_make(&m, 64, 1, 64, 0, 0, (uint32_t)x_max, 0);
            hats_linear_model_free(m.model);
            int32_t each = (int32_t)(most / x_max / 64);
            for (int i = 0; i < 64; i++) {
                m.w[i] = fixture_u64() % 2 == 0 ? each : -each;
                x[i] = sign * (m.w[i] < 0 ? -x_max : x_max);
            }
            m.bias[0] = sign * (most - (int64_t)each * 64 * x_max);
            assert_int_equal(hats_linear_model_new(&m.model, SET, 0, &m.shape, &m.weights, NULL),
                             HATS_OK);
            assert_int_equal(hats_linear_model_params(m.model)->log_t, log_t);
            assert_int_equal(fixture_plain_answer(&m, x, 0), sign * most);
            assert_exact(&m, x);
            fixture_model_clear(&m);
        }
    }
}

static void the_largest_blocks_and_the_smallest_are_exact(void **state) {
    (void)state;
    static const struct {
        uint32_t d, k, block;
    } cases[] = {
        {1, 1, 1},      {1, 1, N},       {4096, 1, 4096},  {4097, 2, 4096}, {64, 64, 1},
        {1, 4096, 1},   {1, 4097, 1},    {2, 4096, 2},     {4096, 2, 2048}, {100, 33, 64},
        {128, 32, 128}, {1024, 77, 256}, {1000, 300, 100}, {3, 5, 1365},    {63, 65, 63},
    };
    for (size_t c = 0; c < HATS_COUNT_OF(cases); c++) {
        struct fixture_model m;
        int32_t *x = malloc(cases[c].d * sizeof *x);
        fixture_model_make(&m, cases[c].d, cases[c].k, cases[c].block, 7, 50, 3, 0);
        for (uint32_t i = 0; i < cases[c].d; i++)
            x[i] = (int32_t)fixture_between(-3, 3);
        assert_exact(&m, x);
        fixture_model_clear(&m);
        free(x);
    }
}

static void both_ways_to_the_kept_coefficients_give_the_same_bytes(void **state) {
    (void)state;
    static const uint32_t shapes[][3] = {{30, 1, 30}, {200, 40, 64}, {1024, 77, 256}};
    for (size_t c = 0; c < HATS_COUNT_OF(shapes); c++) {
        struct fixture_model m;
        struct hats_linear_model *paths[2];
        struct fixture_call call;
        uint8_t *other;
        int32_t *x = malloc(shapes[c][0] * sizeof *x);
        fixture_model_make(&m, shapes[c][0], shapes[c][1], shapes[c][2], 63, 9, 7, 0);
        for (uint32_t i = 0; i < shapes[c][0]; i++)
            x[i] = (int32_t)fixture_between(-7, 7);
        fixture_call_make(&call, &key, &m, x);
        other = malloc(call.answer_len);
        for (int p = 0; p < 2; p++) {
            enum hats_linear_path path = p == 0 ? HATS_PATH_DIRECT : HATS_PATH_TRANSFORM;
            assert_int_equal(
                hats_linear_model_new_path(&paths[p], SET, 0, &m.shape, &m.weights, path, NULL),
                HATS_OK);
            assert_int_equal(paths[p]->w_rev != NULL, path == HATS_PATH_DIRECT);
            assert_int_equal(hats_linear_evaluate(other, call.answer_len, paths[p], key.pk,
                                                  call.ctx, call.ciphertext, call.ciphertext_len,
                                                  call.flood_seed, NULL),
                             HATS_OK);
            assert_memory_equal(other, call.answer, call.answer_len);
            hats_linear_model_free(paths[p]);
        }
        free(other);
        free(x);
        fixture_call_clear(&call);
        fixture_model_clear(&m);
    }
}

/* Weights too large for the dot products take the transforms. */
static void large_weights_are_exact(void **state) {
    (void)state;
    struct fixture_model m;
    int32_t x[4096] = {0};
    fixture_model_make(&m, 4096, 1, 4096, 0, 0, 1, 0);
    hats_linear_model_free(m.model);
    int32_t lo[4096], hi[4096];
    for (int i = 0; i < 4096; i++) {
        m.w[i] = i < 3 ? 1000 : i % 2 == 0 ? 1000000 : -1000000;
        lo[i] = hi[i] = i < 3 ? 1 : 0; /* a proven box; only three inputs are ever non-zero */
        x[i] = hi[i];
    }
    m.weights.lo = lo;
    m.weights.hi = hi;
    assert_int_equal(hats_linear_model_new(&m.model, SET, 0, &m.shape, &m.weights, NULL), HATS_OK);
    assert_null(m.model->w_rev);
    assert_exact(&m, x);
    fixture_model_clear(&m);
}

static void the_same_flood_seed_gives_the_same_answer_and_another_gives_another(void **state) {
    (void)state;
    struct fixture_model m;
    struct fixture_call call;
    int32_t x[20] = {1, -2, 3};
    fixture_model_make(&m, 20, 3, 20, 15, 5, 5, 0);
    fixture_call_make(&call, &key, &m, x);
    uint8_t *again = malloc(call.answer_len);
    for (int changed = 0; changed < 2; changed++) {
        call.flood_seed[31] ^= (uint8_t)changed;
        assert_int_equal(hats_linear_evaluate(again, call.answer_len, m.model, key.pk, call.ctx,
                                              call.ciphertext, call.ciphertext_len, call.flood_seed,
                                              NULL),
                         HATS_OK);
        /* c1 is fresh everywhere: not one word stays */
        size_t same = 0;
        for (size_t at = 24; at < call.answer_len; at += 8)
            same += memcmp(again + at, call.answer + at, 8) == 0;
        assert_int_equal(same, changed ? 0 : (call.answer_len - 24) / 8);
    }
    free(again);
    fixture_call_clear(&call);
    fixture_model_clear(&m);
}

static void another_context_makes_the_answer_meaningless(void **state) {
    (void)state;
    struct fixture_model m;
    struct fixture_call call;
    int32_t x[20] = {1, -2, 3};
    fixture_model_make(&m, 20, 3, 20, 15, 5, 5, 0);
    fixture_call_make(&call, &key, &m, x);
    int64_t before[3];
    memcpy(before, call.y, sizeof before);
    call.ctx[0] ^= 1;
    assert_int_equal(hats_linear_evaluate(call.answer, call.answer_len, m.model, key.pk, call.ctx,
                                          call.ciphertext, call.ciphertext_len, call.flood_seed,
                                          NULL),
                     HATS_OK);
    assert_int_equal(hats_linear_decrypt(call.y, key.sk, hats_linear_model_params(m.model),
                                         &m.shape, call.answer, call.answer_len, NULL),
                     HATS_OK);
    assert_memory_not_equal(before, call.y, sizeof before);
    fixture_call_clear(&call);
    fixture_model_clear(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_exact_for_random_shapes),
        cmocka_unit_test(every_plaintext_modulus_gives_exact_answers),
        cmocka_unit_test(answers_are_exact_at_the_edge_of_the_plaintext_range),
        cmocka_unit_test(the_largest_blocks_and_the_smallest_are_exact),
        cmocka_unit_test(both_ways_to_the_kept_coefficients_give_the_same_bytes),
        cmocka_unit_test(large_weights_are_exact),
        cmocka_unit_test(the_same_flood_seed_gives_the_same_answer_and_another_gives_another),
        cmocka_unit_test(another_context_makes_the_answer_meaningless),
    };
    return cmocka_run_group_tests_name("linear", tests, make_key, clear_key);
}
