#include "ring/kernels.h"
#include "ring/scalar.h"

#include <immintrin.h>

static __m512i load_u64(const uint64_t *p) { return _mm512_loadu_si512(p); }
static __m512i load_i16(__mmask32 which, const int16_t *p) {
    return _mm512_maskz_loadu_epi16(which, p);
}
static void store_256(int16_t *p, __m256i v) { _mm256_storeu_si256((__m256i *)(void *)p, v); }
static __m512i all(uint64_t v) { return _mm512_set1_epi64((int64_t)v); }

/* The population counts of cbd_bits for one coefficient of eight groups. */
static __m512i cbd_counts(__m512i v) {
    /* (v & CBD_MASK) ^ (CBD_HALF << 21) */
    return _mm512_popcnt_epi64(
        _mm512_ternarylogic_epi64(v, all(CBD_MASK), all(CBD_HALF << 21), 0x6a));
}

/* Eight groups (24 coefficients) a turn. */
static void cbd21(int8_t *out, const uint64_t *words, size_t n) {
    const __m512i even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
    const __m512i odd = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
    size_t i = 0;
    for (; i + 24 <= n; i += 24, words += 16) {
        __m512i a = load_u64(words), b = load_u64(words + 8);
        __m512i w0 = _mm512_permutex2var_epi64(a, even, b);
        __m512i w1 = _mm512_permutex2var_epi64(a, odd, b);
        __m512i middle = _mm512_or_si512(_mm512_srli_epi64(w0, 42), _mm512_slli_epi64(w1, 22));
        __m512i c0 = cbd_counts(w0);
        __m512i c1 = cbd_counts(middle);
        __m512i c2 = cbd_counts(_mm512_srli_epi64(w1, 20));
        __m512i three = _mm512_or_si512(
            c0, _mm512_or_si512(_mm512_slli_epi64(c1, 8), _mm512_slli_epi64(c2, 16)));
        three = _mm512_sub_epi8(three, _mm512_set1_epi8(21));
        three = _mm512_maskz_compress_epi8(UINT64_C(0x0707070707070707), three);
        _mm512_mask_storeu_epi8(out + i, (UINT64_C(1) << 24) - 1, three);
    }
    for (unsigned k = 0; i < n; i++, k++)
        out[i] = (int8_t)((int)_mm_popcnt_u64(cbd_bits(words + k / 3 * 2, k % 3)) - 21);
}

/* Thirty digits a turn; see avx2.c for the arithmetic of one lane. */
static void ternary(int8_t *out, const uint8_t *bytes, size_t n) {
    static const uint16_t inverse_of[32] = {
        0,     21846, 7282, 2428, 810,   0,     21846, 7282, 2428, 810, 0,
        21846, 7282,  2428, 810,  0,     21846, 7282,  2428, 810,  0,   21846,
        7282,  2428,  810,  0,    21846, 7282,  2428,  810,  0,    0,
    };
    static const uint16_t byte_of[32] = {
        0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3,
        3, 3, 3, 3, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 7, 7,
    };
    const __m512i inverse = _mm512_loadu_si512(inverse_of);
    /* the byte's index in the low half of a lane, "zero" in the upper half */
    const __m512i spread =
        _mm512_or_si512(_mm512_loadu_si512(byte_of), _mm512_set1_epi16((int16_t)0x8000));
    const __mmask32 whole = _mm512_testn_epi16_mask(inverse, inverse);
    size_t i = 0;
    for (; i + 40 <= n; i += 30) {
        __m512i b = _mm512_shuffle_epi8(all(hats_load_le64(bytes + i / 5)), spread);
        __m512i q = _mm512_mask_mov_epi16(_mm512_mulhi_epu16(b, inverse), whole, b);
        __m512i third = _mm512_mulhi_epu16(q, _mm512_set1_epi16(21846));
        __m512i digit =
            _mm512_sub_epi16(q, _mm512_add_epi16(third, _mm512_add_epi16(third, third)));
        digit = _mm512_sub_epi16(digit, _mm512_set1_epi16(1));
        _mm256_storeu_si256((__m256i *)(void *)(out + i), _mm512_cvtepi16_epi8(digit));
    }
    for (; i < n; i += 5)
        ternary_digits(out + i, n - i < 5 ? n - i : 5, bytes[i / 5]);
}

static size_t keep_canonical(uint64_t *words, size_t n) {
    __mmask8 bad = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        bad |= _mm512_cmpge_epu64_mask(load_u64(words + i), all(HATS_P));
    for (; i < n; i++)
        bad |= (__mmask8)(words[i] >= HATS_P);
    return bad == 0 ? n : keep_canonical_scalar(words, n);
}

static __m512i widen_i8(const int8_t *e) {
    return _mm512_cvtepi8_epi64(_mm_loadl_epi64((const __m128i *)(const void *)e));
}

static void from_small(uint64_t *out, const int8_t *e, size_t n) {
    for (size_t i = 0; i < n; i += 8) {
        __m512i v = widen_i8(e + i);
        v = _mm512_mask_add_epi64(v, _mm512_movepi64_mask(v), v, all(HATS_P));
        _mm512_storeu_si512(out + i, v);
    }
}

/* a + e leaves [0, p) upwards, or wraps below zero to a word >= p; either way one multiple of p
 * brings it back. */
static void add_small(uint64_t *out, const uint64_t *a, const int8_t *e, size_t n) {
    for (size_t i = 0; i < n; i += 8) {
        __m512i v = widen_i8(e + i);
        __m512i sum = _mm512_add_epi64(load_u64(a + i), v);
        __m512i back = _mm512_mask_mov_epi64(all(HATS_P_EPSILON), _mm512_movepi64_mask(v),
                                             all(HATS_P)); /* -p = EPSILON mod 2^64 */
        __mmask8 out_of_range = _mm512_cmpge_epu64_mask(sum, all(HATS_P));
        _mm512_storeu_si512(out + i, _mm512_mask_add_epi64(sum, out_of_range, sum, back));
    }
}

/* Sixteen words a turn: a two-source permutation gathers two planes of them at once. */
static void split(int16_t *planes, const uint64_t *x, size_t n) {
    static const uint16_t first_of[32] = {
        0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60,
        1, 5, 9, 13, 17, 21, 25, 29, 33, 37, 41, 45, 49, 53, 57, 61,
    };
    const __m512i first = _mm512_loadu_si512(first_of);
    const __m512i second = _mm512_add_epi16(first, _mm512_set1_epi16(2));
    const __m512i centre = _mm512_set1_epi16(INT16_MIN);
    for (size_t i = 0; i < n; i += 16) {
        __m512i a = load_u64(x + i), b = load_u64(x + i + 8);
        __m512i planes01 = _mm512_xor_si512(_mm512_permutex2var_epi16(a, first, b), centre);
        __m512i planes23 = _mm512_xor_si512(_mm512_permutex2var_epi16(a, second, b), centre);
        store_256(planes + i, _mm512_castsi512_si256(planes01));
        store_256(planes + n + i, _mm512_extracti64x4_epi64(planes01, 1));
        store_256(planes + 2 * n + i, _mm512_castsi512_si256(planes23));
        store_256(planes + 3 * n + i, _mm512_extracti64x4_epi64(planes23, 1));
    }
}

static int64_t sum_lanes(__m512i v) {
    return _mm512_reduce_add_epi64(
        _mm512_add_epi64(_mm512_cvtepi32_epi64(_mm512_castsi512_si256(v)),
                         _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(v, 1))));
}

/* A step adds two products of at most w_max 2^15 to a 32-bit lane, so 32767 / w_max of them fit. */
static uint64_t dot(const int16_t *w, const int16_t *planes, size_t n, size_t at, size_t count,
                    int w_max) {
    const __m512i ones = _mm512_set1_epi16(1);
    int64_t sums[4] = {0}, w_sum = 0;
    size_t i = 0, run = 32 * (size_t)(32767 / w_max);
    while (i < count) {
        size_t end = count - i < run ? count : i + run;
        __m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0, ws = s0;
        for (; i < end; i += 32) {
            const int16_t *p = planes + at + i;
            __mmask32 left =
                end - i < 32 ? (__mmask32)((UINT32_C(1) << (end - i)) - 1) : UINT32_MAX;
            __m512i v = load_i16(left, w + i);
            s0 = _mm512_add_epi32(s0, _mm512_madd_epi16(v, load_i16(left, p)));
            s1 = _mm512_add_epi32(s1, _mm512_madd_epi16(v, load_i16(left, p + n)));
            s2 = _mm512_add_epi32(s2, _mm512_madd_epi16(v, load_i16(left, p + 2 * n)));
            s3 = _mm512_add_epi32(s3, _mm512_madd_epi16(v, load_i16(left, p + 3 * n)));
            ws = _mm512_add_epi32(ws, _mm512_madd_epi16(v, ones));
        }
        sums[0] += sum_lanes(s0);
        sums[1] += sum_lanes(s1);
        sums[2] += sum_lanes(s2);
        sums[3] += sum_lanes(s3);
        w_sum += sum_lanes(ws);
        i = end;
    }
    return dot_join(sums, w_sum);
}

/* lo + 2^64 hi - 2^32 carries mod p, carries < 2^32; the steps of hats_fp_reduce128. */
static __m512i reduce(__m512i lo, __m512i hi, __m512i carries) {
    const __m512i p = all(HATS_P), epsilon = all(HATS_P_EPSILON);
    __m512i hi_hi = _mm512_srli_epi64(hi, 32);
    __m512i hi_lo = _mm512_and_si512(hi, epsilon);
    __m512i t = _mm512_sub_epi64(lo, hi_hi);
    t = _mm512_mask_sub_epi64(t, _mm512_cmplt_epu64_mask(lo, hi_hi), t, epsilon);
    __m512i r = _mm512_add_epi64(t, _mm512_sub_epi64(_mm512_slli_epi64(hi_lo, 32), hi_lo));
    r = _mm512_mask_add_epi64(r, _mm512_cmplt_epu64_mask(r, t), r, epsilon);
    r = _mm512_mask_sub_epi64(r, _mm512_cmpge_epu64_mask(r, p), r, p);
    __m512i c = _mm512_slli_epi64(carries, 32);
    __m512i less = _mm512_sub_epi64(r, c);
    return _mm512_mask_add_epi64(less, _mm512_cmplt_epu64_mask(r, c), less, p);
}

/* Radix 2^52: the multiply-adds read the low 52 bits of their operands, so only the 12 upper bits
 * are taken apart. 128 terms of at most 3 * 2^52 + 2^24 stay below 2^61. */
static void mul_sum(uint64_t *out, const uint64_t *const *a, const uint64_t *const *b,
                    size_t n_terms, size_t n) {
    const __m512i low52 = all((UINT64_C(1) << 52) - 1);
    for (size_t i = 0; i < n; i += 8) {
        __m512i s0 = _mm512_setzero_si512(), s1 = s0, s1b = s0, s2 = s0, s2b = s0;
        for (size_t t = 0; t < n_terms; t++) {
            __m512i x = load_u64(a[t] + i), y = load_u64(b[t] + i);
            __m512i x1 = _mm512_srli_epi64(x, 52), y1 = _mm512_srli_epi64(y, 52);
            s0 = _mm512_madd52lo_epu64(s0, x, y);
            s1 = _mm512_madd52hi_epu64(s1, x, y);
            s1b = _mm512_madd52lo_epu64(s1b, x, y1);
            s1 = _mm512_madd52lo_epu64(s1, x1, y);
            s2 = _mm512_madd52hi_epu64(s2, x, y1);
            s2b = _mm512_madd52hi_epu64(s2b, x1, y);
            s2 = _mm512_madd52lo_epu64(s2, x1, y1);
        }
        s1 = _mm512_add_epi64(_mm512_add_epi64(s1, s1b), _mm512_srli_epi64(s0, 52));
        s2 = _mm512_add_epi64(_mm512_add_epi64(s2, s2b), _mm512_srli_epi64(s1, 52));
        s0 = _mm512_and_si512(s0, low52);
        s1 = _mm512_and_si512(s1, low52);
        __m512i lo = _mm512_or_si512(s0, _mm512_slli_epi64(s1, 52));
        __m512i hi = _mm512_or_si512(_mm512_srli_epi64(s1, 12), _mm512_slli_epi64(s2, 40));
        _mm512_storeu_si512(out + i, reduce(lo, hi, _mm512_srli_epi64(s2, 24)));
    }
}

static __m512i swap_bytes(__m512i v) {
    const __m128i order = _mm_setr_epi8(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
    return _mm512_shuffle_epi8(v, _mm512_broadcast_i32x4(order));
}

static bool load_be(uint64_t *out, const uint8_t *bytes, size_t n) {
    __mmask8 bad = 0;
    for (size_t i = 0; i < n; i += 8) {
        __mmask8 left = n - i < 8 ? (__mmask8)((1u << (n - i)) - 1) : 0xff;
        __m512i v = swap_bytes(_mm512_maskz_loadu_epi64(left, bytes + 8 * i));
        bad |= _mm512_cmpge_epu64_mask(v, all(HATS_P));
        _mm512_mask_storeu_epi64(out + i, left, v);
    }
    return bad == 0;
}

static void store_be(uint8_t *bytes, const uint64_t *a, size_t n) {
    for (size_t i = 0; i < n; i += 8) {
        __mmask8 left = n - i < 8 ? (__mmask8)((1u << (n - i)) - 1) : 0xff;
        __m512i v = swap_bytes(_mm512_maskz_loadu_epi64(left, a + i));
        _mm512_mask_storeu_epi64(bytes + 8 * i, left, v);
    }
}

const struct hats_ring_kernels hats_ring_avx512 = {
    cbd21, ternary, keep_canonical, from_small, add_small, split, dot, mul_sum, load_be, store_be,
};
