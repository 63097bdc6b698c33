/* What a TPM says, read without one: public areas, attestations, signatures, policies, event logs.
 *
 * A TPM 2.0 marshals big-endian [TPM2, part 2]; every byte string has a 16-bit length before it. What is read
 * here comes from a device that wants to be believed, so everything is strict: unknown algorithms, lengths that
 * do not fit and trailing bytes are refused. Whether a signature holds is for others to compute (pq/classical.h);
 * this folder knows no cryptography but SHA-256.
 *
 *     name          0x000b | SHA-256(public area)                        what certifies a key means it by
 *     quote         signature over TPMS_ATTEST: what PCRs hold, and 32 bytes of whoever asked
 *     policy (PCR)  H(zeros (32) | 0x0000017f | selection | H(PCR values)): key usable only while they hold
 *
 * Spans borrow from the bytes that were parsed.
 */
#ifndef HATS_TPM_ATTEST_H
#define HATS_TPM_ATTEST_H

#include "base/status.h"

#define HATS_TPM_NAME_LEN 34
#define HATS_TPM_DIGEST_LEN 32 /* SHA-256 throughout */
#define HATS_TPM_PCRS 24

struct hats_tpm_span {
    const uint8_t *data;
    size_t len_bytes;
};

/* ---- public areas: TPMT_PUBLIC ---- */

enum hats_tpm_type { HATS_TPM_RSA = 0x0001, HATS_TPM_KEYED_HASH = 0x0008, HATS_TPM_ECC = 0x0023 };
enum hats_tpm_scheme {
    HATS_TPM_HMAC = 0x0005,
    HATS_TPM_NULL = 0x0010,
    HATS_TPM_RSASSA = 0x0014,
    HATS_TPM_RSAPSS = 0x0016,
    HATS_TPM_ECDSA = 0x0018,
};
enum hats_tpm_curve { HATS_TPM_P256 = 0x0003, HATS_TPM_P384 = 0x0004 };
enum hats_tpm_attribute {
    HATS_TPM_FIXED_TPM = 1u << 1,
    HATS_TPM_FIXED_PARENT = 1u << 4,
    HATS_TPM_SENSITIVE_ORIGIN = 1u << 5, /* made inside the TPM */
    HATS_TPM_USER_WITH_AUTH = 1u << 6,   /* usable without its policy */
    HATS_TPM_ADMIN_WITH_POLICY = 1u << 7,
    HATS_TPM_RESTRICTED = 1u << 16, /* signs only what the TPM itself made */
    HATS_TPM_DECRYPT = 1u << 17,
    HATS_TPM_SIGN = 1u << 18,
};

struct hats_tpm_public {
    enum hats_tpm_type type;
    uint32_t attributes;
    struct hats_tpm_span policy; /* empty or a digest */
    bool storage;                /* wraps others: symmetric part AES-128-CFB */
    enum hats_tpm_scheme scheme; /* HATS_TPM_NULL: none is fixed; else with SHA-256 */
    uint32_t rsa_bits, rsa_exponent;
    enum hats_tpm_curve curve;
    struct hats_tpm_span x, y; /* RSA: x is the modulus. Keyed hash: x is the unique digest */
};
/* HATS_E_MALFORMED; HATS_E_UNSUPPORTED: a name algorithm, type, scheme or curve that is none of these. */
HATS_MUST_USE hats_status hats_tpm_public_parse(struct hats_tpm_public *out, const uint8_t *bytes,
                                                size_t len_bytes, struct hats_error *err);
/* Of a public area, whose name algorithm is SHA-256. */
void hats_tpm_name(uint8_t name[HATS_TPM_NAME_LEN], const uint8_t *public_area, size_t len_bytes);

/* ---- attestations: TPMS_ATTEST ---- */

enum hats_tpm_attest_type { HATS_TPM_CERTIFY = 0x8017, HATS_TPM_QUOTE = 0x8018 };

struct hats_tpm_attest {
    enum hats_tpm_attest_type type;
    struct hats_tpm_span extra; /* what the asker gave */
    uint64_t clock_ms, firmware_version;
    uint32_t reset_count, restart_count;
    struct hats_tpm_span name;       /* certify: of the certified object */
    uint32_t pcr_mask;               /* quote: bit i is PCR i, of the SHA-256 bank alone */
    struct hats_tpm_span pcr_digest; /* quote */
};
/* HATS_E_MALFORMED (also: it does not begin with TPM_GENERATED, so no TPM made it), HATS_E_UNSUPPORTED. */
HATS_MUST_USE hats_status hats_tpm_attest_parse(struct hats_tpm_attest *out, const uint8_t *bytes,
                                                size_t len_bytes, struct hats_error *err);

/* ---- signatures: TPMT_SIGNATURE, all over SHA-256 ---- */

struct hats_tpm_signature {
    enum hats_tpm_scheme scheme;
    struct hats_tpm_span r, s; /* RSA: r is the signature */
};
HATS_MUST_USE hats_status hats_tpm_signature_parse(struct hats_tpm_signature *out,
                                                   const uint8_t *bytes, size_t len_bytes,
                                                   struct hats_error *err);

/* ---- PCRs ---- */

/* H(values of the PCRs in the mask, ascending): what quotes and policies speak of. */
void hats_tpm_pcr_digest(uint8_t out[HATS_TPM_DIGEST_LEN], uint32_t pcr_mask,
                         const uint8_t values[HATS_TPM_PCRS][HATS_TPM_DIGEST_LEN]);
/* The policy of a key that needs these PCRs to have this digest. */
void hats_tpm_policy_pcr(uint8_t out[HATS_TPM_DIGEST_LEN], uint32_t pcr_mask,
                         const uint8_t pcr_digest[HATS_TPM_DIGEST_LEN]);

/* ---- event logs: crypto-agile format [TCG PC Client Platform Firmware Profile, 10] ---- */

struct hats_tpm_log {
    uint8_t values[HATS_TPM_PCRS][HATS_TPM_DIGEST_LEN]; /* after all events, from power on */
    uint32_t n_events;
    bool has_secure_boot, secure_boot; /* PCR 7 measured the variable SecureBoot; it was 1 */
};
/* Replays the SHA-256 bank. Says what the log says; it is true when the values have a quote's digest.
 * HATS_E_MALFORMED; HATS_E_UNSUPPORTED: no SHA-256 bank. */
HATS_MUST_USE hats_status hats_tpm_log_replay(struct hats_tpm_log *out, const uint8_t *log,
                                              size_t len_bytes, struct hats_error *err);

#endif
