/* A constraint system (AIR): a table of field elements and what must hold in it, described once.
 *
 * A table has N = 2^log_n rows and n_columns columns of F_p, the trace. What a description says
 * becomes, without a second version by hand, the many-lane evaluator of the prover (air_block.h),
 * the evaluator at one point of the verifier (air_eval.h), the degrees from which sizes and masks
 * follow (setup.h), the bytes whose digest names the system (docs/FORMATS.md, section 8.2), and a
 * checker that names the constraint and the row that fail (air_check.h).
 *
 * Expressions are nodes; a node is a number, and each is built from older ones. The leaves:
 *
 *   constant   an element of F_p                       cell    column c in this row
 *   fixed      a column that is part of the system,    next    column c in the next row; the row after the
 *              of period 2^k <= N                              last is the first
 *   public     a column of F_p that the statement      weight  a column of K that the statement gives once
 *              gives                                           the challenges are drawn
 *   challenge  element of K drawn after the trace is   scalar  element of K that the statement computes
 *              committed to                                    from its public input and the challenges
 *
 * A node is over F_p when all its leaves are, else over K. Four kinds of claim:
 *
 *   constrain  the node is 0 in every row
 *   sum        the sum of the node over all rows is a given scalar. This is how every linear relation
 *              between any cells of any rows is said: one random linear functional, its coefficients in
 *              weight columns
 *   look up    the node (over F_p) occurs, in every row, in the table of values under a tag
 *   table      two fixed columns (values, tags) and the column of multiplicities: how often each row of
 *              the table is looked up, in the trace like any other column
 *
 * Lookups [Hab22] and sums become helper columns over K and one cyclic accumulator; the engine adds
 * them, this header counts them. Lookups go in pairs; an odd one is absorbed by the accumulator.
 *
 *   helper    h (A - a) (A - b) = (A - a) + (A - b),       A - x = alpha - x - theta tag(x)
 *   acc       acc(next) - acc = h_1 + .. + 1 / (A - c) - mult / (A - table) + sum_i delta^i (e_i - t_i/N)
 *
 * A system is plain data of bounded size and needs no allocation; values of fixed columns are
 * borrowed and must outlive it. Building is for programmers: what passes a limit below is an
 * assertion.
 */
#ifndef HATS_STARK_AIR_H
#define HATS_STARK_AIR_H

#include "field/fp3.h"
#include "hash/sha256.h"

#define HATS_AIR_LOG_N_MIN 3
#define HATS_AIR_LOG_N_MAX 16
#define HATS_AIR_MAX_COLUMNS 128
#define HATS_AIR_MAX_FIXED 96
#define HATS_AIR_MAX_PUBLIC 32
#define HATS_AIR_MAX_WEIGHTS 32
#define HATS_AIR_MAX_CHALLENGES 16
#define HATS_AIR_MAX_SCALARS 32
#define HATS_AIR_MAX_NODES 4096
#define HATS_AIR_MAX_CONSTRAINTS 256
#define HATS_AIR_MAX_LOOKUPS 32
#define HATS_AIR_MAX_SUMS 8
#define HATS_AIR_MAX_DEGREE 16

enum hats_air_op {
    HATS_AIR_CONSTANT,
    HATS_AIR_CELL,
    HATS_AIR_NEXT,
    HATS_AIR_FIXED,
    HATS_AIR_PUBLIC,
    HATS_AIR_WEIGHT,
    HATS_AIR_CHALLENGE,
    HATS_AIR_SCALAR,
    HATS_AIR_ADD,
    HATS_AIR_SUB,
    HATS_AIR_MUL,
};

typedef uint32_t hats_air_node;

struct hats_air_expr {
    uint64_t constant; /* of HATS_AIR_CONSTANT */
    uint16_t a, b;     /* operands: nodes, or in a the number of the column, challenge or scalar */
    uint8_t op;
    bool over_k;
};

struct hats_air_fixed {
    const uint64_t *values; /* 2^log_period of them, canonical */
    uint8_t log_period;
};

struct hats_air_constraint {
    const char *name;
    uint16_t node;
};

struct hats_air_lookup {
    const char *name;
    uint32_t tag;
    uint16_t node;
};

struct hats_air_sum {
    const char *name;
    uint16_t node, scalar;
};

/* Filled by the functions below, read by everybody else. */
struct hats_air {
    const char *name;
    unsigned log_n;
    uint16_t n_columns, n_fixed, n_public, n_weights, n_challenges, n_scalars;
    uint16_t n_nodes, n_constraints, n_lookups, n_sums;
    bool has_table;
    uint16_t table_values, table_tags;     /* fixed columns */
    uint16_t table_multiplicities;         /* column */
    bool reads_next[HATS_AIR_MAX_COLUMNS]; /* a claim has a `next` of the column */
    const char *column_names[HATS_AIR_MAX_COLUMNS];
    struct hats_air_fixed fixed[HATS_AIR_MAX_FIXED];
    struct hats_air_constraint constraints[HATS_AIR_MAX_CONSTRAINTS];
    struct hats_air_lookup lookups[HATS_AIR_MAX_LOOKUPS];
    struct hats_air_sum sums[HATS_AIR_MAX_SUMS];
    struct hats_air_expr nodes[HATS_AIR_MAX_NODES];
};

/* An empty system of 2^log_n rows. Names are borrowed and for people only. */
void hats_air_begin(struct hats_air *air, const char *name, unsigned log_n);

/* A new column; the result is its number, 0, 1, ... */
unsigned hats_air_column(struct hats_air *air, const char *name);
/* Likewise. values: 2^log_period canonical elements, row j has values[j mod 2^log_period]. */
unsigned hats_air_fixed_column(struct hats_air *air, const uint64_t *values, unsigned log_period);
unsigned hats_air_public_column(struct hats_air *air);
unsigned hats_air_weight_column(struct hats_air *air);
unsigned hats_air_new_challenge(struct hats_air *air);
unsigned hats_air_new_scalar(struct hats_air *air);

hats_air_node hats_air_constant(struct hats_air *air, uint64_t value); /* canonical */
hats_air_node hats_air_cell(struct hats_air *air, unsigned column);
hats_air_node hats_air_next(struct hats_air *air, unsigned column);
hats_air_node hats_air_fixed(struct hats_air *air, unsigned fixed);
hats_air_node hats_air_public(struct hats_air *air, unsigned column);
hats_air_node hats_air_weight(struct hats_air *air, unsigned column);
hats_air_node hats_air_challenge(struct hats_air *air, unsigned challenge);
hats_air_node hats_air_scalar(struct hats_air *air, unsigned scalar);
/* Equal nodes are built once; a + b and b + a are not equal, and no constant is computed. scale is
 * a times a constant node; pow squares from the highest bit of the exponent down. */
hats_air_node hats_air_add(struct hats_air *air, hats_air_node a, hats_air_node b);
hats_air_node hats_air_sub(struct hats_air *air, hats_air_node a, hats_air_node b);
hats_air_node hats_air_mul(struct hats_air *air, hats_air_node a, hats_air_node b);
hats_air_node hats_air_scale(struct hats_air *air, hats_air_node a, uint64_t constant);
hats_air_node hats_air_pow(struct hats_air *air, hats_air_node a, unsigned exponent); /* >= 1 */

void hats_air_constrain(struct hats_air *air, const char *name, hats_air_node zero);
void hats_air_sum(struct hats_air *air, const char *name, hats_air_node term, unsigned scalar);
/* value over F_p and of degree 1. After hats_air_table. */
void hats_air_look_up(struct hats_air *air, const char *name, hats_air_node value, uint32_t tag);
/* Once at most. Two fixed columns of period 2^log_n, and the column of multiplicities. */
void hats_air_table(struct hats_air *air, unsigned values, unsigned tags, unsigned multiplicities);

/* What the engine adds: helper columns, and the accumulator or the mask of the next row (setup.h).
 */
unsigned hats_air_n_helpers(const struct hats_air *air);
bool hats_air_has_accumulator(const struct hats_air *air); /* a lookup or a sum */
bool hats_air_has_mu(const struct hats_air *air); /* reads a next row and has no accumulator */
/* The system's own constraints, one for each helper, one for the accumulator or mu. */
unsigned hats_air_n_constraints_all(const struct hats_air *air);

/* Degree of a node in the columns, trace, fixed, public and weight alike; and the largest of all
 * claims, those of the engine included, at least 1. */
unsigned hats_air_degree_of(const struct hats_air *air, hats_air_node node);
unsigned hats_air_degree(const struct hats_air *air);

/* A coefficient count for every column: nodes are polynomials in X, this is how many coefficients
 * the node has at most, when trace column c has columns[c] and every other column N. 1 for a
 * constant. */
uint32_t hats_air_n_coefficients(const struct hats_air *air, hats_air_node node,
                                 const uint32_t *columns);

/* SHA-256 of the canonical bytes of the system (docs/FORMATS.md, section 8.2), in pieces through
 * `write`, so that they can be printed as well. They depend on the claims and their order, and on
 * the numbers of columns, challenges and scalars, but not on the order in which nodes were built,
 * nor on nodes that no claim has. */
void hats_air_serialise(const struct hats_air *air,
                        void (*write)(void *ctx, const void *data, size_t len_bytes), void *ctx);
void hats_air_digest(uint8_t digest[HATS_SHA256_LEN], const struct hats_air *air);

#endif
