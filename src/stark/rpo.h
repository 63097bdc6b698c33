/* RPO-256: Rescue Prime Optimized over F_p, the hash function that is also proven inside constraints.
 *
 * State of 12 elements: capacity 0..3, rate 4..11, digest 4..7. Seven rounds, each [RPO22, alg. 3]
 *
 *     s <- M s + c1;  s_i <- s_i^7;  s <- M s + c2;  s_i <- s_i^(1/7)
 *
 * with M the circulant matrix of first row 7 23 8 26 13 10 9 7 6 22 21 8 and constants from
 * SHAKE256("RPO(18446744069414584321,12,4,128)"), 9 bytes each, little endian, mod p.
 *
 * Sponge in the published layout (the first element of the capacity holds the length mod 8, input
 * overwrites the rate), so that digests are those of the other implementations; the second element of the
 * capacity is the domain, 0 where theirs has none. One digest is 4 elements; 128 bits against collisions.
 * Slow next to SHA-256: registry trees, nullifiers and record commitments, and nothing else.
 *
 * All elements are canonical, in and out. Constant time: only n decides what is done.
 */
#ifndef HATS_STARK_RPO_H
#define HATS_STARK_RPO_H

#include <stddef.h>
#include <stdint.h>

#define HATS_STARK_RPO_WIDTH 12
#define HATS_STARK_RPO_RATE 8
#define HATS_STARK_RPO_DIGEST 4
#define HATS_STARK_RPO_ROUNDS 7

extern const uint64_t
    hats_stark_rpo_mds_row[HATS_STARK_RPO_WIDTH]; /* M[i][j] = row[j - i mod 12] */
/* c1 and c2 of each round. */
extern const uint64_t hats_stark_rpo_constants[HATS_STARK_RPO_ROUNDS][2][HATS_STARK_RPO_WIDTH];

void hats_stark_rpo_permute(uint64_t state[HATS_STARK_RPO_WIDTH]);

/* A permutation is 14 of these: mixed = M state + c, the input of the S-boxes, and state = their output,
 * seventh powers in half 0 of a round and seventh roots in half 1. */
void hats_stark_rpo_half_round(uint64_t state[HATS_STARK_RPO_WIDTH],
                               uint64_t mixed[HATS_STARK_RPO_WIDTH], unsigned round, unsigned half);

/* The digest of n elements. Where 8 does not divide n, zeros follow the input. No element at all
 * gives the digest 0, as elsewhere. */
void hats_stark_rpo_hash(uint64_t digest[HATS_STARK_RPO_DIGEST], uint64_t domain,
                         const uint64_t *elements, size_t n);

/* The digest of left and right, one permutation: a node of a tree. Equal to the hash of all eight. */
void hats_stark_rpo_merge(uint64_t digest[HATS_STARK_RPO_DIGEST], uint64_t domain,
                          const uint64_t left[HATS_STARK_RPO_DIGEST],
                          const uint64_t right[HATS_STARK_RPO_DIGEST]);

#endif
