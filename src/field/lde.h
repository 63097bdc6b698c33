/* Values of polynomials on cosets: low-degree extension.
 *
 * With g = psi^2 = 7^((p-1)/N) the points of a coset are shift g^k, k < N: the roots of X^N - shift^N. f on
 * them is the transform of f mod X^N - shift^N, and with t = shift/psi this is the ring F_p[X]/(X^N + t^N),
 * whose transform is the negacyclic one with other roots (field/kernels.h): it costs a multiplication an
 * element more than that, for its first pass, and there is no scaling before or after it.
 *
 * A polynomial of N coefficients extends to a domain shift <w> of 2^b N points, w^(2^b) = g, by its values
 * on the 2^b cosets of shifts shift w^i; point i + 2^b k of the domain is point k of coset i.
 *
 * The values stand in the transform's order: that at shift g^k at hats_ntt_position(coset->ntt, k).
 * Constant time in coefficients and values.
 */
#ifndef HATS_FIELD_LDE_H
#define HATS_FIELD_LDE_H

#include "field/field.h"

/* Immutable after _init, shared between threads. */
struct hats_lde_coset {
    unsigned log_n;
    const struct hats_ntt *ntt; /* its own; for hats_ntt_position, any of the size would do */
    uint64_t shift;
    uint64_t shift_n; /* shift^N */
};

/* log_n in 3..16; shift canonical, not 0; 1 gives the subgroup itself. Takes 4 to 6 N words.
 * HATS_E_MEMORY: *c is zero then, and may be cleared. */
HATS_MUST_USE hats_status hats_lde_coset_init(struct hats_lde_coset *c, unsigned log_n,
                                              uint64_t shift, struct hats_error *err);
/* Also of a coset that is all zero. */
void hats_lde_coset_clear(struct hats_lde_coset *c);

/* The N values on the coset of a polynomial of n_coeffs coefficients, of any number: missing ones are 0,
 * those from N on wrap around. out and coeffs are 64-byte aligned, equal or disjoint. Reads exactly
 * n_coeffs elements and writes exactly N. */
void hats_lde_evaluate(const struct hats_lde_coset *c, uint64_t *out, const uint64_t *coeffs,
                       size_t n_coeffs);
/* The N coefficients of the polynomial with these N values on the coset. Aligned, equal or disjoint. */
void hats_lde_interpolate(const struct hats_lde_coset *c, uint64_t *coeffs, const uint64_t *values);

#endif
