/* The encryption statement: every ciphertext of a request is an encryption, under the registered key, of
 * records that the model may be given (docs/FORMATS.md, section 9.1).
 *
 *     c0_c = -a_c s + e_c + Delta sum_{i<B} x_{cB+i} X^i      for each ciphertext c, a_c from its seed
 *     b0   = -a0 s + e0                                       the registered key
 *     s ternary; e_c and e0 in [-40, 40], and not short: sum e^2 - 10.5 N + 2^14 in [0, 2^22)
 *     x within its box, and nothing beyond the last feature
 *     x computed from integers that open the commitment C_D (RPO, salted), if the input says so
 *
 * Where the plaintext comes from. A feature is a sum of at most two units, x_j = const + sum coeff y_k; a
 * unit is an integer in a box, and depending on the source
 *
 *     none       free: y_k in [lo, hi]
 *     features   free, and C_D = RPO(x_0 .. x_{d-1}, four to an element | salt)
 *     fields     y = floor((A d_f + B) / 2^28), clipped to [lo, hi] or refused outside;
 *                C_D = RPO(d_0 .. d_{n-1} | salt)
 *
 * A thermometer bit is a clip to [0, 1], an interval or a category the difference of two, so clinical
 * records, scorecards and texts are all of this form.
 *
 * What a model asks for is a setup: immutable, shared between threads, for a fixed number of records in one
 * proof. What a call adds is a struct hats_encryption_public.
 */
#ifndef HATS_STATEMENTS_ENCRYPTION_H
#define HATS_STATEMENTS_ENCRYPTION_H

#include "fhe/linear.h"
#include "stark/rpo.h"
#include "stark/verify.h"

#define HATS_ENCRYPTION_SHIFT 28 /* of A and B */
#define HATS_ENCRYPTION_MAX_RECORDS 64
#define HATS_ENCRYPTION_RPO_DOMAIN 4 /* of C_D from fields */
#define HATS_ENCRYPTION_RPO_DOMAIN_FEATURES \
    5                          /* of C_D from features, so that neither opens as the other */
#define HATS_ENCRYPTION_SALT 4 /* elements of F_p */
#define HATS_ENCRYPTION_PACK 4 /* features an element, 15 bits each */

enum hats_encryption_source {
    HATS_SOURCE_NONE = 0,
    HATS_SOURCE_FEATURES = 1,
    HATS_SOURCE_FIELDS = 2,
};

struct hats_encryption_unit {
    int32_t lo, hi;
    /* fields only, zero otherwise */
    bool clip;
    uint32_t field;
    int64_t a, b;
};

/* x = constant + sum_i coefficient[i] y_unit[i]; an unused term is unit 0, coefficient 0. */
struct hats_encryption_feature {
    int32_t constant;
    uint32_t unit[2];
    int32_t coefficient[2];
};

struct hats_encryption_input {
    uint32_t set_id;
    unsigned log_t;
    uint32_t d, block; /* features of a record, and of one ciphertext */
    enum hats_encryption_source source;
    uint32_t n_fields; /* integers of a record; 0 unless the source is fields */
    uint32_t n_units;
    const struct hats_encryption_unit *units;
    const struct hats_encryption_feature *features; /* d of them; NULL: x_j is unit j */
};

struct hats_encryption_setup;

/* For n_records of them in one proof. Copies the input. Takes some milliseconds: cache it. HATS_E_VERSION:
 * unknown suite or parameter set; HATS_E_RANGE: an input that is none, and what it is; HATS_E_UNSUPPORTED:
 * more ciphertexts or units than one proof has room for; HATS_E_INSECURE; HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_encryption_setup_new(struct hats_encryption_setup **out,
                                                    unsigned suite,
                                                    const struct hats_encryption_input *input,
                                                    uint32_t n_records, struct hats_error *err);
void hats_encryption_setup_free(struct hats_encryption_setup *setup);

const struct hats_stark_setup *hats_encryption_setup_stark(
    const struct hats_encryption_setup *setup);
/* Ciphertexts of one proof: records times ciphertexts a record. */
uint32_t hats_encryption_n_ciphertexts(const struct hats_encryption_setup *setup);
/* H of the canonical bytes of the input: the transform digest of a request's parameters. */
void hats_encryption_input_digest(uint8_t digest[HATS_SHA256_LEN],
                                  const struct hats_encryption_setup *setup);
/* The features of a record from its fields (source fields): what hats_encryption_prove will prove.
 * HATS_E_RANGE: a value outside a box that is not clipped, or too large. Constant time but for that. */
HATS_MUST_USE hats_status hats_encryption_apply(int32_t *x,
                                                const struct hats_encryption_setup *setup,
                                                const int64_t *fields, struct hats_error *err);
/* C_D of a record: of its fields or of its features, as the source says (not none). Constant time. */
void hats_encryption_commit(uint64_t commitment[HATS_STARK_RPO_DIGEST],
                            const struct hats_encryption_setup *setup, const int64_t *fields,
                            const int32_t *x, const uint64_t salt[HATS_ENCRYPTION_SALT]);

/* What is proven about: borrowed. Ciphertexts stand record by record, in a record block by block. */
struct hats_encryption_public {
    const struct hats_encryption_setup *setup;
    const uint8_t *b0; /* N words, as in the public key object */
    uint8_t ctx[32];
    const struct hats_ciphertext_part *ciphertexts;       /* fhe/linear.h */
    const uint64_t (*commitments)[HATS_STARK_RPO_DIGEST]; /* one a record; NULL without a source */
};

/* HATS_OK: the maker of the proof knows s, e0, e_c and x as above (stark/verify.h: what "knows" means).
 * Otherwise as hats_stark_verify, and HATS_E_CANONICAL for a word of c0, b0 or a commitment that is not
 * below p. scratch: hats_encryption_scratch_bytes of it. refusal may be NULL. */
HATS_MUST_USE hats_status hats_encryption_verify(const struct hats_encryption_public *pub,
                                                 const uint8_t *proof, size_t proof_len_bytes,
                                                 struct hats_arena *scratch,
                                                 enum hats_stark_refusal *refusal,
                                                 struct hats_error *err);
size_t hats_encryption_scratch_bytes(const struct hats_encryption_setup *setup);

#endif
