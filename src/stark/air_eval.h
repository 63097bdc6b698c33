/* The claims of a system at one point of K: what the verifier evaluates at zeta.
 *
 * At a point outside the domain every column is one element of K, so every node is; a constraint
 * that holds in all rows is divisible by X^N - 1 as a polynomial, and its value here is what the
 * quotient's is compared with. The constraints of the engine (docs/FORMATS.md, 8.2) are evaluated
 * with the others:
 *
 *     helper   h A A' - A - A'                A = alpha - e - theta tag
 *     acc      D, or A D - 1 with the last of an odd number of lookups, where
 *              D = acc(next) - acc - sum h + mult / A(table) - sum_i delta^i (e_i - s_i / N)
 *     mu       mu(next) - mu
 *
 * On a row of the domain the same function gives the values of the constraints in that row.
 */
#ifndef HATS_STARK_AIR_EVAL_H
#define HATS_STARK_AIR_EVAL_H

#include "stark/air.h"

/* What a system's leaves are at the point. Arrays are indexed by the number of the column,
 * challenge or scalar; what the system does not have may be NULL, and of nexts only columns that
 * are read there are looked at. */
struct hats_air_point {
    const struct hats_fp3 *cells, *nexts;
    const struct hats_fp3 *fixed, *publics, *weights;
    const struct hats_fp3 *challenges, *scalars;
    const struct hats_fp3 *helpers;
    struct hats_fp3 table_inverse;   /* the column 1 / A(values, tags) */
    struct hats_fp3 wide, wide_next; /* acc or mu, here and in the next row */
    struct hats_fp3 alpha, theta, delta;
    uint64_t n_rows_inverse; /* 1/N in F_p */
};

/* constraints: hats_air_n_constraints_all of them, in order; scratch: n_nodes elements, the values
 * of the nodes afterwards. No allocation. Time depends on the system alone. */
void hats_air_evaluate(const struct hats_air *air, const struct hats_air_point *at,
                       struct hats_fp3 *constraints, struct hats_fp3 *scratch);

/* The nodes alone, n_nodes of them; reads only the arrays of *at before `helpers`. */
void hats_air_evaluate_nodes(const struct hats_air *air, const struct hats_air_point *at,
                             struct hats_fp3 *nodes);

#endif
