/* Sizes and query counts that follow from suites and systems, against the design's table and against a
 * second computation of what may be opened. */
#include "stark/setup.h"

#include "hash/merkle.h"
#include "stark/setup_sizes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static uint64_t zeros[1 << HATS_AIR_LOG_N_MAX];
static struct hats_air air, other;

static void add_columns(struct hats_air *a, unsigned n) {
    for (unsigned i = 0; i < n; i++)
        (void)hats_air_column(a, "column");
}

/* The shape of the proof of encryption: 12 columns, three lookups (one helper, one in the accumulator),
 * one sum, degree 3. */
static void build_tier_l(struct hats_air *a, unsigned log_n) {
    hats_air_begin(a, "tier-l", log_n);
    add_columns(a, 12);
    unsigned values = hats_air_fixed_column(a, zeros, log_n);
    hats_air_table(a, values, values, 11);
    hats_air_node s = hats_air_cell(a, 0);
    hats_air_constrain(a, "ternary", hats_air_sub(a, hats_air_pow(a, s, 3), s));
    hats_air_constrain(a, "cube", hats_air_sub(a, hats_air_pow(a, s, 3), hats_air_cell(a, 9)));
    hats_air_constrain(a, "seventh",
                       hats_air_sub(a, hats_air_mul(a, hats_air_pow(a, hats_air_cell(a, 9), 2), s),
                                    hats_air_cell(a, 10)));
    hats_air_constrain(a, "high", hats_air_mul(a, s, hats_air_cell(a, 4)));
    hats_air_constrain(a, "low", hats_air_mul(a, s, hats_air_cell(a, 5)));
    for (unsigned i = 0; i < 3; i++)
        hats_air_look_up(a, "range", hats_air_cell(a, 1 + i), i);
    hats_air_node w = hats_air_weight(a, hats_air_weight_column(a));
    hats_air_sum(a, "relation", hats_air_mul(a, w, s), hats_air_new_scalar(a));
}

static void init(struct hats_stark_setup *s, unsigned suite, const struct hats_air *a) {
    struct hats_error err = {0};
    if (hats_stark_setup_init(s, suite, &a, 1, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

static void print(const struct hats_stark_setup *s) {
    printf(
        "# %s %s 2^%u: Q %u, domain 2^%u, masks %u %u %u, quotient %u in %u, M %u + %u, d_max %u, "
        "folds %u, final %u, m %u, proven %d, algebraic %d, at most %zu bytes, scratch %zu\n",
        s->table[0].air->name, hats_stark_suite_name(s->suite), s->log_n, s->n_queries,
        s->log_domain, s->table[0].h_this, s->table[0].h_next, s->table[0].h_wide, s->quotient_len,
        s->n_chunks, s->chunk_len, s->chunk_overlap, s->d_max, s->n_folds, s->final_len,
        s->params.m, (int)s->soundness.proven, (int)s->soundness.algebraic, s->proof_max_bytes,
        s->scratch_bytes);
}

static void the_linear_tier_has_the_sizes_of_its_design(void **state) {
    (void)state;
    static const struct {
        unsigned suite, n_queries, log_domain;
    } rows[] = {
        {HATS_STARK_S128, 78, 15},
        {HATS_STARK_S128_SMALL, 58, 16},
        {HATS_STARK_S128_SESSION, 46, 17},
        {HATS_STARK_UDR128, 138, 15},
    };
    struct hats_stark_setup s;
    build_tier_l(&air, 12);
    for (size_t i = 0; i < HATS_COUNT_OF(rows); i++) {
        init(&s, rows[i].suite, &air);
        print(&s);
        assert_int_equal(s.n_queries, rows[i].n_queries);
        assert_int_equal(s.log_domain, rows[i].log_domain);
        assert_int_equal(s.soundness.proven, 128000);
        assert_true(s.soundness.algebraic >= 133000);
    }
    init(&s, HATS_STARK_S128, &air);
    assert_int_equal(s.table[0].h_this, 88);
    assert_int_equal(s.table[0].h_wide, 168);
    assert_int_equal(s.degree, 3);
    assert_int_equal(s.n_constraints, 7);
    assert_int_equal(s.quotient_len, 2 * 4096 + 3 * 88 - 2);
    assert_int_equal(s.n_chunks, 2);
    assert_int_equal(s.chunk_len, 4228);
    assert_int_equal(s.chunk_overlap, 88);
    assert_int_equal(s.d_max, 4320);
    assert_int_equal(s.n_folds, 1);
    assert_int_equal(s.final_len, 540);
    assert_int_equal(s.width[HATS_STARK_TREE_TRACE], 12);
    assert_int_equal(s.width[HATS_STARK_TREE_AUX], 6);
    assert_int_equal(s.width[HATS_STARK_TREE_QUOTIENT], 9);
    assert_int_equal(s.n_opened, 12 + 2 + 1 + 2);
}

/* What 8.3 says, checked on the result and not on the way to it. */
static void check_sizes(const struct hats_stark_setup *s) {
    const struct hats_stark_table *table = &s->table[0];
    uint32_t q = s->n_queries, n = UINT32_C(1) << s->log_domain, total = 1;
    assert_in_range(table->h_this, q + 3 + 4, q + 3 + 4 + 7);
    assert_in_range(table->h_next, q + 6 + 4, q + 6 + 4 + 7);
    assert_in_range(table->h_wide, 2 * (q + 3) + 4, 2 * (q + 3) + 4 + 7);
    assert_true(s->n_chunks * s->chunk_len >= s->quotient_len);
    assert_true(s->n_chunks == 1 || s->chunk_overlap >= q + 1 + 4);
    assert_true(s->chunk_len + s->chunk_overlap <= s->d_max);
    assert_true(table->n_rows + table->h_wide <= s->d_max);
    assert_true(4 * (uint64_t)s->d_max <= n || s->n_folds != 0);
    assert_true(s->quotient_len <= n);
    for (unsigned l = 0; l < s->n_folds; l++)
        total *= HATS_STARK_FOLD;
    assert_int_equal(s->final_len * total, s->d_max);
    assert_true(n / total >= HATS_STARK_FOLD && s->final_len < n / total);
    assert_int_equal(s->params.queries, q);
}

static void every_size_of_table_has_its_bits(void **state) {
    (void)state;
    for (unsigned suite = HATS_STARK_S128; suite <= HATS_STARK_S128_SESSION; suite++)
        for (unsigned log_n = HATS_AIR_LOG_N_MIN; log_n <= HATS_AIR_LOG_N_MAX; log_n++) {
            struct hats_stark_setup s;
            build_tier_l(&air, log_n);
            init(&s, suite, &air);
            if (log_n >= 8)
                print(&s);
            check_sizes(&s);
            assert_true(s.soundness.proven >= 128000);
        }
    for (unsigned log_n = HATS_AIR_LOG_N_MIN; log_n <= HATS_AIR_LOG_N_MAX; log_n++) {
        struct hats_stark_setup s;
        build_tier_l(&air, log_n);
        init(&s, HATS_STARK_TEST, &air);
        check_sizes(&s);
        assert_int_equal(s.n_queries, 6);
        assert_true(s.soundness.proven < 20000);
    }
}

/* The device's kind of table: no lookups, no sums, every column read in the next row. */
static void build_rows(struct hats_air *a, unsigned log_n, unsigned n_columns, unsigned degree) {
    hats_air_begin(a, "rows", log_n);
    add_columns(a, n_columns);
    for (unsigned c = 0; c < n_columns; c++)
        hats_air_constrain(
            a, "step",
            hats_air_sub(a, hats_air_next(a, c), hats_air_pow(a, hats_air_cell(a, c), degree)));
}

static void a_table_that_reads_the_next_row_has_mu(void **state) {
    (void)state;
    struct hats_stark_setup s;
    build_rows(&air, 8, 24, 8);
    init(&s, HATS_STARK_S128_SESSION, &air);
    print(&s);
    check_sizes(&s);
    assert_true(s.table[0].has_mu && !s.table[0].has_acc && !s.has_aux);
    assert_int_equal(s.width[HATS_STARK_TREE_TRACE], 24 + 3);
    assert_int_equal(s.width[HATS_STARK_TREE_AUX], 0);
    assert_int_equal(s.width[HATS_STARK_TREE_QUOTIENT], 3 * (7 + 1));
    assert_int_equal(s.n_opened, 24 + 1 + 24 + 1 + 7);
    assert_int_equal(s.n_constraints, 24 + 1);
    assert_int_equal(s.quotient_len, 8 * (256 + s.table[0].h_next) - 7 - 256);
}

static void a_table_of_one_degree_has_one_chunk_without_overlap(void **state) {
    (void)state;
    struct hats_stark_setup s;
    hats_air_begin(&air, "linear", 5);
    add_columns(&air, 1);
    hats_air_constrain(&air, "zero", hats_air_cell(&air, 0));
    init(&s, HATS_STARK_TEST, &air);
    assert_int_equal(s.n_chunks, 1);
    assert_int_equal(s.chunk_overlap, 0);
    assert_int_equal(s.quotient_len, s.table[0].h_this);
    assert_true(s.salted[HATS_STARK_TREE_TRACE] && s.salted[HATS_STARK_TREE_QUOTIENT]);
    hats_air_begin(&air, "wider", 5); /* the quotient's rows follow from rows of six elements */
    add_columns(&air, 6);
    hats_air_constrain(&air, "zero", hats_air_cell(&air, 0));
    init(&s, HATS_STARK_TEST, &air);
    assert_true(!s.salted[HATS_STARK_TREE_TRACE] && !s.salted[HATS_STARK_TREE_QUOTIENT]);
    assert_false(s.has_aux);
}

static void tables_lie_side_by_side(void **state) {
    (void)state;
    struct hats_stark_setup s;
    build_tier_l(&air, 9);
    build_rows(&other, 6, 5, 4);
    const struct hats_air *airs[] = {&air, &other};
    assert_int_equal(hats_stark_setup_init(&s, HATS_STARK_S128, airs, 2, NULL), HATS_OK);
    assert_int_equal(s.table[1].n_rows, 64);
    assert_int_equal(s.table[1].first_base, 12);
    assert_int_equal(s.width[HATS_STARK_TREE_TRACE], 12 + 5 + 3);
    assert_int_equal(s.width[HATS_STARK_TREE_AUX], 6);
    assert_int_equal(s.degree, 4);
    assert_int_equal(s.n_opened, 12 + 1 + 1 + 5 + 1 + 1 + 5 + 1 + 3);
    assert_int_equal(s.n_constraints, 7 + 6);
    assert_memory_not_equal(s.table[0].digest, s.table[1].digest, HATS_SHA256_LEN);
}

static void what_cannot_be_proven_is_refused(void **state) {
    (void)state;
    struct hats_stark_setup s;
    build_rows(&air, 4, 2, 2);
    build_rows(&other, 5, 2, 2);
    const struct hats_air *airs[] = {&air, &other, &air, &air, &air};
    assert_int_equal(hats_stark_setup_init(&s, 0, airs, 1, NULL), HATS_E_VERSION);
    assert_int_equal(hats_stark_setup_init(&s, 5, airs, 1, NULL), HATS_E_VERSION);
    assert_int_equal(hats_stark_setup_init(&s, HATS_STARK_TEST, airs, 0, NULL), HATS_E_RANGE);
    assert_int_equal(hats_stark_setup_init(&s, HATS_STARK_TEST, airs, 2, NULL), HATS_E_RANGE);
    airs[1] = &air;
    assert_int_equal(hats_stark_setup_init(&s, HATS_STARK_TEST, airs, 4, NULL), HATS_OK);
    assert_int_equal(hats_stark_setup_init(&s, HATS_STARK_TEST, airs, 5, NULL), HATS_E_RANGE);
    hats_air_begin(&air, "empty", 4);
    assert_int_equal(hats_stark_setup_init(&s, HATS_STARK_TEST, airs, 1, NULL), HATS_E_RANGE);
    /* Unique decoding at the masks of 160 queries on 64 rows: rate above 1/5. */
    build_tier_l(&air, 6);
    assert_int_equal(hats_stark_setup_init(&s, HATS_STARK_UDR128, airs, 1, NULL), HATS_E_INSECURE);
}

static void suites_have_names_and_test_is_not_for_use(void **state) {
    (void)state;
    struct hats_error err = {0};
    assert_string_equal(hats_stark_suite_name(HATS_STARK_S128_SMALL), "S128-small");
    assert_null(hats_stark_suite_name(0));
    assert_int_equal(hats_stark_suite_check(HATS_STARK_S128, &err), HATS_OK);
    assert_int_equal(hats_stark_suite_check(HATS_STARK_TEST, &err), HATS_E_INSECURE);
    assert_int_equal(hats_stark_suite_check(77, &err), HATS_E_VERSION);
}

/* The longest path of each number of leaves of 16, from all 65535 openings. */
static void no_path_is_longer_than_the_bound(void **state) {
    (void)state;
    size_t longest[17] = {0};
    for (uint32_t set = 1; set < 1u << 16; set++) {
        uint32_t indices[16];
        size_t n = 0, len_bytes = 0;
        for (uint32_t i = 0; i < 16; i++)
            if ((set >> i & 1) != 0)
                indices[n++] = i;
        assert_int_equal(hats_merkle_path_len_bytes(&len_bytes, 4, indices, n, NULL), HATS_OK);
        if (len_bytes / HATS_SHA256_LEN > longest[n])
            longest[n] = len_bytes / HATS_SHA256_LEN;
    }
    for (uint32_t n = 1; n <= 16; n++)
        assert_int_equal(hats_stark_path_max(4, n), longest[n]);
    assert_int_equal(hats_stark_path_max(0, 1), 0);
}

static void the_generator_is_a_power_of_seven(void **state) {
    (void)state;
    for (unsigned log_n = 1; log_n <= HATS_STARK_MAX_LOG_DOMAIN; log_n++) {
        uint64_t g = hats_stark_generator(log_n);
        assert_int_equal(hats_fp_pow(g, UINT64_C(1) << (log_n - 1)), HATS_P - 1);
        assert_int_equal(hats_fp_mul(g, g), hats_stark_generator(log_n - 1));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_linear_tier_has_the_sizes_of_its_design),
        cmocka_unit_test(every_size_of_table_has_its_bits),
        cmocka_unit_test(a_table_that_reads_the_next_row_has_mu),
        cmocka_unit_test(a_table_of_one_degree_has_one_chunk_without_overlap),
        cmocka_unit_test(tables_lie_side_by_side),
        cmocka_unit_test(what_cannot_be_proven_is_refused),
        cmocka_unit_test(suites_have_names_and_test_is_not_for_use),
        cmocka_unit_test(no_path_is_longer_than_the_bound),
        cmocka_unit_test(the_generator_is_a_power_of_seven),
    };
    return cmocka_run_group_tests_name("setup", tests, NULL, NULL);
}
