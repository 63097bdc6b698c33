/* Floating point becomes integers here. Only + - * / and floor of binary64 decide a byte, so every
 * machine that has IEEE 754 makes the same model. */
#include "model/compile_internal.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "model/ngram.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* z = gain * x + offset for input j, where x is the integer; ratio = S gain, exactly 1 where all
 * inputs have one scale. */
struct scale {
    double s; /* x = (z - offset) s */
    double offset;
    bool exact; /* integers pass unchanged */
    bool flag;
};

struct work {
    const struct hats_graph *g;
    const struct calibration *c;
    const struct hats_compile_options *o;
    struct hats_error *err;
    struct quantised *out;
    double q_x, q_w; /* qmax of inputs and weights */
    struct scale *scale;
    double s_ref; /* S: the smallest scale of a number, 1 without numbers */
    int32_t unit; /* of a flag */
};

static double round_half_up(double v) { return floor(v + 0.5); }

static double power_of_ten(unsigned n) {
    double p = 1;

    for (unsigned i = 0; i < n; i++)
        p *= 10;
    return p;
}

/* --- columns --- */

/* Digits that cells may have: what calibration showed, and more on request. */
static unsigned column_decimals(const struct work *w, uint32_t c) {
    unsigned d = w->c->columns[c].decimals + w->o->extra_decimals;

    return d <= HATS_PLAN_DECIMALS_MAX ? d : HATS_PLAN_DECIMALS_MAX;
}

static hats_status fill_column(struct work *w, uint32_t c) {
    const struct hats_graph_column *from = &w->g->columns[c];
    struct hats_plan_column *to = &w->out->plan->columns[c];

    to->name = hats_strdup(from->name);
    if (to->name == NULL)
        return hats_fail(w->err, HATS_E_MEMORY, "no memory for a plan");
    to->type = from->is_text ? HATS_COLUMN_CATEGORY : HATS_COLUMN_NUMBER;
    to->missing = from->missing;
    to->unknown_is_zero = from->is_text && from->unknown_is_zero;
    if (from->is_text)
        return HATS_OK;
    to->decimals = column_decimals(w, c);
    if (from->missing == HATS_MISSING_SENTINEL) {
        double v = from->sentinel * power_of_ten(to->decimals);
        if (v != floor(v) || fabs(v) > 9e15)
            return hats_fail(w->err, HATS_E_RANGE,
                             "column \"%s\": the number that stands for missing values, %g, does "
                             "not occur at its %u decimals",
                             from->name, from->sentinel, to->decimals);
        to->sentinel = (int64_t)v;
    }
    return HATS_OK;
}

/* --- scales of the inputs --- */

static bool passes_unchanged(const struct work *w, uint32_t f) {
    const struct hats_graph_feature *from = &w->g->features[f];
    const struct column_stats *c = &w->c->columns[from->column];

    return !from->has_clip && column_decimals(w, from->column) == 0 && c->most <= 2 * w->q_x + 1;
}

static void choose_scale(struct work *w, uint32_t f) {
    const struct hats_graph_feature *from = &w->g->features[f];
    struct scale *s = &w->scale[f];
    double lo = from->lo, hi = from->hi, half;

    if (from->kind == HATS_FEATURE_NGRAM) {
        *s = (struct scale){.s = 1, .exact = true};
        return;
    }
    if (from->kind != HATS_FEATURE_NUMBER) {
        s->flag = true;
        return;
    }
    if (passes_unchanged(w, f)) {
        *s = (struct scale){.s = from->a != 0 ? 1 / from->a : 1, .offset = from->b, .exact = true};
        return;
    }
    if (!from->has_clip) {
        lo = w->c->features[f].lo;
        hi = w->c->features[f].hi;
        w->out->range_from_calibration = true;
    }
    s->offset = (lo + hi) / 2;
    half = (hi - lo) / 2;
    s->s = w->q_x / (half > 0 ? half : 1);
}

static void choose_scales(struct work *w) {
    double least = INFINITY;

    for (uint32_t f = 0; f < w->g->n_features; f++) {
        choose_scale(w, f);
        if (!w->scale[f].flag && fabs(w->scale[f].s) < least)
            least = fabs(w->scale[f].s);
    }
    w->s_ref = isinf(least) ? 1 : least;
    w->unit = (int32_t)fmax(1, round_half_up(w->s_ref));
    for (uint32_t f = 0; f < w->g->n_features; f++)
        if (w->scale[f].flag)
            w->scale[f].s = w->unit;
}

/* --- rules --- */

static bool fits_affine(double v) { return fabs(v) < ldexp(1, HATS_PLAN_AFFINE_BITS - 1); }

/* Rounding A by half moves x by |v| / 2^29. */
static void note_coarse(struct work *w, uint32_t column) {
    double moved = ldexp(w->c->columns[column].most * power_of_ten(column_decimals(w, column)),
                         -HATS_PLAN_SHIFT - 1);

    if (moved > w->out->coarse) {
        w->out->coarse = moved;
        w->out->coarse_column = column;
    }
}

static hats_status number_rule(struct work *w, uint32_t f) {
    const struct hats_graph_feature *from = &w->g->features[f];
    const struct scale *s = &w->scale[f];
    struct hats_plan *p = w->out->plan;
    struct hats_plan_rule *r = &p->rules[f];
    const struct column_stats *c = &w->c->columns[from->column];
    double one = ldexp(1, HATS_PLAN_SHIFT);
    double a, b;

    r->op = HATS_RULE_AFFINE;
    if (s->exact) {
        int32_t top = 1;
        while (top < c->most_v)
            top = 2 * top + 1;
        p->hi[f] = top;
        for (top = 1; top < -c->least_v;)
            top = 2 * top + 1;
        p->lo[f] = c->least_v < 0 ? -top : 0;
        r->a = (int64_t)one;
        if (!isnan(from->missing))
            r->missing_x = (int32_t)round_half_up(from->missing);
    } else {
        a = round_half_up(from->a * s->s / power_of_ten(column_decimals(w, from->column)) * one);
        b = round_half_up(((from->b - s->offset) * s->s + 0.5) * one);
        if (!fits_affine(a) || !fits_affine(b))
            return hats_fail(w->err, HATS_E_RANGE,
                             "column \"%s\": the model's scale does not fit 61 bits",
                             w->g->columns[from->column].name);
        r->a = (int64_t)a;
        r->b = (int64_t)b;
        r->clip = true;
        note_coarse(w, from->column);
        p->hi[f] = (int32_t)w->q_x;
        p->lo[f] = -p->hi[f];
        if (!isnan(from->missing)) {
            double x = round_half_up((hats_graph_number(from, from->missing) - s->offset) * s->s);
            r->missing_x = (int32_t)fmin(fmax(x, p->lo[f]), p->hi[f]);
        }
    }
    if (!isnan(from->missing) && (r->missing_x < p->lo[f] || r->missing_x > p->hi[f]))
        return hats_fail(w->err, HATS_E_RANGE,
                         "column \"%s\": the value for missing cells lies outside the column's "
                         "range",
                         w->g->columns[from->column].name);
    return HATS_OK;
}

/* Cuts are searched among integers that binary64 holds exactly. */
#define CUT_LIMIT (INT64_C(1) << 53)

static bool turned(const struct hats_graph_feature *f, double power, bool rising, int64_t v) {
    return hats_graph_inside(f, (double)v / power) == rising;
}

/* The last v at the column's scale for which the one-sided test of f does not hold (rising: it holds
 * above), by halving: the test is monotone, since every step of it is. */
static int64_t find_cut(const struct hats_graph_feature *f, double power, bool rising) {
    int64_t lo = -CUT_LIMIT; /* not turned, or nowhere */
    int64_t hi = CUT_LIMIT;

    while (lo < hi) {
        int64_t mid = lo + (hi - lo + 1) / 2;
        if (turned(f, power, rising, mid))
            hi = mid - 1;
        else
            lo = mid;
    }
    return lo;
}

static hats_status interval_rule(struct work *w, uint32_t f) {
    const struct hats_graph_feature *from = &w->g->features[f];
    struct hats_plan_rule *r = &w->out->plan->rules[f];
    struct hats_graph_feature side = *from;
    double power = power_of_ten(column_decimals(w, from->column));
    bool falling = from->a < 0;
    int64_t cut;

    r->op = HATS_RULE_INTERVAL;
    if (from->has_above) {
        side.has_up_to = false;
        cut = find_cut(&side, power, !falling);
        r->has_above |= !falling;
        r->has_up_to |= falling;
        *(falling ? &r->up_to : &r->above) = cut;
    }
    if (from->has_up_to) {
        side = *from;
        side.has_above = false;
        cut = find_cut(&side, power, falling);
        r->has_up_to |= !falling;
        r->has_above |= falling;
        *(falling ? &r->above : &r->up_to) = cut;
    }
    if (!isnan(from->missing))
        r->missing_x = hats_graph_inside(from, from->missing) ? w->unit : 0;
    if ((r->has_above && llabs(r->above) >= CUT_LIMIT) ||
        (r->has_up_to && llabs(r->up_to) >= CUT_LIMIT))
        return hats_fail(w->err, HATS_E_RANGE,
                         "column \"%s\": a cut is too large at the column's %u decimals",
                         w->g->columns[from->column].name, column_decimals(w, from->column));
    return HATS_OK;
}

static hats_status fill_rule(struct work *w, uint32_t f) {
    const struct hats_graph_feature *from = &w->g->features[f];
    const struct hats_graph_column *c = &w->g->columns[from->column];
    struct hats_plan *p = w->out->plan;
    struct hats_plan_rule *r = &p->rules[f];

    r->column = from->column;
    if (c->missing != HATS_MISSING_REFUSE && isnan(from->missing))
        return hats_fail(w->err, HATS_E_UNSUPPORTED,
                         "column \"%s\" is read both before and after the Imputer", c->name);
    if (from->kind == HATS_FEATURE_NUMBER)
        return number_rule(w, f);
    p->lo[f] = 0;
    p->hi[f] = r->unit = w->unit;
    if (from->kind == HATS_FEATURE_INTERVAL) {
        hats_status st = interval_rule(w, f);
        if (st != HATS_OK)
            return st;
        if (r->has_above && r->has_up_to && r->above >= r->up_to)
            return hats_fail(w->err, HATS_E_RANGE,
                             "column \"%s\": two cuts fall together at its %u decimals; allow more "
                             "(--extra-decimals)",
                             c->name, column_decimals(w, from->column));
        return HATS_OK;
    }
    r->op = HATS_RULE_CATEGORY;
    r->category = hats_strdup(from->category);
    return r->category != NULL ? HATS_OK : hats_fail(w->err, HATS_E_MEMORY, "no memory for a plan");
}

static hats_status fill_text(struct work *w) {
    struct hats_plan *p = w->out->plan;
    uint32_t last = p->shape.d - 1;

    p->input = HATS_INPUT_TEXT;
    p->text.column = hats_strdup(w->g->columns[0].name);
    p->text.profile = HATS_NGRAM_PROFILE;
    p->text.sum_max = TEXT_SUM_MAX;
    p->text.norm_max = TEXT_NORM_MAX;
    for (uint32_t j = 0; j < last; j++) {
        p->lo[j] = -TEXT_SLOT_MAX;
        p->hi[j] = TEXT_SLOT_MAX;
    }
    p->hi[last] = TEXT_NORM_MAX;
    return p->text.column != NULL ? HATS_OK
                                  : hats_fail(w->err, HATS_E_MEMORY, "no memory for a plan");
}

static hats_status fill_input(struct work *w) {
    struct hats_plan *p = w->out->plan;
    hats_status st = HATS_OK;

    if (w->g->has_text)
        return fill_text(w);
    p->input = HATS_INPUT_COLUMNS;
    p->columns = hats_alloc_array(w->g->n_columns, sizeof *p->columns);
    p->rules = hats_alloc_array(w->g->n_features, sizeof *p->rules);
    if (p->columns == NULL || p->rules == NULL)
        return hats_fail(w->err, HATS_E_MEMORY, "no memory for a plan");
    p->n_columns = w->g->n_columns;
    for (uint32_t c = 0; c < p->n_columns && st == HATS_OK; c++)
        st = fill_column(w, c);
    for (uint32_t f = 0; f < w->g->n_features && st == HATS_OK; f++)
        st = fill_rule(w, f);
    return st;
}

/* --- weights --- */

/* w_of as a weight of the integer input, in units where all inputs have scale S. */
static double scaled_weight(const struct work *w, uint32_t o, uint32_t f) {
    double v = w->g->w[(size_t)o * w->g->n_features + f];

    return w->scale[f].s == w->s_ref ? v : v * (w->s_ref / w->scale[f].s);
}

/* The intercept of a text model sits in its norm slot: never saturated, and a zero among the weights
 * that the scale is taken from. */
static bool is_intercept(const struct work *w, uint32_t f) {
    return w->g->has_text && f == w->g->n_features - 1;
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The quantile of |w| at which the integer weight is qmax, interpolated linearly between order
 * statistics. */
static hats_status weight_limit(struct work *w, double *limit) {
    size_t n = 0;
    double *all = NULL;
    double at, below, share;

    *limit = 0;
    if (w->o->w_keep_ppm < HATS_COMPILE_ALL) {
        all = hats_alloc_array((size_t)w->g->k * w->g->n_features, sizeof *all);
        if (all == NULL)
            return hats_fail(w->err, HATS_E_MEMORY, "no memory to sort the weights");
    }
    for (uint32_t o = 0; o < w->g->k; o++) {
        for (uint32_t f = 0; f < w->g->n_features; f++) {
            double v = is_intercept(w, f) ? 0 : fabs(scaled_weight(w, o, f));
            *limit = fmax(*limit, v);
            if (all != NULL)
                all[n++] = v;
        }
    }
    if (all != NULL && n > 1) {
        qsort(all, n, sizeof *all, compare_doubles);
        at = (double)(n - 1) * ((double)w->o->w_keep_ppm / HATS_COMPILE_ALL);
        below = floor(at);
        share = at - below;
        if (below + 1 < (double)n) {
            double a = all[(size_t)below];
            double b = all[(size_t)below + 1];
            *limit = share < 0.5 ? a + (b - a) * share : b - (b - a) * (1 - share);
        }
    }
    hats_free(all);
    if (!(*limit > 0) || !isfinite(*limit))
        return hats_fail(w->err, HATS_E_RANGE, "all weights are zero, or one is not finite");
    return HATS_OK;
}

static hats_status store_bias(struct work *w, uint32_t o, double v) {
    if (!(fabs(v) < 9e15))
        return hats_fail(w->err, HATS_E_RANGE, "the bias of output %u is too large", o);
    w->out->bias[o] = (int64_t)v;
    return HATS_OK;
}

static hats_status quantise_weights(struct work *w) {
    const struct hats_graph *g = w->g;
    double limit, t;
    hats_status st = weight_limit(w, &limit);

    if (st != HATS_OK)
        return st;
    w->out->fixed_scale = g->trees && limit * STUMP_SCALE >= STUMP_LEAST;
    t = w->q_w / limit;
    if (w->out->fixed_scale) {
        t = STUMP_SCALE;
        w->q_w = floor(limit * t) + 1;
    }
    for (uint32_t o = 0; o < g->k && st == HATS_OK; o++) {
        double bias = g->bias[o];
        for (uint32_t f = 0; f < g->n_features; f++) {
            double q = round_half_up(scaled_weight(w, o, f) * t);
            if (!is_intercept(w, f) && fabs(q) > w->q_w) {
                q = q > 0 ? w->q_w : -w->q_w;
                w->out->saturated++;
            }
            if (!(fabs(q) < ldexp(1, 30)))
                return hats_fail(w->err, HATS_E_RANGE, "the intercept of output %u is too large",
                                 o);
            w->out->w[(size_t)o * g->n_features + f] = (int32_t)q;
            if (w->scale[f].offset != 0)
                bias += g->w[(size_t)o * g->n_features + f] * w->scale[f].offset;
        }
        st = store_bias(w, o, round_half_up(bias * w->s_ref * t));
    }
    w->out->weight_scale = w->s_ref * t;
    return st;
}

/* 1 / weight_scale as num / 2^shift, exactly the double. */
static void fill_score_scale(struct work *w) {
    int exponent;
    double m = frexp(1 / w->out->weight_scale, &exponent); /* m in [1/2, 1) */
    uint64_t num = (uint64_t)ldexp(m, 53);
    int shift = 53 - exponent;

    while (num % 2 == 0 && shift > 0) {
        num /= 2;
        shift--;
    }
    w->out->plan->scale_num = num;
    w->out->plan->scale_shift = (uint32_t)shift;
}

/* --- the plan --- */

static hats_status fill_labels(struct work *w) {
    struct hats_plan *p = w->out->plan;
    uint32_t n = p->task == HATS_TASK_BINARY ? 2 : p->shape.k;

    p->labels = hats_alloc_array(n, sizeof *p->labels);
    if (p->labels == NULL)
        return hats_fail(w->err, HATS_E_MEMORY, "no memory for %u labels", n);
    p->n_labels = n;
    for (uint32_t o = 0; o < n; o++) {
        char text[32];
        (void)snprintf(text, sizeof text, p->task == HATS_TASK_REGRESSION ? "output %u" : "%u", o);
        p->labels[o] = hats_strdup(o < w->g->n_labels ? w->g->labels[o] : text);
        if (p->labels[o] == NULL)
            return hats_fail(w->err, HATS_E_MEMORY, "no memory for %u labels", n);
    }
    return HATS_OK;
}

static hats_status fill_head(struct work *w) {
    struct hats_plan *p = w->out->plan;
    uint32_t d = w->g->n_features;
    uint32_t block = w->o->block;
    struct hats_fhe_security bits = hats_fhe_security_of(HATS_SET_L4096);

    p->set_id = HATS_SET_L4096;
    if (block == 0)
        block = hats_linear_best_block(p->set_id, d, w->g->k);
    p->name = hats_strdup(w->o->name);
    p->version = hats_strdup(w->o->version);
    p->task = w->g->task;
    p->link = w->g->link;
    p->lo = hats_alloc_array(d, sizeof *p->lo);
    p->hi = hats_alloc_array(d, sizeof *p->hi);
    if (p->name == NULL || p->version == NULL || p->lo == NULL || p->hi == NULL)
        return hats_fail(w->err, HATS_E_MEMORY, "no memory for a plan");
    p->classical_bits = bits.classical;
    p->quantum_bits = bits.quantum;
    return hats_linear_shape_init(&p->shape, p->set_id, d, w->g->k, block, w->err);
}

static hats_status fill_budget(struct work *w) {
    struct hats_plan *p = w->out->plan;
    struct hats_linear_weights weights = {.w = w->out->w,
                                          .bias = w->out->bias,
                                          .x_max = hats_plan_x_max(p),
                                          .lo = p->lo,
                                          .hi = p->hi};
    hats_status st =
        hats_linear_budget_of(&w->out->budget, p->set_id, 0, &p->shape, &weights, w->err);

    if (st != HATS_OK)
        return hats_fail_in(w->err, st, "the integers do not fit the encryption");
    p->log_t = w->out->budget.log_t;
    p->kl_millibits = w->out->budget.kl_millibits;
    p->kl_all_millibits = w->out->budget.kl_all_millibits;
    return HATS_OK;
}

void hats_compile_quantised_clear(struct quantised *q) {
    hats_plan_free(q->plan);
    hats_free(q->w);
    hats_free(q->bias);
    *q = (struct quantised){0};
}

hats_status hats_compile_quantise(struct quantised *out, const struct hats_graph *g,
                                  const struct calibration *c, const struct hats_compile_options *o,
                                  unsigned x_bits, unsigned w_bits, struct hats_error *err) {
    struct work w = {.g = g,
                     .c = c,
                     .o = o,
                     .err = err,
                     .out = out,
                     .q_x = ldexp(1, (int)x_bits - 1) - 1,
                     .q_w = ldexp(1, (int)w_bits - 1) - 1};
    hats_status st;

    *out = (struct quantised){0};
    out->plan = hats_alloc(sizeof *out->plan);
    out->w = hats_alloc_array((size_t)g->k * g->n_features, sizeof *out->w);
    out->bias = hats_alloc_array(g->k, sizeof *out->bias);
    w.scale = hats_alloc_array(g->n_features, sizeof *w.scale);
    if (out->plan == NULL || out->w == NULL || out->bias == NULL || w.scale == NULL) {
        st = hats_fail(err, HATS_E_MEMORY, "no memory for %u x %u weights", g->n_features, g->k);
        goto done;
    }
    choose_scales(&w);
    st = fill_head(&w);
    if (st == HATS_OK)
        st = fill_input(&w);
    if (st == HATS_OK)
        st = fill_labels(&w);
    if (st == HATS_OK)
        st = quantise_weights(&w);
    if (st == HATS_OK) {
        fill_score_scale(&w);
        st = fill_budget(&w);
    }
    if (st == HATS_OK)
        st = hats_plan_check(out->plan, err);
done:
    hats_free(w.scale);
    if (st != HATS_OK)
        hats_compile_quantised_clear(out);
    return st;
}
