/* Operators of ai.onnx.ml: preparation, linear models, labels. */
#include "model/compile_onnx.h"

#include "base/bytes.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* --- shared by classifiers --- */

hats_status hats_onnx_class_labels(struct onnx_import *im, const char ***out, size_t *n) {
    static const char *const ints[] = {"classlabels_ints", "classlabels_int64s"};
    hats_status st = hats_onnx_get_texts(im, out, n, "classlabels_strings");

    for (size_t i = 0; st == HATS_OK && *n == 0 && i < HATS_COUNT_OF(ints); i++) {
        const int64_t *list;
        st = hats_onnx_get_ints(im, &list, n, ints[i]);
        if (st != HATS_OK || *n == 0)
            continue;
        *out = hats_onnx_alloc(im, *n, sizeof **out);
        if (*out == NULL)
            return HATS_E_MEMORY;
        for (size_t c = 0; c < *n; c++) {
            char *text = hats_onnx_alloc(im, 24, 1);
            if (text == NULL)
                return HATS_E_MEMORY;
            (void)snprintf(text, 24, "%" PRId64, list[c]);
            (*out)[c] = text;
        }
    }
    return st;
}

hats_status hats_onnx_post_transform(struct onnx_import *im, enum hats_plan_link *link) {
    const char *text;
    hats_status st = hats_onnx_get_text(im, &text, "post_transform");

    *link = HATS_LINK_IDENTITY;
    if (st != HATS_OK || text[0] == 0 || strcmp(text, "NONE") == 0)
        return st;
    if (strcmp(text, "LOGISTIC") == 0)
        *link = HATS_LINK_SIGMOID;
    else if (strcmp(text, "SOFTMAX") == 0)
        *link = HATS_LINK_SOFTMAX;
    else
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "post_transform %.20s", text);
    return HATS_OK;
}

/* Outputs of a classifier: the label, and the scores behind its post_transform. */
static hats_status classifier_outputs(struct onnx_import *im, struct onnx_scores *s,
                                      enum hats_plan_link link) {
    struct onnx_value label = {.kind = ONNX_LABEL, .scores = s, .link = link};
    struct onnx_value scores = {.kind = ONNX_SCORES, .scores = s, .link = link};
    hats_status st = hats_onnx_output(im, 0, &label);

    return st == HATS_OK ? hats_onnx_output(im, 1, &scores) : st;
}

static hats_status new_scores(struct onnx_import *im, struct onnx_scores **out,
                              const struct onnx_value *x, size_t k, const double *w, double *bias) {
    *out = hats_onnx_alloc(im, 1, sizeof **out);
    if (*out == NULL)
        return HATS_E_MEMORY;
    **out = (struct onnx_scores){.features = x->features,
                                 .n_features = x->n_features,
                                 .k = (uint32_t)k,
                                 .w = w,
                                 .bias = bias};
    return HATS_OK;
}

/* Intercepts: k of them, or none. */
static hats_status intercepts(struct onnx_import *im, double **out, size_t k) {
    const double *given;
    size_t n;
    hats_status st = hats_onnx_get_floats(im, &given, &n, "intercepts");

    if (st == HATS_OK && n != 0 && n != k)
        st = hats_onnx_fail(im, HATS_E_MALFORMED, "%zu intercepts for %zu outputs", n, k);
    if (st != HATS_OK)
        return st;
    *out = hats_onnx_alloc(im, k, sizeof **out);
    if (*out == NULL)
        return HATS_E_MEMORY;
    if (n != 0)
        memcpy(*out, given, k * sizeof **out);
    return HATS_OK;
}

/* --- linear models --- */

static hats_status run_linear_regressor(struct onnx_import *im) {
    struct onnx_value out = {.kind = ONNX_SCORES};
    const struct onnx_value *x;
    const double *w;
    double *b;
    size_t n;
    int64_t targets;
    hats_status st = hats_onnx_number_columns(im, &x, 0);

    if (st == HATS_OK)
        st = hats_onnx_get_floats(im, &w, &n, "coefficients");
    if (st == HATS_OK)
        st = hats_onnx_get_int(im, &targets, "targets", 1);
    if (st == HATS_OK)
        st = hats_onnx_post_transform(im, &out.link);
    if (st != HATS_OK)
        return st;
    if (targets < 1 || targets > HATS_LINEAR_MAX_OUTPUTS || n != (size_t)targets * x->n_features)
        return hats_onnx_fail(im, HATS_E_MALFORMED,
                              "%zu coefficients where %lld outputs of %u columns need others", n,
                              (long long)targets, x->n_features);
    st = intercepts(im, &b, (size_t)targets);
    if (st == HATS_OK)
        st = new_scores(im, &out.scores, x, (size_t)targets, w, b);
    return st == HATS_OK ? hats_onnx_output(im, 0, &out) : st;
}

static hats_status run_linear_classifier(struct onnx_import *im) {
    const struct onnx_value *x;
    struct onnx_scores *s;
    const double *w;
    double *b;
    const char **labels;
    size_t n, n_labels, k;
    enum hats_plan_link link;
    hats_status st = hats_onnx_number_columns(im, &x, 0);

    if (st == HATS_OK)
        st = hats_onnx_get_floats(im, &w, &n, "coefficients");
    if (st == HATS_OK)
        st = hats_onnx_class_labels(im, &labels, &n_labels);
    if (st == HATS_OK)
        st = hats_onnx_post_transform(im, &link);
    if (st != HATS_OK)
        return st;
    k = n / x->n_features;
    if (k == 0 || n % x->n_features != 0 || k > HATS_LINEAR_MAX_OUTPUTS ||
        (n_labels != k && !(k == 1 && n_labels == 2)))
        return hats_onnx_fail(im, HATS_E_MALFORMED,
                              "%zu coefficients for %u columns and %zu classes", n, x->n_features,
                              n_labels);
    st = intercepts(im, &b, k);
    if (st == HATS_OK)
        st = new_scores(im, &s, x, k, w, b);
    if (st != HATS_OK)
        return st;
    s->classifier = true;
    s->labels = labels;
    s->n_labels = (uint32_t)n_labels;
    return classifier_outputs(im, s, link);
}

/* sum_i coefficient_i <vector_i, x> as one row of weights; sign -1 turns it round. */
static double *fold_vectors(struct onnx_import *im, const double *coefficients,
                            const double *vectors, size_t n_vectors, uint32_t d, double sign) {
    double *w = hats_onnx_alloc(im, d, sizeof *w);

    for (size_t i = 0; w != NULL && i < n_vectors; i++)
        for (uint32_t f = 0; f < d; f++)
            w[f] += sign * coefficients[i] * vectors[i * d + f];
    return w;
}

struct svm {
    const double *coefficients, *vectors, *rho;
    size_t n_coefficients, n_vectors, n_rho; /* n_vectors counts numbers here */
};

static hats_status read_svm(struct onnx_import *im, struct svm *s) {
    const char *kernel;
    hats_status st = hats_onnx_get_text(im, &kernel, "kernel_type");

    if (st == HATS_OK && kernel[0] != 0 && strcmp(kernel, "LINEAR") != 0)
        st = hats_onnx_fail(im, HATS_E_UNSUPPORTED, "kernel %.20s; only LINEAR is linear", kernel);
    if (st == HATS_OK)
        st = hats_onnx_get_floats(im, &s->coefficients, &s->n_coefficients, "coefficients");
    if (st == HATS_OK)
        st = hats_onnx_get_floats(im, &s->vectors, &s->n_vectors, "support_vectors");
    if (st == HATS_OK)
        st = hats_onnx_get_floats(im, &s->rho, &s->n_rho, "rho");
    if (st == HATS_OK && s->n_rho == 0)
        st = hats_onnx_fail(im, HATS_E_MALFORMED, "rho is missing");
    return st;
}

static hats_status run_svm_regressor(struct onnx_import *im) {
    struct onnx_value out = {.kind = ONNX_SCORES};
    const struct onnx_value *x;
    const double *w;
    double *bias;
    struct svm s;
    int64_t one_class;
    hats_status st = hats_onnx_number_columns(im, &x, 0);

    if (st == HATS_OK)
        st = read_svm(im, &s);
    if (st == HATS_OK)
        st = hats_onnx_get_int(im, &one_class, "one_class", 0);
    if (st == HATS_OK)
        st = hats_onnx_post_transform(im, &out.link);
    if (st != HATS_OK)
        return st;
    if (one_class != 0)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "a one-class machine");
    if (s.n_vectors == 0 ? s.n_coefficients != x->n_features
                         : s.n_vectors != s.n_coefficients * x->n_features)
        return hats_onnx_fail(im, HATS_E_MALFORMED,
                              "%zu coefficients and %zu numbers of support vectors for %u columns",
                              s.n_coefficients, s.n_vectors, x->n_features);
    w = s.n_vectors == 0
            ? s.coefficients
            : fold_vectors(im, s.coefficients, s.vectors, s.n_coefficients, x->n_features, 1);
    bias = hats_onnx_alloc(im, 1, sizeof *bias);
    if (w == NULL || bias == NULL)
        return HATS_E_MEMORY;
    bias[0] = s.rho[0];
    st = new_scores(im, &out.scores, x, 1, w, bias);
    return st == HATS_OK ? hats_onnx_output(im, 0, &out) : st;
}

/* With support vectors the classes vote in pairs, and for two classes the first wins when the sum is
 * positive (onnxruntime's and libsvm's order), so the score of the second is its negative. */
static hats_status svm_pair(struct onnx_import *im, const struct onnx_value *x, const struct svm *s,
                            size_t n_labels, struct onnx_scores **out) {
    double *w, *bias;

    if (n_labels != 2)
        return hats_onnx_fail(
            im, HATS_E_UNSUPPORTED,
            "%zu classes voting in pairs are not one linear layer; train one against "
            "the rest",
            n_labels);
    if (s->n_vectors != s->n_coefficients * x->n_features || s->n_rho != 1)
        return hats_onnx_fail(im, HATS_E_MALFORMED,
                              "%zu coefficients and %zu numbers of support vectors for %u columns",
                              s->n_coefficients, s->n_vectors, x->n_features);
    w = fold_vectors(im, s->coefficients, s->vectors, s->n_coefficients, x->n_features, -1);
    bias = hats_onnx_alloc(im, 1, sizeof *bias);
    if (w == NULL || bias == NULL)
        return HATS_E_MEMORY;
    bias[0] = -s->rho[0];
    return new_scores(im, out, x, 1, w, bias);
}

static hats_status svm_rest(struct onnx_import *im, const struct onnx_value *x, const struct svm *s,
                            size_t n_labels, struct onnx_scores **out) {
    double *bias;

    if (n_labels < 3)
        return hats_onnx_fail(
            im, HATS_E_UNSUPPORTED,
            "two classes without support vectors: runtimes differ in what the sign "
            "means; use LinearClassifier");
    if (s->n_coefficients != n_labels * x->n_features)
        return hats_onnx_fail(im, HATS_E_MALFORMED,
                              "%zu coefficients for %u columns and %zu classes", s->n_coefficients,
                              x->n_features, n_labels);
    bias = hats_onnx_alloc(im, n_labels, sizeof *bias);
    if (bias == NULL)
        return HATS_E_MEMORY;
    for (size_t o = 0; o < n_labels; o++)
        bias[o] = s->rho[0];
    return new_scores(im, out, x, n_labels, s->coefficients, bias);
}

static hats_status run_svm_classifier(struct onnx_import *im) {
    const struct onnx_value *x;
    struct onnx_scores *scores = NULL;
    struct svm s;
    const char **labels;
    enum hats_plan_link link;
    size_t n_labels;
    hats_status st = hats_onnx_number_columns(im, &x, 0);

    if (st == HATS_OK)
        st = read_svm(im, &s);
    if (st == HATS_OK)
        st = hats_onnx_class_labels(im, &labels, &n_labels);
    if (st == HATS_OK)
        st = hats_onnx_post_transform(im, &link);
    if (st == HATS_OK && hats_onnx_attribute(im, "prob_a") != NULL)
        st = hats_onnx_fail(
            im, HATS_E_UNSUPPORTED,
            "probabilities by pairwise coupling (prob_a, prob_b); export without them");
    if (st == HATS_OK && link != HATS_LINK_IDENTITY)
        st = hats_onnx_fail(im, HATS_E_UNSUPPORTED, "a post_transform of a support vector machine");
    if (st == HATS_OK)
        st = s.n_vectors > 0 ? svm_pair(im, x, &s, n_labels, &scores)
                             : svm_rest(im, x, &s, n_labels, &scores);
    if (st != HATS_OK || scores == NULL)
        return st;
    scores->classifier = true;
    scores->labels = labels;
    scores->n_labels = (uint32_t)n_labels;
    return classifier_outputs(im, scores, link);
}

/* --- preparation --- */

static hats_status run_scaler(struct onnx_import *im) {
    const struct onnx_value *x;
    struct onnx_value out;
    const double *offset, *scale;
    size_t n_offset, n_scale;
    hats_status st = hats_onnx_number_columns(im, &x, 0);

    if (st == HATS_OK)
        st = hats_onnx_get_floats(im, &offset, &n_offset, "offset");
    if (st == HATS_OK)
        st = hats_onnx_get_floats(im, &scale, &n_scale, "scale");
    if (st != HATS_OK)
        return st;
    if ((n_offset != 1 && n_offset != x->n_features) || (n_scale != 1 && n_scale != x->n_features))
        return hats_onnx_fail(im, HATS_E_MALFORMED, "%zu offsets and %zu scales for %u columns",
                              n_offset, n_scale, x->n_features);
    out = *x;
    out.features = hats_onnx_alloc(im, x->n_features, sizeof *out.features);
    if (out.features == NULL)
        return HATS_E_MEMORY;
    for (uint32_t i = 0; i < x->n_features; i++) {
        struct hats_graph_feature f = x->features[i];
        double o = offset[n_offset == 1 ? 0 : i];
        double s = scale[n_scale == 1 ? 0 : i];
        if (f.kind == HATS_FEATURE_NUMBER && !f.has_clip) {
            f.b = (f.b - o) * s;
            f.a *= s;
        } else {
            f.post_b = (f.post_b - o) * s;
            f.post_a *= s;
        }
        out.features[i] = f;
    }
    return hats_onnx_output(im, 0, &out);
}

/* What stands for "missing": an empty cell (replaced value NaN) or one number. */
static hats_status imputer_mark(struct onnx_import *im, enum hats_plan_missing *missing,
                                double *sentinel) {
    const Onnx__AttributeProto *f = hats_onnx_attribute(im, "replaced_value_float");
    const Onnx__AttributeProto *i = hats_onnx_attribute(im, "replaced_value_int64");

    *sentinel = f != NULL && f->has_f ? (double)f->f : i != NULL && i->has_i ? (double)i->i : 0;
    *missing = HATS_MISSING_SENTINEL;
    if (isnan(*sentinel)) {
        *missing = HATS_MISSING_EMPTY;
        *sentinel = 0;
    } else if (!isfinite(*sentinel)) {
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "the replaced value is infinite");
    }
    return HATS_OK;
}

static hats_status run_imputer(struct onnx_import *im) {
    const struct onnx_value *x;
    struct onnx_value out;
    const double *values;
    const int64_t *ints;
    double *converted, sentinel;
    size_t n;
    enum hats_plan_missing missing;
    hats_status st = hats_onnx_number_columns(im, &x, 0);

    if (st == HATS_OK)
        st = hats_onnx_get_floats(im, &values, &n, "imputed_value_floats");
    if (st == HATS_OK && n == 0) {
        st = hats_onnx_get_ints(im, &ints, &n, "imputed_value_int64s");
        converted = st == HATS_OK ? hats_onnx_alloc(im, n, sizeof *converted) : NULL;
        for (size_t i = 0; converted != NULL && i < n; i++)
            converted[i] = (double)ints[i];
        values = converted;
        if (st == HATS_OK && converted == NULL)
            st = HATS_E_MEMORY;
    }
    if (st == HATS_OK)
        st = imputer_mark(im, &missing, &sentinel);
    if (st != HATS_OK)
        return st;
    if (n != 1 && n != x->n_features)
        return hats_onnx_fail(im, HATS_E_MALFORMED, "%zu imputed values for %u columns", n,
                              x->n_features);
    out = *x;
    out.features = hats_onnx_alloc(im, x->n_features, sizeof *out.features);
    if (out.features == NULL)
        return HATS_E_MEMORY;
    for (uint32_t i = 0; i < x->n_features; i++) {
        struct hats_graph_feature f = x->features[i];
        struct hats_graph_column *c = &im->columns[f.column];
        if (f.kind != HATS_FEATURE_NUMBER || f.a != 1 || f.b != 0 || f.has_clip || f.post_a != 1 ||
            f.post_b != 0 || !isnan(f.missing))
            return hats_onnx_fail(im, HATS_E_UNSUPPORTED,
                                  "it does not read the columns as they come");
        f.missing = values[n == 1 ? 0 : i];
        c->missing = missing;
        c->sentinel = sentinel;
        out.features[i] = f;
    }
    return hats_onnx_output(im, 0, &out);
}

/* One flag for each category, of each column in turn. */
static hats_status run_one_hot(struct onnx_import *im) {
    const struct onnx_value *x;
    struct onnx_value out;
    const char **texts;
    const int64_t *ints;
    size_t n_texts, n_ints, n;
    int64_t zeros;
    hats_status st = hats_onnx_input_of(im, &x, 0, ONNX_COLUMNS);

    if (st == HATS_OK)
        st = hats_onnx_get_texts(im, &texts, &n_texts, "cats_strings");
    if (st == HATS_OK)
        st = hats_onnx_get_ints(im, &ints, &n_ints, "cats_int64s");
    if (st == HATS_OK)
        st = hats_onnx_get_int(im, &zeros, "zeros", 1);
    if (st != HATS_OK)
        return st;
    n = n_texts + n_ints;
    if ((n_texts == 0) == (n_ints == 0) || n > HATS_LINEAR_MAX_INPUTS / x->n_features)
        return hats_onnx_fail(im, HATS_E_MALFORMED, "%zu texts and %zu integers as categories",
                              n_texts, n_ints);
    if (n_ints > 0 && zeros == 0)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED,
                              "integer categories with zeros = 0 (refuse the others)");
    out = *x;
    out.features = hats_onnx_alloc(im, n * x->n_features, sizeof *out.features);
    if (out.features == NULL)
        return HATS_E_MEMORY;
    out.n_features = (uint32_t)n * x->n_features;
    for (size_t i = 0; i < out.n_features; i++) {
        struct hats_graph_feature f = x->features[i / n];
        struct hats_graph_column *c = &im->columns[f.column];
        if (f.kind != HATS_FEATURE_NUMBER || f.a != 1 || f.b != 0 || f.has_clip || f.post_a != 1 ||
            f.post_b != 0 || c->is_text != (n_texts > 0))
            return hats_onnx_fail(im, HATS_E_UNSUPPORTED,
                                  "it does not read columns of its type as they come");
        if (n_texts > 0) {
            f.kind = HATS_FEATURE_CATEGORY;
            f.category = hats_onnx_copy_text(im, texts[i % n]);
            if (f.category == NULL)
                return HATS_E_MEMORY;
            c->unknown_is_zero = zeros != 0;
        } else {
            /* v = c among integers: c - 1/2 < v <= c + 1/2 */
            f.kind = HATS_FEATURE_INTERVAL;
            f.has_above = f.has_up_to = true;
            f.above = (double)ints[i % n] - 0.5;
            f.up_to = (double)ints[i % n] + 0.5;
        }
        out.features[i] = f;
    }
    return hats_onnx_output(im, 0, &out);
}

/* --- answers --- */

/* Dividing every record's scores by their norm changes no order; what it shows is a link of its own
 * for one-vs-rest sigmoids, and nothing for a softmax, whose sum is 1 already. */
static hats_status run_normalizer(struct onnx_import *im) {
    const struct onnx_value *x;
    struct onnx_value out;
    const char *norm;
    hats_status st = hats_onnx_get_text(im, &norm, "norm");

    if (st == HATS_OK)
        st = hats_onnx_input(im, &x, 0);
    if (st != HATS_OK)
        return st;
    if (x->kind != ONNX_SCORES)
        return hats_onnx_fail(
            im, HATS_E_UNSUPPORTED,
            "it divides a record by its own norm, which is not linear; normalise the "
            "columns before, or train without");
    if (strcmp(norm, "L1") != 0 || (x->link != HATS_LINK_SIGMOID && x->link != HATS_LINK_SOFTMAX))
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED,
                              "norm %.10s of scores; L1 of probabilities is",
                              norm[0] != 0 ? norm : "MAX");
    out = *x;
    if (out.link == HATS_LINK_SIGMOID)
        out.link = HATS_LINK_SIGMOID_L1;
    return hats_onnx_output(im, 0, &out);
}

/* ZipMap pairs scores with labels. */
static hats_status run_zipmap(struct onnx_import *im) {
    const struct onnx_value *x;
    const char **labels;
    size_t n;
    uint32_t want;
    hats_status st = hats_onnx_input_of(im, &x, 0, ONNX_SCORES);

    if (st == HATS_OK)
        st = hats_onnx_class_labels(im, &labels, &n);
    if (st != HATS_OK)
        return st;
    want = x->scores->k == 1 ? 2 : x->scores->k;
    if (n != want)
        return hats_onnx_fail(im, HATS_E_MALFORMED, "%zu labels for %u scores", n, x->scores->k);
    if (x->scores->labels == NULL) {
        x->scores->labels = labels;
        x->scores->n_labels = want;
    }
    x->scores->classifier = true;
    return hats_onnx_output(im, 0, x);
}

/* Columns by position, or the label's name by the index of the class. */
static hats_status run_extractor(struct onnx_import *im) {
    const struct onnx_value *from, *at;
    hats_status st = hats_onnx_input(im, &from, 0);

    if (st == HATS_OK)
        st = hats_onnx_input(im, &at, 1);
    if (st != HATS_OK)
        return st;
    if (from->kind == ONNX_COLUMNS && at->kind == ONNX_CONSTANT)
        return hats_onnx_select_columns(im, from, at);
    if (at->kind != ONNX_LABEL || (from->kind != ONNX_TEXTS && from->kind != ONNX_CONSTANT))
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED,
                              "neither columns by position nor labels by class");
    if (from->n != at->scores->k)
        return hats_onnx_fail(im, HATS_E_MALFORMED, "%zu labels for %u classes", from->n,
                              at->scores->k);
    if (at->scores->labels == NULL) {
        const char **labels = hats_onnx_alloc(im, from->n, sizeof *labels);
        if (labels == NULL)
            return HATS_E_MEMORY;
        for (size_t i = 0; i < from->n; i++) {
            char *number = from->kind == ONNX_CONSTANT ? hats_onnx_alloc(im, 32, 1) : NULL;
            if (number != NULL)
                (void)snprintf(number, 32, "%.0f", from->data[i]);
            labels[i] = from->kind == ONNX_TEXTS ? from->text[i] : number;
            if (labels[i] == NULL)
                return HATS_E_MEMORY;
        }
        at->scores->labels = labels;
        at->scores->n_labels = (uint32_t)from->n;
    }
    return hats_onnx_output(im, 0, at);
}

onnx_operator hats_onnx_find_ml(const char *op) {
    static const struct {
        const char *name;
        onnx_operator run;
    } table[] = {
        {"ArrayFeatureExtractor", run_extractor},
        {"Imputer", run_imputer},
        {"LinearClassifier", run_linear_classifier},
        {"LinearRegressor", run_linear_regressor},
        {"Normalizer", run_normalizer},
        {"OneHotEncoder", run_one_hot},
        {"SVMClassifier", run_svm_classifier},
        {"SVMRegressor", run_svm_regressor},
        {"Scaler", run_scaler},
        {"TreeEnsembleClassifier", hats_onnx_tree_classifier},
        {"TreeEnsembleRegressor", hats_onnx_tree_regressor},
        {"ZipMap", run_zipmap},
    };
    if (strcmp(op, "FeatureVectorizer") == 0)
        return hats_onnx_find_math("Concat");
    for (size_t i = 0; i < HATS_COUNT_OF(table); i++)
        if (strcmp(table[i].name, op) == 0)
            return table[i].run;
    return NULL;
}
