/* One word at a time: what the vector kernels are compared with. */
#ifndef HATS_RING_RNS_SCALAR_H
#define HATS_RING_RNS_SCALAR_H

#include "base/bytes.h"
#include "ring/rns.h"

__extension__ typedef unsigned __int128 rns_u128;

/* x - q where that is not negative; x < 2^63. */
static inline uint64_t reduce_once(uint64_t x, uint64_t q) {
    uint64_t d = x - q;
    return d + (q & (0 - (d >> 63)));
}

/* x w mod q in [0, 2q), for any x [Harvey 2014, Algorithm 2]. */
static inline uint64_t mul_lazy(uint64_t x, uint64_t w, uint64_t shoup, uint64_t q) {
    return x * w - (uint64_t)((rns_u128)x * shoup >> 64) * q;
}

/* v mod q for v < 2^(2 bits + 4): the quotient is at most three too small. */
static inline uint64_t reduce_sum(rns_u128 v, const struct hats_rns_prime *p) {
    uint64_t high = (uint64_t)(v >> (p->bits - 1));
    uint64_t quotient = (uint64_t)((rns_u128)high * p->barrett >> (p->bits + 5));
    uint64_t x = (uint64_t)v - quotient * p->q;
    return reduce_once(reduce_once(x, 2 * p->q), p->q);
}

static inline void mul_sum_scalar(const struct hats_rns_prime *p, uint64_t *out,
                                  const uint64_t *const *a, const uint64_t *const *b,
                                  size_t n_terms) {
    for (size_t i = 0; i < (size_t)1 << p->log_n; i++) {
        rns_u128 sum = (rns_u128)a[0][i] * b[0][i];
        for (size_t t = 1; t < n_terms; t++)
            sum += (rns_u128)a[t][i] * b[t][i];
        out[i] = reduce_sum(sum, p);
    }
}

#endif
