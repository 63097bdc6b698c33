/* Inner products with one reduction at the end, and inverses of many elements u - x with one inversion.
 *
 * A sum of up to 2^32 products of words is kept in 192 bits; 2^128 = -2^32 mod p takes the top word in.
 * For u in K outside F_p and x in F_p
 *
 *     1 / (u - x) = c(x) / n(x),   c = (u' - x) (u'' - x),   n(x) = (u - x) c(x) in F_p
 *
 * with u', u'' the conjugates of u: a polynomial of degree two over K, one of degree three over F_p, and the
 * inversions that are left are those of F_p.
 */
#ifndef HATS_STARK_LAZY_H
#define HATS_STARK_LAZY_H

#include "field/fp3.h"

struct hats_lazy {
    hats_u128 low;
    uint64_t high;
};

static inline void hats_lazy_add_product(struct hats_lazy *sum, uint64_t a, uint64_t b) {
    hats_u128 product = (hats_u128)a * b;
    sum->low += product;
    sum->high += sum->low < product;
}

static inline uint64_t hats_lazy_reduce(const struct hats_lazy *sum) {
    return hats_fp_sub(hats_fp_reduce128(sum->low), sum->high << 32);
}

struct hats_lazy3 {
    struct hats_lazy c[3];
};

/* += a b for a in F_p, b in K. */
static inline void hats_lazy3_add_base(struct hats_lazy3 *sum, uint64_t a, struct hats_fp3 b) {
    for (int i = 0; i < 3; i++)
        hats_lazy_add_product(&sum->c[i], a, b.c[i]);
}

static inline struct hats_fp3 hats_lazy3_reduce(const struct hats_lazy3 *sum) {
    return (struct hats_fp3){
        {hats_lazy_reduce(&sum->c[0]), hats_lazy_reduce(&sum->c[1]), hats_lazy_reduce(&sum->c[2])}};
}

/* An element of K as the factor of many products: 7 a1 and 7 a2 beside it. */
struct hats_factor {
    uint64_t c[5];
};

static inline struct hats_factor hats_factor_of(struct hats_fp3 a) {
    return (struct hats_factor){{a.c[0], a.c[1], a.c[2], hats_fp_mul(a.c[1], HATS_FP3_NON_RESIDUE),
                                 hats_fp_mul(a.c[2], HATS_FP3_NON_RESIDUE)}};
}

static inline struct hats_fp3 hats_factor_value(const struct hats_factor *a) {
    return (struct hats_fp3){{a->c[0], a->c[1], a->c[2]}};
}

/* += a b, nine products and no reduction. */
static inline void hats_lazy3_add(struct hats_lazy3 *sum, struct hats_fp3 a,
                                  const struct hats_factor *b) {
    hats_lazy_add_product(&sum->c[0], a.c[0], b->c[0]);
    hats_lazy_add_product(&sum->c[0], a.c[1], b->c[4]);
    hats_lazy_add_product(&sum->c[0], a.c[2], b->c[3]);
    hats_lazy_add_product(&sum->c[1], a.c[0], b->c[1]);
    hats_lazy_add_product(&sum->c[1], a.c[1], b->c[0]);
    hats_lazy_add_product(&sum->c[1], a.c[2], b->c[4]);
    hats_lazy_add_product(&sum->c[2], a.c[0], b->c[2]);
    hats_lazy_add_product(&sum->c[2], a.c[1], b->c[1]);
    hats_lazy_add_product(&sum->c[2], a.c[2], b->c[0]);
}

/* What 1 / (u - x) needs of u. */
struct hats_pole {
    struct hats_fp3 u;
    uint64_t product_12;               /* 7 u1 u2 */
    uint64_t triple_12;                /* 21 u1 u2 */
    uint64_t square_1, seven_square_2; /* u1^2, 7 u2^2 */
    uint64_t cubes;                    /* 7 u1^3 + 49 u2^3 */
};

struct hats_pole hats_pole_of(struct hats_fp3 u);

/* The norm of u - x. */
static inline uint64_t hats_pole_norm(const struct hats_pole *p, uint64_t x) {
    uint64_t a = hats_fp_sub(p->u.c[0], x);
    uint64_t square = hats_fp_sub(hats_fp_mul(a, a), p->triple_12);
    return hats_fp_add(hats_fp_mul(a, square), p->cubes);
}

/* (u' - x) (u'' - x). */
static inline struct hats_fp3 hats_pole_cofactor(const struct hats_pole *p, uint64_t x) {
    uint64_t a = hats_fp_sub(p->u.c[0], x);
    return (struct hats_fp3){{
        hats_fp_sub(hats_fp_mul(a, a), p->product_12),
        hats_fp_sub(p->seven_square_2, hats_fp_mul(a, p->u.c[1])),
        hats_fp_sub(p->square_1, hats_fp_mul(a, p->u.c[2])),
    }};
}

#define HATS_INVERSES_MAX 256

/* values[i] <- 1 / values[i], n <= HATS_INVERSES_MAX; false, and values of no meaning, when one is 0. */
HATS_MUST_USE bool hats_fp_invert_block(uint64_t *values, size_t n);

#endif
