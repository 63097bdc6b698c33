/* The guard, the shapes, and the budget that makes answers exact. */
#include "fixture.h"

#include "base/bytes.h"
#include "field/field.h"

#include <math.h>
#include <stdlib.h>

static void the_guard_allows_the_quantum_row_and_nothing_above(void **state) {
    (void)state;
    /* Bossuat et al., CiC 2024: 128 bits, quantum, ternary secret */
    static const unsigned row[] = {40, 80, 161, 322, 644, 1289};
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(hats_fhe_guard(11 + i, row[i], NULL), HATS_OK);
        assert_int_equal(hats_fhe_guard(11 + i, row[i] + 1, NULL), HATS_E_INSECURE);
    }
    assert_int_equal(hats_fhe_guard(10, 20, NULL), HATS_E_INSECURE);
    assert_int_equal(hats_fhe_guard(0, 1, NULL), HATS_E_INSECURE);
    assert_int_equal(hats_fhe_guard(17, 40, NULL), HATS_E_UNSUPPORTED);
    /* a widespread default elsewhere: classical only */
    assert_int_equal(hats_fhe_guard(13, 218, NULL), HATS_E_INSECURE);
}

static void delta_times_t_is_p_minus_1(void **state) {
    (void)state;
    for (unsigned log_t = HATS_LINEAR_LOG_T_MIN; log_t <= HATS_LINEAR_LOG_T_MAX; log_t++) {
        struct hats_fhe_params p;
        assert_int_equal(hats_fhe_params_init(&p, SET, log_t, NULL), HATS_OK);
        assert_int_equal(p.n, N);
        assert_int_equal(p.t, UINT64_C(1) << log_t);
        assert_true(p.delta * p.t == HATS_P - 1);
    }
}

static void unknown_sets_and_other_plaintext_moduli_are_refused(void **state) {
    (void)state;
    struct hats_fhe_params p;
    struct hats_linear_shape s;
    struct hats_error err = {0};
    assert_int_equal(hats_fhe_params_init(&p, 0, 20, &err), HATS_E_VERSION);
    assert_int_equal(err.status, HATS_E_VERSION);
    assert_non_null(strstr(err.text, "L4096"));
    assert_int_equal(hats_fhe_params_init(&p, SET + 1, 20, NULL), HATS_E_VERSION);
    assert_int_equal(hats_fhe_params_init(&p, SET, 15, NULL), HATS_E_RANGE);
    assert_int_equal(hats_fhe_params_init(&p, SET, 27, NULL), HATS_E_RANGE);
    assert_int_equal(hats_fhe_params_init(&p, SET, 0, NULL), HATS_E_RANGE);
    assert_int_equal(hats_linear_shape_init(&s, SET + 1, 1, 1, 1, NULL), HATS_E_VERSION);
    assert_int_equal(hats_fhe_set_n(SET), N);
    assert_int_equal(hats_fhe_set_n(SET + 1), 0);
    assert_string_equal(hats_fhe_set_name(SET), "L4096");
    assert_string_equal(hats_fhe_set_name(99), "unknown");
    assert_int_equal(hats_fhe_security_of(99).quantum, 0);
    assert_int_equal(hats_fhe_public_key_bytes(99), 0);
}

static void shapes_count_the_ciphertexts(void **state) {
    (void)state;
    static const struct {
        uint32_t d, k, block, n_in, outs, n_out;
    } cases[] = {
        {30, 1, 30, 1, 1, 1},       {1024, 77, 256, 4, 16, 5},  {4096, 77, 512, 8, 8, 10},
        {2048, 77, 256, 8, 16, 5},  {128, 32, 128, 1, 32, 1},   {784, 10, 512, 2, 8, 2},
        {4097, 3, 4096, 2, 1, 3},   {1, 4097, 1, 1, 4096, 2},   {7, 3, 3, 3, 3, 1},
        {65536, 1, 1024, 64, 1, 1}, {1, 65536, 1, 1, 4096, 16},
    };
    for (size_t c = 0; c < HATS_COUNT_OF(cases); c++) {
        struct hats_linear_shape s;
        assert_int_equal(
            hats_linear_shape_init(&s, SET, cases[c].d, cases[c].k, cases[c].block, NULL), HATS_OK);
        assert_int_equal(s.n_in, cases[c].n_in);
        assert_int_equal(s.outs_per_ct, cases[c].outs);
        assert_int_equal(s.n_out, cases[c].n_out);
        uint32_t outs = 0;
        for (uint32_t q = 0; q < s.n_out; q++)
            outs += hats_linear_outs_in(&s, q);
        assert_int_equal(outs, s.k);
    }
}

static void shapes_out_of_bounds_are_refused(void **state) {
    (void)state;
    static const uint32_t bad[][3] = {{0, 1, 1},        {65537, 1, 4096}, {1, 0, 1},
                                      {1, 65537, 1},    {1, 1, 0},        {1, 1, 4097},
                                      {65, 1, 1},       {1, 65, N},       {65536, 65536, 1000},
                                      {65536, 1, 1023}, {1, 65536, 65},   {UINT32_MAX, 1, 1}};
    for (size_t c = 0; c < HATS_COUNT_OF(bad); c++) {
        struct hats_linear_shape s = {.d = 42};
        assert_int_equal(hats_linear_shape_init(&s, SET, bad[c][0], bad[c][1], bad[c][2], NULL),
                         HATS_E_RANGE);
        assert_int_equal(s.d, 42);
    }
}

static void the_best_block_is_found_among_all(void **state) {
    (void)state;
    /* d, k, block; the last of each tie */
    static const uint32_t cases[][3] = {
        {30, 1, 30},     {1024, 77, 256}, {4096, 77, 512}, {2048, 77, 372},  {512, 77, 256},
        {256, 77, 157},  {8192, 77, 682}, {128, 32, 128},  {64, 10, 64},     {784, 10, 784},
        {4096, 1, 4096}, {5000, 1, 4096}, {1, 4096, 1},    {384, 10000, 13},
    };
    for (size_t c = 0; c < HATS_COUNT_OF(cases); c++)
        assert_int_equal(hats_linear_best_block(SET, cases[c][0], cases[c][1]), cases[c][2]);
    for (int turn = 0; turn < 40; turn++) {
        uint32_t d = (uint32_t)fixture_between(1, 9000), k = (uint32_t)fixture_between(1, 900);
        uint32_t best = hats_linear_best_block(SET, d, k);
        struct hats_linear_shape chosen, s;
        if (hats_linear_shape_init(&chosen, SET, d, k, best, NULL) != HATS_OK)
            chosen.n_in = chosen.n_out = HATS_LINEAR_MAX_CIPHERTEXTS + 1;
        for (uint32_t block = 1; block <= (d < N ? d : N); block++) {
            if (hats_linear_shape_init(&s, SET, d, k, block, NULL) != HATS_OK)
                continue;
            assert_true(s.n_in + s.n_out >= chosen.n_in + chosen.n_out);
            if (block > best)
                assert_true(s.n_in + s.n_out > chosen.n_in + chosen.n_out);
        }
    }
}

struct small_model {
    struct hats_linear_shape shape;
    struct hats_linear_weights weights;
    int32_t w[64];
    int64_t bias[2];
    int32_t lo[32], hi[32];
};

/* Two outputs of 32 inputs, weights 1 and 2. */
static void small_model_make(struct small_model *m, uint32_t x_max) {
    memset(m, 0, sizeof *m);
    assert_int_equal(hats_linear_shape_init(&m->shape, SET, 32, 2, 32, NULL), HATS_OK);
    for (int i = 0; i < 64; i++)
        m->w[i] = i < 32 ? 1 : -2;
    m->weights = (struct hats_linear_weights){.w = m->w, .bias = m->bias, .x_max = x_max};
}

static void the_budget_follows_its_formulas(void **state) {
    (void)state;
    struct small_model m;
    struct hats_linear_budget b;
    small_model_make(&m, 127);
    m.bias[1] = -1000;
    assert_int_equal(hats_linear_budget_of(&b, SET, 0, &m.shape, &m.weights, NULL), HATS_OK);
    assert_int_equal(b.log_t, 16);
    assert_int_equal(b.answer_max, 64 * 127 + 1000);
    assert_int_equal(b.l1_max, 64);
    assert_int_equal(b.l1_sum, 96);
    assert_int_equal(b.noise, 40 * 96 + 61 * 4096 + 21);
    assert_int_equal(b.flood, (HATS_P - 1) / 65536 / 2 - b.noise - 2);
    double kl = 2 * log2(6.0 * (double)b.noise / (double)b.flood) - 1;
    assert_true(b.kl_millibits >= 1000 * kl && b.kl_millibits <= 1000 * kl + 1.01);
    kl += log2(2 * 33);
    assert_true(b.kl_all_millibits >= 1000 * kl && b.kl_all_millibits <= 1000 * kl + 1.01);
}

/* The table of the design: t, |x|, K, A_o -> log2 of B, F, B/sigma and KL, to a tenth of a bit. */
static void the_budget_reproduces_the_published_table(void **state) {
    (void)state;
    static const struct {
        unsigned log_t;
        uint32_t x_max, k;
        int32_t a;
        double noise, flood, ratio, kl;
    } rows[] = {
        {16, 31, 64, 1000, 21.4, 47, -23.0, -47.0},
        {18, 63, 64, 2000, 22.4, 45, -20.1, -41.1},
        {20, 127, 64, 4096, 23.4, 43, -17.1, -35.1},
        {22, 127, 16, 16384, 23.4, 41, -15.1, -31.1},
        {24, 127, 8, 65536, 24.3, 39, -12.1, -25.2},
        {26, 127, 4, 262144 - 4096, 25.3, 37, -9.1, -19.2},
    };
    for (size_t r = 0; r < HATS_COUNT_OF(rows); r++) {
        struct hats_linear_shape s;
        struct hats_linear_budget b;
        int32_t *w = calloc((size_t)rows[r].k * 64, sizeof *w);
        int64_t *bias = calloc(rows[r].k, sizeof *bias);
        for (uint32_t o = 0; o < rows[r].k; o++)
            w[64 * o + o % 64] = rows[r].a;
        struct hats_linear_weights weights = {.w = w, .bias = bias, .x_max = rows[r].x_max};
        assert_int_equal(hats_linear_shape_init(&s, SET, 64, rows[r].k, 64, NULL), HATS_OK);
        assert_int_equal(hats_linear_budget_of(&b, SET, 0, &s, &weights, NULL), HATS_OK);
        assert_int_equal(b.log_t, rows[r].log_t);
        assert_true(fabs(log2((double)b.noise) - rows[r].noise) < 0.06);
        assert_true(fabs(log2((double)b.flood) - rows[r].flood) < 0.06);
        double ratio = log2(6.0 * (double)b.noise / (double)b.flood);
        assert_true(fabs(ratio - rows[r].ratio) < 0.06);
        assert_true(fabs(b.kl_millibits / 1000.0 - rows[r].kl) < 0.11);
        free(w);
        free(bias);
    }
}

static void t_is_the_least_power_of_two_that_holds_the_answers(void **state) {
    (void)state;
    for (unsigned log_t = 17; log_t <= HATS_LINEAR_LOG_T_MAX; log_t++) {
        struct small_model m;
        struct hats_linear_budget b;
        small_model_make(&m, 127);
        int64_t most = ((int64_t)1 << (log_t - 1)) - 1;
        m.bias[1] = most - 64 * 127;
        assert_int_equal(hats_linear_budget_of(&b, SET, 0, &m.shape, &m.weights, NULL), HATS_OK);
        assert_int_equal(b.log_t, log_t);
        assert_int_equal(b.answer_max, most);
        assert_int_equal(hats_linear_budget_of(NULL, SET, log_t - 1, &m.shape, &m.weights, NULL),
                         HATS_E_RANGE);
        m.bias[1]++;
        hats_status more = hats_linear_budget_of(&b, SET, 0, &m.shape, &m.weights, NULL);
        assert_int_equal(more, log_t < HATS_LINEAR_LOG_T_MAX ? HATS_OK : HATS_E_RANGE);
        if (more == HATS_OK)
            assert_int_equal(b.log_t, log_t + 1);
    }
}

static void a_proven_box_lowers_t_and_is_checked(void **state) {
    (void)state;
    struct small_model m;
    struct hats_linear_budget b;
    small_model_make(&m, 1000);
    assert_int_equal(hats_linear_budget_of(&b, SET, 0, &m.shape, &m.weights, NULL), HATS_OK);
    assert_int_equal(b.log_t, 17);
    for (int i = 0; i < 32; i++)
        m.hi[i] = 500;
    m.weights.lo = m.lo;
    m.weights.hi = m.hi;
    assert_int_equal(hats_linear_budget_of(&b, SET, 0, &m.shape, &m.weights, NULL), HATS_OK);
    assert_int_equal(b.log_t, 16);
    assert_int_equal(b.answer_max, 32 * 2 * 500); /* the negative twin, of the second output */
    assert_int_equal(b.l1_sum, 96);
    m.weights.hi = NULL;
    assert_int_equal(hats_linear_budget_of(&b, SET, 0, &m.shape, &m.weights, NULL), HATS_E_RANGE);
    m.weights.hi = m.hi;
    m.hi[7] = 1001;
    assert_int_equal(hats_linear_budget_of(&b, SET, 0, &m.shape, &m.weights, NULL), HATS_E_RANGE);
    m.hi[7] = -1;
    assert_int_equal(hats_linear_budget_of(&b, SET, 0, &m.shape, &m.weights, NULL), HATS_E_RANGE);
    m.hi[7] = 0;
    m.lo[7] = -1001;
    assert_int_equal(hats_linear_budget_of(&b, SET, 0, &m.shape, &m.weights, NULL), HATS_E_RANGE);
}

static void weights_that_leave_no_room_for_the_flood_are_refused(void **state) {
    (void)state;
    struct small_model m;
    struct hats_error err = {0};
    struct hats_linear_budget b;
    small_model_make(&m, 1);
    memset(m.w, 0, sizeof m.w);
    /* t = 2^26: F = 2^37 - B - 2 >= 2^8 B as long as B <= 534779616 */
    uint64_t most_noise = (((HATS_P - 1) >> 27) - 2) / 257;
    int32_t most = (int32_t)((most_noise - 61 * N - 21) / 40);
    m.w[0] = most;
    assert_int_equal(hats_linear_budget_of(&b, SET, 26, &m.shape, &m.weights, NULL), HATS_OK);
    assert_true(b.flood >= 256 * b.noise);
    m.w[0] = most + 1;
    assert_int_equal(hats_linear_budget_of(&b, SET, 26, &m.shape, &m.weights, &err), HATS_E_RANGE);
    assert_non_null(strstr(err.text, "no room to hide"));
}

static void extreme_weights_do_not_overflow_the_budget(void **state) {
    (void)state;
    struct small_model m;
    struct hats_linear_budget b;
    small_model_make(&m, UINT32_MAX);
    for (int i = 0; i < 64; i++)
        m.w[i] = INT32_MIN;
    m.bias[0] = INT64_MIN;
    m.bias[1] = INT64_MAX;
    assert_int_equal(hats_linear_budget_of(&b, SET, 0, &m.shape, &m.weights, NULL), HATS_E_RANGE);
    memset(m.w, 0, sizeof m.w);
    assert_int_equal(hats_linear_budget_of(&b, SET, 0, &m.shape, &m.weights, NULL), HATS_E_RANGE);
    m.bias[0] = m.bias[1] = 0;
    m.weights.x_max = (1u << 25) - 1;
    assert_int_equal(hats_linear_budget_of(&b, SET, 0, &m.shape, &m.weights, NULL), HATS_OK);
    assert_int_equal(b.log_t, 26);
    m.weights.x_max = 1u << 25;
    assert_int_equal(hats_linear_budget_of(&b, SET, 0, &m.shape, &m.weights, NULL), HATS_E_RANGE);
    m.weights.x_max = 0;
    assert_int_equal(hats_linear_budget_of(&b, SET, 0, &m.shape, &m.weights, NULL), HATS_OK);
    assert_int_equal(b.log_t, 16);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guard_allows_the_quantum_row_and_nothing_above),
        cmocka_unit_test(delta_times_t_is_p_minus_1),
        cmocka_unit_test(unknown_sets_and_other_plaintext_moduli_are_refused),
        cmocka_unit_test(shapes_count_the_ciphertexts),
        cmocka_unit_test(shapes_out_of_bounds_are_refused),
        cmocka_unit_test(the_best_block_is_found_among_all),
        cmocka_unit_test(the_budget_follows_its_formulas),
        cmocka_unit_test(the_budget_reproduces_the_published_table),
        cmocka_unit_test(t_is_the_least_power_of_two_that_holds_the_answers),
        cmocka_unit_test(a_proven_box_lowers_t_and_is_checked),
        cmocka_unit_test(weights_that_leave_no_room_for_the_flood_are_refused),
        cmocka_unit_test(extreme_weights_do_not_overflow_the_budget),
    };
    return cmocka_run_group_tests_name("parameters and budget", tests, NULL, NULL);
}
