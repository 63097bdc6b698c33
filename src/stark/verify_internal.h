/* What the files of the verifier share. The order of work:
 *
 *   verify.c         the header against the setup, the transcript, the whole
 *   verify_point.c   columns at zeta, the claims there
 *   verify_open.c    rows and layers in their trees, the batch B at every position
 *   verify_fold.c    layer by layer down to the final polynomial
 */
#ifndef HATS_STARK_VERIFY_INTERNAL_H
#define HATS_STARK_VERIFY_INTERNAL_H

#include "stark/proof_view.h"
#include "stark/transcript.h"

struct hats_stark_verifier {
    const struct hats_stark_statement *statement;
    const struct hats_stark_setup *setup;
    struct hats_stark_proof proof;
    struct hats_arena *arena;
    enum hats_stark_refusal refusal;
    struct hats_error *err;

    struct hats_fp3 *drawn; /* alpha, theta, delta, then the statement's challenges */
    struct hats_fp3 lambda, zeta, eta, beta[HATS_STARK_MAX_FRI_LAYERS];
    struct hats_fp3 *opened;           /* n_opened, in the order of the proof */
    struct hats_fp3 *final_polynomial; /* final_len */
    uint32_t *positions;               /* ascending */
    size_t n_positions;
    struct hats_fp3 *batch; /* B at the positions */
    /* Leaves of the layers that the positions lead to, ascending. */
    uint32_t *layer_leaves[HATS_STARK_MAX_FRI_LAYERS];
    size_t n_layer_leaves[HATS_STARK_MAX_FRI_LAYERS];
    uint64_t powers[HATS_STARK_MAX_LOG_DOMAIN + 1]; /* w^(2^i) */
};

/* Sets the reason and the text. */
hats_status hats_stark_refuse(struct hats_stark_verifier *v, enum hats_stark_refusal refusal,
                              const char *fmt, ...) HATS_PRINTF(3, 4);
/* From the arena, zeroed; NULL, and refused, when it is full. */
void *hats_stark_take(struct hats_stark_verifier *v, size_t n_items, size_t size_bytes);
/* Index of the opened values of table t: at zeta, and those at g zeta; t = n_tables: the chunks in both. */
size_t hats_stark_opened_at(const struct hats_stark_setup *s, unsigned t);
size_t hats_stark_opened_next(const struct hats_stark_setup *s, unsigned t);
/* w^exponent for the domain's generator w. */
uint64_t hats_stark_domain_power(const struct hats_stark_verifier *v, uint32_t exponent);

/* Memory for all that the struct points to. */
HATS_MUST_USE hats_status hats_stark_take_kept(struct hats_stark_verifier *v);
/* The transcript of v->proof: everything that is drawn, and what follows from the positions. Was the work done? */
HATS_MUST_USE bool hats_stark_replay(struct hats_stark_verifier *v);
/* Opened values and final polynomial as elements. */
void hats_stark_decode(struct hats_stark_verifier *v);
HATS_MUST_USE hats_status hats_stark_check_point(struct hats_stark_verifier *v);
HATS_MUST_USE hats_status hats_stark_check_openings(struct hats_stark_verifier *v);
HATS_MUST_USE hats_status hats_stark_compute_batch(struct hats_stark_verifier *v);
HATS_MUST_USE hats_status hats_stark_check_folds(struct hats_stark_verifier *v);

/* How much of the arena each of these takes, beyond what they give back before it is most. */
size_t hats_stark_point_scratch(const struct hats_stark_setup *s);
size_t hats_stark_openings_scratch(const struct hats_stark_setup *s);
size_t hats_stark_batch_scratch(const struct hats_stark_setup *s);
size_t hats_stark_folds_scratch(const struct hats_stark_setup *s);
/* Bytes of one piece of the arena. */
static inline size_t hats_stark_piece(size_t n_items, size_t size_bytes) {
    return (n_items * size_bytes + HATS_ALIGN - 1) / HATS_ALIGN * HATS_ALIGN;
}

static inline struct hats_fp3 hats_stark_load_k(const uint8_t *p) {
    return (struct hats_fp3){{hats_load_be64(p), hats_load_be64(p + 8), hats_load_be64(p + 16)}};
}
/* a x for the x of K = F_p[x]/(x^3 - 7). */
static inline struct hats_fp3 hats_stark_times_x(struct hats_fp3 a) {
    return (struct hats_fp3){{hats_fp_mul(a.c[2], HATS_FP3_NON_RESIDUE), a.c[0], a.c[1]}};
}

#endif
