/* RPO-256 of several messages of one length in step, the same digests as hats_stark_rpo_hash: four lanes to a vector
 * with AVX2, where that agrees with portable C; otherwise the S-boxes go through the kernels of src/field.
 * bench/source.c measures it.
 */
#ifndef HATS_STARK_RPO_MANY_H
#define HATS_STARK_RPO_MANY_H

#include "stark/rpo.h"

#define HATS_STARK_RPO_MANY 16 /* messages at once */

/* digests[i] is that of the n elements at elements + i * stride, i < n_messages <= HATS_STARK_RPO_MANY. Constant
 * time: lengths and counts decide what is done. */
void hats_stark_rpo_hash_many(uint64_t (*digests)[HATS_STARK_RPO_DIGEST], uint64_t domain,
                              const uint64_t *elements, size_t stride, size_t n, size_t n_messages);

/* For rpo_many.c alone: sixteen permutations, element i of state l at 16 i + l, 64-byte aligned; canonical in and
 * out. The processor must have AVX2. */
void hats_stark_rpo_permute_avx2(uint64_t *state);

#endif
