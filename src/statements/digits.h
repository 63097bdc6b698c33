/* How often each digit occurs, for the multiplicities of lookup tables. */
#ifndef HATS_STATEMENTS_DIGITS_H
#define HATS_STATEMENTS_DIGITS_H

#include <stddef.h>
#include <stdint.h>

#define HATS_DIGITS_MIN_BITS 8
#define HATS_DIGITS_MAX_BITS 14

/* counts[v] += how many of the n cells are v, for v < 2^n_bits; every cell is below 2^n_bits. Constant time:
 * the whole table is passed over for every cell, in bytes. */
void hats_digits_count(uint64_t *counts, unsigned n_bits, const uint64_t *cells, size_t n);

#endif
