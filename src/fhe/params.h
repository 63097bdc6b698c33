/* Parameter sets of the linear tier, and the guard that no set passes unchecked.
 *
 * Encryption is over R_p = F_p[X]/(X^N + 1), p = 2^64 - 2^32 + 1, in the direct BFV form
 *
 *     c0 = -a s + e + Delta m,   c1 = a,   Delta = (p - 1) / t,   t = 2^log_t
 *
 * with s uniform ternary and e centred binomial CBD(21) (variance 10.5, |e| <= 21). Since 2^32
 * divides p - 1, Delta is exact.
 *
 * The security bound is the quantum row of Bossuat et al., "Security Guidelines for Implementing
 * Homomorphic Encryption", IACR CiC 2024: at 128 bits, log2(QP) <= 40, 80, 161, 322, 644, 1289 for
 * N = 2^11 .. 2^16, dense ternary secret. Every constructor and every decoder refuses what lies
 * above.
 */
#ifndef HATS_FHE_PARAMS_H
#define HATS_FHE_PARAMS_H

#include "base/status.h"

/* Parameter set identifiers, as they stand in objects and receipts. */
#define HATS_SET_L4096 1u /* N = 4096, q = p, linear tier */

#define HATS_LINEAR_LOG_T_MIN 16
#define HATS_LINEAR_LOG_T_MAX 26
#define HATS_LINEAR_FLOOD_RATIO 256 /* F >= 2^8 B */
#define HATS_LINEAR_NOISE_MAX 40    /* |e| of an accepted ciphertext; an honest one has |e| <= 21 */

/* Immutable once made by hats_fhe_params_init. */
struct hats_fhe_params {
    uint32_t set_id;
    unsigned log_n;
    size_t n;       /* 2^log_n coefficients */
    unsigned log_t; /* plaintext modulus t = 2^log_t */
    uint64_t t;
    uint64_t delta; /* (p - 1) / t */
};

/* HATS_E_VERSION for an unknown set, HATS_E_RANGE for log_t outside 16..26, HATS_E_INSECURE when
 * the set lies above the quantum row. */
HATS_MUST_USE hats_status hats_fhe_params_init(struct hats_fhe_params *p, uint32_t set_id,
                                               unsigned log_t, struct hats_error *err);

/* The guard itself: HATS_OK when log2(QP) = log_qp is within the quantum row for N = 2^log_n. */
HATS_MUST_USE hats_status hats_fhe_guard(unsigned log_n, unsigned log_qp, struct hats_error *err);

/* Estimated bits of security of a set against the primal attack (core-SVP), classical (2^0.292
 * beta) and quantum (2^0.265 beta). The figures are reproduced by tests/fhe/test_estimator. */
struct hats_fhe_security {
    unsigned classical, quantum;
};
struct hats_fhe_security hats_fhe_security_of(uint32_t set_id);
/* "L4096" */
const char *hats_fhe_set_name(uint32_t set_id);
/* Coefficients of a set, 0 when unknown. */
size_t hats_fhe_set_n(uint32_t set_id);

#endif
