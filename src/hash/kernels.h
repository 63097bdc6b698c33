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

void hats_hash_sha256_whole_portable(uint8_t *out, const uint8_t *messages, size_t n_blocks,
                                     size_t n_messages);
void hats_hash_sha256_whole_sha_ni(uint8_t *out, const uint8_t *messages, size_t n_blocks,
                                   size_t n_messages);
/* On any kernel of lanes. */
typedef void hats_hash_lanes(uint32_t h[8][HATS_SHA256_LANES],
                             const uint8_t *const blocks[HATS_SHA256_LANES], size_t n_blocks,
                             size_t n_lanes);
void hats_hash_sha256_whole_over(hats_hash_lanes *lanes, uint8_t *out, const uint8_t *messages,
                                 size_t n_blocks, size_t n_messages);

void hats_hash_sha256_chain_portable(uint32_t head[8][HATS_SHA256_LANES],
                                     uint32_t value[4][HATS_SHA256_LANES], size_t n_steps,
                                     size_t n_lanes);
void hats_hash_sha256_counter_portable(uint32_t words[8][HATS_SHA256_LANES], const uint32_t h[8],
                                       uint32_t first, uint32_t len_bits);
void hats_hash_sha256_chain_avx2(uint32_t head[8][HATS_SHA256_LANES],
                                 uint32_t value[4][HATS_SHA256_LANES], size_t n_steps,
                                 size_t n_lanes);
void hats_hash_sha256_counter_avx2(uint32_t words[8][HATS_SHA256_LANES], const uint32_t h[8],
                                   uint32_t first, uint32_t len_bits);
void hats_hash_sha256_chain_avx512(uint32_t head[8][HATS_SHA256_LANES],
                                   uint32_t value[4][HATS_SHA256_LANES], size_t n_steps,
                                   size_t n_lanes);
void hats_hash_sha256_counter_avx512(uint32_t words[8][HATS_SHA256_LANES], const uint32_t h[8],
                                     uint32_t first, uint32_t len_bits);
void hats_hash_sha256_chain_sha_ni(uint32_t head[8][HATS_SHA256_LANES],
                                   uint32_t value[4][HATS_SHA256_LANES], size_t n_steps,
                                   size_t n_lanes);
void hats_hash_sha256_counter_sha_ni(uint32_t words[8][HATS_SHA256_LANES], const uint32_t h[8],
                                     uint32_t first, uint32_t len_bits);

/* Does every kernel of the table agree with portable C on one small fixed input? */
bool hats_hash_self_test(const struct hats_hash_kernels *k);

#endif
