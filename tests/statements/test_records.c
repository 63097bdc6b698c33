/* The examples, from the CSV to the proof: what the circuit says a feature is, the client's integer
 * preprocessing says as well, on every record of the test files; and those records have valid tables. */
#include "world.h"

#include "model/compile.h"
#include "model/input.h"
#include "statements/call.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct example {
    const char *onnx, *schema, *calibration, *test, *label;
    unsigned x_bits, w_bits;
};

/* ---- a plan ---- */

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)info, (void)type, (void)walk;
    return remove(path);
}

static struct hats_model *compile(const struct example *e) {
    static struct hats_compile_result result;
    struct hats_compile_options o;
    struct hats_model *model = NULL;
    struct hats_error err = {0};
    char scratch[] = "/tmp/hats-statements-XXXXXX", dir[64];
    assert_non_null(mkdtemp(scratch));
    (void)snprintf(dir, sizeof dir, "%s/m", scratch);
    hats_compile_options_init(&o);
    o.onnx_path = e->onnx;
    o.schema_path = e->schema;
    o.calibration_path = e->calibration;
    o.label_column = e->label;
    o.name = "example";
    o.x_bits = e->x_bits;
    o.w_bits = e->w_bits;
    o.out_dir = dir;
    if (hats_compile_run(&result, &o, &err) != HATS_OK ||
        hats_model_load(&model, dir, false, &err) != HATS_OK)
        fail_msg("%s", err.text);
    (void)nftw(scratch, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return model;
}

/* ---- records ---- */

static void fields_of(int64_t *fields, const struct hats_plan *p, const uint32_t *at,
                      const struct hats_csv_row *row) {
    for (uint32_t c = 0; c < p->n_columns; c++) {
        const char *cell = row->field[at[c]];
        if (p->columns[c].type == HATS_COLUMN_CATEGORY)
            fields[c] = hats_call_category_code(p, c, cell);
        else
            assert_int_equal(
                hats_decimal_parse(&fields[c], cell, row->field_len[at[c]], p->columns[c].decimals),
                HATS_OK);
    }
}

static void find_columns(uint32_t *at, const struct hats_plan *p, const struct hats_csv_row *row) {
    for (uint32_t c = 0; c < p->n_columns; c++)
        for (uint32_t f = 0; f < row->n_fields; f++)
            if (strcmp(row->field[f], p->columns[c].name) == 0)
                at[c] = f;
}

/* Every record has the features that the client makes; tables are checked for a few of them. */
static void every_record(const struct example *e, unsigned n_checked, unsigned n_rows) {
    struct hats_model *model = compile(e);
    const struct hats_plan *p = model->plan;
    struct hats_input_builder b;
    struct hats_input *in;
    struct hats_csv *csv;
    struct hats_csv_row row;
    struct hats_error err = {0};
    struct world w;
    int32_t *x = calloc(p->shape.d, sizeof *x);
    uint32_t *at = calloc(p->n_columns, sizeof *at);
    unsigned rows = 0;
    bool more;
    assert_true(x != NULL && at != NULL);
    enum hats_encryption_source source;
    assert_int_equal(hats_call_source(&source, p, true, &err), HATS_OK);
    assert_int_equal(source, HATS_SOURCE_FIELDS);
    assert_int_equal(hats_call_input(&b, p, source, &err), HATS_OK);
    world_make(&w, &b.input, 1, HATS_STARK_TEST);
    assert_int_equal(hats_csv_open(&csv, e->test, &err), HATS_OK);
    assert_int_equal(hats_csv_next(csv, &row, &more, &err), HATS_OK);
    assert_int_equal(hats_input_new(&in, p, &row, &err), HATS_OK);
    find_columns(at, p, &row);
    for (;; rows++) {
        assert_int_equal(hats_csv_next(csv, &row, &more, &err), HATS_OK);
        if (!more)
            break;
        assert_int_equal(hats_input_apply(x, NULL, in, &row, &err), HATS_OK);
        fields_of(w.fields, p, at, &row);
        if (rows < n_checked) {
            world_finish(&w);
            world_accepts(&w);
        } else {
            world_commit(&w);
        }
        assert_memory_equal(w.x, x, p->shape.d * sizeof *x);
    }
    assert_int_equal(rows, n_rows);
    hats_input_free(in);
    hats_csv_free(csv);
    world_clear(&w);
    hats_input_builder_clear(&b);
    hats_model_free(model);
    free(at);
    free(x);
}

static void clinical_records(void **state) {
    (void)state;
    const struct example ten_bits = {EXAMPLES "/clinical/model.onnx",
                                     EXAMPLES "/clinical/schema.txt",
                                     EXAMPLES "/clinical/calibration.csv",
                                     EXAMPLES "/clinical/test.csv",
                                     "diagnosis",
                                     10,
                                     10};
    every_record(&ten_bits, 4, 114);
    struct example twelve_bits = ten_bits;
    twelve_bits.x_bits = 12;
    twelve_bits.w_bits = 8;
    every_record(&twelve_bits, 4, 114);
}

static void credit_scorecard(void **state) {
    (void)state;
    const struct example credit = {EXAMPLES "/credit/model.onnx",
                                   EXAMPLES "/credit/schema.txt",
                                   EXAMPLES "/credit/calibration.csv",
                                   EXAMPLES "/credit/test.csv",
                                   "class",
                                   0,
                                   10};
    every_record(&credit, 4, 200);
}

static void stumps_as_thermometers(void **state) {
    (void)state;
    const struct example stumps = {MODEL_DATA "/wdbc_stumps.onnx",
                                   NULL,
                                   EXAMPLES "/clinical/calibration.csv",
                                   EXAMPLES "/clinical/test.csv",
                                   "diagnosis",
                                   0,
                                   0};
    every_record(&stumps, 4, 114);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clinical_records),
        cmocka_unit_test(credit_scorecard),
        cmocka_unit_test(stumps_as_thermometers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
