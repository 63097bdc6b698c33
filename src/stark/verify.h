/* The verifier: no allocation, no randomness, no clock, no prover header.
 *
 * HATS_OK means that whoever made the proof knows a trace that satisfies every claim of the statement's
 * tables, except with the probability that setup->soundness states. Memory comes from the caller's arena and is
 * given back; setup->scratch_bytes suffice whatever the proof's bytes are.
 */
#ifndef HATS_STARK_VERIFY_H
#define HATS_STARK_VERIFY_H

#include "base/arena.h"
#include "stark/setup.h"

/* Why a proof was refused; the numbers are stable. */
enum hats_stark_refusal {
    HATS_STARK_ACCEPTED = 0,
    HATS_STARK_R_HEADER,      /* not a proof of this version */
    HATS_STARK_R_SUITE,       /* another suite than the verifier's */
    HATS_STARK_R_TABLES,      /* other tables than the statement's */
    HATS_STARK_R_SHAPE,       /* a count or size in the header that the setup does not have */
    HATS_STARK_R_LENGTH,      /* too short, too long, trailing bytes */
    HATS_STARK_R_CANONICAL,   /* a field element >= p */
    HATS_STARK_R_ZETA,        /* zeta in F_p: an unlucky or dishonest proof */
    HATS_STARK_R_POLE,        /* a challenge hits the lookup table */
    HATS_STARK_R_CONSTRAINTS, /* the claims do not hold at zeta */
    HATS_STARK_R_WORK,        /* proof of work */
    HATS_STARK_R_OPENINGS,    /* not the leaves that the transcript asks for */
    HATS_STARK_R_TREE,        /* a row that is not in the committed tree */
    HATS_STARK_R_FOLD,        /* a row or layer that disagrees with the next */
    HATS_STARK_R_MEMORY,      /* arena too small */
    HATS_STARK_REFUSAL_COUNT
};
const char *hats_stark_refusal_name(enum hats_stark_refusal r); /* "constraints", ... */

/* HATS_OK, or: HATS_E_MALFORMED, HATS_E_CANONICAL, HATS_E_VERSION (suite, version), HATS_E_VERIFY, HATS_E_MEMORY,
 * with the reason in *refusal, which may be NULL. */
HATS_MUST_USE hats_status hats_stark_verify(const struct hats_stark_statement *statement,
                                            const uint8_t *proof, size_t proof_len_bytes,
                                            struct hats_arena *scratch,
                                            enum hats_stark_refusal *refusal,
                                            struct hats_error *err);

/* What a proof says of itself, without a statement: for people (`hats proof inspect`). */
struct hats_stark_summary {
    unsigned suite, n_tables, n_trees, log_domain, n_queries, grinding, n_folds;
    unsigned log_n[HATS_STARK_MAX_TABLES];
    uint8_t digest[HATS_STARK_MAX_TABLES][HATS_SHA256_LEN];
    unsigned width[HATS_STARK_MAX_TREES];
    bool salted[HATS_STARK_MAX_TREES];
    uint32_t d_max, final_len, n_opened;
    size_t header_bytes, roots_bytes, opened_bytes, final_bytes;
    size_t rows_bytes[HATS_STARK_MAX_TREES], salts_bytes[HATS_STARK_MAX_TREES];
    size_t paths_bytes[HATS_STARK_MAX_TREES];
    size_t layer_leaves_bytes[HATS_STARK_MAX_FRI_LAYERS];
    size_t layer_paths_bytes[HATS_STARK_MAX_FRI_LAYERS];
    size_t total_bytes;
    /* Thousandths of a bit that the calculator proves for these numbers and the most constraints, lookups
     * and sums that such tables can have; 0: none. */
    int32_t proven;
};
/* HATS_E_MALFORMED or HATS_E_VERSION: not a proof. Says nothing about whether it holds. */
HATS_MUST_USE hats_status hats_stark_inspect(struct hats_stark_summary *out, const uint8_t *proof,
                                             size_t proof_len_bytes, struct hats_error *err);

#endif
