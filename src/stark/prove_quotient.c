#include "stark/prove_internal.h"

#include <assert.h>

/* The quotient is found from its values on the first n_used cosets of the domain: on coset k it is known
 * modulo X^N - s_k, s_k = (7 w^k)^N, and pieces Q_i with q = sum_i X^(N i) Q_i follow from a small
 * Vandermonde system, the same for all coefficients. */

/* What one table needs beyond its trace: the coefficients of public, weight and fixed columns. */
struct given {
    uint64_t *coeffs; /* [n_public + 3 (n_weights + has_table)][N_t] */
    uint64_t *fixed;  /* [n_fixed][N_t]: the period's coefficients, or 0 */
    uint64_t *values; /* both, on one coset, [..][N] */
    unsigned n_columns;
};

enum { LOG_FEW_VALUES = 4, FEW_VALUES = 1 << LOG_FEW_VALUES };

struct quotient {
    struct hats_stark_prover *p;
    unsigned n_used;
    unsigned coset; /* being worked on */
    struct given given[HATS_STARK_MAX_TABLES];
    struct hats_air_program **programs[HATS_STARK_MAX_TABLES]; /* [threads] */
    struct hats_fp3 *lambda;                                   /* powers */
    uint64_t *mod;     /* [n_used][3][N]: values, then q mod X^N - s_k */
    uint64_t *pieces;  /* [n_used][3][N] */
    uint64_t *inverse; /* [n_used][n_used] of the Vandermonde matrix, and room for two rows more */
    uint64_t *rooms;   /* [threads][room_len] */
    size_t room_len;
    uint64_t few_root[LOG_FEW_VALUES + 1]; /* generators of the smallest subgroups */
    unsigned t;
};

/* ---- columns that nobody commits to ---- */

static void interpolate_given(void *arg, size_t c, unsigned thread) {
    struct quotient *x = arg;
    struct hats_stark_prover *p = x->p;
    const struct hats_stark_table *table = &p->setup->table[x->t];
    const struct hats_air *air = table->air;
    size_t n = table->n_rows, from = c;
    const uint64_t *rows;
    if (from < air->n_public)
        rows = p->publics[x->t] + from * n;
    else if ((from -= air->n_public) < 3u * air->n_weights)
        rows = p->weights[x->t] + from * n;
    else
        rows = p->table_inverse[x->t] + (from - 3u * air->n_weights) * n;
    hats_stark_interpolate(p, x->given[x->t].coeffs + c * n, rows, hats_stark_log2(n),
                           x->rooms + thread * x->room_len);
}

/* A fixed column of period P is F(X^(N/P)), F of P coefficients: those stand N/P apart. Periods below 8
 * are repeated up to 8, which changes nothing. */
static void interpolate_fixed(void *arg, size_t c, unsigned thread) {
    struct quotient *x = arg;
    const struct hats_stark_table *table = &x->p->setup->table[x->t];
    const struct hats_air_fixed *f = &table->air->fixed[c];
    unsigned log_period = f->log_period < HATS_AIR_LOG_N_MIN ? HATS_AIR_LOG_N_MIN : f->log_period;
    size_t period = (size_t)1 << log_period;
    uint64_t *room = x->rooms + thread * x->room_len, *rows = room + period;
    for (size_t j = 0; j < period; j++)
        rows[j] = f->values[j & (((size_t)1 << f->log_period) - 1)];
    hats_stark_interpolate(x->p, x->given[x->t].fixed + c * table->n_rows, rows, log_period, room);
}

static void evaluate_given(void *arg, size_t c, unsigned thread) {
    (void)thread;
    struct quotient *x = arg;
    struct hats_stark_prover *p = x->p;
    struct given *g = &x->given[x->t];
    size_t n = p->setup->table[x->t].n_rows;
    hats_lde_evaluate(p->cosets[x->coset], g->values + c * p->n_rows, g->coeffs + c * n, n);
}

/* F(X^step) on a coset has few values when F has few coefficients: n_values of them, again and again. */
static void evaluate_few(const struct quotient *x, uint64_t *out, const uint64_t *f,
                         size_t n_coeffs, size_t step, size_t n_values) {
    const struct hats_stark_prover *p = x->p;
    uint64_t values[FEW_VALUES], w = x->few_root[hats_stark_log2(n_values)];
    uint64_t point = hats_fp_pow(p->cosets[x->coset]->shift, step);
    for (size_t i = 0; i < n_values; i++, point = hats_fp_mul(point, w)) {
        values[i] = 0;
        for (size_t k = n_coeffs; k-- > 0;)
            values[i] = hats_fp_add(hats_fp_mul(values[i], point), f[k]);
    }
    for (size_t i = 0; i < p->n_rows; i++)
        out[i] = values[p->element_of[i] & (n_values - 1)];
}

/* Coefficients spread to every (N_t / P)-th: the plain extension of a sparse polynomial. */
static void evaluate_fixed(void *arg, size_t c, unsigned thread) {
    struct quotient *x = arg;
    struct hats_stark_prover *p = x->p;
    const struct hats_stark_table *table = &p->setup->table[x->t];
    struct given *g = &x->given[x->t];
    unsigned log_period = table->air->fixed[c].log_period;
    if (log_period < HATS_AIR_LOG_N_MIN)
        log_period = HATS_AIR_LOG_N_MIN;
    size_t step = (size_t)table->n_rows >> log_period, n_values = p->n_rows / step;
    if (n_values <= FEW_VALUES) {
        evaluate_few(x, g->values + (g->n_columns + c) * p->n_rows, g->fixed + c * table->n_rows,
                     (size_t)1 << log_period, step, n_values);
        return;
    }
    uint64_t *spread = x->rooms + thread * x->room_len;
    memset(spread, 0, table->n_rows * sizeof *spread);
    for (size_t j = 0; j < (size_t)1 << log_period; j++)
        spread[j * step] = g->fixed[c * table->n_rows + j];
    hats_lde_evaluate(p->cosets[x->coset], g->values + (g->n_columns + c) * p->n_rows, spread,
                      table->n_rows);
}

static hats_status prepare_given(struct quotient *x, unsigned t) {
    struct hats_stark_prover *p = x->p;
    const struct hats_stark_table *table = &p->setup->table[t];
    const struct hats_air *air = table->air;
    struct given *g = &x->given[t];
    size_t n = table->n_rows;
    g->n_columns = air->n_public + 3u * (air->n_weights + air->has_table);
    g->coeffs = hats_stark_prover_alloc(p, g->n_columns * n + 1, sizeof *g->coeffs);
    g->fixed = hats_stark_prover_alloc(p, air->n_fixed * n + 1, sizeof *g->fixed);
    g->values = hats_stark_prover_alloc(p, (size_t)(g->n_columns + air->n_fixed) * p->n_rows + 1,
                                        sizeof *g->values);
    if (g->coeffs == NULL || g->fixed == NULL || g->values == NULL)
        return HATS_E_MEMORY;
    x->t = t;
    hats_parallel_for(p->threads, g->n_columns, interpolate_given, x);
    hats_parallel_for(p->threads, air->n_fixed, interpolate_fixed, x);
    return HATS_OK;
}

/* ---- constraints ---- */

static const uint64_t *column(const struct quotient *x, enum hats_stark_tree tree, unsigned c) {
    return hats_stark_values(x->p, &x->p->oracle[tree], c, x->coset);
}

/* out[i] = the column one row of the table further on. */
static void gather_next(const struct quotient *x, uint64_t *out, const uint64_t *values,
                        size_t first, size_t n) {
    const struct hats_stark_prover *p = x->p;
    uint32_t step = p->n_rows / p->setup->table[x->t].n_rows;
    for (size_t i = 0; i < n; i++) {
        uint32_t j = (p->element_of[first + i] + step) & (p->n_rows - 1);
        out[i] = values[p->position_of[j]];
    }
}

static struct hats_fp3_vec k_column(const struct quotient *x, enum hats_stark_tree tree, unsigned c,
                                    size_t first) {
    struct hats_fp3_vec v;
    for (unsigned j = 0; j < 3; j++)
        v.c[j] = (uint64_t *)(uintptr_t)column(x, tree, c + j) + first;
    return v;
}

static void stage(const struct quotient *x, struct hats_air_block *block, size_t first,
                  uint64_t *room) {
    const struct hats_stark_prover *p = x->p;
    const struct hats_stark_table *table = &p->setup->table[x->t];
    const struct hats_air *air = table->air;
    const struct given *g = &x->given[x->t];
    for (unsigned c = 0; c < air->n_columns; c++) {
        const uint64_t *v = column(x, HATS_STARK_TREE_TRACE, table->first_base + c);
        block->cells[c] = v + first;
        if (air->reads_next[c]) {
            gather_next(x, room, v, first, block->n);
            block->nexts[c] = room;
            room += HATS_AIR_BLOCK;
        }
    }
    uint64_t *at = g->values + first;
    for (unsigned c = 0; c < air->n_public; c++, at += p->n_rows)
        block->publics[c] = at;
    for (unsigned c = 0; c < air->n_weights; c++, at += 3 * (size_t)p->n_rows)
        block->weights[c] = hats_stark_vec_at(at, p->n_rows, 0);
    if (air->has_table) {
        block->table_inverse = hats_stark_vec_at(at, p->n_rows, 0);
        at += 3 * (size_t)p->n_rows;
    }
    for (unsigned c = 0; c < air->n_fixed; c++, at += p->n_rows)
        block->fixed[c] = at;
    for (unsigned h = 0; h < table->n_helpers; h++)
        block->helpers[h] = k_column(x, HATS_STARK_TREE_AUX, table->first_aux + 3 * h, first);
    if (!table->has_acc && !table->has_mu)
        return;
    enum hats_stark_tree tree = table->has_acc ? HATS_STARK_TREE_AUX : HATS_STARK_TREE_TRACE;
    unsigned wide = table->has_acc ? table->first_aux + 3 * table->n_helpers
                                   : table->first_base + table->n_columns;
    block->wide = k_column(x, tree, wide, first);
    block->wide_next =
        (struct hats_fp3_vec){{room, room + HATS_AIR_BLOCK, room + 2 * HATS_AIR_BLOCK}};
    for (unsigned j = 0; j < 3; j++)
        gather_next(x, block->wide_next.c[j], column(x, tree, wide + j), first, block->n);
}

/* 1 / (x^(N_t) - 1) at the points of the block: N / N_t different values. */
static void vanishing(const struct quotient *x, uint64_t *out, size_t first, size_t n) {
    const struct hats_stark_prover *p = x->p;
    uint32_t n_rows = p->setup->table[x->t].n_rows, n_values = p->n_rows / n_rows;
    uint64_t at = hats_fp_pow(p->cosets[x->coset]->shift, n_rows);
    uint64_t ratio = hats_stark_generator(hats_stark_log2(n_values)), values[HATS_AIR_BLOCK];
    if (n_values <= HATS_AIR_BLOCK)
        for (uint32_t i = 0; i < n_values; i++, at = hats_fp_mul(at, ratio))
            values[i] = hats_fp_inv(hats_fp_sub(at, 1));
    for (size_t i = 0; i < n; i++) {
        uint32_t e = p->element_of[first + i] & (n_values - 1);
        out[i] = n_values <= HATS_AIR_BLOCK
                     ? values[e]
                     : hats_fp_inv(hats_fp_sub(hats_fp_mul(at, hats_fp_pow(ratio, e)), 1));
    }
}

static void constraints_block(void *arg, size_t i, unsigned thread) {
    struct quotient *x = arg;
    struct hats_stark_prover *p = x->p;
    const struct hats_field_kernels *k = hats_field_kernels();
    size_t first = i * HATS_AIR_BLOCK;
    struct hats_air_block block = {.n = p->n_rows < HATS_AIR_BLOCK ? p->n_rows : HATS_AIR_BLOCK};
    uint64_t *room = x->rooms + thread * x->room_len;
    uint64_t *inverse = room + x->room_len - 4 * HATS_AIR_BLOCK;
    struct hats_fp3_vec sum = {
        {inverse + HATS_AIR_BLOCK, inverse + 2 * HATS_AIR_BLOCK, inverse + 3 * HATS_AIR_BLOCK}};
    stage(x, &block, first, room);
    hats_air_program_combine(x->programs[x->t][thread], &block, sum);
    vanishing(x, inverse, first, block.n);
    uint64_t *out = x->mod + 3 * (size_t)x->coset * p->n_rows + first;
    for (unsigned j = 0; j < 3; j++)
        k->mul_add(out + (size_t)j * p->n_rows, sum.c[j], inverse, block.n);
}

static void constraints_on_coset(struct quotient *x, unsigned coset) {
    struct hats_stark_prover *p = x->p;
    x->coset = coset;
    for (unsigned t = 0; t < p->setup->n_tables; t++) {
        x->t = t;
        hats_parallel_for(p->threads, x->given[t].n_columns, evaluate_given, x);
        hats_parallel_for(p->threads, p->setup->table[t].air->n_fixed, evaluate_fixed, x);
        hats_parallel_for(p->threads, p->n_rows < HATS_AIR_BLOCK ? 1 : p->n_rows / HATS_AIR_BLOCK,
                          constraints_block, x);
    }
}

/* ---- from values to chunks ---- */

static void interpolate_coset(void *arg, size_t i, unsigned thread) {
    struct quotient *x = arg;
    size_t n = x->p->n_rows;
    uint64_t *room = x->rooms + thread * x->room_len, *at = x->mod + i * n;
    memcpy(room, at, n * sizeof *room);
    hats_lde_interpolate(x->p->cosets[i / 3], at, room);
}

/* inverse[i][k]: coefficient of X^i of the Lagrange polynomial of s_k among the n points s. poly: n words. */
static void invert_vandermonde(uint64_t *inverse, const uint64_t *s, unsigned n, uint64_t *poly) {
    for (unsigned k = 0; k < n; k++) {
        uint64_t scale = 1;
        unsigned degree = 0;
        memset(poly, 0, n * sizeof *poly);
        poly[0] = 1;
        for (unsigned j = 0; j < n; j++) {
            if (j == k)
                continue;
            scale = hats_fp_mul(scale, hats_fp_sub(s[k], s[j]));
            degree++;
            for (unsigned i = degree; i > 0; i--)
                poly[i] = hats_fp_sub(poly[i - 1], hats_fp_mul(poly[i], s[j]));
            poly[0] = hats_fp_neg(hats_fp_mul(poly[0], s[j]));
        }
        scale = hats_fp_inv(scale);
        for (unsigned i = 0; i < n; i++)
            inverse[i * n + k] = hats_fp_mul(poly[i], scale);
    }
}

static void solve_piece(void *arg, size_t i, unsigned thread) {
    struct quotient *x = arg;
    const struct hats_field_kernels *k = hats_field_kernels();
    size_t n = x->p->n_rows, piece = i / 3, j = i % 3;
    uint64_t *out = x->pieces + i * n, *room = x->rooms + thread * x->room_len;
    for (size_t c = 0; c < x->n_used; c++) {
        k->scale(room, x->mod + (3 * c + j) * n, x->inverse[piece * x->n_used + c], n);
        k->add(out, out, room, n);
    }
}

/* Coefficient i of q, digit j. */
static uint64_t coefficient(const struct quotient *x, size_t i, unsigned j) {
    size_t n = x->p->n_rows;
    return x->pieces[((i / n) * 3 + j) * n + i % n];
}

/* Chunk i is q's coefficients from i M on, plus X^M t_i, minus t_(i-1); R follows the chunks. */
static void chunk_columns(void *arg, size_t i, unsigned thread) {
    struct quotient *x = arg;
    struct hats_stark_prover *p = x->p;
    const struct hats_stark_setup *s = p->setup;
    struct hats_stark_oracle *o = &p->oracle[HATS_STARK_TREE_QUOTIENT];
    unsigned chunk = (unsigned)i / 3, j = (unsigned)i % 3;
    uint64_t *f = o->coeffs + i * s->d_max;
    if (chunk == s->n_chunks) {
        hats_stark_coins(p, HATS_STARK_COIN_R + j, f, s->d_max);
        o->n_coeffs[i] = s->d_max;
        return;
    }
    size_t from = (size_t)chunk * s->chunk_len;
    size_t n = from < s->quotient_len ? s->quotient_len - from : 0;
    if (n > s->chunk_len)
        n = s->chunk_len;
    for (size_t c = 0; c < n; c++)
        f[c] = coefficient(x, from + c, j);
    uint64_t *mask = x->rooms + thread * x->room_len;
    for (unsigned side = 0; side < 2; side++) { /* t_i above, t_(i-1) below */
        if (side == 0 ? chunk + 1 == s->n_chunks : chunk == 0)
            continue;
        hats_stark_coins(p, HATS_STARK_COIN_CHUNK + 3 * (chunk - side) + j, mask, s->chunk_overlap);
        for (uint32_t c = 0; c < s->chunk_overlap; c++)
            if (side == 0)
                f[s->chunk_len + c] = mask[c];
            else
                f[c] = hats_fp_sub(f[c], mask[c]);
    }
    o->n_coeffs[i] = s->chunk_len + s->chunk_overlap;
}

static bool quotient_has_right_degree(const struct quotient *x) {
    uint64_t excess = 0;
    for (size_t i = x->p->setup->quotient_len; i < (size_t)x->n_used * x->p->n_rows; i++)
        for (unsigned j = 0; j < 3; j++)
            excess |= coefficient(x, i, j);
    return excess == 0;
}

static hats_status divide(struct quotient *x) {
    struct hats_stark_prover *p = x->p;
    uint64_t *s = x->inverse + (size_t)x->n_used * x->n_used, *room = s + x->n_used;
    for (unsigned k = 0; k < x->n_used; k++)
        s[k] = hats_fp_pow(p->cosets[k]->shift, p->n_rows);
    invert_vandermonde(x->inverse, s, x->n_used, room);
    hats_parallel_for(p->threads, 3 * (size_t)x->n_used, interpolate_coset, x);
    hats_parallel_for(p->threads, 3 * (size_t)x->n_used, solve_piece, x);
    if (!quotient_has_right_degree(x))
        return hats_fail(p->err, HATS_E_VERIFY,
                         "a constraint does not hold in some row, so there is nothing to prove; "
                         "the row checker names it");
    return HATS_OK;
}

static hats_status init(struct quotient *x) {
    struct hats_stark_prover *p = x->p;
    const struct hats_stark_setup *s = p->setup;
    unsigned n_threads = hats_parallel_n_threads(p->threads);
    x->n_used = (s->quotient_len + p->n_rows - 1) / p->n_rows;
    assert(x->n_used <= p->n_cosets); /* the setup sees to it */
    size_t room = (HATS_AIR_MAX_COLUMNS + 3 + 4) * (size_t)HATS_AIR_BLOCK;
    x->room_len = room < 2 * (size_t)p->n_rows ? 2 * (size_t)p->n_rows : room;
    x->rooms = hats_stark_prover_alloc(p, n_threads * x->room_len, sizeof *x->rooms);
    x->lambda = hats_stark_prover_alloc(p, s->n_constraints, sizeof *x->lambda);
    x->mod = hats_stark_prover_alloc_zero(p, 3 * (size_t)x->n_used * p->n_rows, sizeof *x->mod);
    x->pieces =
        hats_stark_prover_alloc_zero(p, 3 * (size_t)x->n_used * p->n_rows, sizeof *x->pieces);
    x->inverse =
        hats_stark_prover_alloc(p, (size_t)x->n_used * (x->n_used + 2u), sizeof *x->inverse);
    if (x->inverse == NULL || x->rooms == NULL || x->lambda == NULL || x->mod == NULL ||
        x->pieces == NULL)
        return HATS_E_MEMORY;
    for (unsigned i = 0; i <= LOG_FEW_VALUES; i++)
        x->few_root[i] = hats_stark_generator(i);
    struct hats_fp3 power = hats_fp3_from_fp(1);
    for (unsigned c = 0; c < s->n_constraints; c++, power = hats_fp3_mul(power, p->lambda))
        x->lambda[c] = power;
    unsigned first = 0;
    for (unsigned t = 0; t < s->n_tables; t++) {
        struct hats_air_binding binding = {p->challenges, p->scalars[t], p->alpha,
                                           p->theta,      p->delta,      x->lambda + first};
        first += s->table[t].n_constraints;
        x->programs[t] = hats_stark_prover_alloc_zero(p, n_threads, sizeof *x->programs[t]);
        if (x->programs[t] == NULL || prepare_given(x, t) != HATS_OK)
            return HATS_E_MEMORY;
        for (unsigned i = 0; i < n_threads; i++) {
            x->programs[t][i] = hats_air_program_new(s->table[t].air, HATS_AIR_CONSTRAINTS);
            if (x->programs[t][i] == NULL)
                return HATS_E_MEMORY;
            hats_air_program_bind(x->programs[t][i], &binding);
        }
    }
    return HATS_OK;
}

hats_status hats_stark_prove_quotient(struct hats_stark_prover *p) {
    struct quotient x = {.p = p};
    uint64_t start = hats_stark_clock();
    hats_status s = init(&x);
    if (s == HATS_OK) {
        for (unsigned k = 0; k < x.n_used; k++)
            constraints_on_coset(&x, k);
        p->times.constraints += hats_stark_clock() - start;
        s = divide(&x);
    }
    if (s == HATS_OK)
        s = hats_stark_oracle_init(p, HATS_STARK_TREE_QUOTIENT);
    if (s == HATS_OK)
        hats_parallel_for(p->threads, p->setup->width[HATS_STARK_TREE_QUOTIENT], chunk_columns, &x);
    for (unsigned t = 0; t < p->setup->n_tables; t++)
        for (unsigned i = 0; x.programs[t] != NULL && i < hats_parallel_n_threads(p->threads); i++)
            hats_air_program_free(x.programs[t][i]);
    p->times.quotient_ntt += hats_stark_clock() - start - p->times.constraints;
    if (s == HATS_OK)
        return hats_stark_oracle_commit(p, HATS_STARK_TREE_QUOTIENT, &p->times.quotient_ntt,
                                        &p->times.quotient_hash);
    return s == HATS_E_MEMORY ? hats_fail(p->err, s, "no memory for the quotient of a proof") : s;
}
