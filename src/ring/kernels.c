#include "ring/kernels.h"

#include <pthread.h>

static const struct hats_ring_kernels *const tables[HATS_BACKEND_COUNT] = {
    [HATS_PORTABLE] = &hats_ring_portable,
#if defined(__x86_64__)
    [HATS_AVX2] = &hats_ring_avx2,
    [HATS_AVX512] = &hats_ring_avx512,
#endif
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const struct hats_ring_kernels *chosen;

static bool passes(enum hats_backend b) { return hats_ring_self_test(tables[b]); }

static void choose(void) { chosen = tables[hats_cpu_tested("ring", passes)]; }

const struct hats_ring_kernels *hats_ring_kernels(void) {
    pthread_once(&once, choose);
    return chosen;
}

const struct hats_ring_kernels *hats_ring_kernels_of(enum hats_backend b) {
    return hats_cpu_available(b) ? tables[b] : NULL;
}
