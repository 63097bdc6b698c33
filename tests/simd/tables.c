/* In place of the three dispatch files: a machine whose only backends are portable C and, as AVX-512,
 * the emulated tables, which are the ones in use. The folders' own tests run on it unchanged. */
#include "field/kernels.h"
#include "hash/kernels.h"
#include "ring/kernels.h"

static const struct hats_hash_kernels hash_portable = {
    hats_hash_keccak_x8_portable,     hats_hash_sha256_blocks_portable,
    hats_hash_sha256_lanes_portable,  hats_hash_sha256_whole_portable,
    hats_hash_sha256_chain_portable,  1,
    hats_hash_sha256_counter_portable};
static void whole_avx512(uint8_t *out, const uint8_t *messages, size_t n_blocks,
                         size_t n_messages) {
    hats_hash_sha256_whole_over(hats_hash_sha256_lanes_avx512, out, messages, n_blocks, n_messages);
}
static const struct hats_hash_kernels hash_avx512 = {
    hats_hash_keccak_x8_avx512,     hats_hash_sha256_blocks_portable,
    hats_hash_sha256_lanes_avx512,  whole_avx512,
    hats_hash_sha256_chain_avx512,  16,
    hats_hash_sha256_counter_avx512};

#define PICK(b, portable, avx512) \
    ((b) == HATS_PORTABLE ? &(portable) : (b) == HATS_AVX512 ? &(avx512) : NULL)

const struct hats_field_kernels *hats_field_kernels_of(enum hats_backend b) {
    return PICK(b, hats_field_portable, hats_field_avx512);
}
const struct hats_hash_kernels *hats_hash_kernels_of(enum hats_backend b) {
    return PICK(b, hash_portable, hash_avx512);
}
const struct hats_hash_kernels *hats_hash_kernels_without_sha_ni(enum hats_backend b) {
    return hats_hash_kernels_of(b);
}
const struct hats_ring_kernels *hats_ring_kernels_of(enum hats_backend b) {
    return PICK(b, hats_ring_portable, hats_ring_avx512);
}

const struct hats_field_kernels *hats_field_kernels(void) { return &hats_field_avx512; }
const struct hats_hash_kernels *hats_hash_kernels(void) { return &hash_avx512; }
const struct hats_ring_kernels *hats_ring_kernels(void) { return &hats_ring_avx512; }
