/* What both statements say of noise: its table, its window, and the global a0. */
#ifndef HATS_STATEMENTS_NOISE_H
#define HATS_STATEMENTS_NOISE_H

#include "fhe/params.h"

#include <stddef.h>

#define HATS_NOISE_TAG 1 /* of the lookup table */
#define HATS_NOISE_VALUES (2 * HATS_LINEAR_NOISE_MAX + 1)

/* The window of sum e^2 begins at 10.5 N - 2^14, twice as far below 10.5 N for N above 8192 (12 standard
 * deviations of honest noise or more), and has 2^10 N values. */
#define HATS_NOISE_WINDOW(n) ((uint64_t)(n) / 2 * 21 - (UINT64_C(1) << ((n) > 8192 ? 15 : 14)))
#define HATS_NOISE_WINDOW_BITS(log_n) ((log_n) + 10)

/* HATS_NOISE_VALUES rows, from -HATS_LINEAR_NOISE_MAX up. */
void hats_noise_table(uint64_t *values, uint64_t *tags);
/* Adds how often each value occurs in e (n of them); the result is how many of e have none. Constant time. */
uint64_t hats_noise_count(uint64_t *counts, const int8_t *e, size_t n);
/* sum e^2 less the lower end of the window: at least 2^10 n where it misses the window.
 * Constant time. */
uint64_t hats_noise_slack(const int8_t *e, size_t n);
/* a0, n coefficients. */
void hats_noise_a0(uint64_t *a0, size_t n);

#endif
