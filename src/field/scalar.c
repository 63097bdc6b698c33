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

/* a^(p-2) [Fermat]. */
uint64_t hats_fp_inv(uint64_t a) { return hats_fp_pow(a, HATS_P - 2); }
