/* A bundle: everything about one call in one file, so that what its receipt asserts can be proven again by
 * anybody, offline.
 *
 * A map of HATS-CBOR-1 (docs/FORMATS.md, section 13), every value the bytes of an object as it travelled:
 *
 *      0 "application/vnd.hats.bundle+cbor"      7 registration of the key, or null
 *      1 version = 1                             8 publication of the model
 *      2 receipt                                 9 plan
 *      3 request core                           10 answer object, or null
 *      4 ciphertext object                      11 request that opened the session, or null
 *      5 proof of encryption                    12 receipt of the session, or null
 *      6 public key object
 *
 * The parts hang together by digests: receipt -> R = H(core), model commitment, plan, session; core ->
 * ciphertext, proof, key, parameters; publication -> plan. Whoever holds the file learns nothing of the record
 * from it: that is what the proof is for.
 */
#ifndef HATS_BUNDLE_BUNDLE_H
#define HATS_BUNDLE_BUNDLE_H

#include "evidence/receipt.h"

#define HATS_BUNDLE_VERSION 1
#define HATS_BUNDLE_MAX_BYTES (64u << 20) /* as much as the ciphertexts of the largest model */

enum hats_bundle_part {
    HATS_BUNDLE_RECEIPT = 2,
    HATS_BUNDLE_CORE = 3,
    HATS_BUNDLE_CIPHERTEXT = 4,
    HATS_BUNDLE_PROOF = 5,
    HATS_BUNDLE_PUBLIC_KEY = 6,
    HATS_BUNDLE_REGISTRATION = 7,
    HATS_BUNDLE_PUBLICATION = 8,
    HATS_BUNDLE_PLAN = 9,
    HATS_BUNDLE_OUTPUT = 10,
    HATS_BUNDLE_SESSION = 11,
    HATS_BUNDLE_SESSION_RECEIPT = 12,
    HATS_BUNDLE_END = 13,
};

struct hats_bundle {
    struct {
        const uint8_t *data; /* borrowed; NULL: not there */
        size_t len_bytes;
    } part[HATS_BUNDLE_END]; /* 0 and 1 are not used */
};

/* Does it begin like one? */
bool hats_bundle_looks_like(const uint8_t *bytes, size_t len_bytes);
/* Appends the file. HATS_E_RANGE: a part that may not be left out is; HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_bundle_encode(struct hats_buffer *out, const struct hats_bundle *b,
                                             struct hats_error *err);
/* Splits it; the parts are looked at by hats_bundle_verify. HATS_E_MALFORMED, HATS_E_CANONICAL,
 * HATS_E_VERSION, HATS_E_UNSUPPORTED. *out is zero on failure. */
HATS_MUST_USE hats_status hats_bundle_decode(struct hats_bundle *out, const uint8_t *bytes,
                                             size_t len_bytes, struct hats_error *err);

/* Everything: the receipt as hats_receipt_verify, then each link above, then the proofs. *report is that of
 * the receipt, with the rows that the other parts prove said so. Takes memory of its own for the proof, tens
 * of MiB at most. Status as hats_receipt_verify; HATS_E_VERIFY names the link that does not hold. */
HATS_MUST_USE hats_status hats_bundle_verify(struct hats_report *report,
                                             const struct hats_bundle *b,
                                             const struct hats_trust *trust, uint64_t now_ms,
                                             struct hats_error *err);

#endif
