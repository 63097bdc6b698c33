#include "ring/rns_kernels.h"
#include "ring/rns_scalar.h"

/* Values stay below 4q between layers [Harvey 2014, section 3]. */
static void ntt_forward(const struct hats_rns_prime *p, uint64_t *a) {
    const size_t n = (size_t)1 << p->log_n;
    const uint64_t q = p->q;
    for (size_t m = 1, t = n / 2; m < n; m *= 2, t /= 2) {
        for (size_t i = 0; i < m; i++) {
            uint64_t w = p->forward.w[m + i], shoup = p->forward.shoup[m + i];
            uint64_t *x = a + 2 * i * t, *y = x + t;
            for (size_t j = 0; j < t; j++) {
                uint64_t u = reduce_once(x[j], 2 * q), v = mul_lazy(y[j], w, shoup, q);
                x[j] = u + v;
                y[j] = u - v + 2 * q;
            }
        }
    }
    for (size_t j = 0; j < n; j++)
        a[j] = reduce_once(reduce_once(a[j], 2 * q), q);
}

/* Values stay below 2q; the last layer divides by N. */
static void ntt_inverse(const struct hats_rns_prime *p, uint64_t *a) {
    const size_t n = (size_t)1 << p->log_n;
    const uint64_t q = p->q;
    for (size_t m = n / 2, t = 1; m > 1; m /= 2, t *= 2) {
        for (size_t i = 0; i < m; i++) {
            uint64_t w = p->inverse.w[m + i], shoup = p->inverse.shoup[m + i];
            uint64_t *x = a + 2 * i * t, *y = x + t;
            for (size_t j = 0; j < t; j++) {
                uint64_t u = x[j], v = y[j];
                x[j] = reduce_once(u + v, 2 * q);
                y[j] = mul_lazy(u - v + 2 * q, w, shoup, q);
            }
        }
    }
    for (size_t j = 0; j < n / 2; j++) {
        uint64_t u = a[j], v = a[j + n / 2];
        a[j] = reduce_once(mul_lazy(u + v, p->inverse_n.w, p->inverse_n.shoup, q), q);
        a[j + n / 2] =
            reduce_once(mul_lazy(u - v + 2 * q, p->inverse_last.w, p->inverse_last.shoup, q), q);
    }
}

static void add(const struct hats_rns_prime *p, uint64_t *out, const uint64_t *a,
                const uint64_t *b) {
    for (size_t i = 0; i < (size_t)1 << p->log_n; i++)
        out[i] = reduce_once(a[i] + b[i], p->q);
}

static void sub(const struct hats_rns_prime *p, uint64_t *out, const uint64_t *a,
                const uint64_t *b) {
    for (size_t i = 0; i < (size_t)1 << p->log_n; i++)
        out[i] = reduce_once(a[i] + p->q - b[i], p->q);
}

static void scale(const struct hats_rns_prime *p, uint64_t *out, const uint64_t *a,
                  const struct hats_rns_factor *f) {
    for (size_t i = 0; i < (size_t)1 << p->log_n; i++)
        out[i] = reduce_once(mul_lazy(a[i], f->w, f->shoup, p->q), p->q);
}

static void sub_scale(const struct hats_rns_prime *p, uint64_t *out, const uint64_t *a,
                      const uint64_t *b, const struct hats_rns_factor *f) {
    for (size_t i = 0; i < (size_t)1 << p->log_n; i++)
        out[i] = reduce_once(mul_lazy(a[i] + p->q - b[i], f->w, f->shoup, p->q), p->q);
}

const struct hats_rns_kernels hats_rns_portable = {
    ntt_forward, ntt_inverse, add, sub, mul_sum_scalar, scale, sub_scale,
};
