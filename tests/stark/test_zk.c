/* Degrees of freedom: is what a proof opens uniform among all views that the verifier's equations allow?
 *
 * Trace columns and helpers first. Each has a mask of its own, on which its opened values depend linearly,
 * so each column is a matrix. With these fixed, whatever they are, the rest of the view is affine in the rest
 * of the coins: the masks of acc and mu, the t_i, R. That is one matrix for the whole proof, and the equations
 * that every view satisfies are counted:
 *
 *     chunks and columns at zeta                               1
 *     chunks and columns at a queried x_i                      1, if g x_i is queried too in every table that
 *                                                              has an acc or a mu
 *     B and the rows at a queried x_i                          1
 *
 * over K, three times as many over F_p. Rank = coordinates - equations says that a view is uniform among
 * those that satisfy them (docs/SECURITY.md, section 12), and with one coefficient fewer than were counted
 * there it is not so. */
#include "zk.h"

#include "base/arena.h"
#include "field/lde.h"
#include "stark/air_eval.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { MAX_LATE = HATS_STARK_MAX_CHUNKS + HATS_STARK_MAX_TABLES + 1 };

/* A column whose coins are drawn once the trace and the helpers are fixed. */
struct late {
    enum { WIDE, CHUNK, MASK } kind; /* acc or mu; chunk; R */
    unsigned number;                 /* of the table, of the chunk */
    struct hats_fp3 weight;          /* in B */
    struct hats_fp3 *poly;           /* one coin's part in it, n coefficients */
    bool used;
};

struct proof {
    struct hats_stark_setup setup; /* its masks are changed to see what happens */
    uint32_t mask_len;             /* coefficients of R */
    struct zk_opened opened;
    struct hats_fp3 drawn[3 + HATS_AIR_MAX_CHALLENGES], lambda, eta;
    uint32_t n;                             /* points of the domain */
    uint64_t *cells[HATS_STARK_MAX_TABLES]; /* [n_columns][n]: the trace's values, masked */
    struct hats_fp3
        *wide[HATS_STARK_MAX_TABLES]; /* [n]: what q has of (acc(g X) - acc) / (X^N - 1) */
    struct late late[MAX_LATE];
    unsigned n_late;
    struct hats_fp3 *quotient; /* [n] */
    struct hats_fp3 *powers;   /* of each point, d_max */
    struct zk_map map;
    size_t coin;
};

/* From values at the points of the domain to coefficients, in place. */
static void interpolate(const struct proof *p, struct hats_fp3 *values) {
    struct hats_lde_coset c;
    uint64_t *digits = hats_alloc_array(p->n, sizeof *digits);
    assert_int_equal(hats_lde_coset_init(&c, p->setup.log_domain, HATS_P_GENERATOR, NULL), 0);
    for (int d = 0; d < 3; d++) {
        for (uint32_t i = 0; i < p->n; i++)
            digits[hats_ntt_position(c.ntt, i)] = values[i].c[d];
        hats_lde_interpolate(&c, digits, digits);
        for (uint32_t i = 0; i < p->n; i++)
            values[i].c[d] = digits[i];
    }
    hats_lde_coset_clear(&c);
    hats_free(digits);
}

/* A witness's column, masked, at the points of the domain. */
static void extend_column(const struct proof *p, const struct hats_stark_table *t, unsigned c,
                          const uint64_t *trace, uint64_t *out) {
    struct hats_lde_coset rows, domain;
    uint32_t n_rows = t->n_rows, h = t->air->reads_next[c] ? t->h_next : t->h_this;
    uint64_t *f = hats_alloc_array(n_rows + h, sizeof *f);
    assert_int_equal(hats_lde_coset_init(&rows, t->air->log_n, 1, NULL), 0);
    assert_int_equal(hats_lde_coset_init(&domain, p->setup.log_domain, HATS_P_GENERATOR, NULL), 0);
    for (uint32_t j = 0; j < n_rows; j++)
        f[hats_ntt_position(rows.ntt, j)] = trace[(size_t)c * n_rows + j];
    hats_lde_interpolate(&rows, f, f);
    for (uint32_t j = 0; j < h; j++) {
        uint64_t r = zk_random();
        f[j] = hats_fp_sub(f[j], r);
        f[n_rows + j] = hats_fp_add(f[n_rows + j], r);
    }
    uint64_t *values = hats_alloc_array(p->n, sizeof *values);
    hats_lde_evaluate(&domain, values, f, n_rows + h);
    for (uint32_t i = 0; i < p->n; i++)
        out[i] = values[hats_ntt_position(domain.ntt, i)];
    hats_lde_coset_clear(&rows);
    hats_lde_coset_clear(&domain);
    hats_free(values);
    hats_free(f);
}

/* The last constraint of a table, where acc or mu is `here` and `next` in the next row. */
static struct hats_fp3 last_constraint(const struct proof *p, unsigned t, uint32_t i,
                                       struct hats_fp3 here, struct hats_fp3 next) {
    static const struct hats_fp3 zeros[HATS_AIR_MAX_FIXED];
    static struct hats_fp3 nodes[HATS_AIR_MAX_NODES], cells[HATS_AIR_MAX_COLUMNS],
        nexts[HATS_AIR_MAX_COLUMNS], constraints[HATS_AIR_MAX_CONSTRAINTS];
    const struct hats_stark_table *table = &p->setup.table[t];
    uint32_t step = zk_step(&p->opened, table);
    for (unsigned c = 0; c < table->n_columns; c++) {
        const uint64_t *values = p->cells[t] + (size_t)c * p->n;
        cells[c] = hats_fp3_from_fp(values[i]);
        nexts[c] = hats_fp3_from_fp(values[(i + step) & (p->n - 1)]);
    }
    struct hats_air_point at = {.cells = cells,
                                .nexts = nexts,
                                .fixed = zeros,
                                .publics = zeros,
                                .weights = zeros,
                                .scalars = zeros,
                                .helpers = zeros,
                                .challenges = p->drawn + 3,
                                .alpha = p->drawn[0],
                                .theta = p->drawn[1],
                                .delta = p->drawn[2],
                                .wide = here,
                                .wide_next = next};
    hats_air_evaluate(table->air, &at, constraints, nodes);
    return constraints[table->n_constraints - 1];
}

/* The constraint is affine in acc or mu, and a multiple of their difference. */
static void find_wide(struct proof *p, unsigned t, struct hats_fp3 weight) {
    struct hats_fp3 zero = {{0}}, one = zk_digit(0), any = zk_random_k();
    for (uint32_t i = 0; i < p->n; i++) {
        struct hats_fp3 base = last_constraint(p, t, i, zero, zero);
        struct hats_fp3 a = hats_fp3_sub(last_constraint(p, t, i, zero, one), base);
        struct hats_fp3 b = hats_fp3_sub(base, last_constraint(p, t, i, any, zero));
        assert_true(hats_fp3_equal(b, hats_fp3_mul(any, a)));
        assert_false(hats_fp3_equal(a, zero));
        p->wide[t][i] = hats_fp3_mul(weight, a);
    }
}

static void add_late(struct proof *p, struct late l) {
    assert_true(p->n_late < MAX_LATE);
    l.poly = hats_alloc_array(p->n, sizeof *l.poly);
    p->late[p->n_late++] = l;
}

static struct hats_fp3 power(struct hats_fp3 *eta_k, struct hats_fp3 eta) {
    return *eta_k = hats_fp3_mul(*eta_k, eta);
}

/* In the order of the batch, which gives the weights; columns that are fixed by now are passed over. */
static void list_late(struct proof *p) {
    const struct hats_stark_setup *s = &p->setup;
    struct hats_fp3 eta_k = zk_digit(0), w;
    for (unsigned t = 0; t < s->n_tables; t++) {
        for (unsigned c = 0; c < s->table[t].n_columns; c++)
            (void)power(&eta_k, p->eta);
        if (s->table[t].has_mu) {
            w = power(&eta_k, p->eta);
            add_late(p, (struct late){.kind = WIDE, .number = t, .weight = w});
        }
    }
    for (unsigned t = 0; t < s->n_tables; t++) {
        for (unsigned c = 0; c < s->table[t].n_helpers; c++)
            (void)power(&eta_k, p->eta);
        if (s->table[t].has_acc) {
            w = power(&eta_k, p->eta);
            add_late(p, (struct late){.kind = WIDE, .number = t, .weight = w});
        }
    }
    for (unsigned i = 0; i < s->n_chunks; i++) {
        w = power(&eta_k, p->eta);
        add_late(p, (struct late){.kind = CHUNK, .number = i, .weight = w});
    }
    add_late(p, (struct late){.kind = MASK, .weight = zk_digit(0)});
}

static struct hats_fp3 next_zeta(const struct proof *p, unsigned t) {
    return hats_fp3_scale(p->opened.zeta, hats_stark_generator(p->setup.table[t].air->log_n));
}

/* The powers of the points, then of zeta, then of g zeta for each table. */
static void find_powers(struct proof *p) {
    size_t n = p->opened.n + 1 + p->setup.n_tables, d_max = p->setup.d_max;
    p->powers = hats_alloc_array(n * d_max, sizeof *p->powers);
    for (size_t i = 0; i < n; i++) {
        struct hats_fp3 z = p->opened.zeta, power = zk_digit(0);
        if (i < p->opened.n)
            z = hats_fp3_from_fp(p->opened.points[i]);
        else if (i > p->opened.n)
            z = next_zeta(p, (unsigned)(i - p->opened.n - 1));
        for (size_t j = 0; j < d_max; j++, power = hats_fp3_mul(power, z))
            p->powers[i * d_max + j] = power;
    }
}

static bool has_wide(const struct hats_stark_table *t) { return t->has_acc || t->has_mu; }

static struct proof *proof_new(const struct systems *all, const struct zk_opened *opened) {
    struct proof *p = hats_alloc(sizeof *p);
    assert_non_null(p);
    p->setup = all->setup;
    p->mask_len = p->setup.d_max;
    p->opened = *opened;
    p->n = UINT32_C(1) << p->setup.log_domain;
    for (size_t i = 0; i < HATS_COUNT_OF(p->drawn); i++)
        p->drawn[i] = zk_random_k();
    p->lambda = zk_random_k();
    p->eta = zk_random_k();
    p->quotient = hats_alloc_array(p->n, sizeof *p->quotient);
    unsigned n_before = 0;
    for (unsigned t = 0; t < all->n; t++) {
        const struct hats_stark_table *table = &p->setup.table[t];
        n_before += table->n_constraints;
        if (!has_wide(table))
            continue;
        p->cells[t] = hats_alloc_array((size_t)table->n_columns * p->n, sizeof *p->cells[t]);
        p->wide[t] = hats_alloc_array(p->n, sizeof *p->wide[t]);
        for (unsigned c = 0; c < table->n_columns; c++)
            extend_column(p, table, c, all->trace[t], p->cells[t] + (size_t)c * p->n);
        find_wide(p, t, hats_fp3_pow(p->lambda, n_before - 1));
    }
    find_powers(p);
    list_late(p);
    return p;
}

static void proof_free(struct proof *p) {
    for (unsigned t = 0; t < HATS_STARK_MAX_TABLES; t++) {
        hats_free(p->cells[t]);
        hats_free(p->wide[t]);
    }
    for (unsigned i = 0; i < p->n_late; i++)
        hats_free(p->late[i].poly);
    hats_free(p->quotient);
    hats_free(p->powers);
    hats_free(p);
}

/* ---- from a coin to the view ---- */

/* Most coins are one coefficient. */
static struct hats_fp3 value_at(const struct proof *p, const struct late *l, size_t point) {
    const struct hats_fp3 *powers = p->powers + point * p->setup.d_max;
    struct hats_fp3 v = {{0}};
    for (uint32_t j = 0; l->used && j < p->setup.d_max; j++)
        if ((l->poly[j].c[0] | l->poly[j].c[1] | l->poly[j].c[2]) != 0)
            v = hats_fp3_add(v, hats_fp3_mul(l->poly[j], powers[j]));
    return v;
}

/* f <- (f - f(z)) / (X - z) */
static void divide(struct hats_fp3 *f, uint32_t n, struct hats_fp3 z) {
    struct hats_fp3 carry = {{0}};
    for (uint32_t j = n; j-- > 0;) {
        struct hats_fp3 next = hats_fp3_add(f[j], hats_fp3_mul(carry, z));
        f[j] = carry;
        carry = next;
    }
}

/* The coin's polynomials become a row of the map, and zero again. */
static void open_coin(struct proof *p) {
    static struct hats_fp3 batch[1 << 12], quotient[1 << 12];
    const struct zk_opened *o = &p->opened;
    uint32_t d_max = p->setup.d_max;
    assert_true(d_max <= HATS_COUNT_OF(batch));
    memset(batch, 0, sizeof batch);
    p->map.filled = 0;
    for (unsigned k = 0; k < p->n_late; k++) {
        struct late *l = &p->late[k];
        for (size_t i = 0; i < o->n; i++)
            zk_put_k(&p->map, p->coin, value_at(p, l, i));
        if (l->kind != MASK)
            zk_put_k(&p->map, p->coin, value_at(p, l, o->n));
        if (l->kind == WIDE)
            zk_put_k(&p->map, p->coin, value_at(p, l, o->n + 1 + l->number));
        if (!l->used)
            continue;
        memcpy(quotient, l->poly, d_max * sizeof *quotient);
        if (l->kind != MASK)
            divide(quotient, d_max, o->zeta);
        if (l->kind == WIDE)
            divide(quotient, d_max, next_zeta(p, l->number));
        for (uint32_t j = 0; j < d_max; j++)
            batch[j] = hats_fp3_add(batch[j], hats_fp3_mul(l->weight, quotient[j]));
        memset(l->poly, 0, p->n * sizeof *l->poly);
        l->used = false;
    }
    for (uint32_t j = 0; j < d_max; j++)
        zk_put_k(&p->map, p->coin, batch[j]);
    assert_int_equal(p->map.filled, p->map.n_view);
    p->coin++;
}

static void add_coefficient(struct late *l, uint32_t j, struct hats_fp3 v) {
    l->poly[j] = hats_fp3_add(l->poly[j], v);
    l->used = true;
}

/* Coefficient j of the mask of acc or mu: it is in the column, and in q, which is cut into chunks. */
static void coin_of_wide(struct proof *p, struct late *l, uint32_t j, unsigned d) {
    const struct hats_stark_table *t = &p->setup.table[l->number];
    uint64_t g_j = hats_fp_pow(hats_stark_generator(t->air->log_n), j);
    uint64_t w_j = hats_fp_pow(hats_stark_generator(p->setup.log_domain), j);
    uint64_t x_j = hats_fp_pow(HATS_P_GENERATOR, j);
    add_coefficient(l, j, hats_fp3_neg(zk_digit(d)));
    add_coefficient(l, j + t->n_rows, zk_digit(d));
    for (uint32_t i = 0; i < p->n; i++, x_j = hats_fp_mul(x_j, w_j)) {
        uint64_t difference = hats_fp_mul(x_j, hats_fp_sub(g_j, 1));
        struct hats_fp3 v = hats_fp3_scale(p->wide[l->number][i], difference);
        p->quotient[i] = hats_fp3_mul(v, zk_digit(d));
    }
    interpolate(p, p->quotient);
    for (uint32_t i = p->setup.quotient_len; i < p->n; i++)
        assert_true(hats_fp3_equal(p->quotient[i], (struct hats_fp3){{0}}));
    for (unsigned k = 0; k < p->n_late; k++)
        for (uint32_t i = 0; p->late[k].kind == CHUNK && i < p->setup.chunk_len; i++)
            add_coefficient(&p->late[k], i,
                            p->quotient[p->late[k].number * p->setup.chunk_len + i]);
}

static size_t n_coins_of(const struct proof *p) {
    size_t n = p->mask_len + (size_t)(p->setup.n_chunks - 1) * p->setup.chunk_overlap;
    for (unsigned k = 0; k < p->n_late; k++)
        n += p->late[k].kind == WIDE ? p->setup.table[p->late[k].number].h_wide : 0;
    return 3 * n;
}

static size_t n_view_of(const struct proof *p) {
    size_t n = p->setup.d_max;
    for (unsigned k = 0; k < p->n_late; k++)
        n += p->opened.n + (p->late[k].kind == WIDE ? 2 : p->late[k].kind == CHUNK ? 1 : 0);
    return 3 * n;
}

static void coins_of_column(struct proof *p, unsigned k) {
    struct late *l = &p->late[k];
    uint32_t n = p->mask_len;
    if (l->kind == WIDE)
        n = p->setup.table[l->number].h_wide;
    else if (l->kind == CHUNK) /* t_i, between this chunk and the next */
        n = l->number + 1 < p->setup.n_chunks ? p->setup.chunk_overlap : 0;
    for (unsigned d = 0; d < 3; d++)
        for (uint32_t j = 0; j < n; j++) {
            if (l->kind == WIDE) {
                coin_of_wide(p, l, j, d);
            } else if (l->kind == CHUNK) {
                add_coefficient(l, p->setup.chunk_len + j, zk_digit(d));
                add_coefficient(l + 1, j, hats_fp3_neg(zk_digit(d)));
            } else {
                add_coefficient(l, j, zk_digit(d));
            }
            open_coin(p);
        }
}

/* How many coordinates more than the rank a view has. */
static size_t freedom_lacking(struct proof *p) {
    size_t n_view = n_view_of(p);
    p->map = zk_map_new(n_coins_of(p), n_view);
    p->coin = 0;
    for (unsigned k = 0; k < p->n_late; k++)
        coins_of_column(p, k);
    assert_int_equal(p->coin, p->map.n_coins);
    return n_view - zk_rank(&p->map);
}

/* Queried points after which the next rows of all tables are queried, too; all points, where no table has any. */
static size_t n_forced(const struct proof *p) {
    size_t n = 0;
    for (size_t i = 0; i < p->opened.n; i++) {
        bool forced = true;
        for (unsigned t = 0; t < p->setup.n_tables; t++)
            if (has_wide(&p->setup.table[t]))
                forced = forced &&
                         zk_is_queried(&p->opened, p->opened.positions[i] +
                                                       zk_step(&p->opened, &p->setup.table[t]));
        n += forced;
    }
    return n;
}

/* The rank is what the equations leave; the result is how many of the points are forced. */
static size_t check_proof(const struct systems *all, const struct zk_opened *o) {
    struct proof *p = proof_new(all, o);
    size_t n = n_forced(p), equations = 3 * (1 + n + o->n);
    printf(
        "# %s and %u more, %zu of %zu points forced: %zu coins, %zu coordinates, %zu equations\n",
        all->at[0]->air.name, all->n - 1, n, o->n, n_coins_of(p), n_view_of(p), equations);
    assert_int_equal(freedom_lacking(p), equations);
    proof_free(p);
    return n;
}

static void a_view_is_uniform_among_those_that_verify(void **state) {
    (void)state;
    static const struct {
        const char *kind;
        unsigned log_n, columns;
    } shapes[] = {{"squares", 3, 2}, {"fibonacci", 4, 0}, {"mixed", 3, 0}, {"power7", 4, 3}};
    size_t most = 0;
    zk_seed(UINT64_C(0xa4093822299f31d0));
    for (size_t i = 0; i < HATS_COUNT_OF(shapes); i++) {
        static struct systems all;
        zk_begin(&all, HATS_STARK_TEST, shapes[i].kind, shapes[i].log_n, shapes[i].columns);
        for (unsigned n_chained = 0; n_chained <= all.setup.n_queries; n_chained += 3) {
            struct zk_opened o = zk_choose(&all.setup, &all.setup.table[0], n_chained);
            most = check_proof(&all, &o);
        }
        assert_int_equal(most, i == 0 ? 6 : 5); /* squares has no next row */
        zk_end(&all);
    }
}

/* A hundred queries: positions among which some next rows are met by chance. */
static void it_is_so_at_full_strength(void **state) {
    (void)state;
    static struct systems all;
    zk_seed(UINT64_C(0x13198a2e03707344));
    zk_begin(&all, HATS_STARK_S128, "mixed", 3, 0);
    struct zk_opened o = zk_choose(&all.setup, &all.setup.table[0], 4);
    (void)check_proof(&all, &o);
    zk_end(&all);
}

static void several_tables_hide_each_other_s_next_rows(void **state) {
    (void)state;
    static struct systems all;
    zk_seed(UINT64_C(0x082efa98ec4e6c89));
    zk_begin(&all, HATS_STARK_TEST, "mixed", 5, 0);
    zk_add(&all, HATS_STARK_TEST, "squares", 5, 3);
    zk_add(&all, HATS_STARK_TEST, "fibonacci", 3, 0);
    const struct hats_stark_table *first = &all.setup.table[0], *last = &all.setup.table[2];
    struct zk_opened o = zk_choose(&all.setup, last, 0);
    assert_int_equal(check_proof(&all, &o), 0);
    o = zk_choose(&all.setup, last, 5); /* the next rows of the last table alone */
    assert_int_equal(check_proof(&all, &o), 0);
    uint32_t x = o.positions[0];
    o.n = 0;
    zk_query(&o, x);
    zk_query(&o, x + zk_step(&o, first));
    zk_query(&o, x + zk_step(&o, last));
    zk_query(&o, x + 1);
    assert_int_equal(check_proof(&all, &o), 1);
    zk_end(&all);
}

/* With what was counted the view is uniform, with one coefficient less it is not. */
static void no_mask_could_be_shorter_than_counted(void **state) {
    (void)state;
    static const char *const kinds[] = {"mixed", "fibonacci", "power7"};
    zk_seed(UINT64_C(0x452821e638d01377));
    for (size_t i = 0; i < HATS_COUNT_OF(kinds); i++) {
        static struct systems all;
        zk_begin(&all, HATS_STARK_TEST, kinds[i], 4, 3);
        struct zk_opened o = zk_choose(&all.setup, &all.setup.table[0], 2 * (unsigned)i);
        struct proof *p = proof_new(&all, &o);
        uint32_t n = (uint32_t)o.n, n_next = n - (uint32_t)n_forced(p);
        size_t equations = 3 * (1 + n_forced(p) + n);
        struct hats_stark_table *t = &p->setup.table[0];
        assert_true(t->h_wide >= 2 * n + 10);
        t->h_wide = n + n_next + 2;
        p->setup.chunk_overlap = p->setup.n_chunks > 1 ? n + 1 : 0;
        assert_int_equal(freedom_lacking(p), equations);
        t->h_wide--;
        assert_true(freedom_lacking(p) > equations);
        t->h_wide++;
        p->mask_len--;
        assert_true(freedom_lacking(p) > equations);
        p->mask_len++;
        if (p->setup.n_chunks > 1) {
            assert_true(all.setup.chunk_overlap >= n + 5);
            p->setup.chunk_overlap--;
            assert_true(freedom_lacking(p) > equations);
        }
        proof_free(p);
        zk_end(&all);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_view_is_uniform_among_those_that_verify),
        cmocka_unit_test(it_is_so_at_full_strength),
        cmocka_unit_test(several_tables_hide_each_other_s_next_rows),
        cmocka_unit_test(no_mask_could_be_shorter_than_counted),
    };
    return cmocka_run_group_tests_name("zk", tests, NULL, NULL);
}
