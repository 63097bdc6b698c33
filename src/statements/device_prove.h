/* The device statement, for the device. */
#ifndef HATS_STATEMENTS_DEVICE_PROVE_H
#define HATS_STATEMENTS_DEVICE_PROVE_H

#include "stark/prove.h"
#include "statements/device.h"

/* What a registry leaf says. */
struct hats_device_leaf {
    uint64_t pk[4], ak_hash[4];
    uint32_t posture, firmware, jurisdiction, assurance;
    uint64_t not_after_s;
    uint64_t serial; /* below p */
};
/* The elements in the order in which they are hashed, and their digest. Constant time. */
void hats_device_leaf_elements(uint64_t out[HATS_DEVICE_LEAF_LEN],
                               const struct hats_device_leaf *leaf);
void hats_device_leaf_digest(uint64_t digest[4], const struct hats_device_leaf *leaf);

/* Secrets of a lease: wipe. */
struct hats_device_secret {
    uint64_t sk[4], u[4];
};
/* Constant time. */
void hats_device_public_key(uint64_t pk[4], const struct hats_device_secret *secret);
void hats_device_nullifier(uint64_t nf[4], const struct hats_device_secret *secret, uint32_t epoch,
                           const uint8_t rp_id[32], uint32_t slot);

struct hats_device_witness {
    struct hats_device_secret secret;
    struct hats_device_leaf leaf;
    uint32_t slot;
    uint32_t index;                          /* of the leaf, below 2^20 */
    uint64_t siblings[HATS_DEVICE_DEPTH][4]; /* from the leaf up */
};

/* The root that the witness's path leads to. Constant time. */
void hats_device_root_of(uint64_t root[4], const struct hats_device_witness *witness);

/* Why a device cannot prove: what a person wants to know before the proof is tried. HATS_E_DENIED: the
 * policy does not admit the device, err says in what (posture, jurisdiction, firmware class, assurance,
 * slot). HATS_E_TRUST: the lease has expired. HATS_E_VERIFY: the leaf is not that of the secret, or not under
 * this root, or the nullifier is another one. Not constant time in what it finds. */
HATS_MUST_USE hats_status hats_device_admitted(const struct hats_device_public *pub,
                                               const struct hats_device_witness *witness,
                                               struct hats_error *err);

/* 64-byte aligned, column c from trace + 256 c on. Constant time. */
#define HATS_DEVICE_TRACE_WORDS (13 * 256)
void hats_device_fill(uint64_t trace[HATS_DEVICE_TRACE_WORDS], const struct hats_device_public *pub,
                      const struct hats_device_witness *witness);

/* Appends the proof. coins and options: stark/prove.h. HATS_E_VERIFY: the witness does not satisfy the
 * statement; ask hats_device_admitted why. */
HATS_MUST_USE hats_status hats_device_prove(struct hats_buffer *proof,
                                            const struct hats_device_public *pub,
                                            const struct hats_device_witness *witness,
                                            const uint8_t coins[HATS_STARK_COINS_LEN],
                                            const struct hats_stark_options *options,
                                            struct hats_error *err);

#endif
