/* The AVX-512 intrinsics that the kernels use, in plain C: SIMDe's, and below, written from Intel's
 * Intrinsics Guide, those that SIMDe 0.7.4 lacks. Later versions have some of them; ours are used with
 * any.
 *
 * In the search path this stands before the compiler's own <immintrin.h>, so the kernels compile as
 * they are, on any little-endian processor. Masked loads and stores touch only the lanes in the mask,
 * as the instructions do.
 */
#ifndef HATS_TESTS_SIMD_IMMINTRIN_H
#define HATS_TESTS_SIMD_IMMINTRIN_H

#pragma GCC system_header /* SIMDe's macros are not written for our warnings */

#define SIMDE_NO_NATIVE
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

#include <stdint.h>
#include <string.h>

/* One vector and its lanes. */
union emulated {
    simde__m512i v;
    uint8_t u8[64];
    uint16_t u16[32];
    uint64_t u64[8];
    int64_t i64[8];
};

#define MASK52 ((UINT64_C(1) << 52) - 1)

static inline int64_t emulated_popcnt_u64(uint64_t a) {
    int64_t count = 0;
    for (; a != 0; a &= a - 1)
        count++;
    return count;
}

static inline uint8_t emulated_cmplt_epu64_mask(simde__m512i a, simde__m512i b) {
    union emulated x = {.v = a}, y = {.v = b};
    uint8_t mask = 0;
    for (int i = 0; i < 8; i++)
        mask |= (uint8_t)((x.u64[i] < y.u64[i]) << i);
    return mask;
}

static inline uint32_t emulated_testn_epi16_mask(simde__m512i a, simde__m512i b) {
    union emulated x = {.v = a}, y = {.v = b};
    uint32_t mask = 0;
    for (int i = 0; i < 32; i++)
        mask |= (uint32_t)((x.u16[i] & y.u16[i]) == 0) << i;
    return mask;
}

static inline simde__m512i emulated_mulhi_epu16(simde__m512i a, simde__m512i b) {
    union emulated x = {.v = a}, y = {.v = b};
    for (int i = 0; i < 32; i++)
        x.u16[i] = (uint16_t)((uint32_t)x.u16[i] * y.u16[i] >> 16);
    return x.v;
}

/* The 104-bit product of the low 52 bits of b and c: its low or its high half is added to a. */
static inline simde__m512i emulated_madd52(simde__m512i a, simde__m512i b, simde__m512i c,
                                           int shift) {
    union emulated x = {.v = a}, y = {.v = b}, z = {.v = c};
    for (int i = 0; i < 8; i++) {
        unsigned __int128 product = (unsigned __int128)(y.u64[i] & MASK52) * (z.u64[i] & MASK52);
        x.u64[i] += (uint64_t)(product >> shift) & MASK52;
    }
    return x.v;
}

static inline int64_t emulated_reduce_add_epi64(simde__m512i a) {
    union emulated x = {.v = a};
    uint64_t sum = 0;
    for (int i = 0; i < 8; i++)
        sum += x.u64[i];
    return (int64_t)sum;
}

static inline simde__m512i emulated_cvtepi8_epi64(simde__m128i a) {
    union emulated r;
    int8_t lanes[16];
    memcpy(lanes, &a, sizeof lanes);
    for (int i = 0; i < 8; i++)
        r.i64[i] = lanes[i];
    return r.v;
}

static inline simde__m512i emulated_cvtepi32_epi64(simde__m256i a) {
    union emulated r;
    int32_t lanes[8];
    memcpy(lanes, &a, sizeof lanes);
    for (int i = 0; i < 8; i++)
        r.i64[i] = lanes[i];
    return r.v;
}

/* The bytes in the mask, moved together at the low end; zero above. */
static inline simde__m512i emulated_maskz_compress_epi8(uint64_t mask, simde__m512i a) {
    union emulated x = {.v = a}, r;
    memset(&r, 0, sizeof r);
    for (int i = 0, to = 0; i < 64; i++)
        if (mask >> i & 1)
            r.u8[to++] = x.u8[i];
    return r.v;
}

static inline simde__m512i emulated_maskz_loadu(uint64_t mask, const void *from,
                                                size_t lane_bytes) {
    union emulated r;
    memset(&r, 0, sizeof r);
    for (size_t i = 0; i < 64 / lane_bytes; i++)
        if (mask >> i & 1)
            memcpy(r.u8 + lane_bytes * i, (const char *)from + lane_bytes * i, lane_bytes);
    return r.v;
}

static inline void emulated_mask_storeu(void *to, uint64_t mask, simde__m512i a,
                                        size_t lane_bytes) {
    union emulated x = {.v = a};
    for (size_t i = 0; i < 64 / lane_bytes; i++)
        if (mask >> i & 1)
            memcpy((char *)to + lane_bytes * i, x.u8 + lane_bytes * i, lane_bytes);
}

/* 128-bit piece i of the result is the one that bits 2i, 2i+1 select, of a for i < 2, else of b. */
static inline simde__m512i emulated_shuffle_i64x2(simde__m512i a, simde__m512i b, int select) {
    union emulated x = {.v = a}, y = {.v = b}, r;
    for (int i = 0; i < 4; i++)
        memcpy(r.u64 + 2 * i, (i < 2 ? x : y).u64 + 2 * (select >> 2 * i & 3), 16);
    return r.v;
}

/* SIMDe 0.7.4 gives this name to the masked form. */
#undef _mm512_madd_epi16
#define _mm512_madd_epi16(a, b) simde_mm512_madd_epi16(a, b)

#undef __mmask8
#undef __mmask32
#undef __mmask64
#define __mmask8 uint8_t
#define __mmask32 uint32_t
#define __mmask64 uint64_t

#undef _mm_popcnt_u64
#undef _mm512_cmplt_epu64_mask
#undef _mm512_testn_epi16_mask
#undef _mm512_mulhi_epu16
#undef _mm512_madd52lo_epu64
#undef _mm512_madd52hi_epu64
#undef _mm512_reduce_add_epi64
#undef _mm512_cvtepi8_epi64
#undef _mm512_cvtepi32_epi64
#undef _mm512_maskz_compress_epi8
#undef _mm512_maskz_loadu_epi16
#undef _mm512_maskz_loadu_epi64
#undef _mm512_mask_storeu_epi8
#undef _mm512_mask_storeu_epi64
#undef _mm512_shuffle_i64x2

#define _mm_popcnt_u64(a) emulated_popcnt_u64(a)
#define _mm512_cmplt_epu64_mask(a, b) emulated_cmplt_epu64_mask(a, b)
#define _mm512_testn_epi16_mask(a, b) emulated_testn_epi16_mask(a, b)
#define _mm512_mulhi_epu16(a, b) emulated_mulhi_epu16(a, b)
#define _mm512_madd52lo_epu64(a, b, c) emulated_madd52(a, b, c, 0)
#define _mm512_madd52hi_epu64(a, b, c) emulated_madd52(a, b, c, 52)
#define _mm512_reduce_add_epi64(a) emulated_reduce_add_epi64(a)
#define _mm512_cvtepi8_epi64(a) emulated_cvtepi8_epi64(a)
#define _mm512_cvtepi32_epi64(a) emulated_cvtepi32_epi64(a)
#define _mm512_maskz_compress_epi8(k, a) emulated_maskz_compress_epi8(k, a)
#define _mm512_maskz_loadu_epi16(k, p) emulated_maskz_loadu(k, p, 2)
#define _mm512_maskz_loadu_epi64(k, p) emulated_maskz_loadu(k, p, 8)
#define _mm512_mask_storeu_epi8(p, k, a) emulated_mask_storeu(p, k, a, 1)
#define _mm512_mask_storeu_epi64(p, k, a) emulated_mask_storeu(p, k, a, 8)
#define _mm512_shuffle_i64x2(a, b, select) emulated_shuffle_i64x2(a, b, select)

#endif
