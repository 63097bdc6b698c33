/* The only file of this folder that knows processors. */
#include "field/kernels.h"

static const struct hats_field_kernels *const tables[HATS_BACKEND_COUNT] = {
    [HATS_PORTABLE] = &hats_field_portable,
#if defined(__x86_64__)
    [HATS_AVX2] = &hats_field_avx2,
    [HATS_AVX512] = &hats_field_avx512,
#endif
};

const struct hats_field_kernels *hats_field_kernels(void) { return tables[hats_cpu_backend()]; }

const struct hats_field_kernels *hats_field_kernels_of(enum hats_backend b) {
    return hats_cpu_available(b) ? tables[b] : NULL;
}
