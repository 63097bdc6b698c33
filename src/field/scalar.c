#include "field/field.h"

uint64_t hats_fp_pow(uint64_t a, uint64_t exponent) {
    uint64_t r = 1;
    for (int bit = 63; bit >= 0; bit--) {
        r = hats_fp_mul(r, r);
        if (exponent >> bit & 1)
            r = hats_fp_mul(r, a);
    }
    return r;
}

/* a^(2^n) b */
static uint64_t square_times(uint64_t a, int n, uint64_t b) {
    for (int i = 0; i < n; i++)
        a = hats_fp_mul(a, a);
    return hats_fp_mul(a, b);
}

/* a^(p-2) [Fermat], p - 2 = 2^33 (2^31 - 1) + 2^32 - 1. With r_n = a^(2^n - 1), r_(m+n) = r_m^(2^n) r_n. */
uint64_t hats_fp_inv(uint64_t a) {
    uint64_t r3 = square_times(square_times(a, 1, a), 1, a);
    uint64_t r6 = square_times(r3, 3, r3);
    uint64_t r12 = square_times(r6, 6, r6);
    uint64_t r24 = square_times(r12, 12, r12);
    uint64_t r31 = square_times(square_times(r24, 6, r6), 1, a);
    return square_times(r31, 33, square_times(r31, 1, a));
}
