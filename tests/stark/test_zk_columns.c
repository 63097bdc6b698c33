/* Is the mask of every column as long as what is opened of it? A column's opened values depend linearly on
 * its mask f + (X^N - 1) r, and each column has its own, so each is a matrix: its rank must be the number of
 * coordinates of the values. The counts, base columns at zeta in K \ F_p three coordinates
 * (docs/SECURITY.md, section 12):
 *
 *     trace column           Q + 3        Q + 6 when read in the next row
 *     helper, over K         Q + 1
 *     acc, mu, over K        2 Q + 2      at the points after the queried ones, too
 *
 * With one coefficient fewer the rank falls. */
#include "zk.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* ---- one column ---- */

/* Do h coefficients of mask of a column of width base columns (3: over K) make its values at the points and
 * at zeta, and at g zeta if it is read in the next row, any values? */
static bool is_onto(const struct zk_opened *o, uint32_t n_rows, unsigned width, uint32_t h,
                    bool next) {
    uint64_t g = hats_fp_pow(HATS_P_GENERATOR, (HATS_P - 1) / n_rows);
    struct hats_fp3 at[2] = {o->zeta, hats_fp3_scale(o->zeta, g)};
    size_t n_view = width * o->n + (next ? 6 : 3);
    struct zk_map m = zk_map_new((size_t)width * h, n_view);
    for (unsigned d = 0; d < width; d++)
        for (uint32_t j = 0; j < h; j++) {
            size_t coin = (size_t)d * h + j;
            m.filled = 0;
            for (size_t i = 0; i < o->n; i++)
                for (unsigned e = 0; e < width; e++) {
                    uint64_t x = o->points[i], vanishing = hats_fp_sub(hats_fp_pow(x, n_rows), 1);
                    zk_put(&m, coin, e == d ? hats_fp_mul(vanishing, hats_fp_pow(x, j)) : 0);
                }
            for (unsigned e = 0; e < (next ? 2 : 1); e++) {
                struct hats_fp3 vanishing =
                    hats_fp3_sub(hats_fp3_pow(at[e], n_rows), hats_fp3_from_fp(1));
                struct hats_fp3 v = hats_fp3_mul(vanishing, hats_fp3_pow(at[e], j));
                zk_put_k(&m, coin, hats_fp3_mul(v, zk_digit(d)));
            }
        }
    return zk_rank(&m) == n_view;
}

/* The mask suffices; `need` coefficients would, and one fewer would not. */
static void check_column(const char *what, const struct zk_opened *o, uint32_t n_rows,
                         unsigned width, uint32_t h, uint32_t need, bool next) {
    printf("# %s: %u coefficients, %u needed\n", what, (unsigned)h, (unsigned)need);
    assert_true(need + 4 <= h);
    assert_true(is_onto(o, n_rows, width, h, next));
    assert_true(is_onto(o, n_rows, width, need, next));
    assert_false(is_onto(o, n_rows, width, need - 1, next));
}

/* acc and mu are not only opened: their values at g x_i are what hides q(x_i). */
static void check_wide(const struct zk_opened *o, const struct hats_stark_table *t) {
    struct zk_opened both = *o;
    for (size_t i = 0; i < o->n; i++)
        zk_query(&both, o->positions[i] + zk_step(o, t));
    check_column("acc or mu", &both, t->n_rows, 3, t->h_wide, (uint32_t)both.n + 2, true);
}

static void check_columns(const struct systems *all, const struct zk_opened *o, bool wide) {
    for (unsigned i = 0; i < all->n; i++) {
        const struct hats_stark_table *t = &all->setup.table[i];
        const bool *reads_next = t->air->reads_next;
        uint32_t n = (uint32_t)o->n;
        bool seen[2] = {false, false};
        for (unsigned c = 0; c < t->n_columns; c++) {
            if (seen[reads_next[c]])
                continue; /* the same numbers, the same matrix */
            seen[reads_next[c]] = true;
            if (reads_next[c])
                check_column("column, next", o, t->n_rows, 1, t->h_next, n + 6, true);
            else
                check_column("column", o, t->n_rows, 1, t->h_this, n + 3, false);
        }
        if (t->n_helpers > 0)
            check_column("helper", o, t->n_rows, 3, t->h_this, n + 1, false);
        if (wide && (t->has_acc || t->has_mu))
            check_wide(o, t);
    }
}

static const struct {
    const char *kind;
    unsigned log_n, columns;
} shapes[] = {{"squares", 3, 2}, {"fibonacci", 4, 0}, {"mixed", 4, 0}, {"power7", 4, 3}};

static void the_mask_of_every_column_is_long_enough(void **state) {
    (void)state;
    zk_seed(UINT64_C(0x243f6a8885a308d3));
    for (size_t i = 0; i < HATS_COUNT_OF(shapes); i++) {
        static struct systems all;
        zk_begin(&all, HATS_STARK_TEST, shapes[i].kind, shapes[i].log_n, shapes[i].columns);
        for (unsigned n_chained = 0; n_chained <= all.setup.n_queries; n_chained += 3) {
            struct zk_opened o = zk_choose(&all.setup, &all.setup.table[0], n_chained);
            check_columns(&all, &o, true);
        }
        zk_end(&all);
        zk_begin(&all, HATS_STARK_S128, shapes[i].kind, shapes[i].log_n + 5, shapes[i].columns);
        struct zk_opened o = zk_choose(&all.setup, &all.setup.table[0], 0);
        check_columns(&all, &o, i == 2);
        zk_end(&all);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mask_of_every_column_is_long_enough),
    };
    return cmocka_run_group_tests_name("zk-columns", tests, NULL, NULL);
}
