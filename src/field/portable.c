/* The reference: plain C, one element at a time, radix 2. All values canonical. */
#include "field/kernels.h"

static void add(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = hats_fp_add(a[i], b[i]);
}

static void sub(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = hats_fp_sub(a[i], b[i]);
}

static void mul(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = hats_fp_mul(a[i], b[i]);
}

static void mul_add(uint64_t *acc, const uint64_t *a, const uint64_t *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        acc[i] = hats_fp_add(acc[i], hats_fp_mul(a[i], b[i]));
}

static void scale(uint64_t *out, const uint64_t *a, uint64_t c, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = hats_fp_mul(a[i], c);
}

/* Runs of leaves between tree order (leaf 16 l + j of a run at 16 l + j) and storage (at 8 j + l). */
static void store_run(uint64_t run[HATS_NTT_RUN]) {
    uint64_t t[HATS_NTT_RUN];
    memcpy(t, run, sizeof t);
    for (size_t j = 0; j < 16; j++)
        for (size_t l = 0; l < 8; l++)
            run[8 * j + l] = t[16 * l + j];
    hats_wipe(t, sizeof t);
}

static void load_run(uint64_t run[HATS_NTT_RUN]) {
    uint64_t t[HATS_NTT_RUN];
    memcpy(t, run, sizeof t);
    for (size_t j = 0; j < 16; j++)
        for (size_t l = 0; l < 8; l++)
            run[16 * l + j] = t[8 * j + l];
    hats_wipe(t, sizeof t);
}

static void ntt_forward(const struct hats_ntt *ntt, uint64_t *a) {
    size_t n = (size_t)1 << ntt->log_n;
    for (size_t n_blocks = 1; n_blocks < n; n_blocks *= 2) {
        size_t half = n / n_blocks / 2;
        for (size_t b = 0; b < n_blocks; b++) {
            uint64_t z = ntt->root[n_blocks + b];
            uint64_t *lo = a + 2 * half * b;
            uint64_t *hi = lo + half;
            for (size_t i = 0; i < half; i++) {
                uint64_t t = hats_fp_mul(hi[i], z);
                hi[i] = hats_fp_sub(lo[i], t);
                lo[i] = hats_fp_add(lo[i], t);
            }
        }
    }
    for (size_t i = 0; i < n; i += HATS_NTT_RUN)
        store_run(a + i);
}

static void ntt_inverse(const struct hats_ntt *ntt, uint64_t *a) {
    size_t n = (size_t)1 << ntt->log_n;
    for (size_t i = 0; i < n; i += HATS_NTT_RUN)
        load_run(a + i);
    for (size_t n_blocks = n / 2; n_blocks >= 1; n_blocks /= 2) {
        size_t half = n / n_blocks / 2;
        for (size_t b = 0; b < n_blocks; b++) {
            uint64_t z = ntt->root_inv[n_blocks + b];
            uint64_t *lo = a + 2 * half * b;
            uint64_t *hi = lo + half;
            for (size_t i = 0; i < half; i++) {
                uint64_t t = hats_fp_sub(lo[i], hi[i]);
                lo[i] = hats_fp_add(lo[i], hi[i]);
                hi[i] = hats_fp_mul(t, z);
            }
        }
    }
    scale(a, a, ntt->n_inv, n);
}

const struct hats_field_kernels hats_field_portable = {
    .add = add,
    .sub = sub,
    .mul = mul,
    .mul_add = mul_add,
    .scale = scale,
    .ntt_forward = ntt_forward,
    .ntt_inverse = ntt_inverse,
};
