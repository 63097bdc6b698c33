/* Two passes over the calibration file: what its columns hold, and what quantisation costs. */
#include "model/compile_internal.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "model/input.h"
#include "model/link.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* --- the first pass --- */

void hats_compile_calibration_clear(struct calibration *c) {
    hats_free(c->columns);
    hats_free(c->features);
    *c = (struct calibration){0};
}

static bool is_label(const struct hats_compile_options *o, const char *name) {
    return o->label_column != NULL && strcmp(o->label_column, name) == 0;
}

/* Columns without a name are the file's, in order, the label left out. */
static hats_status name_columns(struct hats_graph *g, const struct hats_csv_row *header,
                                const struct hats_compile_options *o, struct hats_error *err) {
    uint32_t n = 0;

    for (uint32_t i = 0; i < header->n_fields; i++)
        n += !is_label(o, header->field[i]);
    if (n != g->n_columns)
        return hats_fail(err, HATS_E_MALFORMED,
                         "the model reads %u columns and does not name them, and the calibration "
                         "file has %u%s; they must be the same",
                         g->n_columns, n, o->label_column != NULL ? " beside the label" : "");
    n = 0;
    for (uint32_t i = 0; i < header->n_fields; i++) {
        if (is_label(o, header->field[i]))
            continue;
        g->columns[n].name = hats_strdup(header->field[i]);
        if (g->columns[n].name == NULL)
            return hats_fail(err, HATS_E_MEMORY, "no memory");
        n++;
    }
    return HATS_OK;
}

static hats_status find_columns(uint32_t *field, const struct hats_graph *g,
                                const struct hats_csv_row *header, struct hats_error *err) {
    for (uint32_t c = 0; c < g->n_columns; c++) {
        uint32_t found = 0;
        for (uint32_t f = 0; f < header->n_fields; f++) {
            if (strcmp(header->field[f], g->columns[c].name) != 0)
                continue;
            field[c] = f;
            found++;
        }
        if (found != 1)
            return hats_fail(err, found == 0 ? HATS_E_NOT_FOUND : HATS_E_CONFLICT,
                             "the calibration file has %u columns \"%.100s\"", found,
                             g->columns[c].name);
    }
    return HATS_OK;
}

static hats_status check_label(const struct hats_csv_row *header,
                               const struct hats_compile_options *o, struct hats_error *err) {
    uint32_t found = 0;

    if (o->label_column == NULL)
        return HATS_OK;
    for (uint32_t f = 0; f < header->n_fields; f++)
        found += is_label(o, header->field[f]);
    if (found != 1)
        return hats_fail(err, HATS_E_NOT_FOUND, "the calibration file has %u columns \"%.100s\"",
                         found, o->label_column);
    return HATS_OK;
}

static double cell_value(const char *text, size_t len) {
    int digits = hats_decimal_digits(text, len);
    int64_t v = 0;
    double power = 1;

    if (digits < 0 || hats_decimal_parse(&v, text, len, (unsigned)digits) != HATS_OK)
        return NAN;
    for (int i = 0; i < digits; i++)
        power *= 10;
    return (double)v / power;
}

/* A number cell: decimals and range of its column. *v is NAN for a missing one. */
static hats_status note_cell(struct column_stats *s, double *v, const struct hats_graph_column *c,
                             const char *text, size_t len, uint64_t row, struct hats_error *err) {
    int digits;

    *v = NAN;
    if (len == 0 && c->missing == HATS_MISSING_EMPTY)
        return HATS_OK;
    *v = cell_value(text, len);
    if (isnan(*v))
        return hats_fail(err, HATS_E_MALFORMED,
                         "row %llu, column \"%s\": not a plain decimal number%s",
                         (unsigned long long)row, c->name, len == 0 ? " (the cell is empty)" : "");
    digits = hats_decimal_digits(text, len);
    s->decimals = (unsigned)digits > s->decimals ? (unsigned)digits : s->decimals;
    if (c->missing == HATS_MISSING_SENTINEL && *v == c->sentinel) {
        *v = NAN;
        return HATS_OK;
    }
    s->most = fmax(s->most, fabs(*v));
    s->least_v = s->seen ? fmin(s->least_v, *v) : *v;
    s->most_v = s->seen ? fmax(s->most_v, *v) : *v;
    s->seen = true;
    return HATS_OK;
}

static hats_status note_row(struct calibration *out, const struct hats_graph *g, double *value,
                            const uint32_t *field, const struct hats_csv_row *row,
                            struct hats_error *err) {
    for (uint32_t c = 0; c < g->n_columns; c++) {
        hats_status st;
        if (g->columns[c].is_text)
            continue;
        st = note_cell(&out->columns[c], &value[c], &g->columns[c], row->field[field[c]],
                       row->field_len[field[c]], row->number, err);
        if (st != HATS_OK)
            return st;
    }
    for (uint32_t f = 0; f < g->n_features; f++) {
        const struct hats_graph_feature *from = &g->features[f];
        struct feature_range *r = &out->features[f];
        double v, z;
        if (from->kind != HATS_FEATURE_NUMBER)
            continue;
        v = value[from->column];
        v = isnan(v) ? from->missing : v;
        if (isnan(v))
            continue;
        z = hats_graph_number(from, v);
        r->lo = fmin(r->lo, z);
        r->hi = fmax(r->hi, z);
    }
    out->rows++;
    return HATS_OK;
}

static hats_status read_all(struct calibration *out, struct hats_graph *g, struct hats_csv *csv,
                            const struct hats_compile_options *o, struct hats_error *err) {
    struct hats_csv_row row;
    uint32_t *field = NULL;
    double *value = NULL;
    bool more;
    hats_status st = hats_csv_next(csv, &row, &more, err);

    if (st == HATS_OK)
        st = check_label(&row, o, err);
    if (st == HATS_OK && g->columns[0].name == NULL)
        st = name_columns(g, &row, o, err);
    if (st == HATS_OK)
        st = hats_graph_prune(g, err);
    if (st != HATS_OK)
        return st;
    out->had_bom = hats_csv_had_bom(csv);
    field = hats_alloc_array(g->n_columns, sizeof *field);
    value = hats_alloc_array(g->n_columns, sizeof *value);
    if (field == NULL || value == NULL) {
        st = hats_fail(err, HATS_E_MEMORY, "no memory for %u columns", g->n_columns);
        goto done;
    }
    st = find_columns(field, g, &row, err);
    while (st == HATS_OK) {
        st = hats_csv_next(csv, &row, &more, err);
        if (st != HATS_OK || !more)
            break;
        st = note_row(out, g, value, field, &row, err);
    }
    if (st == HATS_OK && out->rows == 0)
        st = hats_fail(err, HATS_E_MALFORMED, "the calibration file has no rows below its header");
done:
    hats_free(value);
    hats_free(field);
    return st;
}

hats_status hats_compile_calibrate(struct calibration *out, struct hats_graph *g,
                                   const struct hats_compile_options *o, struct hats_error *err) {
    struct hats_csv *csv = NULL;
    hats_status st;

    *out = (struct calibration){0};
    out->columns = hats_alloc_array(g->n_columns, sizeof *out->columns);
    out->features = hats_alloc_array(g->n_features, sizeof *out->features);
    if (out->columns == NULL || out->features == NULL) {
        hats_compile_calibration_clear(out);
        return hats_fail(err, HATS_E_MEMORY, "no memory for %u inputs", g->n_features);
    }
    for (uint32_t f = 0; f < g->n_features; f++)
        out->features[f] = (struct feature_range){.lo = INFINITY, .hi = -INFINITY};
    st = hats_csv_open(&csv, o->calibration_path, err);
    if (st == HATS_OK)
        st = read_all(out, g, csv, o, err);
    hats_csv_free(csv);
    for (uint32_t f = 0; f < g->n_features; f++)
        if (!(out->features[f].lo <= out->features[f].hi))
            out->features[f] = (struct feature_range){0};
    if (st != HATS_OK)
        hats_compile_calibration_clear(out);
    return st;
}

/* --- the second pass --- */

struct compare {
    const struct hats_graph *g;
    const struct quantised *q;
    const struct hats_compile_options *o;
    struct hats_compile_result *result;
    struct hats_error *err;
    uint32_t *field; /* of the graph's columns */
    uint32_t label;
    int32_t *x;
    double *z;     /* features of the row, in floating point */
    double *score; /* of the graph */
    int64_t *acc;
    uint64_t *clipped; /* cells, for each input */
    double error_sum;
    uint64_t n_errors;
};

static void float_features(struct compare *c, const struct hats_csv_row *row) {
    for (uint32_t f = 0; f < c->g->n_features; f++) {
        const struct hats_graph_feature *from = &c->g->features[f];
        const struct hats_graph_column *column = &c->g->columns[from->column];
        const char *text = row->field[c->field[from->column]];
        double v;
        if (from->kind == HATS_FEATURE_NGRAM) {
            c->z[f] = c->x[f];
            continue;
        }
        if (from->kind == HATS_FEATURE_CATEGORY) {
            c->z[f] = strcmp(text, from->category) == 0;
            continue;
        }
        v = cell_value(text, row->field_len[c->field[from->column]]);
        if (column->missing == HATS_MISSING_SENTINEL && v == column->sentinel)
            v = NAN;
        v = isnan(v) ? from->missing : v;
        c->z[f] = from->kind == HATS_FEATURE_NUMBER ? hats_graph_number(from, v)
                                                    : hats_graph_inside(from, v);
    }
}

static void float_scores(struct compare *c) {
    const struct hats_graph *g = c->g;

    for (uint32_t o = 0; o < g->k; o++) {
        const double *row = g->w + (size_t)o * g->n_features;
        double sum = g->bias[o];
        for (uint32_t f = 0; f < g->n_features; f++)
            if (c->z[f] != 0)
                sum += row[f] * c->z[f];
        c->score[o] = sum;
    }
}

static void integer_scores(struct compare *c) {
    uint32_t d = c->g->n_features;

    for (uint32_t o = 0; o < c->g->k; o++) {
        const int32_t *row = c->q->w + (size_t)o * d;
        int64_t sum = c->q->bias[o];
        for (uint32_t f = 0; f < d; f++)
            sum += (int64_t)row[f] * c->x[f];
        c->acc[o] = sum;
    }
}

static uint32_t float_class(const struct compare *c) {
    uint32_t best = 0;

    if (c->g->task == HATS_TASK_BINARY)
        return c->score[0] > 0;
    for (uint32_t o = 1; o < c->g->k; o++)
        best = c->score[o] > c->score[best] ? o : best;
    return best;
}

static uint32_t integer_class(const struct compare *c) {
    uint32_t best = 0;

    if (c->g->task == HATS_TASK_BINARY)
        return c->acc[0] > 0;
    for (uint32_t o = 1; o < c->g->k; o++)
        best = c->acc[o] > c->acc[best] ? o : best;
    return best;
}

static hats_status compare_scores(struct compare *c, const struct hats_csv_row *row) {
    struct hats_compile_result *r = c->result;
    const char *label = c->o->label_column != NULL ? row->field[c->label] : NULL;

    for (uint32_t o = 0; o < c->g->k; o++) {
        double error = fabs((double)c->acc[o] / c->q->weight_scale - c->score[o]);
        r->score_error_max = fmax(r->score_error_max, error);
        c->error_sum += error;
        c->n_errors++;
    }
    if (c->g->task != HATS_TASK_REGRESSION) {
        uint32_t of_float = float_class(c);
        uint32_t of_integers = integer_class(c);
        r->agree += of_float == of_integers;
        if (label != NULL) {
            r->float_correct += strcmp(c->q->plan->labels[of_float], label) == 0;
            r->integer_correct += strcmp(c->q->plan->labels[of_integers], label) == 0;
        }
    } else if (label != NULL) {
        double truth = cell_value(label, row->field_len[c->label]);
        double of_float = c->score[0];
        double of_integers = (double)c->acc[0] / c->q->weight_scale;
        if (isnan(truth))
            return hats_fail(c->err, HATS_E_MALFORMED, "row %llu, column \"%s\": not a number",
                             (unsigned long long)row->number, c->o->label_column);
        if (c->g->link == HATS_LINK_EXP) {
            of_float = exp(of_float);
            of_integers = exp(of_integers);
        }
        r->float_error_mean += fabs(of_float - truth);
        r->integer_error_mean += fabs(of_integers - truth);
    }
    r->rows++;
    return HATS_OK;
}

static hats_status compare_row(struct compare *c, struct hats_input *in,
                               const struct hats_csv_row *row) {
    struct hats_input_report report;
    hats_status st = hats_input_apply(c->x, &report, in, row, c->err);

    if (st != HATS_OK)
        return hats_fail_in(c->err, st, "calibration file");
    c->result->clipped_cells += report.n_clipped;
    for (uint32_t i = 0; i < report.n_clipped && i < HATS_COUNT_OF(report.clipped); i++)
        c->clipped[report.clipped[i].input]++;
    float_features(c, row);
    float_scores(c);
    integer_scores(c);
    return compare_scores(c, row);
}

/* The inputs with most clipped cells, and the raw range that they keep. */
static void list_clips(struct compare *c) {
    struct hats_compile_result *r = c->result;

    for (uint32_t f = 0; f < c->g->n_features; f++)
        r->n_clips += c->clipped[f] > 0;
    for (uint32_t n = 0; n < r->n_clips && n < HATS_COMPILE_CLIP_LIST; n++) {
        struct hats_compile_clip *to = &r->clips[n];
        const struct hats_plan_rule *rule;
        const struct hats_plan_column *column;
        double power, at[2];
        uint32_t best = 0;
        for (uint32_t f = 1; f < c->g->n_features; f++)
            best = c->clipped[f] > c->clipped[best] ? f : best;
        rule = &c->q->plan->rules[best];
        column = &c->q->plan->columns[rule->column];
        power = pow(10, column->decimals);
        for (int end = 0; end < 2; end++) {
            double y = end == 0 ? c->q->plan->lo[best] : c->q->plan->hi[best];
            at[end] =
                ((y + end) * ldexp(1, HATS_PLAN_SHIFT) - (double)rule->b) / (double)rule->a / power;
        }
        (void)snprintf(to->column, sizeof to->column, "%s", column->name);
        to->cells = c->clipped[best];
        to->from = fmin(at[0], at[1]);
        to->to = fmax(at[0], at[1]);
        c->clipped[best] = 0;
    }
}

static hats_status compare_file(struct compare *c, struct hats_csv *csv) {
    struct hats_input *in = NULL;
    struct hats_csv_row row;
    bool more;
    hats_status st = hats_csv_next(csv, &row, &more, c->err);

    if (st == HATS_OK)
        st = find_columns(c->field, c->g, &row, c->err);
    for (uint32_t f = 0; st == HATS_OK && f < row.n_fields; f++)
        c->label = is_label(c->o, row.field[f]) ? f : c->label;
    if (st == HATS_OK)
        st = hats_input_new(&in, c->q->plan, &row, c->err);
    while (st == HATS_OK) {
        st = hats_csv_next(csv, &row, &more, c->err);
        if (st != HATS_OK || !more)
            break;
        st = compare_row(c, in, &row);
    }
    hats_input_free(in);
    return st;
}

static void finish_result(struct compare *c) {
    struct hats_compile_result *r = c->result;

    r->score_error_mean = c->n_errors > 0 ? c->error_sum / (double)c->n_errors : 0;
    r->has_labels = c->o->label_column != NULL;
    if (r->rows > 0) {
        r->float_error_mean /= (double)r->rows;
        r->integer_error_mean /= (double)r->rows;
    }
    r->range_from_calibration = c->q->range_from_calibration;
    r->saturated_weights = c->q->saturated;
    if (c->q->plan->input == HATS_INPUT_COLUMNS)
        list_clips(c);
}

hats_status hats_compile_compare(struct hats_compile_result *result, const struct hats_graph *g,
                                 const struct quantised *q, const struct hats_compile_options *o,
                                 struct hats_error *err) {
    struct compare c = {.g = g, .q = q, .o = o, .result = result, .err = err};
    struct hats_csv *csv = NULL;
    hats_status st;

    *result = (struct hats_compile_result){0};
    c.field = hats_alloc_array(g->n_columns, sizeof *c.field);
    c.x = hats_alloc_array(g->n_features, sizeof *c.x);
    c.z = hats_alloc_array(g->n_features, sizeof *c.z);
    c.clipped = hats_alloc_array(g->n_features, sizeof *c.clipped);
    c.score = hats_alloc_array(g->k, sizeof *c.score);
    c.acc = hats_alloc_array(g->k, sizeof *c.acc);
    if (c.field == NULL || c.x == NULL || c.z == NULL || c.clipped == NULL || c.score == NULL ||
        c.acc == NULL) {
        st = hats_fail(err, HATS_E_MEMORY, "no memory for a row");
        goto done;
    }
    st = hats_csv_open(&csv, o->calibration_path, err);
    if (st == HATS_OK)
        st = compare_file(&c, csv);
    if (st == HATS_OK)
        finish_result(&c);
done:
    hats_csv_free(csv);
    hats_free(c.acc);
    hats_free(c.score);
    hats_free(c.clipped);
    hats_free(c.z);
    hats_free(c.x);
    hats_free(c.field);
    return st;
}
