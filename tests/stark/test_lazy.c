/* Sums that are reduced once and inverses that share an inversion, against the field's own arithmetic. */
#include "stark/lazy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const uint64_t first_seed = UINT64_C(0x243f6a8885a308d3);
static uint64_t seed;

static uint64_t next_random(void) { /* splitmix64 */
    uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % HATS_P;
}

static struct hats_fp3 random_k(void) {
    return (struct hats_fp3){{next_random(), next_random(), next_random()}};
}

static void assert_k_equal(struct hats_fp3 a, struct hats_fp3 b) {
    assert_memory_equal(&a, &b, sizeof a);
}

static void sums_of_the_largest_products_do_not_overflow(void **state) {
    (void)state;
    struct hats_lazy sum = {0};
    uint64_t expected = 0, most = HATS_P - 1;
    for (uint32_t n = 0; n < 3 << HATS_NTT_LOG_MAX; n++) {
        hats_lazy_add_product(&sum, most, most);
        expected = hats_fp_add(expected, 1); /* (-1)^2 */
    }
    assert_true(sum.high != 0);
    assert_int_equal(hats_lazy_reduce(&sum), expected);
    /* Words that are no canonical elements are summed as integers. */
    struct hats_lazy words = {0};
    hats_lazy_add_product(&words, UINT64_MAX, UINT64_MAX);
    hats_lazy_add_product(&words, UINT64_MAX, UINT64_MAX);
    uint64_t square = hats_fp_mul(UINT64_MAX - HATS_P, UINT64_MAX - HATS_P);
    assert_int_equal(hats_lazy_reduce(&words), hats_fp_add(square, square));
}

static void sums_over_k_are_those_of_the_field(void **state) {
    (void)state;
    seed = first_seed;
    printf("# seed %llx\n", (unsigned long long)seed);
    struct hats_lazy3 base = {0}, whole = {0};
    struct hats_fp3 base_expected = {{0}}, whole_expected = {{0}};
    for (int n = 0; n < 1000; n++) {
        struct hats_fp3 a = random_k(), b = random_k();
        struct hats_factor factor = hats_factor_of(b);
        hats_lazy3_add_base(&base, a.c[0], b);
        hats_lazy3_add(&whole, a, &factor);
        base_expected = hats_fp3_add(base_expected, hats_fp3_scale(b, a.c[0]));
        whole_expected = hats_fp3_add(whole_expected, hats_fp3_mul(a, b));
        assert_k_equal(hats_factor_value(&factor), b);
    }
    assert_k_equal(hats_lazy3_reduce(&base), base_expected);
    assert_k_equal(hats_lazy3_reduce(&whole), whole_expected);
}

static void a_pole_is_inverted_through_its_norm(void **state) {
    (void)state;
    seed = first_seed;
    for (int n = 0; n < 300; n++) {
        struct hats_fp3 u = random_k();
        if (n % 3 == 1)
            u.c[1] = 0;
        if (n % 3 == 2)
            u.c[2] = 0;
        uint64_t x = n % 7 == 0 ? 0 : next_random();
        struct hats_pole pole = hats_pole_of(u);
        struct hats_fp3 difference = hats_fp3_sub(u, hats_fp3_from_fp(x));
        uint64_t norm = hats_pole_norm(&pole, x);
        assert_int_equal(norm, hats_fp3_norm(difference));
        assert_k_equal(hats_fp3_scale(hats_pole_cofactor(&pole, x), hats_fp_inv(norm)),
                       hats_fp3_inv(difference));
    }
    struct hats_pole in_base = hats_pole_of(hats_fp3_from_fp(5));
    assert_int_equal(hats_pole_norm(&in_base, 5), 0);
    assert_int_not_equal(hats_pole_norm(&in_base, 6), 0);
}

static void a_block_is_inverted_with_one_inversion(void **state) {
    (void)state;
    seed = first_seed;
    for (size_t n = 0; n <= HATS_INVERSES_MAX; n++) {
        uint64_t values[HATS_INVERSES_MAX], inverses[HATS_INVERSES_MAX];
        for (size_t i = 0; i < n; i++)
            values[i] = inverses[i] = 1 + next_random() % (HATS_P - 1);
        assert_true(hats_fp_invert_block(inverses, n));
        for (size_t i = 0; i < n; i++)
            assert_int_equal(hats_fp_mul(values[i], inverses[i]), 1);
        if (n == 0)
            continue;
        values[next_random() % n] = 0;
        assert_false(hats_fp_invert_block(values, n));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_of_the_largest_products_do_not_overflow),
        cmocka_unit_test(sums_over_k_are_those_of_the_field),
        cmocka_unit_test(a_pole_is_inverted_through_its_norm),
        cmocka_unit_test(a_block_is_inverted_with_one_inversion),
    };
    return cmocka_run_group_tests_name("lazy", tests, NULL, NULL);
}
