/* The kernels of every backend, for dispatch.c alone, and their self-test. */
#ifndef HATS_HASH_KERNELS_H
#define HATS_HASH_KERNELS_H

#include "hash/shake.h"

/* One state, 24 rounds: the sponge of one lane. */
void hats_hash_keccak(uint64_t s[25]);

void hats_hash_keccak_x8_portable(uint64_t s[25][HATS_SHAKE_LANES]);
void hats_hash_keccak_x8_avx2(uint64_t s[25][HATS_SHAKE_LANES]);
void hats_hash_keccak_x8_avx512(uint64_t s[25][HATS_SHAKE_LANES]);

void hats_hash_sha256_blocks_portable(uint32_t h[8], const uint8_t *blocks, size_t n_blocks);
void hats_hash_sha256_blocks_sha_ni(uint32_t h[8], const uint8_t *blocks, size_t n_blocks);

void hats_hash_sha256_lanes_portable(uint32_t h[8][HATS_SHA256_LANES],
                                     const uint8_t *const blocks[HATS_SHA256_LANES],
                                     size_t n_blocks, size_t n_lanes);
void hats_hash_sha256_lanes_avx2(uint32_t h[8][HATS_SHA256_LANES],
                                 const uint8_t *const blocks[HATS_SHA256_LANES], size_t n_blocks,
                                 size_t n_lanes);
void hats_hash_sha256_lanes_avx512(uint32_t h[8][HATS_SHA256_LANES],
                                   const uint8_t *const blocks[HATS_SHA256_LANES], size_t n_blocks,
                                   size_t n_lanes);
void hats_hash_sha256_lanes_sha_ni(uint32_t h[8][HATS_SHA256_LANES],
                                   const uint8_t *const blocks[HATS_SHA256_LANES], size_t n_blocks,
                                   size_t n_lanes);

/* Does every kernel of the table agree with portable C on one small fixed input? */
bool hats_hash_self_test(const struct hats_hash_kernels *k);

#endif
