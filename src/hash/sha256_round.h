/* SHA-256's compression on several messages at once, written once for every vector type.
 *
 * The including file defines WORD (a vector with one 32-bit word of each message), ADD(a, b),
 * XOR3(a, b, c), ROTR(a, n), SHR(a, n), CH(x, y, z) = (x & y) ^ (~x & z),
 * MAJ(x, y, z) = (x & y) ^ (x & z) ^ (y & z), ALL(k), k in every lane, and LOAD(p), STORE(p, v) from and to
 * any address. [FIPS180-4, 6.2.2]
 */
#include "hash/sha256_constants.h"

#define ROUND(a, b, c, d, e, f, g, h, i)                                            \
    do {                                                                            \
        WORD t1 = ADD(ADD(h, ADD(w[i], ALL(sha256_k[t + (i)]))), CH(e, f, g));      \
        t1 = ADD(t1, XOR3(ROTR(e, 6), ROTR(e, 11), ROTR(e, 25)));                   \
        d = ADD(d, t1);                                                             \
        h = ADD(t1, ADD(XOR3(ROTR(a, 2), ROTR(a, 13), ROTR(a, 22)), MAJ(a, b, c))); \
    } while (0)

/* Eight rounds bring every variable back to its name. */
#define EIGHT_ROUNDS(i)                       \
    do {                                      \
        ROUND(a, b, c, d, e, f, g, h, i);     \
        ROUND(h, a, b, c, d, e, f, g, i + 1); \
        ROUND(g, h, a, b, c, d, e, f, i + 2); \
        ROUND(f, g, h, a, b, c, d, e, i + 3); \
        ROUND(e, f, g, h, a, b, c, d, i + 4); \
        ROUND(d, e, f, g, h, a, b, c, i + 5); \
        ROUND(c, d, e, f, g, h, a, b, i + 6); \
        ROUND(b, c, d, e, f, g, h, a, i + 7); \
    } while (0)

#define SMALL_SIGMA0(x) XOR3(ROTR(x, 7), ROTR(x, 18), SHR(x, 3))
#define SMALL_SIGMA1(x) XOR3(ROTR(x, 17), ROTR(x, 19), SHR(x, 10))

/* s is the state, w the block's sixteen words; the schedule overwrites w, a ring of sixteen. */
static inline void sha256_compress(WORD s[8], WORD w[16]) {
    WORD a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
    for (int t = 0; t < 64; t += 16) {
        for (int i = 0; t > 0 && i < 16; i++)
            w[i] = ADD(ADD(w[i], w[(i + 9) % 16]),
                       ADD(SMALL_SIGMA0(w[(i + 1) % 16]), SMALL_SIGMA1(w[(i + 14) % 16])));
        EIGHT_ROUNDS(0);
        EIGHT_ROUNDS(8);
    }
    s[0] = ADD(s[0], a);
    s[1] = ADD(s[1], b);
    s[2] = ADD(s[2], c);
    s[3] = ADD(s[3], d);
    s[4] = ADD(s[4], e);
    s[5] = ADD(s[5], f);
    s[6] = ADD(s[6], g);
    s[7] = ADD(s[7], h);
}

/* As many chains as a vector has words (sha256_chain.h), those of the lanes from `first` on. */
static inline void sha256_chain_group(uint32_t head[8][HATS_SHA256_LANES],
                                      uint32_t value[4][HATS_SHA256_LANES], size_t first,
                                      size_t n_steps) {
    WORD hd[8], v[4];
    for (int i = 0; i < 8; i++)
        hd[i] = LOAD(&head[i][first]);
    for (int i = 0; i < 4; i++)
        v[i] = LOAD(&value[i][first]);
    for (size_t k = 0; k < n_steps; k++) {
        WORD s[8], w[16];
        for (int i = 0; i < 8; i++) {
            s[i] = ALL(sha256_initial[i]);
            w[i] = hd[i];
        }
        for (int i = 0; i < 4; i++)
            w[8 + i] = v[i];
        w[12] = ALL(0x80000000);
        w[13] = w[14] = ALL(0);
        w[15] = ALL(48 * 8);
        sha256_compress(s, w);
        for (int i = 0; i < 4; i++)
            v[i] = s[i];
        hd[4] = ADD(hd[4], ALL(1));
    }
    STORE(&head[4][first], hd[4]);
    for (int i = 0; i < 4; i++)
        STORE(&value[i][first], v[i]);
}

/* The counters first_counter, first_counter + 1, ... in the lanes from `first` on. */
static inline void sha256_counter_group(uint32_t words[8][HATS_SHA256_LANES], const uint32_t h[8],
                                        size_t first, uint32_t first_counter, uint32_t len_bits) {
    uint32_t counters[HATS_SHA256_LANES];
    WORD s[8], w[16];
    for (uint32_t l = 0; l < HATS_SHA256_LANES; l++)
        counters[l] = first_counter + l;
    for (int i = 0; i < 16; i++)
        w[i] = ALL(0);
    w[0] = LOAD(counters);
    w[1] = ALL(0x80000000);
    w[15] = ALL(len_bits);
    for (int i = 0; i < 8; i++)
        s[i] = ALL(h[i]);
    sha256_compress(s, w);
    for (int i = 0; i < 8; i++)
        STORE(&words[i][first], s[i]);
}

#undef ROUND
#undef EIGHT_ROUNDS
#undef SMALL_SIGMA0
#undef SMALL_SIGMA1
