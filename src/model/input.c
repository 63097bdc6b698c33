#include "model/input.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "model/ngram.h"

#include <stdio.h>

/* What one row has in one column of the plan. */
struct cell {
    const char *text;
    size_t len;
    bool missing;
    bool known; /* a category that some rule names */
    int64_t v;  /* a number at the column's scale */
};

struct hats_input {
    const struct hats_plan *plan;
    uint32_t n_needed; /* columns of the plan; 1 for a text programme */
    uint32_t *field;   /* where the file has them */
    struct cell *cell;
    uint32_t n_unused;
};

static const char *needed_name(const struct hats_plan *p, uint32_t c) {
    return p->input == HATS_INPUT_TEXT ? p->text.column : p->columns[c].name;
}

void hats_input_free(struct hats_input *in) {
    if (in == NULL)
        return;
    hats_free(in->field);
    hats_free_wiped(in->cell, in->cell != NULL ? in->n_needed * sizeof *in->cell : 0);
    hats_free(in);
}

uint32_t hats_input_unused_columns(const struct hats_input *in) { return in->n_unused; }

/* Column names come from a plan that was checked, so they are printable; they are cut for the text. */
static hats_status find_columns(struct hats_input *in, const struct hats_csv_row *header,
                                struct hats_error *err) {
    char missing[300];
    size_t used = 0;
    uint32_t n_missing = 0;

    for (uint32_t c = 0; c < in->n_needed; c++) {
        const char *name = needed_name(in->plan, c);
        uint32_t found = 0;
        for (uint32_t f = 0; f < header->n_fields; f++) {
            if (strcmp(header->field[f], name) != 0)
                continue;
            in->field[c] = f;
            found++;
        }
        if (found > 1)
            return hats_fail(err, HATS_E_CONFLICT, "row %llu: the column \"%s\" stands %u times",
                             (unsigned long long)header->number, name, found);
        if (found == 1)
            continue;
        n_missing++;
        if (used + 1 < sizeof missing) {
            int n = snprintf(missing + used, sizeof missing - used, "%s\"%.60s\"",
                             used != 0 ? ", " : "", name);
            used = used + (size_t)n < sizeof missing ? used + (size_t)n : sizeof missing - 1;
        }
    }
    if (n_missing > 0)
        return hats_fail(err, HATS_E_NOT_FOUND,
                         "row %llu: %u of the %u columns that the model reads are missing: %s",
                         (unsigned long long)header->number, n_missing, in->n_needed, missing);
    return HATS_OK;
}

hats_status hats_input_new(struct hats_input **out, const struct hats_plan *plan,
                           const struct hats_csv_row *header, struct hats_error *err) {
    struct hats_input *in = hats_alloc(sizeof *in);
    hats_status st;

    *out = NULL;
    if (in == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory to read a table");
    in->plan = plan;
    in->n_needed = plan->input == HATS_INPUT_TEXT ? 1 : plan->n_columns;
    in->field = hats_alloc_array(in->n_needed, sizeof *in->field);
    in->cell = hats_alloc_array(in->n_needed, sizeof *in->cell);
    if (in->field == NULL || in->cell == NULL)
        st = hats_fail(err, HATS_E_MEMORY, "no memory to read a table");
    else
        st = find_columns(in, header, err);
    if (st != HATS_OK) {
        hats_input_free(in);
        return st;
    }
    in->n_unused = header->n_fields - in->n_needed;
    *out = in;
    return HATS_OK;
}

/* --- cells --- */

static hats_status fail_cell(struct hats_error *err, hats_status st, uint64_t row,
                             const char *column, const char *what) {
    return hats_fail(err, st, "row %llu, column \"%s\": %s", (unsigned long long)row, column, what);
}

static hats_status read_number(struct cell *cell, const struct hats_plan_column *c, uint64_t row,
                               struct hats_error *err) {
    hats_status st;

    if (cell->len == 0) {
        cell->missing = c->missing == HATS_MISSING_EMPTY;
        return cell->missing
                   ? HATS_OK
                   : fail_cell(err, HATS_E_MALFORMED, row, c->name,
                               "the cell is empty, and the model takes no missing values");
    }
    st = hats_decimal_parse(&cell->v, cell->text, cell->len, c->decimals);
    if (st == HATS_E_MALFORMED)
        return fail_cell(err, st, row, c->name,
                         "not a number (plain decimals such as -12, 0.5 or 1.5e-3)");
    if (st != HATS_OK) {
        int digits = hats_decimal_digits(cell->text, cell->len);
        if (digits >= 0 && (unsigned)digits <= c->decimals)
            return fail_cell(err, st, row, c->name, "the number is too large");
        return hats_fail(err, st,
                         "row %llu, column \"%s\": more than %u digits after the point, which the "
                         "model does not take; round the value",
                         (unsigned long long)row, c->name, c->decimals);
    }
    cell->missing = c->missing == HATS_MISSING_SENTINEL && cell->v == c->sentinel;
    return HATS_OK;
}

static hats_status read_cells(struct hats_input *in, struct hats_input_report *report,
                              const struct hats_csv_row *row, struct hats_error *err) {
    for (uint32_t i = 0; i < in->n_needed; i++) {
        const struct hats_plan_column *c = &in->plan->columns[i];
        struct cell *cell = &in->cell[i];
        *cell =
            (struct cell){.text = row->field[in->field[i]], .len = row->field_len[in->field[i]]};
        if (c->type == HATS_COLUMN_NUMBER) {
            hats_status st = read_number(cell, c, row->number, err);
            if (st != HATS_OK)
                return st;
        } else if (cell->len == 0) {
            cell->missing = c->missing == HATS_MISSING_EMPTY;
            if (!cell->missing)
                return fail_cell(err, HATS_E_MALFORMED, row->number, c->name,
                                 "the cell is empty, and the model takes no missing values");
        }
        report->n_missing += cell->missing;
    }
    return HATS_OK;
}

/* --- rules --- */

static void note_clip(struct hats_input_report *report, uint32_t j, const char *column,
                      const struct cell *cell, int64_t y, int32_t limit) {
    struct hats_input_clip *clip;

    if (report->n_clipped++ >= HATS_COUNT_OF(report->clipped))
        return;
    clip = &report->clipped[report->n_clipped - 1];
    *clip = (struct hats_input_clip){.input = j, .column = column, .unclipped = y, .limit = limit};
    (void)snprintf(clip->value, sizeof clip->value, "%s", cell->text);
}

static hats_status apply_affine(int32_t *x, struct hats_input_report *report,
                                const struct hats_plan *p, uint32_t j, const struct cell *cell,
                                struct hats_error *err) {
    const struct hats_plan_rule *r = &p->rules[j];
    const char *column = p->columns[r->column].name;
    hats_i128 y = (hats_i128)r->a * cell->v + r->b;
    hats_i128 bound = (hats_i128)1 << HATS_PLAN_AFFINE_BITS;
    int64_t q;

    if (y <= -bound || y >= bound)
        return fail_cell(err, HATS_E_RANGE, report->row, column,
                         "the value is far outside what the model was made for");
    q = (int64_t)(y >> HATS_PLAN_SHIFT); /* floor, also below zero */
    if (q < p->lo[j] || q > p->hi[j]) {
        int32_t limit = q < p->lo[j] ? p->lo[j] : p->hi[j];
        if (!r->clip)
            return fail_cell(err, HATS_E_RANGE, report->row, column,
                             q < p->lo[j] ? "the value is below the range that the model takes"
                                          : "the value is above the range that the model takes");
        note_clip(report, j, column, cell, q, limit);
        q = limit;
    }
    *x = (int32_t)q;
    return HATS_OK;
}

static hats_status apply_rule(int32_t *x, struct hats_input_report *report, struct hats_input *in,
                              uint32_t j, struct hats_error *err) {
    const struct hats_plan_rule *r = &in->plan->rules[j];
    struct cell *cell = &in->cell[r->column];
    bool inside;

    if (cell->missing) {
        cell->known = true;
        *x = r->missing_x;
        return HATS_OK;
    }
    if (r->op == HATS_RULE_AFFINE)
        return apply_affine(x, report, in->plan, j, cell, err);
    if (r->op == HATS_RULE_INTERVAL) {
        inside = (!r->has_above || cell->v > r->above) && (!r->has_up_to || cell->v <= r->up_to);
    } else {
        inside = strcmp(cell->text, r->category) == 0;
        cell->known |= inside;
    }
    *x = inside ? r->unit : 0;
    return HATS_OK;
}

static hats_status apply_columns(int32_t *x, struct hats_input_report *report,
                                 struct hats_input *in, const struct hats_csv_row *row,
                                 struct hats_error *err) {
    const struct hats_plan *p = in->plan;
    hats_status st = read_cells(in, report, row, err);

    for (uint32_t j = 0; j < p->shape.d && st == HATS_OK; j++)
        st = apply_rule(&x[j], report, in, j, err);
    for (uint32_t c = 0; c < p->n_columns && st == HATS_OK; c++)
        if (p->columns[c].type == HATS_COLUMN_CATEGORY && !p->columns[c].unknown_is_zero &&
            !in->cell[c].known)
            st = fail_cell(err, HATS_E_MALFORMED, row->number, p->columns[c].name,
                           "not one of the categories that the model knows");
    return st;
}

static hats_status apply_text(int32_t *x, struct hats_input *in, const struct hats_csv_row *row,
                              struct hats_error *err) {
    const struct hats_plan *p = in->plan;
    const struct hats_plan_text *t = &p->text;
    uint32_t last = p->shape.d - 1;
    uint64_t sum = 0;
    bool inside = true;
    hats_status st = hats_ngram_features(x, p->shape.d, &sum, row->field[in->field[0]],
                                         row->field_len[in->field[0]]);

    if (st == HATS_E_MEMORY)
        return fail_cell(err, st, row->number, t->column, "no memory");
    if (st == HATS_OK && sum == 0)
        return fail_cell(err, HATS_E_MALFORMED, row->number, t->column,
                         "the text has no letters a-z and no digits");
    for (uint32_t j = 0; j < last; j++)
        inside &= p->lo[j] <= x[j] && x[j] <= p->hi[j];
    if (st != HATS_OK || sum > t->sum_max || (uint32_t)x[last] > t->norm_max || !inside)
        return fail_cell(err, HATS_E_RANGE, row->number, t->column,
                         "the text is longer than the model takes; shorten it to the question");
    return HATS_OK;
}

hats_status hats_input_apply(int32_t *x, struct hats_input_report *report, struct hats_input *in,
                             const struct hats_csv_row *row, struct hats_error *err) {
    struct hats_input_report own;
    struct hats_input_report *rep = report != NULL ? report : &own;
    const struct hats_plan *p = in->plan;
    hats_status st;

    *rep = (struct hats_input_report){.row = row->number};
    if (p->input == HATS_INPUT_TEXT)
        st = apply_text(x, in, row, err);
    else
        st = apply_columns(x, rep, in, row, err);
    if (st != HATS_OK)
        hats_wipe(x, p->shape.d * sizeof *x);
    return st;
}
