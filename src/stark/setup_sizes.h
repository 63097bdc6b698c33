/* How large a proof of given parameters can be, and how much memory its verifier takes. */
#ifndef HATS_STARK_SETUP_SIZES_H
#define HATS_STARK_SETUP_SIZES_H

#include "stark/setup.h"

/* Of the proof's parts up to and without the opened values, in bytes. */
size_t hats_stark_header_bytes(unsigned n_tables, unsigned n_trees);
/* The most digests a path can have that opens n_leaves of 2^log_n leaves (hash/merkle.h). */
size_t hats_stark_path_max(unsigned log_n, uint32_t n_leaves);
/* Over all choices of positions. */
size_t hats_stark_proof_max_bytes(const struct hats_stark_setup *setup);
/* What hats_stark_verify takes from its arena, at most (verify.c). */
size_t hats_stark_scratch_bytes(const struct hats_stark_setup *setup);

#endif
