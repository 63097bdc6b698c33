/* The examples, end to end: compiled from the ONNX file, their integers equal the exact targets
 * (tests/targets/data/README.md) on every record of the test split. */
#include "scratch.h"

#include "base/bytes.h"
#include "model/compile.h"
#include "model/input.h"
#include "model/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

struct example {
    const char *onnx, *schema, *calibration, *test, *label;
    unsigned x_bits, w_bits;
    uint32_t saturate_ppm;
    const char *target, *x_target; /* x_target: NULL when compared elsewhere */
    unsigned log_t;
    unsigned correct, rows;
};

static const struct example clinical = {EXAMPLES "/clinical/model.onnx",
                                        EXAMPLES "/clinical/schema.txt",
                                        EXAMPLES "/clinical/calibration.csv",
                                        EXAMPLES "/clinical/test.csv",
                                        "diagnosis",
                                        10,
                                        10,
                                        0,
                                        "wdbc_lr_x10w10",
                                        "wdbc_lr_x10w10",
                                        23,
                                        111,
                                        114};
static const struct example clinical_8 = {EXAMPLES "/clinical/model.onnx",
                                          EXAMPLES "/clinical/schema.txt",
                                          EXAMPLES "/clinical/calibration.csv",
                                          EXAMPLES "/clinical/test.csv",
                                          "diagnosis",
                                          8,
                                          8,
                                          0,
                                          "wdbc_lr_x8w8",
                                          "wdbc_lr_x8w8",
                                          19,
                                          111,
                                          114};
static const struct example credit = {EXAMPLES "/credit/model.onnx",
                                      EXAMPLES "/credit/schema.txt",
                                      EXAMPLES "/credit/calibration.csv",
                                      EXAMPLES "/credit/test.csv",
                                      "class",
                                      0,
                                      10,
                                      0,
                                      "german_scorecard_w10",
                                      "german_scorecard_w10",
                                      16,
                                      151,
                                      200};
static const struct example support = {EXAMPLES "/support/model.onnx",
                                       EXAMPLES "/support/schema.txt",
                                       EXAMPLES "/support/data/banking77_train.csv",
                                       EXAMPLES "/support/data/banking77_test.csv",
                                       "category",
                                       8,
                                       6,
                                       100,
                                       "banking77_d1024_w6c",
                                       NULL, /* test_ngram.c */
                                       18,
                                       2777,
                                       3080};
static const struct example stumps = {DATA "/wdbc_stumps.onnx",
                                      NULL,
                                      EXAMPLES "/clinical/calibration.csv",
                                      EXAMPLES "/clinical/test.csv",
                                      "diagnosis",
                                      0,
                                      0,
                                      0,
                                      "wdbc_stumps_gb300",
                                      "wdbc_stumps_gb300",
                                      16,
                                      109,
                                      114};

static void compile(struct hats_compile_result *r, const struct example *e, const char *dir) {
    struct hats_compile_options o;
    struct hats_error err = {0};
    hats_compile_options_init(&o);
    o.onnx_path = e->onnx;
    o.schema_path = e->schema;
    o.calibration_path = e->calibration;
    o.label_column = e->label;
    o.name = "example";
    o.x_bits = e->x_bits;
    o.w_bits = e->w_bits;
    o.w_keep_ppm = HATS_COMPILE_ALL - e->saturate_ppm;
    o.out_dir = dir;
    if (hats_compile_run(r, &o, &err) != HATS_OK)
        fail_msg("%s", err.text);
}

static gzFile open_target(const char *name, const char *end) {
    char path[512];
    (void)snprintf(path, sizeof path, TARGETS "/%s%s", name, end);
    gzFile f = gzopen(path, "rb");
    if (f == NULL)
        fail_msg("%s cannot be opened", path);
    return f;
}

static char line[1 << 17];

/* n integers of the next line, behind `skip` others. */
static void expect_line(gzFile f, size_t skip, const int64_t *want, size_t n, const char *what,
                        uint64_t row) {
    char *at = line;
    if (gzgets(f, line, sizeof line) == NULL)
        fail_msg("%s: the target ends before row %llu", what, (unsigned long long)row);
    for (size_t i = 0; i < skip; i++)
        (void)strtoll(at, &at, 10);
    for (size_t i = 0; i < n; i++) {
        char *before = at;
        int64_t v = strtoll(at, &at, 10);
        if (at == before || v != want[i])
            fail_msg("%s, row %llu, entry %zu: %lld, not %lld", what, (unsigned long long)row, i,
                     (long long)want[i], (long long)v);
    }
}

static void weights_equal(const struct hats_model *m, const char *target) {
    uint32_t d = m->plan->shape.d;
    int64_t *row = calloc(d + 1, sizeof *row);
    gzFile f = open_target(target, ".w.txt");
    assert_non_null(row);
    for (uint32_t o = 0; o < m->plan->shape.k; o++) {
        for (uint32_t j = 0; j < d; j++)
            row[j] = m->w[(size_t)o * d + j];
        row[d] = m->bias[o];
        expect_line(f, 0, row, d + 1, "weights", o);
    }
    gzclose(f);
    free(row);
}

/* Every record of the test file: inputs, accumulators, classes. */
static void records_equal(const struct hats_model *m, const struct example *e) {
    uint32_t d = m->plan->shape.d;
    uint32_t k = m->plan->shape.k;
    int32_t *x = calloc(d, sizeof *x);
    int64_t *wide = calloc(d, sizeof *wide), *acc = calloc(k, sizeof *acc);
    gzFile want_x = e->x_target != NULL ? open_target(e->x_target, ".x.txt.gz") : NULL;
    gzFile want_acc = open_target(e->target, ".acc.txt.gz");
    struct hats_csv *csv;
    struct hats_csv_row row;
    struct hats_input *in;
    struct hats_input_report report;
    struct hats_error err = {0};
    uint32_t label = 0;
    unsigned rows = 0, correct = 0;
    bool more;
    assert_true(x != NULL && wide != NULL && acc != NULL);
    assert_int_equal(hats_csv_open(&csv, e->test, &err), HATS_OK);
    assert_int_equal(hats_csv_next(csv, &row, &more, &err), HATS_OK);
    for (uint32_t f = 0; f < row.n_fields; f++)
        label = strcmp(row.field[f], e->label) == 0 ? f : label;
    assert_int_equal(hats_input_new(&in, m->plan, &row, &err), HATS_OK);
    for (;;) {
        struct hats_link_answer answer;
        assert_int_equal(hats_csv_next(csv, &row, &more, &err), HATS_OK);
        if (!more)
            break;
        if (hats_input_apply(x, &report, in, &row, &err) != HATS_OK)
            fail_msg("%s", err.text);
        for (uint32_t j = 0; j < d; j++) {
            assert_in_range(x[j] - m->plan->lo[j], 0, m->plan->hi[j] - m->plan->lo[j]);
            wide[j] = x[j];
        }
        if (want_x != NULL)
            expect_line(want_x, 1, wide, d, "x", row.number);
        hats_model_evaluate_clear(acc, m, x);
        expect_line(want_acc, 0, acc, k, "acc", row.number);
        hats_link_apply(&answer, m->plan, acc);
        correct += strcmp(answer.label, row.field[label]) == 0;
        rows++;
    }
    assert_int_equal(rows, e->rows);
    assert_int_equal(correct, e->correct);
    hats_input_free(in);
    hats_csv_free(csv);
    gzclose(want_acc);
    if (want_x != NULL)
        gzclose(want_x);
    free(acc);
    free(wide);
    free(x);
}

static void exact(const struct example *e) {
    static struct hats_compile_result r;
    struct hats_model *m;
    struct hats_error err = {0};
    char scratch[64], dir[80];
    scratch_make(scratch);
    (void)snprintf(dir, sizeof dir, "%s/m", scratch);
    compile(&r, e, dir);
    assert_int_equal(r.figures.budget.log_t, e->log_t);
    assert_true(r.figures.budget.kl_millibits < -35000);
    if (hats_model_load(&m, dir, true, &err) != HATS_OK)
        fail_msg("%s", err.text);
    weights_equal(m, e->target);
    records_equal(m, e);
    hats_model_free(m);
    scratch_remove(scratch);
}

static void clinical_is_exact_at_ten_bits(void **state) {
    (void)state;
    exact(&clinical);
}
static void clinical_is_exact_at_eight_bits(void **state) {
    (void)state;
    exact(&clinical_8);
}
static void credit_is_exact(void **state) {
    (void)state;
    exact(&credit);
}
static void support_is_exact(void **state) {
    (void)state;
    exact(&support);
}
static void stumps_are_exact(void **state) {
    (void)state;
    exact(&stumps);
}

static void the_figures_are_those_of_the_calibration_file(void **state) {
    (void)state;
    static struct hats_compile_result r;
    compile(&r, &clinical, NULL);
    assert_int_equal(r.rows, 455);
    assert_int_equal(r.agree, 455);
    assert_int_equal(r.float_correct, 452);
    assert_int_equal(r.integer_correct, 452);
    assert_int_equal(r.clipped_cells, 55);
    assert_false(r.range_from_calibration);
    assert_true(r.score_error_max < 0.03);
    assert_string_equal(r.clips[0].column, "symmetry_se");
    assert_int_equal(r.clips[0].cells, 5);
    assert_int_equal(r.figures.n_clipping, 30);
    assert_int_equal(r.figures.up_bytes, 32824);
    assert_int_equal(r.figures.security.quantum, 182);
    compile(&r, &support, NULL);
    assert_int_equal(r.rows, 10003);
    assert_int_equal(r.agree, 9992);
    assert_int_equal(r.saturated_weights, 5);
    assert_int_equal(r.figures.shape.n_in, 4);
    assert_int_equal(r.figures.shape.n_out, 5);
}

static void the_compiler_takes_the_smallest_widths_that_change_no_class(void **state) {
    (void)state;
    static struct hats_compile_result r;
    struct example e = clinical;
    e.x_bits = 0;
    e.w_bits = 0;
    compile(&r, &e, NULL);
    assert_true(r.bits_chosen);
    assert_int_equal(r.x_bits, 8);
    assert_int_equal(r.w_bits, 8);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clinical_is_exact_at_ten_bits),
        cmocka_unit_test(clinical_is_exact_at_eight_bits),
        cmocka_unit_test(credit_is_exact),
        cmocka_unit_test(support_is_exact),
        cmocka_unit_test(stumps_are_exact),
        cmocka_unit_test(the_figures_are_those_of_the_calibration_file),
        cmocka_unit_test(the_compiler_takes_the_smallest_widths_that_change_no_class),
    };
    return cmocka_run_group_tests_name("examples", tests, NULL, NULL);
}
