/* Small systems with honest traces, for tests, benchmarks and fuzzing of the proof engine.
 *
 *   squares    columns a, b; b = a^2 in every row; no next row, no challenge
 *   fibonacci  columns a, b and the next row: a' = b, b' = a + b in all rows but the last; first row (1, 1),
 *              last b public
 *   mixed      three lookups (two in one helper), two sums with a weight column and public column, fixed
 *              columns, degree 3: the shape of an encryption proof in small
 *   wide       the shape and cost of an encryption proof: `columns` >= 5 trace columns, three lookups, one sum
 *              of linear relations with a weight column for each of six columns, degree 3
 *   rpo        a chain of RPO-256 permutations as rows of S-boxes, as many as fit, from 0 .. 11; the last
 *              state's first four elements are public
 *   power7     n columns, each the seventh power of its left neighbour plus a constant in the next row:
 *              degree 8 with a selector, as the 12 x 8 form of RPO has
 *
 * All are filled for any log_n; a trace is column-major, owned by the caller (free). */
#ifndef HATS_TESTS_STARK_SYSTEMS_H
#define HATS_TESTS_STARK_SYSTEMS_H

#include "stark/setup.h"

struct system {
    struct hats_air air;
    uint64_t *trace;
    uint64_t *fixed; /* storage of fixed columns */
    uint8_t public_bytes[64];
    size_t public_len;
    uint64_t public_value; /* what the statement's callbacks know */
    uint64_t *public_column;
};

/* kind: "squares", "fibonacci", "mixed", "wide", "rpo",
 * "power7". columns is read by squares, wide and power7. NULL
 * without memory. seed makes the trace. */
struct system *system_new(const char *kind, unsigned log_n, unsigned columns, uint64_t seed);
void system_free(struct system *s);
/* The statement of up to HATS_STARK_MAX_TABLES systems; fills in callbacks, public bytes are the first's
 * concatenated with the others'. ctx must live as long: */
struct systems {
    struct system *at[HATS_STARK_MAX_TABLES];
    unsigned n;
    uint8_t public_bytes[64 * HATS_STARK_MAX_TABLES];
    const uint64_t *trace[HATS_STARK_MAX_TABLES];
    struct hats_stark_setup setup;
    struct hats_stark_statement statement;
};
HATS_MUST_USE hats_status systems_init(struct systems *all, unsigned suite, struct hats_error *err);

#endif
