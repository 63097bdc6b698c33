/* Randomness and time from the operating system. */
#ifndef HATS_BASE_RANDOM_H
#define HATS_BASE_RANDOM_H

#include "base/status.h"

/* getrandom(2) until len bytes are there. HATS_E_RANDOM when the kernel refuses. */
HATS_MUST_USE hats_status hats_random(void *out, size_t len_bytes);

/* For tests only: replace the source. fill returns false to fail. NULL restores the real one. */
void hats_random_set_source(bool (*fill)(void *ctx, void *out, size_t len_bytes), void *ctx);

/* Milliseconds since 1970 (UTC), and a monotonic clock in nanoseconds. */
uint64_t hats_now_ms(void);
uint64_t hats_monotonic_ns(void);

#endif
