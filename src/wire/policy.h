/* What a service asks of devices: published at /.well-known/hats, its digest in every session block.
 *
 * A deterministic CBOR map:
 *     1 version = 1 | 2 registrar, key thumbprint b32 | 3 posture mask, 32 bits | 4 [firmware class, ..] |
 *     5 [jurisdiction, ..], ISO 3166-1 numeric | 6 [assurance level, ..] | 7 nullifiers of a device in an epoch |
 *     8 length of an epoch, s | 9 most calls in a session | 10 longest life of a session, s |
 *     11 calls of a nullifier in an epoch | 12 supersessions of a nullifier in an epoch
 *
 * Lists ascend strictly and have 1 .. 200 entries; 11 and 12 are 0 where there is no limit.
 *
 *     policy digest = H("HATS-POL-1" pad16 | the map)
 *
 * Assurance levels: 0 software, 1 virtual TPM, 2 firmware TPM, 3 discrete TPM. A policy that admits level 0 is
 * satisfied by software; it says so in words wherever it is shown.
 */
#ifndef HATS_WIRE_POLICY_H
#define HATS_WIRE_POLICY_H

#include "base/cursor.h"
#include "base/status.h"

#define HATS_POLICY_SET_MAX 200
#define HATS_POLICY_MAX_BYTES 4096
#define HATS_POLICY_SLOTS_MAX 256
#define HATS_POLICY_EPOCH_MIN_S 60u
#define HATS_POLICY_EPOCH_MAX_S (31u * 86400u)

enum hats_assurance {
    HATS_ASSURANCE_SOFTWARE,
    HATS_ASSURANCE_VIRTUAL,
    HATS_ASSURANCE_FIRMWARE,
    HATS_ASSURANCE_DISCRETE,
    HATS_ASSURANCE_COUNT
};
/* For people; level 0: "software device: proves enrolment, not hardware". */
const char *hats_assurance_name(enum hats_assurance level);

struct hats_policy_set {
    uint32_t values[HATS_POLICY_SET_MAX];
    size_t n;
};

struct hats_policy {
    uint8_t registrar[32];
    uint32_t posture_mask;
    struct hats_policy_set firmware, jurisdictions, assurances;
    uint32_t slots;
    uint32_t epoch_s;
    uint32_t calls_max;  /* 2 .. HATS_SESSION_CALLS_MAX */
    uint32_t life_max_s; /* 1 .. HATS_SESSION_LIFE_MAX_S */
    uint32_t nullifier_calls, nullifier_supersessions;
};

/* HATS_E_RANGE: not a policy; err names the field. */
HATS_MUST_USE hats_status hats_policy_encode(struct hats_buffer *out, const struct hats_policy *p,
                                             struct hats_error *err);
/* HATS_E_MALFORMED, HATS_E_CANONICAL, HATS_E_VERSION, HATS_E_RANGE. *out is zero on failure. */
HATS_MUST_USE hats_status hats_policy_decode(struct hats_policy *out, const uint8_t *bytes,
                                             size_t len_bytes, struct hats_error *err);
void hats_policy_digest(uint8_t out[32], const uint8_t *bytes, size_t len_bytes);

#endif
