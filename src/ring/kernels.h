/* The border between ring arithmetic and instruction sets: one const table a backend.
 *
 * Ring elements of F_p[X]/(X^N + 1) are arrays of N canonical field elements (field/field.h). Small
 * elements (secrets, noise) are arrays of int8_t. A negacyclic product coefficient is a dot product:
 *
 *     (c w)_i = sum_{j <= i} w_j c_{i-j} - sum_{j > i} w_j c_{N+i-j}
 *
 * so a few coefficients of a product by a small w need no transform (ring.h); dot_i8 and dot_i32 are
 * that sum. With |w| summing to less than 2^31 it is exact in 64-bit lanes: x is split into two signed
 * halves, x = 2^32 h + l + (2^63 + 2^31), |h|, |l| <= 2^31, and sum w h, sum w l stay below 2^62.
 *
 * All backends give the same results. All functions are constant time in the array contents, except
 * where said. Buffers need no alignment unless said; outputs are disjoint from inputs or equal to them.
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
    /* sum w_i x_i mod p, any n. x may be any 64-bit words. sum |w_i| < 2^31. */
    uint64_t (*dot_i8)(const int8_t *w, const uint64_t *x, size_t n);
    uint64_t (*dot_i32)(const int32_t *w, const uint64_t *x, size_t n);
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

/* Defined by the backend files, used by kernels.c alone. */
extern const struct hats_ring_kernels hats_ring_portable, hats_ring_avx2, hats_ring_avx512;

#endif
