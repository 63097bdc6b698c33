/* The transform for vector units, written once. The including file supplies the vector type V of LANES
 * elements and these operations; "inner" is the form in which the backend likes to keep elements in
 * registers (AVX2: with the top bit flipped, because it compares signed words only), "plain" is memory's.
 *
 *   load, store, inner_of, plain_of       between memory, plain and inner; elements canonical in all
 *   plus(a, b), minus(a, b)               inner
 *   mul_pow2(a, k), k = 1 .. 31           inner a 2^k
 *   div_pow2(a, k), k = 1 .. 32           inner a 2^-k
 *   twist_lanes(a, w), twist_all(a, w)    plain a -> inner a w 2^-64: LANES twists at w, or one for all
 *   transpose(x), LANES vectors           rows to columns
 *
 * Why powers of two: 2^96 = -1 (mod p), so 2 has order 192 = 3 * 64 and every root of unity of order up to
 * 64 is a power of two. Roots of order 32 carry five levels of the tree; below, root k of the tree's table
 * is 2^ROOTk:
 *
 *   psi^(N/2) = 7^((p-1)/4) = 2^48,  7^((p-1)/8) = 2^120,  7^((p-1)/16) = 2^156,  7^((p-1)/32) = 2^78
 *
 * and ROOT(k) is the reversal of k times the last of these. Signs cost nothing (the two outputs of a
 * butterfly change places), and a product with 2^-k, k <= 32, is one shift, one multiplication of 32-bit
 * words and one subtraction: a = a_hi 2^k + a_lo gives a 2^-k = a_hi - a_lo 2^(32-k) (2^32 - 1), both terms
 * below p. Cost of a pass of four levels, per vector: 15/16 full multiplication instead of 2.
 *
 * All values are canonical between operations: there is no lazy range to track.
 */
#include "field/kernels.h"

/* check: 78 * reverse5(k) mod 192 */
#define ROOT0 0
#define ROOT1 48
#define ROOT2 120
#define ROOT3 168
#define ROOT4 156
#define ROOT5 12
#define ROOT6 84
#define ROOT7 132
#define ROOT8 78
#define ROOT9 126
#define ROOT10 6
#define ROOT11 54
#define ROOT12 42
#define ROOT13 90
#define ROOT14 162
#define ROOT15 18

/* Compilers give up inlining in functions as long as these, and e must be a constant. */
#define INLINE static inline __attribute__((always_inline))

/* x 2^e up to sign: 2^e = 2^-k or -2^-k with k = -e mod 96, taken as two divisions above 32 and as a
 * multiplication above 64. negative(e) tells the sign. e is a constant everywhere. */
INLINE V shift_by(V x, int e) {
    int k = (192 - e) % 96;
    if (k == 0)
        return x;
    if (k <= 32)
        return div_pow2(x, k);
    if (k <= 64)
        return div_pow2(div_pow2(x, 32), k - 32);
    return mul_pow2(x, 96 - k);
}
INLINE int negative(int e) {
    int k = (192 - e) % 96;
    return ((e + k) % 192 != 0) ^ (k > 64);
}

/* (a, b) -> (a + 2^e b, a - 2^e b) */
INLINE void split(V *a, V *b, int e) {
    V t = shift_by(*b, e);
    V sum = plus(*a, t);
    V difference = minus(*a, t);
    *a = negative(e) ? difference : sum;
    *b = negative(e) ? sum : difference;
}

/* Its inverse up to a factor of 2: (a, b) -> (a + b, (a - b) 2^-e) */
INLINE void join(V *a, V *b, int e) {
    int back = (192 - e) % 192;
    V sum = plus(*a, *b);
    V difference = negative(back) ? minus(*b, *a) : minus(*a, *b);
    *a = sum;
    *b = shift_by(difference, back);
}

/* A row of butterflies at distance d with one root. */
#define ROW1(f, i, d, e) f(&x[i], &x[(i) + (d)], e)
#define ROW2(f, i, d, e) ROW1(f, i, d, e), ROW1(f, (i) + 1, d, e)
#define ROW4(f, i, d, e) ROW2(f, i, d, e), ROW2(f, (i) + 2, d, e)
#define ROW8(f, i, d, e) ROW4(f, i, d, e), ROW4(f, (i) + 4, d, e)

/* Levels of the tree on two, four and eight vectors below a node whose children have the given roots. */
#define LEVEL2_1(f, r0) ROW1(f, 0, 1, r0)
#define LEVEL4_1(f, r0) ROW2(f, 0, 2, r0)
#define LEVEL4_2(f, r0, r1) ROW1(f, 0, 1, r0), ROW1(f, 2, 1, r1)
#define LEVEL8_1(f, r0) ROW4(f, 0, 4, r0)
#define LEVEL8_2(f, r0, r1) ROW2(f, 0, 2, r0), ROW2(f, 4, 2, r1)
#define LEVEL8_3(f, r0, r1, r2, r3) \
    ROW1(f, 0, 1, r0), ROW1(f, 2, 1, r1), ROW1(f, 4, 1, r2), ROW1(f, 6, 1, r3)

/* The same on sixteen. */
#define LEVEL16_1(f, r0) ROW8(f, 0, 8, r0)
#define LEVEL16_2(f, r0, r1) ROW4(f, 0, 4, r0), ROW4(f, 8, 4, r1)
#define LEVEL16_3(f, r0, r1, r2, r3) \
    ROW2(f, 0, 2, r0), ROW2(f, 4, 2, r1), ROW2(f, 8, 2, r2), ROW2(f, 12, 2, r3)
#define LEVEL16_4(f, r0, r1, r2, r3, r4, r5, r6, r7)                                               \
    ROW1(f, 0, 1, r0), ROW1(f, 2, 1, r1), ROW1(f, 4, 1, r2), ROW1(f, 6, 1, r3), ROW1(f, 8, 1, r4), \
        ROW1(f, 10, 1, r5), ROW1(f, 12, 1, r6), ROW1(f, 14, 1, r7)

/* Modulo X^R - 1 (a twisted block) and X^R + 1 (the first pass), and back, on the array x. Macros,
 * because compilers will not inline a function of this size twice. */
#define SPLIT2 LEVEL2_1(split, ROOT0)
#define SPLIT2_FIRST LEVEL2_1(split, ROOT1)
#define JOIN2 LEVEL2_1(join, ROOT0)
#define JOIN2_FIRST LEVEL2_1(join, ROOT1)

#define SPLIT4 LEVEL4_1(split, ROOT0), LEVEL4_2(split, ROOT0, ROOT1)
#define SPLIT4_FIRST LEVEL4_1(split, ROOT1), LEVEL4_2(split, ROOT2, ROOT3)
#define JOIN4 LEVEL4_2(join, ROOT0, ROOT1), LEVEL4_1(join, ROOT0)
#define JOIN4_FIRST LEVEL4_2(join, ROOT2, ROOT3), LEVEL4_1(join, ROOT1)

#define SPLIT8                                             \
    LEVEL8_1(split, ROOT0), LEVEL8_2(split, ROOT0, ROOT1), \
        LEVEL8_3(split, ROOT0, ROOT1, ROOT2, ROOT3)
#define SPLIT8_FIRST                                       \
    LEVEL8_1(split, ROOT1), LEVEL8_2(split, ROOT2, ROOT3), \
        LEVEL8_3(split, ROOT4, ROOT5, ROOT6, ROOT7)
#define JOIN8 \
    LEVEL8_3(join, ROOT0, ROOT1, ROOT2, ROOT3), LEVEL8_2(join, ROOT0, ROOT1), LEVEL8_1(join, ROOT0)
#define JOIN8_FIRST \
    LEVEL8_3(join, ROOT4, ROOT5, ROOT6, ROOT7), LEVEL8_2(join, ROOT2, ROOT3), LEVEL8_1(join, ROOT1)

#define SPLIT16                                              \
    LEVEL16_1(split, ROOT0), LEVEL16_2(split, ROOT0, ROOT1), \
        LEVEL16_3(split, ROOT0, ROOT1, ROOT2, ROOT3),        \
        LEVEL16_4(split, ROOT0, ROOT1, ROOT2, ROOT3, ROOT4, ROOT5, ROOT6, ROOT7)
#define SPLIT16_FIRST                                        \
    LEVEL16_1(split, ROOT1), LEVEL16_2(split, ROOT2, ROOT3), \
        LEVEL16_3(split, ROOT4, ROOT5, ROOT6, ROOT7),        \
        LEVEL16_4(split, ROOT8, ROOT9, ROOT10, ROOT11, ROOT12, ROOT13, ROOT14, ROOT15)
#define JOIN16                                                                      \
    LEVEL16_4(join, ROOT0, ROOT1, ROOT2, ROOT3, ROOT4, ROOT5, ROOT6, ROOT7),        \
        LEVEL16_3(join, ROOT0, ROOT1, ROOT2, ROOT3), LEVEL16_2(join, ROOT0, ROOT1), \
        LEVEL16_1(join, ROOT0)
#define JOIN16_FIRST                                                                \
    LEVEL16_4(join, ROOT8, ROOT9, ROOT10, ROOT11, ROOT12, ROOT13, ROOT14, ROOT15),  \
        LEVEL16_3(join, ROOT4, ROOT5, ROOT6, ROOT7), LEVEL16_2(join, ROOT2, ROOT3), \
        LEVEL16_1(join, ROOT1)

/* Loops over registers are written out: j must be a constant for x[j] to be one. */
#define FROM1_TO2(f) f(1)
#define FROM1_TO4(f) f(1) f(2) f(3)
#define FROM1_TO8(f) FROM1_TO4(f) f(4) f(5) f(6) f(7)
#define FROM1_TO16(f) FROM1_TO8(f) f(8) f(9) f(10) f(11) f(12) f(13) f(14) f(15)
#define LOAD(j) x[j] = inner_of(load(a + (j)*slice + i));
#define LOAD_TWISTED(j) x[j] = twist_all(load(a + (j)*slice + i), twist + (j)-1);
#define STORE(j) store(a + (j)*slice + i, plain_of(x[j]));
#define STORE_TWISTED(j) \
    store(a + (j)*slice + i, plain_of(twist_all(plain_of(x[j]), twist + (j)-1)));

/* One pass over one block of len elements at a: slice j begins at a + j len / R. Radices and directions
 * differ in the marked steps only. */
#define DEFINE_PASS(name, R, load_others, work, store_others)          \
    static void name(uint64_t *a, size_t len, const uint64_t *twist) { \
        size_t slice = len / R;                                        \
        (void)twist;                                                   \
        for (size_t i = 0; i < slice; i += LANES) {                    \
            V x[R];                                                    \
            LOAD(0) FROM1_TO##R(load_others) work;                     \
            STORE(0) FROM1_TO##R(store_others)                         \
        }                                                              \
    }
#define DEFINE_PASSES(R)                                            \
    DEFINE_PASS(first_##R, R, LOAD, SPLIT##R##_FIRST, STORE)        \
    DEFINE_PASS(middle_##R, R, LOAD_TWISTED, SPLIT##R, STORE)       \
    DEFINE_PASS(inverse_first_##R, R, LOAD, JOIN##R##_FIRST, STORE) \
    DEFINE_PASS(inverse_middle_##R, R, LOAD, JOIN##R, STORE_TWISTED)
DEFINE_PASSES(2)
DEFINE_PASSES(4)
DEFINE_PASSES(8)
DEFINE_PASSES(16)

typedef void (*pass_function)(uint64_t *a, size_t len, const uint64_t *twist);
/* By the logarithm of the radix. */
static const pass_function first[] = {NULL, first_2, first_4, first_8, first_16};
static const pass_function middle[] = {NULL, middle_2, middle_4, middle_8, middle_16};
static const pass_function inverse_first[] = {NULL, inverse_first_2, inverse_first_4,
                                              inverse_first_8, inverse_first_16};
static const pass_function inverse_middle[] = {NULL, inverse_middle_2, inverse_middle_4,
                                               inverse_middle_8, inverse_middle_16};

#define GROUPS (HATS_NTT_LANES / LANES)

/* The last pass on one run: eight blocks of sixteen, transposed so that lane l is block l. */
static void last(uint64_t *run, const uint64_t *twist) {
    V group[GROUPS][HATS_NTT_LEAF];
    for (int g = 0; g < GROUPS; g++) {
        V *x = group[g];
        const uint64_t *w = twist + g * LANES;
        for (int c = 0; c < HATS_NTT_LEAF; c += LANES) {
            for (int l = 0; l < LANES; l++)
                x[c + l] = load(run + HATS_NTT_LEAF * (g * LANES + l) + c);
            transpose(x + c);
        }
        x[0] = inner_of(x[0]);
#define TWIST(j) x[j] = twist_lanes(x[j], w + HATS_NTT_LANES * ((j)-1));
        FROM1_TO16(TWIST)
#undef TWIST
        SPLIT16;
    }
    for (int g = 0; g < GROUPS; g++)
        for (int j = 0; j < HATS_NTT_LEAF; j++)
            store(run + HATS_NTT_LANES * j + g * LANES, plain_of(group[g][j]));
}

static void inverse_last(uint64_t *run, const uint64_t *twist) {
    V group[GROUPS][HATS_NTT_LEAF];
    for (int g = 0; g < GROUPS; g++) {
        V *x = group[g];
        const uint64_t *w = twist + g * LANES;
        for (int j = 0; j < HATS_NTT_LEAF; j++)
            x[j] = inner_of(load(run + HATS_NTT_LANES * j + g * LANES));
        JOIN16;
#define TWIST(j) x[j] = plain_of(twist_lanes(plain_of(x[j]), w + HATS_NTT_LANES * (j)));
        TWIST(0) FROM1_TO16(TWIST)
#undef TWIST
    }
    for (int g = 0; g < GROUPS; g++)
        for (int c = 0; c < HATS_NTT_LEAF; c += LANES) {
            V *x = group[g] + c;
            transpose(x);
            for (int l = 0; l < LANES; l++)
                store(run + HATS_NTT_LEAF * (g * LANES + l) + c, x[l]);
        }
}

/* Pass p on the len elements at a, which hold its blocks b, b + 1, ... */
static void run_pass(const struct hats_ntt *ntt, unsigned p, size_t b, uint64_t *a, size_t len) {
    const struct hats_ntt_pass *pass = &ntt->pass[p];
    size_t block = (size_t)1 << (ntt->log_n - pass->log_n_blocks);
    size_t n_twists = ((size_t)1 << pass->log_radix) - 1;
    if (pass->twist == NULL)
        first[pass->log_radix](a, len, NULL);
    else
        for (size_t i = 0; i < len; i += block, b++)
            middle[pass->log_radix](a + i, block, pass->twist + n_twists * b);
}

static void run_inverse_pass(const struct hats_ntt *ntt, unsigned p, size_t b, uint64_t *a,
                             size_t len) {
    const struct hats_ntt_pass *pass = &ntt->pass[p];
    size_t block = (size_t)1 << (ntt->log_n - pass->log_n_blocks);
    size_t n_twists = ((size_t)1 << pass->log_radix) - 1;
    if (pass->twist_inv == NULL)
        inverse_first[pass->log_radix](a, len, NULL);
    else
        for (size_t i = 0; i < len; i += block, b++)
            inverse_middle[pass->log_radix](a + i, block, pass->twist_inv + n_twists * b);
}

/* After the first pass the subtrees have at most 4096 elements, 32 KB: each is finished while it is in
 * the first cache. Subtrees smaller than a run are taken together. */
static size_t subtree(const struct hats_ntt *ntt) {
    size_t len = (size_t)1 << (ntt->log_n - ntt->pass[0].log_radix);
    return len < HATS_NTT_RUN ? HATS_NTT_RUN : len;
}

static void ntt_forward(const struct hats_ntt *ntt, uint64_t *a) {
    size_t n = (size_t)1 << ntt->log_n, len = subtree(ntt);
    unsigned p_last = ntt->n_passes - 1;
    if (ntt->n_passes == 0) {
        hats_field_portable.ntt_forward(ntt, a);
        return;
    }
    run_pass(ntt, 0, 0, a, n);
    for (size_t c = 0; c < n; c += len) {
        for (unsigned p = 1; p < p_last; p++)
            run_pass(ntt, p, (c << ntt->pass[p].log_n_blocks) >> ntt->log_n, a + c, len);
        for (size_t i = c; i < c + len; i += HATS_NTT_RUN)
            last(a + i, ntt->pass[p_last].twist + i / HATS_NTT_LEAF * (HATS_NTT_LEAF - 1));
    }
}

static void ntt_inverse(const struct hats_ntt *ntt, uint64_t *a) {
    size_t n = (size_t)1 << ntt->log_n, len = subtree(ntt);
    unsigned p_last = ntt->n_passes - 1;
    if (ntt->n_passes == 0) {
        hats_field_portable.ntt_inverse(ntt, a);
        return;
    }
    for (size_t c = 0; c < n; c += len) {
        for (size_t i = c; i < c + len; i += HATS_NTT_RUN)
            inverse_last(a + i, ntt->pass[p_last].twist_inv + i);
        for (unsigned p = p_last - 1; p > 0; p--)
            run_inverse_pass(ntt, p, (c << ntt->pass[p].log_n_blocks) >> ntt->log_n, a + c, len);
    }
    run_inverse_pass(ntt, 0, 0, a, n);
}
