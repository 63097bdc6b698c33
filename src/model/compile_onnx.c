#include "model/onnx.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "model/compile_onnx.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

/* Inputs, initializers and node outputs; they are found by a linear search. */
#define VALUES_MAX 16384

/* --- the import's memory and error texts --- */

void *hats_onnx_alloc(struct onnx_import *im, size_t count, size_t size) {
    void *p = NULL;

    if (count == 0)
        count = 1;
    if (im->n_owned == im->cap_owned) {
        size_t cap = im->cap_owned != 0 ? 2 * im->cap_owned : 64;
        void **wider = hats_alloc_array(cap, sizeof *wider);
        if (wider == NULL)
            goto failed;
        if (im->n_owned > 0)
            memcpy(wider, im->owned, im->n_owned * sizeof *wider);
        hats_free(im->owned);
        im->owned = wider;
        im->cap_owned = cap;
    }
    if (count <= (ONNX_MEMORY_MAX - im->used_bytes) / size)
        p = hats_alloc(count * size);
    if (p != NULL) {
        im->owned[im->n_owned++] = p;
        im->used_bytes += count * size;
        return p;
    }
failed:
    (void)hats_onnx_fail(im, HATS_E_MEMORY, "no memory for %zu elements", count);
    return NULL;
}

char *hats_onnx_copy_text(struct onnx_import *im, const char *text) {
    size_t len = strlen(text) + 1;
    char *copy = hats_onnx_alloc(im, len, 1);

    if (copy != NULL)
        memcpy(copy, text, len);
    return copy;
}

/* Names in an ONNX file are hostile: cut, and printable. */
static const char *printable(char out[64], const char *text) {
    size_t n = 0;

    for (; text != NULL && text[n] != 0 && n < 63; n++)
        out[n] = (uint8_t)text[n] < 0x20 || (uint8_t)text[n] >= 0x7f ? '?' : text[n];
    out[n] = 0;
    return out;
}

hats_status hats_onnx_fail(struct onnx_import *im, hats_status st, const char *fmt, ...) {
    char what[320];
    char name[64], op[64];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    if (im->node == NULL)
        return hats_fail(im->err, st, "ONNX: %s", what);
    printable(op, im->node->op_type);
    if (im->node->name != NULL && im->node->name[0] != 0)
        return hats_fail(im->err, st, "ONNX node '%s' (operator %s): %s",
                         printable(name, im->node->name), op, what);
    return hats_fail(im->err, st, "ONNX node number %zu (operator %s): %s", im->node_at + 1, op,
                     what);
}

/* --- values --- */

const struct onnx_value *hats_onnx_find(const struct onnx_import *im, const char *name) {
    for (size_t i = 0; name != NULL && i < im->n_values; i++)
        if (strcmp(im->values[i].name, name) == 0)
            return &im->values[i];
    return NULL;
}

hats_status hats_onnx_add(struct onnx_import *im, const char *name, const struct onnx_value *v) {
    char text[64];

    if (name == NULL || name[0] == 0)
        return HATS_OK;
    if (hats_onnx_find(im, name) != NULL)
        return hats_onnx_fail(im, HATS_E_MALFORMED, "the value '%s' is defined twice",
                              printable(text, name));
    assert(im->n_values < im->cap_values);
    im->values[im->n_values] = *v;
    im->values[im->n_values++].name = name;
    return HATS_OK;
}

bool hats_onnx_has_input(const struct onnx_import *im, size_t i) {
    return i < im->node->n_input && im->node->input[i] != NULL && im->node->input[i][0] != 0;
}

hats_status hats_onnx_input(struct onnx_import *im, const struct onnx_value **out, size_t i) {
    char text[64];

    *out = hats_onnx_has_input(im, i) ? hats_onnx_find(im, im->node->input[i]) : NULL;
    if (*out != NULL)
        return HATS_OK;
    if (!hats_onnx_has_input(im, i))
        return hats_onnx_fail(im, HATS_E_MALFORMED, "input %zu is missing", i + 1);
    return hats_onnx_fail(im, HATS_E_MALFORMED, "input '%s' is not defined before it",
                          printable(text, im->node->input[i]));
}

static const char *kind_name(enum onnx_kind kind) {
    switch (kind) {
    case ONNX_CONSTANT: return "a numeric constant";
    case ONNX_TEXTS: return "a constant of texts";
    case ONNX_COLUMNS: return "columns of the input";
    case ONNX_SCORES: return "the scores of a linear layer";
    case ONNX_LABEL: return "a label";
    case ONNX_NONE: break;
    }
    return "nothing";
}

hats_status hats_onnx_input_of(struct onnx_import *im, const struct onnx_value **out, size_t i,
                               enum onnx_kind kind) {
    hats_status st = hats_onnx_input(im, out, i);

    if (st == HATS_OK && *out != NULL && (*out)->kind != kind)
        st = hats_onnx_fail(im, HATS_E_UNSUPPORTED, "input %zu is %s; in a linear model it is %s",
                            i + 1, kind_name((*out)->kind), kind_name(kind));
    return st;
}

hats_status hats_onnx_number_columns(struct onnx_import *im, const struct onnx_value **out,
                                     size_t i) {
    hats_status st = hats_onnx_input_of(im, out, i, ONNX_COLUMNS);

    if (st != HATS_OK || *out == NULL)
        return st;
    for (uint32_t f = 0; f < (*out)->n_features; f++) {
        const struct hats_graph_feature *g = &(*out)->features[f];
        if (g->kind == HATS_FEATURE_NUMBER && im->columns[g->column].is_text)
            return hats_onnx_fail(im, HATS_E_UNSUPPORTED,
                                  "text column %u enters without a OneHotEncoder", g->column + 1);
    }
    return HATS_OK;
}

hats_status hats_onnx_output(struct onnx_import *im, size_t i, const struct onnx_value *v) {
    return i < im->node->n_output ? hats_onnx_add(im, im->node->output[i], v) : HATS_OK;
}

struct hats_graph_feature hats_onnx_raw_feature(uint32_t column, bool in_float) {
    return (struct hats_graph_feature){.kind = HATS_FEATURE_NUMBER,
                                       .column = column,
                                       .a = 1,
                                       .post_a = 1,
                                       .in_float = in_float,
                                       .missing = NAN};
}

/* --- inputs --- */

static bool is_initializer(const struct onnx_import *im, const char *name) {
    for (size_t i = 0; name != NULL && i < im->graph->n_initializer; i++)
        if (im->graph->initializer[i]->name != NULL &&
            strcmp(im->graph->initializer[i]->name, name) == 0)
            return true;
    return false;
}

/* The width n of an input declared [N, n]. */
static hats_status input_width(struct onnx_import *im, uint32_t *n, const char **name, bool *text,
                               bool *in_float, const Onnx__ValueInfoProto *v) {
    const Onnx__TypeProto__Tensor *t;
    const Onnx__TensorShapeProto__Dimension *last;
    char shown[64];

    *name = v->name;
    if (v->name == NULL || v->name[0] == 0 || v->type == NULL ||
        v->type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE || v->type->tensor_type == NULL)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "an input is not a tensor with a name");
    t = v->type->tensor_type;
    printable(shown, v->name);
    if (t->shape == NULL || t->shape->n_dim != 2)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED,
                              "input '%s' is not a table [records, columns]", shown);
    last = t->shape->dim[1];
    if (last->value_case != ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE ||
        last->dim_value < 1 || last->dim_value > HATS_LINEAR_MAX_INPUTS)
        return hats_onnx_fail(
            im, HATS_E_UNSUPPORTED,
            "input '%s' does not say its number of columns, or it is not in 1 .. %d", shown,
            HATS_LINEAR_MAX_INPUTS);
    *n = (uint32_t)last->dim_value;
    *text = t->elem_type == ONNX__TENSOR_PROTO__DATA_TYPE__STRING;
    *in_float = t->elem_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    if (!*text && !*in_float && t->elem_type != ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE &&
        t->elem_type != ONNX__TENSOR_PROTO__DATA_TYPE__INT64 &&
        t->elem_type != ONNX__TENSOR_PROTO__DATA_TYPE__INT32)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "input '%s' has data type %d", shown,
                              t->elem_type);
    return HATS_OK;
}

static hats_status add_input(struct onnx_import *im, const Onnx__ValueInfoProto *v, bool alone) {
    struct onnx_value value = {.kind = ONNX_COLUMNS};
    const char *name = NULL;
    uint32_t n = 0;
    uint32_t first = im->n_columns;
    bool text = false;
    bool in_float = false;
    char shown[64];
    hats_status st = input_width(im, &n, &name, &text, &in_float, v);

    if (st != HATS_OK)
        return st;
    if (!alone && n != 1)
        return hats_onnx_fail(
            im, HATS_E_UNSUPPORTED,
            "input '%s' has %u columns beside other inputs; give every column its own "
            "input, or all of them one",
            printable(shown, name), n);
    if (n > HATS_LINEAR_MAX_INPUTS - first)
        return hats_onnx_fail(im, HATS_E_RANGE, "more than %d columns", HATS_LINEAR_MAX_INPUTS);
    value.features = hats_onnx_alloc(im, n, sizeof *value.features);
    if (value.features == NULL)
        return HATS_E_MEMORY;
    value.n_features = n;
    value.is_float = in_float;
    for (uint32_t i = 0; i < n; i++) {
        im->columns[first + i].is_text = text;
        value.features[i] = hats_onnx_raw_feature(first + i, in_float);
    }
    if (!alone) {
        im->columns[first].name = hats_strdup(name);
        if (im->columns[first].name == NULL)
            return hats_onnx_fail(im, HATS_E_MEMORY, "no memory");
    }
    im->n_columns = first + n;
    return hats_onnx_add(im, name, &value);
}

static hats_status add_inputs(struct onnx_import *im) {
    size_t n_inputs = 0;
    uint32_t room = 0;
    hats_status st = HATS_OK;

    for (size_t i = 0; i < im->graph->n_input; i++)
        n_inputs += !is_initializer(im, im->graph->input[i]->name);
    if (n_inputs == 0 || n_inputs > HATS_LINEAR_MAX_INPUTS)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "the graph has %zu inputs", n_inputs);
    room = n_inputs > 1 ? (uint32_t)n_inputs : HATS_LINEAR_MAX_INPUTS;
    im->columns = hats_alloc_array(room, sizeof *im->columns);
    if (im->columns == NULL)
        return hats_onnx_fail(im, HATS_E_MEMORY, "no memory for %u columns", room);
    for (size_t i = 0; i < im->graph->n_input && st == HATS_OK; i++)
        if (!is_initializer(im, im->graph->input[i]->name))
            st = add_input(im, im->graph->input[i], n_inputs == 1);
    return st;
}

static hats_status add_initializers(struct onnx_import *im) {
    hats_status st = HATS_OK;

    if (im->graph->n_sparse_initializer > 0)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "sparse initializers are not supported");
    for (size_t i = 0; i < im->graph->n_initializer && st == HATS_OK; i++) {
        struct onnx_value v;
        st = hats_onnx_tensor(im, &v, im->graph->initializer[i]);
        if (st == HATS_OK)
            st = hats_onnx_add(im, im->graph->initializer[i]->name, &v);
    }
    return st;
}

/* --- nodes --- */

static hats_status run_node(struct onnx_import *im) {
    const char *domain = im->node->domain != NULL ? im->node->domain : "";
    const char *op = im->node->op_type != NULL ? im->node->op_type : "";
    onnx_operator run = NULL;

    for (size_t i = 0; i < im->node->n_attribute; i++) {
        const Onnx__AttributeProto *a = im->node->attribute[i];
        if (a->g != NULL || a->n_graphs > 0)
            return hats_onnx_fail(im, HATS_E_UNSUPPORTED,
                                  "it holds a subgraph; linear models have none");
        if (a->ref_attr_name != NULL && a->ref_attr_name[0] != 0)
            return hats_onnx_fail(im, HATS_E_UNSUPPORTED,
                                  "attributes by reference are not supported");
    }
    if (domain[0] == 0 || strcmp(domain, "ai.onnx") == 0)
        run = hats_onnx_find_math(op);
    else if (strcmp(domain, "ai.onnx.ml") == 0)
        run = hats_onnx_find_ml(op);
    if (run == NULL)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED,
                              "this operator is not supported (the linear tier takes affine "
                              "preparation, one linear layer, and a link)");
    return run(im);
}

static hats_status run_nodes(struct onnx_import *im) {
    hats_status st = HATS_OK;

    for (im->node_at = 0; im->node_at < im->graph->n_node && st == HATS_OK; im->node_at++) {
        im->node = im->graph->node[im->node_at];
        st = run_node(im);
    }
    im->node = NULL;
    return st;
}

/* --- the result --- */

/* One linear layer must lie behind all outputs; the link is that of an output which has one. */
static hats_status choose_output(struct onnx_import *im, struct onnx_value *out) {
    *out = (struct onnx_value){.link = HATS_LINK_IDENTITY};
    for (size_t i = 0; i < im->graph->n_output; i++) {
        const struct onnx_value *v = hats_onnx_find(im, im->graph->output[i]->name);
        if (v == NULL)
            return hats_onnx_fail(im, HATS_E_MALFORMED, "output %zu is not defined", i + 1);
        if (v->kind != ONNX_SCORES && v->kind != ONNX_LABEL)
            return hats_onnx_fail(im, HATS_E_UNSUPPORTED,
                                  "output %zu is %s; a linear layer must lead to it", i + 1,
                                  kind_name(v->kind));
        if (out->scores != NULL && out->scores != v->scores)
            return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "the outputs come from different layers");
        out->scores = v->scores;
        if (v->kind != ONNX_SCORES || v->link == HATS_LINK_IDENTITY)
            continue;
        if (out->link != HATS_LINK_IDENTITY && out->link != v->link)
            return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "the outputs have different links");
        out->link = v->link;
    }
    if (out->scores == NULL)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "the graph has no output");
    return HATS_OK;
}

/* post_a and post_b move into weights and bias. */
static void fill_weights(struct hats_graph *g, const struct onnx_scores *s) {
    for (uint32_t o = 0; o < g->k; o++) {
        double *row = g->w + (size_t)o * g->n_features;
        const double *from = s->w + (size_t)o * g->n_features;
        g->bias[o] = s->bias[o];
        for (uint32_t f = 0; f < g->n_features; f++) {
            row[f] = from[f] * g->features[f].post_a;
            if (g->features[f].post_b != 0)
                g->bias[o] += from[f] * g->features[f].post_b;
        }
    }
    for (uint32_t f = 0; f < g->n_features; f++) {
        g->features[f].post_a = 1;
        g->features[f].post_b = 0;
    }
}

static hats_status copy_features(struct onnx_import *im, struct hats_graph *g,
                                 const struct onnx_scores *s) {
    g->features = hats_alloc_array(s->n_features, sizeof *g->features);
    if (g->features == NULL)
        return hats_onnx_fail(im, HATS_E_MEMORY, "no memory for %u features", s->n_features);
    for (uint32_t f = 0; f < s->n_features; f++) {
        g->features[f] = s->features[f];
        g->features[f].category = NULL;
    }
    g->n_features = s->n_features;
    for (uint32_t f = 0; f < s->n_features; f++) {
        if (s->features[f].category == NULL)
            continue;
        g->features[f].category = hats_strdup(s->features[f].category);
        if (g->features[f].category == NULL)
            return hats_onnx_fail(im, HATS_E_MEMORY, "no memory");
    }
    return HATS_OK;
}

static hats_status copy_labels(struct onnx_import *im, struct hats_graph *g,
                               const struct onnx_scores *s) {
    if (s->labels == NULL)
        return HATS_OK;
    g->labels = hats_alloc_array(s->n_labels, sizeof *g->labels);
    if (g->labels == NULL)
        return hats_onnx_fail(im, HATS_E_MEMORY, "no memory for %u labels", s->n_labels);
    g->n_labels = s->n_labels;
    for (uint32_t o = 0; o < s->n_labels; o++) {
        g->labels[o] = hats_strdup(s->labels[o]);
        if (g->labels[o] == NULL)
            return hats_onnx_fail(im, HATS_E_MEMORY, "no memory");
    }
    return HATS_OK;
}

static hats_status build_graph(struct onnx_import *im, struct hats_graph *g) {
    struct onnx_value top;
    const struct onnx_scores *s;
    hats_status st = choose_output(im, &top);

    s = top.scores;
    if (st != HATS_OK || s == NULL)
        return st;
    if (s->k > HATS_LINEAR_MAX_OUTPUTS || s->n_features > HATS_LINEAR_MAX_INPUTS ||
        s->n_features > HATS_GRAPH_MAX_WEIGHTS / s->k)
        return hats_onnx_fail(im, HATS_E_RANGE, "%u inputs and %u outputs are too many",
                              s->n_features, s->k);
    g->k = s->k;
    g->link = top.link;
    st = copy_features(im, g, s);
    if (st == HATS_OK)
        st = copy_labels(im, g, s);
    if (st != HATS_OK)
        return st;
    g->w = hats_alloc_array((size_t)s->k * s->n_features, sizeof *g->w);
    g->bias = hats_alloc_array(s->k, sizeof *g->bias);
    if (g->w == NULL || g->bias == NULL)
        return hats_onnx_fail(im, HATS_E_MEMORY, "no memory for %u x %u weights", s->n_features,
                              s->k);
    g->trees = s->trees;
    fill_weights(g, s);
    st = hats_graph_settle(g, s->classifier, im->err);
    g->columns = im->columns;
    g->n_columns = im->n_columns;
    im->columns = NULL;
    return st;
}

/* Room for every initializer, input and node output, so that values never move. */
static hats_status reserve_values(struct onnx_import *im) {
    size_t n = im->graph->n_initializer + im->graph->n_input;

    if (im->graph->n_node > HATS_ONNX_MAX_NODES)
        return hats_onnx_fail(im, HATS_E_RANGE, "%zu nodes, at most %d are possible",
                              im->graph->n_node, HATS_ONNX_MAX_NODES);
    for (size_t i = 0; i < im->graph->n_node; i++)
        n += im->graph->node[i]->n_output;
    if (n > VALUES_MAX)
        return hats_onnx_fail(im, HATS_E_RANGE, "%zu values, at most %d are possible", n,
                              VALUES_MAX);
    im->cap_values = n + 1;
    im->values = hats_onnx_alloc(im, im->cap_values, sizeof *im->values);
    return im->values != NULL ? HATS_OK : HATS_E_MEMORY;
}

static void import_clear(struct onnx_import *im) {
    for (size_t i = 0; i < im->n_owned; i++)
        hats_free(im->owned[i]);
    hats_free(im->owned);
    for (uint32_t c = 0; im->columns != NULL && c < im->n_columns; c++)
        hats_free(im->columns[c].name);
    hats_free(im->columns);
}

hats_status hats_onnx_import(struct hats_graph **out, const uint8_t *bytes, size_t len_bytes,
                             struct hats_error *err) {
    struct onnx_import im = {.err = err};
    Onnx__ModelProto *model = NULL;
    struct hats_graph *g = NULL;
    hats_status st;

    *out = NULL;
    st = hats_onnx_unpack(&model, bytes, len_bytes, err);
    if (st != HATS_OK)
        return st;
    im.graph = model->graph;
    if (im.graph == NULL) {
        st = hats_fail(err, HATS_E_MALFORMED, "the ONNX file holds no graph");
        goto done;
    }
    g = hats_alloc(sizeof *g);
    if (g == NULL) {
        st = hats_fail(err, HATS_E_MEMORY, "no memory for a model");
        goto done;
    }
    st = reserve_values(&im);
    if (st == HATS_OK)
        st = add_initializers(&im);
    if (st == HATS_OK)
        st = add_inputs(&im);
    if (st == HATS_OK)
        st = run_nodes(&im);
    if (st == HATS_OK)
        st = build_graph(&im, g);
    if (st == HATS_OK) {
        *out = g;
        g = NULL;
    }
done:
    hats_graph_free(g);
    import_clear(&im);
    hats_onnx_release(model);
    return st;
}
