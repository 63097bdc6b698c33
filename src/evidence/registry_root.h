/* The signed root of a registry of devices: under which root sessions may prove membership, and from which
 * sequence number on.
 *
 * A COSE_Sign1 of type application/vnd.hats.registry-root+cose; payload, all keys required:
 *     1 version = 1 | 2 seq, 1 .. | 3 min_seq <= seq | 4 root b32, four elements below p | 5 devices in it |
 *     6 epoch | 7 published, ms since 1970 | 8 SHA-256 of the file before, null for seq 1
 *
 * Each root names the one before, so a registrar's roots are one chain. min_seq never falls; to revoke at once is to publish a root whose min_seq is
 * its own seq: every session under an older one ends at its next call. The name of the registrar is the issuer.
 */
#ifndef HATS_EVIDENCE_REGISTRY_ROOT_H
#define HATS_EVIDENCE_REGISTRY_ROOT_H

#include "evidence/trust.h"

#define HATS_TYPE_REGISTRY_ROOT "application/vnd.hats.registry-root+cose"
#define HATS_REGISTRY_ROOT_MAX_BYTES 8192
#define HATS_REGISTRY_DEVICES_MAX (UINT32_C(1) << 20)

struct hats_registry_root {
    uint64_t seq, min_seq;
    uint8_t root[32];
    uint32_t devices;
    uint32_t epoch;
    uint64_t published_ms;
    uint8_t previous[32]; /* zero for seq 1 */
};

/* Appends the bytes of the signed file. HATS_E_RANGE, HATS_E_CANONICAL: not such a statement. */
HATS_MUST_USE hats_status hats_registry_root_sign(struct hats_buffer *out,
                                                  const struct hats_registry_root *r,
                                                  const struct hats_sign_key *registrar,
                                                  const char *name, struct hats_error *err);
/* Checks signature and signer (role: registrar). Errors as hats_trust_check, HATS_E_VERIFY for a time in the
 * future; err names the field. *key (may be NULL) gets the registrar's key, *entry (may be NULL) the file's digest, which the next
 * root names. *out is zero on failure. */
HATS_MUST_USE hats_status hats_registry_root_verify(struct hats_registry_root *out,
                                                    const struct hats_trust_key **key,
                                                    uint8_t entry[32], const uint8_t *bytes,
                                                    size_t len_bytes,
                                                    const struct hats_trust *trust, uint64_t now_ms,
                                                    struct hats_error *err);
/* The payload without the signature. */
HATS_MUST_USE hats_status hats_registry_root_decode(struct hats_registry_root *out,
                                                    const uint8_t *payload, size_t len_bytes,
                                                    struct hats_error *err);

/* May a reader who has seen `seen`, the file of digest seen_entry, go on to `next`, of the same registrar?
 * HATS_OK also for the very same. HATS_E_TRUST: it is older. HATS_E_CONFLICT: the registrar contradicts itself
 * (another root of the same number, a next one that names another before it, a min_seq, epoch or time that goes
 * back): keep both files, they prove it. Numbers that lie between may be missing. */
HATS_MUST_USE hats_status hats_registry_root_follows(const struct hats_registry_root *seen,
                                                     const uint8_t seen_entry[32],
                                                     const struct hats_registry_root *next,
                                                     const uint8_t next_entry[32],
                                                     struct hats_error *err);

#endif
