#include "stark/proof_view.h"

#include <string.h>

static const uint8_t tag[HATS_STARK_TAG_LEN] = "HATS-STARK-1";

static enum hats_stark_refusal read_tables(struct hats_stark_proof *proof, struct hats_reader *r) {
    proof->suite = hats_read_be16(r);
    proof->n_tables = hats_read_u8(r);
    if (proof->n_tables < 1 || proof->n_tables > HATS_STARK_MAX_TABLES)
        return HATS_STARK_R_TABLES;
    for (unsigned t = 0; t < proof->n_tables; t++) {
        proof->log_n[t] = hats_read_u8(r);
        proof->digest[t] = hats_read_span(r, HATS_SHA256_LEN);
        if (proof->log_n[t] > HATS_AIR_LOG_N_MAX)
            return HATS_STARK_R_TABLES;
    }
    return HATS_STARK_ACCEPTED;
}

static enum hats_stark_refusal read_shape(struct hats_stark_proof *proof, struct hats_reader *r) {
    proof->log_domain = hats_read_u8(r);
    proof->n_queries = hats_read_be16(r);
    proof->grinding = hats_read_u8(r);
    proof->d_max = hats_read_be32(r);
    proof->n_trees = hats_read_u8(r);
    if (proof->log_domain > HATS_STARK_MAX_LOG_DOMAIN ||
        proof->n_queries > HATS_STARK_MAX_QUERIES || proof->grinding > 32 || proof->n_trees < 2 ||
        proof->n_trees > HATS_STARK_MAX_TREES)
        return HATS_STARK_R_SHAPE;
    for (unsigned i = 0; i < proof->n_trees; i++) {
        proof->width[i] = hats_read_be16(r);
        unsigned salted = hats_read_u8(r);
        proof->salted[i] = salted != 0;
        if (proof->width[i] > HATS_STARK_LEAF_MAX / 8 || salted > 1)
            return HATS_STARK_R_SHAPE;
    }
    proof->n_folds = hats_read_u8(r);
    proof->final_len = hats_read_be32(r);
    proof->n_opened = hats_read_be32(r);
    uint32_t n = UINT32_C(1) << proof->log_domain;
    if (proof->n_folds > HATS_STARK_MAX_FRI_LAYERS || proof->d_max > n || proof->final_len > n ||
        proof->n_opened > UINT16_MAX)
        return HATS_STARK_R_SHAPE;
    return HATS_STARK_ACCEPTED;
}

enum hats_stark_refusal hats_stark_read_header(struct hats_stark_proof *proof,
                                               struct hats_reader *r) {
    memset(proof, 0, sizeof *proof);
    const uint8_t *begin = hats_read_span(r, sizeof tag);
    if (begin == NULL)
        return HATS_STARK_R_LENGTH;
    if (memcmp(begin, tag, sizeof tag) != 0)
        return HATS_STARK_R_HEADER;
    enum hats_stark_refusal refusal = read_tables(proof, r);
    if (refusal == HATS_STARK_ACCEPTED)
        refusal = read_shape(proof, r);
    return r->failed ? HATS_STARK_R_LENGTH : refusal;
}

static void read_opening(struct hats_stark_opening *opening, size_t leaf_len_bytes,
                         struct hats_reader *r) {
    opening->n_leaves = hats_read_be16(r);
    opening->n_path = hats_read_be32(r);
    opening->leaf_len_bytes = leaf_len_bytes;
    opening->leaves = hats_read_span(r, opening->n_leaves * leaf_len_bytes);
    if (opening->n_path > hats_reader_left(r) / HATS_SHA256_LEN)
        r->failed = true;
    else
        opening->path = hats_read_span(r, (size_t)opening->n_path * HATS_SHA256_LEN);
}

enum hats_stark_refusal hats_stark_read_body(struct hats_stark_proof *proof,
                                             struct hats_reader *r) {
    proof->salt = hats_read_span(r, HATS_STARK_SALT_LEN);
    proof->roots = hats_read_span(r, (size_t)proof->n_trees * HATS_SHA256_LEN);
    proof->opened = hats_read_span(r, (size_t)proof->n_opened * HATS_STARK_K_LEN);
    proof->layer_roots = hats_read_span(r, (size_t)proof->n_folds * HATS_SHA256_LEN);
    proof->final_polynomial = hats_read_span(r, (size_t)proof->final_len * HATS_STARK_K_LEN);
    proof->nonce = hats_read_span(r, 8);
    for (unsigned i = 0; i < proof->n_trees; i++)
        read_opening(&proof->trees[i],
                     (size_t)8 * proof->width[i] + (proof->salted[i] ? HATS_MERKLE_SALT_LEN : 0),
                     r);
    for (unsigned l = 0; l < proof->n_folds; l++)
        read_opening(&proof->layers[l], (size_t)HATS_STARK_FOLD * HATS_STARK_K_LEN, r);
    return hats_reader_done(r) ? HATS_STARK_ACCEPTED : HATS_STARK_R_LENGTH;
}
