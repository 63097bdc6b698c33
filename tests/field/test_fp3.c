#include "field/fp3.h"
#include "values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct values v;

static struct hats_fp3 element(void) {
    return (struct hats_fp3){{values_element(&v), values_element(&v), values_element(&v)}};
}

static void assert_same(struct hats_fp3 a, struct hats_fp3 b) {
    for (int i = 0; i < 3; i++) {
        assert_true(a.c[i] < HATS_P);
        assert_true(a.c[i] == b.c[i]);
    }
    assert_true(hats_fp3_equal(a, b) == 1);
}

/* (a0 + a1 x + a2 x^2)(b0 + b1 x + b2 x^2) term by term, x^3 = 7. */
static struct hats_fp3 schoolbook(struct hats_fp3 a, struct hats_fp3 b) {
    uint64_t c[5] = {0};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            c[i + j] = hats_fp_add(c[i + j], hats_fp_mul(a.c[i], b.c[j]));
    for (int i = 0; i < 2; i++)
        c[i] = hats_fp_add(c[i], hats_fp_mul(c[i + 3], 7));
    return (struct hats_fp3){{c[0], c[1], c[2]}};
}

static void x_is_a_cube_root_of_seven(void **state) {
    (void)state;
    struct hats_fp3 x = {{0, 1, 0}};
    assert_same(hats_fp3_mul(x, hats_fp3_square(x)), hats_fp3_from_fp(7));
    assert_same(hats_fp3_pow(x, 3), hats_fp3_from_fp(7));
}

/* x^3 - 7 has a root in F_p, and with it a factor, just when 7 is a cube there. */
static void seven_is_not_a_cube_in_the_prime_field(void **state) {
    (void)state;
    assert_true((HATS_P - 1) % 3 == 0);
    assert_true(hats_fp_pow(7, (HATS_P - 1) / 3) == HATS_FP3_OMEGA);
    assert_true(hats_fp_mul(HATS_FP3_OMEGA, HATS_FP3_OMEGA) == HATS_FP3_OMEGA_2);
    assert_true(hats_fp_mul(HATS_FP3_OMEGA, HATS_FP3_OMEGA_2) == 1);
    assert_true(HATS_FP3_OMEGA != 1);
}

static void products_are_those_of_polynomials(void **state) {
    (void)state;
    for (int i = 0; i < 50000; i++) {
        struct hats_fp3 a = element(), b = element();
        assert_same(hats_fp3_mul(a, b), schoolbook(a, b));
        assert_same(hats_fp3_square(a), schoolbook(a, a));
    }
}

static void it_is_a_commutative_ring(void **state) {
    (void)state;
    struct hats_fp3 zero = hats_fp3_from_fp(0), one = hats_fp3_from_fp(1);
    for (int i = 0; i < 5000; i++) {
        struct hats_fp3 a = element(), b = element(), c = element();
        assert_same(hats_fp3_add(a, b), hats_fp3_add(b, a));
        assert_same(hats_fp3_mul(a, b), hats_fp3_mul(b, a));
        assert_same(hats_fp3_mul(hats_fp3_mul(a, b), c), hats_fp3_mul(a, hats_fp3_mul(b, c)));
        assert_same(hats_fp3_mul(a, hats_fp3_add(b, c)),
                    hats_fp3_add(hats_fp3_mul(a, b), hats_fp3_mul(a, c)));
        assert_same(hats_fp3_sub(hats_fp3_add(a, b), b), a);
        assert_same(hats_fp3_add(a, hats_fp3_neg(a)), zero);
        assert_same(hats_fp3_mul(a, one), a);
    }
}

static void the_prime_field_lies_in_it(void **state) {
    (void)state;
    for (int i = 0; i < 5000; i++) {
        uint64_t s = values_element(&v), t = values_element(&v);
        struct hats_fp3 a = element();
        assert_same(hats_fp3_add(hats_fp3_from_fp(s), hats_fp3_from_fp(t)),
                    hats_fp3_from_fp(hats_fp_add(s, t)));
        assert_same(hats_fp3_mul(hats_fp3_from_fp(s), hats_fp3_from_fp(t)),
                    hats_fp3_from_fp(hats_fp_mul(s, t)));
        assert_same(hats_fp3_scale(a, s), hats_fp3_mul(a, hats_fp3_from_fp(s)));
    }
}

static void every_element_but_zero_has_an_inverse(void **state) {
    (void)state;
    struct hats_fp3 zero = hats_fp3_from_fp(0), one = hats_fp3_from_fp(1);
    assert_same(hats_fp3_inv(zero), zero);
    for (int i = 0; i < 2000; i++) {
        struct hats_fp3 a = element();
        a.c[i % 3] = i % 7 == 0 ? 0 : a.c[i % 3];
        if (hats_fp3_equal(a, zero))
            continue;
        assert_same(hats_fp3_mul(a, hats_fp3_inv(a)), one);
        assert_true(hats_fp3_norm(a) != 0);
    }
    assert_true(hats_fp3_norm(zero) == 0);
}

static void frobenius_is_the_pth_power(void **state) {
    (void)state;
    for (int i = 0; i < 200; i++) {
        struct hats_fp3 a = element();
        struct hats_fp3 b = hats_fp3_frobenius(a), c = hats_fp3_frobenius(b);
        assert_same(b, hats_fp3_pow(a, HATS_P));
        assert_same(hats_fp3_frobenius(c), a);
        assert_same(hats_fp3_mul(a, hats_fp3_mul(b, c)), hats_fp3_from_fp(hats_fp3_norm(a)));
    }
}

static void powers_follow_the_exponent(void **state) {
    (void)state;
    struct hats_fp3 one = hats_fp3_from_fp(1);
    assert_same(hats_fp3_pow(hats_fp3_from_fp(0), 0), one);
    for (int i = 0; i < 200; i++) {
        struct hats_fp3 a = element();
        uint64_t m = values_word(&v) >> 1, n = values_word(&v) >> 1;
        assert_same(hats_fp3_pow(a, 0), one);
        assert_same(hats_fp3_pow(a, 1), a);
        assert_same(hats_fp3_pow(a, m + n), hats_fp3_mul(hats_fp3_pow(a, m), hats_fp3_pow(a, n)));
    }
}

static void equality_sees_every_coefficient(void **state) {
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct hats_fp3 a = element(), b = a;
        b.c[i % 3] = hats_fp_add(b.c[i % 3], UINT64_C(1) << i % 64);
        assert_true(hats_fp3_equal(a, a) == 1);
        assert_true(hats_fp3_equal(a, b) == 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x_is_a_cube_root_of_seven),
        cmocka_unit_test(seven_is_not_a_cube_in_the_prime_field),
        cmocka_unit_test(products_are_those_of_polynomials),
        cmocka_unit_test(it_is_a_commutative_ring),
        cmocka_unit_test(the_prime_field_lies_in_it),
        cmocka_unit_test(every_element_but_zero_has_an_inverse),
        cmocka_unit_test(frobenius_is_the_pth_power),
        cmocka_unit_test(powers_follow_the_exponent),
        cmocka_unit_test(equality_sees_every_coefficient),
    };
    v = values_from_seed();
    return cmocka_run_group_tests_name("fp3", tests, NULL, NULL);
}
