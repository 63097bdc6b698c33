#include "field/fp3.h"

/* The product of the two other conjugates of a: a times it is the norm. */
static struct hats_fp3 cofactor(struct hats_fp3 a) {
    const uint64_t *x = a.c;
    uint64_t m12 = hats_fp_mul(x[1], x[2]), s2 = hats_fp_mul(x[2], x[2]);
    return (struct hats_fp3){{
        hats_fp_sub(hats_fp_mul(x[0], x[0]), hats_fp_mul(m12, HATS_FP3_NON_RESIDUE)),
        hats_fp_sub(hats_fp_mul(s2, HATS_FP3_NON_RESIDUE), hats_fp_mul(x[0], x[1])),
        hats_fp_sub(hats_fp_mul(x[1], x[1]), hats_fp_mul(x[0], x[2])),
    }};
}

/* The constant coefficient of a b, which is all of it when b is the cofactor of a. */
static uint64_t constant_of_product(struct hats_fp3 a, struct hats_fp3 b) {
    uint64_t of_x3 = hats_fp_add(hats_fp_mul(a.c[1], b.c[2]), hats_fp_mul(a.c[2], b.c[1]));
    return hats_fp_add(hats_fp_mul(a.c[0], b.c[0]), hats_fp_mul(of_x3, HATS_FP3_NON_RESIDUE));
}

uint64_t hats_fp3_norm(struct hats_fp3 a) { return constant_of_product(a, cofactor(a)); }

struct hats_fp3 hats_fp3_inv(struct hats_fp3 a) {
    struct hats_fp3 b = cofactor(a);
    return hats_fp3_scale(b, hats_fp_inv(constant_of_product(a, b)));
}

struct hats_fp3 hats_fp3_pow(struct hats_fp3 a, uint64_t exponent) {
    struct hats_fp3 r = hats_fp3_from_fp(1);
    for (int bit = 63; bit >= 0; bit--) {
        r = hats_fp3_square(r);
        if (exponent >> bit & 1)
            r = hats_fp3_mul(r, a);
    }
    return r;
}

uint64_t hats_fp3_equal(struct hats_fp3 a, struct hats_fp3 b) {
    uint64_t d = (a.c[0] ^ b.c[0]) | (a.c[1] ^ b.c[1]) | (a.c[2] ^ b.c[2]);
    return 1 ^ ((d | ((uint64_t)0 - d)) >> 63);
}
