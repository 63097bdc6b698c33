/* Laws of the transform over every backend and every N. */
#include "values.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define N_MAX ((size_t)1 << HATS_NTT_LOG_MAX)

static struct values v;
static _Alignas(64) uint64_t a[N_MAX], b[N_MAX], c[N_MAX], d[N_MAX];

static void for_each_backend_and_size(void (*check)(const struct hats_field_kernels *k,
                                                    const struct hats_ntt *ntt, size_t n)) {
    for (unsigned log_n = HATS_NTT_LOG_MIN; log_n <= HATS_NTT_LOG_MAX; log_n++)
        for (int i = 0; i < HATS_BACKEND_COUNT; i++) {
            const struct hats_field_kernels *k = hats_field_kernels_of((enum hats_backend)i);
            const struct hats_ntt *ntt = hats_ntt_shared(log_n);
            assert_non_null(ntt);
            if (k != NULL)
                check(k, ntt, (size_t)1 << log_n);
        }
}

static void assert_equal(const uint64_t *x, const uint64_t *y, size_t n) {
    assert_memory_equal(x, y, n * sizeof *x);
}

/* c = x y mod X^n + 1, coefficient by coefficient. */
static void schoolbook(uint64_t *out, const uint64_t *x, const uint64_t *y, size_t n) {
    for (size_t k = 0; k < n; k++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < n; i++) {
            uint64_t t = hats_fp_mul(x[i], y[(k - i) & (n - 1)]);
            sum = i <= k ? hats_fp_add(sum, t) : hats_fp_sub(sum, t);
        }
        out[k] = sum;
    }
}

static void products_are_those_of_the_ring(void **state) {
    (void)state;
    size_t n = 1024;
    const struct hats_ntt *ntt = hats_ntt_shared(10);
    assert_non_null(ntt);
    values_fill(&v, a, n);
    values_fill(&v, b, n);
    schoolbook(c, a, b, n);
    for (int i = 0; i < HATS_BACKEND_COUNT; i++) {
        const struct hats_field_kernels *k = hats_field_kernels_of((enum hats_backend)i);
        if (k == NULL)
            continue;
        memcpy(d, a, n * sizeof *d);
        memcpy(d + n, b, n * sizeof *d);
        k->ntt_forward(ntt, d);
        k->ntt_forward(ntt, d + n);
        k->mul(d, d, d + n, n);
        k->ntt_inverse(ntt, d);
        assert_equal(c, d, n);
    }
}

static void check_round_trip(const struct hats_field_kernels *k, const struct hats_ntt *ntt,
                             size_t n) {
    for (int round = 0; round < 3; round++) {
        values_fill(&v, a, n);
        memcpy(b, a, n * sizeof *b);
        k->ntt_forward(ntt, b);
        k->ntt_inverse(ntt, b);
        assert_equal(a, b, n);
        k->ntt_inverse(ntt, b);
        k->ntt_forward(ntt, b);
        assert_equal(a, b, n);
    }
}

static void inverse_undoes_forward(void **state) {
    (void)state;
    for_each_backend_and_size(check_round_trip);
}

static void check_linear(const struct hats_field_kernels *k, const struct hats_ntt *ntt, size_t n) {
    uint64_t s = values_element(&v);
    values_fill(&v, a, n);
    values_fill(&v, b, n);
    k->scale(c, a, s, n);
    k->add(c, c, b, n);
    k->ntt_forward(ntt, a);
    k->ntt_forward(ntt, b);
    k->ntt_forward(ntt, c);
    k->scale(a, a, s, n);
    k->add(a, a, b, n);
    assert_equal(a, c, n);
}

static void forward_is_linear(void **state) {
    (void)state;
    for_each_backend_and_size(check_linear);
}

static void check_shift(const struct hats_field_kernels *k, const struct hats_ntt *ntt, size_t n) {
    /* X f by transforms, against the coefficients moved by one, the top one negated */
    values_fill(&v, a, n);
    b[0] = hats_fp_neg(a[n - 1]);
    memcpy(b + 1, a, (n - 1) * sizeof *b);
    memset(c, 0, n * sizeof *c);
    c[1] = 1;
    k->ntt_forward(ntt, a);
    k->ntt_forward(ntt, b);
    k->ntt_forward(ntt, c);
    k->mul(a, a, c, n);
    assert_equal(a, b, n);
}

static void multiplying_by_x_rotates_with_a_sign(void **state) {
    (void)state;
    for_each_backend_and_size(check_shift);
}

static int compare(const void *x, const void *y) {
    uint64_t p = *(const uint64_t *)x, q = *(const uint64_t *)y;
    return (p > q) - (p < q);
}

static void check_points(const struct hats_field_kernels *k, const struct hats_ntt *ntt, size_t n) {
    uint64_t psi = hats_fp_pow(HATS_P_GENERATOR, (HATS_P - 1) / (2 * n));
    uint64_t square = hats_fp_mul(psi, psi);
    memset(a, 0, n * sizeof *a);
    a[1] = 1;
    k->ntt_forward(ntt, a);
    b[0] = psi;
    for (size_t i = 1; i < n; i++)
        b[i] = hats_fp_mul(b[i - 1], square);
    qsort(a, n, sizeof *a, compare);
    qsort(b, n, sizeof *b, compare);
    assert_equal(a, b, n);
}

static void x_takes_the_odd_powers_of_psi(void **state) {
    (void)state;
    for_each_backend_and_size(check_points);
}

static void check_positions(const struct hats_field_kernels *k, const struct hats_ntt *ntt,
                            size_t n) {
    uint64_t psi = hats_fp_pow(HATS_P_GENERATOR, (HATS_P - 1) / (2 * n));
    uint64_t x = psi, square = hats_fp_mul(psi, psi);
    memset(a, 0, n * sizeof *a);
    a[1] = 1;
    k->ntt_forward(ntt, a);
    for (uint32_t i = 0; i < n; i++, x = hats_fp_mul(x, square))
        assert_true(hats_ntt_position(ntt, i) < n && a[hats_ntt_position(ntt, i)] == x);
}

static void positions_are_where_the_values_stand(void **state) {
    (void)state;
    for_each_backend_and_size(check_positions);
}

static void check_same_as_portable(const struct hats_field_kernels *k, const struct hats_ntt *ntt,
                                   size_t n) {
    const struct hats_field_kernels *reference = hats_field_kernels_of(HATS_PORTABLE);
    for (size_t round = 0; round < N_EDGES + 3; round++) {
        /* constant edges first: all zero, all one, ..., all p - 1 */
        values_fill(&v, a, n);
        for (size_t i = 0; i < n && round < N_EDGES; i++)
            a[i] = edges[round];
        memcpy(b, a, n * sizeof *b);
        k->ntt_forward(ntt, a);
        reference->ntt_forward(ntt, b);
        assert_equal(a, b, n);
        values_fill(&v, a, n);
        for (size_t i = 0; i < n && round < N_EDGES; i++)
            a[i] = edges[round];
        memcpy(b, a, n * sizeof *b);
        k->ntt_inverse(ntt, a);
        reference->ntt_inverse(ntt, b);
        assert_equal(a, b, n);
    }
}

static void backends_agree_bit_for_bit(void **state) {
    (void)state;
    for_each_backend_and_size(check_same_as_portable);
}

static void a_table_is_made_once_and_not_without_memory(void **state) {
    (void)state;
    assert_ptr_equal(hats_ntt_shared(11), hats_ntt_shared(11));
    hats_alloc_fail_at(0);
    struct hats_ntt *ntt = hats_ntt_new(10);
    uint64_t n_allocs = hats_alloc_count();
    assert_non_null(ntt);
    hats_ntt_free(ntt);
    for (uint64_t i = 1; i <= n_allocs; i++) {
        hats_alloc_fail_at(i);
        assert_null(hats_ntt_new(10));
    }
    hats_alloc_fail_at(0);
    hats_ntt_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_those_of_the_ring),
        cmocka_unit_test(inverse_undoes_forward),
        cmocka_unit_test(forward_is_linear),
        cmocka_unit_test(multiplying_by_x_rotates_with_a_sign),
        cmocka_unit_test(x_takes_the_odd_powers_of_psi),
        cmocka_unit_test(positions_are_where_the_values_stand),
        cmocka_unit_test(backends_agree_bit_for_bit),
        cmocka_unit_test(a_table_is_made_once_and_not_without_memory),
    };
    v = values_from_seed();
    return cmocka_run_group_tests_name("ntt", tests, NULL, NULL);
}
