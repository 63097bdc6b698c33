#include "fuzz.h"
#include "tpm/attest.h"

/* The first byte says what the others are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_tpm_public area;
    struct hats_tpm_attest attest;
    struct hats_tpm_signature signature;
    static struct hats_tpm_log log;
    struct hats_error err;
    if (len_bytes == 0)
        return 0;
    const uint8_t *p = data + 1, *end = data + len_bytes;
    size_t n = len_bytes - 1;
    switch (data[0] & 3) {
    case 0:
        if (hats_tpm_public_parse(&area, p, n, &err) == HATS_OK)
            require(area.x.len_bytes == 0 ||
                        (area.x.data > p && area.x.data + area.x.len_bytes <= end),
                    "spans lie in the input");
        break;
    case 1:
        if (hats_tpm_attest_parse(&attest, p, n, &err) == HATS_OK)
            require(attest.type == HATS_TPM_QUOTE ? attest.pcr_digest.len_bytes == 32
                                                  : attest.name.len_bytes == HATS_TPM_NAME_LEN,
                    "an attestation is whole");
        break;
    case 2:
        if (hats_tpm_signature_parse(&signature, p, n, &err) == HATS_OK)
            require(signature.r.len_bytes > 0 && signature.r.data + signature.r.len_bytes <= end,
                    "a signature is there");
        break;
    default:
        if (hats_tpm_log_replay(&log, p, n, &err) == HATS_OK)
            require(!log.secure_boot || log.has_secure_boot, "what is true was said");
    }
    return 0;
}
