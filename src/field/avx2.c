/* Four elements at a time. AVX2 compares signed words only, so the inner form of an element is a + 2^63
 * mod 2^64 (its top bit flipped): then unsigned order is signed order. Below, a plain or inner word is
 * meant as its name says, and FLIP goes from one to the other. */
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define V __m256i
#define LANES 4

#define WORDS(c) _mm256_set1_epi64x((long long)(c))
#define EPSILON WORDS(0xffffffff)
#define FLIP WORDS(0x8000000000000000)

static inline V load(const uint64_t *p) { return _mm256_load_si256((const __m256i *)p); }
static inline void store(uint64_t *p, V x) { _mm256_store_si256((__m256i *)p, x); }
static inline V inner_of(V x) { return _mm256_xor_si256(x, FLIP); }
static inline V plain_of(V x) { return _mm256_xor_si256(x, FLIP); }

/* d - (2^32 - 1) in the lanes where the inner words have from < d: where d borrowed or carried. */
static inline V settle(V d, V from) {
    return _mm256_sub_epi64(d, _mm256_srli_epi64(_mm256_cmpgt_epi64(d, from), 32));
}
/* Inner a, plain b. a - b for any a < 2^64 and b <= p; canonical when a - b < p, as in hats_fp_sub. */
static inline V minus_plain(V a, V b) { return settle(_mm256_sub_epi64(a, b), a); }
/* a + b for any a < 2^64 and canonical b; canonical when a + b < 2p. It is a - (p - b), which borrowed if
 * it came out larger than a. */
static inline V plus_plain(V a, V b) {
    return settle(_mm256_add_epi64(a, _mm256_add_epi64(b, EPSILON)), a);
}
/* Both inner. Sum and difference of inner words are plain, so the correction also flips. */
static inline V minus(V a, V b) {
    V borrow = _mm256_cmpgt_epi64(b, a);
    V correction = _mm256_blendv_epi8(FLIP, WORDS(0x8000000000000000 - 0xffffffff), borrow);
    return _mm256_add_epi64(_mm256_sub_epi64(a, b), correction);
}
static inline V plus(V a, V b) {
    V d = _mm256_add_epi64(a, _mm256_add_epi64(b, WORDS(0x8000000000000000 + 0xffffffff)));
    return settle(d, a);
}

/* a = a1 2^(64-k) + a0 with a1 < 2^31: a 2^k = a0 2^k + e a1 < 2p. */
static inline V mul_pow2(V a, int k) {
    V top = _mm256_mul_epu32(_mm256_srli_epi64(plain_of(a), 64 - k), EPSILON);
    return plus_plain(inner_of(_mm256_slli_epi64(a, k)), top);
}
/* a = a1 2^k + a0: a 2^-k = a1 - e 2^(32-k) a0. The flipped bit arrives at 63 - k. */
static inline V div_pow2(V a, int k) {
    V low = _mm256_mul_epu32(_mm256_slli_epi64(a, 32 - k), EPSILON);
    V high = _mm256_srli_epi64(a, k);
    return minus_plain(_mm256_xor_si256(high, WORDS(UINT64_C(1) << 63 | UINT64_C(1) << (63 - k))),
                       low);
}

/* Plain a -> inner a w 2^-64: see avx512.c, where the carry of s is taken from a comparison; here the
 * upper half of t goes around it. */
static inline V twist(V a, V w, V w_hi) {
    V a_hi = _mm256_srli_epi64(a, 32);
    V ll = _mm256_mul_epu32(a, w);
    V lh = _mm256_mul_epu32(a, w_hi);
    V hl = _mm256_mul_epu32(a_hi, w);
    V hh = _mm256_mul_epu32(a_hi, w_hi);
    V m = _mm256_and_si256(ll, EPSILON);
    V t = _mm256_add_epi64(_mm256_add_epi64(hl, m), _mm256_srli_epi64(ll, 32));
    V s = _mm256_add_epi64(lh, _mm256_and_si256(t, EPSILON));
    V x =
        _mm256_add_epi64(_mm256_add_epi64(hh, _mm256_srli_epi64(t, 32)), _mm256_srli_epi64(s, 32));
    return minus_plain(inner_of(x), _mm256_add_epi64(_mm256_mul_epu32(s, EPSILON), m));
}
static inline V twist_lanes(V a, const uint64_t *w) {
    return twist(a, load(w), _mm256_loadu_si256((const __m256i *)((const char *)w + 4)));
}
static inline V twist_all(V a, const uint64_t *w) {
    return twist(a, WORDS(*w), _mm256_set1_epi32(((const int32_t *)w)[1]));
}

static inline void transpose(V x[4]) {
    V a = _mm256_unpacklo_epi64(x[0], x[1]), b = _mm256_unpackhi_epi64(x[0], x[1]);
    V c = _mm256_unpacklo_epi64(x[2], x[3]), d = _mm256_unpackhi_epi64(x[2], x[3]);
    x[0] = _mm256_permute2x128_si256(a, c, 0x20);
    x[1] = _mm256_permute2x128_si256(b, d, 0x20);
    x[2] = _mm256_permute2x128_si256(a, c, 0x31);
    x[3] = _mm256_permute2x128_si256(b, d, 0x31);
}

#include "field/ntt_vector.h"

/* a b = t + top for canonical plain a and b, with inner t < 2^64, plain top < p and t + top < 2p: a b =
 * lo + 2^64 (h0 + 2^32 h1) = lo - h1 + e h0, as in hats_fp_reduce128. */
struct product {
    V t, top;
};
static inline struct product multiply(V a, V b) {
    V a_hi = _mm256_srli_epi64(a, 32), b_hi = _mm256_srli_epi64(b, 32);
    V ll = _mm256_mul_epu32(a, b);
    V lh = _mm256_mul_epu32(a, b_hi);
    V hl = _mm256_mul_epu32(a_hi, b);
    V hh = _mm256_mul_epu32(a_hi, b_hi);
    V t = _mm256_add_epi64(hl, _mm256_srli_epi64(ll, 32));
    V s = _mm256_add_epi64(lh, _mm256_and_si256(t, EPSILON));
    V hi =
        _mm256_add_epi64(_mm256_add_epi64(hh, _mm256_srli_epi64(t, 32)), _mm256_srli_epi64(s, 32));
    V lo = _mm256_blend_epi32(ll, _mm256_slli_epi64(s, 32), 0xaa);
    struct product r = {minus_plain(inner_of(lo), _mm256_srli_epi64(hi, 32)),
                        _mm256_mul_epu32(hi, EPSILON)};
    return r;
}

static void add(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    for (size_t i = 0; i < n; i += LANES)
        store(out + i, plain_of(plus_plain(inner_of(load(a + i)), load(b + i))));
}

static void sub(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    for (size_t i = 0; i < n; i += LANES)
        store(out + i, plain_of(minus_plain(inner_of(load(a + i)), load(b + i))));
}

static void mul(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    for (size_t i = 0; i < n; i += LANES) {
        struct product r = multiply(load(a + i), load(b + i));
        store(out + i, plain_of(plus_plain(r.t, r.top)));
    }
}

static void mul_add(uint64_t *acc, const uint64_t *a, const uint64_t *b, size_t n) {
    for (size_t i = 0; i < n; i += LANES) {
        struct product r = multiply(load(a + i), load(b + i));
        V sum = plus_plain(plus_plain(r.t, r.top), load(acc + i));
        store(acc + i, plain_of(sum));
    }
}

static void scale(uint64_t *out, const uint64_t *a, uint64_t c, size_t n) {
    uint64_t w = hats_fp_mul(c, HATS_P_EPSILON);
    for (size_t i = 0; i < n; i += LANES)
        store(out + i, plain_of(twist_all(load(a + i), &w)));
}

static void add_scaled(uint64_t *acc, const uint64_t *a, uint64_t c, size_t n) {
    uint64_t w = hats_fp_mul(c, HATS_P_EPSILON);
    for (size_t i = 0; i < n; i += LANES)
        store(acc + i, plain_of(plus_plain(twist_all(load(a + i), &w), load(acc + i))));
}

static inline V sum(V a, V b) { return _mm256_add_epi64(a, b); }
static inline V difference(V a, V b) { return _mm256_sub_epi64(a, b); }
static inline V both(V a, V b) { return _mm256_and_si256(a, b); }
static inline V up(V a, int k) { return _mm256_slli_epi64(a, k); }
static inline V down(V a, int k) { return _mm256_srli_epi64(a, k); }
static inline V mul_low(V a, V b) { return _mm256_mul_epu32(a, b); }
static inline V all(uint64_t c) { return WORDS(c); }
static inline V mul_field(V a, V b) {
    struct product r = multiply(a, b);
    return plain_of(plus_plain(r.t, r.top));
}

#include "field/fp3_vector.h"

const struct hats_field_kernels hats_field_avx2 = {
    .add = add,
    .sub = sub,
    .mul = mul,
    .mul_add = mul_add,
    .scale = scale,
    .add_scaled = add_scaled,
    .ntt_forward = ntt_forward,
    .ntt_inverse = ntt_inverse,
    .fp3_mul = fp3_mul,
    .fp3_mul_base = fp3_mul_base,
    .fp3_mul_add_base = fp3_mul_add_base,
    .fp3_scale = fp3_scale,
    .fp3_add_scaled = fp3_add_scaled,
    .fp3_add_scaled_base = fp3_add_scaled_base,
    .fp3_dot_base = fp3_dot_base,
};
