/* ML-DSA signatures [FIPS204], through the EVP interface of OpenSSL >= 3.5.
 *
 *     level        44      65      87      bytes
 *     public key   1312    1952    2592
 *     signature    2420    3309    4627
 *     seed         32      32      32      the whole private key, expanded
 *
 * Signing is hedged (fresh randomness in every signature) with the empty context string, on the message
 * itself ("pure" ML-DSA, not HashML-DSA) [FIPS204, Alg. 2]. Public keys and signatures are the raw bytes
 * of the standard. ML-DSA-65 signs by default; 44 is for the log, 87 for roots.
 *
 * Private keys in files are PKCS#8 PEM [RFC9881], mode 0600, readable by `openssl pkey`.
 */
#ifndef HATS_PQ_MLDSA_H
#define HATS_PQ_MLDSA_H

#include "base/status.h"

enum hats_mldsa_level { HATS_MLDSA_44 = 44, HATS_MLDSA_65 = 65, HATS_MLDSA_87 = 87 };

#define HATS_MLDSA_SEED_LEN 32
#define HATS_MLDSA_PUBLIC_MAX 2592
#define HATS_MLDSA_SIGNATURE_MAX 4627
#define HATS_MLDSA65_PUBLIC_LEN 1952
#define HATS_MLDSA65_SIGNATURE_LEN 3309

/* A key pair; immutable once made, so threads may share it. */
struct hats_sign_key;

bool hats_mldsa_level_known(int level);
/* Bytes; level must be known. */
size_t hats_mldsa_public_len(enum hats_mldsa_level level);
size_t hats_mldsa_signature_len(enum hats_mldsa_level level);
/* "ML-DSA-65" */
const char *hats_mldsa_name(enum hats_mldsa_level level);

/* Each makes *out, which the caller frees. HATS_E_CRYPTO with the library's own words in err. */
HATS_MUST_USE hats_status hats_mldsa_generate(struct hats_sign_key **out,
                                              enum hats_mldsa_level level, struct hats_error *err);
/* The key pair that this seed expands to [FIPS204, Alg. 6]. */
HATS_MUST_USE hats_status hats_mldsa_from_seed(struct hats_sign_key **out,
                                               enum hats_mldsa_level level,
                                               const uint8_t seed[HATS_MLDSA_SEED_LEN],
                                               struct hats_error *err);
/* Wipes and frees; key may be NULL. */
void hats_mldsa_free(struct hats_sign_key *key);

enum hats_mldsa_level hats_mldsa_level_of(const struct hats_sign_key *key);
/* The raw public key, hats_mldsa_public_len(level) bytes, owned by the key. */
const uint8_t *hats_mldsa_public(const struct hats_sign_key *key);

/* HATS_E_IO when the file cannot be written. An existing file is replaced. */
HATS_MUST_USE hats_status hats_mldsa_save(const struct hats_sign_key *key, const char *path,
                                          struct hats_error *err);
/* HATS_E_NOT_FOUND, HATS_E_IO, HATS_E_MALFORMED (not a PKCS#8 PEM private key), HATS_E_UNSUPPORTED
 * (another algorithm), HATS_E_INSECURE (others may read the file). */
HATS_MUST_USE hats_status hats_mldsa_load(struct hats_sign_key **out, const char *path,
                                          struct hats_error *err);

/* Writes hats_mldsa_signature_len(level) bytes. Zeros on failure. */
HATS_MUST_USE hats_status hats_mldsa_sign(const struct hats_sign_key *key, uint8_t *signature,
                                          const void *message, size_t len_bytes,
                                          struct hats_error *err);
/* HATS_OK: the signature holds. HATS_E_VERIFY: it does not, or a length is not the level's.
 * HATS_E_CRYPTO or HATS_E_MEMORY: could not tell. */
HATS_MUST_USE hats_status hats_mldsa_verify(enum hats_mldsa_level level, const uint8_t *public_key,
                                            size_t public_key_len, const void *message,
                                            size_t len_bytes, const uint8_t *signature,
                                            size_t signature_len, struct hats_error *err);

#endif
