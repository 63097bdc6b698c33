/* The encryption statement over several moduli: ciphertexts modulo q_0, .., q_(L-1) under a key that is
 * registered modulo p (docs/FORMATS.md, section 9.4).
 *
 *     c_i = -a_i s + tau e + m   (mod q_i, X^N + 1)   for each limb i
 *     b0  = -a0 s + e0           (mod p)
 *     s ternary; e and e0 in [-40, 40] and not short; m_j in [-2^(b-1), 2^(b-1))
 *
 * over the integers c_i + a_i s - tau e - m = q_i r_i with small r_i: for random a_i the standard deviation of
 * a coefficient is sqrt(N/18), and r_i in [-N/4, N/4) is what is proven. With a_i and c_i centred the difference
 * of both sides is below p in magnitude as long as q_i (3N/4 + 1) is, so that it is enough to show it modulo p, by
 * one random functional (functional.h). A limb with q_i = p has no r_i.
 *
 * For the tiers whose ciphertexts have several limbs; nothing is said of where m comes from.
 */
#ifndef HATS_STATEMENTS_RNS_H
#define HATS_STATEMENTS_RNS_H

#include "stark/verify.h"

#define HATS_RNS_LOG_N_MIN 13
#define HATS_RNS_LOG_N_MAX 15
#define HATS_RNS_MAX_LIMBS 16

struct hats_rns_shape {
    unsigned log_n;
    unsigned n_limbs;
    uint64_t q[HATS_RNS_MAX_LIMBS]; /* odd; a limb that is p stands last */
    uint64_t tau;
    unsigned plain_bits; /* b, 1 .. 52 */
    uint32_t n_ct;
};

/* Immutable, shared between threads. */
struct hats_rns_setup;
/* HATS_E_VERSION: unknown suite; HATS_E_RANGE: a shape outside its bounds, or moduli too large for the
 * argument above; HATS_E_UNSUPPORTED: more columns than a table has; HATS_E_INSECURE; HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_rns_setup_new(struct hats_rns_setup **out, unsigned suite,
                                             const struct hats_rns_shape *shape,
                                             struct hats_error *err);
void hats_rns_setup_free(struct hats_rns_setup *setup);
const struct hats_stark_setup *hats_rns_setup_stark(const struct hats_rns_setup *setup);

/* Borrowed. Words are canonical: below q_i, b0 below p. */
struct hats_rns_public {
    const struct hats_rns_setup *setup;
    const uint64_t *b0;    /* N */
    const uint64_t *a, *c; /* [n_ct][n_limbs][N] */
    uint8_t ctx[32];
};

/* As hats_stark_verify, and HATS_E_CANONICAL for a word that is none. refusal may be NULL. */
HATS_MUST_USE hats_status hats_rns_verify(const struct hats_rns_public *pub, const uint8_t *proof,
                                          size_t proof_len_bytes, struct hats_arena *scratch,
                                          enum hats_stark_refusal *refusal, struct hats_error *err);
size_t hats_rns_scratch_bytes(const struct hats_rns_setup *setup);

#endif
