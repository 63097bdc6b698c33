/* Registering a public key: PUT /v1/keys/{kid in hex}.
 *
 * Body: deterministic CBOR map {1: public key object, 2: owner's ML-DSA-65 public key (1952 bytes),
 * 3: COSE_Sign1 by that key, 4: proof that the key is one (statements/key.h), made for the
 * nonce below}. The signed payload is the map {1: version = 1, 2: kid, 3: owner key
 * thumbprint, 4: origin the key is registered with ("https://host:port"), 5: unix ms, 6: nonce of a
 * challenge, 7: [proof suite, H(proof)]}; without a proof neither 4 nor 7 is there; content type application/vnd.hats.key-registration+cose. The origin is what the client
 * dialled, so a registration cannot be carried to another server; the nonce is this server's to this tenant
 * and good once, so it cannot be made beforehand or replayed.
 */
#ifndef HATS_WIRE_REGISTRATION_H
#define HATS_WIRE_REGISTRATION_H

#include "base/cursor.h"
#include "base/status.h"
#include "wire/challenge.h"

#define HATS_REGISTRATION_MAX_BYTES (192u * 1024u)

struct hats_sign_key;

struct hats_registration {
    uint8_t kid[32];
    uint8_t owner[32]; /* COSE key thumbprint of the owner */
    char origin[HATS_ORIGIN_MAX];
    uint64_t unix_ms;
    uint8_t nonce[HATS_NONCE_LEN];
    const uint8_t *public_key; /* borrowed from the body */
    size_t public_key_len;
    uint32_t proof_suite; /* not 0 where there is a proof */
    const uint8_t
        *proof; /* borrowed from the body; NULL: none came. Its digest is the signed one */
    size_t proof_len;
};

/* What the proof of a key is made for: H("HATS-REG-1" pad16 | nonce | owner | rp_id of the origin), so that it is
 * of no use to another owner, or at another server. */
void hats_registration_proof_nonce(uint8_t out[32], const uint8_t nonce[HATS_NONCE_LEN],
                                   const uint8_t owner[32], const char *origin);
/* proof NULL: none; suite and length are then 0. */
HATS_MUST_USE hats_status hats_registration_encode(struct hats_buffer *out,
                                                   const uint8_t *public_key, size_t public_key_len,
                                                   const struct hats_sign_key *owner,
                                                   const char *origin, uint64_t unix_ms,
                                                   const uint8_t nonce[HATS_NONCE_LEN],
                                                   uint32_t proof_suite, const uint8_t *proof,
                                                   size_t proof_len, struct hats_error *err);
/* Decodes, recomputes kid, thumbprint and H(proof), verifies the owner's signature. HATS_E_VERIFY when the
 * signature or a digest does not hold. The caller compares origin, time and nonce. */
HATS_MUST_USE hats_status hats_registration_decode(struct hats_registration *out,
                                                   const uint8_t *body, size_t len_bytes,
                                                   struct hats_error *err);

#endif
