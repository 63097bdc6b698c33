/* The key holder's side of the network tiers (ckks.h): keys, encryption, decryption. Only clients link it.
 * Constant time in the key, the noise and the integers.
 *
 *     s    = ternary, prefix "HATS-CK-S" | seed | LE32(set)
 *     k_s  = SHAKE256("HATS-CK-F" | s + 1 as N bytes), 32 bytes
 *     key of s' = s(X^g), or s^2 with g = 0, digit d:
 *         a_d  = uniform, prefix "HATS-CK-k" | seed_g | LE16(d) | LE16(prime)
 *         e_d  = cbd21, prefix "HATS-CK-n" | k_s | LE32(g) | LE16(d)
 *         seed_g = SHAKE256("HATS-CK-G" | k_s | LE32(g)), 32 bytes: public, it travels for the a_d
 *     encryption of m, with 32 fresh random bytes r:
 *         H(m) = H("HATS-CK-MSG" pad16 | m_0 .. m_(N-1), eight bytes each, big-endian)
 *         seed = SHAKE256("HATS-CK-R" | k_s | r | ctx | H(m)), 32 bytes: it travels for a (c1)
 *         e    = cbd21, prefix "HATS-CK-E" | k_s | r | seed | H(m)
 *         c0   = -a s + e + m
 * so that noise is not used again for another message where randomness repeats.
 */
#ifndef HATS_FHE_CKKS_SECRET_H
#define HATS_FHE_CKKS_SECRET_H

#include "fhe/ckks.h"

struct hats_ckks_secret;

/* p is borrowed as long as the key lives. HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_ckks_secret_new(struct hats_ckks_secret **out,
                                               const struct hats_ckks *p, const uint8_t seed[32],
                                               struct hats_error *err);
void hats_ckks_secret_free(struct hats_ckks_secret *sk);

/* The switching key of s(X^g), g odd, or of s^2, g = 0, into words of hats_ckks_key_words. HATS_E_RANGE for
 * other g, HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_ckks_key_make(uint64_t *words, const struct hats_ckks_secret *sk,
                                             uint64_t g, struct hats_error *err);

/* Encrypt N integers, |m_j| < 2^52, under ctx: out at the highest level, and the seed of its part[1]; seed and
 * part[0] are what travels. HATS_E_RANGE, HATS_E_RANDOM, HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_ckks_encrypt(struct hats_ckks_ciphertext *out, uint8_t seed[32],
                                            const struct hats_ckks_secret *sk,
                                            const uint8_t ctx[32], const int64_t *m,
                                            struct hats_error *err);

/* m + e, centred, modulo the first two primes (the first at level 1); exact where |m + e| is below half of their
 * product and below 2^62. HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_ckks_decrypt(int64_t *m, const struct hats_ckks_secret *sk,
                                            const struct hats_ckks_ciphertext *c,
                                            struct hats_error *err);

#endif
