#include "values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct values v;

static uint64_t mod_p(hats_u128 x) { return (uint64_t)(x % HATS_P); }

static void assert_laws(uint64_t a, uint64_t b) {
    assert_true(hats_fp_add(a, b) == mod_p((hats_u128)a + b));
    assert_true(hats_fp_sub(a, b) == mod_p((hats_u128)a + HATS_P - b));
    assert_true(hats_fp_mul(a, b) == mod_p((hats_u128)a * b));
    assert_true(hats_fp_neg(a) == mod_p((hats_u128)HATS_P - a));
}

static void arithmetic_is_that_of_the_integers_mod_p(void **state) {
    (void)state;
    for (size_t i = 0; i < N_EDGES; i++)
        for (size_t j = 0; j < N_EDGES; j++)
            assert_laws(edges[i], edges[j]);
    for (int i = 0; i < 100000; i++)
        assert_laws(values_element(&v), values_element(&v));
}

static void any_128_bits_reduce(void **state) {
    (void)state;
    for (size_t i = 0; i < N_EDGES; i++)
        for (size_t j = 0; j < N_EDGES; j++) {
            hats_u128 x = (hats_u128)edges[i] << 64 | edges[j];
            assert_true(hats_fp_reduce128(x) == mod_p(x));
            assert_true(hats_fp_reduce128(~x) == mod_p(~x));
        }
    for (int i = 0; i < 100000; i++) {
        hats_u128 x = (hats_u128)values_word(&v) << 64 | values_word(&v);
        assert_true(hats_fp_reduce128(x) == mod_p(x));
    }
}

static void signed_integers_become_elements(void **state) {
    (void)state;
    assert_true(hats_fp_from_i64(0) == 0);
    assert_true(hats_fp_from_i64(-1) == HATS_P - 1);
    assert_true(hats_fp_from_i64(INT64_MAX) == (uint64_t)INT64_MAX);
    assert_true(hats_fp_from_i64(-INT64_MAX) == HATS_P - (uint64_t)INT64_MAX);
}

static void powers_follow_the_exponent(void **state) {
    (void)state;
    for (int i = 0; i < 200; i++) {
        uint64_t a = values_element(&v);
        uint64_t m = values_word(&v) >> 1, n = values_word(&v) >> 1;
        assert_true(hats_fp_pow(a, 0) == 1);
        assert_true(hats_fp_pow(a, 1) == a);
        assert_true(hats_fp_pow(a, m + n) == hats_fp_mul(hats_fp_pow(a, m), hats_fp_pow(a, n)));
    }
    assert_true(hats_fp_pow(2, 63) == UINT64_C(1) << 63);
    assert_true(hats_fp_pow(2, 96) == HATS_P - 1);
}

static void seven_generates_the_units(void **state) {
    (void)state;
    static const uint64_t primes[] = {2, 3, 5, 17, 257, 65537}; /* of p - 1 */
    assert_true(hats_fp_pow(HATS_P_GENERATOR, HATS_P - 1) == 1);
    for (size_t i = 0; i < HATS_COUNT_OF(primes); i++)
        assert_true(hats_fp_pow(HATS_P_GENERATOR, (HATS_P - 1) / primes[i]) != 1);
}

static void every_element_but_zero_has_an_inverse(void **state) {
    (void)state;
    assert_true(hats_fp_inv(0) == 0);
    for (size_t i = 0; i < 1000 + N_EDGES; i++) {
        uint64_t a = i < N_EDGES ? edges[i] : values_element(&v);
        assert_true(hats_fp_mul(a, hats_fp_inv(a)) == (a != 0));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic_is_that_of_the_integers_mod_p),
        cmocka_unit_test(any_128_bits_reduce),
        cmocka_unit_test(signed_integers_become_elements),
        cmocka_unit_test(powers_follow_the_exponent),
        cmocka_unit_test(seven_generates_the_units),
        cmocka_unit_test(every_element_but_zero_has_an_inverse),
    };
    v = values_from_seed();
    return cmocka_run_group_tests_name("scalar", tests, NULL, NULL);
}
