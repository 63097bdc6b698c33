/* The encryption statement of a call: what a plan, a request core and a ciphertext object say together.
 *
 * The plan's input programme is part of the statement. Without a data commitment in the core the source is
 * none: every feature lies in its box, lo .. hi. With one, the record's integers open it, and are
 *
 *     fields     where the plan reads columns: one integer a column, and x is what the rules make of them
 *                    number column     value * 10^decimals
 *                    category column   how many other texts the category rules of the column name before
 *                                      the cell's; all that they name where it is none of them
 *     features   x itself, where the plan reads a text, or a rule is more than fields can express (a cut at
 *                2^34 or beyond, more columns than a proof has room for)
 *
 * A record with a missing cell is not what the rules make of integers: it goes without a commitment.
 *
 * Nothing of this is chosen by the prover: H(parameters) holds the plan's digest and the commitment, ctx holds
 * H(parameters), and the public input holds ctx and the input digest, which follows from plan and source.
 */
#ifndef HATS_STATEMENTS_CALL_H
#define HATS_STATEMENTS_CALL_H

#include "model/plan.h"
#include "statements/builder.h"
#include "wire/core.h"

/* The source of a call of this plan whose core has, or has not, a data commitment. HATS_E_UNSUPPORTED: the
 * plan can have none (features of 2^14 and more, in magnitude, do not fit into one). */
HATS_MUST_USE hats_status hats_call_source(enum hats_encryption_source *out,
                                           const struct hats_plan *plan, bool has_data_commitment,
                                           struct hats_error *err);
/* The plan's input from this source; b is the caller's to clear. HATS_E_RANGE, HATS_E_UNSUPPORTED: the plan's
 * rules cannot be said so. HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_call_input(struct hats_input_builder *b,
                                          const struct hats_plan *plan,
                                          enum hats_encryption_source source,
                                          struct hats_error *err);
/* Integer `column` of a record's fields, for a cell of a category column. */
uint32_t hats_call_category_code(const struct hats_plan *plan, uint32_t column, const char *text);

/* The setup of a call: one record a proof. Errors as hats_call_source and hats_encryption_setup_new. */
HATS_MUST_USE hats_status hats_call_setup_new(struct hats_encryption_setup **out, unsigned suite,
                                              const struct hats_plan *plan,
                                              bool has_data_commitment, struct hats_error *err);

/* Setups that were used lately, by plan digest, suite and commitment or none; for many threads. */
struct hats_call_setups;
/* Keeps n_max of them, some 200 KiB each. NULL: no memory. */
struct hats_call_setups *hats_call_setups_new(size_t n_max);
/* All must have been given back. setups may be NULL. */
void hats_call_setups_free(struct hats_call_setups *setups);
/* Give it back with _give; made under the lock when it is not there. *out is NULL on failure. */
HATS_MUST_USE hats_status hats_call_setups_take(struct hats_call_setups *setups,
                                                const struct hats_encryption_setup **out,
                                                unsigned suite, const struct hats_plan *plan,
                                                const uint8_t plan_digest[32],
                                                bool has_data_commitment, struct hats_error *err);
void hats_call_setups_give(struct hats_call_setups *setups,
                           const struct hats_encryption_setup *setup);

/* What H(parameters) of a request of this plan covers; the core's own digest is not read. box_digest:
 * hats_plan_box_digest of the plan. */
void hats_call_parameters_of(struct hats_call_parameters *out, const struct hats_plan *plan,
                             const uint8_t plan_digest[32], const uint8_t box_digest[32],
                             const struct hats_core *core);

/* The public input of a call; may not be moved: `public` points into it. */
struct hats_call_statement {
    struct hats_encryption_public public;
    struct hats_ciphertext_part parts[HATS_LINEAR_MAX_CIPHERTEXTS];
    uint64_t commitment[1][HATS_STARK_RPO_DIGEST];
};
/* The objects are borrowed. core: op infer; its ctx, key identity and commitment are used, its digests are the
 * caller's to compare. HATS_E_VERIFY: the public key is not the core's. Otherwise HATS_E_MALFORMED,
 * HATS_E_VERSION, HATS_E_CANONICAL (a commitment that is none): an object is not one. */
HATS_MUST_USE hats_status hats_call_statement_init(
    struct hats_call_statement *out, const struct hats_encryption_setup *setup,
    const struct hats_plan *plan, const struct hats_core *core, const uint8_t *public_key,
    size_t public_key_len_bytes, const uint8_t *ciphertext, size_t ciphertext_len_bytes,
    struct hats_error *err);

/* A data commitment as the core carries it: four elements, big-endian. HATS_E_CANONICAL. */
void hats_call_commitment_encode(uint8_t out[32], const uint64_t commitment[HATS_STARK_RPO_DIGEST]);
HATS_MUST_USE hats_status hats_call_commitment_decode(uint64_t out[HATS_STARK_RPO_DIGEST],
                                                      const uint8_t bytes[32],
                                                      struct hats_error *err);

#endif
