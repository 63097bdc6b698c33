#include "stark/air_eval.h"
#include "stark/lazy.h"
#include "stark/verify_internal.h"

/* One table at zeta. The columns that the proof does not open are interpolations of rows v_j on H_N:
 *
 *     f(zeta) = (zeta^N - 1) / N  sum_j v_j g^j / (zeta - g^j)
 *
 * terms[j] = g^j / (zeta - g^j) serves all columns of the table. A column of period P < N is a function of
 * X^(N/P) on H_N, and the sum over its residues j mod P is taken first. */
struct table_point {
    struct hats_stark_verifier *v;
    unsigned t;
    const struct hats_air *air;
    uint32_t n_rows;
    struct hats_fp3 zeta_n_minus_1; /* zeta^N - 1 */
    struct hats_fp3 scale;
    struct hats_factor *terms;
    void *rows; /* N elements of K */
    struct hats_fp3 *fixed, *publics, *weights, *scalars, *nexts, *nodes, *constraints;
};

size_t hats_stark_point_scratch(const struct hats_stark_setup *s) {
    size_t most = 0;
    for (unsigned t = 0; t < s->n_tables; t++) {
        const struct hats_air *air = s->table[t].air;
        size_t k = sizeof(struct hats_fp3);
        size_t len = hats_stark_piece(s->table[t].n_rows, sizeof(struct hats_factor)) +
                     hats_stark_piece(s->table[t].n_rows, k) + hats_stark_piece(air->n_fixed, k) +
                     hats_stark_piece(air->n_public, k) + hats_stark_piece(air->n_weights, k) +
                     hats_stark_piece(air->n_scalars, k) + hats_stark_piece(air->n_columns, k) +
                     hats_stark_piece(air->n_nodes, k) +
                     hats_stark_piece(s->table[t].n_constraints, k);
        most = len > most ? len : most;
    }
    return most;
}

static hats_status take_table(struct table_point *p) {
    struct hats_stark_verifier *v = p->v;
    size_t k = sizeof(struct hats_fp3);
    p->terms = hats_stark_take(v, p->n_rows, sizeof *p->terms);
    p->rows = hats_stark_take(v, p->n_rows, k);
    p->fixed = hats_stark_take(v, p->air->n_fixed, k);
    p->publics = hats_stark_take(v, p->air->n_public, k);
    p->weights = hats_stark_take(v, p->air->n_weights, k);
    p->scalars = hats_stark_take(v, p->air->n_scalars, k);
    p->nexts = hats_stark_take(v, p->air->n_columns, k);
    p->nodes = hats_stark_take(v, p->air->n_nodes, k);
    p->constraints = hats_stark_take(v, v->setup->table[p->t].n_constraints, k);
    return v->refusal == HATS_STARK_ACCEPTED ? HATS_OK : HATS_E_MEMORY;
}

/* zeta is not in F_p, so no zeta - g^j is zero. */
static void compute_terms(struct table_point *p) {
    struct hats_pole zeta = hats_pole_of(p->v->zeta);
    uint64_t g = hats_stark_generator(p->air->log_n), x = 1;
    uint64_t points[HATS_INVERSES_MAX], inverses[HATS_INVERSES_MAX];
    for (uint32_t begin = 0; begin < p->n_rows; begin += HATS_INVERSES_MAX) {
        uint32_t n = p->n_rows - begin;
        n = n < HATS_INVERSES_MAX ? n : HATS_INVERSES_MAX;
        for (uint32_t i = 0; i < n; i++, x = hats_fp_mul(x, g)) {
            points[i] = x;
            inverses[i] = hats_pole_norm(&zeta, x);
        }
        (void)!hats_fp_invert_block(inverses, n);
        for (uint32_t i = 0; i < n; i++) {
            struct hats_fp3 cofactor = hats_pole_cofactor(&zeta, points[i]);
            uint64_t factor = hats_fp_mul(points[i], inverses[i]);
            p->terms[begin + i] = hats_factor_of(hats_fp3_scale(cofactor, factor));
        }
    }
}

static struct hats_fp3 sum_base(const struct table_point *p, const uint64_t *rows, uint32_t n) {
    struct hats_lazy3 sum = {0};
    for (uint32_t j = 0; j < n; j++)
        hats_lazy3_add_base(&sum, rows[j], hats_factor_value(&p->terms[j]));
    return hats_fp3_mul(hats_lazy3_reduce(&sum), p->scale);
}

static struct hats_fp3 sum_k(const struct table_point *p, const struct hats_fp3 *rows, uint32_t n) {
    struct hats_lazy3 sum = {0};
    for (uint32_t j = 0; j < n; j++)
        hats_lazy3_add(&sum, rows[j], &p->terms[j]);
    return hats_fp3_mul(hats_lazy3_reduce(&sum), p->scale);
}

static void compute_given_columns(struct table_point *p) {
    const struct hats_stark_statement *s = p->v->statement;
    const struct hats_fp3 *challenges = p->v->drawn + 3;
    for (unsigned c = 0; c < p->air->n_public; c++) {
        uint32_t n = s->public_column(s->ctx, p->t, c, p->rows);
        p->publics[c] = sum_base(p, p->rows, n);
    }
    for (unsigned c = 0; c < p->air->n_weights; c++) {
        uint32_t n = s->weight_column(s->ctx, challenges, p->t, c, p->rows);
        p->weights[c] = sum_k(p, p->rows, n);
    }
    if (p->air->n_scalars != 0)
        s->scalars(s->ctx, challenges, p->t, p->scalars);
}

/* Longest periods first; the terms of a residue are summed as the period halves. */
static void compute_fixed_columns(struct table_point *p) {
    struct hats_fp3 *folded = p->rows;
    for (unsigned log_period = p->air->log_n;; log_period--) {
        uint32_t period = UINT32_C(1) << log_period;
        for (unsigned c = 0; c < p->air->n_fixed; c++) {
            if (p->air->fixed[c].log_period != log_period)
                continue;
            const uint64_t *values = p->air->fixed[c].values;
            if (log_period == p->air->log_n) {
                p->fixed[c] = sum_base(p, values, period);
                continue;
            }
            struct hats_lazy3 sum = {0};
            for (uint32_t i = 0; i < period; i++)
                hats_lazy3_add_base(&sum, values[i], folded[i]);
            p->fixed[c] = hats_fp3_mul(hats_lazy3_reduce(&sum), p->scale);
        }
        if (log_period == 0)
            return;
        uint32_t half = period / 2;
        for (uint32_t i = 0; i < half; i++)
            folded[i] = log_period == p->air->log_n
                            ? hats_fp3_add(hats_factor_value(&p->terms[i]),
                                           hats_factor_value(&p->terms[i + half]))
                            : hats_fp3_add(folded[i], folded[i + half]);
    }
}

/* sum_j L_j(zeta) / (alpha - T_j - theta tag_j): u = alpha - theta tag_j changes with the tag only. */
static hats_status compute_table_inverse(struct table_point *p, struct hats_fp3 *out) {
    const uint64_t *values = p->air->fixed[p->air->table_values].values;
    const uint64_t *tags = p->air->fixed[p->air->table_tags].values;
    struct hats_fp3 alpha = p->v->drawn[0], theta = p->v->drawn[1];
    struct hats_fp3 cofactors[HATS_INVERSES_MAX];
    uint64_t inverses[HATS_INVERSES_MAX], tag = 0;
    struct hats_pole pole = hats_pole_of(alpha);
    struct hats_lazy3 sum = {0};
    for (uint32_t begin = 0; begin < p->n_rows; begin += HATS_INVERSES_MAX) {
        uint32_t n = p->n_rows - begin;
        n = n < HATS_INVERSES_MAX ? n : HATS_INVERSES_MAX;
        for (uint32_t i = 0; i < n; i++) {
            if (tags[begin + i] != tag) {
                tag = tags[begin + i];
                pole = hats_pole_of(hats_fp3_sub(alpha, hats_fp3_scale(theta, tag)));
            }
            cofactors[i] = hats_pole_cofactor(&pole, values[begin + i]);
            inverses[i] = hats_pole_norm(&pole, values[begin + i]);
        }
        if (!hats_fp_invert_block(inverses, n))
            return hats_stark_refuse(p->v, HATS_STARK_R_POLE,
                                     "the challenge is a row of the lookup table %u", p->t);
        for (uint32_t i = 0; i < n; i++)
            hats_lazy3_add(&sum, hats_fp3_scale(cofactors[i], inverses[i]), &p->terms[begin + i]);
    }
    *out = hats_fp3_mul(hats_lazy3_reduce(&sum), p->scale);
    return HATS_OK;
}

/* The values of the proof for this table, where the evaluator looks for them. */
static struct hats_air_point point_of(const struct table_point *p) {
    const struct hats_stark_verifier *v = p->v;
    const struct hats_stark_table *table = &v->setup->table[p->t];
    const struct hats_fp3 *here = v->opened + hats_stark_opened_at(v->setup, p->t);
    const struct hats_fp3 *next = v->opened + hats_stark_opened_next(v->setup, p->t);
    struct hats_air_point at = {
        .cells = here,
        .nexts = p->nexts,
        .fixed = p->fixed,
        .publics = p->publics,
        .weights = p->weights,
        .challenges = v->drawn + 3,
        .scalars = p->scalars,
        .alpha = v->drawn[0],
        .theta = v->drawn[1],
        .delta = v->drawn[2],
        .n_rows_inverse = hats_fp_inv(p->n_rows),
    };
    for (unsigned c = 0; c < table->n_columns; c++)
        if (p->air->reads_next[c])
            p->nexts[c] = *next++;
    here += table->n_columns;
    if (table->has_mu || table->has_acc) {
        at.helpers = here;
        at.wide = here[table->has_acc ? table->n_helpers : 0];
        at.wide_next = *next;
    }
    return at;
}

/* *sum += sum_k lambda^k C_k(zeta) / (zeta^N - 1), and *power moves on. */
static hats_status add_table(struct hats_stark_verifier *v, unsigned t, struct hats_fp3 *sum,
                             struct hats_fp3 *power) {
    struct table_point p = {.v = v, .t = t, .air = v->setup->table[t].air};
    p.n_rows = v->setup->table[t].n_rows;
    hats_status s = take_table(&p);
    if (s != HATS_OK)
        return s;
    p.zeta_n_minus_1 = hats_fp3_sub(hats_fp3_pow(v->zeta, p.n_rows), hats_fp3_from_fp(1));
    p.scale = hats_fp3_scale(p.zeta_n_minus_1, hats_fp_inv(p.n_rows));
    compute_terms(&p);
    compute_given_columns(&p);
    compute_fixed_columns(&p);
    struct hats_air_point at = point_of(&p);
    if (p.air->has_table)
        s = compute_table_inverse(&p, &at.table_inverse);
    if (s != HATS_OK)
        return s;
    hats_air_evaluate(p.air, &at, p.constraints, p.nodes);
    struct hats_fp3 of_table = {{0}};
    for (unsigned k = 0; k < v->setup->table[t].n_constraints; k++) {
        of_table = hats_fp3_add(of_table, hats_fp3_mul(*power, p.constraints[k]));
        *power = hats_fp3_mul(*power, v->lambda);
    }
    *sum = hats_fp3_add(*sum, hats_fp3_mul(of_table, hats_fp3_inv(p.zeta_n_minus_1)));
    return HATS_OK;
}

hats_status hats_stark_check_point(struct hats_stark_verifier *v) {
    const struct hats_stark_setup *setup = v->setup;
    struct hats_fp3 sum = {{0}}, power = hats_fp3_from_fp(1), quotient = {{0}};
    if (v->zeta.c[1] == 0 && v->zeta.c[2] == 0)
        return hats_stark_refuse(v, HATS_STARK_R_ZETA, "its point zeta lies in F_p");
    for (unsigned t = 0; t < setup->n_tables; t++) {
        size_t used = v->arena->used;
        hats_status s = add_table(v, t, &sum, &power);
        v->arena->used = used;
        if (s != HATS_OK)
            return s;
    }
    const struct hats_fp3 *chunks = v->opened + hats_stark_opened_at(setup, setup->n_tables);
    struct hats_fp3 step = hats_fp3_pow(v->zeta, setup->chunk_len);
    for (unsigned i = setup->n_chunks; i-- > 0;)
        quotient = hats_fp3_add(hats_fp3_mul(quotient, step), chunks[i]);
    if (!hats_fp3_equal(sum, quotient))
        return hats_stark_refuse(v, HATS_STARK_R_CONSTRAINTS,
                                 "the opened values do not satisfy the constraints");
    return HATS_OK;
}
