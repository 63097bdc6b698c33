/* The key statement, for the holder of the key. */
#ifndef HATS_STATEMENTS_KEY_PROVE_H
#define HATS_STATEMENTS_KEY_PROVE_H

#include "stark/prove.h"
#include "statements/key.h"

/* s and e0: N each, borrowed. Fills hats_key_trace_words, 64-byte aligned, column c from trace + c N on.
 * Constant time. HATS_E_RANGE: not ternary, too long or too short, or noise that is none. */
size_t hats_key_trace_words(const struct hats_key_setup *setup);
HATS_MUST_USE hats_status hats_key_fill(uint64_t *trace, const struct hats_key_setup *setup,
                                        const int8_t *s, const int8_t *e0, struct hats_error *err);

/* Appends the proof. coins and options: stark/prove.h. HATS_E_VERIFY: s and e0 are not those of b0. */
HATS_MUST_USE hats_status hats_key_prove(struct hats_buffer *proof,
                                         const struct hats_key_public *pub, const int8_t *s,
                                         const int8_t *e0,
                                         const uint8_t coins[HATS_STARK_COINS_LEN],
                                         const struct hats_stark_options *options,
                                         struct hats_error *err);

#endif
