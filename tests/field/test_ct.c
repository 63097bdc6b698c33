/* In the build made with -Dct=true, run under valgrind by tools/run-ct: every element is marked secret, and
 * a branch or an index that depends on one is reported. */
#include "base/ct.h"
#include "field/fp3.h"
#include "field/lde.h"
#include "values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define N 1024

static _Alignas(64) uint64_t a[N], b[N], out[N];

static void mark(struct values *v) {
    values_fill(v, a, N);
    values_fill(v, b, N);
    values_fill(v, out, N);
    HATS_SECRET(a, sizeof a);
    HATS_SECRET(b, sizeof b);
    HATS_SECRET(out, sizeof out);
}

static void scalars_decide_nothing_by_their_values(void **state) {
    struct values v = *(struct values *)*state;
    mark(&v);
    for (size_t i = 0; i < N; i++) {
        out[i] = hats_fp_add(out[i], hats_fp_mul(a[i], hats_fp_neg(b[i])));
        out[i] = hats_fp_sub(out[i], hats_fp_from_i64((int64_t)(a[i] >> 1)));
    }
    out[0] = hats_fp_inv(out[0]);
    HATS_PUBLIC(out, sizeof out);
    assert_true(out[0] < HATS_P);
}

static void extension_elements_decide_nothing_by_their_values(void **state) {
    struct values v = *(struct values *)*state;
    mark(&v);
    for (size_t i = 0; i + 3 <= N; i += 3) {
        struct hats_fp3 x = {{a[i], a[i + 1], a[i + 2]}}, y = {{b[i], b[i + 1], b[i + 2]}};
        x = hats_fp3_mul(hats_fp3_square(x), hats_fp3_sub(y, hats_fp3_neg(x)));
        x = hats_fp3_add(hats_fp3_frobenius(x), hats_fp3_scale(y, a[i]));
        out[i] = hats_fp3_norm(x);
        out[i + 1] = hats_fp3_equal(x, y);
    }
    struct hats_fp3 inverse = hats_fp3_inv((struct hats_fp3){{a[0], a[1], a[2]}});
    out[0] = hats_fp3_pow(inverse, 1000).c[0];
    HATS_PUBLIC(out, sizeof out);
    assert_true(out[0] < HATS_P && out[1] <= 1);
}

static void kernels_decide_nothing_by_their_values(void **state) {
    struct values v = *(struct values *)*state;
    for (int i = 0; i < HATS_BACKEND_COUNT; i++) {
        const struct hats_field_kernels *k = hats_field_kernels_of((enum hats_backend)i);
        if (k == NULL)
            continue;
        mark(&v);
        k->mul(a, a, b, N);
        k->mul_add(out, a, b, N);
        k->add(out, out, b, N);
        k->sub(out, out, a, N);
        k->scale(out, out, b[0], N);
        k->ntt_forward(hats_ntt_shared(10), out);
        k->mul(out, out, b, N);
        k->ntt_inverse(hats_ntt_shared(10), out);
        k->add_scaled(out, a, b[1], N);
        HATS_PUBLIC(out, sizeof out);
        for (size_t j = 0; j < N; j++)
            assert_true(out[j] < HATS_P);
    }
}

/* Three vectors of N_K elements in each of two buffers. */
#define N_K 336

static void kernels_over_the_extension_decide_nothing_by_their_values(void **state) {
    struct values v = *(struct values *)*state;
    struct hats_fp3_vec x = {{a, a + N_K, a + 2 * N_K}}, y = {{b, b + N_K, b + 2 * N_K}};
    for (int i = 0; i < HATS_BACKEND_COUNT; i++) {
        const struct hats_field_kernels *k = hats_field_kernels_of((enum hats_backend)i);
        if (k == NULL)
            continue;
        mark(&v);
        struct hats_fp3 c = hats_fp3_vec_at(y, 5);
        k->fp3_mul(x, x, y, N_K);
        k->fp3_mul_base(x, x, out, N_K);
        k->fp3_mul_add_base(x, y, out, N_K);
        k->fp3_scale(x, x, c, N_K);
        k->fp3_add_scaled(x, y, c, N_K);
        k->fp3_add_scaled_base(x, out, c, N_K);
        k->fp3_dot_base(x, (const uint64_t *[]){out, b}, (struct hats_fp3[]){c, c}, 2, N_K);
        HATS_PUBLIC(a, sizeof a);
        for (size_t j = 0; j < N; j++)
            assert_true(a[j] < HATS_P);
    }
}

static void batches_decide_nothing_by_their_values(void **state) {
    struct values v = *(struct values *)*state;
    static _Alignas(64) uint64_t c[N];
    struct hats_fp3_vec x = {{a, a + N_K, a + 2 * N_K}}, y = {{b, b + N_K, b + 2 * N_K}};
    struct hats_lde_coset coset;
    assert_int_equal(hats_lde_coset_init(&coset, 9, 7, NULL), HATS_OK);
    mark(&v);
    hats_fp_inv_many(c, out, N);
    hats_fp3_inv_many(x, y, N_K);
    hats_lde_evaluate(&coset, out, c, N - 3);
    hats_lde_interpolate(&coset, c, out);
    hats_lde_coset_clear(&coset);
    HATS_PUBLIC(a, sizeof a);
    HATS_PUBLIC(c, sizeof c);
    for (size_t j = 0; j < N; j++)
        assert_true(a[j] < HATS_P && c[j] < HATS_P);
}

int main(void) {
    struct values v = values_from_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(scalars_decide_nothing_by_their_values, &v),
        cmocka_unit_test_prestate(extension_elements_decide_nothing_by_their_values, &v),
        cmocka_unit_test_prestate(kernels_decide_nothing_by_their_values, &v),
        cmocka_unit_test_prestate(kernels_over_the_extension_decide_nothing_by_their_values, &v),
        cmocka_unit_test_prestate(batches_decide_nothing_by_their_values, &v),
    };
    return cmocka_run_group_tests_name("ct", tests, NULL, NULL);
}
