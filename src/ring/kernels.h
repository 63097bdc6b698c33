/* The border between ring arithmetic and instruction sets: one const table a backend.
 *
 * Ring elements of F_p[X]/(X^N + 1) are arrays of N canonical field elements (field/field.h). Small
 * elements (secrets, noise) are arrays of int8_t. A negacyclic product coefficient is a dot
 * product:
 *
 *     (c w)_i = sum_{j <= i} w_j c_{i-j} - sum_{j > i} w_j c_{N+i-j}
 *
 * so a few coefficients of a product by a small w need no transform (ring.h). For such dot products
 * c is kept as four planes of signed 16-bit limbs, x = sum_l 2^{16 l} (plane_l + 2^15), in which a
 * vector unit multiplies and adds pairs into 32 bits.
 *
 * All backends give the same results. All functions are constant time in the array contents, except
 * where said. Buffers need no alignment unless said; outputs are disjoint from inputs or equal to
 * them.
 */
#ifndef HATS_RING_KERNELS_H
#define HATS_RING_KERNELS_H

#include "base/cpu.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hats_ring_kernels {
    /* n coefficients in [-21, 21] from 2 * ceil(n/3) words. Words 2g and 2g+1 are one 128-bit
     * little-endian integer v; coefficient 3g + k = popcount(v bits 42k .. 42k+20) -
     * popcount(v bits 42k+21 .. 42k+41); the top two bits of v are unused. */
    void (*cbd21)(int8_t *out, const uint64_t *words, size_t n);
    /* n coefficients in {-1, 0, 1} from ceil(n/5) bytes below 243: five base-3 digits a byte, least
     * significant first, digit minus one. */
    void (*ternary)(int8_t *out, const uint8_t *bytes, size_t n);
    /* Drop words >= p, keep the order; the number kept. Time depends on which words are dropped. */
    size_t (*keep_canonical)(uint64_t *words, size_t n);
    /* out = e as field elements; out = a + e. n a multiple of 8. */
    void (*from_small)(uint64_t *out, const int8_t *e, size_t n);
    void (*add_small)(uint64_t *out, const uint64_t *a, const int8_t *e, size_t n);
    /* Words as limb planes: planes[l * n + i] = (x_i >> 16 l mod 2^16) - 2^15. 16 | n. */
    void (*split)(int16_t *planes, const uint64_t *x, size_t n);
    /* sum w_i x_{at+i} mod p over i < count, with x as planes of n words each, at + count <= n;
     * |w_i| <= w_max, 1 <= w_max <= 32767. */
    uint64_t (*dot)(const int16_t *w, const int16_t *planes, size_t n, size_t at, size_t count,
                    int w_max);
    /* out = sum over terms of a[t] * b[t], element by element; 1 <= n_terms <= 128, n a multiple of
     * 8, out distinct from all inputs, inputs canonical. */
    void (*mul_sum)(uint64_t *out, const uint64_t *const *a, const uint64_t *const *b,
                    size_t n_terms, size_t n);
    /* Big-endian words. load_be tells whether every word is below p (out is written either way). */
    bool (*load_be)(uint64_t *out, const uint8_t *bytes, size_t n);
    void (*store_be)(uint8_t *bytes, const uint64_t *a, size_t n);
};

/* The table in use, and (for tests and benchmarks) the one of a given backend; the latter is NULL
 * where the processor lacks it. */
const struct hats_ring_kernels *hats_ring_kernels(void);
const struct hats_ring_kernels *hats_ring_kernels_of(enum hats_backend b);

/* Does every kernel of the table agree with portable C on one small fixed input? */
bool hats_ring_self_test(const struct hats_ring_kernels *k);

/* Defined by the backend files, used by kernels.c and self_test.c alone. */
extern const struct hats_ring_kernels hats_ring_portable, hats_ring_avx2, hats_ring_avx512;

#endif
