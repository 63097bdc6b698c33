/* The reference: plain C, one element at a time, two levels of the tree a pass. All values canonical. */
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

static void add_scaled(uint64_t *acc, const uint64_t *a, uint64_t c, size_t n) {
    for (size_t i = 0; i < n; i++)
        acc[i] = hats_fp_add(acc[i], hats_fp_mul(a[i], c));
}

static void fp3_mul(struct hats_fp3_vec out, struct hats_fp3_vec a, struct hats_fp3_vec b,
                    size_t n) {
    for (size_t i = 0; i < n; i++)
        hats_fp3_vec_set(out, i, hats_fp3_mul(hats_fp3_vec_at(a, i), hats_fp3_vec_at(b, i)));
}

static void fp3_mul_base(struct hats_fp3_vec out, struct hats_fp3_vec a, const uint64_t *b,
                         size_t n) {
    for (size_t i = 0; i < n; i++)
        hats_fp3_vec_set(out, i, hats_fp3_scale(hats_fp3_vec_at(a, i), b[i]));
}

static void add_at(struct hats_fp3_vec acc, size_t i, struct hats_fp3 term) {
    hats_fp3_vec_set(acc, i, hats_fp3_add(hats_fp3_vec_at(acc, i), term));
}

static void fp3_mul_add_base(struct hats_fp3_vec acc, struct hats_fp3_vec a, const uint64_t *b,
                             size_t n) {
    for (size_t i = 0; i < n; i++)
        add_at(acc, i, hats_fp3_scale(hats_fp3_vec_at(a, i), b[i]));
}

static void fp3_scale(struct hats_fp3_vec out, struct hats_fp3_vec a, struct hats_fp3 c, size_t n) {
    for (size_t i = 0; i < n; i++)
        hats_fp3_vec_set(out, i, hats_fp3_mul(hats_fp3_vec_at(a, i), c));
}

static void fp3_add_scaled(struct hats_fp3_vec acc, struct hats_fp3_vec a, struct hats_fp3 c,
                           size_t n) {
    for (size_t i = 0; i < n; i++)
        add_at(acc, i, hats_fp3_mul(hats_fp3_vec_at(a, i), c));
}

static void fp3_add_scaled_base(struct hats_fp3_vec acc, const uint64_t *b, struct hats_fp3 c,
                                size_t n) {
    for (size_t i = 0; i < n; i++)
        add_at(acc, i, hats_fp3_scale(c, b[i]));
}

static void fp3_dot_base(struct hats_fp3_vec acc, const uint64_t *const *b,
                         const struct hats_fp3 *c, size_t n_terms, size_t n) {
    for (size_t t = 0; t < n_terms; t++)
        fp3_add_scaled_base(acc, b[t], c[t], n);
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

static inline void split(uint64_t *a, uint64_t *b, uint64_t z) {
    uint64_t t = hats_fp_mul(*b, z);
    *b = hats_fp_sub(*a, t);
    *a = hats_fp_add(*a, t);
}

static inline void join(uint64_t *a, uint64_t *b, uint64_t z_inv) {
    uint64_t t = hats_fp_sub(*a, *b);
    *a = hats_fp_add(*a, *b);
    *b = hats_fp_mul(t, z_inv);
}

/* Node k and its children 2k, 2k + 1 on the block at a: four slices of a quarter each. */
static void split_twice(uint64_t *a, size_t quarter, const uint64_t *root, size_t k) {
    uint64_t z = root[k], z0 = root[2 * k], z1 = root[2 * k + 1];
    for (uint64_t *x = a; x < a + quarter; x++) {
        uint64_t x0 = x[0], x1 = x[quarter], x2 = x[2 * quarter], x3 = x[3 * quarter];
        split(&x0, &x2, z);
        split(&x1, &x3, z);
        split(&x0, &x1, z0);
        split(&x2, &x3, z1);
        x[0] = x0;
        x[quarter] = x1;
        x[2 * quarter] = x2;
        x[3 * quarter] = x3;
    }
}

static void join_twice(uint64_t *a, size_t quarter, const uint64_t *root_inv, size_t k) {
    uint64_t z = root_inv[k], z0 = root_inv[2 * k], z1 = root_inv[2 * k + 1];
    for (uint64_t *x = a; x < a + quarter; x++) {
        uint64_t x0 = x[0], x1 = x[quarter], x2 = x[2 * quarter], x3 = x[3 * quarter];
        join(&x0, &x1, z0);
        join(&x2, &x3, z1);
        join(&x0, &x2, z);
        join(&x1, &x3, z);
        x[0] = x0;
        x[quarter] = x1;
        x[2 * quarter] = x2;
        x[3 * quarter] = x3;
    }
}

static void ntt_forward(const struct hats_ntt *ntt, uint64_t *a) {
    size_t n = (size_t)1 << ntt->log_n, n_blocks = 1;
    if (ntt->log_n % 2 == 1) {
        for (size_t i = 0; i < n / 2; i++)
            split(&a[i], &a[i + n / 2], ntt->root[1]);
        n_blocks = 2;
    }
    for (; n_blocks < n; n_blocks *= 4)
        for (size_t b = 0, len = n / n_blocks; b < n_blocks; b++)
            split_twice(a + b * len, len / 4, ntt->root, n_blocks + b);
    for (size_t i = 0; n >= HATS_NTT_RUN && i < n; i += HATS_NTT_RUN)
        store_run(a + i);
}

static void ntt_inverse(const struct hats_ntt *ntt, uint64_t *a) {
    size_t n = (size_t)1 << ntt->log_n, n_blocks = n / 4;
    for (size_t i = 0; n >= HATS_NTT_RUN && i < n; i += HATS_NTT_RUN)
        load_run(a + i);
    for (; n_blocks >= 1; n_blocks /= 4)
        for (size_t b = 0, len = n / n_blocks; b < n_blocks; b++)
            join_twice(a + b * len, len / 4, ntt->root_inv, n_blocks + b);
    if (ntt->log_n % 2 == 1)
        for (size_t i = 0; i < n / 2; i++)
            join(&a[i], &a[i + n / 2], ntt->root_inv[1]);
    scale(a, a, ntt->n_inv, n);
}

const struct hats_field_kernels hats_field_portable = {
    .add = add,
    .sub = sub,
    .mul = mul,
    .mul_add = mul_add,
    .scale = scale,
    .add_scaled = add_scaled,
    .ntt_forward = ntt_forward,
    .ntt_inverse = ntt_inverse,
    .fp3_mul = fp3_mul,
    .fp3_mul_base = fp3_mul_base,
    .fp3_mul_add_base = fp3_mul_add_base,
    .fp3_scale = fp3_scale,
    .fp3_add_scaled = fp3_add_scaled,
    .fp3_add_scaled_base = fp3_add_scaled_base,
    .fp3_dot_base = fp3_dot_base,
};
