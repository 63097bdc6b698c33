/* The encryption statement, for those who know what it says: key holders. */
#ifndef HATS_STATEMENTS_ENCRYPTION_PROVE_H
#define HATS_STATEMENTS_ENCRYPTION_PROVE_H

#include "stark/prove.h"
#include "statements/encryption.h"

/* Borrowed; the caller wipes. */
struct hats_encryption_witness {
    const int8_t *s, *e0;                          /* N each */
    const int8_t *e;                               /* N for each ciphertext */
    const int32_t *x;                              /* d a record; not read with source fields */
    const int64_t *fields;                         /* n_fields a record; source fields only */
    const uint64_t (*salts)[HATS_ENCRYPTION_SALT]; /* one a record, canonical; with a source */
};

/* The table: column c from trace + c N on, hats_encryption_trace_words of it, 64-byte aligned. Constant
 * time in the witness. HATS_E_RANGE: a value outside a box that does not clip, or a window that the noise
 * misses; the trace is then zero. */
size_t hats_encryption_trace_words(const struct hats_encryption_setup *setup);
HATS_MUST_USE hats_status hats_encryption_fill(uint64_t *trace,
                                               const struct hats_encryption_setup *setup,
                                               const struct hats_encryption_witness *witness,
                                               struct hats_error *err);

/* Appends the proof. coins and options: stark/prove.h. HATS_E_VERIFY: the witness is none for this public
 * input. */
HATS_MUST_USE hats_status hats_encryption_prove(struct hats_buffer *proof,
                                                const struct hats_encryption_public *pub,
                                                const struct hats_encryption_witness *witness,
                                                const uint8_t coins[HATS_STARK_COINS_LEN],
                                                const struct hats_stark_options *options,
                                                struct hats_error *err);

#endif
