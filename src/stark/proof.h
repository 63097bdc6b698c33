/* The bytes of a proof that both sides write or compare (docs/FORMATS.md, 8.8). */
#ifndef HATS_STARK_PROOF_H
#define HATS_STARK_PROOF_H

#include "stark/setup.h"

#define HATS_STARK_HEADER_MAX 256

/* The header of every proof of this setup; the result is its length. */
size_t hats_stark_header(uint8_t out[HATS_STARK_HEADER_MAX], const struct hats_stark_setup *s);

/* The leaves of a layer of 2^log_leaves leaves that hold these ascending positions: positions mod
 * 2^log_leaves, ascending, each once. out has room for n; the result is how many there are. */
size_t hats_stark_leaves_of(uint32_t *out, const uint32_t *positions, size_t n,
                            unsigned log_leaves);

#endif
