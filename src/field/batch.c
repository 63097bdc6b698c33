/* Many elements at once: powers, and inverses by Montgomery's trick [Mon87, 10.3.1].
 *
 * Inversion of n elements is taken as 32 chains side by side, element i in chain i mod 32, so that every
 * step is a product of vectors. With P_i the product of a chain's elements before i,
 *
 *   forwards    out_i = P_i                      leaves P, the product of the whole chain
 *   backwards   out_i = out_i Q,  Q = Q a_i      beginning with Q = 1/P
 *
 * Zeros are replaced by ones on the way in, and by a mask on the way out. In the extension it is the norms
 * that are inverted, as in hats_fp3_inv.
 */
#include "field/fp3.h"

#include <assert.h>

#define N_CHAINS 32

void hats_fp_powers(uint64_t *out, uint64_t start, uint64_t ratio, size_t n) {
    const struct hats_field_kernels *k = hats_field_kernels();
    uint64_t eighth = hats_fp_pow(ratio, 8);
    for (size_t i = 0; i < n && i < 8; i++)
        out[i] = i == 0 ? start : hats_fp_mul(out[i - 1], ratio);
    size_t whole = n / 8 * 8, block = 8;
    uint64_t step = eighth;
    for (size_t i = 8; i < whole;) {
        size_t len = whole - i < block ? whole - i : block;
        k->scale(out + i, out + i - block, step, len);
        i += len;
        if (i == 2 * block && block < 512) { /* stay within the first cache */
            block *= 2;
            step = hats_fp_mul(step, step);
        }
    }
    for (size_t i = whole < 8 ? 8 : whole; i < n; i++)
        out[i] = hats_fp_mul(out[i - 8], eighth);
}

/* All ones when x is 0, else 0; hidden from the compiler as in hats_fp_sub. */
static inline uint64_t zero_mask(uint64_t x) {
    uint64_t mask = ((x | ((uint64_t)0 - x)) >> 63) - 1;
#if defined(__GNUC__)
    __asm__("" : "+r"(mask));
#endif
    return mask;
}

/* The elements of one row, zeros replaced by ones. */
static void load_row(uint64_t *row, const uint64_t *a, size_t len) {
    for (size_t i = 0; i < len; i++)
        row[i] = a[i] + (1 ^ ((a[i] | ((uint64_t)0 - a[i])) >> 63));
}

void hats_fp_inv_many(uint64_t *out, const uint64_t *a, size_t n) {
    const struct hats_field_kernels *k = hats_field_kernels();
    _Alignas(64) uint64_t row[N_CHAINS], chain[N_CHAINS];
    assert(n % 8 == 0);
    for (size_t i = 0; i < N_CHAINS; i++)
        chain[i] = 1;
    for (size_t i = 0; i < n; i += N_CHAINS) {
        size_t len = n - i < N_CHAINS ? n - i : N_CHAINS;
        load_row(row, a + i, len);
        memcpy(out + i, chain, len * sizeof *out);
        k->mul(chain, chain, row, len);
    }
    /* The same trick across the chains, in `row`. */
    uint64_t product = 1;
    for (size_t i = 0; i < N_CHAINS; i++) {
        row[i] = product;
        product = hats_fp_mul(product, chain[i]);
    }
    product = hats_fp_inv(product);
    for (size_t i = N_CHAINS; i-- > 0;) {
        row[i] = hats_fp_mul(row[i], product);
        product = hats_fp_mul(product, chain[i]);
    }
    memcpy(chain, row, sizeof chain);
    for (size_t i = (n + N_CHAINS - 1) / N_CHAINS * N_CHAINS; i > 0;) {
        i -= N_CHAINS;
        size_t len = n - i < N_CHAINS ? n - i : N_CHAINS;
        load_row(row, a + i, len);
        k->mul(out + i, out + i, chain, len);
        k->mul(chain, chain, row, len);
        for (size_t j = i; j < i + len; j++)
            out[j] &= ~zero_mask(a[j]);
    }
    hats_wipe(row, sizeof row);
    hats_wipe(chain, sizeof chain);
}

/* Norms at a time, and their inverses: on the stack. */
#define N_NORMS 512

/* out = the product of the two other conjugates of a; norm = that times a. t: n words. */
static void cofactors(const struct hats_field_kernels *k, struct hats_fp3_vec out, uint64_t *norm,
                      uint64_t *t, struct hats_fp3_vec a, size_t n) {
    k->mul(out.c[0], a.c[0], a.c[0], n);
    k->mul(t, a.c[1], a.c[2], n);
    k->add_scaled(out.c[0], t, HATS_P - HATS_FP3_NON_RESIDUE, n);
    k->mul(out.c[1], a.c[2], a.c[2], n);
    k->scale(out.c[1], out.c[1], HATS_FP3_NON_RESIDUE, n);
    k->mul(t, a.c[0], a.c[1], n);
    k->sub(out.c[1], out.c[1], t, n);
    k->mul(out.c[2], a.c[1], a.c[1], n);
    k->mul(t, a.c[0], a.c[2], n);
    k->sub(out.c[2], out.c[2], t, n);
    k->mul(norm, a.c[1], out.c[2], n);
    k->mul_add(norm, a.c[2], out.c[1], n);
    k->scale(norm, norm, HATS_FP3_NON_RESIDUE, n);
    k->mul_add(norm, a.c[0], out.c[0], n);
}

void hats_fp3_inv_many(struct hats_fp3_vec out, struct hats_fp3_vec a, size_t n) {
    const struct hats_field_kernels *k = hats_field_kernels();
    _Alignas(64) uint64_t norm[N_NORMS], inverse[N_NORMS];
    assert(n % 8 == 0);
    for (size_t i = 0; i < n; i += N_NORMS) {
        size_t len = n - i < N_NORMS ? n - i : N_NORMS;
        struct hats_fp3_vec here = hats_fp3_vec_from(out, i);
        cofactors(k, here, norm, inverse, hats_fp3_vec_from(a, i), len);
        hats_fp_inv_many(inverse, norm, len);
        k->fp3_mul_base(here, here, inverse, len);
    }
    hats_wipe(norm, sizeof norm);
    hats_wipe(inverse, sizeof inverse);
}
