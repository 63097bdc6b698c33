#include "statements/digits.h"

#include "base/bytes.h"

#include <assert.h>

#define LOW 256   /* values of the low byte of a digit */
#define BLOCK 255 /* cells before a byte could overflow */

/* few[256 h + l] += 1 for the digit 256 h + l. */
static void count_one(uint8_t *few, unsigned n_high, uint32_t digit) {
    uint8_t hot[LOW], low = (uint8_t)digit;
    for (unsigned v = 0; v < LOW; v++)
        hot[v] = (uint8_t)((uint8_t)v == low);
    for (unsigned h = 0; h < n_high; h++) {
        uint8_t mask = (uint8_t)(0u - (unsigned)(digit >> 8 == h));
        for (unsigned v = 0; v < LOW; v++)
            few[h * LOW + v] = (uint8_t)(few[h * LOW + v] + (hot[v] & mask));
    }
}

void hats_digits_count(uint64_t *counts, unsigned n_bits, const uint64_t *cells, size_t n) {
    uint8_t few[1u << HATS_DIGITS_MAX_BITS];
    size_t n_values = (size_t)1 << n_bits;
    assert(n_bits >= HATS_DIGITS_MIN_BITS && n_bits <= HATS_DIGITS_MAX_BITS);
    for (size_t first = 0; first < n; first += BLOCK) {
        size_t len = n - first < BLOCK ? n - first : BLOCK;
        memset(few, 0, n_values);
        for (size_t i = 0; i < len; i++)
            count_one(few, (unsigned)(n_values / LOW), (uint32_t)cells[first + i]);
        for (size_t v = 0; v < n_values; v++)
            counts[v] += few[v];
    }
    hats_wipe(few, sizeof few);
}
