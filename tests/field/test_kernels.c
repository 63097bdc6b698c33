/* Laws over every backend: each vector kernel against the scalar functions. */
#include "values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define N_MAX 520
#define N_PAIRS ((N_EDGES * N_EDGES + 7) / 8 * 8)

static struct values v;
static _Alignas(64) uint64_t a[N_MAX], b[N_MAX], acc[N_MAX], out[N_MAX];

static void assert_kernels(const struct hats_field_kernels *k, size_t n) {
    uint64_t c = n == 0 ? 0 : b[n / 2];
    k->add(out, a, b, n);
    for (size_t i = 0; i < n; i++)
        assert_true(out[i] == hats_fp_add(a[i], b[i]));
    k->sub(out, a, b, n);
    for (size_t i = 0; i < n; i++)
        assert_true(out[i] == hats_fp_sub(a[i], b[i]));
    k->mul(out, a, b, n);
    for (size_t i = 0; i < n; i++)
        assert_true(out[i] == hats_fp_mul(a[i], b[i]));
    memcpy(out, acc, n * sizeof *out);
    k->mul_add(out, a, b, n);
    for (size_t i = 0; i < n; i++)
        assert_true(out[i] == hats_fp_add(acc[i], hats_fp_mul(a[i], b[i])));
    k->scale(out, a, c, n);
    for (size_t i = 0; i < n; i++)
        assert_true(out[i] == hats_fp_mul(a[i], c));
    memcpy(out, acc, n * sizeof *out);
    k->add_scaled(out, a, c, n);
    for (size_t i = 0; i < n; i++)
        assert_true(out[i] == hats_fp_add(acc[i], hats_fp_mul(a[i], c)));
}

static void for_each_backend(void (*check)(const struct hats_field_kernels *k)) {
    for (int i = 0; i < HATS_BACKEND_COUNT; i++) {
        const struct hats_field_kernels *k = hats_field_kernels_of((enum hats_backend)i);
        if (k != NULL)
            check(k);
    }
}

static void check_edges(const struct hats_field_kernels *k) {
    static const uint64_t addends[] = {0, 1, HATS_P_EPSILON, HATS_P - 1};
    for (size_t t = 0; t < HATS_COUNT_OF(addends); t++) {
        for (size_t i = 0; i < N_PAIRS; i++) {
            a[i] = edges[i % N_EDGES];
            b[i] = edges[i / N_EDGES % N_EDGES];
            acc[i] = addends[t];
        }
        assert_kernels(k, N_PAIRS);
    }
    for (size_t t = 0; t < N_EDGES; t++) {
        k->scale(out, a, edges[t], N_PAIRS);
        for (size_t i = 0; i < N_PAIRS; i++)
            assert_true(out[i] == hats_fp_mul(a[i], edges[t]));
        memcpy(out, acc, sizeof out);
        k->add_scaled(out, a, edges[t], N_PAIRS);
        for (size_t i = 0; i < N_PAIRS; i++)
            assert_true(out[i] == hats_fp_add(acc[i], hats_fp_mul(a[i], edges[t])));
    }
}

static void all_pairs_of_edges_agree_with_scalar_code(void **state) {
    (void)state;
    for_each_backend(check_edges);
}

static void check_random(const struct hats_field_kernels *k) {
    for (int round = 0; round < 500; round++) {
        values_fill(&v, a, N_MAX);
        values_fill(&v, b, N_MAX);
        values_fill(&v, acc, N_MAX);
        assert_kernels(k, (size_t)(round % (N_MAX / 8 + 1)) * 8);
    }
}

static void random_elements_agree_with_scalar_code_at_every_length(void **state) {
    (void)state;
    for_each_backend(check_random);
}

static void check_in_place(const struct hats_field_kernels *k) {
    values_fill(&v, a, N_MAX);
    memcpy(out, a, sizeof out);
    k->mul(out, out, out, N_MAX);
    for (size_t i = 0; i < N_MAX; i++)
        assert_true(out[i] == hats_fp_mul(a[i], a[i]));
    memcpy(out, a, sizeof out);
    k->mul_add(out, out, out, N_MAX);
    for (size_t i = 0; i < N_MAX; i++)
        assert_true(out[i] == hats_fp_add(a[i], hats_fp_mul(a[i], a[i])));
    k->sub(a, a, a, N_MAX);
    for (size_t i = 0; i < N_MAX; i++)
        assert_true(a[i] == 0);
}

static void operands_may_be_the_same_buffer(void **state) {
    (void)state;
    for_each_backend(check_in_place);
}

static void check_bounds(const struct hats_field_kernels *k) {
    values_fill(&v, a, N_MAX);
    values_fill(&v, b, N_MAX);
    for (size_t i = 0; i < N_MAX; i++)
        out[i] = 42;
    k->add(out, a, b, 24);
    k->mul(out, a, b, 24);
    k->mul_add(out, a, b, 24);
    k->scale(out, a, 3, 24);
    k->add_scaled(out, a, 3, 24);
    for (size_t i = 24; i < N_MAX; i++)
        assert_true(out[i] == 42);
}

static void nothing_is_written_behind_the_end(void **state) {
    (void)state;
    for_each_backend(check_bounds);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_pairs_of_edges_agree_with_scalar_code),
        cmocka_unit_test(random_elements_agree_with_scalar_code_at_every_length),
        cmocka_unit_test(operands_may_be_the_same_buffer),
        cmocka_unit_test(nothing_is_written_behind_the_end),
    };
    v = values_from_seed();
    return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
