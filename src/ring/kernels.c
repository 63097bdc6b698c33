#include "ring/kernels.h"

const struct hats_ring_kernels *hats_ring_kernels_of(enum hats_backend b) {
    if (!hats_cpu_available(b))
        return NULL;
#if defined(__x86_64__)
    if (b == HATS_AVX512)
        return &hats_ring_avx512;
    if (b == HATS_AVX2)
        return &hats_ring_avx2;
#endif
    return &hats_ring_portable;
}

const struct hats_ring_kernels *hats_ring_kernels(void) {
    return hats_ring_kernels_of(hats_cpu_backend());
}
