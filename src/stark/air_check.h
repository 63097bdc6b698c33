/* The row checker: does a table satisfy its system, and if not, where?
 *
 * For people who write systems and fill tables. It looks at every row, needs no helper columns, and
 * takes lookups and sums for what they say and not for what the engine makes of them: a table that
 * passes has a proof, except with the probability that a challenge is unlucky.
 *
 * Not constant time. Texts name claims, rows and columns, and never what is in them.
 */
#ifndef HATS_STARK_AIR_CHECK_H
#define HATS_STARK_AIR_CHECK_H

#include "stark/air.h"

/* One table of N rows. Column c is at trace + c N, publics + c N, weights + c N; challenges and
 * scalars by number. What the system has none of may be NULL. */
struct hats_air_rows {
    const uint64_t *trace, *publics;
    const struct hats_fp3 *weights, *challenges, *scalars;
};

/* HATS_E_CANONICAL: a cell or public value that is not below p. HATS_E_VERIFY, in this order, each
 * for the first row that has one: a constraint that is not 0 or a lookup that is not in the table
 * under its tag; a row of the table that is not looked up as often as its multiplicity says (rows
 * with the same value and tag count together, and the first of them is named); a sum that is not
 * its scalar. HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_air_check(const struct hats_air *air,
                                         const struct hats_air_rows *rows, struct hats_error *err);

#endif
