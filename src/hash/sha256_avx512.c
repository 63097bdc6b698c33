/* SHA-256 on sixteen messages: word w of all of them is one vector; state and schedule are 24 of the 32
 * registers, a rotation and any function of three words are one instruction each. */
#include "hash/kernels.h"

#include <immintrin.h>

#define WORD __m512i
#define ADD(a, b) _mm512_add_epi32(a, b)
#define XOR3(a, b, c) _mm512_ternarylogic_epi32(a, b, c, 0x96)
#define ROTR(a, n) _mm512_ror_epi32(a, n)
#define SHR(a, n) _mm512_srli_epi32(a, n)
#define CH(x, y, z) _mm512_ternarylogic_epi32(x, y, z, 0xca)
#define MAJ(x, y, z) _mm512_ternarylogic_epi32(x, y, z, 0xe8)
#define ALL(k) _mm512_set1_epi32((int)(k))
#define LOAD(p) _mm512_loadu_si512(p)
#define STORE(p, v) _mm512_storeu_si512(p, v)
#include "hash/sha256_round.h"

/* The sixteen words of every lane at the offset, turned: w[i] has word i of all lanes. The unpacks turn
 * 4 x 4 words in each quarter of the vectors, the shuffles then turn the quarters. */
static inline void load_words(__m512i w[16], const uint8_t *const from[16], size_t offset) {
    const __m512i swap = _mm512_set4_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203);
    __m512i r[16], pairs[16], quads[16];
    for (int l = 0; l < 16; l++)
        r[l] = _mm512_shuffle_epi8(_mm512_loadu_si512(from[l] + offset), swap);
    for (int l = 0; l < 16; l += 2) {
        pairs[l] = _mm512_unpacklo_epi32(r[l], r[l + 1]);
        pairs[l + 1] = _mm512_unpackhi_epi32(r[l], r[l + 1]);
    }
    for (int l = 0; l < 16; l += 4) {
        quads[l] = _mm512_unpacklo_epi64(pairs[l], pairs[l + 2]);
        quads[l + 1] = _mm512_unpackhi_epi64(pairs[l], pairs[l + 2]);
        quads[l + 2] = _mm512_unpacklo_epi64(pairs[l + 1], pairs[l + 3]);
        quads[l + 3] = _mm512_unpackhi_epi64(pairs[l + 1], pairs[l + 3]);
    }
    for (int i = 0; i < 4; i++) {
        __m512i a = _mm512_shuffle_i64x2(quads[i], quads[4 + i], 0x44);
        __m512i b = _mm512_shuffle_i64x2(quads[8 + i], quads[12 + i], 0x44);
        __m512i c = _mm512_shuffle_i64x2(quads[i], quads[4 + i], 0xee);
        __m512i d = _mm512_shuffle_i64x2(quads[8 + i], quads[12 + i], 0xee);
        w[i] = _mm512_shuffle_i64x2(a, b, 0x88);
        w[4 + i] = _mm512_shuffle_i64x2(a, b, 0xdd);
        w[8 + i] = _mm512_shuffle_i64x2(c, d, 0x88);
        w[12 + i] = _mm512_shuffle_i64x2(c, d, 0xdd);
    }
}

void hats_hash_sha256_lanes_avx512(uint32_t h[8][HATS_SHA256_LANES],
                                   const uint8_t *const blocks[HATS_SHA256_LANES], size_t n_blocks,
                                   size_t n_lanes) {
    const uint8_t *from[HATS_SHA256_LANES];
    __m512i s[8], w[16];
    /* A lane without a message repeats the first; its state is never read. */
    for (size_t l = 0; l < HATS_SHA256_LANES; l++)
        from[l] = blocks[l < n_lanes ? l : 0];
    for (int i = 0; i < 8; i++)
        s[i] = _mm512_loadu_si512(h[i]);
    for (size_t b = 0; b < n_blocks; b++) {
        load_words(w, from, 64 * b);
        sha256_compress(s, w);
    }
    for (int i = 0; i < 8; i++)
        _mm512_storeu_si512(h[i], s[i]);
}

void hats_hash_sha256_chain_avx512(uint32_t head[8][HATS_SHA256_LANES],
                                   uint32_t value[4][HATS_SHA256_LANES], size_t n_steps,
                                   size_t n_lanes) {
    (void)n_lanes;
    sha256_chain_group(head, value, 0, n_steps);
}

void hats_hash_sha256_counter_avx512(uint32_t words[8][HATS_SHA256_LANES], const uint32_t h[8],
                                     uint32_t first, uint32_t len_bits) {
    sha256_counter_group(words, h, 0, first, len_bits);
}
