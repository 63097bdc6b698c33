/* Values on cosets against Horner's rule, for every size. */
#include "field/lde.h"
#include "values.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define N_MAX ((size_t)1 << HATS_NTT_LOG_MAX)
#define N_POINTS 24 /* checked of a large coset */

static struct values v;
static _Alignas(64) uint64_t coeffs[2 * N_MAX + 16], values[N_MAX + 8], back[N_MAX + 8];

static void make(struct hats_lde_coset *c, unsigned log_n, uint64_t shift) {
    assert_int_equal(hats_lde_coset_init(c, log_n, shift, NULL), HATS_OK);
    assert_int_equal(c->log_n, log_n);
    assert_true(c->shift == shift);
    assert_true(c->shift_n == hats_fp_pow(shift, UINT64_C(1) << log_n));
}

static uint64_t generator(unsigned log_n) {
    return hats_fp_pow(HATS_P_GENERATOR, (HATS_P - 1) >> log_n);
}

static uint64_t random_unit(void) { return 1 + values_word(&v) % (HATS_P - 1); }

static uint64_t horner(const uint64_t *f, size_t n_coeffs, uint64_t x) {
    uint64_t y = 0;
    for (size_t j = n_coeffs; j-- > 0;)
        y = hats_fp_add(hats_fp_mul(y, x), f[j]);
    return y;
}

/* All points of small cosets, some of large ones. */
static void assert_values(const struct hats_lde_coset *c, size_t n_coeffs) {
    uint32_t n = (uint32_t)1 << c->log_n;
    uint64_t g = generator(c->log_n);
    for (uint32_t i = 0; i < n && i < N_POINTS; i++) {
        uint32_t k = n <= N_POINTS ? i : (uint32_t)(values_word(&v) % n);
        uint64_t x = hats_fp_mul(c->shift, hats_fp_pow(g, k));
        assert_true(values[hats_ntt_position(c->ntt, k)] == horner(coeffs, n_coeffs, x));
    }
}

static void evaluate(const struct hats_lde_coset *c, size_t n_coeffs) {
    size_t n = (size_t)1 << c->log_n;
    values_fill(&v, coeffs, n_coeffs);
    values[n] = 42;
    hats_lde_evaluate(c, values, coeffs, n_coeffs);
    assert_true(values[n] == 42);
    for (size_t i = 0; i < n; i++)
        assert_true(values[i] < HATS_P);
    assert_values(c, n_coeffs);
}

static void values_are_those_of_horners_rule(void **state) {
    (void)state;
    for (unsigned log_n = HATS_NTT_LOG_MIN; log_n <= 12; log_n++) {
        size_t n = (size_t)1 << log_n;
        size_t counts[] = {0, 1, 7, n - 1, n, n + 1, n + 8, n + n / 2 + 3, 2 * n, 3 * n + 5};
        for (int round = 0; round < 3; round++) {
            struct hats_lde_coset c;
            make(&c, log_n, round == 0 ? 1 : round == 1 ? 7 : random_unit());
            for (size_t i = 0; i < HATS_COUNT_OF(counts); i++)
                evaluate(&c, counts[i]);
            hats_lde_coset_clear(&c);
        }
    }
}

static void large_cosets_are_right_too(void **state) {
    (void)state;
    for (unsigned log_n = 13; log_n <= HATS_NTT_LOG_MAX; log_n++) {
        struct hats_lde_coset c;
        make(&c, log_n, random_unit());
        evaluate(&c, ((size_t)1 << log_n) + 200);
        hats_lde_coset_clear(&c);
    }
}

static void interpolation_undoes_evaluation(void **state) {
    (void)state;
    for (unsigned log_n = HATS_NTT_LOG_MIN; log_n <= HATS_NTT_LOG_MAX; log_n++) {
        size_t n = (size_t)1 << log_n;
        for (int round = 0; round < 2; round++) {
            struct hats_lde_coset c;
            make(&c, log_n, round == 0 ? 1 : random_unit());
            values_fill(&v, coeffs, n);
            hats_lde_evaluate(&c, values, coeffs, n);
            back[n] = 42;
            hats_lde_interpolate(&c, back, values);
            assert_memory_equal(back, coeffs, n * sizeof *back);
            assert_true(back[n] == 42);
            hats_lde_evaluate(&c, back, back, n);
            assert_memory_equal(back, values, n * sizeof *back);
            hats_lde_interpolate(&c, back, back);
            assert_memory_equal(back, coeffs, n * sizeof *back);
            hats_lde_coset_clear(&c);
        }
    }
}

/* The product of two polynomials, of fewer than 2N coefficients, from its values on two cosets. */
static void two_cosets_make_a_domain_of_twice_the_size(void **state) {
    (void)state;
    unsigned log_n = 9;
    size_t n = (size_t)1 << log_n;
    uint64_t w = generator(log_n + 1);
    struct hats_lde_coset whole;
    make(&whole, log_n + 1, 7);
    values_fill(&v, coeffs, 2 * n);
    hats_lde_evaluate(&whole, back, coeffs, 2 * n);
    for (uint32_t i = 0; i < 2; i++) {
        struct hats_lde_coset half;
        make(&half, log_n, hats_fp_mul(7, hats_fp_pow(w, i)));
        hats_lde_evaluate(&half, values, coeffs, 2 * n);
        for (uint32_t k = 0; k < n; k++)
            assert_true(values[hats_ntt_position(half.ntt, k)] ==
                        back[hats_ntt_position(whole.ntt, i + 2 * k)]);
        hats_lde_coset_clear(&half);
    }
    hats_lde_coset_clear(&whole);
}

static void the_coset_of_psi_is_the_negacyclic_transform(void **state) {
    (void)state;
    for (unsigned log_n = HATS_NTT_LOG_MIN; log_n <= HATS_NTT_LOG_MAX; log_n++) {
        size_t n = (size_t)1 << log_n;
        struct hats_lde_coset c;
        make(&c, log_n, generator(log_n + 1));
        values_fill(&v, coeffs, n);
        memcpy(back, coeffs, n * sizeof *back);
        hats_lde_evaluate(&c, values, coeffs, n);
        hats_ntt_forward(hats_ntt_shared(log_n), back);
        assert_memory_equal(values, back, n * sizeof *back);
        hats_lde_coset_clear(&c);
    }
}

static void without_memory_there_is_no_coset(void **state) {
    (void)state;
    struct hats_lde_coset c;
    struct hats_error err;
    hats_alloc_fail_at(0);
    make(&c, 8, 7);
    uint64_t n_allocs = hats_alloc_count();
    hats_lde_coset_clear(&c);
    for (uint64_t i = 1; i <= n_allocs; i++) {
        hats_alloc_fail_at(i);
        assert_int_equal(hats_lde_coset_init(&c, 8, 7, &err), HATS_E_MEMORY);
        hats_lde_coset_clear(&c);
    }
    hats_alloc_fail_at(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_those_of_horners_rule),
        cmocka_unit_test(large_cosets_are_right_too),
        cmocka_unit_test(interpolation_undoes_evaluation),
        cmocka_unit_test(two_cosets_make_a_domain_of_twice_the_size),
        cmocka_unit_test(the_coset_of_psi_is_the_negacyclic_transform),
        cmocka_unit_test(without_memory_there_is_no_coset),
    };
    v = values_from_seed();
    return cmocka_run_group_tests_name("lde", tests, NULL, NULL);
}
