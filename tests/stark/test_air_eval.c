#include "stark/air_eval.h"

#include "field/values.h"
#include "small_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct values v;
static struct small small;

static struct hats_fp3 element(void) {
    return (struct hats_fp3){{values_element(&v), values_element(&v), values_element(&v)}};
}

static void assert_same(struct hats_fp3 a, struct hats_fp3 b) {
    for (int i = 0; i < 3; i++)
        assert_true(a.c[i] == b.c[i]);
}

/* Another arithmetic of K: term by term, x^3 = 7. */
static struct hats_fp3 times(struct hats_fp3 a, struct hats_fp3 b) {
    uint64_t c[5] = {0};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            c[i + j] = hats_fp_add(c[i + j], hats_fp_mul(a.c[i], b.c[j]));
    for (int i = 0; i < 2; i++)
        c[i] = hats_fp_add(c[i], hats_fp_mul(c[i + 3], 7));
    return (struct hats_fp3){{c[0], c[1], c[2]}};
}

static struct hats_fp3 plus(struct hats_fp3 a, struct hats_fp3 b) {
    return (struct hats_fp3){{(uint64_t)(((hats_u128)a.c[0] + b.c[0]) % HATS_P),
                              (uint64_t)(((hats_u128)a.c[1] + b.c[1]) % HATS_P),
                              (uint64_t)(((hats_u128)a.c[2] + b.c[2]) % HATS_P)}};
}

static struct hats_fp3 minus(struct hats_fp3 a, struct hats_fp3 b) {
    return plus(a, times(b, (struct hats_fp3){{HATS_P - 1, 0, 0}}));
}

/* The value of a node from the leaves up, every time anew. */
static struct hats_fp3 value(const struct hats_air *air, const struct hats_air_point *at,
                             unsigned node) {
    const struct hats_air_expr *e = &air->nodes[node];
    if (e->op == HATS_AIR_ADD)
        return plus(value(air, at, e->a), value(air, at, e->b));
    if (e->op == HATS_AIR_SUB)
        return minus(value(air, at, e->a), value(air, at, e->b));
    if (e->op == HATS_AIR_MUL)
        return times(value(air, at, e->a), value(air, at, e->b));
    if (e->op == HATS_AIR_CONSTANT)
        return (struct hats_fp3){{e->constant, 0, 0}};
    const struct hats_fp3 *of[] = {
        [HATS_AIR_CELL] = at->cells,           [HATS_AIR_NEXT] = at->nexts,
        [HATS_AIR_FIXED] = at->fixed,          [HATS_AIR_PUBLIC] = at->publics,
        [HATS_AIR_WEIGHT] = at->weights,       [HATS_AIR_SCALAR] = at->scalars,
        [HATS_AIR_CHALLENGE] = at->challenges,
    };
    return of[e->op][e->a];
}

#define N_LEAVES 4 /* of each kind */
#define N_NODES 60

static struct hats_air air;

static void build_random(void) {
    static const uint64_t values[8];
    hats_air_begin(&air, "random", 3);
    for (unsigned i = 0; i < N_LEAVES; i++) {
        hats_air_column(&air, "c");
        hats_air_fixed_column(&air, values, 3);
        hats_air_public_column(&air);
        hats_air_weight_column(&air);
        hats_air_new_challenge(&air);
        hats_air_new_scalar(&air);
    }
    for (unsigned i = 0; i < N_LEAVES; i++) {
        hats_air_constant(&air, values_element(&v));
        hats_air_cell(&air, i);
        hats_air_next(&air, i);
        hats_air_fixed(&air, i);
        hats_air_public(&air, i);
        hats_air_weight(&air, i);
        hats_air_challenge(&air, i);
        hats_air_scalar(&air, i);
    }
    while (air.n_nodes < N_NODES) {
        hats_air_node a = (hats_air_node)(values_word(&v) % air.n_nodes);
        hats_air_node b = (hats_air_node)(values_word(&v) % air.n_nodes);
        switch (values_word(&v) % 3) {
        case 0: hats_air_add(&air, a, b); break;
        case 1: hats_air_sub(&air, a, b); break;
        case 2: hats_air_mul(&air, a, b); break;
        }
    }
}

static void nodes_are_what_their_leaves_make_them(void **state) {
    (void)state;
    struct hats_fp3 leaves[8][N_LEAVES], nodes[N_NODES];
    struct hats_air_point at = {
        .cells = leaves[0],
        .nexts = leaves[1],
        .fixed = leaves[2],
        .publics = leaves[3],
        .weights = leaves[4],
        .challenges = leaves[5],
        .scalars = leaves[6],
    };
    for (unsigned repeat = 0; repeat < 200; repeat++) {
        build_random();
        for (unsigned k = 0; k < 8; k++)
            for (unsigned i = 0; i < N_LEAVES; i++)
                leaves[k][i] = element();
        hats_air_evaluate_nodes(&air, &at, nodes);
        for (unsigned i = 0; i < N_NODES; i++)
            assert_same(nodes[i], value(&air, &at, i));
    }
}

#define AT_MOST 8 /* constraints of the small system, those of the engine included */

struct leaves {
    struct hats_fp3 cells[SMALL_COLUMNS], nexts[SMALL_COLUMNS], fixed[3], step, weight, helper;
};

static struct hats_air_point point_of(struct leaves *l) {
    return (struct hats_air_point){
        .cells = l->cells,
        .nexts = l->nexts,
        .fixed = l->fixed,
        .publics = &l->step,
        .weights = &l->weight,
        .challenges = &small.challenge,
        .scalars = &small.scalar,
        .helpers = &l->helper,
        .n_rows_inverse = hats_fp_inv(SMALL_N),
    };
}

/* alpha - e - theta tag */
static struct hats_fp3 denominator(const struct hats_air_point *at, struct hats_fp3 e,
                                   uint64_t tag) {
    return minus(minus(at->alpha, e), times(at->theta, (struct hats_fp3){{tag, 0, 0}}));
}

/* The constraints of the engine from docs/FORMATS.md, 8.2, for the small system at any point. */
static void constraints_of_the_engine_are_those_of_the_format(void **state) {
    (void)state;
    struct hats_fp3 got[AT_MOST], scratch[HATS_AIR_MAX_NODES];
    struct leaves l;
    for (unsigned n_lookups = 0; n_lookups <= 3; n_lookups++)
        for (unsigned repeat = 0; repeat < 50; repeat++) {
            small.challenge = element();
            small_fill(&small, n_lookups);
            small.scalar = element();
            for (unsigned i = 0; i < SMALL_COLUMNS; i++) {
                l.cells[i] = element();
                l.nexts[i] = element();
                l.fixed[i] = element();
            }
            l.step = element();
            l.weight = element();
            l.helper = element();
            struct hats_air_point at = point_of(&l);
            at.table_inverse = element();
            at.wide = element();
            at.wide_next = element();
            at.alpha = element();
            at.theta = element();
            at.delta = element();
            hats_air_evaluate(&small.air, &at, got, scratch);
            struct hats_fp3 a = l.cells[SMALL_A], b = l.cells[SMALL_B];
            assert_same(got[0], minus(b, times(a, a)));
            assert_same(got[1], minus(l.nexts[SMALL_A], plus(a, l.step)));
            assert_same(got[2], times(small.challenge, times(minus(a, l.fixed[2]), b)));
            struct hats_fp3 first = denominator(&at, a, 1), second = denominator(&at, b, 2);
            const struct hats_fp3 *last = got + 3;
            struct hats_fp3 d = minus(at.wide_next, at.wide);
            if (n_lookups > 1) {
                assert_same(*last++,
                            minus(times(l.helper, times(first, second)), plus(first, second)));
                d = minus(d, l.helper);
            }
            d = plus(d, times(l.cells[SMALL_M], at.table_inverse));
            struct hats_fp3 share = hats_fp3_scale(small.scalar, hats_fp_inv(SMALL_N));
            struct hats_fp3 term = plus(times(l.weight, a), times(small.challenge, b));
            d = minus(d, times(at.delta, minus(term, share)));
            if (n_lookups % 2 == 1) /* the third looks up what the first does */
                d = minus(times(first, d), hats_fp3_from_fp(1));
            assert_same(*last++, d);
            assert_int_equal(last - got, hats_air_n_constraints_all(&small.air));
        }
}

/* acc(next) - acc is what it must be in every row but the last, by hand with divisions; the row
 * after the last is the first, and the constraint holds there because all sums are what is claimed.
 */
static bool accumulates(struct hats_fp3 alpha, struct hats_fp3 theta, struct hats_fp3 delta) {
    struct hats_fp3 got[AT_MOST], scratch[HATS_AIR_MAX_NODES], acc = element(), start = acc;
    struct hats_fp3 share = hats_fp3_scale(small.scalar, hats_fp_inv(SMALL_N));
    bool holds = true;
    for (unsigned j = 0; j < SMALL_N; j++) {
        struct leaves l;
        for (unsigned i = 0; i < SMALL_COLUMNS; i++) {
            l.cells[i] = hats_fp3_from_fp(small.trace[i][j]);
            l.nexts[i] = hats_fp3_from_fp(small.trace[i][(j + 1) % SMALL_N]);
        }
        l.fixed[0] = hats_fp3_from_fp(small_values[j]);
        l.fixed[1] = hats_fp3_from_fp(small_tags[j]);
        l.fixed[2] = hats_fp3_from_fp(small_count[j % 4]);
        l.step = hats_fp3_from_fp(small.step[j]);
        l.weight = small.weights[j];
        struct hats_air_point at = point_of(&l);
        at.alpha = alpha;
        at.theta = theta;
        at.delta = delta;
        struct hats_fp3 first = hats_fp3_inv(denominator(&at, l.cells[SMALL_A], 1));
        struct hats_fp3 second = hats_fp3_inv(denominator(&at, l.cells[SMALL_B], 2));
        at.table_inverse = hats_fp3_inv(denominator(&at, l.fixed[0], small_tags[j]));
        l.helper = plus(first, second);
        at.wide = acc;
        struct hats_fp3 term =
            plus(times(l.weight, l.cells[SMALL_A]), times(small.challenge, l.cells[SMALL_B]));
        acc = plus(plus(acc, l.helper), first); /* the third lookup is the first again */
        acc = minus(acc, times(l.cells[SMALL_M], at.table_inverse));
        acc = plus(acc, times(delta, minus(term, share)));
        at.wide_next = j + 1 < SMALL_N ? acc : start;
        hats_air_evaluate(&small.air, &at, got, scratch);
        for (unsigned i = 0; i < hats_air_n_constraints_all(&small.air); i++)
            holds = holds && hats_fp3_equal(got[i], hats_fp3_from_fp(0));
    }
    return holds;
}

static void an_honest_table_satisfies_the_constraints_in_every_row(void **state) {
    (void)state;
    for (unsigned repeat = 0; repeat < 20; repeat++) {
        small.challenge = element();
        for (unsigned j = 0; j < SMALL_N; j++)
            small.weights[j] = element();
        small_fill(&small, 3);
        struct hats_fp3 alpha = element(), theta = element(), delta = element();
        alpha.c[1] =
            1; /* not in the table, which theta in F_p and an edge of alpha could make it */
        theta.c[1] = 0;
        delta.c[2] = 1;
        assert_true(accumulates(alpha, theta, delta));
        small.trace[SMALL_M][3]++;
        assert_false(accumulates(alpha, theta, delta));
        small.trace[SMALL_M][3]--;
        small.scalar = plus(small.scalar, hats_fp3_from_fp(1));
        assert_false(accumulates(alpha, theta, delta));
    }
}

/* D = acc(next) - acc - sum_i delta^i (e_i - s_i / N) over three sums, the scalars in another
 * order. */
static void each_sum_has_its_own_power_of_delta(void **state) {
    (void)state;
    struct hats_fp3 cells[3], scalars[3], scratch[3], got;
    hats_air_begin(&air, "sums", 3);
    for (unsigned i = 0; i < 3; i++)
        hats_air_new_scalar(&air);
    for (unsigned i = 0; i < 3; i++)
        hats_air_sum(&air, "c", hats_air_cell(&air, hats_air_column(&air, "c")), 2 - i);
    for (unsigned i = 0; i < 3; i++) {
        cells[i] = element();
        scalars[i] = element();
    }
    uint64_t eighth = hats_fp_inv(8);
    struct hats_air_point at = {
        .cells = cells,
        .scalars = scalars,
        .wide = element(),
        .wide_next = element(),
        .delta = element(),
        .n_rows_inverse = eighth,
    };
    hats_air_evaluate(&air, &at, &got, scratch);
    struct hats_fp3 d = minus(at.wide_next, at.wide), power = hats_fp3_from_fp(1);
    for (unsigned i = 0; i < 3; i++) {
        power = times(power, at.delta);
        d = minus(d, times(power, minus(cells[i], hats_fp3_scale(scalars[2 - i], eighth))));
    }
    assert_same(got, d);
}

static void mu_is_the_same_in_the_next_row(void **state) {
    (void)state;
    struct hats_fp3 got[2], scratch[1], cell = element();
    hats_air_begin(&air, "mu", 3);
    hats_air_constrain(&air, "zero", hats_air_next(&air, hats_air_column(&air, "x")));
    struct hats_air_point at = {.nexts = &cell, .wide = element(), .wide_next = element()};
    assert_int_equal(hats_air_n_constraints_all(&air), 2);
    hats_air_evaluate(&air, &at, got, scratch);
    assert_same(got[0], cell);
    assert_same(got[1], minus(at.wide_next, at.wide));
}

int main(void) {
    v = values_from_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_are_what_their_leaves_make_them),
        cmocka_unit_test(constraints_of_the_engine_are_those_of_the_format),
        cmocka_unit_test(an_honest_table_satisfies_the_constraints_in_every_row),
        cmocka_unit_test(each_sum_has_its_own_power_of_delta),
        cmocka_unit_test(mu_is_the_same_in_the_next_row),
    };
    return cmocka_run_group_tests_name("air_eval", tests, NULL, NULL);
}
