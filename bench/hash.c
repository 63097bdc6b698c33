/* keccak.x8 per permutation of eight states; SHA-256 per block, one message and many, for every backend
 * with and without the SHA instructions; a Merkle tree of 2^15 rows. */
#include "base/arena.h"
#include "bench.h"
#include "hash/merkle.h"
#include "hash/sha256_many.h"
#include "hash/shake.h"

#include <stdio.h>
#include <string.h>

#define N_BLOCKS 64
#define LOG_N_ROWS 15
#define ROW_BYTES 216 /* 27 columns */

struct work {
    _Alignas(64) uint64_t s[25][HATS_SHAKE_LANES];
    const struct hats_hash_kernels *k;
    uint32_t h[8], lanes[8][HATS_SHA256_LANES];
    struct hats_merkle tree;
    struct hats_merkle_rows rows;
    uint8_t bytes[64 * N_BLOCKS];
    struct hats_shake_x8 x8;
    uint64_t words[8][4 * HATS_SHAKE128_RATE / 8];
};

static void keccak(void *arg) {
    struct work *w = arg;
    w->k->keccak_x8(w->s);
}

static void sha256_blocks(void *arg) {
    struct work *w = arg;
    w->k->sha256_blocks(w->h, w->bytes, N_BLOCKS);
}

static void sha256_lanes(void *arg) {
    struct work *w = arg;
    const uint8_t *blocks[HATS_SHA256_LANES];
    for (size_t l = 0; l < HATS_SHA256_LANES; l++)
        blocks[l] = w->bytes + 4 * 64 * l;
    w->k->sha256_lanes(w->lanes, blocks, 4, HATS_SHA256_LANES);
}

static void merkle(void *arg) {
    struct work *w = arg;
    hats_merkle_hash_rows(hats_merkle_leaves(&w->tree), &w->rows, (size_t)1 << LOG_N_ROWS);
    hats_merkle_build(&w->tree);
}

static void sha256_one_block(void *arg) {
    struct work *w = arg;
    hats_sha256(w->bytes, w->bytes, 32);
}

static void shake_x8_squeeze(void *arg) {
    struct work *w = arg;
    uint64_t *out[8];
    for (int l = 0; l < 8; l++)
        out[l] = w->words[l];
    hats_shake_x8_squeeze(&w->x8, out, 4);
}

/* Salted leaves and the nodes above them. */
static void merkle_figure(struct bench *b, struct work *w) {
    if (!bench_wanted(b, "hash.merkle.2e15"))
        return;
    size_t n_rows = (size_t)1 << LOG_N_ROWS;
    uint8_t *rows = hats_alloc(n_rows * ROW_BYTES);
    uint8_t *salts = hats_alloc(n_rows * HATS_MERKLE_SALT_LEN);
    w->tree.log_n = LOG_N_ROWS;
    w->tree.digests = hats_alloc(hats_merkle_len_bytes(LOG_N_ROWS));
    w->rows = (struct hats_merkle_rows){rows, ROW_BYTES, ROW_BYTES, salts};
    if (rows != NULL && salts != NULL && w->tree.digests != NULL)
        bench_run(b,
                  &(struct bench_figure){.name = "hash.merkle.2e15",
                                         .unit = "ms",
                                         .params = "{\"row_bytes\": 216, \"salt_bytes\": 16}"},
                  merkle, w);
    else
        fprintf(stderr, "hash.merkle.2e15: out of memory\n");
    hats_free(rows);
    hats_free(salts);
    hats_free(w->tree.digests);
}

int main(int argc, char **argv) {
    static struct work w;
    struct bench b;
    if (!bench_open(&b, argc, argv, "hash"))
        return 2;
    for (int i = 0; i < HATS_BACKEND_COUNT; i++) {
        w.k = hats_hash_kernels_of((enum hats_backend)i);
        if (w.k == NULL)
            continue;
        const char *backend = hats_cpu_backend_name((enum hats_backend)i);
        bench_run(
            &b, &(struct bench_figure){.name = "hash.keccak.x8", .unit = "ns", .backend = backend},
            keccak, &w);
        bench_run(
            &b,
            &(struct bench_figure){
                .name = "hash.sha256.block", .unit = "ns", .backend = backend, .n_ops = N_BLOCKS},
            sha256_blocks, &w);
        struct bench_figure lanes = {.name = "hash.sha256.lanes",
                                     .unit = "ns",
                                     .backend = backend,
                                     .n_ops = 4 * HATS_SHA256_LANES,
                                     .params = "{\"sha_ni\": false}"};
        const struct hats_hash_kernels *best = w.k;
        w.k = hats_hash_kernels_without_sha_ni((enum hats_backend)i);
        bench_run(&b, &lanes, sha256_lanes, &w);
        if (w.k->sha256_lanes == best->sha256_lanes)
            continue;
        w.k = best;
        lanes.params = "{\"sha_ni\": true}";
        bench_run(&b, &lanes, sha256_lanes, &w);
    }
    merkle_figure(&b, &w);
    const uint8_t *in[8] = {w.bytes, w.bytes, w.bytes, w.bytes, w.bytes, w.bytes, w.bytes, w.bytes};
    hats_shake_x8_absorb(&w.x8, HATS_SHAKE128_RATE, in, 40);
    bench_run(&b, &(struct bench_figure){.name = "hash.sha256.message32", .unit = "ns"},
              sha256_one_block, &w);
    bench_run(&b,
              &(struct bench_figure){.name = "hash.shake128.x8.word",
                                     .unit = "ns",
                                     .n_ops = 8 * 4 * HATS_SHAKE128_RATE / 8},
              shake_x8_squeeze, &w);
    return bench_close(&b);
}
