/* The only file of this folder that knows processors. */
#include "hash/kernels.h"

#if defined(__x86_64__)
#define BY_ISA(portable, other) (other)
#else
#define BY_ISA(portable, other) (portable)
#endif

#define KECCAK_AVX2 BY_ISA(hats_hash_keccak_x8_portable, hats_hash_keccak_x8_avx2)
#define KECCAK_AVX512 BY_ISA(hats_hash_keccak_x8_portable, hats_hash_keccak_x8_avx512)
#define SHA_PLAIN hats_hash_sha256_blocks_portable
#define SHA_NI BY_ISA(hats_hash_sha256_blocks_portable, hats_hash_sha256_blocks_sha_ni)

/* [backend][has SHA-NI] */
static const struct hats_hash_kernels tables[HATS_BACKEND_COUNT][2] = {
    [HATS_PORTABLE] = {{hats_hash_keccak_x8_portable, SHA_PLAIN},
                       {hats_hash_keccak_x8_portable, SHA_PLAIN}},
    [HATS_AVX2] = {{KECCAK_AVX2, SHA_PLAIN}, {KECCAK_AVX2, SHA_NI}},
    [HATS_AVX512] = {{KECCAK_AVX512, SHA_PLAIN}, {KECCAK_AVX512, SHA_NI}},
};

const struct hats_hash_kernels *hats_hash_kernels(void) {
    return &tables[hats_cpu_backend()][hats_cpu_sha_ni()];
}

const struct hats_hash_kernels *hats_hash_kernels_of(enum hats_backend b) {
    return hats_cpu_available(b) ? &tables[b][hats_cpu_sha_ni()] : NULL;
}
