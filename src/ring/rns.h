/* Polynomials modulo several primes: R_q = Z_q[X]/(X^N + 1), q = q_0 .. q_(L-1), one row ("limb") a prime.
 *
 *     Z_q = Z_q0 x .. x Z_q(L-1),   and modulo a prime q_i = 1 mod 2N with psi^N = -1
 *     a -> (a(psi), a(psi^(2 br(1) + 1)), .., a(psi^(2 br(N-1) + 1)))   (br: bits reversed)
 *
 * turns products of polynomials into products of numbers. psi is x^((q-1)/2N) for the least x >= 2 with which
 * it has order 2N. Primes have 20 .. 48 bits: below 2^48, so that encryption can be proven (statements/rns.h).
 *
 * A limb is N canonical words below its prime; a polynomial of L limbs is L N words, limb after limb, 64-byte
 * aligned (base/arena.h). Everything is exact, the same on every backend, and constant time in the words.
 */
#ifndef HATS_RING_RNS_H
#define HATS_RING_RNS_H

#include "base/status.h"

#include <stdint.h>

#define HATS_RNS_LOG_N_MIN 4
#define HATS_RNS_LOG_N_MAX 15
#define HATS_RNS_PRIMES_MAX 16
#define HATS_RNS_BITS_MIN 20
#define HATS_RNS_BITS_MAX 48
#define HATS_RNS_TERMS_MAX 16 /* of a sum of products */

/* A number w < q to multiply by, prepared:
 *     shoup = floor(2^64 w / q),  upper = 2^25 w mod q,
 *     quotients = floor(2^32 w / q) + 2^32 floor(2^32 upper / q). */
struct hats_rns_factor {
    uint64_t w, shoup, upper, quotients;
};
/* The same for a row of factors. */
struct hats_rns_factors {
    uint64_t *w, *shoup, *upper, *quotients;
};

/* A prime and its transforms. Immutable. */
struct hats_rns_prime {
    uint64_t q, psi;
    unsigned bits, log_n;
    uint64_t barrett;       /* floor(2^(2 bits + 4) / q), of a sum of products */
    uint64_t barrett_small; /* floor(2^(bits + 16) / q), of a word below 32 q */
    struct hats_rns_factor one;
    struct hats_rns_factors forward, inverse;       /* psi^br(i), psi^-br(i), i < N */
    struct hats_rns_factor inverse_n, inverse_last; /* 1/N; psi^-br(1) / N */
};

/* Primes of one N. Immutable, shared between threads. */
struct hats_rns {
    unsigned log_n, n_primes;
    size_t n;
    struct hats_rns_prime prime[HATS_RNS_PRIMES_MAX];
    uint64_t *tables;
};

/* HATS_E_RANGE: log_n or n_primes outside its bounds, a number of q that is no prime, is not 1 mod 2N, is too
 * short or too long, or is there twice; HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_rns_new(struct hats_rns **out, unsigned log_n, const uint64_t *q,
                                       unsigned n_primes, struct hats_error *err);
void hats_rns_free(struct hats_rns *r);

struct hats_rns_factor hats_rns_factor_of(uint64_t w, uint64_t q);
/* a^e and 1/a modulo the prime. */
uint64_t hats_rns_pow(uint64_t a, uint64_t e, uint64_t q);
uint64_t hats_rns_invert(uint64_t a, uint64_t q);

/* Small coefficients modulo one prime; |e| <= 128. Integers |m| < 2^52 likewise. */
void hats_rns_from_i8(const struct hats_rns_prime *p, uint64_t *out, const int8_t *e);
void hats_rns_from_i64(const struct hats_rns_prime *p, uint64_t *out, const int64_t *m);

/* The automorphism X -> X^g, g odd, as a permutation of transformed words: out[j] = in[map[j]]. map has N. */
void hats_rns_automorphism_map(uint32_t *map, unsigned log_n, uint64_t g);
void hats_rns_permute(uint64_t *out, const uint64_t *in, const uint32_t *map, size_t n);

/* N uniform words below q. Block l of the eight blocks of ring/sample.h holds coefficients l N/8 .. , from
 * SHAKE128(prefix | LE16(l)): 64-bit little-endian words cut to the bits of q, those >= q skipped. N >= 1024. */
void hats_rns_uniform(const struct hats_rns_prime *p, uint64_t *out, const void *prefix,
                      size_t prefix_len);

/* Basis extension, exact. x has n_from rows of coefficients modulo the primes from, from + 1, ..; B is the
 * product of those. out = the integer of [-(B-1)/2, (B-1)/2] with these residues, modulo prime `to`. At most
 * two rows. x is used up: several extensions start from one hats_rns_extend_begin. */
#define HATS_RNS_EXTEND_MAX 2
/* Replace the rows of x by the digits of (integer + (B-1)/2) = d_0 + q_from d_1. */
void hats_rns_extend_begin(const struct hats_rns *r, uint64_t *x, unsigned from, unsigned n_from);
void hats_rns_extend(const struct hats_rns *r, uint64_t *out, unsigned to, const uint64_t *digits,
                     unsigned from, unsigned n_from);

/* Division and rounding: with B the product of the n_from <= 2 primes from `from` on, and x transformed rows of
 * an integer polynomial, row i < n_to of out = round(x / B) modulo prime i, transformed (B is odd: no ties).
 * dropped has the n_from rows that go, and is used up; scratch is N words. out may be x. Rescaling drops the
 * last prime of a ciphertext; key switching the special ones. */
void hats_rns_divide_round(const struct hats_rns *r, uint64_t *out, const uint64_t *x,
                           unsigned n_to, uint64_t *dropped, unsigned from, unsigned n_from,
                           uint64_t *scratch);

#endif
