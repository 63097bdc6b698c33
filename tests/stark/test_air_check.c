#include "stark/air_check.h"

#include "small_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct small small;
static struct hats_error err;

static hats_status check(void) {
    struct hats_air_rows rows = {
        .trace = small.trace[0],
        .publics = small.step,
        .weights = small.weights,
        .challenges = &small.challenge,
        .scalars = &small.scalar,
    };
    err.text[0] = '\0';
    return hats_air_check(&small.air, &rows, &err);
}

static void assert_refused(hats_status status, const char *text) {
    assert_int_equal(check(), status);
    assert_string_equal(err.text, text);
}

static int fresh(void **state) {
    (void)state;
    small.challenge = (struct hats_fp3){{5, 6, 7}};
    for (unsigned j = 0; j < SMALL_N; j++)
        small.weights[j] = (struct hats_fp3){{j + 1, j * j, HATS_P - 1 - j}};
    small_fill(&small, 3);
    return 0;
}

/* a in row j becomes v, and b, step and m follow: what the constraints say still holds. */
static void set_a(unsigned j, uint64_t v) {
    uint64_t before = small.trace[SMALL_A][(j + SMALL_N - 1) % SMALL_N];
    uint64_t after = small.trace[SMALL_A][(j + 1) % SMALL_N];
    small.trace[SMALL_A][j] = v;
    small.trace[SMALL_B][j] = hats_fp_mul(v, v);
    small.step[(j + SMALL_N - 1) % SMALL_N] = hats_fp_sub(v, before);
    small.step[j] = hats_fp_sub(after, v);
    small_multiplicities(&small, 3);
}

static void an_honest_table_passes(void **state) {
    (void)state;
    for (unsigned n_lookups = 0; n_lookups <= 3; n_lookups++) {
        small_fill(&small, n_lookups);
        assert_int_equal(check(), HATS_OK);
    }
}

static void a_constraint_is_named_with_its_row(void **state) {
    (void)state;
    small.trace[SMALL_B][6]++;
    assert_refused(HATS_E_VERIFY, "small: constraint 0 (square) does not hold in row 6");
}

static void the_first_row_is_named(void **state) {
    (void)state;
    small.trace[SMALL_A][5] = 2; /* wrong in row 5, and before that as the next of row 4 */
    assert_refused(HATS_E_VERIFY, "small: constraint 1 (step) does not hold in row 4");
}

static void the_row_after_the_last_is_the_first(void **state) {
    (void)state;
    small.step[SMALL_N - 1] = 1;
    assert_refused(HATS_E_VERIFY, "small: constraint 1 (step) does not hold in row 15");
}

static void fixed_columns_repeat_with_their_period(void **state) {
    (void)state;
    set_a(13, 2);
    assert_refused(HATS_E_VERIFY, "small: constraint 2 (count) does not hold in row 13");
    small.challenge = hats_fp3_from_fp(0); /* then that constraint says nothing */
    assert_int_not_equal(check(), HATS_OK);
    assert_non_null(strstr(err.text, "sum 0 (weighted)"));
}

static void a_value_outside_the_table_is_named_but_not_shown(void **state) {
    (void)state;
    small.challenge = hats_fp3_from_fp(0);
    set_a(3, 123456);
    assert_refused(HATS_E_VERIFY, "small: lookup 0 (a is small), row 3: the value is not in the "
                                  "table under tag 1");
}

static void a_value_under_another_tag_is_not_in_the_table(void **state) {
    (void)state;
    small.challenge = hats_fp3_from_fp(0);
    set_a(7, 9); /* 9 is in the table under tag 2 */
    assert_refused(HATS_E_VERIFY, "small: lookup 0 (a is small), row 7: the value is not in the "
                                  "table under tag 1");
}

static void a_wrong_multiplicity_is_named_with_the_row_of_the_table(void **state) {
    (void)state;
    small.trace[SMALL_M][6]++;
    assert_refused(HATS_E_VERIFY, "small: column 2 (m) is wrong: row 6 of the table is not looked "
                                  "up as often as it says");
    small.trace[SMALL_M][2]--; /* the first of two */
    assert_int_equal(check(), HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "row 2 of the table"));
}

static void equal_rows_of_the_table_share_their_multiplicity(void **state) {
    (void)state;
    small.trace[SMALL_M][12] += 3; /* rows 8 to 15 equal row 0 */
    assert_int_equal(check(), HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "row 0 of the table"));
    small.trace[SMALL_M][0] -= 3;
    assert_int_equal(check(), HATS_OK);
    small.trace[SMALL_M][0] = HATS_P - 1; /* of elements of the field, not of numbers */
    small.trace[SMALL_M][12] = 9;
    assert_int_equal(check(), HATS_OK);
}

static void multiplicities_are_zero_where_only_sums_use_the_accumulator(void **state) {
    (void)state;
    small_fill(&small, 0);
    assert_int_equal(check(), HATS_OK);
    small.trace[SMALL_M][1] = 1;
    assert_int_equal(check(), HATS_E_VERIFY);
    assert_non_null(strstr(err.text, "row 1 of the table"));
}

static void a_sum_that_is_not_its_scalar_is_named(void **state) {
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        fresh(NULL);
        small.scalar.c[i] = hats_fp_add(small.scalar.c[i], 1);
        assert_refused(HATS_E_VERIFY, "small: sum 0 (weighted) is not scalar 0");
    }
}

static void elements_that_are_not_canonical_are_named(void **state) {
    (void)state;
    small.trace[SMALL_A][0] += HATS_P;
    assert_refused(HATS_E_CANONICAL, "small: column 0 (a), row 0: not an element of the field, "
                                     "write it below p");
    small.trace[SMALL_A][0] = 0;
    small.step[9] = HATS_P;
    assert_refused(HATS_E_CANONICAL, "small: public column 0, row 9: not an element of the field, "
                                     "write it below p");
}

static void what_a_system_has_not_may_be_missing(void **state) {
    (void)state;
    static uint64_t cells[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    hats_air_begin(&small.air, "ones", 3);
    hats_air_node x = hats_air_cell(&small.air, hats_air_column(&small.air, "x"));
    struct hats_air_rows rows = {.trace = cells};
    assert_int_equal(hats_air_check(&small.air, &rows, NULL), HATS_OK);
    hats_air_constrain(&small.air, "one",
                       hats_air_sub(&small.air, x, hats_air_constant(&small.air, 1)));
    assert_int_equal(hats_air_check(&small.air, &rows, NULL), HATS_OK);
    cells[7] = 2;
    assert_int_equal(hats_air_check(&small.air, &rows, NULL), HATS_E_VERIFY);
}

/* Whatever one cell becomes, some claim notices: the small system constrains all it has. */
static void every_cell_is_constrained(void **state) {
    (void)state;
    for (unsigned c = 0; c < SMALL_COLUMNS; c++)
        for (unsigned j = 0; j < SMALL_N; j++)
            for (unsigned by = 1; by < 12; by++) {
                fresh(NULL);
                small.trace[c][j] = hats_fp_add(small.trace[c][j], by);
                assert_int_equal(check(), HATS_E_VERIFY);
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_honest_table_passes, fresh),
        cmocka_unit_test_setup(a_constraint_is_named_with_its_row, fresh),
        cmocka_unit_test_setup(the_first_row_is_named, fresh),
        cmocka_unit_test_setup(the_row_after_the_last_is_the_first, fresh),
        cmocka_unit_test_setup(fixed_columns_repeat_with_their_period, fresh),
        cmocka_unit_test_setup(a_value_outside_the_table_is_named_but_not_shown, fresh),
        cmocka_unit_test_setup(a_value_under_another_tag_is_not_in_the_table, fresh),
        cmocka_unit_test_setup(a_wrong_multiplicity_is_named_with_the_row_of_the_table, fresh),
        cmocka_unit_test_setup(equal_rows_of_the_table_share_their_multiplicity, fresh),
        cmocka_unit_test_setup(multiplicities_are_zero_where_only_sums_use_the_accumulator, fresh),
        cmocka_unit_test_setup(a_sum_that_is_not_its_scalar_is_named, fresh),
        cmocka_unit_test_setup(elements_that_are_not_canonical_are_named, fresh),
        cmocka_unit_test_setup(what_a_system_has_not_may_be_missing, fresh),
        cmocka_unit_test_setup(every_cell_is_constrained, fresh),
    };
    return cmocka_run_group_tests_name("air_check", tests, NULL, NULL);
}
