/* The device's half of an enrolment, with a TPM or without. */
#ifndef HATS_ENROL_DEVICE_H
#define HATS_ENROL_DEVICE_H

#include "enrol/enrol.h"
#include "tpm/tpm.h"

/* Where lease secrets come from: a TPM, or 32 bytes that the device keeps in a file (tpm NULL): software, which proves
 * enrolment and not hardware. Borrowed. */
struct hats_enrol_root {
    struct hats_tpm *tpm;
    uint8_t software[32];
};

/* Appends the hello. The maker's other certificates are given in DER. */
HATS_MUST_USE hats_status hats_enrol_hello(struct hats_buffer *out,
                                           const struct hats_enrol_root *root,
                                           const struct hats_classical_der *others, size_t n_others,
                                           struct hats_error *err);

/* What the device says of itself. */
struct hats_enrol_claims {
    uint32_t said; /* posture, within HATS_POSTURE_SAID */
    uint32_t jurisdiction;
    const uint8_t *log; /* the firmware's event log, or NULL */
    size_t log_len_bytes;
};
/* Answers a challenge: appends the answer. policy: out, of the lease key, to be kept beside the lease; its PCRs are
 * the challenge's. HATS_E_VERIFY: the challenge is for another device. */
HATS_MUST_USE hats_status hats_enrol_answer(struct hats_buffer *out, uint8_t policy[32],
                                            const struct hats_enrol_root *root,
                                            const uint8_t *challenge, size_t challenge_len_bytes,
                                            const struct hats_enrol_claims *claims,
                                            struct hats_error *err);

/* The secrets of a lease, whenever a session is opened: wipe them. HATS_E_DENIED: the machine has changed since. */
HATS_MUST_USE hats_status hats_enrol_lease_secret(struct hats_device_secret *out,
                                                  const struct hats_enrol_root *root,
                                                  const uint8_t registrar[32], uint32_t epoch,
                                                  uint32_t pcr_mask, const uint8_t policy[32],
                                                  struct hats_error *err);

#endif
