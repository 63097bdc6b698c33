/* The TPM of this machine, through tpm2-tss (ESAPI) [TPM2; TSS2-ESAPI].
 *
 *     EK   RSA-2048, the vendor's template L-1: what the vendor's certificate is about; can only decrypt
 *     AK   ECDSA P-256, restricted: signs only what the TPM itself made; primary key of a template of ours, so
 *          it is the same after every restart and stored nowhere
 *     k    HMAC-SHA256 key under PolicyPCR, made inside: lease secrets are HMACs under it, which the TPM
 *          refuses while the PCRs in the policy hold anything else
 *
 * Keys are made again by every hats_tpm_open, from templates; after the TPM is cleared they are others.
 * Whatever happens, no session stays behind in the TPM: three forgotten ones stop everybody. One user at a
 * time; not thread-safe. In a build without tpm2-tss hats_tpm_open says so (HATS_E_UNSUPPORTED).
 *
 * Byte strings that come out are as the TPM marshals them, without their outer length: attest.h reads them.
 */
#ifndef HATS_TPM_TPM_H
#define HATS_TPM_TPM_H

#include "base/cursor.h"
#include "tpm/attest.h"

#define HATS_TPM_MAX_BYTES 4096 /* of anything that comes out */

struct hats_tpm;
/* tcti: "device:/dev/tpmrm0", "swtpm:path=/run/tpm.sock", or NULL for the system's own. HATS_E_IO: there is
 * none, or it does not answer; HATS_E_BUSY: it is at work for somebody else; HATS_E_UNSUPPORTED: it lacks a command
 * that is needed, or this build knows no TPM. */
HATS_MUST_USE hats_status hats_tpm_open(struct hats_tpm **out, const char *tcti,
                                        struct hats_error *err);
void hats_tpm_close(struct hats_tpm *tpm);

/* The vendor's certificate of the EK in DER. HATS_E_NOT_FOUND: it has none. */
HATS_MUST_USE hats_status hats_tpm_ek_certificate(struct hats_tpm *tpm, struct hats_buffer *der,
                                                  struct hats_error *err);
HATS_MUST_USE hats_status hats_tpm_ek_public(struct hats_tpm *tpm, struct hats_buffer *out,
                                             struct hats_error *err);
HATS_MUST_USE hats_status hats_tpm_ak_public(struct hats_tpm *tpm, struct hats_buffer *out,
                                             struct hats_error *err);
/* The secret of a credential made for this EK and the name of this AK. HATS_E_VERIFY: it is for others. */
HATS_MUST_USE hats_status hats_tpm_activate(struct hats_tpm *tpm, uint8_t *secret,
                                            size_t secret_len_bytes, const uint8_t *id_object,
                                            size_t id_object_len_bytes, const uint8_t *encrypted,
                                            size_t encrypted_len_bytes, struct hats_error *err);

/* Values of the PCRs in the mask, others zero. */
HATS_MUST_USE hats_status hats_tpm_pcrs(struct hats_tpm *tpm,
                                        uint8_t values[HATS_TPM_PCRS][HATS_TPM_DIGEST_LEN],
                                        uint32_t pcr_mask, struct hats_error *err);

/* Makes k for these PCRs and this policy (hats_tpm_policy_pcr), and keeps it until the next one or close.
 * out, which may be NULL: its public area. */
HATS_MUST_USE hats_status hats_tpm_lease_key(struct hats_tpm *tpm, struct hats_buffer *out,
                                             uint32_t pcr_mask,
                                             const uint8_t policy[HATS_TPM_DIGEST_LEN],
                                             struct hats_error *err);
/* HMAC under k. HATS_E_DENIED: the PCRs are not what its policy says: the machine has changed, and must enrol
 * again. */
HATS_MUST_USE hats_status hats_tpm_lease_hmac(struct hats_tpm *tpm,
                                              uint8_t out[HATS_TPM_DIGEST_LEN],
                                              const uint8_t *message, size_t len_bytes,
                                              struct hats_error *err);

/* Statements about k and about PCRs, signed by AK: TPMS_ATTEST and TPMT_SIGNATURE. */
HATS_MUST_USE hats_status hats_tpm_certify(struct hats_tpm *tpm, struct hats_buffer *attest,
                                           struct hats_buffer *signature, const uint8_t extra[32],
                                           struct hats_error *err);
HATS_MUST_USE hats_status hats_tpm_quote(struct hats_tpm *tpm, struct hats_buffer *attest,
                                         struct hats_buffer *signature, uint32_t pcr_mask,
                                         const uint8_t extra[32], struct hats_error *err);

#endif
