/* Schemas of plans: what a source must sign so that a model's proofs can open it. */
#include "provenance/schema.h"

#include "base/arena.h"
#include "base/bytes.h"

#include <string.h>

#define DEFAULT_RANGE (((int64_t)1 << 32) - 1)

static hats_i128 magnitude(hats_i128 v) { return v < 0 ? -v : v; }

static bool affine_fits(const struct hats_plan_rule *r, int64_t v) {
    return magnitude((hats_i128)r->a * v + r->b) < (hats_i128)1 << HATS_PLAN_AFFINE_BITS;
}

/* The value farthest from 0, towards `end`, that all affine rules of the column take; 0 is taken. */
static int64_t farthest(const struct hats_plan *plan, uint32_t column, int64_t end) {
    int64_t good = end;
    for (uint32_t j = 0; j < plan->shape.d; j++) {
        const struct hats_plan_rule *r = &plan->rules[j];
        if (r->column != column || r->op != HATS_RULE_AFFINE)
            continue;
        while (good != 0 && !affine_fits(r, good))
            good /= 2;
    }
    return good;
}

/* The category's code: how many category rules of the column name other texts before. */
static bool add_category(struct hats_source_field *f, const char *text) {
    for (uint32_t c = 0; c < f->n_categories; c++)
        if (strcmp(f->categories[c], text) == 0)
            return true;
    f->categories[f->n_categories] = hats_strdup(text);
    return f->categories[f->n_categories++] != NULL;
}

static hats_status take_categories(struct hats_source_field *f, const struct hats_plan *plan,
                                   uint32_t column, struct hats_error *err) {
    f->type = HATS_SOURCE_CATEGORY;
    f->categories = hats_alloc_array(plan->shape.d, sizeof *f->categories);
    if (f->categories == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a schema");
    for (uint32_t j = 0; j < plan->shape.d; j++) {
        const struct hats_plan_rule *r = &plan->rules[j];
        if (r->column == column && r->op == HATS_RULE_CATEGORY && !add_category(f, r->category))
            return hats_fail(err, HATS_E_MEMORY, "no memory for a schema");
    }
    f->max = (int64_t)f->n_categories - 1;
    return HATS_OK;
}

static hats_status take_column(struct hats_source_field *f, const struct hats_plan *plan,
                               uint32_t c, struct hats_error *err) {
    const struct hats_plan_column *column = &plan->columns[c];
    f->name = hats_strdup(column->name);
    if (f->name == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a schema");
    if (column->type == HATS_COLUMN_CATEGORY)
        return take_categories(f, plan, c, err);
    f->type = HATS_SOURCE_DECIMAL;
    f->decimals = column->decimals;
    f->min = farthest(plan, c, -DEFAULT_RANGE);
    f->max = farthest(plan, c, DEFAULT_RANGE);
    return HATS_OK;
}

hats_status hats_source_schema_of_plan(struct hats_source_schema **out,
                                       const struct hats_plan *plan, const char *name,
                                       const char *key, struct hats_error *err) {
    *out = NULL;
    if (plan->input != HATS_INPUT_COLUMNS)
        return hats_fail(err, HATS_E_UNSUPPORTED,
                         "the plan reads a text; tables of records are what a source signs");
    struct hats_source_schema *s = hats_alloc(sizeof *s);
    if (s == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for a schema");
    s->name = hats_strdup(name);
    s->key = key != NULL ? hats_strdup(key) : NULL;
    s->fields = hats_alloc_array(plan->n_columns, sizeof *s->fields);
    hats_status st = HATS_OK;
    if (s->name == NULL || (key != NULL && s->key == NULL) || s->fields == NULL)
        st = hats_fail(err, HATS_E_MEMORY, "no memory for a schema");
    if (st == HATS_OK)
        s->n_fields = plan->n_columns;
    for (uint32_t c = 0; st == HATS_OK && c < plan->n_columns; c++)
        st = take_column(&s->fields[c], plan, c, err);
    if (st == HATS_OK)
        st = hats_source_schema_finish(s, err);
    if (st != HATS_OK) {
        hats_source_schema_free(s);
        return st;
    }
    *out = s;
    return HATS_OK;
}

static hats_status other_field(struct hats_error *err, const struct hats_source_schema *s,
                               uint32_t i, const char *why) {
    return hats_fail(err, HATS_E_CONFLICT, "schema: field %u (%.60s): %s", (unsigned)i + 1,
                     s->fields[i].name, why);
}

static bool same_categories(const struct hats_source_field *a, const struct hats_source_field *b) {
    if (a->n_categories != b->n_categories)
        return false;
    for (uint32_t c = 0; c < a->n_categories; c++)
        if (strcmp(a->categories[c], b->categories[c]) != 0)
            return false;
    return true;
}

static hats_status compare(const struct hats_source_schema *schema,
                           const struct hats_source_schema *wanted, const struct hats_plan *plan,
                           struct hats_error *err) {
    if (schema->n_fields != wanted->n_fields)
        return hats_fail(err, HATS_E_CONFLICT,
                         "schema: %u fields, but the model's transformation reads %u columns",
                         (unsigned)schema->n_fields, (unsigned)wanted->n_fields);
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const struct hats_source_field *f = &schema->fields[i], *w = &wanted->fields[i];
        if (strcmp(f->name, w->name) != 0)
            return other_field(err, schema, i, "the transformation reads another column here");
        if (f->type != w->type || f->decimals != w->decimals || !same_categories(f, w))
            return other_field(
                err, schema, i,
                "the transformation wants another type, scale or list of categories");
        for (uint32_t j = 0; j < plan->shape.d; j++) {
            const struct hats_plan_rule *r = &plan->rules[j];
            if (r->column == i && r->op == HATS_RULE_AFFINE &&
                !(affine_fits(r, f->min) && affine_fits(r, f->max)))
                return other_field(err, schema, i,
                                   "its range lets |A v + B| reach 2^61; narrow min .. max");
        }
    }
    return HATS_OK;
}

hats_status hats_source_schema_fits(const struct hats_source_schema *schema,
                                    const struct hats_plan *plan, struct hats_error *err) {
    struct hats_source_schema *wanted;
    hats_status s = hats_source_schema_of_plan(&wanted, plan, schema->name, NULL, err);
    if (s == HATS_OK)
        s = compare(schema, wanted, plan, err);
    hats_source_schema_free(wanted);
    return s;
}
