/* How many bits a set of proof parameters is proven to be worth: the only source of parameters.
 *
 * The proof system is DEEP-ALI over FRI made non-interactive. Its security is that of its weakest round
 * [2024/1553]: each random challenge of the verifier misleads with some probability, the queries miss a
 * false codeword with some probability, and a digest collides after 2^128 hashes. All of it is proven for
 * Reed-Solomon codes over K; nothing here rests on a conjecture about codes.
 *
 *   rho_i   the rate of layer i: rho_0 = d_max / n, then degree bound and domain both divided by the
 *           folding factor, the bound rounded up. rho is the largest of them, rho_min the smallest.
 *   theta   the distance at which words are caught, the same for all layers
 *   eps     probability that a random combination of two words hides their distance, domain size n
 *   L       how many codewords lie within theta of one word
 *
 *                     unique decoding (UDR) [BCIKS20, Thm. 1.2]   Johnson (JBR) [BCHKS25, Thm. 4.2]
 *   1 - theta         (1 + rho) / 2                                sqrt(rho) (1 + 1/m)
 *   eps(n) |K|        n                                            (2 M^5 n / 3 rho + M n) / sqrt(rho)
 *                                                                    + M / sqrt(rho),  M = m + 1/2
 *   L                 1                                            m / 2 rho_0
 *
 * with rho the layer's own in eps. Against the theorem this is rounded up in three places: m is the
 * multiplicity of the published calculator [soundcalc], ceil(sqrt(rho) / gap), twice the
 * ceil(sqrt(rho) / 2 gap) that suffices (5 bits of eps); a layer of smaller rate would do with a smaller
 * m; and theta < 1 stands for theta in the second term of eps. UDR could use (theta n + 1)/|K|
 * [BCHKS25, Cor. 1.4], a bit more; the older n / |K| is taken, and is never the weakest round.
 *
 * Columns opened at several points are tested by one quotient, so L is for polynomials of d_max + n_points
 * - 1 coefficients: m <= d_max is what keeps the bound above. In UDR it can be 2 then; the published
 * calculator says 1, and so do we: one bit of rounds that have thirty more than the queries.
 *
 *   round       error
 *   challenges  L (n_lookups N + 2 N + n_linear + 4) / |K|      alpha, gamma, beta, delta, kappa, theta
 *   ALI         L n_constraints / |K|                           powers of one challenge
 *   DEEP        L (degree (d_max + n_points - 1) + d_max - 1) / (|K| - N - n)
 *   batching    (n_polys - 1) eps(n)                            powers of one challenge
 *   fold i      (folds[i] - 1) eps(n_{i+1})
 *   queries     (1 - theta)^queries 2^-grinding
 *   hash        2^-(digest_bits / 2)
 *
 * No floating point: logarithms are 32-bit fixed point, every error is rounded up, every result down, to
 * thousandths of a bit. These are classical bits in the random oracle model.
 *
 * A design-time and test-time tool; constant time is no concern of it.
 */
#ifndef HATS_STARK_SOUNDNESS_H
#define HATS_STARK_SOUNDNESS_H

#include "base/status.h"

#define HATS_STARK_MAX_FOLDS 8
#define HATS_STARK_LOG_DOMAIN_MAX 30
#define HATS_STARK_M_MIN 3 /* [BCHKS25, Thm. 4.2] */
#define HATS_STARK_M_MAX 1000
#define HATS_STARK_QUERIES_MAX 1000

enum hats_stark_regime { HATS_STARK_UDR, HATS_STARK_JBR };

struct hats_stark_params {
    uint64_t p;         /* characteristic, >= 2^30 */
    unsigned extension; /* |K| = p^extension, between 2^90 and 2^512 */
    uint32_t n_rows;    /* N, trace rows */
    uint32_t d_max;     /* every batched polynomial has fewer coefficients, masks included; >= N */
    uint32_t domain;    /* n, points of layer 0; more than d_max, at most 2^30 */
    unsigned n_folds;   /* at most HATS_STARK_MAX_FOLDS */
    uint8_t folds[HATS_STARK_MAX_FOLDS]; /* each >= 2; their product divides the domain */
    uint32_t n_polys;                    /* batched by powers of one challenge */
    uint32_t n_constraints;
    uint32_t degree;    /* of the constraints in the columns */
    uint32_t n_points;  /* opened in one quotient of one column: 2 where the next row is read */
    uint32_t n_lookups; /* looked-up values a row */
    uint32_t n_linear;  /* linear relations in the accumulator */
    enum hats_stark_regime regime;
    uint32_t m; /* JBR: multiplicity, HATS_STARK_M_MIN .. hats_stark_m_max; not read in UDR */
    uint32_t queries;
    unsigned grinding;    /* bits of proof of work before the queries, at most 64 */
    unsigned digest_bits; /* of the Merkle trees and the transcript */
};

/* Bits of each round in thousandths, rounded down; negative where a round proves nothing at all. */
struct hats_stark_soundness {
    int32_t challenges, ali, deep, batching;
    int32_t fold[HATS_STARK_MAX_FOLDS]; /* n_folds of them */
    int32_t algebraic; /* the smallest of the above: what larger fields and smaller m buy */
    int32_t queries, hash;
    int32_t proven;            /* the smallest of the above */
    uint64_t list_thousandths; /* L in thousandths, rounded up */
    uint32_t rate_d, rate_n;   /* the largest rate as a fraction d / n, as the layer has it */
};

/* The largest multiplicity: HATS_STARK_M_MAX, or d_max if that is less. */
uint32_t hats_stark_m_max(const struct hats_stark_params *params);

/* HATS_E_RANGE: a parameter outside its range above. HATS_E_INSECURE: the parameters prove nothing,
 * because theta <= 0 or because d_max + n_points < (1 - theta) n, which quotients at several points need
 * [Haboeck22, 4.1.3], does not hold. */
HATS_MUST_USE hats_status hats_stark_soundness_of(struct hats_stark_soundness *out,
                                                  const struct hats_stark_params *params,
                                                  struct hats_error *err);

/* Fills in params->queries and, in JBR, params->m: the fewest queries with which some m proves at least
 * `target` thousandths of a bit, the algebraic rounds `algebraic` (at least `target`: more leaves a margin
 * that a sharper analysis of the queries cannot use up); among these m the one whose weakest round is
 * strongest, the hash aside, and the smallest such. On failure *params is unchanged. HATS_E_INSECURE: no m
 * and no number of queries up to HATS_STARK_QUERIES_MAX suffices; HATS_E_RANGE as above. */
HATS_MUST_USE hats_status hats_stark_soundness_search(struct hats_stark_params *params,
                                                      int32_t target, int32_t algebraic,
                                                      struct hats_error *err);

#endif
