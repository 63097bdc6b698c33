/* keccak.x8 per permutation of eight states, and SHA-256 per block, for every backend. */
#include "bench.h"
#include "hash/sha256.h"
#include "hash/shake.h"

#include <stdio.h>
#include <string.h>

#define N_BLOCKS 64

struct work {
    _Alignas(64) uint64_t s[25][HATS_SHAKE_LANES];
    const struct hats_hash_kernels *k;
    uint32_t h[8];
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
    }
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
