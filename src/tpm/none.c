/* A build without tpm2-tss: there is no TPM to open, and so nothing else can be asked. */
#include "tpm/tpm.h"

#include <assert.h>

hats_status hats_tpm_open(struct hats_tpm **out, const char *tcti, struct hats_error *err) {
    (void)out, (void)tcti;
    return hats_fail(err, HATS_E_UNSUPPORTED,
                     "this program was built without TPM support; install libtss2-dev and build "
                     "it again, or enrol as a software device");
}

void hats_tpm_close(struct hats_tpm *tpm) { assert(tpm == NULL); }

static hats_status nothing(struct hats_error *err) {
    assert(!"no TPM was opened");
    return hats_fail(err, HATS_E_UNSUPPORTED, "this program was built without TPM support");
}

hats_status hats_tpm_ek_certificate(struct hats_tpm *tpm, struct hats_buffer *der,
                                    struct hats_error *err) {
    (void)tpm, (void)der;
    return nothing(err);
}

hats_status hats_tpm_ek_public(struct hats_tpm *tpm, struct hats_buffer *out,
                               struct hats_error *err) {
    (void)tpm, (void)out;
    return nothing(err);
}

hats_status hats_tpm_ak_public(struct hats_tpm *tpm, struct hats_buffer *out,
                               struct hats_error *err) {
    (void)tpm, (void)out;
    return nothing(err);
}

hats_status hats_tpm_activate(struct hats_tpm *tpm, uint8_t *secret, size_t secret_len_bytes,
                              const uint8_t *id_object, size_t id_object_len_bytes,
                              const uint8_t *encrypted, size_t encrypted_len_bytes,
                              struct hats_error *err) {
    (void)tpm, (void)secret, (void)secret_len_bytes, (void)id_object, (void)id_object_len_bytes;
    (void)encrypted, (void)encrypted_len_bytes;
    return nothing(err);
}

hats_status hats_tpm_pcrs(struct hats_tpm *tpm, uint8_t values[HATS_TPM_PCRS][HATS_TPM_DIGEST_LEN],
                          uint32_t pcr_mask, struct hats_error *err) {
    (void)tpm, (void)values, (void)pcr_mask;
    return nothing(err);
}

hats_status hats_tpm_lease_key(struct hats_tpm *tpm, struct hats_buffer *out, uint32_t pcr_mask,
                               const uint8_t policy[HATS_TPM_DIGEST_LEN], struct hats_error *err) {
    (void)tpm, (void)out, (void)pcr_mask, (void)policy;
    return nothing(err);
}

hats_status hats_tpm_lease_hmac(struct hats_tpm *tpm, uint8_t out[HATS_TPM_DIGEST_LEN],
                                const uint8_t *message, size_t len_bytes, struct hats_error *err) {
    (void)tpm, (void)out, (void)message, (void)len_bytes;
    return nothing(err);
}

hats_status hats_tpm_certify(struct hats_tpm *tpm, struct hats_buffer *attest,
                             struct hats_buffer *signature, const uint8_t extra[32],
                             struct hats_error *err) {
    (void)tpm, (void)attest, (void)signature, (void)extra;
    return nothing(err);
}

hats_status hats_tpm_quote(struct hats_tpm *tpm, struct hats_buffer *attest,
                           struct hats_buffer *signature, uint32_t pcr_mask,
                           const uint8_t extra[32], struct hats_error *err) {
    (void)tpm, (void)attest, (void)signature, (void)pcr_mask, (void)extra;
    return nothing(err);
}
