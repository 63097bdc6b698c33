/* The border between arithmetic modulo word-sized primes and instruction sets (rns.h): one const table a
 * backend. Rows are N words of a prime's limb, 64-byte aligned; outputs are inputs or disjoint from them.
 * Results are canonical, so that all backends agree word for word. Constant time in the words. */
#ifndef HATS_RING_RNS_KERNELS_H
#define HATS_RING_RNS_KERNELS_H

#include "base/cpu.h"
#include "ring/rns.h"

#include <stdbool.h>

struct hats_rns_kernels {
    /* In place: coefficients to values in the order of rns.h, and back. */
    void (*ntt_forward)(const struct hats_rns_prime *p, uint64_t *a);
    void (*ntt_inverse)(const struct hats_rns_prime *p, uint64_t *a);
    void (*add)(const struct hats_rns_prime *p, uint64_t *out, const uint64_t *a,
                const uint64_t *b);
    void (*sub)(const struct hats_rns_prime *p, uint64_t *out, const uint64_t *a,
                const uint64_t *b);
    /* out = sum over terms of a[t] b[t]; 1 <= n_terms <= 16. */
    void (*mul_sum)(const struct hats_rns_prime *p, uint64_t *out, const uint64_t *const *a,
                    const uint64_t *const *b, size_t n_terms);
    /* out = a f; a may be any words below 2^56. */
    void (*scale)(const struct hats_rns_prime *p, uint64_t *out, const uint64_t *a,
                  const struct hats_rns_factor *f);
    /* out = (a - b) f. */
    void (*sub_scale)(const struct hats_rns_prime *p, uint64_t *out, const uint64_t *a,
                      const uint64_t *b, const struct hats_rns_factor *f);
};

/* The table in use, and (for tests and benchmarks) the one of a given backend; the latter is NULL where the
 * processor lacks it. There are no AVX-512 kernels: with it the AVX2 ones run. */
const struct hats_rns_kernels *hats_rns_kernels(void);
const struct hats_rns_kernels *hats_rns_kernels_of(enum hats_backend b);

/* Does every kernel of the table agree with portable C on one small fixed input? */
bool hats_rns_self_test(const struct hats_rns_kernels *k);

extern const struct hats_rns_kernels hats_rns_portable, hats_rns_avx2;

#endif
