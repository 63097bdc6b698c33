/* Inside the client: proofs of encryption and of keys. What outlives a proof is kept: setups, memory, threads.
 *
 * A request carries no data commitment yet: one that no source has signed would add to a proof nothing that
 * its maker could not choose anyway. */
#ifndef HATS_CLIENT_PROVE_H
#define HATS_CLIENT_PROVE_H

#include "client/home.h"
#include "model/plan.h"
#include "wire/core.h"

struct hats_client_prover;
/* *out is NULL on failure. HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_client_prover_new(struct hats_client_prover **out,
                                                 struct hats_error *err);
/* Wipes. prover may be NULL. */
void hats_client_prover_free(struct hats_client_prover *prover);

/* Appends the proof that `ciphertext` is what it should be under the core's ctx and with its proof suite; e: the
 * noise of hats_linear_encrypt_open, x: the inputs. Nothing secret is left outside the prover. */
HATS_MUST_USE hats_status hats_client_prove_call(
    struct hats_client_prover *prover, struct hats_buffer *proof, const struct hats_plan *plan,
    const uint8_t plan_digest[32], const struct hats_core *core, const struct hats_owner *owner,
    const uint8_t *ciphertext, size_t ciphertext_len, const int8_t *e, const int32_t *x,
    struct hats_error *err);
/* Appends the proof, of suite S128, that the owner's key is one, made for this nonce. */
HATS_MUST_USE hats_status hats_client_prove_key(struct hats_client_prover *prover,
                                                struct hats_buffer *proof,
                                                const struct hats_owner *owner,
                                                const uint8_t nonce[32], struct hats_error *err);

#endif
