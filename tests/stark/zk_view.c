#include "zk_view.h"

#include "hash/merkle.h"
#include "stark/air_eval.h"
#include "stark/verify_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { K_LEN = HATS_STARK_K_LEN };

/* ---- q, from all that it is made of ---- */

/* sum_j L_j(z) v_j over the rows. */
static struct hats_fp3 interpolated(const struct hats_stark_table *t, const struct hats_fp3 *rows,
                                    struct hats_fp3 z) {
    uint64_t g = hats_stark_generator(t->air->log_n), x = 1;
    struct hats_fp3 sum = {{0}}, one = zk_digit(0);
    for (uint32_t j = 0; j < t->n_rows; j++, x = hats_fp_mul(x, g)) {
        struct hats_fp3 inverse = hats_fp3_inv(hats_fp3_sub(z, hats_fp3_from_fp(x)));
        sum = hats_fp3_add(sum, hats_fp3_mul(rows[j], hats_fp3_scale(inverse, x)));
    }
    struct hats_fp3 vanishing = hats_fp3_sub(hats_fp3_pow(z, t->n_rows), one);
    return hats_fp3_scale(hats_fp3_mul(vanishing, sum), hats_fp_inv(t->n_rows));
}

/* A table at z: the columns that nobody opens. */
struct given {
    struct hats_fp3 fixed[HATS_AIR_MAX_FIXED], publics[HATS_AIR_MAX_PUBLIC];
    struct hats_fp3 weights[HATS_AIR_MAX_WEIGHTS], scalars[HATS_AIR_MAX_SCALARS], table;
};

static void find_given(const struct zk_view *v, unsigned t, struct hats_fp3 z, struct given *out) {
    static struct hats_fp3 rows[1 << 10];
    static uint64_t words[1 << 10];
    const struct hats_stark_statement *st = &v->all->statement;
    const struct hats_stark_table *table = &v->setup->table[t];
    const struct hats_air *air = table->air;
    const struct hats_fp3 *challenges = v->drawn + 3;
    uint32_t n = table->n_rows;
    assert_true(n <= HATS_COUNT_OF(rows));
    for (unsigned c = 0; c < air->n_fixed; c++) {
        for (uint32_t j = 0; j < n; j++)
            rows[j] = hats_fp3_from_fp(
                air->fixed[c].values[j & ((UINT32_C(1) << air->fixed[c].log_period) - 1)]);
        out->fixed[c] = interpolated(table, rows, z);
    }
    for (unsigned c = 0; c < air->n_public; c++) {
        memset(words, 0, sizeof words);
        (void)st->public_column(st->ctx, t, c, words);
        for (uint32_t j = 0; j < n; j++)
            rows[j] = hats_fp3_from_fp(words[j]);
        out->publics[c] = interpolated(table, rows, z);
    }
    for (unsigned c = 0; c < air->n_weights; c++) {
        memset(rows, 0, sizeof rows);
        (void)st->weight_column(st->ctx, challenges, t, c, rows);
        out->weights[c] = interpolated(table, rows, z);
    }
    st->scalars(st->ctx, challenges, t, out->scalars);
    for (uint32_t j = 0; air->has_table && j < n; j++) {
        struct hats_fp3 a = hats_fp3_sub(
            v->drawn[0], hats_fp3_scale(v->drawn[1], air->fixed[air->table_tags].values[j]));
        a.c[0] = hats_fp_sub(a.c[0], air->fixed[air->table_values].values[j]);
        rows[j] = hats_fp3_inv(a);
    }
    if (air->has_table)
        out->table = interpolated(table, rows, z);
}

/* The columns of a table at a point and in the next row, in the order in which they are opened. */
struct columns {
    struct hats_fp3 here[2 * HATS_AIR_MAX_COLUMNS], next[2 * HATS_AIR_MAX_COLUMNS];
};

/* lambda^k C_k(z) / (z^N - 1), summed over the constraints of the table; *power moves on. */
static struct hats_fp3 quotient_of(const struct zk_view *v, unsigned t, struct hats_fp3 z,
                                   const struct columns *c, struct hats_fp3 *power) {
    static struct hats_fp3 nodes[HATS_AIR_MAX_NODES], constraints[HATS_AIR_MAX_CONSTRAINTS];
    static struct given given;
    const struct hats_stark_table *table = &v->setup->table[t];
    struct hats_fp3 nexts[HATS_AIR_MAX_COLUMNS], sum = {{0}};
    unsigned n_next = 0, wide = table->n_columns + table->n_helpers;
    for (unsigned i = 0; i < table->n_columns; i++)
        if (table->air->reads_next[i])
            nexts[i] = c->next[n_next++];
    find_given(v, t, z, &given);
    struct hats_air_point at = {.cells = c->here,
                                .nexts = nexts,
                                .helpers = c->here + table->n_columns,
                                .wide = c->here[wide],
                                .wide_next = c->next[n_next],
                                .fixed = given.fixed,
                                .publics = given.publics,
                                .weights = given.weights,
                                .scalars = given.scalars,
                                .table_inverse = given.table,
                                .challenges = v->drawn + 3,
                                .alpha = v->drawn[0],
                                .theta = v->drawn[1],
                                .delta = v->drawn[2],
                                .n_rows_inverse = hats_fp_inv(table->n_rows)};
    hats_air_evaluate(table->air, &at, constraints, nodes);
    for (unsigned k = 0; k < table->n_constraints; k++) {
        sum = hats_fp3_add(sum, hats_fp3_mul(*power, constraints[k]));
        *power = hats_fp3_mul(*power, v->lambda);
    }
    struct hats_fp3 vanishing = hats_fp3_sub(hats_fp3_pow(z, table->n_rows), zk_digit(0));
    return hats_fp3_mul(sum, hats_fp3_inv(vanishing));
}

struct hats_fp3 zk_quotient_at_zeta(const struct zk_view *v) {
    const struct hats_stark_setup *s = v->setup;
    static struct columns c;
    struct hats_fp3 q = {{0}}, power = zk_digit(0);
    for (unsigned t = 0; t < s->n_tables; t++) {
        size_t here = hats_stark_opened_at(s, t), next = hats_stark_opened_next(s, t);
        size_t here_end =
            t + 1 < s->n_tables ? hats_stark_opened_at(s, t + 1) : hats_stark_opened_next(s, 0);
        size_t next_end = hats_stark_opened_next(s, t + 1);
        memcpy(c.here, v->opened + here, (here_end - here) * sizeof *c.here);
        memcpy(c.next, v->opened + next, (next_end - next) * sizeof *c.next);
        q = hats_fp3_add(q, quotient_of(v, t, v->o.zeta, &c, &power));
    }
    return q;
}

struct hats_fp3 zk_last_chunk(const struct zk_view *v, struct hats_fp3 z, struct hats_fp3 q,
                              const struct hats_fp3 *chunks) {
    struct hats_fp3 step = hats_fp3_pow(z, v->setup->chunk_len), power = zk_digit(0);
    for (unsigned i = 0; i + 1 < v->setup->n_chunks; i++, power = hats_fp3_mul(power, step))
        q = hats_fp3_sub(q, hats_fp3_mul(power, chunks[i]));
    return hats_fp3_mul(q, hats_fp3_inv(power));
}

struct hats_fp3 zk_joined(const struct zk_view *v, struct hats_fp3 z,
                          const struct hats_fp3 *chunks) {
    struct hats_fp3 step = hats_fp3_pow(z, v->setup->chunk_len), q = {{0}};
    for (unsigned i = v->setup->n_chunks; i-- > 0;)
        q = hats_fp3_add(hats_fp3_mul(q, step), chunks[i]);
    return q;
}

/* ---- rows ---- */

size_t zk_row_len(const struct zk_view *v, unsigned tree) {
    return (v->setup->salted[tree] ? HATS_MERKLE_SALT_LEN : 0) + (size_t)8 * v->setup->width[tree];
}

uint8_t *zk_element(const struct zk_view *v, unsigned tree, size_t i, unsigned at) {
    return v->rows[tree] + (i + 1) * zk_row_len(v, tree) - (size_t)8 * (v->setup->width[tree] - at);
}

static struct hats_fp3 load_base(const struct zk_view *v, unsigned tree, size_t i, unsigned at) {
    return hats_fp3_from_fp(hats_load_be64(zk_element(v, tree, i, at)));
}

struct hats_fp3 zk_load_k(const struct zk_view *v, unsigned tree, size_t i, unsigned at) {
    return hats_stark_load_k(zk_element(v, tree, i, at));
}

void zk_store_k(uint8_t *out, struct hats_fp3 k) {
    for (int i = 0; i < 3; i++)
        hats_store_be64(out + 8 * i, k.c[i]);
}

/* Row i's part of table t; only_next: of columns that are read in the next row. */
static void load_columns(const struct zk_view *v, unsigned t, size_t i, bool only_next,
                         struct hats_fp3 *out) {
    const struct hats_stark_table *table = &v->setup->table[t];
    for (unsigned c = 0; c < table->n_columns; c++)
        if (!only_next || table->air->reads_next[c])
            *out++ = load_base(v, HATS_STARK_TREE_TRACE, i, table->first_base + c);
    for (unsigned h = 0; !only_next && h < table->n_helpers; h++)
        *out++ = zk_load_k(v, HATS_STARK_TREE_AUX, i, table->first_aux + 3 * h);
    if (table->has_acc)
        *out = zk_load_k(v, HATS_STARK_TREE_AUX, i, table->first_aux + 3 * table->n_helpers);
    else if (table->has_mu)
        *out = zk_load_k(v, HATS_STARK_TREE_TRACE, i, table->first_base + table->n_columns);
}

bool zk_quotient_of_row(const struct zk_view *v, size_t i, struct hats_fp3 *q) {
    static struct columns c;
    struct hats_fp3 power = zk_digit(0), x = hats_fp3_from_fp(v->o.points[i]);
    *q = (struct hats_fp3){{0}};
    for (unsigned t = 0; t < v->setup->n_tables; t++) {
        const struct hats_stark_table *table = &v->setup->table[t];
        uint32_t next = v->o.positions[i] + zk_step(&v->o, table);
        next &= (UINT32_C(1) << v->o.log_domain) - 1;
        size_t at = 0;
        while (at < v->o.n && v->o.positions[at] != next)
            at++;
        if (at == v->o.n && (table->has_acc || table->has_mu))
            return false;
        load_columns(v, t, i, false, c.here);
        if (at < v->o.n)
            load_columns(v, t, at, true, c.next);
        *q = hats_fp3_add(*q, quotient_of(v, t, x, &c, &power));
    }
    return true;
}

/* ---- a proof's ---- */

static void replay(struct zk_view *v, const struct hats_stark_proof *p) {
    const struct hats_stark_setup *s = v->setup;
    const struct hats_stark_statement *st = &v->all->statement;
    uint8_t suite[2], digests[HATS_STARK_MAX_TABLES * HATS_SHA256_LEN];
    const uint8_t *root = p->roots;
    struct hats_fp3 unused;
    struct hats_stark_transcript t;
    hats_store_be16(suite, (uint16_t)s->suite);
    for (unsigned i = 0; i < s->n_tables; i++)
        memcpy(digests + (size_t)i * HATS_SHA256_LEN, s->table[i].digest, HATS_SHA256_LEN);
    hats_stark_transcript_init(&t);
    hats_stark_absorb(&t, HATS_STARK_L_SUITE, suite, sizeof suite);
    hats_stark_absorb(&t, HATS_STARK_L_TABLES, digests, (size_t)s->n_tables * HATS_SHA256_LEN);
    hats_stark_absorb(&t, HATS_STARK_L_PUBLIC, st->public_bytes, st->public_len_bytes);
    hats_stark_absorb(&t, HATS_STARK_L_SALT, p->salt, HATS_STARK_SALT_LEN);
    hats_stark_absorb(&t, HATS_STARK_L_TRACE, root, HATS_SHA256_LEN);
    hats_stark_draw_k(&t, HATS_STARK_L_CHALLENGES, v->drawn, 3 + s->n_challenges);
    if (s->has_aux)
        hats_stark_absorb(&t, HATS_STARK_L_HELPERS, root += HATS_SHA256_LEN, HATS_SHA256_LEN);
    hats_stark_draw_k(&t, HATS_STARK_L_LAMBDA, &v->lambda, 1);
    hats_stark_absorb(&t, HATS_STARK_L_QUOTIENT, root + HATS_SHA256_LEN, HATS_SHA256_LEN);
    hats_stark_draw_k(&t, HATS_STARK_L_ZETA, &v->o.zeta, 1);
    hats_stark_absorb(&t, HATS_STARK_L_OPENED, p->opened, (size_t)K_LEN * s->n_opened);
    hats_stark_draw_k(&t, HATS_STARK_L_ETA, &unused, 1);
    for (unsigned l = 0; l < s->n_folds; l++) {
        hats_stark_absorb(&t, HATS_STARK_L_LAYER, p->layer_roots + (size_t)l * HATS_SHA256_LEN,
                          HATS_SHA256_LEN);
        hats_stark_draw_k(&t, HATS_STARK_L_BETA, &unused, 1);
    }
    hats_stark_absorb(&t, HATS_STARK_L_FINAL, p->final_polynomial, (size_t)K_LEN * s->final_len);
    hats_stark_draw_bytes(&t, HATS_STARK_L_WORK_SEED, digests, HATS_STARK_WORK_SEED_LEN);
    hats_stark_absorb(&t, HATS_STARK_L_NONCE, p->nonce, 8);
    v->o.n = hats_stark_draw_positions(&t, HATS_STARK_L_QUERIES, v->o.positions, s->n_queries,
                                       s->log_domain);
}

void zk_read(struct zk_view *v, const struct systems *all, uint8_t *proof, size_t len) {
    struct hats_stark_proof p;
    struct hats_reader r = hats_reader_of(proof, len);
    assert_int_equal(hats_stark_read_header(&p, &r), HATS_STARK_ACCEPTED);
    assert_int_equal(hats_stark_read_body(&p, &r), HATS_STARK_ACCEPTED);
    memset(v, 0, sizeof *v);
    v->all = all;
    v->setup = &all->setup;
    v->o.log_domain = v->setup->log_domain;
    replay(v, &p);
    for (size_t i = 0; i < v->o.n; i++)
        v->o.points[i] = zk_domain_point(&v->o, v->o.positions[i]);
    assert_true(p.n_opened <= ZK_MAX_VALUES);
    for (size_t i = 0; i < p.n_opened; i++)
        v->opened[i] = hats_stark_load_k(p.opened + K_LEN * i);
    for (unsigned tree = 0, n = 0; tree < HATS_STARK_MAX_TREES; tree++)
        if (v->setup->width[tree] != 0)
            v->rows[tree] = proof + (p.trees[n++].leaves - proof);
}
