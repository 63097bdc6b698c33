/* SHA-256 with the SHA instructions. They keep the state as the pairs ABEF and CDGH (A in the top
 * word), do two rounds an instruction, and extend the schedule four words at a time. */
#include "hash/kernels.h"
#include "hash/sha256.h"
#include "hash/sha256_constants.h"

#include <immintrin.h>

struct state {
    __m128i abef, cdgh;
};

static inline __m128i load(const uint32_t *p) { return _mm_loadu_si128((const __m128i *)p); }

static struct state pack(const uint32_t h[8]) {
    __m128i badc = _mm_shuffle_epi32(load(h), 0xb1);     /* words, low to high: B A D C */
    __m128i hgfe = _mm_shuffle_epi32(load(h + 4), 0x1b); /* H G F E */
    struct state s = {_mm_alignr_epi8(badc, hgfe, 8), _mm_blend_epi16(hgfe, badc, 0xf0)};
    return s;
}

static void unpack(uint32_t h[8], struct state s) {
    __m128i abef = _mm_shuffle_epi32(s.abef, 0x1b); /* A B E F */
    __m128i dchg = _mm_shuffle_epi32(s.cdgh, 0xb1); /* G H C D -> H G D C, swapped in pairs */
    _mm_storeu_si128((__m128i *)h, _mm_blend_epi16(abef, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(h + 4), _mm_alignr_epi8(dchg, abef, 8));
}

/* Rounds t .. t + 3 on the schedule words w. */
static inline void four_rounds(struct state *s, __m128i w, int t) {
    __m128i wk = _mm_add_epi32(w, load(sha256_k + t));
    s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, wk);
    s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_shuffle_epi32(wk, 0x0e));
}

/* W[t .. t+3] from the sixteen words before it, oldest first. */
static inline __m128i extend(__m128i w0, __m128i w1, __m128i w2, __m128i w3) {
    __m128i t = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));
    return _mm_sha256msg2_epu32(t, w3);
}

static inline __m128i load_words(const uint8_t *p) {
    const __m128i swap = _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)p), swap);
}

void hats_hash_sha256_blocks_sha_ni(uint32_t h[8], const uint8_t *blocks, size_t n_blocks) {
    struct state s = pack(h);
    for (size_t b = 0; b < n_blocks; b++, blocks += 64) {
        struct state before = s;
        __m128i w[4];
        for (int i = 0; i < 4; i++) {
            w[i] = load_words(blocks + 16 * i);
            four_rounds(&s, w[i], 4 * i);
        }
        for (int t = 16; t < 64; t += 16) {
            w[0] = extend(w[0], w[1], w[2], w[3]);
            four_rounds(&s, w[0], t);
            w[1] = extend(w[1], w[2], w[3], w[0]);
            four_rounds(&s, w[1], t + 4);
            w[2] = extend(w[2], w[3], w[0], w[1]);
            four_rounds(&s, w[2], t + 8);
            w[3] = extend(w[3], w[0], w[1], w[2]);
            four_rounds(&s, w[3], t + 12);
        }
        s.abef = _mm_add_epi32(s.abef, before.abef);
        s.cdgh = _mm_add_epi32(s.cdgh, before.cdgh);
    }
    unpack(h, s);
}

/* Four rounds of two messages, on schedule words i of each. */
#define BOTH_ROUNDS(i, t)          \
    do {                           \
        four_rounds(&x, xw[i], t); \
        four_rounds(&y, yw[i], t); \
    } while (0)
#define BOTH_EXTEND(i)                                                                  \
    do {                                                                                \
        xw[i] = extend(xw[i], xw[((i) + 1) % 4], xw[((i) + 2) % 4], xw[((i) + 3) % 4]); \
        yw[i] = extend(yw[i], yw[((i) + 1) % 4], yw[((i) + 2) % 4], yw[((i) + 3) % 4]); \
    } while (0)

/* One message waits for each round instruction's result; a second one fills the wait. */
static void two_messages(struct state both[2], const uint8_t *px, const uint8_t *py,
                         size_t n_blocks) {
    struct state x = both[0], y = both[1];
    for (size_t b = 0; b < n_blocks; b++, px += 64, py += 64) {
        struct state x_before = x, y_before = y;
        __m128i xw[4], yw[4];
        for (int i = 0; i < 4; i++) {
            xw[i] = load_words(px + 16 * i);
            yw[i] = load_words(py + 16 * i);
            BOTH_ROUNDS(i, 4 * i);
        }
        for (int t = 16; t < 64; t += 16) {
            BOTH_EXTEND(0);
            BOTH_ROUNDS(0, t);
            BOTH_EXTEND(1);
            BOTH_ROUNDS(1, t + 4);
            BOTH_EXTEND(2);
            BOTH_ROUNDS(2, t + 8);
            BOTH_EXTEND(3);
            BOTH_ROUNDS(3, t + 12);
        }
        x.abef = _mm_add_epi32(x.abef, x_before.abef);
        x.cdgh = _mm_add_epi32(x.cdgh, x_before.cdgh);
        y.abef = _mm_add_epi32(y.abef, y_before.abef);
        y.cdgh = _mm_add_epi32(y.cdgh, y_before.cdgh);
    }
    both[0] = x;
    both[1] = y;
}

void hats_hash_sha256_lanes_sha_ni(uint32_t h[8][HATS_SHA256_LANES],
                                   const uint8_t *const blocks[HATS_SHA256_LANES], size_t n_blocks,
                                   size_t n_lanes) {
    for (size_t l = 0; l < n_lanes; l += 2) {
        bool two = l + 1 < n_lanes;
        uint32_t s[2][8];
        for (int i = 0; i < 8; i++) {
            s[0][i] = h[i][l];
            s[1][i] = two ? h[i][l + 1] : 0;
        }
        if (two) {
            struct state both[2] = {pack(s[0]), pack(s[1])};
            two_messages(both, blocks[l], blocks[l + 1], n_blocks);
            unpack(s[0], both[0]);
            unpack(s[1], both[1]);
        } else {
            hats_hash_sha256_blocks_sha_ni(s[0], blocks[l], n_blocks);
        }
        for (int i = 0; i < 8; i++) {
            h[i][l] = s[0][i];
            if (two)
                h[i][l + 1] = s[1][i];
        }
    }
}

static void put_digest(uint8_t *out, struct state s) {
    const __m128i swap = _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
    uint32_t h[8];
    unpack(h, s);
    for (int i = 0; i < 2; i++)
        _mm_storeu_si128((__m128i *)(out + 16 * i), _mm_shuffle_epi8(load(h + 4 * i), swap));
}

/* The states never leave the registers between blocks, nor the words' order until the end. */
void hats_hash_sha256_whole_sha_ni(uint8_t *out, const uint8_t *messages, size_t n_blocks,
                                   size_t n_messages) {
    const struct state initial = pack(sha256_initial);
    size_t len = 64 * n_blocks;
    for (size_t i = 0; i < n_messages; i += 2, out += 2 * HATS_SHA256_LEN) {
        const uint8_t *p = messages + i * len;
        struct state both[2] = {initial, initial};
        if (i + 1 < n_messages) {
            two_messages(both, p, p + len, n_blocks);
            put_digest(out + HATS_SHA256_LEN, both[1]);
        } else {
            two_messages(both, p, p, n_blocks);
        }
        put_digest(out, both[0]);
    }
}
