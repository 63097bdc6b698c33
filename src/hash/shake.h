/* SHAKE128 and SHAKE256 [FIPS202, 6.2], one lane and eight lanes at once.
 *
 * The eight-lane form absorbs eight messages of equal length and squeezes whole blocks of all of them:
 * it is how ring elements are expanded and noise is sampled. Backends: portable (eight scalar states
 * side by side), AVX2 (two groups of four), AVX-512 (one group of eight); bit-identical.
 * Constant time in the message bytes.
 */
#ifndef HATS_HASH_SHAKE_H
#define HATS_HASH_SHAKE_H

#include "base/cpu.h"

#include <stddef.h>
#include <stdint.h>

#define HATS_SHAKE128_RATE 168 /* bytes */
#define HATS_SHAKE256_RATE 136
#define HATS_SHAKE_LANES 8

struct hats_shake {
    uint64_t s[25];
    unsigned rate; /* bytes */
    unsigned pos;  /* bytes into the block */
    int squeezing;
};

void hats_shake128_init(struct hats_shake *x);
void hats_shake256_init(struct hats_shake *x);
/* Not after the first squeeze. */
void hats_shake_absorb(struct hats_shake *x, const void *data, size_t len_bytes);
void hats_shake_squeeze(struct hats_shake *x, void *out, size_t len_bytes);
void hats_shake256(void *out, size_t out_len_bytes, const void *data, size_t len_bytes);
void hats_shake_wipe(struct hats_shake *x);

/* Word w of lane l is s[w][l]: the interleaved layout that all backends share. */
struct hats_shake_x8 {
    _Alignas(64) uint64_t s[25][HATS_SHAKE_LANES];
    unsigned rate;
};

/* Absorb lane l's message in[l], every one len_bytes long, and pad: ready to squeeze.
 * rate is HATS_SHAKE128_RATE or HATS_SHAKE256_RATE. */
void hats_shake_x8_absorb(struct hats_shake_x8 *x, unsigned rate, const uint8_t *const in[8],
                          size_t len_bytes);
/* The next n_blocks blocks of every lane, read as little-endian 64-bit words: out[l] receives
 * n_blocks * rate / 8 words of lane l. */
void hats_shake_x8_squeeze(struct hats_shake_x8 *x, uint64_t *const out[8], size_t n_blocks);
void hats_shake_x8_wipe(struct hats_shake_x8 *x);

#define HATS_SHA256_LANES 16

/* The border between the sponge, SHA-256 and the instruction sets. */
struct hats_hash_kernels {
    void (*keccak_x8)(uint64_t s[25][HATS_SHAKE_LANES]); /* 24 rounds on eight states */
    void (*sha256_blocks)(uint32_t h[8], const uint8_t *blocks, size_t n_blocks);
    /* n_blocks successive blocks of each of n_lanes <= 16 messages; word w of lane l's state is h[w][l].
     * Words of lanes without a message may change. */
    void (*sha256_lanes)(uint32_t h[8][HATS_SHA256_LANES],
                         const uint8_t *const blocks[HATS_SHA256_LANES], size_t n_blocks,
                         size_t n_lanes);
    /* Digests, 32 bytes each, of n_messages padded messages of n_blocks blocks that lie end to end. */
    void (*sha256_whole)(uint8_t *out, const uint8_t *messages, size_t n_blocks, size_t n_messages);
    /* hash/sha256_chain.h: n_steps steps of each of n_lanes chains; word 4 of the heads counts. Words of
     * lanes without a chain may change. */
    void (*sha256_chain)(uint32_t head[8][HATS_SHA256_LANES], uint32_t value[4][HATS_SHA256_LANES],
                         size_t n_steps, size_t n_lanes);
    size_t chain_lanes; /* how many chains at a time it likes best */
    /* The states after one block from state h: counter first + l, padding, and len_bits. */
    void (*sha256_counter)(uint32_t words[8][HATS_SHA256_LANES], const uint32_t h[8],
                           uint32_t first, uint32_t len_bits);
};
/* The table in use, and (for tests and benchmarks) the one of a given backend; the latter is NULL where
 * the processor lacks it. */
const struct hats_hash_kernels *hats_hash_kernels(void);
const struct hats_hash_kernels *hats_hash_kernels_of(enum hats_backend b);
/* The same, as on a processor without the SHA instructions. */
const struct hats_hash_kernels *hats_hash_kernels_without_sha_ni(enum hats_backend b);

#endif
