/* Which instruction sets this run uses.
 *
 * The best backend that the processor has is chosen once, at the first call; HATS_CPU=portable, avx2
 * or avx512 in the environment lowers it (never raises it). Tests walk over all available backends
 * with hats_cpu_available and take each folder's kernel table by backend.
 *
 *   portable   C only, the reference
 *   avx2       AVX2, BMI2
 *   avx512     AVX-512 F, DQ, BW, VL, IFMA, VBMI2, VPOPCNTDQ
 *
 * SHA-NI is a property of its own, since it comes with either.
 */
#ifndef HATS_BASE_CPU_H
#define HATS_BASE_CPU_H

#include <stdbool.h>

enum hats_backend { HATS_PORTABLE = 0, HATS_AVX2 = 1, HATS_AVX512 = 2, HATS_BACKEND_COUNT };

enum hats_backend hats_cpu_backend(void);
/* Does the processor have it, whatever HATS_CPU says? */
bool hats_cpu_available(enum hats_backend b);
bool hats_cpu_sha_ni(void); /* false too when the chosen backend is portable */
const char *hats_cpu_backend_name(enum hats_backend b);
/* Processor name as the operating system tells it, for reports. */
const char *hats_cpu_model(void);

#endif
