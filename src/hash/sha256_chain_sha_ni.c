/* Chains and counters with the SHA instructions (sha256_sha_ni.c says how they keep the state). One message
 * waits four cycles for each round instruction and the unit starts one every two: three or four messages in
 * step fill it. */
#include "hash/kernels.h"
#include "hash/sha256_constants.h"

#include <immintrin.h>

enum { MAX_GROUP = 4 };

struct message {
    __m128i abef, cdgh;
    __m128i w[4]; /* sixteen words of the schedule */
};

#define INLINE static inline __attribute__((always_inline))

INLINE __m128i load(const uint32_t *p) { return _mm_loadu_si128((const __m128i *)p); }

INLINE void set_state(struct message *m, const uint32_t h[8]) {
    __m128i badc = _mm_shuffle_epi32(load(h), 0xb1);     /* words, low to high: B A D C */
    __m128i hgfe = _mm_shuffle_epi32(load(h + 4), 0x1b); /* H G F E */
    m->abef = _mm_alignr_epi8(badc, hgfe, 8);
    m->cdgh = _mm_blend_epi16(hgfe, badc, 0xf0);
}

INLINE void four_rounds(struct message *m, __m128i w, int t) {
    __m128i wk = _mm_add_epi32(w, load(sha256_k + t));
    m->cdgh = _mm_sha256rnds2_epu32(m->cdgh, m->abef, wk);
    m->abef = _mm_sha256rnds2_epu32(m->abef, m->cdgh, _mm_shuffle_epi32(wk, 0x0e));
}

/* The oldest four words, number i of the ring, become the next four. */
INLINE void extend(__m128i w[4], int i) {
    __m128i t = _mm_add_epi32(_mm_sha256msg1_epu32(w[i], w[(i + 1) % 4]),
                              _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4));
    w[i] = _mm_sha256msg2_epu32(t, w[(i + 3) % 4]);
}

/* Rounds first .. 63 of n messages in step, first a multiple of 4 below 16. */
INLINE void rounds(struct message *m, int n, int first) {
    for (int t = first; t < 16; t += 4)
        for (int l = 0; l < n; l++)
            four_rounds(&m[l], m[l].w[t / 4], t);
    for (int t = 16; t < 64; t += 16)
        for (int i = 0; i < 4; i++)
            for (int l = 0; l < n; l++) {
                extend(m[l].w, i);
                four_rounds(&m[l], m[l].w[i], t + 4 * i);
            }
}

/* n chains in step. The first four rounds see the first 16 bytes of the head alone: they are done once. */
INLINE void chains(uint32_t head[8][HATS_SHA256_LANES], uint32_t value[4][HATS_SHA256_LANES],
                   size_t first, int n, size_t n_steps) {
    const __m128i padding = _mm_setr_epi32((int)0x80000000, 0, 0, 48 * 8);
    const __m128i one = _mm_setr_epi32(1, 0, 0, 0);
    struct message initial, begun[MAX_GROUP], m[MAX_GROUP];
    __m128i w0[MAX_GROUP], w1[MAX_GROUP], w2[MAX_GROUP];
    set_state(&initial, sha256_initial);
    for (int l = 0; l < n; l++) {
        size_t i = first + (size_t)l;
        w0[l] = _mm_setr_epi32((int)head[0][i], (int)head[1][i], (int)head[2][i], (int)head[3][i]);
        w1[l] = _mm_setr_epi32((int)head[4][i], (int)head[5][i], (int)head[6][i], (int)head[7][i]);
        w2[l] =
            _mm_setr_epi32((int)value[0][i], (int)value[1][i], (int)value[2][i], (int)value[3][i]);
        begun[l] = initial;
        four_rounds(&begun[l], w0[l], 0);
    }
    for (size_t k = 0; k < n_steps; k++) {
        for (int l = 0; l < n; l++) {
            m[l].abef = begun[l].abef;
            m[l].cdgh = begun[l].cdgh;
            m[l].w[0] = w0[l];
            m[l].w[1] = w1[l];
            m[l].w[2] = w2[l];
            m[l].w[3] = padding;
        }
        rounds(m, n, 4);
        for (int l = 0; l < n; l++) {
            __m128i dcba = _mm_unpackhi_epi64(_mm_add_epi32(m[l].cdgh, initial.cdgh),
                                              _mm_add_epi32(m[l].abef, initial.abef));
            w2[l] = _mm_shuffle_epi32(dcba, 0x1b);
            w1[l] = _mm_add_epi32(w1[l], one);
        }
    }
    for (int l = 0; l < n; l++) {
        uint32_t words[4];
        _mm_storeu_si128((__m128i *)words, w2[l]);
        for (size_t w = 0; w < 4; w++)
            value[w][first + (size_t)l] = words[w];
        head[4][first + (size_t)l] += (uint32_t)n_steps;
    }
}

void hats_hash_sha256_chain_sha_ni(uint32_t head[8][HATS_SHA256_LANES],
                                   uint32_t value[4][HATS_SHA256_LANES], size_t n_steps,
                                   size_t n_lanes) {
    size_t l = 0;
    for (; n_lanes - l >= 3; l += 3)
        chains(head, value, l, 3, n_steps);
    if (n_lanes - l == 2)
        chains(head, value, l, 2, n_steps);
    else if (n_lanes - l == 1)
        chains(head, value, l, 1, n_steps);
}

/* Word w of message l is at words[w][l]; one after the other, q has four words of a message each. */
INLINE void turn(uint32_t words[4][HATS_SHA256_LANES], size_t l, const __m128i q[4]) {
    __m128i a = _mm_unpacklo_epi32(q[0], q[1]), b = _mm_unpackhi_epi32(q[0], q[1]);
    __m128i c = _mm_unpacklo_epi32(q[2], q[3]), d = _mm_unpackhi_epi32(q[2], q[3]);
    _mm_storeu_si128((__m128i *)&words[0][l], _mm_unpackhi_epi64(b, d));
    _mm_storeu_si128((__m128i *)&words[1][l], _mm_unpacklo_epi64(b, d));
    _mm_storeu_si128((__m128i *)&words[2][l], _mm_unpackhi_epi64(a, c));
    _mm_storeu_si128((__m128i *)&words[3][l], _mm_unpacklo_epi64(a, c));
}

void hats_hash_sha256_counter_sha_ni(uint32_t words[8][HATS_SHA256_LANES], const uint32_t h[8],
                                     uint32_t first, uint32_t len_bits) {
    const __m128i zero = _mm_setzero_si128();
    struct message initial, m[MAX_GROUP];
    set_state(&initial, h);
    for (uint32_t l = 0; l < HATS_SHA256_LANES; l += MAX_GROUP) {
        __m128i dcba[MAX_GROUP], hgfe[MAX_GROUP];
        for (uint32_t i = 0; i < MAX_GROUP; i++) {
            m[i] = initial;
            m[i].w[0] = _mm_setr_epi32((int)(first + l + i), (int)0x80000000, 0, 0);
            m[i].w[1] = m[i].w[2] = zero;
            m[i].w[3] = _mm_setr_epi32(0, 0, 0, (int)len_bits);
        }
        rounds(m, MAX_GROUP, 0);
        for (uint32_t i = 0; i < MAX_GROUP; i++) {
            __m128i abef = _mm_add_epi32(m[i].abef, initial.abef);
            __m128i cdgh = _mm_add_epi32(m[i].cdgh, initial.cdgh);
            dcba[i] = _mm_unpackhi_epi64(cdgh, abef);
            hgfe[i] = _mm_unpacklo_epi64(cdgh, abef);
        }
        turn(words, l, dcba);
        turn(words + 4, l, hgfe);
    }
}
