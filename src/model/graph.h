/* A model as a typed linear graph: what an importer makes and the compiler takes.
 *
 *     feature f(row):  number    post_a * clip(a * v + b, lo, hi) + post_b     v the cell's value
 *                      interval  post_a * [above < z <= up_to] + post_b       z the number above, without post
 *                      category  post_a * [cell = text] + post_b
 *                      ngram     slot of the hashed n-grams of a text
 *     score_o = sum_f W[o][f] * feature_f + bias[o]        then link and labels of the plan
 *
 * A depth-1 tree adds one of two leaf values as its interval feature is 0 or 1: a weight and a share of
 * the bias.
 */
#ifndef HATS_MODEL_GRAPH_H
#define HATS_MODEL_GRAPH_H

#include "model/plan.h"

#define HATS_GRAPH_MAX_WEIGHTS (1u << 26) /* d * k */

enum hats_graph_kind {
    HATS_FEATURE_NUMBER = 1,
    HATS_FEATURE_INTERVAL = 2,
    HATS_FEATURE_CATEGORY = 3,
    HATS_FEATURE_NGRAM = 4
};

struct hats_graph_column {
    char *name; /* NULL: the calibration file's header names it, in order */
    bool is_text;
    bool unknown_is_zero;
    enum hats_plan_missing missing;
    double sentinel;
};

struct hats_graph_feature {
    enum hats_graph_kind kind;
    uint32_t column;
    double a, b;   /* number */
    bool has_clip; /* the model clips: so does the client */
    double lo, hi; /* of a v + b */
    double post_a, post_b;
    bool has_above, has_up_to; /* interval */
    double above, up_to;
    bool in_float;  /* the model compares in binary32: the cut is where that comparison turns */
    bool at_counts; /* [z >= above] instead of [z > above] */
    char *category;
    double missing; /* an imputed value of the cell; NAN: none */
};

/* Owns everything it points to. */
struct hats_graph {
    struct hats_graph_column *columns;
    uint32_t n_columns;
    struct hats_graph_feature *features;
    uint32_t n_features;
    bool has_text; /* all features are n-grams of columns[0] */
    uint32_t k;
    double *w;    /* k rows of n_features */
    double *bias; /* k */
    bool trees;   /* features are the bits of stumps, weights sums of leaf values */
    enum hats_plan_task task;
    enum hats_plan_link link;
    char **labels; /* NULL: the compiler makes "0", "1", ... */
    uint32_t n_labels;
};

/* Settle task and link once weights, labels and link are known: two classes with opposite scores, or
 * under a softmax, become one score, that of the second. classifier: the model names or picks classes.
 * HATS_E_UNSUPPORTED, HATS_E_MALFORMED (labels against outputs). */
HATS_MUST_USE hats_status hats_graph_settle(struct hats_graph *graph, bool classifier,
                                            struct hats_error *err);

/* Drop columns that no feature reads. HATS_E_MEMORY. */
HATS_MUST_USE hats_status hats_graph_prune(struct hats_graph *graph, struct hats_error *err);

/* z of a number or interval feature at cell value v: a v + b, clipped. */
double hats_graph_number(const struct hats_graph_feature *f, double v);
/* The bit of an interval feature at cell value v. */
bool hats_graph_inside(const struct hats_graph_feature *f, double v);

/* graph may be NULL. */
void hats_graph_free(struct hats_graph *graph);

#endif
