/* The network tiers: RNS-CKKS on integer coefficients, without scales (what an integer stands for is the
 * compiler's business) and without floating point.
 *
 *     c0 + c1 s = m + e   (mod Q = q_0 .. q_(l-1), X^N + 1),   s uniform ternary, e centred binomial (21)
 *
 * A ciphertext at level l has l limbs a part, transformed (ring/rns.h). Rescaling divides by the last prime
 * and rounds. Products and automorphisms end in a key switch from s' (s^2, or s(X^g)) to s by digits: digit d
 * holds digit_limbs of the primes, its key is modulo Q P
 *
 *     (b_d, a_d),  b_d = -a_d s + e_d + P g_d s',  g_d = 1 modulo the primes of digit d, 0 modulo the others
 *
 * and with D_d the centred integers of c modulo digit d: (k0, k1) = round(sum_d D_d (b_d, a_d) / P). All
 * rounding is of exact integers, so that results are the same on every machine.
 *
 * Q P lies within the quantum row of params.h. The primes are the largest of their size that are 1 modulo 2N
 * (tests/reference/rns.py prints them).
 */
#ifndef HATS_FHE_CKKS_H
#define HATS_FHE_CKKS_H

#include "fhe/params.h"
#include "ring/rns.h"

#define HATS_SET_S8192 2u  /* N = 8192: 33 + 3 x 27 bits, P of 47 */
#define HATS_SET_M16384 3u /* N = 16384: 40 + 6 x 33 bits, P of 2 x 42 */
#define HATS_CKKS_LIMBS_MAX 7
#define HATS_CKKS_SPECIAL_MAX 2

/* Immutable, shared between threads. */
struct hats_ckks {
    uint32_t set_id;
    const char *name;
    size_t n;
    unsigned log_n, log_qp;
    unsigned n_limbs;     /* of a fresh ciphertext */
    unsigned n_special;   /* primes of P: rns->prime[n_limbs ..] */
    unsigned digit_limbs; /* primes of a digit, the last digit may have fewer */
    unsigned n_digits;
    struct hats_fhe_security security; /* as tests/fhe/test_estimator finds */
    struct hats_rns *rns;
};

/* HATS_E_VERSION for an unknown set, HATS_E_INSECURE above the quantum row, HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_ckks_new(struct hats_ckks **out, uint32_t set_id,
                                        struct hats_error *err);
void hats_ckks_free(struct hats_ckks *p);

/* Words of one part of a fresh ciphertext, of a switching key, and of scratch below. */
size_t hats_ckks_part_words(const struct hats_ckks *p);
size_t hats_ckks_key_words(const struct hats_ckks *p);
size_t hats_ckks_scratch_words(const struct hats_ckks *p);

/* Parts are the caller's, 64-byte aligned, n_limbs N words; n_limbs is the level. */
struct hats_ckks_ciphertext {
    unsigned n_limbs;
    uint64_t *part[2];
};

/* Borrowed: [n_digits][2: b, a][n_limbs + n_special][N], transformed. g = 0 for s^2. */
struct hats_ckks_key {
    uint64_t g;
    const uint64_t *words;
};

/* a of a ciphertext (transformed): limb i = uniform, prefix "HATS-CK-a" | seed | LE16(i). */
void hats_ckks_expand_a(const struct hats_ckks *p, uint64_t *a, const uint8_t seed[32]);

/* A plaintext of integers |m| < 2^52 at a level, transformed. */
void hats_ckks_plaintext(const struct hats_ckks *p, uint64_t *out, unsigned n_limbs,
                         const int64_t *m);

/* out may be an input. Levels are equal, otherwise HATS_E_RANGE; out takes that level. */
HATS_MUST_USE hats_status hats_ckks_add(const struct hats_ckks *p, struct hats_ckks_ciphertext *out,
                                        const struct hats_ckks_ciphertext *a,
                                        const struct hats_ckks_ciphertext *b,
                                        struct hats_error *err);
/* plain has the level of a. */
void hats_ckks_mul_plain(const struct hats_ckks *p, struct hats_ckks_ciphertext *out,
                         const struct hats_ckks_ciphertext *a, const uint64_t *plain);
/* Drops the last limb: m becomes round(m / q_(l-1)), up to rounding of c1 s. In place; HATS_E_RANGE at level 1. */
HATS_MUST_USE hats_status hats_ckks_rescale(const struct hats_ckks *p,
                                            struct hats_ckks_ciphertext *c, uint64_t *scratch,
                                            struct hats_error *err);
/* The product, relinearised; key.g is 0 (HATS_E_RANGE). out is distinct from the inputs. */
HATS_MUST_USE hats_status hats_ckks_mul(const struct hats_ckks *p, struct hats_ckks_ciphertext *out,
                                        const struct hats_ckks_ciphertext *a,
                                        const struct hats_ckks_ciphertext *b,
                                        const struct hats_ckks_key *key, uint64_t *scratch,
                                        struct hats_error *err);
/* m(X) becomes m(X^g), g = key.g odd (HATS_E_RANGE); map is of hats_rns_automorphism_map. out distinct from a. */
HATS_MUST_USE hats_status hats_ckks_rotate(const struct hats_ckks *p,
                                           struct hats_ckks_ciphertext *out,
                                           const struct hats_ckks_ciphertext *a,
                                           const struct hats_ckks_key *key, const uint32_t *map,
                                           uint64_t *scratch, struct hats_error *err);

#endif
