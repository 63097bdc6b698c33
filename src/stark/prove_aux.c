#include "stark/prove_internal.h"

/* Work over the rows of one table, in natural order. */
struct aux {
    struct hats_stark_prover *p;
    const struct hats_stark_table *table;
    unsigned t;
    struct hats_air_program **programs; /* one a thread */
    uint64_t *looked_up;                /* [n_lookups][N] */
    uint64_t *factors;                  /* [n_lookups][3][N]: A */
    uint64_t *inverses; /* the same: 1 / A, and helpers in place of each pair's first */
    uint64_t *sums;     /* [3][N]: sum_i delta^i e_i, then the accumulator's steps */
    uint64_t *acc;      /* [3][N] */
    uint64_t *rooms;    /* [threads][room_len] */
    size_t room_len;
};

static struct hats_fp3 k_at(const uint64_t *k, size_t n_rows, size_t i) {
    return (struct hats_fp3){{k[i], k[n_rows + i], k[2 * n_rows + i]}};
}

/* ---- what the statement gives ---- */

/* 1 / A(value, tag) of every row of the table. */
static hats_status invert_table(struct hats_stark_prover *p, unsigned t) {
    const struct hats_stark_table *table = &p->setup->table[t];
    const struct hats_air *air = table->air;
    size_t n = table->n_rows;
    uint64_t *k = hats_stark_prover_alloc(p, 3 * n, sizeof *k);
    uint64_t *room = hats_stark_prover_alloc(p, 3 * n, sizeof *room);
    if (k == NULL || room == NULL)
        return hats_fail(p->err, HATS_E_MEMORY, "no memory for the lookup table of a proof");
    const struct hats_air_fixed *values = &air->fixed[air->table_values];
    const struct hats_air_fixed *tags = &air->fixed[air->table_tags];
    for (size_t j = 0; j < n; j++) {
        struct hats_fp3 a = hats_fp3_sub(
            p->alpha,
            hats_fp3_scale(p->theta, tags->values[j & (((size_t)1 << tags->log_period) - 1)]));
        a.c[0] = hats_fp_sub(a.c[0], values->values[j & (((size_t)1 << values->log_period) - 1)]);
        for (int i = 0; i < 3; i++)
            room[(size_t)i * n + j] = a.c[i];
        if ((a.c[0] | a.c[1] | a.c[2]) == 0)
            return hats_fail(p->err, HATS_E_RANGE, "a challenge met the lookup table; try again");
    }
    hats_fp3_inv_many(hats_stark_vec_at(k, n, 0), hats_stark_vec_at(room, n, 0), n);
    p->table_inverse[t] = k;
    return HATS_OK;
}

struct given {
    struct hats_stark_prover *p;
    unsigned t;
    struct hats_fp3 *rooms; /* [threads][N] */
};

static void weight_column(void *arg, size_t c, unsigned thread) {
    struct given *g = arg;
    struct hats_stark_prover *p = g->p;
    const struct hats_stark_statement *st = p->statement;
    size_t n = p->setup->table[g->t].n_rows;
    struct hats_fp3 *room = g->rooms + thread * n;
    uint64_t *out = p->weights[g->t] + 3 * c * n;
    uint32_t n_given = st->weight_column(st->ctx, p->challenges, g->t, (unsigned)c, room);
    for (size_t j = 0; j < n_given; j++)
        for (int i = 0; i < 3; i++)
            out[(size_t)i * n + j] = room[j].c[i];
}

static hats_status take_given(struct hats_stark_prover *p, unsigned t) {
    const struct hats_stark_statement *st = p->statement;
    const struct hats_stark_table *table = &p->setup->table[t];
    const struct hats_air *air = table->air;
    size_t n = table->n_rows;
    unsigned n_threads = hats_parallel_n_threads(p->threads);
    struct given g = {.p = p, .t = t};
    if (air->n_public > 0) {
        p->publics[t] = hats_stark_prover_alloc_zero(p, air->n_public * n, sizeof(uint64_t));
        if (p->publics[t] == NULL)
            goto no_memory;
        for (unsigned c = 0; c < air->n_public; c++)
            (void)st->public_column(st->ctx, t, c, p->publics[t] + c * n);
    }
    if (air->n_scalars > 0) {
        p->scalars[t] = hats_stark_prover_alloc_zero(p, air->n_scalars, sizeof(struct hats_fp3));
        if (p->scalars[t] == NULL)
            goto no_memory;
        st->scalars(st->ctx, p->challenges, t, p->scalars[t]);
    }
    if (air->n_weights > 0) {
        p->weights[t] = hats_stark_prover_alloc_zero(p, 3 * air->n_weights * n, sizeof(uint64_t));
        g.rooms = hats_stark_prover_alloc(p, n_threads * n, sizeof *g.rooms);
        if (p->weights[t] == NULL || g.rooms == NULL)
            goto no_memory;
        hats_parallel_for(p->threads, air->n_weights, weight_column, &g);
    }
    return air->has_table ? invert_table(p, t) : HATS_OK;
no_memory:
    return hats_fail(p->err, HATS_E_MEMORY, "no memory for the public columns of a proof");
}

/* ---- helpers and accumulator ---- */

/* Next-row and fixed values of a block, which the trace does not hold as they are needed. */
static void stage(const struct aux *x, struct hats_air_block *block, size_t first, uint64_t *room) {
    const struct hats_air *air = x->table->air;
    const uint64_t *trace = x->p->trace[x->t];
    size_t n = x->table->n_rows;
    for (unsigned c = 0; c < air->n_columns; c++) {
        if (!air->reads_next[c])
            continue;
        for (size_t j = 0; j < block->n; j++)
            room[j] = trace[c * n + ((first + j + 1) & (n - 1))];
        block->nexts[c] = room;
        room += HATS_AIR_BLOCK;
    }
    for (unsigned c = 0; c < air->n_fixed; c++) {
        const struct hats_air_fixed *f = &air->fixed[c];
        for (size_t j = 0; j < block->n; j++)
            room[j] = f->values[(first + j) & (((size_t)1 << f->log_period) - 1)];
        block->fixed[c] = room;
        room += HATS_AIR_BLOCK;
    }
}

static void terms_block(void *arg, size_t i, unsigned thread) {
    struct aux *x = arg;
    struct hats_stark_prover *p = x->p;
    const struct hats_air *air = x->table->air;
    size_t n = x->table->n_rows, first = i * HATS_AIR_BLOCK;
    struct hats_air_block block = {.n = n < HATS_AIR_BLOCK ? n : HATS_AIR_BLOCK};
    for (unsigned c = 0; c < air->n_columns; c++)
        block.cells[c] = p->trace[x->t] + c * n + first;
    for (unsigned c = 0; c < air->n_public; c++)
        block.publics[c] = p->publics[x->t] + c * n + first;
    for (unsigned c = 0; c < air->n_weights; c++)
        block.weights[c] = hats_stark_vec_at(p->weights[x->t] + 3 * c * n, n, first);
    stage(x, &block, first,
          x->rooms + (size_t)thread * (air->n_columns + air->n_fixed) * HATS_AIR_BLOCK);
    uint64_t *looked_up[HATS_AIR_MAX_LOOKUPS];
    for (unsigned l = 0; l < air->n_lookups; l++)
        looked_up[l] = x->looked_up + l * n + first;
    hats_air_program_terms(x->programs[thread], &block, looked_up,
                           hats_stark_vec_at(x->sums, n, first));
}

/* 1 / A of one lookup in all rows. */
static void invert_lookup(void *arg, size_t l, unsigned thread) {
    (void)thread;
    struct aux *x = arg;
    size_t n = x->table->n_rows;
    struct hats_fp3 c =
        hats_fp3_sub(x->p->alpha, hats_fp3_scale(x->p->theta, x->table->air->lookups[l].tag));
    uint64_t *a = x->factors + 3 * l * n;
    for (size_t j = 0; j < n; j++) {
        a[j] = hats_fp_sub(c.c[0], x->looked_up[l * n + j]);
        a[n + j] = c.c[1];
        a[2 * n + j] = c.c[2];
    }
    hats_fp3_inv_many(hats_stark_vec_at(x->inverses + 3 * l * n, n, 0), hats_stark_vec_at(a, n, 0),
                      n);
}

/* Helpers in place of the first inverse of each pair; then the accumulator, row by row. Its sum over all
 * rows is 0 exactly when lookups and sums hold. */
static hats_status accumulate(struct aux *x) {
    const struct hats_field_kernels *k = hats_field_kernels();
    struct hats_stark_prover *p = x->p;
    const struct hats_air *air = x->table->air;
    size_t n = x->table->n_rows;
    struct hats_fp3_vec step = hats_stark_vec_at(x->sums, n, 0);
    for (unsigned h = 0; h < x->table->n_helpers; h++)
        for (unsigned i = 0; i < 3; i++) {
            uint64_t *a = x->inverses + (6 * h + i) * n;
            k->add(a, a, a + 3 * n, n);
            k->add(step.c[i], step.c[i], a, n);
        }
    for (unsigned i = 0; i < 3; i++) {
        if (air->n_lookups % 2 == 1)
            k->add(step.c[i], step.c[i], x->inverses + (3 * (air->n_lookups - 1u) + i) * n, n);
        if (air->has_table) {
            uint64_t *inverse = p->table_inverse[x->t] + i * n, *product = x->acc + i * n;
            k->mul(product, inverse, p->trace[x->t] + (size_t)air->table_multiplicities * n, n);
            k->sub(step.c[i], step.c[i], product, n);
        }
    }
    struct hats_fp3 constant = hats_fp3_from_fp(0), power = p->delta;
    uint64_t n_inverse = hats_fp_inv(n);
    for (unsigned i = 0; i < air->n_sums; i++) {
        struct hats_fp3 share = hats_fp3_scale(p->scalars[x->t][air->sums[i].scalar], n_inverse);
        constant = hats_fp3_add(constant, hats_fp3_mul(power, share));
        power = hats_fp3_mul(power, p->delta);
    }
    struct hats_fp3 acc = hats_fp3_from_fp(0);
    for (size_t j = 0; j < n; j++) {
        for (unsigned i = 0; i < 3; i++)
            x->acc[i * n + j] = acc.c[i];
        acc = hats_fp3_add(acc, hats_fp3_sub(k_at(x->sums, n, j), constant));
    }
    if ((acc.c[0] | acc.c[1] | acc.c[2]) != 0)
        return hats_fail(p->err, HATS_E_VERIFY,
                         "table \"%s\": a lookup or a sum does not hold, so there is nothing to "
                         "prove; the row checker names it",
                         air->name);
    return HATS_OK;
}

static void aux_column(void *arg, size_t i, unsigned thread) {
    struct aux *x = arg;
    struct hats_stark_prover *p = x->p;
    size_t n = x->table->n_rows;
    unsigned column = x->table->first_aux + (unsigned)i;
    bool is_acc = i >= 3u * x->table->n_helpers;
    const uint64_t *rows = is_acc ? x->acc + (i - 3u * x->table->n_helpers) * n
                                  : x->inverses + (i / 3 * 6 + i % 3) * n;
    hats_stark_column(p, &p->oracle[HATS_STARK_TREE_AUX], column, rows, x->table->n_rows,
                      is_acc ? x->table->h_wide : x->table->h_this, HATS_STARK_COIN_AUX + column,
                      x->rooms + (size_t)thread * x->room_len);
}

static hats_status aux_of_table(struct hats_stark_prover *p, unsigned t) {
    const struct hats_stark_table *table = &p->setup->table[t];
    const struct hats_air *air = table->air;
    size_t n = table->n_rows;
    unsigned n_threads = hats_parallel_n_threads(p->threads);
    struct aux x = {.p = p, .table = table, .t = t};
    x.room_len = (size_t)(air->n_columns + air->n_fixed) * HATS_AIR_BLOCK;
    x.room_len = x.room_len < n ? n : x.room_len;
    x.rooms = hats_stark_prover_alloc(p, n_threads * x.room_len, sizeof *x.rooms);
    x.looked_up = hats_stark_prover_alloc(p, air->n_lookups * n + 1, sizeof *x.looked_up);
    x.factors = hats_stark_prover_alloc(p, 3 * air->n_lookups * n + 1, sizeof *x.factors);
    x.inverses = hats_stark_prover_alloc(p, 3 * air->n_lookups * n + 1, sizeof *x.inverses);
    x.sums = hats_stark_prover_alloc(p, 3 * n, sizeof *x.sums);
    x.acc = hats_stark_prover_alloc(p, 3 * n, sizeof *x.acc);
    x.programs = hats_stark_prover_alloc_zero(p, n_threads, sizeof(struct hats_air_program *));
    hats_status s = HATS_E_MEMORY;
    if (x.rooms == NULL || x.looked_up == NULL || x.factors == NULL || x.inverses == NULL ||
        x.sums == NULL || x.acc == NULL || x.programs == NULL)
        goto done;
    struct hats_air_binding binding = {p->challenges, p->scalars[t], p->alpha,
                                       p->theta,      p->delta,      NULL};
    for (unsigned i = 0; i < n_threads; i++) {
        x.programs[i] = hats_air_program_new(air, HATS_AIR_TERMS);
        if (x.programs[i] == NULL)
            goto done;
        hats_air_program_bind(x.programs[i], &binding);
    }
    size_t n_blocks = n < HATS_AIR_BLOCK ? 1 : n / HATS_AIR_BLOCK;
    hats_parallel_for(p->threads, n_blocks, terms_block, &x);
    hats_parallel_for(p->threads, air->n_lookups, invert_lookup, &x);
    s = accumulate(&x);
    if (s == HATS_OK)
        hats_parallel_for(p->threads, 3u * table->n_helpers + 3, aux_column, &x);
done:
    for (unsigned i = 0; x.programs != NULL && i < n_threads; i++)
        hats_air_program_free(x.programs[i]);
    return s == HATS_E_MEMORY ? hats_fail(p->err, s, "no memory for the helper columns of a proof")
                              : s;
}

hats_status hats_stark_prove_aux(struct hats_stark_prover *p) {
    const struct hats_stark_setup *setup = p->setup;
    uint64_t start = hats_stark_clock();
    hats_status s = HATS_OK;
    for (unsigned t = 0; t < setup->n_tables && s == HATS_OK; t++)
        s = take_given(p, t);
    if (s == HATS_OK && setup->has_aux)
        s = hats_stark_oracle_init(p, HATS_STARK_TREE_AUX);
    for (unsigned t = 0; t < setup->n_tables && s == HATS_OK; t++)
        if (setup->table[t].has_acc)
            s = aux_of_table(p, t);
    p->times.aux += hats_stark_clock() - start;
    if (s == HATS_OK && setup->has_aux)
        s = hats_stark_oracle_commit(p, HATS_STARK_TREE_AUX, &p->times.aux_ntt, &p->times.aux_hash);
    return s;
}
