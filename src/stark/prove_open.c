#include "stark/prove_internal.h"

enum { K_LEN = 24, PIECE = 512, TOGETHER = 32 };

/* ---- values at zeta and at g zeta ---- */

/* One committed column: where it stands, how wide it is, where else it is opened. */
struct opening {
    enum hats_stark_tree tree;
    unsigned column;
    bool over_k;
    int next_of; /* table whose g zeta it is opened at as well, or -1 */
};

struct openings {
    struct opening at[3 * HATS_STARK_MAX_WIDTH]; /* in the order of the batch */
    unsigned n;
};

static void add(struct openings *o, enum hats_stark_tree tree, unsigned column, bool over_k,
                int next_of) {
    o->at[o->n++] = (struct opening){tree, column, over_k, next_of};
}

static void list_columns(struct openings *o, const struct hats_stark_setup *s) {
    o->n = 0;
    for (unsigned t = 0; t < s->n_tables; t++) {
        const struct hats_stark_table *table = &s->table[t];
        for (unsigned c = 0; c < table->n_columns; c++)
            add(o, HATS_STARK_TREE_TRACE, table->first_base + c, false,
                table->air->reads_next[c] ? (int)t : -1);
        if (table->has_mu)
            add(o, HATS_STARK_TREE_TRACE, table->first_base + table->n_columns, true, (int)t);
    }
    for (unsigned t = 0; t < s->n_tables; t++) {
        const struct hats_stark_table *table = &s->table[t];
        for (unsigned h = 0; h < table->n_helpers; h++)
            add(o, HATS_STARK_TREE_AUX, table->first_aux + 3 * h, true, -1);
        if (table->has_acc)
            add(o, HATS_STARK_TREE_AUX, table->first_aux + 3 * table->n_helpers, true, (int)t);
    }
    for (unsigned i = 0; i < s->n_chunks; i++)
        add(o, HATS_STARK_TREE_QUOTIENT, 3 * i, true, -1);
}

static const uint64_t *coeffs_of(const struct hats_stark_prover *p, const struct opening *o,
                                 unsigned digit) {
    const struct hats_stark_oracle *oracle = &p->oracle[o->tree];
    return oracle->coeffs + (size_t)(o->column + digit) * p->setup->d_max;
}

/* start z^j for j < n, in three arrays of n words. */
static struct hats_fp3_vec powers_of(struct hats_stark_prover *p, struct hats_fp3 z) {
    size_t n = p->setup->d_max;
    uint64_t *at = hats_stark_prover_alloc(p, 3 * n, sizeof *at);
    struct hats_fp3_vec v = {{at, NULL, NULL}};
    if (at == NULL)
        return v;
    v.c[1] = at + n;
    v.c[2] = at + 2 * n;
    struct hats_fp3 power = hats_fp3_from_fp(1);
    for (size_t j = 0; j < 8; j++, power = hats_fp3_mul(power, z))
        for (unsigned i = 0; i < 3; i++)
            v.c[i][j] = power.c[i];
    for (size_t done = 8; done < n;) { /* power = z^done */
        size_t more = n - done < done ? n - done : done;
        struct hats_fp3_vec to = {{v.c[0] + done, v.c[1] + done, v.c[2] + done}};
        hats_field_kernels()->fp3_scale(to, v, power, more);
        power = hats_fp3_mul(power, power);
        done += more;
    }
    return v;
}

/* sum_j f_j z^j over F_p digits: three inner products, in pieces that stay in the first cache. */
static struct hats_fp3 inner_product(const uint64_t *f, struct hats_fp3_vec z, size_t n,
                                     uint64_t *room) {
    const struct hats_field_kernels *k = hats_field_kernels();
    struct hats_fp3 out;
    for (unsigned i = 0; i < 3; i++) {
        memset(room, 0, PIECE * sizeof *room);
        for (size_t at = 0; at < n; at += PIECE) {
            size_t len = n - at < PIECE ? n - at : PIECE;
            k->mul_add(room, f + at, z.c[i] + at, len);
        }
        uint64_t sum = 0;
        for (size_t j = 0; j < PIECE; j++)
            sum = hats_fp_add(sum, room[j]);
        out.c[i] = sum;
    }
    return out;
}

struct evaluation {
    struct hats_stark_prover *p;
    const struct openings *columns;
    struct hats_fp3_vec zeta, next[HATS_STARK_MAX_TABLES];
    struct hats_fp3 *at_zeta, *at_next; /* [columns.n] */
    uint64_t *rooms;                    /* [threads][PIECE] */
};

/* A polynomial over K is f_0 + x f_1 + x^2 f_2. */
static struct hats_fp3 value_at(struct evaluation *e, const struct opening *o,
                                struct hats_fp3_vec z, uint64_t *room) {
    const size_t n = e->p->setup->d_max;
    struct hats_fp3 v = inner_product(coeffs_of(e->p, o, 0), z, n, room);
    for (unsigned digit = 1; o->over_k && digit < 3; digit++) {
        struct hats_fp3 x = {{0, digit == 1, digit == 2}};
        v = hats_fp3_add(v, hats_fp3_mul(x, inner_product(coeffs_of(e->p, o, digit), z, n, room)));
    }
    return v;
}

static void evaluate_column(void *arg, size_t i, unsigned thread) {
    struct evaluation *e = arg;
    const struct opening *o = &e->columns->at[i];
    uint64_t *room = e->rooms + (size_t)thread * PIECE;
    e->at_zeta[i] = value_at(e, o, e->zeta, room);
    if (o->next_of >= 0)
        e->at_next[i] = value_at(e, o, e->next[o->next_of], room);
}

static void put_k(uint8_t **at, struct hats_fp3 v) {
    for (unsigned i = 0; i < 3; i++, *at += 8)
        hats_store_be64(*at, v.c[i]);
}

/* Table by table at zeta, table by table at g zeta, chunks: docs/FORMATS.md, 8.6. */
static void encode_opened(const struct evaluation *e, uint8_t *out) {
    const struct openings *c = e->columns;
    const struct hats_stark_setup *s = e->p->setup;
    for (unsigned next = 0; next < 2; next++)
        for (unsigned t = 0; t < s->n_tables; t++)
            for (unsigned i = 0; i < c->n; i++) {
                const struct opening *o = &c->at[i];
                const struct hats_stark_table *table = &s->table[t];
                unsigned first =
                    o->tree == HATS_STARK_TREE_TRACE ? table->first_base : table->first_aux;
                unsigned end = o->tree == HATS_STARK_TREE_TRACE
                                   ? first + table->n_columns + 3 * table->has_mu
                                   : first + 3 * (table->n_helpers + table->has_acc);
                if (o->tree == HATS_STARK_TREE_QUOTIENT || o->column < first || o->column >= end)
                    continue;
                if (next == 0)
                    put_k(&out, e->at_zeta[i]);
                else if (o->next_of >= 0)
                    put_k(&out, e->at_next[i]);
            }
    for (unsigned i = 0; i < c->n; i++)
        if (c->at[i].tree == HATS_STARK_TREE_QUOTIENT)
            put_k(&out, e->at_zeta[i]);
}

static hats_status open_columns(struct hats_stark_prover *p, struct openings *columns) {
    const struct hats_stark_setup *s = p->setup;
    struct evaluation e = {.p = p, .columns = columns};
    size_t n_k = (size_t)columns->n + 1;
    e.at_zeta = hats_stark_prover_alloc(p, n_k, sizeof *e.at_zeta);
    e.at_next = hats_stark_prover_alloc(p, n_k, sizeof *e.at_next);
    e.rooms = hats_stark_prover_alloc(p, (size_t)hats_parallel_n_threads(p->threads) * PIECE,
                                      sizeof *e.rooms);
    p->opened = hats_stark_prover_alloc(p, s->n_opened, K_LEN);
    e.zeta = powers_of(p, p->zeta);
    if (e.at_zeta == NULL || e.at_next == NULL || e.rooms == NULL || p->opened == NULL ||
        e.zeta.c[0] == NULL)
        return HATS_E_MEMORY;
    for (unsigned t = 0; t < s->n_tables; t++) {
        const struct hats_stark_table *table = &s->table[t];
        if (!table->has_acc && !table->has_mu)
            continue;
        unsigned log_n = table->air->log_n;
        e.next[t] = powers_of(p, hats_fp3_scale(p->zeta, hats_stark_generator(log_n)));
        if (e.next[t].c[0] == NULL)
            return HATS_E_MEMORY;
    }
    hats_parallel_for(p->threads, columns->n, evaluate_column, &e);
    encode_opened(&e, p->opened);
    return HATS_OK;
}

/* ---- the batch ---- */

/* One point set: the columns opened at zeta alone, or at zeta and at one table's g zeta too. */
struct batch {
    struct hats_stark_prover *p;
    const struct openings *columns;
    struct hats_fp3 *eta; /* powers, eta^(i + 1) for column i */
    int next_of;
    uint64_t *sum; /* [3][d_max] */
};

static void combine_piece(void *arg, size_t i, unsigned thread) {
    (void)thread;
    struct batch *b = arg;
    const struct hats_field_kernels *k = hats_field_kernels();
    const struct hats_stark_prover *p = b->p;
    size_t d = p->setup->d_max, from = i * PIECE, n = d - from < PIECE ? d - from : PIECE;
    struct hats_fp3_vec sum = {{b->sum + from, b->sum + d + from, b->sum + 2 * d + from}};
    const uint64_t *over_fp[TOGETHER];
    struct hats_fp3 eta[TOGETHER];
    size_t n_terms = 0;
    for (unsigned c = 0; c < b->columns->n; c++) {
        const struct opening *o = &b->columns->at[c];
        if (o->next_of != b->next_of)
            continue;
        if (o->over_k) {
            struct hats_fp3_vec f;
            for (unsigned digit = 0; digit < 3; digit++)
                f.c[digit] = (uint64_t *)(uintptr_t)coeffs_of(p, o, digit) + from;
            k->fp3_add_scaled(sum, f, b->eta[c], n);
            continue;
        }
        over_fp[n_terms] = coeffs_of(p, o, 0) + from;
        eta[n_terms++] = b->eta[c];
        if (n_terms == TOGETHER) {
            k->fp3_dot_base(sum, over_fp, eta, n_terms, n);
            n_terms = 0;
        }
    }
    if (n_terms > 0)
        k->fp3_dot_base(sum, over_fp, eta, n_terms, n);
}

/* f <- (f - f(z)) / (X - z), one coefficient fewer. */
static void divide_by_root(struct hats_fp3 *f, size_t n, struct hats_fp3 z) {
    struct hats_fp3 carry = hats_fp3_from_fp(0);
    for (size_t j = n; j-- > 0;) {
        struct hats_fp3 next = hats_fp3_add(f[j], hats_fp3_mul(carry, z));
        f[j] = carry;
        carry = next;
    }
}

/* f_k - U_k has the roots of Z_k, so dividing the sum and dropping the remainder needs no U_k. */
static void add_point_set(struct batch *b, struct hats_fp3 *room) {
    struct hats_stark_prover *p = b->p;
    size_t d = p->setup->d_max;
    memset(b->sum, 0, 3 * d * sizeof *b->sum);
    hats_parallel_for(p->threads, (d + PIECE - 1) / PIECE, combine_piece, b);
    for (size_t j = 0; j < d; j++)
        room[j] = (struct hats_fp3){{b->sum[j], b->sum[d + j], b->sum[2 * d + j]}};
    divide_by_root(room, d, p->zeta);
    if (b->next_of >= 0) {
        unsigned log_n = p->setup->table[b->next_of].air->log_n;
        divide_by_root(room, d, hats_fp3_scale(p->zeta, hats_stark_generator(log_n)));
    }
    for (size_t j = 0; j < d; j++)
        p->batch[j] = hats_fp3_add(p->batch[j], room[j]);
}

static hats_status batch_columns(struct hats_stark_prover *p, const struct openings *columns) {
    const struct hats_stark_setup *s = p->setup;
    size_t d = s->d_max;
    struct batch b = {.p = p, .columns = columns, .next_of = -1};
    b.eta = hats_stark_prover_alloc(p, columns->n, sizeof *b.eta);
    b.sum = hats_stark_prover_alloc(p, 3 * d, sizeof *b.sum);
    struct hats_fp3 *room = hats_stark_prover_alloc(p, d, sizeof *room);
    p->batch = hats_stark_prover_alloc(p, d, sizeof *p->batch);
    if (b.eta == NULL || b.sum == NULL || room == NULL || p->batch == NULL)
        return HATS_E_MEMORY;
    struct hats_fp3 power = p->eta;
    for (unsigned c = 0; c < columns->n; c++, power = hats_fp3_mul(power, p->eta))
        b.eta[c] = power;
    const struct hats_stark_oracle *o = &p->oracle[HATS_STARK_TREE_QUOTIENT];
    for (size_t j = 0; j < d; j++)
        for (unsigned i = 0; i < 3; i++)
            p->batch[j].c[i] = o->coeffs[(3 * s->n_chunks + i) * d + j];
    add_point_set(&b, room);
    for (unsigned t = 0; t < s->n_tables; t++)
        if (s->table[t].has_acc || s->table[t].has_mu) {
            b.next_of = (int)t;
            add_point_set(&b, room);
        }
    return HATS_OK;
}

hats_status hats_stark_prove_opened(struct hats_stark_prover *p) {
    uint64_t start = hats_stark_clock();
    struct openings *columns = hats_stark_prover_alloc(p, 1, sizeof *columns);
    if (columns == NULL)
        return hats_fail(p->err, HATS_E_MEMORY, "no memory to open a proof");
    list_columns(columns, p->setup);
    hats_status s = open_columns(p, columns);
    if (s == HATS_OK) {
        hats_stark_absorb(&p->transcript, HATS_STARK_L_OPENED, p->opened,
                          (size_t)p->setup->n_opened * K_LEN);
        hats_stark_draw_k(&p->transcript, HATS_STARK_L_ETA, &p->eta, 1);
        s = batch_columns(p, columns);
    }
    p->times.open += hats_stark_clock() - start;
    return s == HATS_OK ? HATS_OK : hats_fail(p->err, s, "no memory to open a proof");
}
