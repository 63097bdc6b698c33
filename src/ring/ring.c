#include "ring/ring.h"

#include "field/field.h"
#include "ring/kernels.h"

/* Coefficients of w that meet c_{index}, c_{index-1}, .. without passing c_0. */
static size_t straight(size_t span, size_t index) { return index + 1 < span ? index + 1 : span; }

uint64_t hats_ring_coefficient_i8(const uint64_t *c, size_t n, const int8_t *w_rev, size_t span,
                                  size_t index) {
    const struct hats_ring_kernels *k = hats_ring_kernels();
    size_t direct = straight(span, index), wrapped = span - direct;
    uint64_t sum = k->dot_i8(w_rev + wrapped, c + index + 1 - direct, direct);
    if (wrapped != 0)
        sum = hats_fp_sub(sum, k->dot_i8(w_rev, c + n - wrapped, wrapped));
    return sum;
}

uint64_t hats_ring_coefficient_i32(const uint64_t *c, size_t n, const int32_t *w_rev, size_t span,
                                   size_t index) {
    const struct hats_ring_kernels *k = hats_ring_kernels();
    size_t direct = straight(span, index), wrapped = span - direct;
    uint64_t sum = k->dot_i32(w_rev + wrapped, c + index + 1 - direct, direct);
    if (wrapped != 0)
        sum = hats_fp_sub(sum, k->dot_i32(w_rev, c + n - wrapped, wrapped));
    return sum;
}
