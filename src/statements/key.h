/* The key statement: whoever registers a key knows its secret, and the secret is of the right kind
 * (docs/FORMATS.md, section 9.2).
 *
 *     b0 = -a0 s + e0,   s ternary,   3N/5 <= sum s^2 <= 73N/100,
 *     e0 in [-40, 40],   sum e0^2 - 10.5 N + 2^14 in [0, 2^22)
 *
 * made for a nonce, so that a proof is of today. It says nothing about who else knows s.
 */
#ifndef HATS_STATEMENTS_KEY_H
#define HATS_STATEMENTS_KEY_H

#include "stark/verify.h"

#define HATS_KEY_NONCE_LEN 32

/* Immutable, shared between threads. */
struct hats_key_setup;
/* HATS_E_VERSION: unknown suite or parameter set; HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_key_setup_new(struct hats_key_setup **out, unsigned suite,
                                             uint32_t set_id, struct hats_error *err);
void hats_key_setup_free(struct hats_key_setup *setup);
const struct hats_stark_setup *hats_key_setup_stark(const struct hats_key_setup *setup);

/* Borrowed. */
struct hats_key_public {
    const struct hats_key_setup *setup;
    const uint8_t *b0; /* N words, as in the public key object */
    uint8_t nonce[HATS_KEY_NONCE_LEN];
};

/* As hats_stark_verify, and HATS_E_CANONICAL for a word of b0 that is not below p. scratch:
 * hats_key_scratch_bytes of it. refusal may be NULL. */
HATS_MUST_USE hats_status hats_key_verify(const struct hats_key_public *pub, const uint8_t *proof,
                                          size_t proof_len_bytes, struct hats_arena *scratch,
                                          enum hats_stark_refusal *refusal, struct hats_error *err);
size_t hats_key_scratch_bytes(const struct hats_key_setup *setup);

#endif
