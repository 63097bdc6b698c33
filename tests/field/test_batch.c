#include "field/fp3.h"
#include "values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define N_MAX 2048

static struct values v;
static _Alignas(64) uint64_t words[6][N_MAX + 8];

static void powers_are_start_times_ratio_to_the_j_at_every_length(void **state) {
    (void)state;
    uint64_t *out = words[0];
    for (size_t n = 0; n <= N_MAX; n += n < 80 ? 1 : values_word(&v) % 200) {
        uint64_t start = values_element(&v), ratio = values_element(&v);
        for (size_t i = 0; i < N_MAX + 8; i++)
            out[i] = 42;
        hats_fp_powers(out, start, ratio, n);
        for (size_t j = 0; j < n; j++, start = hats_fp_mul(start, ratio))
            assert_true(out[j] == start);
        assert_true(out[n] == 42);
    }
}

static void inverses_are_those_of_one_at_a_time(void **state) {
    (void)state;
    uint64_t *a = words[0], *out = words[1];
    for (size_t n = 0; n <= 1200; n += 8 + 8 * (n > 200) * (values_word(&v) % 16)) {
        values_fill(&v, a, n);
        out[n] = 42;
        hats_fp_inv_many(out, a, n);
        for (size_t i = 0; i < n; i++)
            assert_true(out[i] == hats_fp_inv(a[i]));
        assert_true(out[n] == 42);
    }
}

static void a_zero_among_the_inverses_spoils_no_other(void **state) {
    (void)state;
    uint64_t *a = words[0], *out = words[1];
    memset(a, 0, sizeof words[0]);
    hats_fp_inv_many(out, a, 256);
    for (size_t i = 0; i < 256; i++)
        assert_true(out[i] == 0);
    for (size_t i = 0; i < 256; i++)
        a[i] = i % 3 == 0 ? 0 : 1 + values_word(&v) % (HATS_P - 1);
    hats_fp_inv_many(out, a, 256);
    for (size_t i = 0; i < 256; i++)
        assert_true(out[i] < HATS_P && hats_fp_mul(out[i], a[i]) == (i % 3 != 0));
}

static void assert_inverses(struct hats_fp3_vec out, struct hats_fp3_vec a, size_t n) {
    struct hats_fp3 zero = hats_fp3_from_fp(0), one = hats_fp3_from_fp(1);
    for (size_t i = 0; i < n; i++) {
        struct hats_fp3 x = hats_fp3_vec_at(a, i), y = hats_fp3_vec_at(out, i);
        assert_true(y.c[0] < HATS_P && y.c[1] < HATS_P && y.c[2] < HATS_P);
        if (hats_fp3_equal(x, zero))
            assert_true(hats_fp3_equal(y, zero));
        else
            assert_true(hats_fp3_equal(hats_fp3_mul(x, y), one));
    }
}

static void inverses_in_the_extension_multiply_to_one(void **state) {
    (void)state;
    struct hats_fp3_vec a = {{words[0], words[1], words[2]}};
    struct hats_fp3_vec out = {{words[3], words[4], words[5]}};
    for (size_t n = 0; n <= 1200; n += 8 + 8 * (n > 200) * (values_word(&v) % 16)) {
        for (int j = 0; j < 3; j++) {
            values_fill(&v, a.c[j], n);
            out.c[j][n] = 42;
        }
        for (size_t i = 0; i < n; i += 1 + values_word(&v) % 20)
            hats_fp3_vec_set(a, i, hats_fp3_from_fp(i % 2)); /* zeros, and elements of F_p */
        hats_fp3_inv_many(out, a, n);
        assert_inverses(out, a, n);
        for (int j = 0; j < 3; j++)
            assert_true(out.c[j][n] == 42);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(powers_are_start_times_ratio_to_the_j_at_every_length),
        cmocka_unit_test(inverses_are_those_of_one_at_a_time),
        cmocka_unit_test(a_zero_among_the_inverses_spoils_no_other),
        cmocka_unit_test(inverses_in_the_extension_multiply_to_one),
    };
    v = values_from_seed();
    return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
