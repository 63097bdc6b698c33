#include "base/random.h"
#include "stark/proof.h"
#include "stark/prove_internal.h"

enum { K_LEN = 24, LEAF_LEN = HATS_STARK_FOLD * K_LEN };

/* The last polynomial, the work, the positions. */
hats_status hats_stark_prove_final(struct hats_stark_prover *p) {
    const struct hats_stark_setup *s = p->setup;
    p->final = hats_stark_prover_alloc(p, s->final_len, K_LEN);
    if (p->final == NULL)
        return hats_fail(p->err, HATS_E_MEMORY, "no memory to write a proof");
    for (size_t j = 0; j < s->final_len; j++)
        for (unsigned i = 0; i < 3; i++)
            hats_store_be64(p->final + j * K_LEN + 8 * i, p->batch[j].c[i]);
    hats_stark_absorb(&p->transcript, HATS_STARK_L_FINAL, p->final, (size_t)s->final_len * K_LEN);
    hats_stark_prove_work(p);
    p->n_positions = hats_stark_draw_positions(&p->transcript, HATS_STARK_L_QUERIES, p->positions,
                                               s->n_queries, s->log_domain);
    return HATS_OK;
}

static void put(struct hats_buffer *out, const void *data, size_t len) {
    hats_buffer_append(out, data, len);
}

static void put16(struct hats_buffer *out, size_t v) {
    uint8_t b[2];
    hats_store_be16(b, (uint16_t)v);
    put(out, b, sizeof b);
}

static void put32(struct hats_buffer *out, size_t v) {
    uint8_t b[4];
    hats_store_be32(b, (uint32_t)v);
    put(out, b, sizeof b);
}

static void write_row(const struct hats_stark_prover *p, const struct hats_stark_oracle *o,
                      uint32_t position, struct hats_buffer *out) {
    unsigned coset = position & (p->n_cosets - 1);
    uint32_t at = p->position_of[position / p->n_cosets];
    if (o->salted)
        put(out, o->salts + (size_t)position * HATS_MERKLE_SALT_LEN, HATS_MERKLE_SALT_LEN);
    for (unsigned c = 0; c < o->width; c++) {
        uint8_t b[8];
        hats_store_be64(b, hats_stark_values(p, o, c, coset)[at]);
        put(out, b, sizeof b);
    }
}

static hats_status write_path(const struct hats_merkle *tree, const uint32_t *indices, size_t n,
                              size_t *len, struct hats_buffer *out, struct hats_error *err) {
    uint8_t *path = hats_buffer_reserve(out, *len);
    if (path == NULL)
        return HATS_E_MEMORY;
    return hats_merkle_open(path, tree, indices, n, err);
}

static hats_status write_tree(const struct hats_stark_prover *p, enum hats_stark_tree tree,
                              struct hats_buffer *out) {
    const struct hats_stark_oracle *o = &p->oracle[tree];
    size_t len;
    hats_status s =
        hats_merkle_path_len_bytes(&len, o->tree.log_n, p->positions, p->n_positions, p->err);
    if (s != HATS_OK)
        return s;
    put16(out, p->n_positions);
    put32(out, len / HATS_SHA256_LEN);
    for (size_t i = 0; i < p->n_positions; i++)
        write_row(p, o, p->positions[i], out);
    return write_path(&o->tree, p->positions, p->n_positions, &len, out, p->err);
}

static hats_status write_layer(const struct hats_stark_prover *p, unsigned fold,
                               struct hats_buffer *out) {
    uint32_t indices[HATS_STARK_MAX_QUERIES];
    size_t n = hats_stark_leaves_of(indices, p->positions, p->n_positions,
                                    p->setup->log_domain - 3 * fold - 3);
    const struct hats_merkle *tree = &p->layer_tree[fold];
    size_t len;
    hats_status s = hats_merkle_path_len_bytes(&len, tree->log_n, indices, n, p->err);
    if (s != HATS_OK)
        return s;
    put16(out, n);
    put32(out, len / HATS_SHA256_LEN);
    for (size_t i = 0; i < n; i++)
        put(out, p->layer_leaves[fold] + (size_t)indices[i] * LEAF_LEN, LEAF_LEN);
    return write_path(tree, indices, n, &len, out, p->err);
}

hats_status hats_stark_prove_write(struct hats_stark_prover *p, struct hats_buffer *out) {
    const struct hats_stark_setup *s = p->setup;
    uint8_t header[HATS_STARK_HEADER_MAX], nonce[8];
    put(out, header, hats_stark_header(header, s));
    put(out, p->salt, sizeof p->salt);
    for (unsigned t = 0; t < HATS_STARK_MAX_TREES; t++)
        if (s->width[t] != 0)
            put(out, hats_merkle_root(&p->oracle[t].tree), HATS_SHA256_LEN);
    put(out, p->opened, (size_t)s->n_opened * K_LEN);
    for (unsigned f = 0; f < s->n_folds; f++)
        put(out, p->layer_root[f], HATS_SHA256_LEN);
    put(out, p->final, (size_t)s->final_len * K_LEN);
    hats_store_be64(nonce, p->nonce);
    put(out, nonce, sizeof nonce);
    hats_status status = HATS_OK;
    for (unsigned t = 0; t < HATS_STARK_MAX_TREES && status == HATS_OK; t++)
        if (s->width[t] != 0)
            status = write_tree(p, (enum hats_stark_tree)t, out);
    for (unsigned f = 0; f < s->n_folds && status == HATS_OK; f++)
        status = write_layer(p, f, out);
    if (status == HATS_OK && out->failed)
        status = HATS_E_MEMORY;
    return status == HATS_OK ? HATS_OK
                             : hats_fail(p->err, status, "no room for a proof of up to %zu bytes",
                                         s->proof_max_bytes);
}
