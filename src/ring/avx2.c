#include "ring/kernels.h"
#include "ring/scalar.h"

#include <immintrin.h>

static void cbd21(int8_t *out, const uint64_t *words, size_t n) {
    size_t i = 0;
    for (; i + 3 <= n; i += 3, words += 2)
        for (unsigned k = 0; k < 3; k++)
            out[i + k] = (int8_t)((int)_mm_popcnt_u64(cbd_bits(words, k)) - 21);
    for (unsigned k = 0; i < n; i++, k++)
        out[i] = (int8_t)((int)_mm_popcnt_u64(cbd_bits(words, k)) - 21);
}

/* Fifteen digits a turn in 16-bit lanes: lane j takes byte j/5 and divides it by 3^r, r = j mod 5,
 * through the reciprocal M_r = ceil(2^16 / 3^r): b M_r >> 16 is exact for b < 243 (M_0 = 2^16 does not
 * fit, so those lanes take b itself). The digit is the quotient modulo 3, by M_1 again. */
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

static __m256i load_u64(const uint64_t *p) {
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static __m256i widen_i8(const int8_t *e) {
    int32_t four;
    memcpy(&four, e, sizeof four);
    return _mm256_cvtepi8_epi64(_mm_cvtsi32_si128(four));
}

static __m256i canonical_of(__m256i small) {
    __m256i negative = _mm256_cmpgt_epi64(_mm256_setzero_si256(), small);
    return _mm256_add_epi64(small, _mm256_and_si256(negative, _mm256_set1_epi64x((int64_t)HATS_P)));
}

static void from_small(uint64_t *out, const int8_t *e, size_t n) {
    for (size_t i = 0; i < n; i += 4)
        _mm256_storeu_si256((__m256i *)(void *)(out + i), canonical_of(widen_i8(e + i)));
}

static void add_small(uint64_t *out, const uint64_t *a, const int8_t *e, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = hats_fp_add(a[i], hats_fp_from_i64(e[i]));
}

struct halves {
    __m256i high, low, weights;
};

static inline void accumulate(struct halves *s, __m256i w, __m256i x) {
    const __m256i centre = _mm256_set1_epi64x((int64_t)UINT64_C(0x8000000080000000));
    __m256i y = _mm256_xor_si256(x, centre);
    s->low = _mm256_add_epi64(s->low, _mm256_mul_epi32(w, y));
    s->high = _mm256_add_epi64(s->high, _mm256_mul_epi32(w, _mm256_srli_epi64(y, 32)));
    s->weights = _mm256_add_epi64(s->weights, w);
}

static int64_t sum_lanes(__m256i v) {
    int64_t lane[4];
    _mm256_storeu_si256((__m256i *)(void *)lane, v);
    return lane[0] + lane[1] + lane[2] + lane[3];
}

static uint64_t joined(const struct halves *s) {
    return dot_join(sum_lanes(s->high), sum_lanes(s->low), sum_lanes(s->weights));
}

static uint64_t dot_i8(const int8_t *w, const uint64_t *x, size_t n) {
    struct halves s = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        accumulate(&s, widen_i8(w + i), load_u64(x + i));
    uint64_t sum = joined(&s);
    for (; i < n; i++)
        sum = hats_fp_add(sum, reduce_signed((hats_i128)x[i] * w[i]));
    return sum;
}

static uint64_t dot_i32(const int32_t *w, const uint64_t *x, size_t n) {
    struct halves s = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        __m128i four = _mm_loadu_si128((const __m128i *)(const void *)(w + i));
        accumulate(&s, _mm256_cvtepi32_epi64(four), load_u64(x + i));
    }
    uint64_t sum = joined(&s);
    for (; i < n; i++)
        sum = hats_fp_add(sum, reduce_signed((hats_i128)x[i] * w[i]));
    return sum;
}

static __m256i swap_bytes(__m256i v) {
    const __m256i order = _mm256_setr_epi8(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8, 7,
                                           6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
    return _mm256_shuffle_epi8(v, order);
}

static bool load_be(uint64_t *out, const uint8_t *bytes, size_t n) {
    const __m256i sign = _mm256_set1_epi64x(INT64_MIN);
    const __m256i last = _mm256_set1_epi64x((int64_t)((HATS_P - 1) ^ UINT64_C(1) << 63));
    __m256i bad = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        __m256i v = swap_bytes(_mm256_loadu_si256((const __m256i *)(const void *)(bytes + 8 * i)));
        bad = _mm256_or_si256(bad, _mm256_cmpgt_epi64(_mm256_xor_si256(v, sign), last));
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
    cbd21,  ternary, keep_canonical_scalar, from_small, add_small,
    dot_i8, dot_i32, mul_sum_scalar,        load_be,    store_be,
};
