/* Enrolment of a device for one lease: three messages between a device and its registrar.
 *
 *     hello      device -> registrar   the maker's certificates of EK; EK; AK           (nulls: software)
 *     challenge  registrar -> device   nonce, a secret that only this TPM can read, and only for this AK
 *     answer     device -> registrar   pk of the lease; what the TPM says of itself; what the device says of itself
 *
 * What each step proves, and what not, docs/FORMATS.md, section 10.5, has as a table. In short: a maker's chip holds AK
 * (chain, credential); the lease key lives in that chip and works only while the PCRs are as quoted (certify,
 * policy); pk was chosen by software that could quote (quote over pk). It does not prove that sk comes from the
 * lease key: only measured software sees to that.
 *
 *     answer's quote is for   H("HATS-ENR-1" pad16 | nonce | pk (32) | H(name of the lease key) | epoch (4))
 *     its certification for   H("HATS-ENR-2" pad16 | nonce)
 *     mac                     HMAC-SHA256(secret of the credential, "HATS-ENR-3" pad16 | H(the answer up to its mac))
 *     sk, u                   four words each, mod p, of HMAC(lease key, "HATS-SK-1" or "HATS-SKU-1" pad16 |
 *                             registrar (32) | epoch (4))
 *
 * The level of assurance comes from the root in which the chain ends, never from what the device says. A device
 * without such a chain is software, whatever it is made of.
 *
 * Posture is 32 bits: 0 .. 7 attested by the TPM, 8 .. 15 said by the device itself, 16 .. 23 seen by the registrar.
 */
#ifndef HATS_ENROL_ENROL_H
#define HATS_ENROL_ENROL_H

#include "base/cursor.h"
#include "pq/classical.h"
#include "statements/device_prove.h"
#include "tpm/attest.h"
#include "wire/policy.h"

#define HATS_ENROL_NONCE_LEN 32
#define HATS_ENROL_SECRET_LEN 32
#define HATS_ENROL_HELLO_MAX 49152
#define HATS_ENROL_CHALLENGE_MAX 1024
#define HATS_ENROL_ANSWER_MAX (1u << 20) /* event logs are long */
#define HATS_ENROL_OTHERS_MAX 4
#define HATS_ENROL_PCRS \
    (1u << 7 | 1u << 23) /* by default: secure boot, and one for the owner's own use */

enum hats_posture {
    HATS_POSTURE_LEASE_BOUND =
        1u << 0, /* attested: the lease key works only under the quoted PCRs */
    HATS_POSTURE_SECURE_BOOT = 1u << 1, /* attested: by a log that replays to the quote */
    HATS_POSTURE_LOCKDOWN = 1u << 8,    /* said: the kernel is locked down */
    HATS_POSTURE_ENCRYPTED = 1u << 9,   /* said: disks are encrypted */
    HATS_POSTURE_PATCHED = 1u << 10,    /* said: security updates are installed */
    HATS_POSTURE_ADDRESS = 1u << 16,    /* seen: its address is in the country that it claims */
};
#define HATS_POSTURE_ATTESTED UINT32_C(0x0000ff)
#define HATS_POSTURE_SAID UINT32_C(0x00ff00)
#define HATS_POSTURE_SEEN UINT32_C(0xff0000)

/* ---- messages: deterministic CBOR maps; spans borrow from the bytes ---- */

struct hats_enrol_hello {
    bool hardware;                         /* all of the following, or none */
    struct hats_classical_der certificate; /* of EK; empty: its maker gave it none */
    struct hats_classical_der others[HATS_ENROL_OTHERS_MAX];
    size_t n_others;
    struct hats_tpm_span ek, ak;
};
struct hats_enrol_challenge {
    uint8_t nonce[HATS_ENROL_NONCE_LEN];
    uint8_t registrar[32]; /* key thumbprint */
    uint32_t epoch, pcr_mask;
    struct hats_tpm_span id_object, encrypted; /* empty for software */
};
struct hats_enrol_answer {
    uint8_t nonce[HATS_ENROL_NONCE_LEN];
    uint64_t pk[4];
    uint32_t said; /* posture */
    uint32_t jurisdiction;
    struct hats_tpm_span lease, certify, certify_signature, quote, quote_signature; /* or empty */
    struct hats_tpm_span log; /* empty: none */
    uint8_t mac[32];          /* zero for software */
};

HATS_MUST_USE hats_status hats_enrol_hello_encode(struct hats_buffer *out,
                                                  const struct hats_enrol_hello *m,
                                                  struct hats_error *err);
HATS_MUST_USE hats_status hats_enrol_hello_decode(struct hats_enrol_hello *out,
                                                  const uint8_t *bytes, size_t len_bytes,
                                                  struct hats_error *err);
HATS_MUST_USE hats_status hats_enrol_challenge_encode(struct hats_buffer *out,
                                                      const struct hats_enrol_challenge *m,
                                                      struct hats_error *err);
HATS_MUST_USE hats_status hats_enrol_challenge_decode(struct hats_enrol_challenge *out,
                                                      const uint8_t *bytes, size_t len_bytes,
                                                      struct hats_error *err);
/* mac is written as it stands in m. */
HATS_MUST_USE hats_status hats_enrol_answer_encode(struct hats_buffer *out,
                                                   const struct hats_enrol_answer *m,
                                                   struct hats_error *err);
/* authentic_len_bytes: how much of the bytes the mac covers. */
HATS_MUST_USE hats_status hats_enrol_answer_decode(struct hats_enrol_answer *out,
                                                   size_t *authentic_len_bytes,
                                                   const uint8_t *bytes, size_t len_bytes,
                                                   struct hats_error *err);

/* ---- what both sides compute ---- */

void hats_enrol_quote_extra(uint8_t out[32], const uint8_t nonce[HATS_ENROL_NONCE_LEN],
                            const uint64_t pk[4], const uint8_t *lease_name, size_t name_len_bytes,
                            uint32_t epoch);
void hats_enrol_certify_extra(uint8_t out[32], const uint8_t nonce[HATS_ENROL_NONCE_LEN]);
void hats_enrol_mac(uint8_t out[32], const uint8_t secret[HATS_ENROL_SECRET_LEN],
                    const uint8_t *answer, size_t len_bytes);
/* The 52 bytes whose HMAC gives sk (which = 0) or u (which = 1), and the four elements of such an HMAC. */
#define HATS_ENROL_LEASE_INPUT_LEN 52
void hats_enrol_lease_input(uint8_t out[HATS_ENROL_LEASE_INPUT_LEN], unsigned which,
                            const uint8_t registrar[32], uint32_t epoch);
void hats_enrol_lease_elements(uint64_t out[4], const uint8_t mac[32]);

#endif
