/* What a proof of given tables under a given suite looks like: every size, mask and query count.
 *
 * A suite is a rate, an amount of grinding, a decoding regime and a number of proven bits; the verifier
 * pins one, and nothing inside a proof chooses a parameter. From it and the systems the rest is computed,
 * with the soundness calculator (soundness.h) as the only judge:
 *
 *   Q      queries: the least number for which the calculator proves the suite's bits, given the masks,
 *          which depend on Q
 *   masks  a trace column f of N rows is committed to as f + (X^N - 1) r with r random of so many
 *          coefficients that all that is opened is uniform, four coefficients to spare, rounded up to 8:
 *            read in this row only        Q + 3 + 4      (Q points, zeta in K counts three)
 *            read in the next row too     Q + 6 + 4
 *            accumulator, mu              2 (Q + 3) + 4  (over K; the point after each query, too)
 *   chunk  M = the quotient's coefficients / its chunks, rounded up to 4: q = sum X^(i M) q_i, and chunks
 *          overlap by Q + 1 + 4 random coefficients t_i over K, rounded up to 8
 *   d_max  the most coefficients of any committed polynomial, rounded up to 8 and to the folding
 *
 * Derivation and argument: docs/SECURITY.md; formulas for another implementation: docs/FORMATS.md, 8.3.
 */
#ifndef HATS_STARK_SETUP_H
#define HATS_STARK_SETUP_H

#include "stark/air.h"
#include "stark/soundness.h"

#define HATS_STARK_MAX_TABLES 4
#define HATS_STARK_MAX_TREES 3
#define HATS_STARK_MAX_CHUNKS (HATS_AIR_MAX_DEGREE - 1)
#define HATS_STARK_MAX_QUERIES 160
#define HATS_STARK_MAX_FRI_LAYERS 4
#define HATS_STARK_FOLD 8 /* arity of every fold */
#define HATS_STARK_SALTED_BELOW \
    6 /* trees of fewer base columns have salted leaves; docs/FORMATS.md, 8.5 */
#define HATS_STARK_MAX_LOG_DOMAIN 21
#define HATS_STARK_LEAF_MAX ((size_t)8 * 1024) /* bytes of one opened row */

enum hats_stark_suite {
    HATS_STARK_S128 = 1,         /* rate 1/8 */
    HATS_STARK_S128_SMALL = 2,   /* rate 1/16: smaller and slower */
    HATS_STARK_S128_SESSION = 3, /* rate 1/32: for tables of few rows */
    HATS_STARK_UDR128 = 4,       /* rate 1/8, unique decoding: no list decoding in its proof */
    HATS_STARK_TEST = 255,       /* proves almost nothing; refused outside tests */
};

/* NULL for an unknown id. */
const char *hats_stark_suite_name(unsigned suite);
/* Wanted by callers that get an id from outside: HATS_E_VERSION for an unknown suite, HATS_E_INSECURE
 * for TEST. */
HATS_MUST_USE hats_status hats_stark_suite_check(unsigned suite, struct hats_error *err);

/* The columns of one table in the trees. Columns over K count three base columns and follow the others. */
struct hats_stark_table {
    const struct hats_air *air;
    uint8_t digest[HATS_SHA256_LEN];
    uint32_t n_rows;
    unsigned n_columns;  /* of the trace */
    unsigned n_helpers;  /* over K, in the second tree */
    bool has_acc;        /* over K, in the second tree, after the helpers */
    bool has_mu;         /* over K, in the first tree, after the trace */
    unsigned n_next;     /* trace columns read in the next row */
    unsigned first_base; /* where its columns begin in a row of the first tree, in base elements */
    unsigned first_aux;  /* and of the second */
    unsigned n_constraints;          /* all, those of the engine included */
    uint32_t h_this, h_next, h_wide; /* coefficients of the three masks */
};

enum hats_stark_tree { HATS_STARK_TREE_TRACE, HATS_STARK_TREE_AUX, HATS_STARK_TREE_QUOTIENT };

struct hats_stark_setup {
    unsigned suite;
    unsigned n_tables;
    struct hats_stark_table table[HATS_STARK_MAX_TABLES];
    unsigned log_n;      /* of the largest table */
    unsigned log_domain; /* n = 2^log_domain points 7 w^i, w = 7^((p-1)/n) */
    unsigned n_queries, grinding;
    unsigned n_challenges, n_constraints, degree;
    uint32_t d_max;
    unsigned n_chunks;
    uint32_t chunk_len;     /* M */
    uint32_t chunk_overlap; /* coefficients of t_i; 0 with one chunk */
    uint32_t quotient_len;  /* coefficients of q at most */
    unsigned n_folds;
    uint32_t final_len; /* coefficients of the last layer's polynomial: d_max / 8^n_folds */
    bool has_aux;       /* is there a second tree? */
    unsigned width[HATS_STARK_MAX_TREES]; /* base elements of a row; 0: no such tree */
    bool salted[HATS_STARK_MAX_TREES];
    unsigned n_opened; /* values of K at zeta and g zeta */
    size_t proof_max_bytes;
    size_t scratch_bytes;            /* arena that the verifier needs, at most */
    struct hats_stark_params params; /* as the calculator got them */
    struct hats_stark_soundness soundness;
};

/* airs: n_tables of them, borrowed for the life of the setup; the first is the largest. No allocation.
 * HATS_E_VERSION: unknown suite. HATS_E_RANGE: a constraint of too high a degree for the suite's rate, too
 * many tables. HATS_E_INSECURE: the calculator proves fewer bits than the suite promises, whatever Q. */
HATS_MUST_USE hats_status hats_stark_setup_init(struct hats_stark_setup *setup, unsigned suite,
                                                const struct hats_air *const *airs,
                                                unsigned n_tables, struct hats_error *err);

/* The statement: what a setup's tables leave open. The callbacks are asked by prover and verifier alike, so
 * the two cannot differ; they must be functions of public_bytes and of the challenges alone, and public_bytes
 * must determine everything they use. challenges: n_challenges of K. */
struct hats_stark_statement {
    const struct hats_stark_setup *setup;
    const uint8_t *public_bytes;
    size_t public_len_bytes;
    const void *ctx;
    /* Table t's public column or weight column c, row by row into out, canonical; rows from the result on
     * are 0 and need not be written (so N at most). */
    uint32_t (*public_column)(const void *ctx, unsigned t, unsigned c, uint64_t *out);
    uint32_t (*weight_column)(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                              unsigned c, struct hats_fp3 *out);
    /* Table t's scalars. */
    void (*scalars)(const void *ctx, const struct hats_fp3 *challenges, unsigned t,
                    struct hats_fp3 *out);
};

/* The order of constraints under powers of lambda, of columns under powers of eta, and of the opened values
 * is in docs/FORMATS.md, 8.5 to 8.7; this is the part of it that both sides need as code. */

/* The base-p digits of one K column in a row are three successive elements. */
static inline struct hats_fp3 hats_stark_k_at(const uint64_t *row) {
    return (struct hats_fp3){{row[0], row[1], row[2]}};
}
/* Generator of the subgroup of order 2^log_n: 7^((p-1)/2^log_n). */
uint64_t hats_stark_generator(unsigned log_n);

#endif
