/* SHA-256 on groups of eight messages: word w of all of them is one vector. */
#include "hash/kernels.h"

#include <immintrin.h>

#define WORD __m256i
#define ADD(a, b) _mm256_add_epi32(a, b)
#define XOR3(a, b, c) _mm256_xor_si256(_mm256_xor_si256(a, b), c)
#define ROTR(a, n) _mm256_or_si256(_mm256_srli_epi32(a, n), _mm256_slli_epi32(a, 32 - (n)))
#define SHR(a, n) _mm256_srli_epi32(a, n)
#define CH(x, y, z) _mm256_xor_si256(z, _mm256_and_si256(x, _mm256_xor_si256(y, z)))
#define MAJ(x, y, z) \
    _mm256_or_si256(_mm256_and_si256(x, y), _mm256_and_si256(z, _mm256_or_si256(x, y)))
#define ALL(k) _mm256_set1_epi32((int)(k))
#define LOAD(p) _mm256_loadu_si256((const __m256i *)(p))
#define STORE(p, v) _mm256_storeu_si256((__m256i *)(p), v)
#include "hash/sha256_round.h"

enum { GROUP = 8 };

/* The eight words of every lane at the offset, turned: w[i] has word i of all lanes. */
static inline void load_words(__m256i w[8], const uint8_t *const from[GROUP], size_t offset) {
    const __m256i swap = _mm256_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 3,
                                          2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
    __m256i r[8], pairs[8], quads[8];
    for (int l = 0; l < 8; l++)
        r[l] = _mm256_loadu_si256((const __m256i *)(from[l] + offset));
    for (int l = 0; l < 8; l += 2) {
        pairs[l] = _mm256_unpacklo_epi32(r[l], r[l + 1]);
        pairs[l + 1] = _mm256_unpackhi_epi32(r[l], r[l + 1]);
    }
    for (int l = 0; l < 8; l += 4) {
        quads[l] = _mm256_unpacklo_epi64(pairs[l], pairs[l + 2]);
        quads[l + 1] = _mm256_unpackhi_epi64(pairs[l], pairs[l + 2]);
        quads[l + 2] = _mm256_unpacklo_epi64(pairs[l + 1], pairs[l + 3]);
        quads[l + 3] = _mm256_unpackhi_epi64(pairs[l + 1], pairs[l + 3]);
    }
    for (int i = 0; i < 4; i++) {
        w[i] = _mm256_shuffle_epi8(_mm256_permute2x128_si256(quads[i], quads[4 + i], 0x20), swap);
        w[4 + i] =
            _mm256_shuffle_epi8(_mm256_permute2x128_si256(quads[i], quads[4 + i], 0x31), swap);
    }
}

void hats_hash_sha256_lanes_avx2(uint32_t h[8][HATS_SHA256_LANES],
                                 const uint8_t *const blocks[HATS_SHA256_LANES], size_t n_blocks,
                                 size_t n_lanes) {
    for (size_t first = 0; first < n_lanes; first += GROUP) {
        const uint8_t *from[GROUP];
        __m256i s[8], w[16];
        /* A lane without a message repeats the first; its state is never read. */
        for (size_t l = 0; l < GROUP; l++)
            from[l] = blocks[first + l < n_lanes ? first + l : first];
        for (int i = 0; i < 8; i++)
            s[i] = _mm256_loadu_si256((const __m256i *)&h[i][first]);
        for (size_t b = 0; b < n_blocks; b++) {
            load_words(w, from, 64 * b);
            load_words(w + 8, from, 64 * b + 32);
            sha256_compress(s, w);
        }
        for (int i = 0; i < 8; i++)
            _mm256_storeu_si256((__m256i *)&h[i][first], s[i]);
    }
}

void hats_hash_sha256_chain_avx2(uint32_t head[8][HATS_SHA256_LANES],
                                 uint32_t value[4][HATS_SHA256_LANES], size_t n_steps,
                                 size_t n_lanes) {
    for (size_t first = 0; first < n_lanes; first += GROUP)
        sha256_chain_group(head, value, first, n_steps);
}

void hats_hash_sha256_counter_avx2(uint32_t words[8][HATS_SHA256_LANES], const uint32_t h[8],
                                   uint32_t first, uint32_t len_bits) {
    for (uint32_t l = 0; l < HATS_SHA256_LANES; l += GROUP)
        sha256_counter_group(words, h, l, first + l, len_bits);
}
