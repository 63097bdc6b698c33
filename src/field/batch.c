/* Many elements at once: powers, and inverses by Montgomery's trick [Mon87, 10.3.1].
 *
 * Inversion of n elements is taken as up to 64 chains side by side, element i in chain i mod 64, so that
 * every step is a product of vectors. With P_i the product of a chain's elements before i,
 *
 *   forwards    out_i = P_i                      leaves P, the product of the whole chain
 *   backwards   out_i = out_i Q,  Q = Q a_i      beginning with Q = 1/P
 *
 * Zeros are replaced by ones on the way in, and by a mask on the way out.
 */
#include "field/fp3.h"

#include <assert.h>

#define N_CHAINS 64

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

/* All ones when x is 0, else 0. */
static inline uint64_t zero_mask(uint64_t x) { return ((x | ((uint64_t)0 - x)) >> 63) - 1; }

/* The elements of one row, zeros replaced by ones. */
static void load_row(uint64_t *row, const uint64_t *a, size_t len) {
    for (size_t i = 0; i < len; i++)
        row[i] = a[i] + (zero_mask(a[i]) & 1);
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

static uint64_t zero_mask_at(struct hats_fp3_vec a, size_t i) {
    return zero_mask(a.c[0][i] | a.c[1][i] | a.c[2][i]);
}

static void load_row_fp3(struct hats_fp3_vec row, struct hats_fp3_vec a, size_t len) {
    for (size_t i = 0; i < len; i++)
        row.c[0][i] = a.c[0][i] + (zero_mask_at(a, i) & 1);
    memcpy(row.c[1], a.c[1], len * sizeof *row.c[1]);
    memcpy(row.c[2], a.c[2], len * sizeof *row.c[2]);
}

/* chain_i = 1/chain_i, none of them 0. */
static void invert_chains(struct hats_fp3_vec chain) {
    struct hats_fp3 before[N_CHAINS], product = hats_fp3_from_fp(1);
    for (size_t i = 0; i < N_CHAINS; i++) {
        before[i] = product;
        product = hats_fp3_mul(product, hats_fp3_vec_at(chain, i));
    }
    product = hats_fp3_inv(product);
    for (size_t i = N_CHAINS; i-- > 0;) {
        struct hats_fp3 inverse = hats_fp3_mul(before[i], product);
        product = hats_fp3_mul(product, hats_fp3_vec_at(chain, i));
        hats_fp3_vec_set(chain, i, inverse);
    }
    hats_wipe(before, sizeof before);
}

void hats_fp3_inv_many(struct hats_fp3_vec out, struct hats_fp3_vec a, size_t n) {
    const struct hats_field_kernels *k = hats_field_kernels();
    _Alignas(64) uint64_t rows[3][N_CHAINS], chains[3][N_CHAINS];
    struct hats_fp3_vec row = {{rows[0], rows[1], rows[2]}};
    struct hats_fp3_vec chain = {{chains[0], chains[1], chains[2]}};
    assert(n % 8 == 0);
    for (size_t i = 0; i < N_CHAINS; i++)
        hats_fp3_vec_set(chain, i, hats_fp3_from_fp(1));
    for (size_t i = 0; i < n; i += N_CHAINS) {
        size_t len = n - i < N_CHAINS ? n - i : N_CHAINS;
        load_row_fp3(row, hats_fp3_vec_from(a, i), len);
        for (int j = 0; j < 3; j++)
            memcpy(out.c[j] + i, chain.c[j], len * sizeof *out.c[j]);
        k->fp3_mul(chain, chain, row, len);
    }
    invert_chains(chain);
    for (size_t i = (n + N_CHAINS - 1) / N_CHAINS * N_CHAINS; i > 0;) {
        i -= N_CHAINS;
        size_t len = n - i < N_CHAINS ? n - i : N_CHAINS;
        struct hats_fp3_vec here = hats_fp3_vec_from(out, i);
        load_row_fp3(row, hats_fp3_vec_from(a, i), len);
        k->fp3_mul(here, here, chain, len);
        k->fp3_mul(chain, chain, row, len);
        for (size_t j = i; j < i + len; j++)
            for (int c = 0; c < 3; c++)
                out.c[c][j] &= ~zero_mask_at(a, j);
    }
    hats_wipe(rows, sizeof rows);
    hats_wipe(chains, sizeof chains);
}
