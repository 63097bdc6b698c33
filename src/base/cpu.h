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
 *
 * A backend is believed only after it has shown that it computes: before a folder first hands out its
 * kernels it runs each of them once on a small fixed input and compares with portable C, and takes the
 * next lower backend where they differ (a compiler's mistake, a processor's, an emulator's). The next
 * three functions are for that.
 */
#ifndef HATS_BASE_CPU_H
#define HATS_BASE_CPU_H

#include <stdbool.h>
#include <stddef.h>

enum hats_backend { HATS_PORTABLE = 0, HATS_AVX2 = 1, HATS_AVX512 = 2, HATS_BACKEND_COUNT };

enum hats_backend hats_cpu_backend(void);
/* Does the processor have it, whatever HATS_CPU says? */
bool hats_cpu_available(enum hats_backend b);
bool hats_cpu_sha_ni(void); /* false too when the chosen backend is portable */
const char *hats_cpu_backend_name(enum hats_backend b);

/* The best backend that passes its folder's self-test, from hats_cpu_backend() downwards; portable is not
 * asked. `passes` is called in turn, in this thread; those that fail are reported. `folder` stays the
 * caller's and must live as long as the process, as here below. */
enum hats_backend hats_cpu_tested(const char *folder, bool (*passes)(enum hats_backend b));
/* Remembers kernels that failed: "field", "avx512". */
void hats_cpu_report_failed(const char *folder, const char *kernels);
/* Has a self-test failed since the start, in the folders used so far? Writes which: "field avx512, hash
 * sha-ni", cut off at the buffer's end; "" when none has. len_bytes > 0; 160 are enough. Thread-safe. */
bool hats_cpu_self_test_failed(char *text, size_t len_bytes);

/* Processor name as the operating system tells it, for reports. */
const char *hats_cpu_model(void);

#endif
