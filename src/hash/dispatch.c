/* The only file of this folder that knows processors. */
#include "hash/kernels.h"

#include <pthread.h>

#if defined(__x86_64__)
#define BY_ISA(portable, other) (other)

/* Where the vector would be mostly empty, messages go one by one. */
static void lanes_avx2(uint32_t h[8][HATS_SHA256_LANES],
                       const uint8_t *const blocks[HATS_SHA256_LANES], size_t n_blocks,
                       size_t n_lanes) {
    if (n_lanes < 2)
        hats_hash_sha256_lanes_portable(h, blocks, n_blocks, n_lanes);
    else
        hats_hash_sha256_lanes_avx2(h, blocks, n_blocks, n_lanes);
}

static void lanes_avx512(uint32_t h[8][HATS_SHA256_LANES],
                         const uint8_t *const blocks[HATS_SHA256_LANES], size_t n_blocks,
                         size_t n_lanes) {
    if (n_lanes < 2)
        hats_hash_sha256_lanes_portable(h, blocks, n_blocks, n_lanes);
    else
        hats_hash_sha256_lanes_avx512(h, blocks, n_blocks, n_lanes);
}

/* A full vector of sixteen costs as much as about fourteen messages, two by two, with SHA-NI. */
static void lanes_avx512_sha_ni(uint32_t h[8][HATS_SHA256_LANES],
                                const uint8_t *const blocks[HATS_SHA256_LANES], size_t n_blocks,
                                size_t n_lanes) {
    if (n_lanes < 14)
        hats_hash_sha256_lanes_sha_ni(h, blocks, n_blocks, n_lanes);
    else
        hats_hash_sha256_lanes_avx512(h, blocks, n_blocks, n_lanes);
}

#define DEFINE_WHOLE(name, lanes)                                                                 \
    static void name(uint8_t *out, const uint8_t *messages, size_t n_blocks, size_t n_messages) { \
        hats_hash_sha256_whole_over(lanes, out, messages, n_blocks, n_messages);                  \
    }
DEFINE_WHOLE(whole_avx2, lanes_avx2)
DEFINE_WHOLE(whole_avx512, lanes_avx512)
DEFINE_WHOLE(whole_avx512_sha_ni, lanes_avx512_sha_ni)
#else
#define BY_ISA(portable, other) (portable)
#endif

#define KECCAK_AVX2 BY_ISA(hats_hash_keccak_x8_portable, hats_hash_keccak_x8_avx2)
#define KECCAK_AVX512 BY_ISA(hats_hash_keccak_x8_portable, hats_hash_keccak_x8_avx512)
#define SHA_PLAIN hats_hash_sha256_blocks_portable
#define SHA_NI BY_ISA(hats_hash_sha256_blocks_portable, hats_hash_sha256_blocks_sha_ni)
#define LANES_PLAIN hats_hash_sha256_lanes_portable
#define LANES_AVX2 BY_ISA(hats_hash_sha256_lanes_portable, lanes_avx2)
#define LANES_AVX512 BY_ISA(hats_hash_sha256_lanes_portable, lanes_avx512)
/* With SHA-NI, two messages at a time beat eight in AVX2 vectors (bench/hash: hash.sha256.lanes). */
#define LANES_AVX2_SHA_NI BY_ISA(hats_hash_sha256_lanes_portable, hats_hash_sha256_lanes_sha_ni)
#define LANES_AVX512_SHA_NI BY_ISA(hats_hash_sha256_lanes_portable, lanes_avx512_sha_ni)
#define WHOLE_PLAIN hats_hash_sha256_whole_portable
#define WHOLE_AVX2 BY_ISA(hats_hash_sha256_whole_portable, whole_avx2)
#define WHOLE_AVX512 BY_ISA(hats_hash_sha256_whole_portable, whole_avx512)
#define WHOLE_AVX2_SHA_NI BY_ISA(hats_hash_sha256_whole_portable, hats_hash_sha256_whole_sha_ni)
#define WHOLE_AVX512_SHA_NI BY_ISA(hats_hash_sha256_whole_portable, whole_avx512_sha_ni)

/* Chains: kernel, how many it likes best, and the kernel of counters. A full AVX-512 vector is no faster
 * than the SHA instructions, which need no full vector. */
#define CHAIN_PLAIN hats_hash_sha256_chain_portable, 1, hats_hash_sha256_counter_portable
#if defined(__x86_64__)
#define CHAIN_AVX2 hats_hash_sha256_chain_avx2, 8, hats_hash_sha256_counter_avx2
#define CHAIN_AVX512 hats_hash_sha256_chain_avx512, 16, hats_hash_sha256_counter_avx512
#define CHAIN_SHA_NI hats_hash_sha256_chain_sha_ni, 3, hats_hash_sha256_counter_sha_ni
#else
#define CHAIN_AVX2 CHAIN_PLAIN
#define CHAIN_AVX512 CHAIN_PLAIN
#define CHAIN_SHA_NI CHAIN_PLAIN
#endif

/* [backend][has SHA-NI] */
static const struct hats_hash_kernels tables[HATS_BACKEND_COUNT][2] = {
    [HATS_PORTABLE] = {{hats_hash_keccak_x8_portable, SHA_PLAIN, LANES_PLAIN, WHOLE_PLAIN,
                        CHAIN_PLAIN},
                       {hats_hash_keccak_x8_portable, SHA_PLAIN, LANES_PLAIN, WHOLE_PLAIN,
                        CHAIN_PLAIN}},
    [HATS_AVX2] = {{KECCAK_AVX2, SHA_PLAIN, LANES_AVX2, WHOLE_AVX2, CHAIN_AVX2},
                   {KECCAK_AVX2, SHA_NI, LANES_AVX2_SHA_NI, WHOLE_AVX2_SHA_NI, CHAIN_SHA_NI}},
    [HATS_AVX512] = {{KECCAK_AVX512, SHA_PLAIN, LANES_AVX512, WHOLE_AVX512, CHAIN_AVX512},
                     {KECCAK_AVX512, SHA_NI, LANES_AVX512_SHA_NI, WHOLE_AVX512_SHA_NI,
                      CHAIN_SHA_NI}},
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const struct hats_hash_kernels *chosen = &tables[HATS_PORTABLE][0];

/* With the SHA instructions, or else without them: the vectors are not to blame then. */
static bool passes(enum hats_backend b) {
    bool sha_ni = hats_cpu_sha_ni();
    if (sha_ni && hats_hash_self_test(&tables[b][1])) {
        chosen = &tables[b][1];
        return true;
    }
    if (!hats_hash_self_test(&tables[b][0]))
        return false;
    if (sha_ni)
        hats_cpu_report_failed("hash", "sha-ni");
    chosen = &tables[b][0];
    return true;
}

static void choose(void) { hats_cpu_tested("hash", passes); }

const struct hats_hash_kernels *hats_hash_kernels(void) {
    pthread_once(&once, choose);
    return chosen;
}

const struct hats_hash_kernels *hats_hash_kernels_of(enum hats_backend b) {
    return hats_cpu_available(b) ? &tables[b][hats_cpu_sha_ni()] : NULL;
}

const struct hats_hash_kernels *hats_hash_kernels_without_sha_ni(enum hats_backend b) {
    return hats_cpu_available(b) ? &tables[b][0] : NULL;
}
