/* Operators of the default domain: preparation by constants, the linear layer, links, and no-ops. */
#include "model/compile_onnx.h"

#include "base/bytes.h"

#include <math.h>
#include <stdio.h>

#define ONLY(im, ...)                                      \
    hats_onnx_only(im, (const char *const[]){__VA_ARGS__}, \
                   sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* --- shapes --- */

/* Element i of a constant that is broadcast along a row of n: one element, or n in the last
 * dimension. */
static hats_status row_constant(struct onnx_import *im, const struct onnx_value *c, uint32_t n) {
    if (c->n == 1 || (c->n == n && c->rank > 0 && c->dim[c->rank - 1] == (int64_t)n))
        return HATS_OK;
    return hats_onnx_fail(im, HATS_E_MALFORMED,
                          "a constant of %zu elements does not fit %u columns", c->n, n);
}

static double row_element(const struct onnx_value *c, uint32_t i) {
    return c->data[c->n == 1 ? 0 : i];
}

/* --- preparation of columns --- */

/* z -> s z + c, before a clip into a and b, behind one into post_a and post_b. */
static void feature_scale(struct hats_graph_feature *f, double s) {
    if (f->kind == HATS_FEATURE_NUMBER && !f->has_clip) {
        f->a *= s;
        f->b *= s;
    } else {
        f->post_a *= s;
        f->post_b *= s;
    }
}

static void feature_divide(struct hats_graph_feature *f, double s) {
    if (f->kind == HATS_FEATURE_NUMBER && !f->has_clip) {
        f->a /= s;
        f->b /= s;
    } else {
        f->post_a /= s;
        f->post_b /= s;
    }
}

static void feature_shift(struct hats_graph_feature *f, double c) {
    if (f->kind == HATS_FEATURE_NUMBER && !f->has_clip)
        f->b += c;
    else
        f->post_b += c;
}

static hats_status copy_columns(struct onnx_import *im, struct onnx_value *out,
                                const struct onnx_value *from) {
    *out = *from;
    out->features = hats_onnx_alloc(im, from->n_features, sizeof *out->features);
    if (out->features == NULL)
        return HATS_E_MEMORY;
    memcpy(out->features, from->features, from->n_features * sizeof *out->features);
    return HATS_OK;
}

static hats_status copy_scores(struct onnx_import *im, struct onnx_scores **out,
                               const struct onnx_scores *from) {
    double *bias;

    *out = hats_onnx_alloc(im, 1, sizeof **out);
    bias = hats_onnx_alloc(im, from->k, sizeof *bias);
    if (*out == NULL || bias == NULL)
        return HATS_E_MEMORY;
    **out = *from;
    memcpy(bias, from->bias, from->k * sizeof *bias);
    (*out)->bias = bias;
    return HATS_OK;
}

enum arithmetic { ADD, SUB, SUB_FROM, MUL, DIV };

static void columns_arithmetic(struct onnx_value *v, enum arithmetic op,
                               const struct onnx_value *c) {
    for (uint32_t i = 0; i < v->n_features; i++) {
        struct hats_graph_feature *f = &v->features[i];
        double e = row_element(c, i);
        switch (op) {
        case ADD: feature_shift(f, e); break;
        case SUB: feature_shift(f, -e); break;
        case SUB_FROM:
            feature_scale(f, -1);
            feature_shift(f, e);
            break;
        case MUL: feature_scale(f, e); break;
        case DIV: feature_divide(f, e); break;
        }
    }
}

/* Scores by constants; new weights only where the factor is not 1. */
static hats_status scores_arithmetic(struct onnx_import *im, struct onnx_value *v,
                                     enum arithmetic op, const struct onnx_value *c) {
    struct onnx_scores *s;
    double *w = NULL;
    bool scales = op == MUL || op == DIV || op == SUB_FROM;
    hats_status st;

    if (v->link != HATS_LINK_IDENTITY)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "arithmetic behind the link (%s)",
                              hats_plan_link_name(v->link));
    st = copy_scores(im, &s, v->scores);
    if (st == HATS_OK && scales) {
        w = hats_onnx_alloc(im, (size_t)s->k * s->n_features, sizeof *w);
        st = w != NULL ? HATS_OK : HATS_E_MEMORY;
    }
    if (st != HATS_OK)
        return st;
    for (uint32_t o = 0; o < s->k; o++) {
        double e = row_element(c, o);
        double *bias = s->bias;
        for (size_t f = 0; scales && f < s->n_features; f++) {
            double from = s->w[(size_t)o * s->n_features + f];
            double to = op == SUB_FROM ? -from : op == MUL ? from * e : from / e;
            w[(size_t)o * s->n_features + f] = to;
        }
        switch (op) {
        case ADD: bias[o] += e; break;
        case SUB: bias[o] -= e; break;
        case SUB_FROM: bias[o] = e - bias[o]; break;
        case MUL: bias[o] *= e; break;
        case DIV: bias[o] /= e; break;
        }
    }
    if (scales)
        s->w = w;
    v->scores = s;
    return HATS_OK;
}

static hats_status arithmetic(struct onnx_import *im, enum arithmetic op) {
    const struct onnx_value *a, *b;
    struct onnx_value out;
    hats_status st = hats_onnx_input(im, &a, 0);

    if (st == HATS_OK)
        st = hats_onnx_input(im, &b, 1);
    if (st != HATS_OK)
        return st;
    if (a->kind == ONNX_CONSTANT && op != DIV) {
        const struct onnx_value *swap = a;
        a = b;
        b = swap;
        op = op == SUB ? SUB_FROM : op;
    }
    if (b->kind != ONNX_CONSTANT || (a->kind != ONNX_COLUMNS && a->kind != ONNX_SCORES))
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED,
                              "only columns or scores with a constant stay linear");
    st = row_constant(im, b, a->kind == ONNX_COLUMNS ? a->n_features : a->scores->k);
    for (size_t i = 0; st == HATS_OK && op == DIV && i < b->n; i++)
        if (b->data[i] == 0)
            st = hats_onnx_fail(im, HATS_E_RANGE, "division by zero in column %zu", i + 1);
    if (st != HATS_OK)
        return st;
    if (a->kind == ONNX_COLUMNS) {
        st = hats_onnx_number_columns(im, &a, a == hats_onnx_find(im, im->node->input[0]) ? 0 : 1);
        if (st == HATS_OK)
            st = copy_columns(im, &out, a);
        if (st == HATS_OK)
            columns_arithmetic(&out, op, b);
    } else {
        out = *a;
        st = scores_arithmetic(im, &out, op, b);
    }
    return st == HATS_OK ? hats_onnx_output(im, 0, &out) : st;
}

static hats_status run_add(struct onnx_import *im) { return arithmetic(im, ADD); }
static hats_status run_sub(struct onnx_import *im) { return arithmetic(im, SUB); }
static hats_status run_mul(struct onnx_import *im) { return arithmetic(im, MUL); }
static hats_status run_div(struct onnx_import *im) { return arithmetic(im, DIV); }

/* One bound of Clip: an input since opset 11, an attribute before. */
static hats_status clip_bound(struct onnx_import *im, double *out, size_t input, const char *name,
                              double fallback) {
    const struct onnx_value *c;
    hats_status st;

    if (!hats_onnx_has_input(im, input))
        return hats_onnx_get_float(im, out, name, fallback);
    st = hats_onnx_input_of(im, &c, input, ONNX_CONSTANT);
    if (st == HATS_OK && c->n != 1)
        st = hats_onnx_fail(im, HATS_E_MALFORMED, "the bound '%s' is not one number", name);
    if (st == HATS_OK)
        *out = c->data[0];
    return st;
}

/* clip(post_a u + post_b, lo, hi) as a clip of u. */
static void feature_clip(struct hats_graph_feature *f, double lo, double hi) {
    double u_lo = lo;
    double u_hi = hi;

    if (f->has_clip || f->post_a != 1 || f->post_b != 0) {
        u_lo = (lo - f->post_b) / f->post_a;
        u_hi = (hi - f->post_b) / f->post_a;
    }
    if (f->post_a < 0) {
        double swap = u_lo;
        u_lo = u_hi;
        u_hi = swap;
    }
    f->lo = f->has_clip ? fmin(fmax(f->lo, u_lo), u_hi) : u_lo;
    f->hi = f->has_clip ? fmax(fmin(f->hi, u_hi), u_lo) : u_hi;
    f->has_clip = true;
}

static hats_status run_clip(struct onnx_import *im) {
    const struct onnx_value *x;
    struct onnx_value out;
    double lo, hi;
    hats_status st = hats_onnx_number_columns(im, &x, 0);

    if (st == HATS_OK)
        st = clip_bound(im, &lo, 1, "min", -INFINITY);
    if (st == HATS_OK)
        st = clip_bound(im, &hi, 2, "max", INFINITY);
    if (st != HATS_OK)
        return st;
    if (!isfinite(lo) || !isfinite(hi) || !(lo < hi))
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED,
                              "both bounds are needed, the lower below the upper");
    st = copy_columns(im, &out, x);
    for (uint32_t i = 0; st == HATS_OK && i < out.n_features; i++) {
        struct hats_graph_feature *f = &out.features[i];
        if (f->kind == HATS_FEATURE_NUMBER && f->post_a != 0) {
            feature_clip(f, lo, hi);
        } else {
            /* a flag has two values: clip both */
            double off = fmin(fmax(f->post_b, lo), hi);
            double on = fmin(fmax(f->post_a + f->post_b, lo), hi);
            f->post_a = on - off;
            f->post_b = off;
        }
    }
    return st == HATS_OK ? hats_onnx_output(im, 0, &out) : st;
}

static hats_status run_concat(struct onnx_import *im) {
    struct onnx_value out = {.kind = ONNX_COLUMNS, .is_float = true};
    const struct onnx_value *x;
    int64_t axis = 1;
    uint64_t n = 0;
    hats_status st = hats_onnx_get_int(im, &axis, "axis", 1); /* absent in FeatureVectorizer */

    if (st == HATS_OK && axis != 1 && axis != -1)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "columns are joined along axis 1, not %lld",
                              (long long)axis);
    for (size_t i = 0; st == HATS_OK && i < im->node->n_input; i++) {
        st = hats_onnx_input_of(im, &x, i, ONNX_COLUMNS);
        n += st == HATS_OK ? x->n_features : 0;
    }
    if (st != HATS_OK)
        return st;
    if (n == 0 || n > HATS_LINEAR_MAX_INPUTS)
        return hats_onnx_fail(im, HATS_E_RANGE, "%llu columns", (unsigned long long)n);
    out.features = hats_onnx_alloc(im, n, sizeof *out.features);
    if (out.features == NULL)
        return HATS_E_MEMORY;
    for (size_t i = 0; i < im->node->n_input; i++) {
        x = hats_onnx_find(im, im->node->input[i]);
        memcpy(out.features + out.n_features, x->features, x->n_features * sizeof *x->features);
        out.n_features += x->n_features;
        out.is_float &= x->is_float;
    }
    return hats_onnx_output(im, 0, &out);
}

/* Columns by a constant list of positions. */
hats_status hats_onnx_select_columns(struct onnx_import *im, const struct onnx_value *x,
                                     const struct onnx_value *at) {
    struct onnx_value out = *x;

    if (at->n > HATS_LINEAR_MAX_INPUTS)
        return hats_onnx_fail(im, HATS_E_RANGE, "%zu columns", at->n);
    out.features = hats_onnx_alloc(im, at->n, sizeof *out.features);
    if (out.features == NULL)
        return HATS_E_MEMORY;
    out.n_features = (uint32_t)at->n;
    for (uint32_t i = 0; i < out.n_features; i++) {
        double p = at->data[i] < 0 ? at->data[i] + x->n_features : at->data[i];
        if (p < 0 || p >= x->n_features || p != floor(p))
            return hats_onnx_fail(im, HATS_E_MALFORMED, "position %g of %u columns", at->data[i],
                                  x->n_features);
        out.features[i] = x->features[(uint32_t)p];
    }
    return hats_onnx_output(im, 0, &out);
}

static hats_status run_gather(struct onnx_import *im) {
    const struct onnx_value *x, *at;
    int64_t axis;
    hats_status st = hats_onnx_get_int(im, &axis, "axis", 0);

    if (st == HATS_OK)
        st = hats_onnx_input_of(im, &x, 0, ONNX_COLUMNS);
    if (st == HATS_OK)
        st = hats_onnx_input_of(im, &at, 1, ONNX_CONSTANT);
    if (st == HATS_OK && axis != 1 && axis != -1)
        st = hats_onnx_fail(im, HATS_E_UNSUPPORTED, "columns are gathered along axis 1");
    return st == HATS_OK ? hats_onnx_select_columns(im, x, at) : st;
}

/* --- the linear layer --- */

/* y = alpha (x B) + beta C: B is n x k, or k x n when transposed. */
static hats_status linear(struct onnx_import *im, const struct onnx_value *x,
                          const struct onnx_value *b, bool transposed, double alpha,
                          const struct onnx_value *c, double beta) {
    struct onnx_value out = {.kind = ONNX_SCORES, .link = HATS_LINK_IDENTITY};
    uint32_t n = x->kind == ONNX_COLUMNS ? x->n_features : x->scores->k;
    struct onnx_scores *s;
    double *w, *bias;
    uint32_t k, d;
    hats_status st;

    if (b->rank != 2 || b->dim[transposed] != (int64_t)n || b->dim[!transposed] > UINT16_MAX + 1)
        return hats_onnx_fail(im, HATS_E_MALFORMED,
                              "the matrix does not have %u rows, one for each column", n);
    if (x->kind == ONNX_SCORES && x->link != HATS_LINK_IDENTITY)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "a second layer behind a link");
    k = (uint32_t)b->dim[!transposed];
    d = x->kind == ONNX_COLUMNS ? n : x->scores->n_features;
    if (d > HATS_GRAPH_MAX_WEIGHTS / k)
        return hats_onnx_fail(im, HATS_E_RANGE, "%u x %u weights are too many", d, k);
    st = c != NULL ? row_constant(im, c, k) : HATS_OK;
    if (st != HATS_OK)
        return st;
    s = hats_onnx_alloc(im, 1, sizeof *s);
    w = hats_onnx_alloc(im, (size_t)k * d, sizeof *w);
    bias = hats_onnx_alloc(im, k, sizeof *bias);
    if (s == NULL || w == NULL || bias == NULL)
        return HATS_E_MEMORY;
    for (uint32_t o = 0; o < k; o++) {
        for (uint32_t i = 0; i < n; i++) {
            double e = b->data[transposed ? (size_t)o * n + i : (size_t)i * k + o] * alpha;
            if (x->kind == ONNX_COLUMNS) {
                w[(size_t)o * d + i] = e;
                continue;
            }
            for (uint32_t f = 0; f < d; f++)
                w[(size_t)o * d + f] += e * x->scores->w[(size_t)i * d + f];
            bias[o] += e * x->scores->bias[i];
        }
        if (c != NULL)
            bias[o] += row_element(c, o) * beta;
    }
    *s = (struct onnx_scores){.features =
                                  x->kind == ONNX_COLUMNS ? x->features : x->scores->features,
                              .n_features = d,
                              .k = k,
                              .w = w,
                              .bias = bias};
    out.scores = s;
    return hats_onnx_output(im, 0, &out);
}

static hats_status linear_input(struct onnx_import *im, const struct onnx_value **x) {
    hats_status st = hats_onnx_input(im, x, 0);

    if (st == HATS_OK && (*x)->kind == ONNX_COLUMNS)
        return hats_onnx_number_columns(im, x, 0);
    if (st == HATS_OK && (*x)->kind != ONNX_SCORES)
        st = hats_onnx_fail(im, HATS_E_UNSUPPORTED,
                            "its first input is a constant, not the columns");
    return st;
}

static hats_status run_gemm(struct onnx_import *im) {
    const struct onnx_value *x, *b, *c = NULL;
    int64_t trans_a, trans_b;
    double alpha, beta;
    hats_status st = ONLY(im, "alpha", "beta", "transA", "transB", "broadcast");

    if (st == HATS_OK)
        st = hats_onnx_get_int(im, &trans_a, "transA", 0);
    if (st == HATS_OK)
        st = hats_onnx_get_int(im, &trans_b, "transB", 0);
    if (st == HATS_OK)
        st = hats_onnx_get_float(im, &alpha, "alpha", 1);
    if (st == HATS_OK)
        st = hats_onnx_get_float(im, &beta, "beta", 1);
    if (st == HATS_OK && trans_a != 0)
        st = hats_onnx_fail(im, HATS_E_UNSUPPORTED, "transA is set");
    if (st == HATS_OK)
        st = linear_input(im, &x);
    if (st == HATS_OK)
        st = hats_onnx_input_of(im, &b, 1, ONNX_CONSTANT);
    if (st == HATS_OK && hats_onnx_has_input(im, 2))
        st = hats_onnx_input_of(im, &c, 2, ONNX_CONSTANT);
    return st == HATS_OK ? linear(im, x, b, trans_b != 0, alpha, c, beta) : st;
}

static hats_status run_matmul(struct onnx_import *im) {
    const struct onnx_value *x, *b;
    hats_status st = linear_input(im, &x);

    if (st == HATS_OK)
        st = hats_onnx_input_of(im, &b, 1, ONNX_CONSTANT);
    return st == HATS_OK ? linear(im, x, b, false, 1, NULL, 0) : st;
}

/* --- links --- */

static hats_status apply_link(struct onnx_import *im, enum hats_plan_link link) {
    const struct onnx_value *x;
    struct onnx_value out;
    hats_status st = hats_onnx_input_of(im, &x, 0, ONNX_SCORES);

    if (st != HATS_OK)
        return st;
    if (x->link != HATS_LINK_IDENTITY)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "a link behind another (%s)",
                              hats_plan_link_name(x->link));
    out = *x;
    out.link = link;
    return hats_onnx_output(im, 0, &out);
}

static hats_status run_sigmoid(struct onnx_import *im) { return apply_link(im, HATS_LINK_SIGMOID); }
static hats_status run_exp(struct onnx_import *im) { return apply_link(im, HATS_LINK_EXP); }

static hats_status row_axis(struct onnx_import *im, int64_t fallback) {
    int64_t axis;
    hats_status st = hats_onnx_get_int(im, &axis, "axis", fallback);

    if (st == HATS_OK && axis != 1 && axis != -1)
        st = hats_onnx_fail(im, HATS_E_UNSUPPORTED, "axis %lld, not that of the classes",
                            (long long)axis);
    return st;
}

static hats_status run_softmax(struct onnx_import *im) {
    hats_status st = row_axis(im, -1);

    return st == HATS_OK ? apply_link(im, HATS_LINK_SOFTMAX) : st;
}

static hats_status run_argmax(struct onnx_import *im) {
    const struct onnx_value *x;
    struct onnx_value out;
    int64_t last;
    hats_status st = row_axis(im, 0);

    if (st == HATS_OK)
        st = hats_onnx_get_int(im, &last, "select_last_index", 0);
    if (st == HATS_OK)
        st = hats_onnx_input_of(im, &x, 0, ONNX_SCORES);
    if (st == HATS_OK && last != 0)
        st = hats_onnx_fail(im, HATS_E_UNSUPPORTED, "of equal scores the last one");
    if (st == HATS_OK && x->scores->k < 2)
        st = hats_onnx_fail(im, HATS_E_UNSUPPORTED, "the largest of one score");
    if (st != HATS_OK)
        return st;
    out = *x;
    out.kind = ONNX_LABEL;
    out.scores->classifier = true;
    return hats_onnx_output(im, 0, &out);
}

/* --- no-ops --- */

static hats_status run_identity(struct onnx_import *im) {
    const struct onnx_value *x;
    hats_status st = hats_onnx_input(im, &x, 0);

    return st == HATS_OK ? hats_onnx_output(im, 0, x) : st;
}

static hats_status run_flatten(struct onnx_import *im) {
    hats_status st = row_axis(im, 1);

    return st == HATS_OK ? run_identity(im) : st;
}

/* Leading dimensions may change, the last one may not. Constants keep their values only. */
static hats_status run_reshape(struct onnx_import *im) {
    const struct onnx_value *x, *shape;
    hats_status st = hats_onnx_input(im, &x, 0);
    double last;
    uint32_t n;

    if (st == HATS_OK)
        st = hats_onnx_input_of(im, &shape, 1, ONNX_CONSTANT);
    if (st != HATS_OK)
        return st;
    if (x->kind == ONNX_LABEL)
        return hats_onnx_output(im, 0, x);
    if (x->kind != ONNX_COLUMNS && x->kind != ONNX_SCORES)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "it reshapes a constant");
    n = x->kind == ONNX_COLUMNS ? x->n_features : x->scores->k;
    last = shape->data[shape->n - 1];
    if (last != n && last != -1 && last != 0 && n != 1)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "%u columns become %g", n, last);
    return hats_onnx_output(im, 0, x);
}

static hats_status run_cast(struct onnx_import *im) {
    const struct onnx_value *x;
    struct onnx_value out;
    int64_t to;
    hats_status st = hats_onnx_get_int(im, &to, "to", 0);
    bool is_float = to == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;

    if (st == HATS_OK)
        st = hats_onnx_input(im, &x, 0);
    if (st != HATS_OK)
        return st;
    if (x->kind == ONNX_LABEL)
        return hats_onnx_output(im, 0, x);
    if (!is_float && to != ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "numbers are cast to data type %lld",
                              (long long)to);
    if (x->kind != ONNX_COLUMNS)
        return hats_onnx_output(im, 0, x);
    st = hats_onnx_number_columns(im, &x, 0);
    if (st == HATS_OK)
        st = copy_columns(im, &out, x);
    if (st != HATS_OK)
        return st;
    out.is_float = is_float;
    for (uint32_t i = 0; i < out.n_features; i++)
        out.features[i].in_float |= is_float;
    return hats_onnx_output(im, 0, &out);
}

static hats_status run_constant(struct onnx_import *im) {
    struct onnx_value v = {.kind = ONNX_CONSTANT, .n = 1};
    const Onnx__AttributeProto *a;
    double *one;
    hats_status st;

    if (im->node->n_attribute != 1)
        return hats_onnx_fail(im, HATS_E_MALFORMED, "a constant has one attribute");
    a = im->node->attribute[0];
    if (a->t != NULL) {
        st = hats_onnx_tensor(im, &v, a->t);
        return st == HATS_OK ? hats_onnx_output(im, 0, &v) : st;
    }
    if (!a->has_f && !a->has_i)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "neither a tensor nor a number");
    one = hats_onnx_alloc(im, 1, sizeof *one);
    if (one == NULL)
        return HATS_E_MEMORY;
    one[0] = a->has_f ? (double)a->f : (double)a->i;
    if (!isfinite(one[0]))
        return hats_onnx_fail(im, HATS_E_RANGE, "the value is not finite");
    v.data = one;
    return hats_onnx_output(im, 0, &v);
}

onnx_operator hats_onnx_find_math(const char *op) {
    static const struct {
        const char *name;
        onnx_operator run;
    } table[] = {
        {"Add", run_add},           {"ArgMax", run_argmax},    {"Cast", run_cast},
        {"Clip", run_clip},         {"Concat", run_concat},    {"Constant", run_constant},
        {"Div", run_div},           {"Dropout", run_identity}, {"Exp", run_exp},
        {"Flatten", run_flatten},   {"Gather", run_gather},    {"Gemm", run_gemm},
        {"Identity", run_identity}, {"MatMul", run_matmul},    {"Mul", run_mul},
        {"Reshape", run_reshape},   {"Sigmoid", run_sigmoid},  {"Softmax", run_softmax},
        {"Squeeze", run_identity},  {"Sub", run_sub},          {"Unsqueeze", run_identity},
    };
    for (size_t i = 0; i < HATS_COUNT_OF(table); i++)
        if (strcmp(table[i].name, op) == 0)
            return table[i].run;
    return NULL;
}
