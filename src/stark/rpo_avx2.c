/* RPO of sixteen messages, four to a vector. Between the halves of a round an element is any of its
 * representatives below 2^64; only digests are made canonical. */
#include "stark/rpo_many.h"

#include <immintrin.h>

#define V __m256i
#define WIDTH HATS_STARK_RPO_WIDTH
#define N_VECTORS (HATS_STARK_RPO_MANY / 4)

#define WORDS(c) _mm256_set1_epi64x((long long)(c))
#define EPSILON WORDS(0xffffffff)
#define FLIP WORDS(0x8000000000000000)

/* The sixteen values of one element. */
struct lanes {
    V v[N_VECTORS];
};

/* hi 2^64 + lo = lo - hi_1 + (2^32 - 1) hi_0, where hi = 2^32 hi_1 + hi_0. With the top bit flipped, signed
 * comparisons show what was borrowed and carried; after either, the correction cannot do so again. */
static inline V reduce(V hi, V lo) {
    V from = _mm256_xor_si256(lo, FLIP);
    V t = _mm256_sub_epi64(from, _mm256_srli_epi64(hi, 32));
    t = _mm256_sub_epi64(t, _mm256_and_si256(_mm256_cmpgt_epi64(t, from), EPSILON));
    V r = _mm256_add_epi64(t, _mm256_mul_epu32(hi, EPSILON));
    r = _mm256_add_epi64(r, _mm256_and_si256(_mm256_cmpgt_epi64(t, r), EPSILON));
    return _mm256_xor_si256(r, FLIP);
}

static inline V multiply(V a, V b) {
    V a_hi = _mm256_srli_epi64(a, 32), b_hi = _mm256_srli_epi64(b, 32);
    V ll = _mm256_mul_epu32(a, b), lh = _mm256_mul_epu32(a, b_hi);
    V hl = _mm256_mul_epu32(a_hi, b), hh = _mm256_mul_epu32(a_hi, b_hi);
    V t = _mm256_add_epi64(hl, _mm256_srli_epi64(ll, 32));
    V s = _mm256_add_epi64(lh, _mm256_and_si256(t, EPSILON));
    V hi =
        _mm256_add_epi64(_mm256_add_epi64(hh, _mm256_srli_epi64(t, 32)), _mm256_srli_epi64(s, 32));
    return reduce(hi, _mm256_blend_epi32(ll, _mm256_slli_epi64(s, 32), 0xaa));
}

static inline V square(V a) {
    V a_hi = _mm256_srli_epi64(a, 32);
    V ll = _mm256_mul_epu32(a, a), lh = _mm256_mul_epu32(a, a_hi);
    V t = _mm256_add_epi64(lh, _mm256_srli_epi64(ll, 33));
    V hi = _mm256_add_epi64(_mm256_mul_epu32(a_hi, a_hi), _mm256_srli_epi64(t, 31));
    return reduce(hi, _mm256_add_epi64(ll, _mm256_slli_epi64(lh, 33)));
}

static inline struct lanes times(struct lanes a, struct lanes b) {
    for (int k = 0; k < N_VECTORS; k++)
        a.v[k] = multiply(a.v[k], b.v[k]);
    return a;
}

/* a^(2^n) tail */
static inline struct lanes square_times(struct lanes a, unsigned n, struct lanes tail) {
    for (unsigned i = 0; i < n; i++)
        for (int k = 0; k < N_VECTORS; k++)
            a.v[k] = square(a.v[k]);
    return times(a, tail);
}

static inline struct lanes power_of_7(struct lanes a) {
    struct lanes a2 = square_times(a, 1, a); /* a^3 */
    return square_times(a2, 1, a);
}

/* The chain of rpo.c: a^c(11), c(k) = 1001...001 in binary with k ones. */
static inline struct lanes power_of_c11(struct lanes a) {
    struct lanes c2 = square_times(a, 3, a), c4 = square_times(c2, 6, c2);
    struct lanes c5 = square_times(c4, 3, a);
    return square_times(square_times(c5, 15, c5), 3, a);
}

/* s <- M s + c: sums of low and of high halves, each below 2^41, constants among them. */
static void mix(struct lanes s[WIDTH], const uint64_t c[WIDTH]) {
    struct lanes high[WIDTH], out[WIDTH];
    for (int j = 0; j < WIDTH; j++)
        for (int k = 0; k < N_VECTORS; k++)
            high[j].v[k] = _mm256_srli_epi64(s[j].v[k], 32);
    for (int i = 0; i < WIDTH; i++) {
        V lo[N_VECTORS], hi[N_VECTORS];
        for (int k = 0; k < N_VECTORS; k++) {
            lo[k] = WORDS(c[i] & 0xffffffff);
            hi[k] = WORDS(c[i] >> 32);
        }
        for (int j = 0; j < WIDTH; j++) {
            V m = WORDS(hats_stark_rpo_mds_row[(j + WIDTH - i) % WIDTH]);
            for (int k = 0; k < N_VECTORS; k++) {
                lo[k] = _mm256_add_epi64(lo[k], _mm256_mul_epu32(s[j].v[k], m));
                hi[k] = _mm256_add_epi64(hi[k], _mm256_mul_epu32(high[j].v[k], m));
            }
        }
        for (int k = 0; k < N_VECTORS; k++) { /* hi 2^32 + lo, hi = 2^32 h_1 + h_0 */
            V small =
                _mm256_add_epi64(lo[k], _mm256_mul_epu32(_mm256_srli_epi64(hi[k], 32), EPSILON));
            V from = _mm256_xor_si256(_mm256_slli_epi64(hi[k], 32), FLIP);
            V sum = _mm256_add_epi64(from, small);
            V carry = _mm256_and_si256(_mm256_cmpgt_epi64(from, sum), EPSILON);
            out[i].v[k] = _mm256_xor_si256(_mm256_add_epi64(sum, carry), FLIP);
        }
    }
    for (int i = 0; i < WIDTH; i++)
        s[i] = out[i];
}

static inline V canonical(V a) {
    V limit = WORDS(UINT64_C(0xffffffff00000000) ^ UINT64_C(0x8000000000000000)); /* p - 1 */
    V over = _mm256_cmpgt_epi64(_mm256_xor_si256(a, FLIP), limit);
    return _mm256_add_epi64(a, _mm256_srli_epi64(over, 32)); /* - p = + 2^32 - 1 */
}

void hats_stark_rpo_permute_avx2(uint64_t *state) {
    struct lanes s[WIDTH];
    for (int i = 0; i < WIDTH; i++)
        for (int k = 0; k < N_VECTORS; k++)
            s[i].v[k] =
                _mm256_load_si256((const __m256i *)(state + i * HATS_STARK_RPO_MANY + 4 * k));
    for (int r = 0; r < HATS_STARK_RPO_ROUNDS; r++) {
        mix(s, hats_stark_rpo_constants[r][0]);
        for (int i = 0; i < WIDTH; i++)
            s[i] = power_of_7(s[i]);
        mix(s, hats_stark_rpo_constants[r][1]);
        for (int i = 0; i < WIDTH; i++)
            s[i] = power_of_7(power_of_c11(power_of_c11(s[i])));
    }
    for (int i = 0; i < WIDTH; i++)
        for (int k = 0; k < N_VECTORS; k++)
            _mm256_store_si256((__m256i *)(state + i * HATS_STARK_RPO_MANY + 4 * k),
                               canonical(s[i].v[k]));
}
