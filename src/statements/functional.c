#include "statements/functional.h"

void hats_functional_powers(struct hats_fp3 *out, struct hats_fp3 x, size_t n) {
    struct hats_fp3 power = hats_fp3_from_fp(1);
    for (size_t i = 0; i < n; i++) {
        out[i] = power;
        power = hats_fp3_mul(power, x);
    }
}

struct hats_fp3 hats_functional_at(const uint64_t *f, struct hats_fp3 gamma, size_t n) {
    struct hats_fp3 sum = {0};
    while (n-- > 0) {
        sum = hats_fp3_mul(sum, gamma);
        sum.c[0] = hats_fp_add(sum.c[0], f[n]);
    }
    return sum;
}

struct hats_fp3 hats_functional_of(struct hats_fp3_vec a, const struct hats_fp3 *powers, size_t n) {
    struct hats_fp3 sum = {0};
    for (size_t i = 0; i < n; i++)
        sum = hats_fp3_add(sum, hats_fp3_mul(hats_fp3_vec_at(a, i), powers[i]));
    return sum;
}

void hats_functional_vector(struct hats_fp3 *v, struct hats_fp3_vec a,
                            const struct hats_fp3 *powers, size_t n) {
    struct hats_fp3 gamma = powers[1], step = hats_functional_of(a, powers, n);
    struct hats_fp3 wrap = hats_fp3_mul(powers[n - 1], gamma);
    wrap = hats_fp3_add(wrap, hats_fp3_from_fp(1));
    hats_field_kernels()->fp3_scale(a, a, wrap, n);
    for (size_t k = 0; k < n; k++) {
        v[k] = step;
        step = hats_fp3_sub(hats_fp3_mul(gamma, step), hats_fp3_vec_at(a, n - 1 - k));
    }
}
