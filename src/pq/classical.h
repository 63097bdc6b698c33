/* The classical algorithms of trusted platform modules: RSA and ECDSA signatures, RSA-OAEP, and the certificates
 * of their makers. No TPM that one can buy signs with ML-DSA yet.
 *
 * Nothing else may use this file, and no property of the system rests on it alone: it tells which maker's chip
 * enrolled a device, and a broken RSA would let software enrol as one. The checker of post-quantum readiness prints
 * it as an exception. All hashes are SHA-256.
 */
#ifndef HATS_PQ_CLASSICAL_H
#define HATS_PQ_CLASSICAL_H

#include "base/status.h"

#define HATS_CLASSICAL_RSA_MAX 512 /* bytes of a modulus */
#define HATS_CLASSICAL_DER_MAX 8192

enum hats_classical_kind { HATS_CLASSICAL_RSA, HATS_CLASSICAL_P256, HATS_CLASSICAL_P384 };
/* Big-endian; leading zeros may be absent. RSA: x is the modulus, y is empty. */
struct hats_classical_key {
    enum hats_classical_kind kind;
    uint8_t x[HATS_CLASSICAL_RSA_MAX], y[48];
    size_t x_len_bytes, y_len_bytes;
    uint32_t exponent;
};
bool hats_classical_key_equal(const struct hats_classical_key *a,
                              const struct hats_classical_key *b);

enum hats_classical_scheme { HATS_CLASSICAL_RSASSA, HATS_CLASSICAL_RSAPSS, HATS_CLASSICAL_ECDSA };
struct hats_classical_signature {
    enum hats_classical_scheme scheme;
    const uint8_t *r, *s; /* RSA: r is the signature */
    size_t r_len_bytes, s_len_bytes;
};
/* HATS_E_VERIFY: it does not hold, or scheme and key do not go together; HATS_E_CRYPTO, HATS_E_MALFORMED (the key). */
HATS_MUST_USE hats_status hats_classical_verify(const struct hats_classical_key *key,
                                                const struct hats_classical_signature *signature,
                                                const uint8_t *message, size_t len_bytes,
                                                struct hats_error *err);

/* RSAES-OAEP [RFC8017, 7.1] with this label: out has room for the modulus. */
HATS_MUST_USE hats_status hats_classical_oaep(uint8_t out[HATS_CLASSICAL_RSA_MAX],
                                              size_t *out_len_bytes,
                                              const struct hats_classical_key *key,
                                              const void *label, size_t label_len_bytes,
                                              const uint8_t *data, size_t len_bytes,
                                              struct hats_error *err);
/* AES-128-CFB from the zero vector; out may be data. */
HATS_MUST_USE hats_status hats_classical_aes128_cfb(uint8_t *out, const uint8_t key[16],
                                                    const uint8_t *data, size_t len_bytes,
                                                    struct hats_error *err);

struct hats_classical_der {
    const uint8_t *data;
    size_t len_bytes;
};
/* A maker's certificate of an endorsement key: a chain from `leaf` through any of `others` to one of the roots, all
 * valid at now_ms, the leaf for nothing else than such a key. *root is the number of the root, *key the
 * certified key. HATS_E_MALFORMED (not DER), HATS_E_TRUST (no such chain, expired, for another purpose). */
HATS_MUST_USE hats_status hats_classical_chain(size_t *root, struct hats_classical_key *key,
                                               const struct hats_classical_der *leaf,
                                               const struct hats_classical_der *others,
                                               size_t n_others,
                                               const struct hats_classical_der *roots,
                                               size_t n_roots, uint64_t now_ms,
                                               struct hats_error *err);

/* Every algorithm name that this file hands to libcrypto; ends with NULL. */
extern const char *const hats_classical_names[];

#endif
