/* The portable hash functions, in the place of src/hash/dispatch.c. */
#include "hash/kernels.h"

const struct hats_hash_kernels *hats_hash_kernels(void) {
    static const struct hats_hash_kernels portable = {
        .keccak_x8 = hats_hash_keccak_x8_portable,
        .sha256_blocks = hats_hash_sha256_blocks_portable,
        .sha256_lanes = hats_hash_sha256_lanes_portable,
        .sha256_whole = hats_hash_sha256_whole_portable,
    };
    return &portable;
}
