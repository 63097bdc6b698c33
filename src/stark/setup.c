#include "stark/setup.h"

#include "stark/setup_sizes.h"
#include "stark/suite.h"

#include <string.h>

enum {
    POINTS = 2, /* zeta and g zeta in one quotient */
    DIGEST_BITS = 256,
    MARGIN = 133000, /* thousandths of a bit of every algebraic round, where that can be had */
    FINAL_ELEMENT_BYTES = 21,
    TEST_M = 16,
};

uint64_t hats_stark_generator(unsigned log_n) {
    return hats_fp_pow(HATS_P_GENERATOR, (HATS_P - 1) >> log_n);
}

static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }
static uint32_t ceil_div(uint32_t a, uint32_t b) { return a / b + (a % b != 0); }
static uint32_t round_up(uint32_t a, uint32_t multiple) { return ceil_div(a, multiple) * multiple; }

/* What does not depend on the number of queries. */
static void fill_table(struct hats_stark_setup *s, unsigned t, const struct hats_air *air) {
    struct hats_stark_table *table = &s->table[t];
    table->air = air;
    hats_air_digest(table->digest, air);
    table->n_rows = UINT32_C(1) << air->log_n;
    table->n_columns = air->n_columns;
    table->n_helpers = hats_air_n_helpers(air);
    table->has_acc = hats_air_has_accumulator(air);
    table->has_mu = hats_air_has_mu(air);
    for (unsigned c = 0; c < air->n_columns; c++)
        table->n_next += air->reads_next[c] ? 1 : 0;
    unsigned n_aux = table->n_helpers + (table->has_acc ? 1 : 0);
    unsigned wide = table->has_acc || table->has_mu ? 1 : 0;
    table->n_constraints = hats_air_n_constraints_all(air);
    table->first_base = s->width[HATS_STARK_TREE_TRACE];
    table->first_aux = s->width[HATS_STARK_TREE_AUX];
    s->width[HATS_STARK_TREE_TRACE] += air->n_columns + (table->has_mu ? 3 : 0);
    s->width[HATS_STARK_TREE_AUX] += 3 * n_aux;
    s->n_opened += air->n_columns + n_aux + (table->has_mu ? 1 : 0) + table->n_next + wide;
    s->n_constraints += table->n_constraints;
    s->n_challenges = larger(s->n_challenges, air->n_challenges);
    s->degree = larger(s->degree, hats_air_degree(air));
    s->params.n_lookups += air->n_lookups;
    s->params.n_linear += air->n_sums;
    s->params.n_polys += air->n_columns + n_aux + (table->has_mu ? 1 : 0);
}

static hats_status fill_tables(struct hats_stark_setup *s, const struct hats_air *const *airs,
                               unsigned n_tables, struct hats_error *err) {
    if (n_tables < 1 || n_tables > HATS_STARK_MAX_TABLES)
        return hats_fail(err, HATS_E_RANGE, "a proof of %u tables; 1 to %d are possible", n_tables,
                         HATS_STARK_MAX_TABLES);
    s->n_tables = n_tables;
    s->log_n = airs[0]->log_n;
    s->params.n_linear = HATS_STARK_MAX_LINEAR;
    for (unsigned t = 0; t < n_tables; t++) {
        if (airs[t]->log_n > s->log_n)
            return hats_fail(err, HATS_E_RANGE, "table %u has more rows than the first", t);
        fill_table(s, t, airs[t]);
    }
    if (s->n_constraints == 0 || s->width[HATS_STARK_TREE_TRACE] == 0)
        return hats_fail(err, HATS_E_RANGE, "a proof without columns or without constraints");
    s->has_aux = s->width[HATS_STARK_TREE_AUX] != 0;
    s->n_chunks = larger(1, s->degree - 1);
    s->n_opened += s->n_chunks;
    s->width[HATS_STARK_TREE_QUOTIENT] = 3 * (s->n_chunks + 1);
    for (unsigned i = 0; i < HATS_STARK_MAX_TREES; i++)
        s->salted[i] = s->width[i] != 0 && s->width[i] < HATS_STARK_SALTED_BELOW;
    /* The quotient at a point follows from the other rows there, and R from a batch that is sent: a row of the
     * quotient tree holds no more that is unknown than they do. */
    if (s->width[HATS_STARK_TREE_TRACE] + s->width[HATS_STARK_TREE_AUX] < HATS_STARK_SALTED_BELOW)
        s->salted[HATS_STARK_TREE_QUOTIENT] = true;
    return HATS_OK;
}

/* Largest coefficient count of any constraint of a table, those of the engine included. */
static uint32_t constraint_len(const struct hats_stark_table *table) {
    const struct hats_air *air = table->air;
    uint32_t columns[HATS_AIR_MAX_COLUMNS], lookup[HATS_AIR_MAX_LOOKUPS];
    for (unsigned c = 0; c < air->n_columns; c++)
        columns[c] = table->n_rows + (air->reads_next[c] ? table->h_next : table->h_this);
    uint32_t most = 1, helper = table->n_rows + table->h_this;
    for (unsigned i = 0; i < air->n_constraints; i++)
        most = larger(most, hats_air_n_coefficients(air, air->constraints[i].node, columns));
    for (unsigned i = 0; i < air->n_lookups; i++)
        lookup[i] = hats_air_n_coefficients(air, air->lookups[i].node, columns);
    for (unsigned k = 0; k < table->n_helpers; k++)
        most = larger(most, helper + lookup[2 * k] + lookup[2 * k + 1] - 2);
    if (!table->has_acc && !table->has_mu)
        return most;
    uint32_t step = table->n_rows + table->h_wide;
    if (table->has_acc && air->has_table)
        step = larger(step, columns[air->table_multiplicities] + table->n_rows - 1);
    for (unsigned i = 0; i < air->n_sums; i++)
        step = larger(step, hats_air_n_coefficients(air, air->sums[i].node, columns));
    if (air->n_lookups % 2 != 0)
        step += lookup[air->n_lookups - 1] - 1;
    return larger(most, step);
}

/* The most coefficients of any committed polynomial, before rounding up. */
static uint32_t size_columns(struct hats_stark_setup *s) {
    uint32_t q = s->n_queries, len = 0;
    s->quotient_len = 1;
    for (unsigned t = 0; t < s->n_tables; t++) {
        struct hats_stark_table *table = &s->table[t];
        table->h_this = round_up(q + 7, 8);
        table->h_next = round_up(q + 10, 8);
        table->h_wide = round_up(2 * q + 10, 8);
        uint32_t count = constraint_len(table);
        if (count > table->n_rows)
            s->quotient_len = larger(s->quotient_len, count - table->n_rows);
        uint32_t mask = table->h_this;
        if (table->n_next != 0)
            mask = table->h_next;
        if (table->has_acc || table->has_mu)
            mask = table->h_wide;
        len = larger(len, table->n_rows + mask);
    }
    s->chunk_len = round_up(ceil_div(s->quotient_len, s->n_chunks), 4);
    s->chunk_overlap = s->n_chunks > 1 ? round_up(q + 5, 8) : 0;
    return larger(len, s->chunk_len + s->chunk_overlap);
}

static unsigned log2_floor(uint32_t v) { return 31 - (unsigned)__builtin_clz(v); }

/* One more fold replaces `len` coefficients by an eighth of them and a tree's openings: leaves of eight
 * elements of K, and for each query the levels below those that the paths have in common. An element of the
 * final polynomial counts 21 bytes: an eighth of it remains. */
static bool fold_pays(const struct hats_stark_setup *s, uint32_t len) {
    unsigned gone = 3 * s->n_folds + 2 + log2_floor(s->n_queries);
    uint32_t levels = s->log_domain > gone ? s->log_domain - gone : 0;
    return (uint64_t)FINAL_ELEMENT_BYTES * len >
           (uint64_t)s->n_queries * (8 * 24 + HATS_SHA256_LEN * levels);
}

static void size_layers(struct hats_stark_setup *s, uint32_t len) {
    s->n_folds = 0;
    uint32_t total = 1;
    while (s->n_folds < HATS_STARK_MAX_FRI_LAYERS &&
           (UINT32_C(1) << s->log_domain) / (total * HATS_STARK_FOLD) >= HATS_STARK_FOLD &&
           fold_pays(s, ceil_div(len, total))) {
        s->n_folds++;
        total *= HATS_STARK_FOLD;
    }
    s->d_max = round_up(len, larger(HATS_STARK_FOLD, total));
    s->final_len = s->d_max / total;
}

/* Every size for s->n_queries. */
static hats_status size_all(struct hats_stark_setup *s, const struct hats_stark_suite_row *suite,
                            struct hats_error *err) {
    uint32_t len = size_columns(s), n = s->table[0].n_rows;
    uint32_t least = larger(4 * len, n * ceil_div(s->quotient_len, n));
    s->log_domain = s->log_n + suite->log_blowup;
    while (s->log_domain <= HATS_STARK_MAX_LOG_DOMAIN && UINT32_C(1) << s->log_domain < least)
        s->log_domain++;
    if (s->log_domain > HATS_STARK_MAX_LOG_DOMAIN)
        return hats_fail(err, HATS_E_RANGE,
                         "constraints of degree %u on 2^%u rows need a domain of more than 2^%d "
                         "points; lower the degree or split the table",
                         s->degree, s->log_n, HATS_STARK_MAX_LOG_DOMAIN);
    size_layers(s, len);
    s->params.d_max = s->d_max;
    s->params.domain = UINT32_C(1) << s->log_domain;
    s->params.n_folds = s->n_folds;
    memset(s->params.folds, 0, sizeof s->params.folds);
    memset(s->params.folds, HATS_STARK_FOLD, s->n_folds);
    return HATS_OK;
}

/* Are s->n_queries enough for the sizes that they lead to? The calculator's search answers; one of its rounds,
 * with the m that flatters it most, tells quickly when it need not be asked. */
static bool suffices(struct hats_stark_setup *s, int32_t target) {
    struct hats_stark_params p = s->params, flattered = s->params;
    struct hats_stark_soundness quick;
    flattered.queries = s->n_queries;
    flattered.m = hats_stark_m_max(&flattered);
    if (hats_stark_soundness_of(&quick, &flattered, NULL) != HATS_OK || quick.queries < target)
        return false;
    if (hats_stark_soundness_search(&p, target, MARGIN, NULL) != HATS_OK &&
        hats_stark_soundness_search(&p, target, target, NULL) != HATS_OK)
        return false;
    s->params.m = p.m;
    return p.queries <= s->n_queries;
}

/* The number of queries decides the masks, with them the rate and the folds, and they the number of queries.
 * More queries can need fewer, where a fold goes or the domain grows: each number is tried. */
static hats_status find_queries(struct hats_stark_setup *s,
                                const struct hats_stark_suite_row *suite, struct hats_error *err) {
    for (s->n_queries = 1; s->n_queries <= HATS_STARK_MAX_QUERIES; s->n_queries++) {
        hats_status status = size_all(s, suite, err);
        if (status != HATS_OK)
            return status;
        if (suffices(s, suite->target)) {
            s->params.queries = s->n_queries;
            return hats_stark_soundness_of(&s->soundness, &s->params, err);
        }
    }
    return hats_fail(
        err, HATS_E_INSECURE,
        "suite %s promises %d bits, and %d queries do not prove them for these tables; "
        "take another suite",
        suite->name, (int)(suite->target / 1000), HATS_STARK_MAX_QUERIES);
}

hats_status hats_stark_setup_init(struct hats_stark_setup *setup, unsigned suite_id,
                                  const struct hats_air *const *airs, unsigned n_tables,
                                  struct hats_error *err) {
    struct hats_stark_setup s;
    memset(&s, 0, sizeof s);
    const struct hats_stark_suite_row *suite = hats_stark_suite_of(suite_id);
    if (suite == NULL)
        return hats_fail(err, HATS_E_VERSION, "proof suite %u is unknown; use a newer program",
                         suite_id);
    hats_status status = fill_tables(&s, airs, n_tables, err);
    if (status != HATS_OK)
        return status;
    s.suite = suite_id;
    s.grinding = suite->grinding;
    s.params.p = HATS_P;
    s.params.extension = 3;
    s.params.n_rows = s.table[0].n_rows;
    s.params.n_polys += s.n_chunks + 1;
    s.params.n_constraints = s.n_constraints;
    s.params.degree = s.degree;
    s.params.n_points = POINTS;
    s.params.regime = suite->regime;
    s.params.m = HATS_STARK_M_MIN;
    s.params.grinding = suite->grinding;
    s.params.digest_bits = DIGEST_BITS;
    if (suite->target != 0) {
        status = find_queries(&s, suite, err);
    } else {
        s.n_queries = s.params.queries = suite->n_queries;
        s.params.m = TEST_M;
        status = size_all(&s, suite, err);
        if (status == HATS_OK && hats_stark_soundness_of(&s.soundness, &s.params, NULL) != HATS_OK)
            memset(&s.soundness, 0, sizeof s.soundness);
    }
    if (status != HATS_OK)
        return status;
    s.proof_max_bytes = hats_stark_proof_max_bytes(&s);
    s.scratch_bytes = hats_stark_scratch_bytes(&s);
    *setup = s;
    return HATS_OK;
}
