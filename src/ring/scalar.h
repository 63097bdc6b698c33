/* One element at a time: what the vector kernels are compared with, and their tails. */
#ifndef HATS_RING_SCALAR_H
#define HATS_RING_SCALAR_H

#include "field/field.h"

#define CBD_HALF ((UINT64_C(1) << 21) - 1)
#define CBD_MASK ((UINT64_C(1) << 42) - 1)

/* Without a population count instruction the compiler's own helper indexes a table, which is not
 * constant time. */
static inline unsigned popcount_portable(uint64_t v) {
    v -= v >> 1 & UINT64_C(0x5555555555555555);
    v = (v & UINT64_C(0x3333333333333333)) + (v >> 2 & UINT64_C(0x3333333333333333));
    v = (v + (v >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (unsigned)(v * UINT64_C(0x0101010101010101) >> 56);
}

/* Bits of coefficient k of a group, the upper half complemented: its population count minus 21 is
 * popcount(lower half) - popcount(upper half). */
static inline uint64_t cbd_bits(const uint64_t group[2], unsigned k) {
    uint64_t v = k == 0 ? group[0] : k == 1 ? group[0] >> 42 | group[1] << 22 : group[1] >> 20;
    return (v & CBD_MASK) ^ (CBD_HALF << 21);
}

/* Five base-3 digits of b < 243. floor(b/3) = b * 171 >> 9 for b < 512. */
static inline void ternary_digits(int8_t *out, size_t n, uint8_t b) {
    unsigned v = b;
    for (size_t i = 0; i < n; i++) {
        unsigned third = v * 171 >> 9;
        out[i] = (int8_t)((int)(v - 3 * third) - 1);
        v = third;
    }
}

/* sum_l 2^{16 l} sums[l] + 2^15 (1 + 2^16 + 2^32 + 2^48) w_sum mod p: from four planes.
 * |sums[l]| < 2^48, |w_sum| < 2^32. */
static inline uint64_t dot_join(const int64_t sums[4], int64_t w_sum) {
    hats_i128 total = 0;
    for (int l = 3; l >= 0; l--)
        total = total * 65536 + sums[l] + 32768 * w_sum;
    return hats_fp_reduce128((hats_u128)(total + ((hats_i128)HATS_P << 36)));
}

/* Adds w_i x_{at+i} for from <= i < count to the four sums and to w_sum. */
static inline void dot_tail(int64_t sums[4], int64_t *w_sum, const int16_t *w,
                            const int16_t *planes, size_t n, size_t at, size_t from, size_t count) {
    for (size_t i = from; i < count; i++) {
        *w_sum += w[i];
        for (size_t l = 0; l < 4; l++)
            sums[l] += (int32_t)w[i] * planes[l * n + at + i];
    }
}

static inline size_t keep_canonical_scalar(uint64_t *words, size_t n) {
    uint64_t bad = 0;
    for (size_t i = 0; i < n; i++)
        bad |= (uint64_t)(words[i] >= HATS_P);
    if (bad == 0)
        return n;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (words[i] < HATS_P)
            words[kept++] = words[i];
    return kept;
}

#endif
