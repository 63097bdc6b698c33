/* A constraint system at many points at once: the prover's evaluator.
 *
 * A program is the nodes that some output needs, in order, with registers: vectors of HATS_AIR_BLOCK
 * elements (three of them over K) that are reused as soon as nothing reads them any more, so that a block
 * stays in the first cache. What has the same value in all rows is computed once, when the program is
 * bound. Each operation is one kernel of the field over the block.
 */
#ifndef HATS_STARK_AIR_BLOCK_H
#define HATS_STARK_AIR_BLOCK_H

#include "stark/air.h"

#define HATS_AIR_BLOCK 128 /* points */

enum hats_air_output {
    HATS_AIR_TERMS,       /* the values looked up and the terms of sums */
    HATS_AIR_CONSTRAINTS, /* everything that must vanish, the engine's constraints included */
};

/* Challenges and what follows from them. */
struct hats_air_binding {
    const struct hats_fp3 *challenges, *scalars;
    struct hats_fp3 alpha, theta, delta;
    struct hats_fp3 *lambda; /* powers, one for each constraint; not read for HATS_AIR_TERMS */
};

struct hats_air_program;
/* NULL when memory cannot be had. A program belongs to one thread at a time. */
struct hats_air_program *hats_air_program_new(const struct hats_air *air,
                                              enum hats_air_output output);
void hats_air_program_free(struct hats_air_program *p); /* wipes */
void hats_air_program_bind(struct hats_air_program *p, const struct hats_air_binding *binding);

/* Where the values of one block stand; only what the program reads need be there. Aligned 64. */
struct hats_air_block {
    size_t n; /* points: a multiple of 8, at most HATS_AIR_BLOCK */
    const uint64_t *cells[HATS_AIR_MAX_COLUMNS], *nexts[HATS_AIR_MAX_COLUMNS];
    const uint64_t *fixed[HATS_AIR_MAX_FIXED], *publics[HATS_AIR_MAX_PUBLIC];
    struct hats_fp3_vec weights[HATS_AIR_MAX_WEIGHTS];
    struct hats_fp3_vec helpers[(HATS_AIR_MAX_LOOKUPS + 1) / 2];
    struct hats_fp3_vec table_inverse, wide, wide_next; /* 1 / A(table); acc or mu, here and next */
};

/* HATS_AIR_CONSTRAINTS: out = sum_k lambda^k C_k. */
void hats_air_program_combine(struct hats_air_program *p, const struct hats_air_block *block,
                              struct hats_fp3_vec out);
/* HATS_AIR_TERMS: looked_up[l] = the value of lookup l; sum = sum_i delta^i e_i. */
void hats_air_program_terms(struct hats_air_program *p, const struct hats_air_block *block,
                            uint64_t *const *looked_up, struct hats_fp3_vec sum);

#endif
