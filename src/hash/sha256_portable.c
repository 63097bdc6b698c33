#include "base/bytes.h"
#include "hash/kernels.h"
#include "hash/sha256_constants.h"

static inline uint32_t rotr(uint32_t x, unsigned n) { return x >> n | x << (32 - n); }
static inline uint32_t big_sigma0(uint32_t x) { return rotr(x, 2) ^ rotr(x, 13) ^ rotr(x, 22); }
static inline uint32_t big_sigma1(uint32_t x) { return rotr(x, 6) ^ rotr(x, 11) ^ rotr(x, 25); }
static inline uint32_t small_sigma0(uint32_t x) { return rotr(x, 7) ^ rotr(x, 18) ^ x >> 3; }
static inline uint32_t small_sigma1(uint32_t x) { return rotr(x, 17) ^ rotr(x, 19) ^ x >> 10; }
static inline uint32_t choose(uint32_t x, uint32_t y, uint32_t z) { return z ^ (x & (y ^ z)); }
static inline uint32_t majority(uint32_t x, uint32_t y, uint32_t z) {
    return (x & y) | (z & (x | y));
}

/* [FIPS180-4, 6.2.2] on one block; the schedule is a ring of sixteen words. */
static void compress(uint32_t h[8], const uint8_t block[64]) {
    uint32_t w[16], v[8];
    for (int i = 0; i < 16; i++)
        w[i] = hats_load_be32(block + 4 * i);
    for (int i = 0; i < 8; i++)
        v[i] = h[i];
    for (int t = 0; t < 64; t++) {
        if (t >= 16)
            w[t % 16] +=
                small_sigma1(w[(t - 2) % 16]) + w[(t - 7) % 16] + small_sigma0(w[(t - 15) % 16]);
        uint32_t t1 = v[7] + big_sigma1(v[4]) + choose(v[4], v[5], v[6]) + sha256_k[t] + w[t % 16];
        uint32_t t2 = big_sigma0(v[0]) + majority(v[0], v[1], v[2]);
        v[7] = v[6];
        v[6] = v[5];
        v[5] = v[4];
        v[4] = v[3] + t1;
        v[3] = v[2];
        v[2] = v[1];
        v[1] = v[0];
        v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        h[i] += v[i];
}

void hats_hash_sha256_blocks_portable(uint32_t h[8], const uint8_t *blocks, size_t n_blocks) {
    for (size_t i = 0; i < n_blocks; i++)
        compress(h, blocks + 64 * i);
}

void hats_hash_sha256_lanes_portable(uint32_t h[8][HATS_SHA256_LANES],
                                     const uint8_t *const blocks[HATS_SHA256_LANES],
                                     size_t n_blocks, size_t n_lanes) {
    for (size_t l = 0; l < n_lanes; l++) {
        uint32_t s[8];
        for (int i = 0; i < 8; i++)
            s[i] = h[i][l];
        hats_hash_sha256_blocks_portable(s, blocks[l], n_blocks);
        for (int i = 0; i < 8; i++)
            h[i][l] = s[i];
    }
}
