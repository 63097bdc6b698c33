/* RPO-256 of several messages of one length in step: the vector kernels of src/field make the S-boxes of all of
 * them at once. The same digests as hats_stark_rpo_hash, at some 40 % of its time with AVX2.
 */
#ifndef HATS_STARK_RPO_MANY_H
#define HATS_STARK_RPO_MANY_H

#include "stark/rpo.h"

#define HATS_STARK_RPO_MANY 16 /* messages at once */

/* digests[i] is that of the n elements at elements + i * stride, i < n_messages <= HATS_STARK_RPO_MANY. Constant
 * time: lengths and counts decide what is done. */
void hats_stark_rpo_hash_many(uint64_t (*digests)[HATS_STARK_RPO_DIGEST], uint64_t domain,
                              const uint64_t *elements, size_t stride, size_t n, size_t n_messages);

#endif
