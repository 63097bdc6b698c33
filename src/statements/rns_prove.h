/* The encryption statement over several moduli, for key holders. */
#ifndef HATS_STATEMENTS_RNS_PROVE_H
#define HATS_STATEMENTS_RNS_PROVE_H

#include "stark/prove.h"
#include "statements/rns.h"

/* Borrowed; the caller wipes. */
struct hats_rns_witness {
    const int8_t *s, *e0; /* N */
    const int8_t *e;      /* [n_ct][N] */
    const int64_t *m;     /* [n_ct][N] */
};

/* Column c from trace + c N on, 64-byte aligned. Constant time in the witness. HATS_E_RANGE: a plaintext
 * or a quotient outside its range (the witness is not that of the ciphertext), or noise that is none; HATS_E_MEMORY.
 * The trace is zero then. */
size_t hats_rns_trace_words(const struct hats_rns_setup *setup);
HATS_MUST_USE hats_status hats_rns_fill(uint64_t *trace, const struct hats_rns_public *pub,
                                        const struct hats_rns_witness *witness,
                                        struct hats_error *err);

/* Appends the proof. coins and options: stark/prove.h. HATS_E_VERIFY: the witness is none for this public
 * input. */
HATS_MUST_USE hats_status hats_rns_prove(struct hats_buffer *proof,
                                         const struct hats_rns_public *pub,
                                         const struct hats_rns_witness *witness,
                                         const uint8_t coins[HATS_STARK_COINS_LEN],
                                         const struct hats_stark_options *options,
                                         struct hats_error *err);

#endif
