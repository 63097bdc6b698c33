/* The device statement: whoever opens a session holds an enrolled device that the policy admits, and says
 * which nullifier is its own (docs/FORMATS.md, section 10.2).
 *
 *     pk   = RPO_1(sk, u)                       sk: the lease secret, four elements; u: four more
 *     leaf = RPO_2(pk, H of the attestation key's name, posture, firmware class, jurisdiction, assurance,
 *                  not_after, serial)           is leaf `index` of the registry, 20 levels of RPO_0 below root
 *     nf   = RPO_3(sk, epoch, rp_0, rp_1, slot),  slot < slot_bound
 *     posture has every bit of the mask; firmware class, jurisdiction and assurance are in the policy's sets;
 *     now <= not_after < now + 2^32
 *
 * RPO_d is the sponge of stark/rpo.h with domain d. All but root, nf, epoch, rp, now and the policy stays
 * hidden: which device it is, and which of the admitted facts hold. m is the digest of the session block: the
 * proof is a signature of knowledge on it, and with it on the table of one-time keys in the block.
 */
#ifndef HATS_STATEMENTS_DEVICE_H
#define HATS_STATEMENTS_DEVICE_H

#include "stark/rpo.h"
#include "stark/verify.h"

#define HATS_DEVICE_DEPTH 20
#define HATS_DEVICE_LEAF_LEN 14 /* elements */
#define HATS_DEVICE_SET_MAX 200 /* values in one set of a policy */
#define HATS_DEVICE_SLOT_BOUND_MAX 256
enum hats_device_domain {
    HATS_DEVICE_DOMAIN_NODE = 0,
    HATS_DEVICE_DOMAIN_PK = 1,
    HATS_DEVICE_DOMAIN_LEAF = 2,
    HATS_DEVICE_DOMAIN_NULLIFIER = 3,
};

/* Values that are admitted: strictly ascending, 1 .. HATS_DEVICE_SET_MAX of them. Borrowed. */
struct hats_device_set {
    const uint32_t *values;
    size_t n;
};

struct hats_device_policy {
    uint32_t posture_mask; /* bits that must be set */
    struct hats_device_set firmware, jurisdictions, assurances;
    uint32_t slot_bound; /* nullifiers of a device in an epoch: 1 .. HATS_DEVICE_SLOT_BOUND_MAX */
};
/* HATS_E_RANGE: an empty or too long set, one that does not ascend, a bound out of range. */
HATS_MUST_USE hats_status hats_device_policy_check(const struct hats_device_policy *policy,
                                                   struct hats_error *err);

/* What a decoded policy (wire/policy.h) asks; borrows its lists. */
struct hats_policy;
void hats_device_policy_of(struct hats_device_policy *out, const struct hats_policy *policy);

/* Immutable, shared between threads; made once in the life of a process. */
struct hats_device_setup;
/* HATS_E_VERSION: unknown suite; HATS_E_MEMORY. Sessions use HATS_STARK_S128_SESSION. */
HATS_MUST_USE hats_status hats_device_setup_new(struct hats_device_setup **out, unsigned suite,
                                                struct hats_error *err);
void hats_device_setup_free(struct hats_device_setup *setup);
const struct hats_stark_setup *hats_device_setup_stark(const struct hats_device_setup *setup);

/* Borrowed. Elements are canonical, as hats_device_elements_decode leaves them. */
struct hats_device_public {
    const struct hats_device_setup *setup;
    const struct hats_device_policy *policy; /* checked */
    uint8_t m[32];
    uint8_t rp_id[32];
    uint64_t root[HATS_STARK_RPO_DIGEST];
    uint64_t nf[HATS_STARK_RPO_DIGEST];
    uint32_t epoch;
    uint64_t now_s; /* since 1970; below 2^32 */
};

/* A digest is 32 bytes: four elements, big-endian. HATS_E_CANONICAL: one is not below p. */
void hats_device_elements_encode(uint8_t out[32], const uint64_t elements[HATS_STARK_RPO_DIGEST]);
HATS_MUST_USE hats_status hats_device_elements_decode(uint64_t out[HATS_STARK_RPO_DIGEST],
                                                      const uint8_t bytes[32],
                                                      struct hats_error *err);
/* The two elements of a relying party: the first two words of H("HATS-RPF-1" pad16 | rp_id), mod p. */
void hats_device_relying_party(uint64_t rp[2], const uint8_t rp_id[32]);

/* As hats_stark_verify. scratch: hats_device_scratch_bytes of it. refusal may be NULL. */
HATS_MUST_USE hats_status hats_device_verify(const struct hats_device_public *pub,
                                             const uint8_t *proof, size_t proof_len_bytes,
                                             struct hats_arena *scratch,
                                             enum hats_stark_refusal *refusal,
                                             struct hats_error *err);
size_t hats_device_scratch_bytes(const struct hats_device_setup *setup);

#endif
