/* The prime field F_p, p = 2^64 - 2^32 + 1, and its negacyclic number-theoretic transform.
 *
 * p - 1 = 2^32 * 3 * 5 * 17 * 257 * 65537, so F_p has roots of unity of every order up to 2^32, and
 * 7 generates its units. With e = 2^32 - 1 a product x = x0 + 2^64 (x1 + 2^32 x2) (x1, x2 < 2^32)
 * reduces as x0 - x2 + e x1: two word operations and their carries.
 *
 * Elements are uint64_t in [0, p) ("canonical") wherever a function of this header gives or takes
 * them, so all backends agree bit for bit. Scalar functions here are constant time.
 *
 * The transform of f in F_p[X]/(X^N + 1) lists its values at the odd powers of psi, a primitive 2N-th
 * root of unity, in an order that hats_ntt_position tells; it is the same for all backends.
 * hats_ntt_inverse(hats_ntt_forward(f)) = f, and products in the ring are pointwise products of
 * transforms. psi = 7^((p-1)/2N). Transforms over other cosets: field/lde.h.
 */
#ifndef HATS_FIELD_FIELD_H
#define HATS_FIELD_FIELD_H

#include "base/bytes.h"
#include "base/cpu.h"
#include "base/status.h"

#define HATS_P UINT64_C(0xffffffff00000001)
#define HATS_P_GENERATOR 7
#define HATS_P_EPSILON UINT64_C(0xffffffff) /* 2^64 mod p */

/* x - y mod p for any x < 2^64 and y <= p. The result is canonical when x - y < p.
 * The mask is hidden from the compiler, which otherwise may make a branch of it (clang 14 does). */
static inline uint64_t hats_fp_sub(uint64_t x, uint64_t y) {
    uint64_t borrow = (uint64_t)0 - (uint64_t)(x < y);
#if defined(__GNUC__)
    __asm__("" : "+r"(borrow));
#endif
    return x - y - (borrow & HATS_P_EPSILON);
}

static inline uint64_t hats_fp_add(uint64_t a, uint64_t b) { return hats_fp_sub(a, HATS_P - b); }

static inline uint64_t hats_fp_neg(uint64_t a) { return hats_fp_sub(0, a); }

/* x mod p for any 128-bit x = lo + 2^64 (h0 + 2^32 h1), which is lo - h1 + e h0: the first step leaves
 * t < 2^64 and, as e h0 <= p - 2^32, t + e h0 < 2p, which the second makes canonical. */
static inline uint64_t hats_fp_reduce128(hats_u128 x) {
    uint64_t hi = (uint64_t)(x >> 64);
    uint64_t h0 = hi & HATS_P_EPSILON;
    uint64_t t = hats_fp_sub((uint64_t)x, hi >> 32);
    return hats_fp_sub(t, HATS_P - ((h0 << 32) - h0));
}

static inline uint64_t hats_fp_mul(uint64_t a, uint64_t b) {
    return hats_fp_reduce128((hats_u128)a * b);
}

/* A signed integer as a field element; |v| < 2^63. */
static inline uint64_t hats_fp_from_i64(int64_t v) {
    uint64_t negative = (uint64_t)0 - (uint64_t)(v < 0);
    return (uint64_t)v + (negative & HATS_P);
}

uint64_t hats_fp_pow(uint64_t a, uint64_t exponent); /* time depends on the exponent only */
uint64_t hats_fp_inv(uint64_t a);                    /* 1/a; 0 for 0 */

/* out[j] = start ratio^j for j < n, in vector-wide steps. out is 64-byte aligned, n any number. */
void hats_fp_powers(uint64_t *out, uint64_t start, uint64_t ratio, size_t n);
/* out[j] = 1/a[j], 0 for 0, with one inversion for all: three products an element [Mon87, 10.3.1]. n is a
 * multiple of 8, buffers are 64-byte aligned and disjoint. Constant time. */
void hats_fp_inv_many(uint64_t *out, const uint64_t *a, size_t n);

#define HATS_NTT_LOG_MIN 3
#define HATS_NTT_LOG_MAX 16

/* Twiddle tables for one N = 2^log_n; immutable after _new, shared between threads. */
struct hats_ntt;
/* log_n in 3..16. NULL when memory cannot be had. Takes about 0.1 ms at N = 4096. */
struct hats_ntt *hats_ntt_new(unsigned log_n);
void hats_ntt_free(struct hats_ntt *ntt);
/* One per log_n for the life of the process, made at first use, never freed; NULL without memory. */
const struct hats_ntt *hats_ntt_shared(unsigned log_n);

/* In place on N = 2^log_n elements, 64-byte aligned, canonical in and out. Constant time. */
void hats_ntt_forward(const struct hats_ntt *ntt, uint64_t *a);
void hats_ntt_inverse(const struct hats_ntt *ntt, uint64_t *a);
/* Where the value at psi^(2k+1) stands in a transform; k < N. */
uint32_t hats_ntt_position(const struct hats_ntt *ntt, uint32_t k);

struct hats_fp3; /* the cubic extension K and vectors over it: field/fp3.h */
struct hats_fp3_vec;

/* The border between mathematics and instruction sets. n is a multiple of 8, buffers are 64-byte
 * aligned and equal or disjoint, elements canonical in and out. Constant time. */
struct hats_field_kernels {
    void (*add)(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n);
    void (*sub)(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n);
    void (*mul)(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n);
    void (*mul_add)(uint64_t *acc, const uint64_t *a, const uint64_t *b, size_t n); /* acc += a*b */
    void (*scale)(uint64_t *out, const uint64_t *a, uint64_t c, size_t n);
    void (*add_scaled)(uint64_t *acc, const uint64_t *a, uint64_t c, size_t n); /* acc += c a */
    void (*ntt_forward)(const struct hats_ntt *ntt, uint64_t *a);
    void (*ntt_inverse)(const struct hats_ntt *ntt, uint64_t *a);
    /* Over K; a, acc, out: vectors of K, b in the names that end in _base: a vector of F_p. */
    void (*fp3_mul)(struct hats_fp3_vec out, struct hats_fp3_vec a, struct hats_fp3_vec b,
                    size_t n);
    void (*fp3_mul_base)(struct hats_fp3_vec out, struct hats_fp3_vec a, const uint64_t *b,
                         size_t n);
    void (*fp3_mul_add_base)(struct hats_fp3_vec acc, struct hats_fp3_vec a, const uint64_t *b,
                             size_t n); /* acc += a b */
    void (*fp3_scale)(struct hats_fp3_vec out, struct hats_fp3_vec a, struct hats_fp3 c, size_t n);
    void (*fp3_add_scaled)(struct hats_fp3_vec acc, struct hats_fp3_vec a, struct hats_fp3 c,
                           size_t n); /* acc += c a */
    void (*fp3_add_scaled_base)(struct hats_fp3_vec acc, const uint64_t *b, struct hats_fp3 c,
                                size_t n); /* acc += c b */
    /* acc += sum of c[t] b[t] over n_terms, at half the cost of that many fp3_add_scaled_base. */
    void (*fp3_dot_base)(struct hats_fp3_vec acc, const uint64_t *const *b,
                         const struct hats_fp3 *c, size_t n_terms, size_t n);
};
const struct hats_field_kernels *hats_field_kernels(void);
/* The table of one backend, NULL where the processor lacks it. */
const struct hats_field_kernels *hats_field_kernels_of(enum hats_backend b);

#endif
