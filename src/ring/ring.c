#include "ring/ring.h"

#include "field/field.h"
#include "ring/kernels.h"

uint64_t hats_ring_coefficient(const int16_t *planes, size_t n, const int16_t *w_rev, size_t span,
                               int w_max, size_t index) {
    const struct hats_ring_kernels *k = hats_ring_kernels();
    /* coefficients of w that meet c_index, c_{index-1}, .. without passing c_0 */
    size_t direct = index + 1 < span ? index + 1 : span, wrapped = span - direct;
    uint64_t sum = k->dot(w_rev + wrapped, planes, n, index + 1 - direct, direct, w_max);
    if (wrapped != 0)
        sum = hats_fp_sub(sum, k->dot(w_rev, planes, n, n - wrapped, wrapped, w_max));
    return sum;
}

void hats_ring_reverse(int16_t *w_rev, const int8_t *w, size_t n) {
    for (size_t i = 0; i < n; i++)
        w_rev[i] = (int16_t)w[n - 1 - i];
}
