/* The cubic extension K = F_p[x]/(x^3 - 7) of the prime field, p = 2^64 - 2^32 + 1.
 *
 * 3 divides p - 1 and 7 generates the units of F_p, so 7 is not a cube and x^3 - 7 is irreducible: K is
 * a field of p^3 elements, a little under 2^192. An element is a0 + a1 x + a2 x^2 with canonical
 * coefficients, and F_p is the elements with a1 = a2 = 0. Raising to the p-th power is linear over F_p:
 *
 *     (a0 + a1 x + a2 x^2)^p = a0 + w a1 x + w^2 a2 x^2,   w = 7^((p-1)/3) = x^(p-1), w^3 = 1
 *
 * and the product of the three conjugates of a is its norm, an element of F_p.
 *
 * Everything here is constant time; coefficients are canonical in and out.
 *
 * Vectors over K are three vectors over F_p, one of each coefficient; what there is for them is in
 * struct hats_field_kernels and below.
 */
#ifndef HATS_FIELD_FP3_H
#define HATS_FIELD_FP3_H

#include "field/field.h"

#define HATS_FP3_NON_RESIDUE 7
#define HATS_FP3_OMEGA UINT64_C(0xfffffffe00000001)   /* -2^32; check: 7^((p-1)/3) mod p */
#define HATS_FP3_OMEGA_2 UINT64_C(0x00000000ffffffff) /* its square, 2^64 */

struct hats_fp3 {
    uint64_t c[3]; /* of 1, x, x^2 */
};

/* n elements: n a multiple of 8, each c[i] 64-byte aligned. Functions that take several want them equal
 * (all three pointers) or disjoint, and do not write to those that their comments do not say to. */
struct hats_fp3_vec {
    uint64_t *c[3];
};

static inline struct hats_fp3 hats_fp3_from_fp(uint64_t a) { return (struct hats_fp3){{a, 0, 0}}; }

static inline struct hats_fp3 hats_fp3_add(struct hats_fp3 a, struct hats_fp3 b) {
    for (int i = 0; i < 3; i++)
        a.c[i] = hats_fp_add(a.c[i], b.c[i]);
    return a;
}

static inline struct hats_fp3 hats_fp3_sub(struct hats_fp3 a, struct hats_fp3 b) {
    for (int i = 0; i < 3; i++)
        a.c[i] = hats_fp_sub(a.c[i], b.c[i]);
    return a;
}

static inline struct hats_fp3 hats_fp3_neg(struct hats_fp3 a) {
    for (int i = 0; i < 3; i++)
        a.c[i] = hats_fp_neg(a.c[i]);
    return a;
}

/* a s for s in F_p: three base multiplications. */
static inline struct hats_fp3 hats_fp3_scale(struct hats_fp3 a, uint64_t s) {
    for (int i = 0; i < 3; i++)
        a.c[i] = hats_fp_mul(a.c[i], s);
    return a;
}

/* x0 y0 + x1 y1 + x2 y2 mod p, reduced once: the sum is lo + 2^64 (h0 + 2^32 h1) with h1 < 2^34, and the
 * steps of hats_fp_reduce128 hold for that too. */
static inline uint64_t hats_fp_dot3(uint64_t x0, uint64_t y0, uint64_t x1, uint64_t y1, uint64_t x2,
                                    uint64_t y2) {
    hats_u128 sum = (hats_u128)x0 * y0;
    uint64_t carry = __builtin_add_overflow(sum, (hats_u128)x1 * y1, &sum);
    carry += __builtin_add_overflow(sum, (hats_u128)x2 * y2, &sum);
    uint64_t hi = (uint64_t)(sum >> 64);
    uint64_t h0 = hi & HATS_P_EPSILON, h1 = (hi >> 32) + (carry << 32);
    uint64_t t = hats_fp_sub((uint64_t)sum, h1);
    return hats_fp_sub(t, HATS_P - ((h0 << 32) - h0));
}

/* Nine products in three sums, and two by 7. */
static inline struct hats_fp3 hats_fp3_mul(struct hats_fp3 a, struct hats_fp3 b) {
    const uint64_t *x = a.c, *y = b.c;
    uint64_t y1 = hats_fp_mul(y[1], HATS_FP3_NON_RESIDUE);
    uint64_t y2 = hats_fp_mul(y[2], HATS_FP3_NON_RESIDUE);
    return (struct hats_fp3){{
        hats_fp_dot3(x[0], y[0], x[1], y2, x[2], y1),
        hats_fp_dot3(x[0], y[1], x[1], y[0], x[2], y2),
        hats_fp_dot3(x[0], y[2], x[1], y[1], x[2], y[0]),
    }};
}

static inline struct hats_fp3 hats_fp3_square(struct hats_fp3 a) { return hats_fp3_mul(a, a); }

/* a^p: two base multiplications. */
static inline struct hats_fp3 hats_fp3_frobenius(struct hats_fp3 a) {
    return (struct hats_fp3){{
        a.c[0],
        hats_fp_mul(a.c[1], HATS_FP3_OMEGA),
        hats_fp_mul(a.c[2], HATS_FP3_OMEGA_2),
    }};
}

/* The norm a a^p a^(p^2) = a0^3 + 7 a1^3 + 49 a2^3 - 21 a0 a1 a2, in F_p; 0 for 0 alone. */
uint64_t hats_fp3_norm(struct hats_fp3 a);
/* 1/a; 0 for 0. One inversion in F_p. */
struct hats_fp3 hats_fp3_inv(struct hats_fp3 a);
/* a^exponent; time depends on the exponent only. a^0 = 1, also for a = 0. */
struct hats_fp3 hats_fp3_pow(struct hats_fp3 a, uint64_t exponent);
/* One when equal, zero when not. */
uint64_t hats_fp3_equal(struct hats_fp3 a, struct hats_fp3 b);

static inline struct hats_fp3 hats_fp3_vec_at(struct hats_fp3_vec a, size_t i) {
    return (struct hats_fp3){{a.c[0][i], a.c[1][i], a.c[2][i]}};
}
static inline void hats_fp3_vec_set(struct hats_fp3_vec a, size_t i, struct hats_fp3 value) {
    for (int j = 0; j < 3; j++)
        a.c[j][i] = value.c[j];
}
/* The vector from element i on; i a multiple of 8. */
static inline struct hats_fp3_vec hats_fp3_vec_from(struct hats_fp3_vec a, size_t i) {
    return (struct hats_fp3_vec){{a.c[0] + i, a.c[1] + i, a.c[2] + i}};
}

static inline void hats_fp3_vec_add(struct hats_fp3_vec out, struct hats_fp3_vec a,
                                    struct hats_fp3_vec b, size_t n) {
    for (int j = 0; j < 3; j++)
        hats_field_kernels()->add(out.c[j], a.c[j], b.c[j], n);
}
static inline void hats_fp3_vec_sub(struct hats_fp3_vec out, struct hats_fp3_vec a,
                                    struct hats_fp3_vec b, size_t n) {
    for (int j = 0; j < 3; j++)
        hats_field_kernels()->sub(out.c[j], a.c[j], b.c[j], n);
}

/* out_j = 1/a_j, 0 for 0, with one inversion for 512: eighteen products in F_p an element. out and a are
 * disjoint. */
void hats_fp3_inv_many(struct hats_fp3_vec out, struct hats_fp3_vec a, size_t n);

#endif
