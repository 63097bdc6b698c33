#include "ring/kernels.h"
#include "ring/scalar.h"

#include <immintrin.h>

static __m256i load_u64(const uint64_t *p) {
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static __m256i load_i16(const int16_t *p) {
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static __m256i all(uint64_t v) { return _mm256_set1_epi64x((int64_t)v); }

/* The population counts of cbd_bits in four 64-bit lanes, by nibbles. */
static __m256i cbd_counts(__m256i v) {
    const __m256i of_nibble = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1,
                                               1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const __m256i nibble = _mm256_set1_epi8(15);
    v = _mm256_xor_si256(_mm256_and_si256(v, all(CBD_MASK)), all(CBD_HALF << 21));
    __m256i low = _mm256_shuffle_epi8(of_nibble, _mm256_and_si256(v, nibble));
    __m256i high =
        _mm256_shuffle_epi8(of_nibble, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble));
    return _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256());
}

/* Four groups (12 coefficients) a turn; unpacking puts them in the order 0, 2, 1, 3. */
static void cbd21(int8_t *out, const uint64_t *words, size_t n) {
    const __m128i groups_0_2 =
        _mm_setr_epi8(0, 1, 2, -1, -1, -1, 8, 9, 10, -1, -1, -1, -1, -1, -1, -1);
    const __m128i groups_1_3 =
        _mm_setr_epi8(-1, -1, -1, 0, 1, 2, -1, -1, -1, 8, 9, 10, -1, -1, -1, -1);
    size_t i = 0;
    for (; i + 16 <= n; i += 12, words += 8) {
        __m256i a = load_u64(words), b = load_u64(words + 4);
        __m256i w0 = _mm256_unpacklo_epi64(a, b), w1 = _mm256_unpackhi_epi64(a, b);
        __m256i middle = _mm256_or_si256(_mm256_srli_epi64(w0, 42), _mm256_slli_epi64(w1, 22));
        __m256i three = _mm256_or_si256(
            cbd_counts(w0),
            _mm256_or_si256(_mm256_slli_epi64(cbd_counts(middle), 8),
                            _mm256_slli_epi64(cbd_counts(_mm256_srli_epi64(w1, 20)), 16)));
        three = _mm256_sub_epi8(three, _mm256_set1_epi8(21));
        __m128i twelve =
            _mm_or_si128(_mm_shuffle_epi8(_mm256_castsi256_si128(three), groups_0_2),
                         _mm_shuffle_epi8(_mm256_extracti128_si256(three, 1), groups_1_3));
        _mm_storeu_si128((__m128i *)(void *)(out + i), twelve);
    }
    for (unsigned k = 0; i < n; i++, k++)
        out[i] = (int8_t)((int)_mm_popcnt_u64(cbd_bits(words + k / 3 * 2, k % 3)) - 21);
}

/* Fifteen digits a turn in 16-bit lanes: lane j takes byte j/5 and divides it by 3^r, r = j mod 5,
 * through the reciprocal M_r = ceil(2^16 / 3^r): b M_r >> 16 is exact for b < 243 (M_0 = 2^16 does
 * not fit, so those lanes take b itself). The digit is the quotient modulo 3, by M_1 again. */
static void ternary(int8_t *out, const uint8_t *bytes, size_t n) {
    const __m256i spread =
        _mm256_setr_epi8(0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 2,
                         -1, 2, -1, 2, -1, 2, -1, 2, -1, -1, -1);
    const __m256i inverse = _mm256_setr_epi16(0, 21846, 7282, 2428, 810, 0, 21846, 7282, 2428, 810,
                                              0, 21846, 7282, 2428, 810, 0);
    const __m256i whole = _mm256_setr_epi16(-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0);
    size_t i = 0;
    for (; i + 16 <= n; i += 15) {
        uint32_t three = (uint32_t)bytes[i / 5] | (uint32_t)bytes[i / 5 + 1] << 8 |
                         (uint32_t)bytes[i / 5 + 2] << 16;
        __m256i b = _mm256_shuffle_epi8(_mm256_set1_epi32((int)three), spread);
        __m256i q = _mm256_or_si256(_mm256_mulhi_epu16(b, inverse), _mm256_and_si256(b, whole));
        __m256i third = _mm256_mulhi_epu16(q, _mm256_set1_epi16(21846));
        __m256i digit = _mm256_sub_epi16(
            _mm256_sub_epi16(q, _mm256_add_epi16(third, _mm256_add_epi16(third, third))),
            _mm256_set1_epi16(1));
        __m256i packed = _mm256_packs_epi16(digit, digit);
        _mm_storeu_si128((__m128i *)(void *)(out + i),
                         _mm_unpacklo_epi64(_mm256_castsi256_si128(packed),
                                            _mm256_extracti128_si256(packed, 1)));
    }
    for (; i < n; i += 5)
        ternary_digits(out + i, n - i < 5 ? n - i : 5, bytes[i / 5]);
}

static __m256i widen_i8(const int8_t *e) {
    int32_t four;
    memcpy(&four, e, sizeof four);
    return _mm256_cvtepi8_epi64(_mm_cvtsi32_si128(four));
}

static __m256i negative(__m256i v) { return _mm256_cmpgt_epi64(_mm256_setzero_si256(), v); }

static __m256i greater_unsigned(__m256i a, __m256i b) {
    const __m256i flip = all(UINT64_C(1) << 63);
    return _mm256_cmpgt_epi64(_mm256_xor_si256(a, flip), _mm256_xor_si256(b, flip));
}

static void from_small(uint64_t *out, const int8_t *e, size_t n) {
    for (size_t i = 0; i < n; i += 4) {
        __m256i v = widen_i8(e + i);
        v = _mm256_add_epi64(v, _mm256_and_si256(negative(v), all(HATS_P)));
        _mm256_storeu_si256((__m256i *)(void *)(out + i), v);
    }
}

/* x + s mod p for canonical x and |s| < 2^63: the sum leaves [0, p) on one side at most, and one
 * multiple of p brings it back (-p = EPSILON mod 2^64). */
static __m256i add_signed(__m256i x, __m256i s) {
    __m256i sum = _mm256_add_epi64(x, s), below = negative(s);
    __m256i over =
        _mm256_or_si256(greater_unsigned(x, sum), greater_unsigned(sum, all(HATS_P - 1)));
    __m256i out = _mm256_blendv_epi8(over, greater_unsigned(sum, x), below);
    __m256i back = _mm256_blendv_epi8(all(HATS_P_EPSILON), all(HATS_P), below);
    return _mm256_add_epi64(sum, _mm256_and_si256(out, back));
}

static void add_small(uint64_t *out, const uint64_t *a, const int8_t *e, size_t n) {
    for (size_t i = 0; i < n; i += 4)
        _mm256_storeu_si256((__m256i *)(void *)(out + i),
                            add_signed(load_u64(a + i), widen_i8(e + i)));
}

/* The digits of a sum of products in base 2^32, not carried: each below 128 * 2^32. */
struct digits {
    __m256i d0, d1, d2, d3;
};

static inline void accumulate_product(struct digits *s, __m256i x, __m256i y) {
    const __m256i low = all(UINT32_MAX);
    __m256i x1 = _mm256_srli_epi64(x, 32), y1 = _mm256_srli_epi64(y, 32);
    __m256i p00 = _mm256_mul_epu32(x, y), p11 = _mm256_mul_epu32(x1, y1);
    /* none of these sums reaches 2^64 */
    __m256i t = _mm256_add_epi64(_mm256_mul_epu32(x, y1), _mm256_srli_epi64(p00, 32));
    __m256i u = _mm256_add_epi64(_mm256_mul_epu32(x1, y), _mm256_and_si256(t, low));
    __m256i v =
        _mm256_add_epi64(p11, _mm256_add_epi64(_mm256_srli_epi64(t, 32), _mm256_srli_epi64(u, 32)));
    s->d0 = _mm256_add_epi64(s->d0, _mm256_and_si256(p00, low));
    s->d1 = _mm256_add_epi64(s->d1, _mm256_and_si256(u, low));
    s->d2 = _mm256_add_epi64(s->d2, _mm256_and_si256(v, low));
    s->d3 = _mm256_add_epi64(s->d3, _mm256_srli_epi64(v, 32));
}

/* d0 + 2^32 d1 + 2^64 d2 + 2^96 d3 = 2^32 (d1 + d2) + d0 - d2 - d3, and with d1 + d2 = m + 2^32 h
 * it is 2^32 m, which is canonical, plus d0 - d2 - d3 + 2^32 h - h, which is small. */
static __m256i reduce_digits(const struct digits *s) {
    __m256i middle = _mm256_add_epi64(s->d1, s->d2), h = _mm256_srli_epi64(middle, 32);
    __m256i small = _mm256_sub_epi64(s->d0, _mm256_add_epi64(s->d2, s->d3));
    small = _mm256_add_epi64(small, _mm256_sub_epi64(_mm256_slli_epi64(h, 32), h));
    return add_signed(_mm256_slli_epi64(middle, 32), small);
}

static void mul_sum(uint64_t *out, const uint64_t *const *a, const uint64_t *const *b,
                    size_t n_terms, size_t n) {
    for (size_t i = 0; i < n; i += 4) {
        const __m256i zero = _mm256_setzero_si256();
        struct digits s = {zero, zero, zero, zero};
        for (size_t t = 0; t < n_terms; t++)
            accumulate_product(&s, load_u64(a[t] + i), load_u64(b[t] + i));
        _mm256_storeu_si256((__m256i *)(void *)(out + i), reduce_digits(&s));
    }
}

/* Sixteen words a turn: a shuffle pairs equal limbs of two words, then pairs are transposed. */
static void split(int16_t *planes, const uint64_t *x, size_t n) {
    const __m256i pair = _mm256_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15, 0,
                                          1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
    const __m256i interleave = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const __m256i centre = _mm256_set1_epi16(INT16_MIN);
    for (size_t i = 0; i < n; i += 16) {
        __m256i v[4], plane[4];
        for (int k = 0; k < 4; k++)
            v[k] = _mm256_shuffle_epi8(load_u64(x + i + 4 * k), pair);
        __m256i low01 = _mm256_unpacklo_epi32(v[0], v[1]),
                low23 = _mm256_unpacklo_epi32(v[2], v[3]);
        __m256i high01 = _mm256_unpackhi_epi32(v[0], v[1]);
        __m256i high23 = _mm256_unpackhi_epi32(v[2], v[3]);
        plane[0] = _mm256_unpacklo_epi64(low01, low23);
        plane[1] = _mm256_unpackhi_epi64(low01, low23);
        plane[2] = _mm256_unpacklo_epi64(high01, high23);
        plane[3] = _mm256_unpackhi_epi64(high01, high23);
        for (size_t l = 0; l < 4; l++) {
            __m256i ordered = _mm256_permutevar8x32_epi32(plane[l], interleave);
            _mm256_storeu_si256((__m256i *)(void *)(planes + l * n + i),
                                _mm256_xor_si256(ordered, centre));
        }
    }
}

static int64_t sum_lanes(__m256i v) {
    __m256i wide = _mm256_add_epi64(_mm256_cvtepi32_epi64(_mm256_castsi256_si128(v)),
                                    _mm256_cvtepi32_epi64(_mm256_extracti128_si256(v, 1)));
    int64_t lane[4];
    _mm256_storeu_si256((__m256i *)(void *)lane, wide);
    return lane[0] + lane[1] + lane[2] + lane[3];
}

/* A step adds two products of at most w_max 2^15 to a 32-bit lane, so 32767 / w_max of them fit. */
static uint64_t dot(const int16_t *w, const int16_t *planes, size_t n, size_t at, size_t count,
                    int w_max) {
    const __m256i ones = _mm256_set1_epi16(1);
    int64_t sums[4] = {0}, w_sum = 0;
    size_t i = 0, whole = count / 16 * 16, run = 16 * (size_t)(32767 / w_max);
    while (i < whole) {
        size_t end = whole - i < run ? whole : i + run;
        __m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0, ws = s0;
        for (; i < end; i += 16) {
            const int16_t *p = planes + at + i;
            __m256i v = load_i16(w + i);
            s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(v, load_i16(p)));
            s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(v, load_i16(p + n)));
            s2 = _mm256_add_epi32(s2, _mm256_madd_epi16(v, load_i16(p + 2 * n)));
            s3 = _mm256_add_epi32(s3, _mm256_madd_epi16(v, load_i16(p + 3 * n)));
            ws = _mm256_add_epi32(ws, _mm256_madd_epi16(v, ones));
        }
        sums[0] += sum_lanes(s0);
        sums[1] += sum_lanes(s1);
        sums[2] += sum_lanes(s2);
        sums[3] += sum_lanes(s3);
        w_sum += sum_lanes(ws);
    }
    dot_tail(sums, &w_sum, w, planes, n, at, whole, count);
    return dot_join(sums, w_sum);
}

static __m256i swap_bytes(__m256i v) {
    const __m256i order = _mm256_setr_epi8(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8, 7,
                                           6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
    return _mm256_shuffle_epi8(v, order);
}

static bool load_be(uint64_t *out, const uint8_t *bytes, size_t n) {
    __m256i bad = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        __m256i v = swap_bytes(_mm256_loadu_si256((const __m256i *)(const void *)(bytes + 8 * i)));
        bad = _mm256_or_si256(bad, greater_unsigned(v, all(HATS_P - 1)));
        _mm256_storeu_si256((__m256i *)(void *)(out + i), v);
    }
    uint64_t over = 0;
    for (; i < n; i++) {
        out[i] = hats_load_be64(bytes + 8 * i);
        over |= (uint64_t)(out[i] >= HATS_P);
    }
    return over == 0 && _mm256_testz_si256(bad, bad);
}

static void store_be(uint8_t *bytes, const uint64_t *a, size_t n) {
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        _mm256_storeu_si256((__m256i *)(void *)(bytes + 8 * i), swap_bytes(load_u64(a + i)));
    for (; i < n; i++)
        hats_store_be64(bytes + 8 * i, a[i]);
}

const struct hats_ring_kernels hats_ring_avx2 = {
    cbd21,   ternary,  keep_canonical_scalar, from_small, add_small, split, dot, mul_sum,
    load_be, store_be,
};
