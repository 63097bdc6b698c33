#include "stark/lazy.h"
#include "stark/verify_internal.h"

#include <assert.h>

/* Which quotient an element of a row goes into: R into none, a column read in this row only has
 * Z = X - zeta, one that is read in the next row of table t has Z = (X - zeta) (X - g_t zeta). */
enum { WHOLE, THIS, NEXT, N_GROUPS = NEXT + HATS_STARK_MAX_TABLES };

/* B = R + sum eta^k (f_k - U_k) / Z_k as a sum over the elements of the rows, each with its own factor. */
struct batch {
    struct hats_stark_verifier *v;
    struct hats_fp3 *factor[HATS_STARK_MAX_TREES]; /* [width] */
    uint8_t *group[HATS_STARK_MAX_TREES];
    struct hats_fp3 power;                          /* eta^k */
    struct hats_fp3 here[N_GROUPS], next[N_GROUPS]; /* sums of eta^k times what was opened */
    /* Of the line through both, per group: constant and slope. */
    struct hats_fp3 constant[N_GROUPS], slope[N_GROUPS];
    struct hats_fp3 *inverse[N_GROUPS]; /* of x - zeta and x - g_t zeta, at each position */
};

size_t hats_stark_batch_scratch(const struct hats_stark_setup *s) {
    size_t len = (1 + s->n_tables) * hats_stark_piece(s->n_queries, sizeof(struct hats_fp3));
    for (unsigned i = 0; i < HATS_STARK_MAX_TREES; i++)
        len += hats_stark_piece(s->width[i], sizeof(struct hats_fp3)) +
               hats_stark_piece(s->width[i], 1);
    return len;
}

/* The next column in the order of 8.5, of one base element or of three, opened as here and next. */
static void add_column(struct batch *b, unsigned tree, unsigned first, bool over_k, unsigned group,
                       struct hats_fp3 here, struct hats_fp3 next) {
    b->here[group] = hats_fp3_add(b->here[group], hats_fp3_mul(b->power, here));
    b->next[group] = hats_fp3_add(b->next[group], hats_fp3_mul(b->power, next));
    struct hats_fp3 factor = b->power;
    for (unsigned i = first; i < first + (over_k ? 3 : 1); i++) {
        b->factor[tree][i] = factor;
        b->group[tree][i] = (uint8_t)group;
        factor = hats_stark_times_x(factor);
    }
    b->power = hats_fp3_mul(b->power, b->v->eta);
}

static void add_trace(struct batch *b, unsigned t) {
    const struct hats_stark_setup *s = b->v->setup;
    const struct hats_stark_table *table = &s->table[t];
    const struct hats_fp3 *here = b->v->opened + hats_stark_opened_at(s, t);
    const struct hats_fp3 *next = b->v->opened + hats_stark_opened_next(s, t);
    struct hats_fp3 none = {{0}};
    for (unsigned c = 0; c < table->n_columns; c++) {
        bool twice = table->air->reads_next[c];
        add_column(b, HATS_STARK_TREE_TRACE, table->first_base + c, false, twice ? NEXT + t : THIS,
                   *here++, twice ? *next++ : none);
    }
    if (table->has_mu)
        add_column(b, HATS_STARK_TREE_TRACE, table->first_base + table->n_columns, true, NEXT + t,
                   *here, *next);
}

static void add_aux(struct batch *b, unsigned t) {
    const struct hats_stark_setup *s = b->v->setup;
    const struct hats_stark_table *table = &s->table[t];
    const struct hats_fp3 *here =
        b->v->opened + hats_stark_opened_at(s, t) + table->n_columns + (table->has_mu ? 1 : 0);
    unsigned first = table->first_aux;
    struct hats_fp3 none = {{0}};
    for (unsigned k = 0; k < table->n_helpers; k++, first += 3)
        add_column(b, HATS_STARK_TREE_AUX, first, true, THIS, *here++, none);
    if (table->has_acc)
        add_column(b, HATS_STARK_TREE_AUX, first, true, NEXT + t, *here,
                   b->v->opened[hats_stark_opened_next(s, t) + table->n_next]);
}

static hats_status plan_batch(struct batch *b) {
    struct hats_stark_verifier *v = b->v;
    const struct hats_stark_setup *s = v->setup;
    for (unsigned i = 0; i < HATS_STARK_MAX_TREES; i++) {
        b->factor[i] = hats_stark_take(v, s->width[i], sizeof *b->factor[i]);
        b->group[i] = hats_stark_take(v, s->width[i], 1);
    }
    for (unsigned g = THIS; g < NEXT + s->n_tables; g++)
        b->inverse[g] = hats_stark_take(v, s->n_queries, sizeof *b->inverse[g]);
    if (v->refusal != HATS_STARK_ACCEPTED)
        return HATS_E_MEMORY;
    b->power = v->eta;
    for (unsigned t = 0; t < s->n_tables; t++)
        add_trace(b, t);
    for (unsigned t = 0; t < s->n_tables; t++)
        add_aux(b, t);
    const struct hats_fp3 *chunks = v->opened + hats_stark_opened_at(s, s->n_tables);
    struct hats_fp3 none = {{0}};
    for (unsigned i = 0; i < s->n_chunks; i++)
        add_column(b, HATS_STARK_TREE_QUOTIENT, 3 * i, true, THIS, chunks[i], none);
    b->power = hats_fp3_from_fp(1);
    add_column(b, HATS_STARK_TREE_QUOTIENT, 3 * s->n_chunks, true, WHOLE, none, none);
    return HATS_OK;
}

/* out[i] = 1 / (x_i - u). u is not in F_p, so there is one. */
static void invert_differences(const struct hats_stark_verifier *v, const uint64_t *points,
                               struct hats_fp3 u, struct hats_fp3 *out) {
    _Static_assert(HATS_STARK_MAX_QUERIES <= HATS_INVERSES_MAX, "one block");
    struct hats_pole pole = hats_pole_of(u);
    uint64_t inverses[HATS_INVERSES_MAX];
    for (size_t i = 0; i < v->n_positions; i++)
        inverses[i] = hats_pole_norm(&pole, points[i]);
    (void)!hats_fp_invert_block(inverses, v->n_positions);
    for (size_t i = 0; i < v->n_positions; i++)
        out[i] = hats_fp3_scale(hats_pole_cofactor(&pole, points[i]), hats_fp_neg(inverses[i]));
}

/* The lines through what was opened: (zeta, here) and (g zeta, next), or the constant `here`. */
static void plan_lines(struct batch *b, const uint64_t *points) {
    const struct hats_stark_setup *s = b->v->setup;
    struct hats_fp3 zeta = b->v->zeta;
    b->constant[THIS] = b->here[THIS];
    invert_differences(b->v, points, zeta, b->inverse[THIS]);
    for (unsigned t = 0; t < s->n_tables; t++) {
        struct hats_fp3 next = hats_fp3_scale(zeta, hats_stark_generator(s->table[t].air->log_n));
        struct hats_fp3 run = hats_fp3_inv(hats_fp3_sub(next, zeta));
        unsigned g = NEXT + t;
        b->slope[g] = hats_fp3_mul(hats_fp3_sub(b->next[g], b->here[g]), run);
        b->constant[g] = hats_fp3_sub(b->here[g], hats_fp3_mul(b->slope[g], zeta));
        invert_differences(b->v, points, next, b->inverse[g]);
    }
}

static void add_row(const struct batch *b, unsigned tree, const uint8_t *row,
                    struct hats_lazy3 sums[N_GROUPS]) {
    for (unsigned i = 0; i < b->v->setup->width[tree]; i++)
        hats_lazy3_add_base(&sums[b->group[tree][i]], hats_load_be64(row + 8 * (size_t)i),
                            b->factor[tree][i]);
}

static struct hats_fp3 batch_at(const struct batch *b, size_t i, uint64_t x) {
    const struct hats_stark_verifier *v = b->v;
    struct hats_lazy3 sums[N_GROUPS] = {0};
    const struct hats_stark_opening *opening = v->proof.trees;
    for (unsigned tree = 0; tree < HATS_STARK_MAX_TREES; tree++) {
        if (v->setup->width[tree] == 0)
            continue;
        const uint8_t *leaf = opening->leaves + i * opening->leaf_len_bytes;
        add_row(b, tree, leaf + (v->setup->salted[tree] ? HATS_MERKLE_SALT_LEN : 0), sums);
        opening++;
    }
    struct hats_fp3 quotients = hats_fp3_sub(hats_lazy3_reduce(&sums[THIS]), b->constant[THIS]);
    for (unsigned g = NEXT; g < NEXT + v->setup->n_tables; g++) {
        struct hats_fp3 line = hats_fp3_add(b->constant[g], hats_fp3_scale(b->slope[g], x));
        struct hats_fp3 above = hats_fp3_sub(hats_lazy3_reduce(&sums[g]), line);
        quotients = hats_fp3_add(quotients, hats_fp3_mul(above, b->inverse[g][i]));
    }
    return hats_fp3_add(hats_lazy3_reduce(&sums[WHOLE]),
                        hats_fp3_mul(quotients, b->inverse[THIS][i]));
}

hats_status hats_stark_compute_batch(struct hats_stark_verifier *v) {
    struct batch b = {.v = v};
    uint64_t points[HATS_STARK_MAX_QUERIES];
    size_t used = v->arena->used;
    hats_status s = plan_batch(&b);
    if (s == HATS_OK) {
        for (size_t i = 0; i < v->n_positions; i++)
            points[i] = hats_fp_mul(HATS_P_GENERATOR, hats_stark_domain_power(v, v->positions[i]));
        plan_lines(&b, points);
        for (size_t i = 0; i < v->n_positions; i++)
            v->batch[i] = batch_at(&b, i, points[i]);
    }
    v->arena->used = used;
    return s;
}

size_t hats_stark_openings_scratch(const struct hats_stark_setup *s) {
    return hats_stark_piece(s->n_queries, HATS_SHA256_LEN) + HATS_MERKLE_SCRATCH(s->n_queries);
}

/* Are there as many leaves and digests as these indices ask for? */
static hats_status check_counts(struct hats_stark_verifier *v,
                                const struct hats_stark_opening *opening, unsigned log_n,
                                const uint32_t *indices, size_t n_indices) {
    size_t path_len_bytes = 0;
    hats_status s = hats_merkle_path_len_bytes(&path_len_bytes, log_n, indices, n_indices, NULL);
    assert(s == HATS_OK);
    if (s != HATS_OK || opening->n_leaves != n_indices ||
        (size_t)opening->n_path * HATS_SHA256_LEN != path_len_bytes)
        return hats_stark_refuse(v, HATS_STARK_R_OPENINGS,
                                 "%u leaves and %u digests of a tree of 2^%u leaves, of which the "
                                 "transcript asks for %zu and %zu",
                                 opening->n_leaves, (unsigned)opening->n_path, log_n, n_indices,
                                 path_len_bytes / HATS_SHA256_LEN);
    return HATS_OK;
}

/* A salt stands before its row, as the leaf's hash has it. */
static hats_status check_tree(struct hats_stark_verifier *v,
                              const struct hats_stark_opening *opening, unsigned log_n,
                              const uint32_t *indices, const uint8_t *root) {
    const struct hats_merkle_rows rows = {opening->leaves, opening->leaf_len_bytes,
                                          opening->leaf_len_bytes, NULL};
    size_t used = v->arena->used;
    uint8_t *digests = hats_stark_take(v, v->setup->n_queries, HATS_SHA256_LEN);
    if (digests == NULL)
        return HATS_E_MEMORY;
    hats_merkle_hash_rows(digests, &rows, opening->n_leaves);
    hats_status s =
        hats_merkle_verify(root, log_n, digests, indices, opening->n_leaves, opening->path,
                           (size_t)opening->n_path * HATS_SHA256_LEN, v->arena, NULL);
    v->arena->used = used;
    if (s == HATS_E_MEMORY)
        return hats_stark_refuse(v, HATS_STARK_R_MEMORY, "no room to check a Merkle opening");
    if (s != HATS_OK)
        return hats_stark_refuse(v, HATS_STARK_R_TREE,
                                 "opened leaves that are not in their tree of 2^%u leaves", log_n);
    return HATS_OK;
}

hats_status hats_stark_check_openings(struct hats_stark_verifier *v) {
    const struct hats_stark_proof *p = &v->proof;
    unsigned log_domain = v->setup->log_domain;
    hats_status s = HATS_OK;
    for (unsigned i = 0; i < p->n_trees && s == HATS_OK; i++)
        s = check_counts(v, &p->trees[i], log_domain, v->positions, v->n_positions);
    for (unsigned l = 0; l < p->n_folds && s == HATS_OK; l++)
        s = check_counts(v, &p->layers[l], log_domain - 3 * (l + 1), v->layer_leaves[l],
                         v->n_layer_leaves[l]);
    for (unsigned i = 0; i < p->n_trees && s == HATS_OK; i++)
        s = check_tree(v, &p->trees[i], log_domain, v->positions,
                       p->roots + (size_t)i * HATS_SHA256_LEN);
    for (unsigned l = 0; l < p->n_folds && s == HATS_OK; l++)
        s = check_tree(v, &p->layers[l], log_domain - 3 * (l + 1), v->layer_leaves[l],
                       p->layer_roots + (size_t)l * HATS_SHA256_LEN);
    return s;
}
