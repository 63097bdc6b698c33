/* Four words a vector, by 32-bit products.
 *
 * x w mod q for x < 2^56 and a prepared w: with x = x0 + 2^25 x1 the word x0 w + x1 upper has the residue of
 * x w, and Q = (x0 floor(2^32 w / q) + x1 floor(2^32 upper / q)) >> 32 is its quotient, one too small at the
 * most for x < 2^55, so that x0 w + x1 upper - Q q in [0, 2q) is exact modulo 2^64. For q < 2^27 and x < 2^32,
 * Q = x floor(2^32 w / q) >> 32 is enough, and three products instead of eight.
 *
 * Neither needs x reduced: in the forward transform a layer adds 2q at most, so that after 15 layers values
 * are below 31q, which is below 2^53, and below 2^32 where q < 2^27. */
#include "ring/rns_kernels.h"
#include "ring/rns_scalar.h"

#include <immintrin.h>

#define NARROW_BITS 27
#define INLINE static inline __attribute__((always_inline))

struct modulus {
    __m256i q, q_high, q2;
};
/* One or four factors. */
struct multiplier {
    __m256i w, w_high, upper, upper_high, first, second;
};

INLINE __m256i all(uint64_t v) { return _mm256_set1_epi64x((int64_t)v); }
INLINE __m256i load(const uint64_t *p) {
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}
INLINE void store(uint64_t *p, __m256i v) { _mm256_storeu_si256((__m256i *)(void *)p, v); }

INLINE struct modulus modulus_of(uint64_t q) {
    return (struct modulus){all(q), all(q >> 32), all(2 * q)};
}

INLINE struct multiplier multiplier_of(__m256i w, __m256i upper, __m256i quotients, bool narrow) {
    struct multiplier f = {.w = w, .first = quotients};
    if (narrow)
        return f;
    f.w_high = _mm256_srli_epi64(w, 32);
    f.upper = upper;
    f.upper_high = _mm256_srli_epi64(upper, 32);
    f.second = _mm256_srli_epi64(quotients, 32);
    return f;
}

INLINE struct multiplier broadcast(const struct hats_rns_factors *f, size_t i, bool narrow) {
    return multiplier_of(all(f->w[i]), narrow ? all(0) : all(f->upper[i]), all(f->quotients[i]),
                         narrow);
}

INLINE struct multiplier broadcast_one(const struct hats_rns_factor *f, bool narrow) {
    return multiplier_of(all(f->w), all(f->upper), all(f->quotients), narrow);
}

INLINE __m256i mul(__m256i x, const struct multiplier *f, const struct modulus *m, bool narrow) {
    if (narrow) {
        __m256i quotient = _mm256_srli_epi64(_mm256_mul_epu32(x, f->first), 32);
        return _mm256_sub_epi64(_mm256_mul_epu32(x, f->w), _mm256_mul_epu32(quotient, m->q));
    }
    __m256i x0 = _mm256_and_si256(x, all((1u << 25) - 1)), x1 = _mm256_srli_epi64(x, 25);
    __m256i quotient = _mm256_srli_epi64(
        _mm256_add_epi64(_mm256_mul_epu32(x0, f->first), _mm256_mul_epu32(x1, f->second)), 32);
    __m256i low = _mm256_sub_epi64(
        _mm256_add_epi64(_mm256_mul_epu32(x0, f->w), _mm256_mul_epu32(x1, f->upper)),
        _mm256_mul_epu32(quotient, m->q));
    __m256i high = _mm256_sub_epi64(
        _mm256_add_epi64(_mm256_mul_epu32(x0, f->w_high), _mm256_mul_epu32(x1, f->upper_high)),
        _mm256_mul_epu32(quotient, m->q_high));
    return _mm256_add_epi64(low, _mm256_slli_epi64(high, 32));
}

INLINE __m256i once(__m256i x, __m256i q) {
    __m256i d = _mm256_sub_epi64(x, q);
    return _mm256_castpd_si256(
        _mm256_blendv_pd(_mm256_castsi256_pd(d), _mm256_castsi256_pd(x), _mm256_castsi256_pd(d)));
}

/* x < 32 q: the quotient is below 32, and one too small at the most. */
INLINE __m256i canonical(__m256i x, const struct modulus *m, __m256i barrett, __m128i shift) {
    __m256i quotient = _mm256_srli_epi64(_mm256_mul_epu32(_mm256_srl_epi64(x, shift), barrett), 32);
    x = _mm256_sub_epi64(x, _mm256_mul_epu32(quotient, m->q));
    x = _mm256_sub_epi64(x, _mm256_slli_epi64(_mm256_mul_epu32(quotient, m->q_high), 32));
    return once(x, m->q);
}

INLINE void forward(__m256i *x, __m256i *y, const struct multiplier *f, const struct modulus *m,
                    bool narrow) {
    __m256i v = mul(*y, f, m, narrow), u = *x;
    *x = _mm256_add_epi64(u, v);
    *y = _mm256_add_epi64(u, _mm256_sub_epi64(m->q2, v));
}

INLINE void inverse(__m256i *x, __m256i *y, const struct multiplier *f, const struct modulus *m,
                    bool narrow) {
    __m256i u = *x, v = *y;
    *x = once(_mm256_add_epi64(u, v), m->q2);
    *y = mul(_mm256_add_epi64(u, _mm256_sub_epi64(m->q2, v)), f, m, narrow);
}

/* The last two layers have distances 2 and 1: within eight words. Factors of one butterfly each: */
INLINE struct multiplier of_pairs(const struct hats_rns_factors *f, size_t i, bool narrow) {
    const uint64_t *rows[3] = {f->w + i, f->upper + i, f->quotients + i};
    __m256i v[3];
    for (int k = 0; k < 3; k++)
        v[k] = _mm256_permute4x64_epi64(
            _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)rows[k])), 0x50);
    return multiplier_of(v[0], v[1], v[2], narrow);
}

INLINE struct multiplier of_singles(const struct hats_rns_factors *f, size_t i, bool narrow) {
    return multiplier_of(_mm256_permute4x64_epi64(load(f->w + i), 0xd8),
                         _mm256_permute4x64_epi64(load(f->upper + i), 0xd8),
                         _mm256_permute4x64_epi64(load(f->quotients + i), 0xd8), narrow);
}

/* Two layers in one pass: x0 .. x3 at distance t. */
INLINE void forward_two_layers(const struct hats_rns_prime *p, uint64_t *a, size_t m, size_t t,
                               const struct modulus *q, bool narrow) {
    for (size_t i = 0; i < m; i++) {
        const struct multiplier f = broadcast(&p->forward, m + i, narrow);
        const struct multiplier g = broadcast(&p->forward, 2 * (m + i), narrow);
        const struct multiplier h = broadcast(&p->forward, 2 * (m + i) + 1, narrow);
        uint64_t *at = a + 4 * i * t;
        for (size_t j = 0; j < t; j += 4) {
            __m256i x0 = load(at + j), x1 = load(at + t + j);
            __m256i x2 = load(at + 2 * t + j), x3 = load(at + 3 * t + j);
            forward(&x0, &x2, &f, q, narrow);
            forward(&x1, &x3, &f, q, narrow);
            forward(&x0, &x1, &g, q, narrow);
            forward(&x2, &x3, &h, q, narrow);
            store(at + j, x0);
            store(at + t + j, x1);
            store(at + 2 * t + j, x2);
            store(at + 3 * t + j, x3);
        }
    }
}

INLINE void forward_layer(const struct hats_rns_prime *p, uint64_t *a, size_t m, size_t t,
                          const struct modulus *q, bool narrow) {
    for (size_t i = 0; i < m; i++) {
        const struct multiplier f = broadcast(&p->forward, m + i, narrow);
        uint64_t *at = a + 2 * i * t;
        for (size_t j = 0; j < t; j += 4) {
            __m256i x = load(at + j), y = load(at + t + j);
            forward(&x, &y, &f, q, narrow);
            store(at + j, x);
            store(at + t + j, y);
        }
    }
}

INLINE void transform(const struct hats_rns_prime *p, uint64_t *a, bool narrow) {
    const size_t n = (size_t)1 << p->log_n;
    const struct modulus q = modulus_of(p->q);
    const __m256i barrett = all(p->barrett_small);
    const __m128i shift = _mm_cvtsi32_si128((int)p->bits - 16);
    size_t m = 1, t = n / 2;
    if (p->log_n % 2 != 0) {
        forward_layer(p, a, m, t, &q, narrow);
        m *= 2;
        t /= 2;
    }
    for (; t > 2; m *= 4, t /= 4)
        forward_two_layers(p, a, m, t / 2, &q, narrow);
    for (size_t i = 0; i < n; i += 8) {
        __m256i low = load(a + i), high = load(a + i + 4);
        __m256i x = _mm256_permute2x128_si256(low, high, 0x20);
        __m256i y = _mm256_permute2x128_si256(low, high, 0x31);
        struct multiplier f = of_pairs(&p->forward, n / 4 + i / 4, narrow);
        forward(&x, &y, &f, &q, narrow);
        low = _mm256_permute2x128_si256(x, y, 0x20);
        high = _mm256_permute2x128_si256(x, y, 0x31);
        x = _mm256_unpacklo_epi64(low, high);
        y = _mm256_unpackhi_epi64(low, high);
        f = of_singles(&p->forward, n / 2 + i / 2, narrow);
        forward(&x, &y, &f, &q, narrow);
        x = canonical(x, &q, barrett, shift);
        y = canonical(y, &q, barrett, shift);
        store(a + i, _mm256_unpacklo_epi64(x, y));
        store(a + i + 4, _mm256_unpackhi_epi64(x, y));
    }
}

INLINE void inverse_first_layers(const struct hats_rns_prime *p, uint64_t *a,
                                 const struct modulus *q, bool narrow) {
    const size_t n = (size_t)1 << p->log_n;
    for (size_t i = 0; i < n; i += 8) {
        __m256i low = load(a + i), high = load(a + i + 4);
        __m256i x = _mm256_unpacklo_epi64(low, high), y = _mm256_unpackhi_epi64(low, high);
        struct multiplier f = of_singles(&p->inverse, n / 2 + i / 2, narrow);
        inverse(&x, &y, &f, q, narrow);
        low = _mm256_unpacklo_epi64(x, y);
        high = _mm256_unpackhi_epi64(x, y);
        x = _mm256_permute2x128_si256(low, high, 0x20);
        y = _mm256_permute2x128_si256(low, high, 0x31);
        f = of_pairs(&p->inverse, n / 4 + i / 4, narrow);
        inverse(&x, &y, &f, q, narrow);
        store(a + i, _mm256_permute2x128_si256(x, y, 0x20));
        store(a + i + 4, _mm256_permute2x128_si256(x, y, 0x31));
    }
}

INLINE void inverse_two_layers(const struct hats_rns_prime *p, uint64_t *a, size_t m, size_t t,
                               const struct modulus *q, bool narrow) {
    for (size_t i = 0; i < m; i++) {
        const struct multiplier f = broadcast(&p->inverse, m + i, narrow);
        const struct multiplier g = broadcast(&p->inverse, 2 * (m + i), narrow);
        const struct multiplier h = broadcast(&p->inverse, 2 * (m + i) + 1, narrow);
        uint64_t *at = a + 4 * i * t;
        for (size_t j = 0; j < t; j += 4) {
            __m256i x0 = load(at + j), x1 = load(at + t + j);
            __m256i x2 = load(at + 2 * t + j), x3 = load(at + 3 * t + j);
            inverse(&x0, &x1, &g, q, narrow);
            inverse(&x2, &x3, &h, q, narrow);
            inverse(&x0, &x2, &f, q, narrow);
            inverse(&x1, &x3, &f, q, narrow);
            store(at + j, x0);
            store(at + t + j, x1);
            store(at + 2 * t + j, x2);
            store(at + 3 * t + j, x3);
        }
    }
}

INLINE void inverse_layer(const struct hats_rns_prime *p, uint64_t *a, size_t m, size_t t,
                          const struct modulus *q, bool narrow) {
    for (size_t i = 0; i < m; i++) {
        const struct multiplier f = broadcast(&p->inverse, m + i, narrow);
        uint64_t *at = a + 2 * i * t;
        for (size_t j = 0; j < t; j += 4) {
            __m256i x = load(at + j), y = load(at + t + j);
            inverse(&x, &y, &f, q, narrow);
            store(at + j, x);
            store(at + t + j, y);
        }
    }
}

INLINE void transform_back(const struct hats_rns_prime *p, uint64_t *a, bool narrow) {
    const size_t n = (size_t)1 << p->log_n;
    const struct modulus q = modulus_of(p->q);
    inverse_first_layers(p, a, &q, narrow);
    size_t m = n / 8, t = 4; /* the layer to do has m blocks, at distance t */
    if (p->log_n % 2 == 0) {
        inverse_layer(p, a, m, t, &q, narrow);
        m /= 2;
        t *= 2;
    }
    for (; m > 1; m /= 4, t *= 4)
        inverse_two_layers(p, a, m / 2, t, &q, narrow);
    const struct multiplier f = broadcast_one(&p->inverse_n, narrow);
    const struct multiplier g = broadcast_one(&p->inverse_last, narrow);
    for (size_t j = 0; j < n / 2; j += 4) {
        __m256i u = load(a + j), v = load(a + n / 2 + j);
        store(a + j, once(mul(_mm256_add_epi64(u, v), &f, &q, narrow), q.q));
        v = _mm256_add_epi64(u, _mm256_sub_epi64(q.q2, v));
        store(a + n / 2 + j, once(mul(v, &g, &q, narrow), q.q));
    }
}

static void ntt_forward(const struct hats_rns_prime *p, uint64_t *a) {
    if (p->bits <= NARROW_BITS)
        transform(p, a, true);
    else
        transform(p, a, false);
}

static void ntt_inverse(const struct hats_rns_prime *p, uint64_t *a) {
    if (p->bits <= NARROW_BITS)
        transform_back(p, a, true);
    else
        transform_back(p, a, false);
}

static void add(const struct hats_rns_prime *p, uint64_t *out, const uint64_t *a,
                const uint64_t *b) {
    const __m256i q = all(p->q);
    for (size_t i = 0; i < (size_t)1 << p->log_n; i += 4)
        store(out + i, once(_mm256_add_epi64(load(a + i), load(b + i)), q));
}

static void sub(const struct hats_rns_prime *p, uint64_t *out, const uint64_t *a,
                const uint64_t *b) {
    const __m256i q = all(p->q);
    for (size_t i = 0; i < (size_t)1 << p->log_n; i += 4)
        store(out + i, once(_mm256_add_epi64(load(a + i), _mm256_sub_epi64(q, load(b + i))), q));
}

/* Sixteen products below 2^54 fit a word; wider ones are faster one at a time. */
static void mul_sum(const struct hats_rns_prime *p, uint64_t *out, const uint64_t *const *a,
                    const uint64_t *const *b, size_t n_terms) {
    if (p->bits > NARROW_BITS) {
        mul_sum_scalar(p, out, a, b, n_terms);
        return;
    }
    const struct modulus q = modulus_of(p->q);
    const __m256i barrett = all(p->barrett);
    const __m128i before = _mm_cvtsi32_si128((int)p->bits - 1);
    const __m128i after = _mm_cvtsi32_si128((int)p->bits + 5);
    for (size_t i = 0; i < (size_t)1 << p->log_n; i += 4) {
        __m256i sum = _mm256_mul_epu32(load(a[0] + i), load(b[0] + i));
        for (size_t t = 1; t < n_terms; t++)
            sum = _mm256_add_epi64(sum, _mm256_mul_epu32(load(a[t] + i), load(b[t] + i)));
        __m256i quotient =
            _mm256_srl_epi64(_mm256_mul_epu32(_mm256_srl_epi64(sum, before), barrett), after);
        sum = _mm256_sub_epi64(sum, _mm256_mul_epu32(quotient, q.q));
        store(out + i, once(once(sum, q.q2), q.q));
    }
}

static void scale(const struct hats_rns_prime *p, uint64_t *out, const uint64_t *a,
                  const struct hats_rns_factor *factor) {
    const struct modulus q = modulus_of(p->q);
    const struct multiplier f = broadcast_one(factor, false);
    for (size_t i = 0; i < (size_t)1 << p->log_n; i += 4)
        store(out + i, once(mul(load(a + i), &f, &q, false), q.q));
}

static void sub_scale(const struct hats_rns_prime *p, uint64_t *out, const uint64_t *a,
                      const uint64_t *b, const struct hats_rns_factor *factor) {
    const struct modulus q = modulus_of(p->q);
    const struct multiplier f = broadcast_one(factor, false);
    for (size_t i = 0; i < (size_t)1 << p->log_n; i += 4) {
        __m256i x = _mm256_add_epi64(load(a + i), _mm256_sub_epi64(q.q, load(b + i)));
        store(out + i, once(mul(x, &f, &q, false), q.q));
    }
}

const struct hats_rns_kernels hats_rns_avx2 = {
    ntt_forward, ntt_inverse, add, sub, mul_sum, scale, sub_scale,
};
