/* The proofs that this service takes, and memory to check them in.
 *
 * At most so many are checked at one time, each in a slot's memory, which the slot keeps for the next one:
 * slots times the largest scratch (0.6 MiB for one ciphertext) is all there is, whatever comes, and the
 * gate's memory budget is for calls only beyond that. */
#ifndef HATS_GATE_VERIFIER_H
#define HATS_GATE_VERIFIER_H

#include "gate/gate.h"

struct hats_gate_verifier;
/* slots: 1 and more. *out is NULL on failure. */
HATS_MUST_USE hats_status hats_gate_verifier_new(struct hats_gate_verifier **out, unsigned slots,
                                                 struct hats_error *err);
/* Nothing may be under way. v may be NULL. */
void hats_gate_verifier_free(struct hats_gate_verifier *v);
/* Proofs of encryption and of keys (src/statements), required, suites S128 and S128-small. */
const struct hats_gate_proof_rules *hats_gate_verifier_rules(const struct hats_gate_verifier *v);

#endif
