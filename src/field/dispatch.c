/* The only file of this folder that knows processors. */
#include "field/kernels.h"

#include <pthread.h>

static const struct hats_field_kernels *const tables[HATS_BACKEND_COUNT] = {
    [HATS_PORTABLE] = &hats_field_portable,
#if defined(__x86_64__)
    [HATS_AVX2] = &hats_field_avx2,
    [HATS_AVX512] = &hats_field_avx512,
#endif
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const struct hats_field_kernels *chosen;

static bool passes(enum hats_backend b) { return hats_field_self_test(tables[b]); }

static void choose(void) { chosen = tables[hats_cpu_tested("field", passes)]; }

const struct hats_field_kernels *hats_field_kernels(void) {
    pthread_once(&once, choose);
    return chosen;
}

const struct hats_field_kernels *hats_field_kernels_of(enum hats_backend b) {
    return hats_cpu_available(b) ? tables[b] : NULL;
}
