/* Ensembles of trees one level deep.
 *
 * A stump compares one feature with a threshold and adds one of two leaf values: linear in the bit
 * [feature > threshold]. Equal bits of several trees are one input, whose weight is the sum of theirs.
 */
#include "model/compile_onnx.h"

#include "base/bytes.h"

#include <math.h>
#include <stdlib.h>

struct tree_node {
    int64_t tree, id;
    size_t at; /* index in the attribute lists */
};

struct leaf_weight {
    int64_t tree, id;
    int64_t output;
    double value;
};

struct ensemble {
    const struct onnx_value *x;
    const int64_t *features, *true_ids, *false_ids;
    const char **modes;
    const double *thresholds;
    struct tree_node *nodes; /* by tree, then id */
    size_t n_nodes, n_trees;
    struct leaf_weight *leaves; /* by tree, then id */
    size_t n_leaves;
    uint32_t k;
    double factor; /* of every leaf: 1, or 1 / trees for an average */
    double *bias;
    double *steps;    /* on - off: k for every bit */
    struct bit *bits; /* one a tree */
    size_t n_bits;
};

/* [feature > threshold] of the value x. */
struct bit {
    struct hats_graph_feature feature;
    uint32_t source; /* column of x */
    size_t number;   /* the tree that made it */
};

static int order(int64_t a, int64_t b) { return (a > b) - (a < b); }

static int compare_nodes(const void *a, const void *b) {
    const struct tree_node *x = a;
    const struct tree_node *y = b;

    return x->tree != y->tree ? order(x->tree, y->tree) : order(x->id, y->id);
}

static int compare_leaves(const void *a, const void *b) {
    const struct leaf_weight *x = a;
    const struct leaf_weight *y = b;
    int c = x->tree != y->tree ? order(x->tree, y->tree) : order(x->id, y->id);

    return c != 0 ? c : order(x->output, y->output);
}

static int compare_bits(const void *a, const void *b) {
    const struct bit *x = a;
    const struct bit *y = b;

    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    if (x->feature.above != y->feature.above)
        return x->feature.above < y->feature.above ? -1 : 1;
    return (int)x->feature.at_counts - (int)y->feature.at_counts;
}

/* --- reading the lists --- */

static hats_status ints_of(struct onnx_import *im, const int64_t **out, const char *name,
                           size_t want) {
    size_t n;
    hats_status st = hats_onnx_get_ints(im, out, &n, name);

    if (st == HATS_OK && n != want)
        st = hats_onnx_fail(im, HATS_E_MALFORMED, "'%s' holds %zu entries instead of %zu", name, n,
                            want);
    return st;
}

static hats_status floats_of(struct onnx_import *im, const double **out, const char *name,
                             size_t want) {
    size_t n;
    hats_status st = hats_onnx_get_floats(im, out, &n, name);

    if (st == HATS_OK && n != want)
        st = hats_onnx_fail(im, HATS_E_MALFORMED, "'%s' holds %zu entries instead of %zu", name, n,
                            want);
    return st;
}

static hats_status read_nodes(struct onnx_import *im, struct ensemble *e) {
    const int64_t *trees, *ids;
    size_t n, n_modes;
    hats_status st = hats_onnx_get_ints(im, &trees, &n, "nodes_treeids");

    if (st == HATS_OK && (n == 0 || n > UINT32_MAX))
        st = hats_onnx_fail(im, HATS_E_MALFORMED, "it has no trees");
    if (st == HATS_OK)
        st = ints_of(im, &ids, "nodes_nodeids", n);
    if (st == HATS_OK)
        st = ints_of(im, &e->features, "nodes_featureids", n);
    if (st == HATS_OK)
        st = ints_of(im, &e->true_ids, "nodes_truenodeids", n);
    if (st == HATS_OK)
        st = ints_of(im, &e->false_ids, "nodes_falsenodeids", n);
    if (st == HATS_OK)
        st = floats_of(im, &e->thresholds, "nodes_values", n);
    if (st == HATS_OK)
        st = hats_onnx_get_texts(im, &e->modes, &n_modes, "nodes_modes");
    if (st == HATS_OK && n_modes != n)
        st = hats_onnx_fail(im, HATS_E_MALFORMED, "'nodes_modes' holds %zu entries instead of %zu",
                            n_modes, n);
    if (st != HATS_OK)
        return st;
    e->nodes = hats_onnx_alloc(im, n, sizeof *e->nodes);
    if (e->nodes == NULL)
        return HATS_E_MEMORY;
    for (size_t i = 0; i < n; i++)
        e->nodes[i] = (struct tree_node){.tree = trees[i], .id = ids[i], .at = i};
    e->n_nodes = n;
    qsort(e->nodes, n, sizeof *e->nodes, compare_nodes);
    for (size_t i = 1; i < n; i++)
        if (compare_nodes(&e->nodes[i - 1], &e->nodes[i]) == 0)
            return hats_onnx_fail(im, HATS_E_MALFORMED, "tree %lld has two nodes %lld",
                                  (long long)e->nodes[i].tree, (long long)e->nodes[i].id);
    for (size_t i = 0; i < n; i++)
        e->n_trees += i == 0 || e->nodes[i].tree != e->nodes[i - 1].tree;
    return HATS_OK;
}

/* prefix: "class" or "target". */
static hats_status read_leaves(struct onnx_import *im, struct ensemble *e, bool classes) {
    const int64_t *trees, *ids, *outputs;
    const double *values;
    size_t n;
    hats_status st =
        hats_onnx_get_ints(im, &trees, &n, classes ? "class_treeids" : "target_treeids");

    if (st == HATS_OK && n == 0)
        st = hats_onnx_fail(im, HATS_E_MALFORMED, "its leaves have no values");
    if (st == HATS_OK)
        st = ints_of(im, &ids, classes ? "class_nodeids" : "target_nodeids", n);
    if (st == HATS_OK)
        st = ints_of(im, &outputs, classes ? "class_ids" : "target_ids", n);
    if (st == HATS_OK)
        st = floats_of(im, &values, classes ? "class_weights" : "target_weights", n);
    if (st != HATS_OK)
        return st;
    e->leaves = hats_onnx_alloc(im, n, sizeof *e->leaves);
    if (e->leaves == NULL)
        return HATS_E_MEMORY;
    for (size_t i = 0; i < n; i++)
        e->leaves[i] = (struct leaf_weight){
            .tree = trees[i], .id = ids[i], .output = outputs[i], .value = values[i]};
    e->n_leaves = n;
    qsort(e->leaves, n, sizeof *e->leaves, compare_leaves);
    return HATS_OK;
}

/* --- stumps --- */

static const struct tree_node *find_node(const struct ensemble *e, int64_t tree, int64_t id) {
    struct tree_node key = {.tree = tree, .id = id};

    return bsearch(&key, e->nodes, e->n_nodes, sizeof *e->nodes, compare_nodes);
}

static bool is_leaf(const struct ensemble *e, const struct tree_node *n) {
    return strcmp(e->modes[n->at], "LEAF") == 0;
}

/* The first entry of a leaf, or n_leaves. */
static size_t first_weight(const struct ensemble *e, const struct tree_node *n) {
    size_t lo = 0;
    size_t hi = e->n_leaves;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const struct leaf_weight *w = &e->leaves[mid];
        if (w->tree < n->tree || (w->tree == n->tree && w->id < n->id))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Values of a leaf, one an output; absent ones are 0. */
static void leaf_values(const struct ensemble *e, double *out, const struct tree_node *n) {
    memset(out, 0, e->k * sizeof *out);
    for (size_t i = first_weight(e, n);
         i < e->n_leaves && e->leaves[i].tree == n->tree && e->leaves[i].id == n->id; i++)
        out[e->leaves[i].output] += e->leaves[i].value * e->factor;
}

/* The bit of a branch, and whether the true branch is taken when it is 1. *constant: the bit is the
 * same for every record (a threshold outside a flag's two values). */
static hats_status branch_bit(struct onnx_import *im, const struct ensemble *e,
                              const struct tree_node *n, struct bit *out, bool *true_is_one,
                              int *constant) {
    const char *mode = e->modes[n->at];
    double threshold = e->thresholds[n->at];
    int64_t f = e->features[n->at];
    struct hats_graph_feature g;

    *constant = -1;
    if (f < 0 || f >= (int64_t)e->x->n_features)
        return hats_onnx_fail(im, HATS_E_MALFORMED, "tree %lld reads feature %lld of %u",
                              (long long)n->tree, (long long)f, e->x->n_features);
    *true_is_one = strcmp(mode, "BRANCH_GT") == 0 || strcmp(mode, "BRANCH_GTE") == 0;
    if (!*true_is_one && strcmp(mode, "BRANCH_LEQ") != 0 && strcmp(mode, "BRANCH_LT") != 0)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "tree %lld branches by %.20s",
                              (long long)n->tree, mode);
    g = e->x->features[f];
    g.at_counts = strcmp(mode, "BRANCH_LT") == 0 || strcmp(mode, "BRANCH_GTE") == 0;
    if (g.kind == HATS_FEATURE_NUMBER) {
        if (g.post_a != 1 || g.post_b != 0 || g.a == 0)
            return hats_onnx_fail(im, HATS_E_UNSUPPORTED,
                                  "trees behind arithmetic on clipped columns");
        g.kind = HATS_FEATURE_INTERVAL;
        g.has_above = true;
        g.above = threshold;
    } else {
        double zero = g.post_b;
        double one = g.post_a + g.post_b;
        bool at_zero = g.at_counts ? zero >= threshold : zero > threshold;
        bool at_one = g.at_counts ? one >= threshold : one > threshold;
        if (at_zero == at_one)
            *constant = at_one;
        *true_is_one ^= at_zero && !at_one;
        g.post_a = 1;
        g.post_b = 0;
        g.at_counts = false;
    }
    *out = (struct bit){.feature = g, .source = (uint32_t)f};
    return HATS_OK;
}

/* Three nodes: a branch and its two leaves. */
static hats_status add_stump(struct onnx_import *im, struct ensemble *e,
                             const struct tree_node *nodes, double *scratch) {
    const struct tree_node *root = NULL, *yes, *no;
    double *off = scratch, *on = scratch + e->k;
    struct bit bit;
    bool true_is_one = false;
    int constant = -1;
    hats_status st;

    for (size_t i = 0; i < 3; i++)
        root = is_leaf(e, &nodes[i]) ? root : &nodes[i];
    yes = root != NULL ? find_node(e, root->tree, e->true_ids[root->at]) : NULL;
    no = root != NULL ? find_node(e, root->tree, e->false_ids[root->at]) : NULL;
    if (yes == NULL || no == NULL || yes == no || !is_leaf(e, yes) || !is_leaf(e, no))
        return hats_onnx_fail(im, HATS_E_MALFORMED, "tree %lld is not a branch with two leaves",
                              (long long)nodes[0].tree);
    st = branch_bit(im, e, root, &bit, &true_is_one, &constant);
    if (st != HATS_OK)
        return st;
    leaf_values(e, off, true_is_one ? no : yes);
    leaf_values(e, on, true_is_one ? yes : no);
    for (uint32_t o = 0; o < e->k; o++) {
        e->bias[o] += constant > 0 ? on[o] : off[o];
        if (constant < 0)
            e->steps[e->n_bits * e->k + o] = on[o] - off[o];
    }
    if (constant < 0) {
        bit.number = e->n_bits;
        e->bits[e->n_bits++] = bit;
    }
    return HATS_OK;
}

static hats_status add_trees(struct onnx_import *im, struct ensemble *e) {
    double *scratch = hats_onnx_alloc(im, 2 * (size_t)e->k, sizeof *scratch);
    hats_status st = HATS_OK;

    if (e->n_trees > HATS_GRAPH_MAX_WEIGHTS / e->k)
        return hats_onnx_fail(im, HATS_E_RANGE, "%zu trees are too many", e->n_trees);
    e->steps = hats_onnx_alloc(im, e->n_trees * e->k, sizeof *e->steps);
    e->bits = hats_onnx_alloc(im, e->n_trees, sizeof *e->bits);
    if (scratch == NULL || e->steps == NULL || e->bits == NULL)
        return HATS_E_MEMORY;
    for (size_t i = 0, next; i < e->n_nodes && st == HATS_OK; i = next) {
        const struct tree_node *first = &e->nodes[i];
        for (next = i + 1; next < e->n_nodes && e->nodes[next].tree == first->tree;)
            next++;
        if (next - i == 1 && is_leaf(e, first)) {
            leaf_values(e, scratch, first);
            for (uint32_t o = 0; o < e->k; o++)
                e->bias[o] += scratch[o];
        } else if (next - i == 3) {
            st = add_stump(im, e, first, scratch);
        } else {
            st = hats_onnx_fail(im, HATS_E_UNSUPPORTED,
                                "tree %lld has %zu nodes: deeper than one level, so not linear",
                                (long long)first->tree, next - i);
        }
    }
    if (st == HATS_OK && e->n_bits == 0)
        st = hats_onnx_fail(im, HATS_E_UNSUPPORTED, "no tree depends on the record");
    return st;
}

/* Sort the bits by column and threshold, and make equal ones one feature: its weight is the sum of their
 * steps, in the order of the trees. */
static hats_status merge_bits(struct onnx_import *im, struct ensemble *e,
                              struct onnx_scores *scores) {
    struct hats_graph_feature *features = hats_onnx_alloc(im, e->n_bits, sizeof *features);
    uint32_t *becomes = hats_onnx_alloc(im, e->n_bits, sizeof *becomes);
    double *w = hats_onnx_alloc(im, e->n_bits * e->k, sizeof *w);
    uint32_t n = 0;

    if (features == NULL || becomes == NULL || w == NULL)
        return HATS_E_MEMORY;
    qsort(e->bits, e->n_bits, sizeof *e->bits, compare_bits);
    for (size_t i = 0; i < e->n_bits; i++) {
        if (i == 0 || compare_bits(&e->bits[i - 1], &e->bits[i]) != 0)
            features[n++] = e->bits[i].feature;
        becomes[e->bits[i].number] = n - 1;
    }
    for (size_t t = 0; t < e->n_bits; t++)
        for (uint32_t o = 0; o < e->k; o++)
            w[(size_t)o * n + becomes[t]] += e->steps[t * e->k + o];
    *scores = (struct onnx_scores){
        .features = features, .n_features = n, .k = e->k, .w = w, .bias = e->bias, .trees = true};
    return HATS_OK;
}

static hats_status base_values(struct onnx_import *im, struct ensemble *e) {
    const double *base;
    size_t n;
    hats_status st = hats_onnx_get_floats(im, &base, &n, "base_values");

    e->bias = hats_onnx_alloc(im, e->k, sizeof *e->bias);
    if (st == HATS_OK && e->bias == NULL)
        st = HATS_E_MEMORY;
    if (st == HATS_OK && n != 0 && n != e->k)
        st = hats_onnx_fail(im, HATS_E_MALFORMED, "%zu base values for %u outputs", n, e->k);
    for (size_t o = 0; st == HATS_OK && o < n; o++)
        e->bias[o] = base[o];
    return st;
}

/* With e->k known and leaves checked against it: stumps, bits, scores. */
static hats_status finish(struct onnx_import *im, struct ensemble *e, struct onnx_scores **out) {
    hats_status st = base_values(im, e);

    *out = hats_onnx_alloc(im, 1, sizeof **out);
    if (st == HATS_OK && *out == NULL)
        st = HATS_E_MEMORY;
    if (st == HATS_OK)
        st = add_trees(im, e);
    return st == HATS_OK ? merge_bits(im, e, *out) : st;
}

hats_status hats_onnx_tree_regressor(struct onnx_import *im) {
    struct ensemble e = {.factor = 1};
    struct onnx_value out = {.kind = ONNX_SCORES};
    const char *aggregate;
    int64_t targets;
    hats_status st = hats_onnx_number_columns(im, &e.x, 0);

    if (st == HATS_OK)
        st = hats_onnx_get_int(im, &targets, "n_targets", 1);
    if (st == HATS_OK)
        st = hats_onnx_get_text(im, &aggregate, "aggregate_function");
    if (st == HATS_OK)
        st = hats_onnx_post_transform(im, &out.link);
    if (st == HATS_OK)
        st = read_nodes(im, &e);
    if (st == HATS_OK)
        st = read_leaves(im, &e, false);
    if (st != HATS_OK)
        return st;
    if (targets < 1 || targets > HATS_LINEAR_MAX_OUTPUTS)
        return hats_onnx_fail(im, HATS_E_MALFORMED, "%lld targets", (long long)targets);
    e.k = (uint32_t)targets;
    if (strcmp(aggregate, "AVERAGE") == 0)
        e.factor = 1 / (double)e.n_trees;
    else if (aggregate[0] != 0 && strcmp(aggregate, "SUM") != 0)
        return hats_onnx_fail(im, HATS_E_UNSUPPORTED, "aggregate_function %.20s", aggregate);
    for (size_t i = 0; i < e.n_leaves; i++)
        if (e.leaves[i].output < 0 || e.leaves[i].output >= targets)
            return hats_onnx_fail(im, HATS_E_MALFORMED, "a leaf adds to output %lld of %u",
                                  (long long)e.leaves[i].output, e.k);
    st = finish(im, &e, &out.scores);
    return st == HATS_OK ? hats_onnx_output(im, 0, &out) : st;
}

/* Two classes whose leaves all name one of them have one score, and the second class wins above 0;
 * runtimes move that cut to 1/2 when no leaf is negative, so that case is refused. */
static hats_status classifier_width(struct onnx_import *im, struct ensemble *e, size_t n_labels) {
    bool one_id = true;
    bool negative = false;

    for (size_t i = 0; i < e->n_leaves; i++) {
        int64_t o = e->leaves[i].output;
        if (o < 0 || o >= (int64_t)n_labels)
            return hats_onnx_fail(im, HATS_E_MALFORMED, "a leaf adds to class %lld of %zu",
                                  (long long)o, n_labels);
        one_id &= o == e->leaves[0].output;
        negative |= e->leaves[i].value < 0;
    }
    e->k = (uint32_t)n_labels;
    if (n_labels != 2 || !one_id)
        return HATS_OK;
    if (!negative)
        return hats_onnx_fail(
            im, HATS_E_UNSUPPORTED,
            "two classes with leaves of one sign (averaged trees): the cut between "
            "them is not at 0");
    e->k = 1;
    for (size_t i = 0; i < e->n_leaves; i++)
        e->leaves[i].output = 0;
    return HATS_OK;
}

hats_status hats_onnx_tree_classifier(struct onnx_import *im) {
    struct ensemble e = {.factor = 1};
    struct onnx_value label = {.kind = ONNX_LABEL};
    struct onnx_value scores;
    const char **labels;
    size_t n_labels;
    hats_status st = hats_onnx_number_columns(im, &e.x, 0);

    if (st == HATS_OK)
        st = hats_onnx_class_labels(im, &labels, &n_labels);
    if (st == HATS_OK && (n_labels < 2 || n_labels > HATS_LINEAR_MAX_OUTPUTS))
        st = hats_onnx_fail(im, HATS_E_MALFORMED, "%zu class labels", n_labels);
    if (st == HATS_OK)
        st = hats_onnx_post_transform(im, &label.link);
    if (st == HATS_OK)
        st = read_nodes(im, &e);
    if (st == HATS_OK)
        st = read_leaves(im, &e, true);
    if (st == HATS_OK)
        st = classifier_width(im, &e, n_labels);
    if (st == HATS_OK)
        st = finish(im, &e, &label.scores);
    if (st != HATS_OK)
        return st;
    label.scores->classifier = true;
    label.scores->labels = labels;
    label.scores->n_labels = (uint32_t)n_labels;
    scores = label;
    scores.kind = ONNX_SCORES;
    st = hats_onnx_output(im, 0, &label);
    return st == HATS_OK ? hats_onnx_output(im, 1, &scores) : st;
}
