/* Eight elements at a time. Inner and plain form are the same: AVX-512 compares unsigned words, and adds
 * or subtracts under the resulting mask. */
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define V __m512i
#define LANES 8

#define EPSILON _mm512_set1_epi64(0xffffffff)
#define CARRY _mm512_set1_epi64((long long)1 << 32)

static inline V load(const uint64_t *p) { return _mm512_load_si512(p); }
static inline void store(uint64_t *p, V x) { _mm512_store_si512(p, x); }
static inline V inner_of(V x) { return x; }
static inline V plain_of(V x) { return x; }

/* a - b mod p for any a < 2^64 and b <= p; canonical when a - b < p, as in hats_fp_sub. */
static inline V minus(V a, V b) {
    V d = _mm512_sub_epi64(a, b);
    return _mm512_mask_sub_epi64(d, _mm512_cmplt_epu64_mask(a, b), d, EPSILON);
}
/* a + b mod p for any a < 2^64 and canonical b; canonical when a + b < 2p. It is a - (p - b), which
 * borrowed if it came out larger than a. */
static inline V plus(V a, V b) {
    V d = _mm512_add_epi64(_mm512_add_epi64(a, b), EPSILON);
    return _mm512_mask_sub_epi64(d, _mm512_cmplt_epu64_mask(a, d), d, EPSILON);
}

/* a = a1 2^(64-k) + a0 with a1 < 2^31: a 2^k = a0 2^k + e a1 < 2p. */
static inline V mul_pow2(V a, int k) {
    V top = _mm512_mul_epu32(_mm512_srli_epi64(a, (unsigned)(64 - k)), EPSILON);
    return plus(_mm512_slli_epi64(a, (unsigned)k), top);
}
/* a = a1 2^k + a0: a 2^-k = a1 - e 2^(32-k) a0. */
static inline V div_pow2(V a, int k) {
    V low = _mm512_mul_epu32(_mm512_slli_epi64(a, (unsigned)(32 - k)), EPSILON);
    return minus(_mm512_srli_epi64(a, (unsigned)k), low);
}

/* a w 2^-64 for any a < 2^64 and canonical w, w_hi being w >> 32 in the low halves (the high halves may
 * hold anything). Montgomery's reduction [Mon85]: p = 1 (mod 2^32), so each of two steps subtracts the
 * lowest 32-bit digit, times p, and drops it.
 *
 *   a w = ll + 2^32 (lh + hl) + 2^64 hh, four products below 2^64 - 2^33 + 2
 *   m = ll mod 2^32, s = hl + lh + (ll >> 32) + m < 2^65     (after the first step)
 *   result = hh + (s >> 32) - m - (2^32 - 1) (s mod 2^32)     (after the second)
 *
 * hh + (s >> 32) <= 2^64 - 1 and what is subtracted is below p; the result lies in (-p, p). */
static inline V twist(V a, V w, V w_hi) {
    V a_hi = _mm512_srli_epi64(a, 32);
    V ll = _mm512_mul_epu32(a, w);
    V lh = _mm512_mul_epu32(a, w_hi);
    V hl = _mm512_mul_epu32(a_hi, w);
    V hh = _mm512_mul_epu32(a_hi, w_hi);
    V m = _mm512_and_si512(ll, EPSILON);
    V t = _mm512_add_epi64(_mm512_add_epi64(hl, m), _mm512_srli_epi64(ll, 32));
    V s = _mm512_add_epi64(lh, t);
    V x = _mm512_add_epi64(hh, _mm512_srli_epi64(s, 32));
    x = _mm512_mask_add_epi64(x, _mm512_cmplt_epu64_mask(s, t), x, CARRY);
    return minus(x, _mm512_add_epi64(_mm512_mul_epu32(s, EPSILON), m));
}
static inline V twist_lanes(V a, const uint64_t *w) {
    return twist(a, load(w), _mm512_loadu_si512((const char *)w + 4));
}
static inline V twist_all(V a, const uint64_t *w) {
    return twist(a, _mm512_set1_epi64((long long)*w), _mm512_set1_epi32(((const int32_t *)w)[1]));
}

static inline void transpose(V x[8]) {
    V pair[8], quad[8];
    for (int i = 0; i < 8; i += 2) {
        pair[i] = _mm512_unpacklo_epi64(x[i], x[i + 1]);
        pair[i + 1] = _mm512_unpackhi_epi64(x[i], x[i + 1]);
    }
    /* quad[c + 4 h]: columns c and c + 4 of rows 4h .. 4h + 3, in 128-bit pieces */
    const V low = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
    const V high = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
    for (int h = 0; h < 8; h += 4)
        for (int c = 0; c < 2; c++) {
            quad[h + c] = _mm512_permutex2var_epi64(pair[h + c], low, pair[h + c + 2]);
            quad[h + c + 2] = _mm512_permutex2var_epi64(pair[h + c], high, pair[h + c + 2]);
        }
    for (int c = 0; c < 4; c++) {
        x[c] = _mm512_shuffle_i64x2(quad[c], quad[c + 4], 0x44);
        x[c + 4] = _mm512_shuffle_i64x2(quad[c], quad[c + 4], 0xee);
    }
}

#include "field/ntt_vector.h"

/* a b = t + top for canonical a and b, with t < 2^64, top < p and t + top < 2p: a b = lo + 2^64 (h0 +
 * 2^32 h1) = lo - h1 + e h0, as in hats_fp_reduce128. */
struct product {
    V t, top;
};
static inline struct product multiply(V a, V b) {
    V a_hi = _mm512_srli_epi64(a, 32), b_hi = _mm512_srli_epi64(b, 32);
    V ll = _mm512_mul_epu32(a, b);
    V lh = _mm512_mul_epu32(a, b_hi);
    V hl = _mm512_mul_epu32(a_hi, b);
    V hh = _mm512_mul_epu32(a_hi, b_hi);
    V t = _mm512_add_epi64(hl, _mm512_srli_epi64(ll, 32));
    V s = _mm512_add_epi64(lh, t);
    V hi = _mm512_add_epi64(hh, _mm512_srli_epi64(s, 32));
    hi = _mm512_mask_add_epi64(hi, _mm512_cmplt_epu64_mask(s, t), hi, CARRY);
    V lo = _mm512_mask_blend_epi32(0xaaaa, ll, _mm512_slli_epi64(s, 32));
    struct product r = {minus(lo, _mm512_srli_epi64(hi, 32)), _mm512_mul_epu32(hi, EPSILON)};
    return r;
}

static void add(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    for (size_t i = 0; i < n; i += LANES)
        store(out + i, plus(load(a + i), load(b + i)));
}

static void sub(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    for (size_t i = 0; i < n; i += LANES)
        store(out + i, minus(load(a + i), load(b + i)));
}

static void mul(uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n) {
    for (size_t i = 0; i < n; i += LANES) {
        struct product r = multiply(load(a + i), load(b + i));
        store(out + i, plus(r.t, r.top));
    }
}

static void mul_add(uint64_t *acc, const uint64_t *a, const uint64_t *b, size_t n) {
    for (size_t i = 0; i < n; i += LANES) {
        struct product r = multiply(load(a + i), load(b + i));
        store(acc + i, plus(load(acc + i), plus(r.t, r.top)));
    }
}

static void scale(uint64_t *out, const uint64_t *a, uint64_t c, size_t n) {
    uint64_t w = hats_fp_mul(c, HATS_P_EPSILON);
    for (size_t i = 0; i < n; i += LANES)
        store(out + i, twist_all(load(a + i), &w));
}

static void add_scaled(uint64_t *acc, const uint64_t *a, uint64_t c, size_t n) {
    uint64_t w = hats_fp_mul(c, HATS_P_EPSILON);
    for (size_t i = 0; i < n; i += LANES)
        store(acc + i, plus(load(acc + i), twist_all(load(a + i), &w)));
}

static inline V sum(V a, V b) { return _mm512_add_epi64(a, b); }
static inline V difference(V a, V b) { return _mm512_sub_epi64(a, b); }
static inline V both(V a, V b) { return _mm512_and_si512(a, b); }
static inline V up(V a, int k) { return _mm512_slli_epi64(a, (unsigned)k); }
static inline V down(V a, int k) { return _mm512_srli_epi64(a, (unsigned)k); }
static inline V mul_low(V a, V b) { return _mm512_mul_epu32(a, b); }
static inline V all(uint64_t c) { return _mm512_set1_epi64((long long)c); }
static inline V plus_plain(V a, V b) { return plus(a, b); }
static inline V mul_field(V a, V b) {
    struct product r = multiply(a, b);
    return plus(r.t, r.top);
}

#include "field/fp3_vector.h"

const struct hats_field_kernels hats_field_avx512 = {
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
