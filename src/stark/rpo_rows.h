/* RPO-256 inside a trace: S-boxes are rows, and all that is linear is one sum.
 *
 * A row of the three columns x, y, z holds one S-box: y = x^3 and z = y^2 x = x^7. These two
 * constraints of degree 3 hold in every row, idle ones are 0. A permutation is 168 rows from any
 * first row f on: round r begins at f + 24 r, with
 *
 *     12 forward rows   x the input, z the output of s_i^7
 *     12 backward rows  z the input, x the output of s_i^(1/7): the same x^7 = z
 *
 * so the state after round r is x of its backward rows. Which S-box gets what is linear: with t the
 * state before the round, the permutation's input or the cells x of the round before,
 *
 *     forward i     x_i - sum_j M_ij t_j = c1_i
 *     backward i    z_i - sum_j M_ij z_j(forward) = c2_i
 *
 * 168 relations between cells. A caller gives each a power of a random element of K and claims
 * their sum (air.h): sum over rows of W_x x + W_z z + .. = total, wrong with probability
 * (relations) / |K| if any of them is. The functions below form W and total; relations take
 * successive powers, and in this order: of round 0 forward 0 .. 11, backward 0 .. 11, of round 1
 * forward 0, .., of the next permutation.
 *
 * What goes in is a linear form of cells, so fields of a record may be packed, and the output of
 * one permutation enters the next without a copy. Relations are public; cells are secret, and
 * filling them is constant time.
 */
#ifndef HATS_STARK_RPO_ROWS_H
#define HATS_STARK_RPO_ROWS_H

#include "stark/air.h"
#include "stark/rpo.h"

#define HATS_STARK_RPO_ROWS (HATS_STARK_RPO_ROUNDS * 2 * HATS_STARK_RPO_WIDTH)
/* Output i of a permutation with rows from f on: cell x of row f + HATS_STARK_RPO_OUTPUT_ROW + i. */
#define HATS_STARK_RPO_OUTPUT_ROW (HATS_STARK_RPO_ROWS - HATS_STARK_RPO_WIDTH)

/* Rows of the hash of n elements, n >= 1. */
static inline size_t hats_stark_rpo_rows_of(size_t n) {
    return (n + HATS_STARK_RPO_RATE - 1) / HATS_STARK_RPO_RATE * HATS_STARK_RPO_ROWS;
}

/* The two constraints for the columns x, y, z. */
void hats_stark_rpo_rows_constrain(struct hats_air *air, unsigned x, unsigned y, unsigned z);

/* The 168 rows at x, y, z of one permutation; state: its input before, its output after. */
void hats_stark_rpo_rows_permute(uint64_t *x, uint64_t *y, uint64_t *z,
                                 uint64_t state[HATS_STARK_RPO_WIDTH]);
/* The hats_stark_rpo_rows_of(n) rows of hats_stark_rpo_hash, and its digest. n >= 1. */
void hats_stark_rpo_rows_hash(uint64_t *x, uint64_t *y, uint64_t *z,
                              uint64_t digest[HATS_STARK_RPO_DIGEST], uint64_t domain,
                              const uint64_t *elements, size_t n);

/* coefficient times a cell: that of row `row` in the column whose weights these are. */
struct hats_stark_rpo_term {
    struct hats_fp3 *weights; /* one for each row of the table, added to */
    size_t row;
    uint64_t coefficient;
};

/* The sum of the terms, and a constant. Borrowed. */
struct hats_stark_rpo_form {
    const struct hats_stark_rpo_term *terms;
    size_t n_terms;
    uint64_t constant;
};

/* Where weights are collected. Start with 0 in all vectors and in total. Then
 * sum over rows of (W_x x + W_z z + other columns' weights times these) = total is the claim. */
struct hats_stark_rpo_sum {
    struct hats_fp3 *x, *z; /* of the columns x and z */
    struct hats_fp3 power;  /* of the next relation */
    struct hats_fp3 ratio;  /* from each relation's power to the next one's */
    struct hats_fp3 total;
};

/* One relation: form = 0. */
void hats_stark_rpo_rows_relate(struct hats_stark_rpo_sum *sum,
                                const struct hats_stark_rpo_form *form);
/* The 168 relations of a permutation with rows from first_row on. */
void hats_stark_rpo_rows_weigh(struct hats_stark_rpo_sum *sum, size_t first_row,
                               const struct hats_stark_rpo_form input[HATS_STARK_RPO_WIDTH]);
/* The relations of hats_stark_rpo_rows_hash of n >= 1 elements, 168 for each of its permutations.
 * digest: terms that are its elements, to relate or to hash again. */
void hats_stark_rpo_rows_weigh_hash(struct hats_stark_rpo_sum *sum,
                                    struct hats_stark_rpo_term digest[HATS_STARK_RPO_DIGEST],
                                    size_t first_row, uint64_t domain,
                                    const struct hats_stark_rpo_form *elements, size_t n);

#endif
