/* Hashed n-grams of a text, profile 1: what the text models read. Integers only.
 *
 *  1. ASCII upper case becomes lower case; ' and U+2019 are deleted; every other byte outside
 *     [a-z0-9] becomes a blank; what blanks separate are the words.
 *  2. Grams: "w1:a" for every word, "w2:a b" for every pair of neighbours, and "cn:" with every run
 *     of n = 3, 4, 5 bytes inside " word " (with its two blanks). Each distinct gram counts once.
 *  3. h = finaliser of MurmurHash3 (fmix64) of FNV-1a 64 of the gram. Slot h mod (d-1); sign minus if
 *     the top bit of h is set; weight 2 for word grams, 1 for character grams; summed.
 *  4. Slot d-1 = ||x||_2 rounded to the nearest integer; it carries the intercept, so that a model
 *     trained on normalised rows needs no normalisation: the arg-max is the same.
 */
#ifndef HATS_MODEL_NGRAM_H
#define HATS_MODEL_NGRAM_H

#include "base/status.h"

#define HATS_NGRAM_PROFILE 1
#define HATS_NGRAM_MAX_TEXT (16u << 10) /* bytes */

/* x has d >= 2 entries. *sum_abs = sum |x_j| over j < d-1. An empty text gives zeros.
 * HATS_E_RANGE for a text over the bound; HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_ngram_features(int32_t *x, uint32_t d, uint64_t *sum_abs,
                                              const char *text, size_t len_bytes);

#endif
