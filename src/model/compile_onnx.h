/* Inside the ONNX importer: the values that flow between nodes, and what every operator may use.
 *
 * A value is a constant, columns on their way to the linear layer, scores behind it, or a label. Values
 * are immutable once made and share what they point to; everything is owned by the import and freed with
 * it, under one memory bound.
 */
#ifndef HATS_MODEL_COMPILE_ONNX_H
#define HATS_MODEL_COMPILE_ONNX_H

#include "model/graph.h"

#include <onnx.pb-c.h>

#define ONNX_MEMORY_MAX ((size_t)2 << 30)
#define ONNX_RANK_MAX 8

enum onnx_kind { ONNX_NONE, ONNX_CONSTANT, ONNX_TEXTS, ONNX_COLUMNS, ONNX_SCORES, ONNX_LABEL };

/* The linear layer: k scores over n features. */
struct onnx_scores {
    const struct hats_graph_feature *features;
    uint32_t n_features;
    uint32_t k;
    const double *w; /* k rows of n_features */
    double *bias;
    bool trees;
    bool classifier;     /* made by a classifier operator, or fed to ArgMax */
    const char **labels; /* k of them, or 2 for one output; NULL: not named */
    uint32_t n_labels;
};

struct onnx_value {
    const char *name;
    enum onnx_kind kind;
    /* constant, texts: row-major */
    const double *data;
    const char **text;
    size_t n;
    int64_t dim[ONNX_RANK_MAX];
    unsigned rank;
    /* columns */
    struct hats_graph_feature *features;
    uint32_t n_features;
    bool is_float; /* binary32, as far as comparisons go */
    /* scores and labels */
    struct onnx_scores *scores;
    enum hats_plan_link link; /* identity until the model applies one */
};

struct onnx_import {
    const Onnx__GraphProto *graph;
    struct hats_error *err;
    void **owned;
    size_t n_owned, cap_owned;
    size_t used_bytes;
    struct onnx_value *values;
    size_t n_values, cap_values;
    struct hats_graph_column *columns; /* moved to the result at the end */
    uint32_t n_columns;
    /* the node at work, for error texts */
    const Onnx__NodeProto *node;
    size_t node_at;
};

/* Zeroed; NULL and the error set when the bound is reached. */
void *hats_onnx_alloc(struct onnx_import *im, size_t count, size_t size);
char *hats_onnx_copy_text(struct onnx_import *im, const char *text);
/* Record "node 'name' (operator Op): ..." and return the status. */
hats_status hats_onnx_fail(struct onnx_import *im, hats_status st, const char *fmt, ...)
    HATS_PRINTF(3, 4);

/* Values by name. A node's outputs are added by it; a name that exists is refused. */
const struct onnx_value *hats_onnx_find(const struct onnx_import *im, const char *name);
hats_status hats_onnx_add(struct onnx_import *im, const char *name, const struct onnx_value *v);
/* Input i of the node at work: HATS_E_MALFORMED when it is not there. */
hats_status hats_onnx_input(struct onnx_import *im, const struct onnx_value **out, size_t i);
/* The same, of one kind; HATS_E_UNSUPPORTED otherwise. */
hats_status hats_onnx_input_of(struct onnx_import *im, const struct onnx_value **out, size_t i,
                               enum onnx_kind kind);
/* Is input i there at all (optional inputs may be "" or left out)? */
bool hats_onnx_has_input(const struct onnx_import *im, size_t i);
/* Name the node's output i. Outputs that nobody asked for are dropped. */
hats_status hats_onnx_output(struct onnx_import *im, size_t i, const struct onnx_value *v);

/* Attributes of the node at work, by name; wrong type: HATS_E_MALFORMED. */
const Onnx__AttributeProto *hats_onnx_attribute(const struct onnx_import *im, const char *name);
hats_status hats_onnx_get_int(struct onnx_import *im, int64_t *out, const char *name,
                              int64_t fallback);
hats_status hats_onnx_get_float(struct onnx_import *im, double *out, const char *name,
                                double fallback);
/* "" when absent. The text is copied and owned by the import. */
hats_status hats_onnx_get_text(struct onnx_import *im, const char **out, const char *name);
/* Lists; n = 0 when absent. Numbers are finite, or HATS_E_RANGE. `name`_as_tensor is read as well
 * where ONNX has one. */
hats_status hats_onnx_get_floats(struct onnx_import *im, const double **out, size_t *n,
                                 const char *name);
hats_status hats_onnx_get_ints(struct onnx_import *im, const int64_t **out, size_t *n,
                               const char *name);
hats_status hats_onnx_get_texts(struct onnx_import *im, const char ***out, size_t *n,
                                const char *name);
/* Refuse attributes that change the meaning: every attribute's name must be in the list. */
hats_status hats_onnx_only(struct onnx_import *im, const char *const *known, size_t n_known);

/* A tensor with all lengths checked. */
hats_status hats_onnx_tensor(struct onnx_import *im, struct onnx_value *out,
                             const Onnx__TensorProto *t);

/* A feature that reads a number column as it is. */
struct hats_graph_feature hats_onnx_raw_feature(uint32_t column, bool in_float);
/* classlabels_strings, classlabels_ints (two spellings) as texts; n = 0 when there are none. */
hats_status hats_onnx_class_labels(struct onnx_import *im, const char ***out, size_t *n);
/* post_transform as a link. */
hats_status hats_onnx_post_transform(struct onnx_import *im, enum hats_plan_link *link);
/* Columns that are numbers, not raw text. */
hats_status hats_onnx_number_columns(struct onnx_import *im, const struct onnx_value **out,
                                     size_t i);

typedef hats_status (*onnx_operator)(struct onnx_import *im);
/* NULL when the operator is not ours. */
onnx_operator hats_onnx_find_math(const char *op);
onnx_operator hats_onnx_find_ml(const char *op);
/* Gather and ArrayFeatureExtractor: columns by a constant list of positions. */
hats_status hats_onnx_select_columns(struct onnx_import *im, const struct onnx_value *x,
                                     const struct onnx_value *at);
hats_status hats_onnx_tree_regressor(struct onnx_import *im);
hats_status hats_onnx_tree_classifier(struct onnx_import *im);

/* Bounded unpacking (onnx_scan.c); onnx_release frees. */
hats_status hats_onnx_unpack(Onnx__ModelProto **out, const uint8_t *bytes, size_t len_bytes,
                             struct hats_error *err);
void hats_onnx_release(Onnx__ModelProto *model);

#endif
