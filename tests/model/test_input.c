#include "plan_fixture.h"

#include "base/bytes.h"
#include "model/input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEADER "height,count,age,colour,weight (kg)\n"

/* The last data row of a table through the plan. */
static hats_status apply(int32_t *x, struct hats_input_report *report, const struct hats_plan *plan,
                         const char *table, struct hats_error *err) {
    struct hats_csv *csv;
    struct hats_csv_row row;
    struct hats_input *in = NULL;
    bool more;
    assert_int_equal(hats_csv_open_memory(&csv, "t", table, strlen(table), err), HATS_OK);
    hats_status st = hats_csv_next(csv, &row, &more, err);
    if (st == HATS_OK)
        st = hats_input_new(&in, plan, &row, err);
    while (st == HATS_OK) {
        st = hats_csv_next(csv, &row, &more, err);
        if (st != HATS_OK || !more)
            break;
        st = hats_input_apply(x, report, in, &row, err);
    }
    hats_input_free(in);
    hats_csv_free(csv);
    return st;
}

static void gives(const char *cells, const int32_t want[FIXTURE_D]) {
    struct plan_fixture f;
    struct hats_input_report report;
    struct hats_error err = {0};
    int32_t x[FIXTURE_D];
    char table[256];
    plan_fixture_fill(&f);
    (void)snprintf(table, sizeof table, HEADER "%s\n", cells);
    if (apply(x, &report, &f.plan, table, &err) != HATS_OK)
        fail_msg("%s", err.text);
    for (int j = 0; j < FIXTURE_D; j++)
        if (x[j] != want[j])
            fail_msg("%s: x[%d] = %d, not %d", cells, j, x[j], want[j]);
}

static void refuses(const char *cells, hats_status want, const char *words) {
    struct plan_fixture f;
    struct hats_input_report report;
    struct hats_error err = {0};
    int32_t x[FIXTURE_D] = {1, 1, 1, 1, 1, 1, 1};
    const int32_t zero[FIXTURE_D] = {0};
    char table[256];
    plan_fixture_fill(&f);
    (void)snprintf(table, sizeof table, HEADER "%s\n", cells);
    hats_status st = apply(x, &report, &f.plan, table, &err);
    if (st != want || strstr(err.text, words) == NULL)
        fail_msg("%s: %s, \"%s\"", cells, hats_status_name(st), err.text);
    assert_memory_equal(x, zero, sizeof zero);
}

static void every_kind_of_rule_is_applied(void **state) {
    (void)state;
    gives("170,3,40,red,80", (int32_t[]){0, 3, 1, 0, 1, 0, 80});
    gives("180.24,0,65,\"blue, dark\",0", (int32_t[]){16, 0, 1, 0, 0, 1, 0});
    gives("170.56,15,65.1,red,255", (int32_t[]){1, 15, 0, 1, 1, 0, 255}); /* 1/2 rounds up */
    gives("169.27,15,18,red,255", (int32_t[]){-2, 15, 0, 0, 1, 0, 255});
    gives("1.7e2,3,18.1,red,80", (int32_t[]){0, 3, 1, 0, 1, 0, 80});
}

static void a_missing_cell_is_filled_only_where_the_model_says_so(void **state) {
    (void)state;
    gives("170,3,40,red,", (int32_t[]){0, 3, 1, 0, 1, 0, 50});
    refuses(",3,40,red,80", HATS_E_MALFORMED, "row 2, column \"height\": the cell is empty");
    refuses("170,3,40,,80", HATS_E_MALFORMED, "row 2, column \"colour\": the cell is empty");
}

static void a_sentinel_stands_for_a_missing_value(void **state) {
    (void)state;
    struct plan_fixture f;
    struct hats_input_report report;
    struct hats_error err = {0};
    int32_t x[FIXTURE_D];
    plan_fixture_fill(&f);
    f.columns[4].missing = HATS_MISSING_SENTINEL;
    f.columns[4].sentinel = -999;
    assert_int_equal(apply(x, &report, &f.plan, HEADER "170,3,40,red,-999\n", &err), HATS_OK);
    assert_int_equal(x[6], 50);
    assert_int_equal(report.n_missing, 1);
    assert_int_equal(apply(x, &report, &f.plan, HEADER "170,3,40,red,\n", &err), HATS_E_MALFORMED);
}

static void numbers_must_be_numbers(void **state) {
    (void)state;
    refuses("tall,3,40,red,80", HATS_E_MALFORMED, "column \"height\": not a number");
    refuses("NaN,3,40,red,80", HATS_E_MALFORMED, "column \"height\": not a number");
    refuses("inf,3,40,red,80", HATS_E_MALFORMED, "column \"height\": not a number");
    refuses("170,3,40,red,0x50", HATS_E_MALFORMED, "column \"weight (kg)\": not a number");
    refuses("\"1,70\",3,40,red,80", HATS_E_MALFORMED, "column \"height\": not a number");
}

static void more_digits_than_the_model_takes_are_refused(void **state) {
    (void)state;
    refuses("170.125,3,40,red,80", HATS_E_RANGE, "more than 2 digits after the point");
    refuses("170,3.5,40,red,80", HATS_E_RANGE, "more than 0 digits after the point");
    gives("170.560,3.0,40,red,80", (int32_t[]){1, 3, 1, 0, 1, 0, 80});
}

static void an_unknown_category_is_refused_or_zero_as_the_model_says(void **state) {
    (void)state;
    struct plan_fixture f;
    struct hats_input_report report;
    struct hats_error err = {0};
    int32_t x[FIXTURE_D];
    refuses("170,3,40,green,80", HATS_E_MALFORMED, "not one of the categories");
    refuses("170,3,40,Red,80", HATS_E_MALFORMED, "not one of the categories");
    plan_fixture_fill(&f);
    f.columns[3].unknown_is_zero = true;
    assert_int_equal(apply(x, &report, &f.plan, HEADER "170,3,40,green,80\n", &err), HATS_OK);
    assert_int_equal(x[4], 0);
    assert_int_equal(x[5], 0);
}

static void values_outside_are_clipped_and_reported_or_refused(void **state) {
    (void)state;
    struct plan_fixture f;
    struct hats_input_report report;
    struct hats_error err = {0};
    int32_t x[FIXTURE_D];
    plan_fixture_fill(&f);
    assert_int_equal(apply(x, &report, &f.plan, HEADER "999.5,3,40,red,80\n", &err), HATS_OK);
    assert_int_equal(x[0], 127);
    assert_int_equal(report.row, 2);
    assert_int_equal(report.n_clipped, 1);
    assert_string_equal(report.clipped[0].column, "height");
    assert_string_equal(report.clipped[0].value, "999.5");
    assert_int_equal(report.clipped[0].unclipped, 1296);
    assert_int_equal(report.clipped[0].limit, 127);
    assert_int_equal(apply(x, &report, &f.plan, HEADER "0,3,40,red,80\n", &err), HATS_OK);
    assert_int_equal(x[0], -127);
    refuses("170,16,40,red,80", HATS_E_RANGE, "column \"count\": the value is above the range");
    refuses("170,-1,40,red,80", HATS_E_RANGE, "column \"count\": the value is below the range");
    refuses("9e15,3,40,red,80", HATS_E_RANGE, "far outside");
    refuses("9e18,3,40,red,80", HATS_E_RANGE, "too large");
}

static void columns_are_found_by_name_in_any_order(void **state) {
    (void)state;
    struct plan_fixture f;
    struct hats_input_report report;
    struct hats_error err = {0};
    int32_t x[FIXTURE_D];
    plan_fixture_fill(&f);
    assert_int_equal(apply(x, &report, &f.plan,
                           "id,colour,age,count,height,weight (kg),note\n"
                           "7,red,40,3,170,80,\"two\nlines\"\n",
                           &err),
                     HATS_OK);
    assert_int_equal(x[1], 3);
    assert_int_equal(x[4], 1);
}

static void missing_and_doubled_columns_are_named(void **state) {
    (void)state;
    struct plan_fixture f;
    struct hats_input_report report;
    struct hats_error err = {0};
    int32_t x[FIXTURE_D];
    plan_fixture_fill(&f);
    assert_int_equal(apply(x, &report, &f.plan, "height,count,age\n1,2,3\n", &err),
                     HATS_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "2 of the 5 columns that the model reads are missing: "
                                     "\"colour\", \"weight (kg)\""));
    assert_int_equal(
        apply(x, &report, &f.plan, "height,height,count,age,colour,weight (kg)\n", &err),
        HATS_E_CONFLICT);
    assert_non_null(strstr(err.text, "\"height\" stands 2 times"));
    assert_int_equal(apply(x, &report, &f.plan, HEADER "1,2,3,red,4,5\n", &err), HATS_E_MALFORMED);
    assert_non_null(strstr(err.text, "row 2 has 6 columns, the header has 5"));
}

static void errors_never_repeat_the_cell(void **state) {
    (void)state;
    struct plan_fixture f;
    struct hats_input_report report;
    struct hats_error err = {0};
    int32_t x[FIXTURE_D];
    plan_fixture_fill(&f);
    (void)apply(x, &report, &f.plan, HEADER "secretvalue,3,40,red,80\n", &err);
    assert_null(strstr(err.text, "secretvalue"));
    (void)apply(x, &report, &f.plan, HEADER "170,3,40,secretvalue,80\n", &err);
    assert_null(strstr(err.text, "secretvalue"));
}

static void texts_are_refused_when_empty_or_too_long(void **state) {
    (void)state;
    struct plan_fixture f;
    struct hats_input_report report;
    struct hats_error err = {0};
    int32_t lo[64], hi[64], x[64];
    char table[2048] = "text\n";
    plan_fixture_text(&f, lo, hi);
    assert_int_equal(apply(x, &report, &f.plan, "text\nhello there\n", &err), HATS_OK);
    assert_true(x[63] > 0);
    assert_int_equal(apply(x, &report, &f.plan, "text\n?!\n", &err), HATS_E_MALFORMED);
    assert_non_null(strstr(err.text, "no letters"));
    for (int i = 0; i < 100; i++)
        (void)sprintf(table + strlen(table), "word%d ", i);
    (void)strcat(table, "\n");
    assert_int_equal(apply(x, &report, &f.plan, table, &err), HATS_E_RANGE);
    assert_non_null(strstr(err.text, "longer than the model takes"));
    assert_int_equal(apply(x, &report, &f.plan, "body\nhello\n", &err), HATS_E_NOT_FOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_rule_is_applied),
        cmocka_unit_test(a_missing_cell_is_filled_only_where_the_model_says_so),
        cmocka_unit_test(a_sentinel_stands_for_a_missing_value),
        cmocka_unit_test(numbers_must_be_numbers),
        cmocka_unit_test(more_digits_than_the_model_takes_are_refused),
        cmocka_unit_test(an_unknown_category_is_refused_or_zero_as_the_model_says),
        cmocka_unit_test(values_outside_are_clipped_and_reported_or_refused),
        cmocka_unit_test(columns_are_found_by_name_in_any_order),
        cmocka_unit_test(missing_and_doubled_columns_are_named),
        cmocka_unit_test(errors_never_repeat_the_cell),
        cmocka_unit_test(texts_are_refused_when_empty_or_too_long),
    };
    return cmocka_run_group_tests_name("input", tests, NULL, NULL);
}
