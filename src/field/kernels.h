/* What the backends of this folder share: the order of a transform, its twiddle tables, and the names of
 * the kernel tables, which dispatch.c alone puts together.
 *
 * The transform is the merged negacyclic Cooley-Tukey tree [Sei18, sec. 2.2]. Level l = 0, 1, ... splits
 * each of 2^l blocks: block b holds a polynomial modulo X^len - z^2 and becomes two, modulo
 * X^(len/2) - z and X^(len/2) + z, with z = root[2^l + b] = psi^brv(2^l + b), brv reversing log_n bits.
 * The leaves come out in bit-reversed order.
 *
 * The order of storage differs from that in one respect, so that vector units need one transposition and
 * not two: each run of 128 = 8 x 16 leaves is stored transposed, leaf 16 l + j of a run at 8 j + l.
 *
 * Vector backends walk the same tree in passes of three or four levels. A pass with R = 8 or 16 children
 * turns a block modulo X^len - r^R, r = root[(2^l + b) R/2], into one modulo X^len - 1 by multiplying
 * slice j by the twist r^j, and then needs only roots of order R, which are powers of two
 * (ntt_vector.h). With t = 1 the first pass, of one to four levels, has no twist at all, since roots of
 * order 32 are powers of two too.
 */
#ifndef HATS_FIELD_KERNELS_H
#define HATS_FIELD_KERNELS_H

#include "field/fp3.h"

#define HATS_NTT_RUN 128 /* leaves stored transposed together */
#define HATS_NTT_LANES 8 /* lines of a run */
#define HATS_NTT_LEAF 16 /* children of the last pass, always */
#define HATS_NTT_MAX_PASSES 4

struct hats_ntt_pass {
    unsigned log_radix; /* 3 or 4; the first pass also 1 or 2 */
    unsigned log_n_blocks;
    /* Twists times 2^64 mod p, in the order of use. Middle passes: [block][j - 1], j = 1 .. R - 1.
     * Last pass: [run][j - 1][lane]. The inverse divides by N on the way: its last pass has
     * [run][j][lane] with j from 0. NULL in the first pass if t = 1. */
    const uint64_t *twist, *twist_inv;
};

struct hats_ntt {
    unsigned log_n;
    unsigned n_passes; /* 0 below HATS_NTT_RUN elements */
    struct hats_ntt_pass pass[HATS_NTT_MAX_PASSES];
    const uint64_t *root;     /* [N] psi^brv(k) t^(N/2^(l+1)), 2^l <= k < 2^(l+1) */
    const uint64_t *root_inv; /* [N] the inverses */
    uint64_t n_inv;           /* 1/N */
    uint64_t *words;          /* where all tables lie */
};

/* A table in the caller's storage, 64-byte aligned: fills *ntt and, unless it is NULL, words, with the help of
 * any kernels. t is not 0. plan: the levels of each pass, in sum log_n, the last one 4; NULL for the usual one. Returns the number of
 * words that it takes, a multiple of 8. */
size_t hats_ntt_init(struct hats_ntt *ntt, const struct hats_field_kernels *kernels, unsigned log_n,
                     uint64_t t, const uint8_t *plan, uint64_t *words);
/* The transform of F_p[X]/(X^N + t^N); NULL without memory. */
struct hats_ntt *hats_ntt_new_scaled(unsigned log_n, uint64_t t);

/* Does every kernel of the table, and every kind of pass, agree with portable C on one small fixed input?
 * One thread at a time. */
bool hats_field_self_test(const struct hats_field_kernels *k);

extern const struct hats_field_kernels hats_field_portable;
extern const struct hats_field_kernels hats_field_avx2;
extern const struct hats_field_kernels hats_field_avx512;

#endif
