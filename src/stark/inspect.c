#include "stark/proof_view.h"
#include "stark/suite.h"

#include <string.h>

static const char *what(enum hats_stark_refusal refusal) {
    switch (refusal) {
    case HATS_STARK_R_HEADER: return "it does not begin as a proof does";
    case HATS_STARK_R_TABLES: return "its tables are out of range";
    case HATS_STARK_R_SHAPE: return "a size in its header is out of range";
    default: return "it is too short or too long for its own header";
    }
}

/* The most that the calculator proves for what the proof says of itself. What its systems are is not in it, so
 * they count as large as the limits allow. */
static int32_t proven(const struct hats_stark_proof *p, const struct hats_stark_suite_row *suite) {
    unsigned log_n = 0, width = 0;
    for (unsigned t = 0; t < p->n_tables; t++)
        log_n = p->log_n[t] > log_n ? p->log_n[t] : log_n;
    for (unsigned i = 0; i < p->n_trees; i++)
        width += p->width[i];
    struct hats_stark_params params = {
        .p = HATS_P,
        .extension = 3,
        .n_rows = UINT32_C(1) << log_n,
        .d_max = p->d_max,
        .domain = UINT32_C(1) << p->log_domain,
        .n_folds = p->n_folds,
        .n_polys = width,
        .n_constraints = p->n_tables * (HATS_AIR_MAX_CONSTRAINTS + HATS_AIR_MAX_LOOKUPS / 2 + 1),
        .degree = HATS_AIR_MAX_DEGREE,
        .n_points = 2,
        .n_lookups = p->n_tables * HATS_AIR_MAX_LOOKUPS,
        .n_linear = HATS_STARK_MAX_LINEAR + p->n_tables * HATS_AIR_MAX_SUMS,
        .regime = suite->regime,
        .queries = p->n_queries,
        .grinding = p->grinding,
        .digest_bits = 256,
    };
    memset(params.folds, HATS_STARK_FOLD, p->n_folds);
    /* A larger m makes queries worth more and everything else less: the best lies where they meet. */
    uint32_t lo = HATS_STARK_M_MIN, hi = hats_stark_m_max(&params);
    int32_t most = 0;
    while (lo <= hi) {
        struct hats_stark_soundness s;
        params.m = lo + (hi - lo) / 2;
        bool holds = hats_stark_soundness_of(&s, &params, NULL) == HATS_OK;
        if (holds && s.proven > most)
            most = s.proven;
        if (holds && s.queries >= s.algebraic)
            hi = params.m - 1;
        else
            lo = params.m + 1;
    }
    return most;
}

static void sum_openings(struct hats_stark_summary *out, const struct hats_stark_proof *p) {
    for (unsigned i = 0; i < p->n_trees; i++) {
        out->width[i] = p->width[i];
        out->salted[i] = p->salted[i];
        out->rows_bytes[i] = p->trees[i].n_leaves * (size_t)8 * p->width[i];
        out->salts_bytes[i] =
            p->salted[i] ? p->trees[i].n_leaves * (size_t)HATS_MERKLE_SALT_LEN : 0;
        out->paths_bytes[i] = (size_t)p->trees[i].n_path * HATS_SHA256_LEN;
    }
    for (unsigned l = 0; l < p->n_folds; l++) {
        out->layer_leaves_bytes[l] = p->layers[l].n_leaves * p->layers[l].leaf_len_bytes;
        out->layer_paths_bytes[l] = (size_t)p->layers[l].n_path * HATS_SHA256_LEN;
    }
}

hats_status hats_stark_inspect(struct hats_stark_summary *out, const uint8_t *proof,
                               size_t proof_len_bytes, struct hats_error *err) {
    struct hats_stark_proof p;
    struct hats_stark_summary s = {0};
    struct hats_reader r = hats_reader_of(proof, proof_len_bytes);
    enum hats_stark_refusal refusal = hats_stark_read_header(&p, &r);
    s.header_bytes = proof_len_bytes - hats_reader_left(&r);
    if (refusal == HATS_STARK_ACCEPTED)
        refusal = hats_stark_read_body(&p, &r);
    if (refusal != HATS_STARK_ACCEPTED)
        return hats_fail(err, HATS_E_MALFORMED, "not a proof of this version: %s", what(refusal));
    const struct hats_stark_suite_row *suite = hats_stark_suite_of(p.suite);
    if (suite == NULL)
        return hats_fail(err, HATS_E_VERSION, "proof suite %u is unknown; use a newer program",
                         p.suite);
    s.suite = p.suite;
    s.n_tables = p.n_tables;
    s.n_trees = p.n_trees;
    s.log_domain = p.log_domain;
    s.n_queries = p.n_queries;
    s.grinding = p.grinding;
    s.n_folds = p.n_folds;
    s.d_max = p.d_max;
    s.final_len = p.final_len;
    s.n_opened = p.n_opened;
    for (unsigned t = 0; t < p.n_tables; t++) {
        s.log_n[t] = p.log_n[t];
        memcpy(s.digest[t], p.digest[t], HATS_SHA256_LEN);
    }
    s.roots_bytes = (size_t)(p.n_trees + p.n_folds) * HATS_SHA256_LEN;
    s.opened_bytes = (size_t)p.n_opened * HATS_STARK_K_LEN;
    s.final_bytes = (size_t)p.final_len * HATS_STARK_K_LEN;
    sum_openings(&s, &p);
    s.total_bytes = proof_len_bytes;
    s.proven = proven(&p, suite);
    *out = s;
    return HATS_OK;
}
