/* Two witnesses of one statement: is what their proofs open distributed alike, and uniformly?
 *
 * Everything opened is sorted into bins by its leading bits, each column of each tree and each value at zeta
 * by itself, single values and pairs from two rows of one proof. The statistic is chi-square over all bins,
 * as a multiple of its standard deviation: (chi^2 - df) / sqrt(2 df), close to normal with a few hundred
 * degrees of freedom. Above LIMIT, which uniform values exceed with probability 10^-7, the distributions differ;
 * seeds are fixed, so the outcome is. That the test sees something at all is shown by the same prover with
 * masks of no coefficients, whose proofs the verifier accepts as well. */
#include "zk_view.h"

#include "base/arena.h"
#include "stark/proof_view.h"
#include "stark/prove.h"
#include "stark/verify.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define LIMIT 5.5
enum { N_PROOFS = 1000, N_BINS = 16, MAX_SLOTS = 256 };

struct sample {
    uint32_t count[MAX_SLOTS][N_BINS];
    size_t n_slots;
};

static struct hats_error err;

/* ---- what is counted ---- */

static void count(struct sample *s, size_t slot, uint64_t leading) {
    assert_true(slot < MAX_SLOTS);
    s->n_slots = slot + 1 > s->n_slots ? slot + 1 : s->n_slots;
    s->count[slot][leading]++;
}

static void count_view(struct sample *s, const struct zk_view *v) {
    size_t slot = 0;
    for (unsigned tree = 0; tree < HATS_STARK_MAX_TREES; tree++)
        for (unsigned c = 0; c < v->setup->width[tree]; c++, slot += 2) {
            uint64_t first = hats_load_be64(zk_element(v, tree, 0, c));
            uint64_t second = hats_load_be64(zk_element(v, tree, 1, c));
            for (size_t i = 0; i < v->o.n; i++)
                count(s, slot, hats_load_be64(zk_element(v, tree, i, c)) >> 60);
            count(s, slot + 1, first >> 62 << 2 | second >> 62);
        }
    for (unsigned i = 0; i < v->setup->n_opened; i++, slot++)
        for (int d = 0; d < 3; d++)
            count(s, slot, v->opened[i].c[d] >> 60);
}

/* The chunks are what the rest of the view says they are, wherever it says anything. */
static size_t check_equations(const struct zk_view *v) {
    const struct hats_stark_setup *s = v->setup;
    struct hats_fp3 chunks[HATS_STARK_MAX_CHUNKS], q = zk_quotient_at_zeta(v);
    const struct hats_fp3 *at_zeta = v->opened + s->n_opened - s->n_chunks;
    size_t n_forced = 0;
    assert_true(hats_fp3_equal(q, zk_joined(v, v->o.zeta, at_zeta)));
    for (size_t i = 0; i < v->o.n; i++) {
        if (!zk_quotient_of_row(v, i, &q))
            continue;
        for (unsigned k = 0; k < s->n_chunks; k++)
            chunks[k] = zk_load_k(v, HATS_STARK_TREE_QUOTIENT, i, 3 * k);
        assert_true(hats_fp3_equal(q, zk_joined(v, hats_fp3_from_fp(v->o.points[i]), chunks)));
        n_forced++;
    }
    return n_forced;
}

/* Of proofs with fresh coins; the result is how many rows had to have a certain q. */
static size_t draw_sample(struct sample *s, const struct systems *all, const uint64_t *trace) {
    struct hats_arena arena;
    size_t len = all->setup.scratch_bytes, n_forced = 0;
    void *storage = hats_alloc(len);
    struct hats_stark_workspace *workspace = hats_stark_workspace_new(1);
    const struct hats_stark_options options = {.workspace = workspace};
    assert_non_null(storage);
    assert_non_null(workspace);
    hats_arena_init(&arena, storage, len);
    memset(s, 0, sizeof *s);
    for (unsigned i = 0; i < N_PROOFS; i++) {
        uint8_t coins[HATS_STARK_COINS_LEN];
        struct hats_buffer proof;
        struct zk_view v;
        for (size_t j = 0; j < sizeof coins; j++)
            coins[j] = (uint8_t)(zk_random() >> 20);
        hats_buffer_init(&proof, all->setup.proof_max_bytes);
        if (hats_stark_prove(&proof, &all->statement, &trace, coins, &options, &err) != HATS_OK)
            fail_msg("%s", err.text);
        assert_int_equal(
            hats_stark_verify(&all->statement, proof.data, proof.len, &arena, NULL, &err), HATS_OK);
        zk_read(&v, all, proof.data, proof.len);
        n_forced += check_equations(&v);
        count_view(s, &v);
        hats_buffer_clear(&proof);
    }
    hats_stark_workspace_free(workspace);
    hats_free(storage);
    return n_forced;
}

/* ---- how far apart ---- */

static double normalised(double chi_square, double degrees) {
    return (chi_square - degrees) / sqrt(2 * degrees);
}

static double distance(const struct sample *a, const struct sample *b) {
    double sum = 0;
    for (size_t i = 0; i < a->n_slots; i++)
        for (int j = 0; j < N_BINS; j++) {
            double x = a->count[i][j], y = b->count[i][j];
            sum += x + y == 0 ? 0 : (x - y) * (x - y) / (x + y);
        }
    return normalised(sum, (double)a->n_slots * (N_BINS - 1));
}

/* p is so close to 2^64 that the bins are equally likely. */
static double distance_from_uniform(const struct sample *a) {
    double sum = 0;
    for (size_t i = 0; i < a->n_slots; i++) {
        double total = 0;
        for (int j = 0; j < N_BINS; j++)
            total += a->count[i][j];
        for (int j = 0; j < N_BINS; j++) {
            double difference = a->count[i][j] - total / N_BINS;
            sum += difference * difference / (total / N_BINS);
        }
    }
    return normalised(sum, (double)a->n_slots * (N_BINS - 1));
}

static void compare(const struct systems *all, const uint64_t *other, bool masked) {
    static struct sample a, b;
    size_t n_forced = draw_sample(&a, all, all->trace[0]) + draw_sample(&b, all, other);
    double d = distance(&a, &b), d_a = distance_from_uniform(&a), d_b = distance_from_uniform(&b);
    printf("# %s, %s: two witnesses %.2f, from uniform %.2f and %.2f deviations; %zu rows forced\n",
           all->at[0]->air.name, masked ? "masked" : "masks off", d, d_a, d_b, n_forced);
    assert_true(n_forced > 0);
    assert_int_equal(d < LIMIT, masked);
    assert_int_equal(d_a < LIMIT, masked);
    assert_int_equal(d_b < LIMIT, masked);
}

/* ---- witnesses ---- */

/* Backwards from row `from` on: sums over all rows stay, and those with weights in the rows before. */
static void reverse(uint64_t *column, size_t from, size_t n) {
    for (size_t i = from, j = n - 1; i < j; i++, j--) {
        uint64_t swap = column[i];
        column[i] = column[j];
        column[j] = swap;
    }
}

/* x, y, u of "mixed" count for the scalars in the first half of the rows, y in all as a sum, z nowhere. */
static uint64_t *other_mixed(const struct systems *all) {
    size_t n = all->setup.table[0].n_rows, columns = all->setup.table[0].n_columns;
    uint64_t *other = hats_alloc_array(columns * n, sizeof *other);
    assert_non_null(other);
    memcpy(other, all->trace[0], columns * n * sizeof *other);
    reverse(other, n / 2, n);
    reverse(other + n, n / 2, n);
    reverse(other + 2 * n, 0, n);
    reverse(other + 3 * n, n / 2, n);
    assert_memory_not_equal(other, all->trace[0], n * sizeof *other);
    return other;
}

static void switch_masks_off(struct systems *all) {
    struct hats_stark_table *t = &all->setup.table[0];
    t->h_this = t->h_next = t->h_wide = 0;
    all->setup.chunk_overlap = 0;
}

static void sums_and_lookups_hide_their_witness(void **state) {
    (void)state;
    static struct systems all;
    zk_seed(UINT64_C(0xd1310ba698dfb5ac));
    zk_begin(&all, HATS_STARK_TEST, "mixed", 3, 0);
    uint64_t *other = other_mixed(&all);
    compare(&all, other, true);
    switch_masks_off(&all);
    compare(&all, other, false);
    hats_free(other);
    zk_end(&all);
}

/* Its statement has no public input at all. */
static void next_rows_hide_their_witness(void **state) {
    (void)state;
    static struct systems all;
    zk_seed(UINT64_C(0x2ffd72dbd01adfb7));
    zk_begin(&all, HATS_STARK_TEST, "power7", 4, 3);
    struct system *other = system_new("power7", 4, 3, 99);
    assert_non_null(other);
    assert_memory_equal(other->public_bytes, all.at[0]->public_bytes, other->public_len);
    compare(&all, other->trace, true);
    switch_masks_off(&all);
    compare(&all, other->trace, false);
    system_free(other);
    zk_end(&all);
}

/* Masks of one trace that were opened under two suites would be opened at more points than they have coefficients:
 * a generator that repeats itself must not give them. The salt is made of the coins as masks are. */
static void equal_coins_make_other_masks_for_another_suite(void **state) {
    (void)state;
    static const unsigned suites[] = {HATS_STARK_TEST, HATS_STARK_S128_SMALL};
    static const uint8_t coins[HATS_STARK_COINS_LEN] = {1};
    uint8_t salts[2][HATS_STARK_SALT_LEN];
    for (int i = 0; i < 2; i++) {
        static struct systems all;
        struct hats_buffer proof;
        struct hats_stark_proof p;
        zk_begin(&all, suites[i], "squares", 5, 2);
        hats_buffer_init(&proof, all.setup.proof_max_bytes);
        assert_int_equal(hats_stark_prove(&proof, &all.statement, all.trace, coins, NULL, &err),
                         HATS_OK);
        struct hats_reader r = hats_reader_of(proof.data, proof.len);
        assert_int_equal(hats_stark_read_header(&p, &r), HATS_STARK_ACCEPTED);
        assert_int_equal(hats_stark_read_body(&p, &r), HATS_STARK_ACCEPTED);
        memcpy(salts[i], p.salt, sizeof salts[i]);
        hats_buffer_clear(&proof);
        zk_end(&all);
    }
    assert_memory_not_equal(salts[0], salts[1], sizeof salts[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_and_lookups_hide_their_witness),
        cmocka_unit_test(next_rows_hide_their_witness),
        cmocka_unit_test(equal_coins_make_other_masks_for_another_suite),
    };
    return cmocka_run_group_tests_name("zk-witnesses", tests, NULL, NULL);
}
