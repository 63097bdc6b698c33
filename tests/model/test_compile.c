#include "onnx_builder.h"
#include "scratch.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "model/compile.h"
#include "model/graph.h"
#include "model/input.h"
#include "model/onnx.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A model and a calibration table, compiled; everything is freed by done(). */
struct bench {
    char dir[64];
    struct hats_graph *graph;
    struct hats_compile_options options;
    struct hats_compile_result result;
    struct hats_plan *plan;
    int32_t *w;
    int64_t *bias;
    struct hats_error err;
    char table[256];
};

static hats_status compile(struct bench *t, struct builder *b, const char *table) {
    size_t len;
    uint8_t *bytes = builder_pack(b, &len);
    scratch_make(t->dir);
    scratch_write(t->table, t->dir, "calibration.csv", table, strlen(table));
    t->graph = NULL;
    t->plan = NULL;
    t->w = NULL;
    t->bias = NULL;
    t->err = (struct hats_error){0};
    t->options.calibration_path = t->table;
    t->options.name = "test";
    if (t->options.version == NULL) {
        t->options.version = "1";
        t->options.w_keep_ppm = HATS_COMPILE_ALL;
    }
    hats_status st = hats_onnx_import(&t->graph, bytes, len, &t->err);
    builder_free(b);
    if (st == HATS_OK)
        st = hats_compile_graph(&t->plan, &t->w, &t->bias, &t->result, t->graph, &t->options,
                                &t->err);
    return st;
}

static void done(struct bench *t) {
    hats_graph_free(t->graph);
    hats_plan_free(t->plan);
    hats_free(t->w);
    hats_free(t->bias);
    scratch_remove(t->dir);
    *t = (struct bench){0};
}

static void good(struct bench *t, struct builder *b, const char *table) {
    if (compile(t, b, table) != HATS_OK)
        fail_msg("%s", t->err.text);
}

static void bad(struct bench *t, struct builder *b, const char *table, hats_status want,
                const char *words) {
    hats_status st = compile(t, b, table);
    if (st != want || strstr(t->err.text, words) == NULL)
        fail_msg("%s, \"%s\" instead of \"%s\"", hats_status_name(st), t->err.text, words);
    assert_null(t->plan);
    done(t);
}

/* Score of one table row by the integer model. */
static double score(struct bench *t, const char *header, const char *cells,
                    struct hats_input_report *report) {
    struct hats_csv *csv;
    struct hats_csv_row row;
    struct hats_input *in;
    struct hats_input_report own;
    bool more;
    char text[512];
    int32_t x[64];
    (void)snprintf(text, sizeof text, "%s\n%s\n", header, cells);
    assert_int_equal(hats_csv_open_memory(&csv, "t", text, strlen(text), &t->err), HATS_OK);
    assert_int_equal(hats_csv_next(csv, &row, &more, &t->err), HATS_OK);
    if (hats_input_new(&in, t->plan, &row, &t->err) != HATS_OK)
        fail_msg("%s", t->err.text);
    assert_int_equal(hats_csv_next(csv, &row, &more, &t->err), HATS_OK);
    if (hats_input_apply(x, report != NULL ? report : &own, in, &row, &t->err) != HATS_OK)
        fail_msg("%s", t->err.text);
    hats_input_free(in);
    hats_csv_free(csv);
    int64_t acc = t->bias[0];
    for (uint32_t j = 0; j < t->plan->shape.d; j++)
        acc += (int64_t)t->w[j] * x[j];
    return ldexp((double)acc * (double)t->plan->scale_num, -(int)t->plan->scale_shift);
}

static const int64_t dims_2x1[] = {2, 1}, dims_1[] = {1};

/* y = 3 a - 2 b + 10 on raw columns */
static struct builder *raw_linear(void) {
    const double w[] = {3, -2}, c[] = {10};
    struct builder *b = builder_new();
    builder_input(b, "x", ONNX_DOUBLE, 2);
    builder_numbers(b, "w", ONNX_DOUBLE, 2, dims_2x1, w);
    builder_numbers(b, "c", ONNX_DOUBLE, 1, dims_1, c);
    builder_node(b, "Gemm", "", "g", "x w c", "y");
    builder_output(b, "y");
    return b;
}

static void a_range_that_the_model_does_not_state_comes_from_the_calibration_file(void **state) {
    (void)state;
    struct bench t = {0};
    struct hats_input_report report;
    good(&t, raw_linear(), "a,b\n100.5,2000\n110.25,2020\n120.0,2010.5\n");
    assert_true(t.result.range_from_calibration);
    assert_non_null(strstr(t.result.note, "range is that of the calibration file"));
    /* the range is 100.5 .. 120 and 2000 .. 2020, so ten bits resolve the year well */
    assert_true(fabs(score(&t, "a,b", "110.25,2020", NULL) - (3 * 110.25 - 2 * 2020 + 10)) < 0.5);
    assert_true(fabs(score(&t, "a,b", "100.5,2000", NULL) - (3 * 100.5 - 2 * 2000 + 10)) < 0.5);
    /* outside it, the client clips and says so */
    assert_true(fabs(score(&t, "a,b", "130,2005", &report) - (3 * 120 - 2 * 2005 + 10)) < 0.5);
    assert_int_equal(report.n_clipped, 1);
    assert_string_equal(report.clipped[0].column, "a");
    done(&t);
}

static void integers_that_fit_pass_unchanged(void **state) {
    (void)state;
    struct bench t = {0};
    good(&t, raw_linear(), "rooms,floor\n3,-1\n16,2\n7,0\n");
    assert_int_equal(t.plan->rules[0].a, INT64_C(1) << HATS_PLAN_SHIFT);
    assert_int_equal(t.plan->rules[0].b, 0);
    assert_false(t.plan->rules[0].clip);
    assert_int_equal(t.plan->lo[0], 0);
    assert_int_equal(t.plan->hi[0], 31);
    assert_int_equal(t.plan->lo[1], -1);
    assert_int_equal(t.plan->hi[1], 3);
    assert_false(t.result.range_from_calibration);
    assert_true(fabs(score(&t, "rooms,floor", "16,2", NULL) - 54) < 0.5);
    done(&t);
}

static void missing_cells_get_the_imputed_value(void **state) {
    (void)state;
    const double mean[] = {110, 2010};
    struct bench t = {0};
    struct builder *b = builder_new();
    const double w[] = {3, -2};
    builder_input(b, "x", ONNX_DOUBLE, 2);
    builder_numbers(b, "w", ONNX_DOUBLE, 2, dims_2x1, w);
    builder_node(b, "Imputer", "ai.onnx.ml", "im", "x", "f");
    builder_floats(b, "imputed_value_floats", 2, mean);
    builder_float(b, "replaced_value_float", NAN);
    builder_node(b, "MatMul", "", "m", "f w", "y");
    builder_output(b, "y");
    good(&t, b, "a,b\n100.5,2000\n,2020\n120.0,\n");
    assert_true(fabs(score(&t, "a,b", ",2020", NULL) - (3 * 110 - 2 * 2020)) < 0.5);
    assert_true(fabs(score(&t, "a,b", "120,", NULL) - (3 * 120 - 2 * 2010)) < 0.5);
    done(&t);
}

static void flags_beside_numbers_keep_their_weight(void **state) {
    (void)state;
    const char *const cats[] = {"red", "blue"};
    const double w[] = {0.5, 4, -4};
    const int64_t dims_3x1[] = {3, 1};
    struct bench t = {0};
    struct builder *b = builder_new();
    builder_input(b, "a", ONNX_DOUBLE, 1);
    builder_input(b, "colour", ONNX_TEXT, 1);
    builder_numbers(b, "w", ONNX_DOUBLE, 2, dims_3x1, w);
    builder_node(b, "OneHotEncoder", "ai.onnx.ml", "oh", "colour", "flags");
    builder_strings(b, "cats_strings", 2, cats);
    builder_node(b, "Concat", "", "c", "a flags", "x");
    builder_int(b, "axis", 1);
    builder_node(b, "MatMul", "", "m", "x w", "y");
    builder_output(b, "y");
    good(&t, b, "colour,a\nred,1.25\nblue,-3.5\nred,3.5\n");
    assert_true(fabs(score(&t, "a,colour", "1.25,red", NULL) - 4.625) < 0.05);
    assert_true(fabs(score(&t, "a,colour", "-3.5,blue", NULL) + 5.75) < 0.05);
    assert_true(fabs(score(&t, "a,colour", "0,green", NULL)) < 0.05); /* zeros = 1 */
    done(&t);
}

/* The model compares in binary32: a cell is above 0.1f when its binary32 is, although 0.1f > 1/10. */
static void a_cut_in_binary32_turns_where_that_comparison_turns(void **state) {
    (void)state;
    static const int64_t trees[] = {0, 0, 0}, ids[] = {0, 1, 2}, f[] = {0, 0, 0}, yes[] = {1, 0, 0},
                         no[] = {2, 0, 0}, leaf_trees[] = {0, 0}, leaf_ids[] = {1, 2},
                         targets[] = {0, 0};
    static const char *const modes[] = {"BRANCH_LEQ", "LEAF", "LEAF"};
    static const double cuts[] = {0.1, 0.7, 33.3, 1e-3, 8388609.0};
    for (size_t c = 0; c < HATS_COUNT_OF(cuts); c++) {
        const double values[] = {cuts[c], 0, 0}, leaves[] = {0, 1};
        struct bench t = {0};
        char table[256];
        struct builder *b = builder_new();
        builder_input(b, "x", ONNX_FLOAT, 1);
        builder_node(b, "TreeEnsembleRegressor", "ai.onnx.ml", "t", "x", "y");
        builder_ints(b, "nodes_treeids", 3, trees);
        builder_ints(b, "nodes_nodeids", 3, ids);
        builder_ints(b, "nodes_featureids", 3, f);
        builder_ints(b, "nodes_truenodeids", 3, yes);
        builder_ints(b, "nodes_falsenodeids", 3, no);
        builder_floats(b, "nodes_values", 3, values);
        builder_strings(b, "nodes_modes", 3, modes);
        builder_ints(b, "target_treeids", 2, leaf_trees);
        builder_ints(b, "target_nodeids", 2, leaf_ids);
        builder_ints(b, "target_ids", 2, targets);
        builder_floats(b, "target_weights", 2, leaves);
        builder_output(b, "y");
        (void)snprintf(table, sizeof table, "v\n%.8f1\n1\n", cuts[c]);
        good(&t, b, table);
        assert_int_equal(t.plan->columns[0].decimals, 9);
        for (int step = -40; step <= 40; step++) {
            char cell[64];
            double v = cuts[c] + step * 1e-9;
            (void)snprintf(cell, sizeof cell, "%.9f", v);
            bool above = strtof(cell, NULL) > (float)cuts[c];
            if ((score(&t, "v", cell, NULL) > 0.5) != above)
                fail_msg("%s against %.9g", cell, cuts[c]);
        }
        done(&t);
    }
}

static void the_same_inputs_give_the_same_plan_and_weights(void **state) {
    (void)state;
    struct bench t = {0}, u = {0};
    struct hats_buffer a, b;
    good(&t, raw_linear(), "a,b\n100.5,2000\n110.25,2020\n120.0,2010.5\n");
    good(&u, raw_linear(), "a,b\n100.5,2000\n110.25,2020\n120.0,2010.5\n");
    hats_buffer_init(&a, 1 << 20);
    hats_buffer_init(&b, 1 << 20);
    assert_int_equal(hats_plan_encode(&a, t.plan, &t.err), HATS_OK);
    assert_int_equal(hats_plan_encode(&b, u.plan, &u.err), HATS_OK);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
    assert_memory_equal(t.w, u.w, 2 * sizeof *t.w);
    hats_buffer_clear(&a);
    hats_buffer_clear(&b);
    done(&t);
    done(&u);
}

static void a_bad_calibration_file_is_refused_by_row_and_column(void **state) {
    (void)state;
    struct bench t = {0};
    bad(&t, raw_linear(), "", HATS_E_MALFORMED, "the file is empty");
    bad(&t, raw_linear(), "a,b\n", HATS_E_MALFORMED, "no rows below its header");
    bad(&t, raw_linear(), "a,b,c\n1,2,3\n", HATS_E_MALFORMED,
        "the model reads 2 columns and does not name them, and the calibration file has 3");
    bad(&t, raw_linear(), "a,b\n1,two\n", HATS_E_MALFORMED, "row 2, column \"b\": not a plain");
    bad(&t, raw_linear(), "a,b\n1,NaN\n", HATS_E_MALFORMED, "row 2, column \"b\": not a plain");
    bad(&t, raw_linear(), "a,b\n1,2\n,3\n", HATS_E_MALFORMED, "(the cell is empty)");
    bad(&t, raw_linear(), "a,b\n1\n", HATS_E_MALFORMED, "row 2 has 1 columns");
    bad(&t, raw_linear(), "a,a\n1,2\n", HATS_E_CONFLICT, "2 columns \"a\"");
    t.options.label_column = "y";
    t.options.version = "1";
    t.options.w_keep_ppm = HATS_COMPILE_ALL;
    bad(&t, raw_linear(), "a,b\n1,2\n", HATS_E_NOT_FOUND, "0 columns \"y\"");
    t.options.label_column = "y";
    t.options.version = "1";
    t.options.w_keep_ppm = HATS_COMPILE_ALL;
    bad(&t, raw_linear(), "a,b,y\n1,2,high\n", HATS_E_MALFORMED, "column \"y\": not a number");
}

static void options_out_of_range_are_refused(void **state) {
    (void)state;
    struct bench t = {0};
    t.options = (struct hats_compile_options){.version = "1", .w_keep_ppm = HATS_COMPILE_ALL};
    t.options.x_bits = 17;
    bad(&t, raw_linear(), "a,b\n1,2\n", HATS_E_USAGE, "2 to 16 bits");
    t.options = (struct hats_compile_options){.version = "1", .w_keep_ppm = 1};
    bad(&t, raw_linear(), "a,b\n1,2\n", HATS_E_USAGE, "at most half");
    t.options =
        (struct hats_compile_options){.version = "Version One", .w_keep_ppm = HATS_COMPILE_ALL};
    bad(&t, raw_linear(), "a,b\n1,2\n", HATS_E_RANGE, "name and version");
    t.options = (struct hats_compile_options){
        .version = "1", .w_keep_ppm = HATS_COMPILE_ALL, .x_bits = 16, .w_bits = 16};
    bad(&t, raw_linear(), "a,b\n1.5,2.5\n100000.25,0\n", HATS_E_RANGE, "do not fit the encryption");
}

static void more_digits_than_the_scale_carries_are_said(void **state) {
    (void)state;
    struct bench t = {0};
    good(&t, raw_linear(), "a,b\n1000000.123,2000\n-5.001,2020\n0,2010.5\n");
    assert_non_null(strstr(t.result.note, "Column \"a\" has more digits"));
    done(&t);
}

static void zero_weights_are_refused(void **state) {
    (void)state;
    const double w[] = {0, 0};
    struct bench t = {0};
    struct builder *b = builder_new();
    builder_input(b, "x", ONNX_DOUBLE, 2);
    builder_numbers(b, "w", ONNX_DOUBLE, 2, dims_2x1, w);
    builder_node(b, "MatMul", "", "g", "x w", "y");
    builder_output(b, "y");
    bad(&t, b, "a,b\n1,2\n", HATS_E_RANGE, "all weights are zero");
}

static void a_wide_cell_is_refused_not_rounded(void **state) {
    (void)state;
    struct bench t = {0};
    struct hats_csv *csv;
    struct hats_csv_row row;
    struct hats_input *in;
    bool more;
    int32_t x[2];
    const char text[] = "a,b\n100.125,2000\n";
    t.options = (struct hats_compile_options){
        .version = "1", .w_keep_ppm = HATS_COMPILE_ALL, .extra_decimals = 0};
    good(&t, raw_linear(), "a,b\n100.25,2000\n110.25,2020\n");
    assert_int_equal(hats_csv_open_memory(&csv, "t", text, sizeof text - 1, &t.err), HATS_OK);
    assert_int_equal(hats_csv_next(csv, &row, &more, &t.err), HATS_OK);
    assert_int_equal(hats_input_new(&in, t.plan, &row, &t.err), HATS_OK);
    assert_int_equal(hats_csv_next(csv, &row, &more, &t.err), HATS_OK);
    assert_int_equal(hats_input_apply(x, NULL, in, &row, &t.err), HATS_E_RANGE);
    assert_non_null(strstr(t.err.text, "more than 2 digits after the point"));
    hats_input_free(in);
    hats_csv_free(csv);
    done(&t);
    t.options = (struct hats_compile_options){
        .version = "1", .w_keep_ppm = HATS_COMPILE_ALL, .extra_decimals = 1};
    good(&t, raw_linear(), "a,b\n100.25,2000\n110.25,2020\n");
    (void)score(&t, "a,b", "100.125,2000", NULL);
    done(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_that_the_model_does_not_state_comes_from_the_calibration_file),
        cmocka_unit_test(integers_that_fit_pass_unchanged),
        cmocka_unit_test(missing_cells_get_the_imputed_value),
        cmocka_unit_test(flags_beside_numbers_keep_their_weight),
        cmocka_unit_test(a_cut_in_binary32_turns_where_that_comparison_turns),
        cmocka_unit_test(the_same_inputs_give_the_same_plan_and_weights),
        cmocka_unit_test(a_bad_calibration_file_is_refused_by_row_and_column),
        cmocka_unit_test(options_out_of_range_are_refused),
        cmocka_unit_test(more_digits_than_the_scale_carries_are_said),
        cmocka_unit_test(zero_weights_are_refused),
        cmocka_unit_test(a_wide_cell_is_refused_not_rounded),
    };
    return cmocka_run_group_tests_name("compile", tests, NULL, NULL);
}
