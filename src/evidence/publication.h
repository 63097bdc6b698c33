/* The publication of a model: its publisher's signature over what will be evaluated, and under which name.
 *
 * A COSE_Sign1 of type application/vnd.hats.model+cose; payload, all keys required:
 *     1 version = 1 | 2 model commitment b32 | 3 name | 4 model version | 5 plan digest b32
 *     6 parameter set id | 7 log2 t | 8 published, ms since 1970 | 9 publisher
 *
 * The plan digest is that of the public client description: what a client must hold to encode its input.
 * The model commitment is salted (evidence/digest.h): it binds plan and weights and reveals neither.
 */
#ifndef HATS_EVIDENCE_PUBLICATION_H
#define HATS_EVIDENCE_PUBLICATION_H

#include "evidence/receipt.h"

#define HATS_PUBLICATION_MAX_BYTES 8192

struct hats_publication {
    uint8_t model_commitment[32];
    char name[HATS_MODEL_NAME_MAX];
    char model_version[HATS_MODEL_NAME_MAX];
    uint8_t plan_digest[32];
    uint32_t set_id;
    unsigned log_t;
    uint64_t published_ms;
    char publisher[HATS_ISSUER_MAX];
};

/* Appends the bytes of the signed file. */
HATS_MUST_USE hats_status hats_publication_sign(struct hats_buffer *out,
                                                const struct hats_publication *p,
                                                const struct hats_sign_key *publisher,
                                                struct hats_error *err);
/* Checks signature and signer (role: model publisher). Errors as hats_trust_verify; err names the field.
 * *key (may be NULL) gets the publisher's key. *out is zero on failure. */
HATS_MUST_USE hats_status hats_publication_verify(struct hats_publication *out,
                                                  const struct hats_trust_key **key,
                                                  const uint8_t *bytes, size_t len_bytes,
                                                  const struct hats_trust *trust, uint64_t now_ms,
                                                  struct hats_error *err);
/* Reads the payload without checking the signature; for `inspect`. */
HATS_MUST_USE hats_status hats_publication_decode(struct hats_publication *out,
                                                  const uint8_t *payload, size_t len_bytes,
                                                  struct hats_error *err);

#endif
