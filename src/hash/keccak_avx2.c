/* Keccak-f[1600] on two groups of four states. A group's 25 vectors do not fit sixteen registers;
 * the compiler spills, which costs less than the missing rotate instruction. */
#include "hash/kernels.h"

#include <immintrin.h>

/* Rotations by whole bytes are one shuffle. */
static inline __m256i rotate_8(__m256i a) {
    const __m256i order = _mm256_setr_epi8(7, 0, 1, 2, 3, 4, 5, 6, 15, 8, 9, 10, 11, 12, 13, 14, 7,
                                           0, 1, 2, 3, 4, 5, 6, 15, 8, 9, 10, 11, 12, 13, 14);
    return _mm256_shuffle_epi8(a, order);
}
static inline __m256i rotate_56(__m256i a) {
    const __m256i order = _mm256_setr_epi8(1, 2, 3, 4, 5, 6, 7, 0, 9, 10, 11, 12, 13, 14, 15, 8, 1,
                                           2, 3, 4, 5, 6, 7, 0, 9, 10, 11, 12, 13, 14, 15, 8);
    return _mm256_shuffle_epi8(a, order);
}

#define WORD __m256i
#define XOR(a, b) _mm256_xor_si256(a, b)
#define XOR3(a, b, c) XOR(XOR(a, b), c)
#define ROTL(a, n)              \
    ((n) == 8    ? rotate_8(a)  \
     : (n) == 56 ? rotate_56(a) \
                 : _mm256_or_si256(_mm256_slli_epi64(a, n), _mm256_srli_epi64(a, 64 - (n))))
#define CHI(a, b, c) XOR(a, _mm256_andnot_si256(b, c))
#define IOTA(a, rc) XOR(a, _mm256_set1_epi64x((long long)(rc)))
#define THETA(i) XOR(a[i], d[(i) % 5])
#include "hash/keccak_round.h"

void hats_hash_keccak_x8_avx2(uint64_t s[25][HATS_SHAKE_LANES]) {
    for (int group = 0; group < HATS_SHAKE_LANES; group += 4) {
        __m256i a[25];
        for (int w = 0; w < 25; w++)
            a[w] = _mm256_load_si256((const __m256i *)&s[w][group]);
        keccak_rounds(a);
        for (int w = 0; w < 25; w++)
            _mm256_store_si256((__m256i *)&s[w][group], a[w]);
    }
}
