/* What a backend must show before it is used (base/cpu.h). */
#include "hash/kernels.h"
#include "hash/sha256.h"

#include <string.h>

_Static_assert(sizeof(struct hats_hash_kernels) == 6 * sizeof(void (*)(void)) + sizeof(size_t),
               "another kernel: it needs its test here");

#define N_BLOCKS 2

/* Lane counts at which backends take different ways: one, a few, all. */
static const size_t lane_counts[] = {1, 5, HATS_SHA256_LANES};
#define N_COUNTS (sizeof lane_counts / sizeof lane_counts[0])

/* What the kernels of one table make of the same input. */
struct output {
    _Alignas(64) uint64_t keccak[25][HATS_SHAKE_LANES];
    uint32_t blocks[N_BLOCKS][8]; /* after one block, after two */
    uint32_t lanes[N_COUNTS][8][HATS_SHA256_LANES];
    uint8_t whole[N_COUNTS][HATS_SHA256_LANES][HATS_SHA256_LEN];
    uint32_t chains[N_COUNTS][12][HATS_SHA256_LANES]; /* heads and values */
    uint32_t counted[8][HATS_SHA256_LANES];
};

/* The first words of splitmix64 from 0. */
static void fill(uint64_t *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint64_t z = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        out[i] = z ^ z >> 31;
    }
}

static void run(const struct hats_hash_kernels *k, struct output *out) {
    uint64_t words[8 * (N_BLOCKS + HATS_SHA256_LANES)];
    const uint8_t *data = (const uint8_t *)words, *messages[HATS_SHA256_LANES];
    memset(out, 0, sizeof *out);
    fill(words, sizeof words / sizeof words[0]);
    fill(out->keccak[0], sizeof out->keccak / sizeof out->keccak[0][0]);
    k->keccak_x8(out->keccak);
    memcpy(out->blocks, words, sizeof out->blocks);
    for (size_t n = 1; n <= N_BLOCKS; n++)
        k->sha256_blocks(out->blocks[n - 1], data, n);
    for (size_t l = 0; l < HATS_SHA256_LANES; l++)
        messages[l] = data + 64 * l;
    for (size_t i = 0; i < N_COUNTS; i++) {
        memcpy(out->lanes[i], words, sizeof out->lanes[i]);
        k->sha256_lanes(out->lanes[i], messages, N_BLOCKS, lane_counts[i]);
        for (size_t w = 0; w < 8; w++) /* the other lanes may be anything */
            memset(&out->lanes[i][w][lane_counts[i]], 0,
                   (HATS_SHA256_LANES - lane_counts[i]) * sizeof out->lanes[i][w][0]);
        k->sha256_whole(out->whole[i][0], data, 1, lane_counts[i]);
        memcpy(out->chains[i], words, sizeof out->chains[i]);
        k->sha256_chain(out->chains[i], out->chains[i] + 8, N_BLOCKS, lane_counts[i]);
        for (size_t w = 0; w < 12; w++)
            memset(&out->chains[i][w][lane_counts[i]], 0,
                   (HATS_SHA256_LANES - lane_counts[i]) * sizeof out->chains[i][w][0]);
    }
    k->sha256_counter(out->counted, (const uint32_t *)words, UINT32_MAX - 3, 8 * 68);
}

bool hats_hash_self_test(const struct hats_hash_kernels *k) {
    struct output ours, portable;
    run(k, &ours);
    run(hats_hash_kernels_of(HATS_PORTABLE), &portable);
    return memcmp(&ours, &portable, sizeof ours) == 0;
}
