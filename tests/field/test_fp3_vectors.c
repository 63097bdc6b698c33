/* Laws over every backend: each kernel on vectors over K against the scalar functions. */
#include "field/fp3.h"
#include "values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define N_MAX 264

static struct values v;
static _Alignas(64) uint64_t words[11][N_MAX];
static const struct hats_fp3_vec a = {{words[0], words[1], words[2]}};
static const struct hats_fp3_vec b = {{words[3], words[4], words[5]}};
static const struct hats_fp3_vec out = {{words[6], words[7], words[8]}};
static uint64_t *const base = words[9];
static uint64_t *const untouched = words[10];

static void assert_at(struct hats_fp3_vec x, size_t i, struct hats_fp3 expected) {
    for (int j = 0; j < 3; j++)
        assert_true(x.c[j][i] == expected.c[j]);
}

static void copy(struct hats_fp3_vec to, struct hats_fp3_vec from) {
    for (int j = 0; j < 3; j++)
        memcpy(to.c[j], from.c[j], sizeof words[0]);
}

static void assert_products(const struct hats_field_kernels *k, size_t n) {
    k->fp3_mul(out, a, b, n);
    for (size_t i = 0; i < n; i++)
        assert_at(out, i, hats_fp3_mul(hats_fp3_vec_at(a, i), hats_fp3_vec_at(b, i)));
    k->fp3_mul_base(out, a, base, n);
    for (size_t i = 0; i < n; i++)
        assert_at(out, i, hats_fp3_scale(hats_fp3_vec_at(a, i), base[i]));
    copy(out, b);
    k->fp3_mul_add_base(out, a, base, n);
    for (size_t i = 0; i < n; i++)
        assert_at(
            out, i,
            hats_fp3_add(hats_fp3_vec_at(b, i), hats_fp3_scale(hats_fp3_vec_at(a, i), base[i])));
}

static void assert_scalings(const struct hats_field_kernels *k, size_t n, struct hats_fp3 c) {
    k->fp3_scale(out, a, c, n);
    for (size_t i = 0; i < n; i++)
        assert_at(out, i, hats_fp3_mul(hats_fp3_vec_at(a, i), c));
    copy(out, b);
    k->fp3_add_scaled(out, a, c, n);
    for (size_t i = 0; i < n; i++)
        assert_at(out, i,
                  hats_fp3_add(hats_fp3_vec_at(b, i), hats_fp3_mul(hats_fp3_vec_at(a, i), c)));
    copy(out, b);
    k->fp3_add_scaled_base(out, base, c, n);
    for (size_t i = 0; i < n; i++)
        assert_at(out, i, hats_fp3_add(hats_fp3_vec_at(b, i), hats_fp3_scale(c, base[i])));
}

#define TERMS_MAX 200
static const uint64_t *terms[TERMS_MAX];
static struct hats_fp3 factors[TERMS_MAX];

static void assert_sum_of_terms(const struct hats_field_kernels *k, size_t n_terms, size_t n) {
    copy(out, b);
    k->fp3_dot_base(out, terms, factors, n_terms, n);
    for (size_t i = 0; i < n; i++) {
        struct hats_fp3 expected = hats_fp3_vec_at(b, i);
        for (size_t t = 0; t < n_terms; t++)
            expected = hats_fp3_add(expected, hats_fp3_scale(factors[t], terms[t][i]));
        assert_at(out, i, expected);
    }
}

static void for_each_backend(void (*check)(const struct hats_field_kernels *k)) {
    for (int i = 0; i < HATS_BACKEND_COUNT; i++) {
        const struct hats_field_kernels *k = hats_field_kernels_of((enum hats_backend)i);
        if (k != NULL)
            check(k);
    }
}

static void fill_random(void) {
    for (int j = 0; j < 10; j++)
        values_fill(&v, words[j], N_MAX);
}

static void check_random(const struct hats_field_kernels *k) {
    for (int round = 0; round < 300; round++) {
        struct hats_fp3 c = {{values_element(&v), values_element(&v), values_element(&v)}};
        size_t n = (size_t)(round % (N_MAX / 8 + 1)) * 8;
        fill_random();
        assert_products(k, n);
        assert_scalings(k, n, c);
    }
}

static void random_elements_agree_with_scalar_code_at_every_length(void **state) {
    (void)state;
    for_each_backend(check_random);
}

/* All coefficients equal, for sums of products as large and as small as they get, and mixed. */
static void check_edges(const struct hats_field_kernels *k) {
    for (size_t t = 0; t < N_EDGES * N_EDGES; t++) {
        uint64_t x = edges[t % N_EDGES], y = edges[t / N_EDGES];
        for (size_t i = 0; i < 64; i++) {
            for (size_t j = 0; j < 3; j++) {
                a.c[j][i] = i >> j & 1 ? x : y;
                b.c[j][i] = i >> (j + 3) & 1 ? x : y;
            }
            base[i] = i & 8 ? x : y;
        }
        assert_products(k, 64);
        assert_scalings(k, 64, (struct hats_fp3){{x, x, y}});
        assert_scalings(k, 64, (struct hats_fp3){{y, x, x}});
    }
}

static void edges_agree_with_scalar_code(void **state) {
    (void)state;
    for_each_backend(check_edges);
}

static void check_sums(const struct hats_field_kernels *k) {
    for (size_t n_terms = 0; n_terms <= TERMS_MAX; n_terms += n_terms < 70 ? 1 : 13) {
        fill_random();
        for (size_t t = 0; t < n_terms; t++) {
            terms[t] = words[values_word(&v) % 3 == 0 ? 9 : values_word(&v) % 3];
            for (int j = 0; j < 3; j++)
                factors[t].c[j] = values_element(&v);
        }
        assert_sum_of_terms(k, n_terms, 24);
    }
    /* every term, its factor and what it is added to as large as they get */
    for (size_t i = 0; i < 8; i++) {
        base[i] = HATS_P - 1;
        hats_fp3_vec_set(b, i, (struct hats_fp3){{HATS_P - 1, HATS_P - 1, HATS_P - 1}});
    }
    for (size_t e = 0; e < N_EDGES; e++) {
        for (size_t t = 0; t < TERMS_MAX; t++) {
            terms[t] = base;
            factors[t] = (struct hats_fp3){{edges[e], HATS_P - 1, edges[t % N_EDGES]}};
        }
        assert_sum_of_terms(k, TERMS_MAX, 8);
    }
}

static void sums_of_many_scaled_vectors_agree_with_scalar_code(void **state) {
    (void)state;
    for_each_backend(check_sums);
}

static void check_in_place(const struct hats_field_kernels *k) {
    struct hats_fp3 c = {{values_element(&v), values_element(&v), values_element(&v)}};
    fill_random();
    copy(out, a);
    k->fp3_mul(out, out, b, N_MAX);
    for (size_t i = 0; i < N_MAX; i++)
        assert_at(out, i, hats_fp3_mul(hats_fp3_vec_at(a, i), hats_fp3_vec_at(b, i)));
    copy(out, a);
    k->fp3_mul(out, b, out, N_MAX);
    for (size_t i = 0; i < N_MAX; i++)
        assert_at(out, i, hats_fp3_mul(hats_fp3_vec_at(a, i), hats_fp3_vec_at(b, i)));
    copy(out, a);
    k->fp3_mul(out, out, out, N_MAX);
    for (size_t i = 0; i < N_MAX; i++)
        assert_at(out, i, hats_fp3_square(hats_fp3_vec_at(a, i)));
    copy(out, a);
    k->fp3_mul_base(out, out, base, N_MAX);
    k->fp3_scale(out, out, c, N_MAX);
    for (size_t i = 0; i < N_MAX; i++)
        assert_at(out, i, hats_fp3_mul(hats_fp3_scale(hats_fp3_vec_at(a, i), base[i]), c));
    copy(out, a);
    k->fp3_mul_add_base(out, out, base, N_MAX);
    k->fp3_add_scaled(out, out, c, N_MAX);
    for (size_t i = 0; i < N_MAX; i++) {
        struct hats_fp3 x = hats_fp3_scale(hats_fp3_vec_at(a, i), hats_fp_add(base[i], 1));
        assert_at(out, i, hats_fp3_mul(x, hats_fp3_add(c, hats_fp3_from_fp(1))));
    }
}

static void operands_may_be_the_same_vector(void **state) {
    (void)state;
    for_each_backend(check_in_place);
}

static void check_bounds(const struct hats_field_kernels *k) {
    struct hats_fp3 c = {{3, 5, 7}};
    fill_random();
    for (int j = 0; j < 3; j++)
        for (size_t i = 0; i < N_MAX; i++)
            untouched[i] = out.c[j][i] = 42;
    k->fp3_mul(out, a, b, 24);
    k->fp3_mul_base(out, a, base, 24);
    k->fp3_mul_add_base(out, a, base, 24);
    k->fp3_scale(out, a, c, 24);
    k->fp3_add_scaled(out, a, c, 24);
    k->fp3_add_scaled_base(out, base, c, 24);
    terms[0] = base;
    factors[0] = c;
    k->fp3_dot_base(out, terms, factors, 1, 24);
    for (int j = 0; j < 3; j++)
        assert_memory_equal(out.c[j] + 24, untouched + 24, (N_MAX - 24) * sizeof *untouched);
}

static void nothing_is_written_behind_the_end(void **state) {
    (void)state;
    for_each_backend(check_bounds);
}

static void sums_and_differences_are_those_of_elements(void **state) {
    (void)state;
    fill_random();
    hats_fp3_vec_add(out, a, b, N_MAX);
    for (size_t i = 0; i < N_MAX; i++)
        assert_at(out, i, hats_fp3_add(hats_fp3_vec_at(a, i), hats_fp3_vec_at(b, i)));
    hats_fp3_vec_sub(out, out, b, N_MAX);
    for (size_t i = 0; i < N_MAX; i++)
        assert_at(out, i, hats_fp3_vec_at(a, i));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_elements_agree_with_scalar_code_at_every_length),
        cmocka_unit_test(edges_agree_with_scalar_code),
        cmocka_unit_test(sums_of_many_scaled_vectors_agree_with_scalar_code),
        cmocka_unit_test(operands_may_be_the_same_vector),
        cmocka_unit_test(nothing_is_written_behind_the_end),
        cmocka_unit_test(sums_and_differences_are_those_of_elements),
    };
    v = values_from_seed();
    return cmocka_run_group_tests_name("fp3_vectors", tests, NULL, NULL);
}
