/* What the tests of evidence share: keys of fixed seeds, a receipt with every claim told apart, and a
 * way to sign files that the library itself would never write. */
#ifndef HATS_TESTS_EVIDENCE_FIXTURE_H
#define HATS_TESTS_EVIDENCE_FIXTURE_H

#include "evidence/publication.h"
#include "evidence/receipt.h"

#define SAMPLE_DONE_MS 1790000000123ull /* September 2026 */
#define SAMPLE_NOW_MS (SAMPLE_DONE_MS + 60000)

/* A key pair whose seed begins with `first`; ends the program when it cannot be made. */
struct hats_sign_key *sample_key(enum hats_mldsa_level level, uint8_t first);
void sample_receipt(struct hats_receipt *out);
/* The receipt of a session's opening or closing. */
void sample_session(struct hats_receipt *out, bool closes);
void sample_publication(struct hats_publication *out);
/* Adds the key under "St. Elsewhere", valid from a day before the sample without end. */
void sample_trust(struct hats_trust *t, const struct hats_sign_key *key, unsigned roles);

/* Signs as hats_cose_sign does, but with any protected header, unprotected item and payload, and with
 * `context` where the standard has "Signature1". */
void sign_raw(struct hats_buffer *out, const struct hats_sign_key *key, const uint8_t *header,
              size_t header_len, const uint8_t *unprotected, size_t unprotected_len,
              const uint8_t *payload, size_t payload_len, const char *context);
/* A valid protected header for this key, with these values in place. */
size_t raw_header(uint8_t *out, size_t cap, const struct hats_sign_key *key, int alg,
                  const char *type, const char *issuer, uint64_t issued_s);

#endif
