#include "ring/kernels.h"
#include "ring/scalar.h"

static void cbd21(int8_t *out, const uint64_t *words, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = (int8_t)((int)popcount_portable(cbd_bits(words + i / 3 * 2, i % 3)) - 21);
}

static void ternary(int8_t *out, const uint8_t *bytes, size_t n) {
    for (size_t i = 0; i < n; i += 5)
        ternary_digits(out + i, n - i < 5 ? n - i : 5, bytes[i / 5]);
}

static void from_small(uint64_t *out, const int8_t *e, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = hats_fp_from_i64(e[i]);
}

static void add_small(uint64_t *out, const uint64_t *a, const int8_t *e, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = hats_fp_add(a[i], hats_fp_from_i64(e[i]));
}

static void split(int16_t *planes, const uint64_t *x, size_t n) {
    for (size_t l = 0; l < 4; l++)
        for (size_t i = 0; i < n; i++)
            planes[l * n + i] = (int16_t)((int32_t)(x[i] >> 16 * l & 0xffff) - 32768);
}

static uint64_t dot(const int16_t *w, const int16_t *planes, size_t n, size_t at, size_t count,
                    int w_max) {
    int64_t sums[4] = {0}, w_sum = 0;
    (void)w_max;
    dot_tail(sums, &w_sum, w, planes, n, at, 0, count);
    return dot_join(sums, w_sum);
}

/* lo + 2^128 * carries mod p, with 2^128 = -2^32 mod p. carries < 2^32. */
static uint64_t reduce_carried(hats_u128 lo, uint64_t carries) {
    return hats_fp_sub(hats_fp_reduce128(lo), carries << 32);
}

static void mul_sum(uint64_t *out, const uint64_t *const *a, const uint64_t *const *b,
                    size_t n_terms, size_t n) {
    for (size_t i = 0; i < n; i++) {
        hats_u128 sum = 0;
        uint64_t carries = 0;
        for (size_t t = 0; t < n_terms; t++) {
            hats_u128 product = (hats_u128)a[t][i] * b[t][i];
            sum += product;
            carries += sum < product;
        }
        out[i] = reduce_carried(sum, carries);
    }
}

static bool load_be(uint64_t *out, const uint8_t *bytes, size_t n) {
    uint64_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        out[i] = hats_load_be64(bytes + 8 * i);
        bad |= (uint64_t)(out[i] >= HATS_P);
    }
    return bad == 0;
}

static void store_be(uint8_t *bytes, const uint64_t *a, size_t n) {
    for (size_t i = 0; i < n; i++)
        hats_store_be64(bytes + 8 * i, a[i]);
}

const struct hats_ring_kernels hats_ring_portable = {
    cbd21,   ternary,  keep_canonical_scalar, from_small, add_small, split, dot, mul_sum,
    load_be, store_be,
};
