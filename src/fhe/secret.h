/* The key holder's side: key generation, encryption, decryption. Only clients link it.
 *
 * Constant time in the secret key, the noise and the plaintext.
 *
 * A key is 32 random bytes ("the seed"); s, e0 and the PRF key k_s are derived from it. Samplers
 * are those of ring/sample.h, tags are plain ASCII without padding, "|" is concatenation:
 *     s   = ternary, block l from SHAKE256("HATS-S-1" | seed | LE32(set) | LE16(l)), N coefficients
 *     e0  = cbd21, block l from SHAKE256("HATS-E0-1" | seed | LE32(set) | LE16(l))
 *     k_s = SHAKE256("HATS-KS-1" | s + 1 as N bytes 0, 1, 2), 32 bytes
 *     b0  = -a0 s + e0, a0 the global constant of the set (linear.h)
 *
 * Hedged randomness: salt, seeds and noise of a request depend on fresh randomness of the operating
 * system *and* on k_s, the context and the message, so that a frozen or cloned random number
 * generator never reuses noise for another message. os32 is drawn once a request; all outputs are
 * 32 bytes:
 *     H(m)   = H("HATS-MSG-1" pad16 | set | log_t | d | B | x_0 .. x_{d-1}),
 *              each number four bytes, big-endian
 *     salt   = SHAKE256("HATS-SALT" | k_s | os32 | ctx | H(m))
 *     seed_j = SHAKE256(LP8("HATS-SEED-v1") | ctx | salt | LE32(j) | LE32(N) | LE32(1))
 *              (LP8: one byte of length, then the bytes)
 *     a_j    : uniform coefficients, block l from SHAKE128("HATS-a" | seed_j | LE16(0) | LE16(l))
 *     e_j    : cbd21, block l from SHAKE256("HATS-E" | k_s | os32 | seed_j | H(m) | LE16(l))
 *     c0_j   = -a_j s + e_j + Delta sum_i x_{jB+i} X^i
 */
#ifndef HATS_FHE_SECRET_H
#define HATS_FHE_SECRET_H

#include "fhe/linear.h"

#define HATS_FHE_SEED_LEN 32

struct hats_fhe_secret;

/* From a seed (which the caller wipes). HATS_E_VERSION for an unknown set, HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_fhe_secret_new(struct hats_fhe_secret **out, uint32_t set_id,
                                              const uint8_t seed[HATS_FHE_SEED_LEN],
                                              struct hats_error *err);
/* Wipes. sk may be NULL. */
void hats_fhe_secret_free(struct hats_fhe_secret *sk);
uint32_t hats_fhe_secret_set(const struct hats_fhe_secret *sk);

/* The public key object of hats_fhe_public_key_bytes(set). */
HATS_MUST_USE hats_status hats_fhe_public_key_of(uint8_t *out, size_t len_bytes,
                                                 const struct hats_fhe_secret *sk,
                                                 struct hats_error *err);

/* Encrypt x (d integers, |x_i| < t/2) under ctx into a ciphertext object. HATS_E_RANGE (an input,
 * or the buffer), HATS_E_VERSION (key and parameters of different sets), HATS_E_RANDOM,
 * HATS_E_MEMORY; the object is then unchanged. */
HATS_MUST_USE hats_status hats_linear_encrypt(uint8_t *ciphertext, size_t len_bytes,
                                              const struct hats_fhe_secret *sk,
                                              const struct hats_fhe_params *params,
                                              const struct hats_linear_shape *shape,
                                              const uint8_t ctx[32], const int32_t *x,
                                              struct hats_error *err);

/* The same, and e receives the noise of each ciphertext, n_in of N coefficients. Who has e, s and the
 * inputs can prove what the ciphertext is (statements/encryption_prove.h); e alone decrypts it: wipe it. */
HATS_MUST_USE hats_status hats_linear_encrypt_open(uint8_t *ciphertext, size_t len_bytes, int8_t *e,
                                                   const struct hats_fhe_secret *sk,
                                                   const struct hats_fhe_params *params,
                                                   const struct hats_linear_shape *shape,
                                                   const uint8_t ctx[32], const int32_t *x,
                                                   struct hats_error *err);
/* The key itself, for proofs: s and e0 with b0 = -a0 s + e0, N coefficients each. Wipe them. HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_fhe_secret_open(int8_t *s, int8_t *e0,
                                               const struct hats_fhe_secret *sk,
                                               struct hats_error *err);

/* Decrypt an answer object into y (k integers in [-t/2, t/2)): round(t * phase / p), phase = c0 +
 * c1 s at the kept coefficients; exact. Verify the receipt first. HATS_E_MALFORMED, HATS_E_VERSION,
 * HATS_E_CANONICAL, HATS_E_MEMORY; y is then unchanged or zero. */
HATS_MUST_USE hats_status hats_linear_decrypt(int64_t *y, const struct hats_fhe_secret *sk,
                                              const struct hats_fhe_params *params,
                                              const struct hats_linear_shape *shape,
                                              const uint8_t *answer, size_t len_bytes,
                                              struct hats_error *err);

#endif
