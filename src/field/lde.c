#include "field/lde.h"

#include "field/kernels.h"

#include <assert.h>

hats_status hats_lde_coset_init(struct hats_lde_coset *c, unsigned log_n, uint64_t shift,
                                struct hats_error *err) {
    assert(log_n >= HATS_NTT_LOG_MIN && log_n <= HATS_NTT_LOG_MAX);
    assert(shift != 0 && shift < HATS_P);
    *c = (struct hats_lde_coset){0};
    uint64_t psi = hats_fp_pow(HATS_P_GENERATOR, (HATS_P - 1) >> (log_n + 1));
    const struct hats_ntt *ntt = hats_ntt_new_scaled(log_n, hats_fp_mul(shift, hats_fp_inv(psi)));
    if (ntt == NULL)
        return hats_fail(err, HATS_E_MEMORY,
                         "no memory for the tables of a transform of %zu points",
                         (size_t)1 << log_n);
    *c = (struct hats_lde_coset){
        .log_n = log_n,
        .ntt = ntt,
        .shift = shift,
        .shift_n = hats_fp_pow(shift, (uint64_t)1 << log_n),
    };
    return HATS_OK;
}

void hats_lde_coset_clear(struct hats_lde_coset *c) {
    hats_ntt_free((struct hats_ntt *)c->ntt);
    *c = (struct hats_lde_coset){0};
}

/* acc += c a for any n. */
static void add_scaled(uint64_t *acc, const uint64_t *a, uint64_t c, size_t n) {
    size_t whole = n / 8 * 8;
    hats_field_kernels()->add_scaled(acc, a, c, whole);
    for (size_t i = whole; i < n; i++)
        acc[i] = hats_fp_add(acc[i], hats_fp_mul(a[i], c));
}

void hats_lde_evaluate(const struct hats_lde_coset *c, uint64_t *out, const uint64_t *coeffs,
                       size_t n_coeffs) {
    size_t n = (size_t)1 << c->log_n;
    size_t n_first = n_coeffs < n ? n_coeffs : n;
    if (out != coeffs)
        memcpy(out, coeffs, n_first * sizeof *out);
    memset(out + n_first, 0, (n - n_first) * sizeof *out);
    uint64_t factor = c->shift_n;
    for (size_t at = n; at < n_coeffs; at += n) {
        add_scaled(out, coeffs + at, factor, n_coeffs - at < n ? n_coeffs - at : n);
        factor = hats_fp_mul(factor, c->shift_n);
    }
    hats_ntt_forward(c->ntt, out);
}

void hats_lde_interpolate(const struct hats_lde_coset *c, uint64_t *coeffs,
                          const uint64_t *values) {
    if (coeffs != values)
        memcpy(coeffs, values, ((size_t)1 << c->log_n) * sizeof *coeffs);
    hats_ntt_inverse(c->ntt, coeffs);
}
