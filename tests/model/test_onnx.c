#include "onnx_builder.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/file.h"
#include "model/onnx.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Imports what was built and frees the builder. */
static struct hats_graph *import(struct builder *b) {
    struct hats_graph *g = NULL;
    struct hats_error err = {0};
    size_t len;
    uint8_t *bytes = builder_pack(b, &len);
    if (hats_onnx_import(&g, bytes, len, &err) != HATS_OK)
        fail_msg("%s", err.text);
    builder_free(b);
    return g;
}

static void refuse(struct builder *b, hats_status want, const char *words) {
    struct hats_graph *g = NULL;
    struct hats_error err = {0};
    size_t len;
    uint8_t *bytes = builder_pack(b, &len);
    hats_status st = hats_onnx_import(&g, bytes, len, &err);
    if (st != want || strstr(err.text, words) == NULL)
        fail_msg("%s, \"%s\" instead of \"%s\"", hats_status_name(st), err.text, words);
    assert_null(g);
    builder_free(b);
}

static const int64_t dims_3x1[] = {3, 1}, dims_1x3[] = {1, 3}, dims_1[] = {1}, dims_3[] = {3};
static const double w3[] = {1, -2, 0.5}, half[] = {0.5};

static struct builder *gemm_of(int type) {
    struct builder *b = builder_new();
    builder_input(b, "x", type, 3);
    builder_numbers(b, "w", type, 2, dims_3x1, w3);
    builder_numbers(b, "b", type, 1, dims_1, half);
    builder_node(b, "Gemm", "", "linear", "x w b", "y");
    return b;
}

/* --- the linear layer --- */

static void a_gemm_is_a_regression(void **state) {
    (void)state;
    struct builder *b = gemm_of(ONNX_DOUBLE);
    builder_output(b, "y");
    struct hats_graph *g = import(b);
    assert_int_equal(g->task, HATS_TASK_REGRESSION);
    assert_int_equal(g->link, HATS_LINK_IDENTITY);
    assert_int_equal(g->n_features, 3);
    assert_int_equal(g->k, 1);
    assert_true(g->w[1] == -2 && g->bias[0] == 0.5);
    assert_null(g->columns[0].name);
    hats_graph_free(g);
}

static void alpha_beta_and_transposition_are_applied(void **state) {
    (void)state;
    struct builder *b = builder_new();
    builder_input(b, "x", ONNX_FLOAT, 3);
    builder_numbers(b, "w", ONNX_FLOAT, 2, dims_1x3, w3);
    builder_numbers(b, "b", ONNX_FLOAT, 1, dims_1, half);
    builder_node(b, "Gemm", "", "linear", "x w b", "y");
    builder_int(b, "transB", 1);
    builder_float(b, "alpha", 2);
    builder_float(b, "beta", 4);
    builder_output(b, "y");
    struct hats_graph *g = import(b);
    assert_true(g->w[0] == 2 && g->w[1] == -4 && g->bias[0] == 2);
    hats_graph_free(g);
}

static void matmul_and_add_are_a_gemm_and_two_layers_fold_into_one(void **state) {
    (void)state;
    const int64_t dims_2x3[] = {3, 2}, dims_2x1[] = {2, 1};
    const double first[] = {1, 2, 3, 4, 5, 6}, second[] = {10, 1}, b1[] = {1, 2};
    const int64_t dims_2[] = {2};
    struct builder *b = builder_new();
    builder_input(b, "x", ONNX_DOUBLE, 3);
    builder_numbers(b, "w1", ONNX_DOUBLE, 2, dims_2x3, first);
    builder_numbers(b, "b1", ONNX_DOUBLE, 1, dims_2, b1);
    builder_numbers(b, "w2", ONNX_DOUBLE, 2, dims_2x1, second);
    builder_node(b, "MatMul", "", "one", "x w1", "h");
    builder_node(b, "Add", "", "two", "b1 h", "h2");
    builder_node(b, "MatMul", "", "three", "h2 w2", "y");
    builder_output(b, "y");
    struct hats_graph *g = import(b);
    assert_true(g->w[0] == 12 && g->w[1] == 34 && g->w[2] == 56);
    assert_true(g->bias[0] == 12);
    hats_graph_free(g);
}

static void preparation_is_affine_a_column_and_a_clip(void **state) {
    (void)state;
    const double mu[] = {10, 20, 30}, sd[] = {2, 4, 8}, lo[] = {-4}, hi[] = {4};
    struct builder *b = builder_new();
    builder_input(b, "x", ONNX_DOUBLE, 3);
    builder_numbers(b, "mu", ONNX_DOUBLE, 1, dims_3, mu);
    builder_numbers(b, "sd", ONNX_DOUBLE, 1, dims_3, sd);
    builder_numbers(b, "lo", ONNX_DOUBLE, 0, NULL, lo);
    builder_numbers(b, "hi", ONNX_DOUBLE, 0, NULL, hi);
    builder_numbers(b, "w", ONNX_DOUBLE, 2, dims_3x1, w3);
    builder_node(b, "Sub", "", "s", "x mu", "c");
    builder_node(b, "Div", "", "d", "c sd", "z");
    builder_node(b, "Clip", "", "k", "z lo hi", "q");
    builder_node(b, "Identity", "", "i", "q", "r");
    builder_node(b, "MatMul", "", "l", "r w", "y");
    builder_node(b, "Sigmoid", "", "p", "y", "prob");
    builder_output(b, "prob");
    struct hats_graph *g = import(b);
    assert_int_equal(g->task, HATS_TASK_BINARY);
    assert_int_equal(g->link, HATS_LINK_SIGMOID);
    assert_true(g->features[2].a == 0.125 && g->features[2].b == -3.75);
    assert_true(g->features[0].has_clip && g->features[0].lo == -4 && g->features[0].hi == 4);
    assert_true(hats_graph_number(&g->features[0], 30) == 4);
    hats_graph_free(g);
}

static void arithmetic_behind_a_clip_moves_into_the_weights(void **state) {
    (void)state;
    const double lo[] = {0}, hi[] = {1}, two[] = {2}, one[] = {1};
    struct builder *b = builder_new();
    builder_input(b, "x", ONNX_DOUBLE, 3);
    builder_numbers(b, "lo", ONNX_DOUBLE, 0, NULL, lo);
    builder_numbers(b, "hi", ONNX_DOUBLE, 0, NULL, hi);
    builder_numbers(b, "two", ONNX_DOUBLE, 1, dims_1, two);
    builder_numbers(b, "one", ONNX_DOUBLE, 1, dims_1, one);
    builder_numbers(b, "w", ONNX_DOUBLE, 2, dims_3x1, w3);
    builder_node(b, "Clip", "", "k", "x lo hi", "q");
    builder_node(b, "Mul", "", "m", "two q", "q2");
    builder_node(b, "Sub", "", "s", "one q2", "q3"); /* 1 - 2 clip(x) */
    builder_node(b, "MatMul", "", "l", "q3 w", "y");
    builder_output(b, "y");
    struct hats_graph *g = import(b);
    assert_true(g->w[0] == -2 && g->w[1] == 4 && g->w[2] == -1);
    assert_true(g->bias[0] == -0.5);
    hats_graph_free(g);
}

/* --- ai.onnx.ml --- */

static void two_opposite_classes_become_one_score(void **state) {
    (void)state;
    const double w[] = {-1, 2, -0.5, 1, -2, 0.5}, c[] = {-0.25, 0.25};
    const char *const labels[] = {"good", "bad"};
    struct builder *b = builder_new();
    builder_input(b, "x", ONNX_FLOAT, 3);
    builder_node(b, "LinearClassifier", "ai.onnx.ml", "lc", "x", "label scores");
    builder_floats(b, "coefficients", 6, w);
    builder_floats(b, "intercepts", 2, c);
    builder_strings(b, "classlabels_strings", 2, labels);
    builder_text(b, "post_transform", "LOGISTIC");
    builder_node(b, "Normalizer", "ai.onnx.ml", "n", "scores", "probs");
    builder_text(b, "norm", "L1");
    builder_node(b, "ZipMap", "ai.onnx.ml", "z", "probs", "map");
    builder_strings(b, "classlabels_strings", 2, labels);
    builder_output(b, "label");
    builder_output(b, "map");
    struct hats_graph *g = import(b);
    assert_int_equal(g->k, 1);
    assert_int_equal(g->task, HATS_TASK_BINARY);
    assert_int_equal(g->link, HATS_LINK_SIGMOID);
    assert_true(g->w[0] == 1 && g->w[1] == -2 && g->bias[0] == 0.25);
    assert_string_equal(g->labels[1], "bad");
    hats_graph_free(g);
}

static void a_softmax_over_two_classes_is_a_sigmoid_of_the_difference(void **state) {
    (void)state;
    const double w[] = {1, 2, 3, 4, 6, 8}, c[] = {1, 3};
    const int64_t labels[] = {0, 1};
    struct builder *b = builder_new();
    builder_input(b, "x", ONNX_FLOAT, 3);
    builder_node(b, "LinearClassifier", "ai.onnx.ml", "lc", "x", "label scores");
    builder_floats(b, "coefficients", 6, w);
    builder_floats(b, "intercepts", 2, c);
    builder_ints(b, "classlabels_ints", 2, labels);
    builder_text(b, "post_transform", "SOFTMAX");
    builder_output(b, "scores");
    struct hats_graph *g = import(b);
    assert_int_equal(g->k, 1);
    assert_true(g->w[0] == 3 && g->w[2] == 5 && g->bias[0] == 2);
    assert_string_equal(g->labels[1], "1");
    hats_graph_free(g);
}

static void scaler_imputer_and_one_hot_prepare_columns(void **state) {
    (void)state;
    const double mean[] = {40}, offset[] = {40}, scale[] = {0.1}, w[] = {2, 1, -1};
    const char *const cats[] = {"red", "blue"};
    struct builder *b = builder_new();
    builder_input(b, "age", ONNX_FLOAT, 1);
    builder_input(b, "colour", ONNX_TEXT, 1);
    builder_node(b, "Imputer", "ai.onnx.ml", "im", "age", "full");
    builder_floats(b, "imputed_value_floats", 1, mean);
    builder_float(b, "replaced_value_float", NAN);
    builder_node(b, "Scaler", "ai.onnx.ml", "sc", "full", "scaled");
    builder_floats(b, "offset", 1, offset);
    builder_floats(b, "scale", 1, scale);
    builder_node(b, "OneHotEncoder", "ai.onnx.ml", "oh", "colour", "flags");
    builder_strings(b, "cats_strings", 2, cats);
    builder_int(b, "zeros", 0);
    builder_node(b, "Concat", "", "cat", "scaled flags", "all");
    builder_int(b, "axis", 1);
    builder_node(b, "LinearRegressor", "ai.onnx.ml", "lr", "all", "y");
    builder_floats(b, "coefficients", 3, w);
    builder_output(b, "y");
    struct hats_graph *g = import(b);
    assert_int_equal(g->n_columns, 2);
    assert_string_equal(g->columns[0].name, "age");
    assert_int_equal(g->columns[0].missing, HATS_MISSING_EMPTY);
    assert_true(g->features[0].missing == 40);
    assert_true(fabs(hats_graph_number(&g->features[0], 60) - 2) < 1e-6);
    assert_true(g->columns[1].is_text && !g->columns[1].unknown_is_zero);
    assert_string_equal(g->features[2].category, "blue");
    hats_graph_free(g);
}

static void an_imputer_may_replace_a_number(void **state) {
    (void)state;
    const double mean[] = {1, 2, 3};
    struct builder *b = builder_new();
    builder_input(b, "x", ONNX_FLOAT, 3);
    builder_numbers(b, "w", ONNX_FLOAT, 2, dims_3x1, w3);
    builder_node(b, "Imputer", "ai.onnx.ml", "im", "x", "full");
    builder_floats(b, "imputed_value_floats", 3, mean);
    builder_float(b, "replaced_value_float", -999);
    builder_node(b, "MatMul", "", "l", "full w", "y");
    builder_output(b, "y");
    struct hats_graph *g = import(b);
    assert_int_equal(g->columns[1].missing, HATS_MISSING_SENTINEL);
    assert_true(g->columns[1].sentinel == -999 && g->features[1].missing == 2);
    hats_graph_free(g);
}

static void support_vectors_of_a_linear_kernel_fold(void **state) {
    (void)state;
    const double coefficient[] = {1, -0.5}, vectors[] = {1, 2, 3, 4, 5, 6}, rho[] = {0.25};
    const int64_t per_class[] = {1, 1}, labels[] = {0, 1};
    struct builder *b = builder_new();
    builder_input(b, "x", ONNX_FLOAT, 3);
    builder_node(b, "SVMRegressor", "ai.onnx.ml", "svr", "x", "y");
    builder_floats(b, "coefficients", 2, coefficient);
    builder_floats(b, "support_vectors", 6, vectors);
    builder_floats(b, "rho", 1, rho);
    builder_text(b, "kernel_type", "LINEAR");
    builder_int(b, "n_supports", 2);
    builder_output(b, "y");
    struct hats_graph *g = import(b);
    assert_true(g->w[0] == -1 && g->w[1] == -0.5 && g->w[2] == 0 && g->bias[0] == 0.25);
    hats_graph_free(g);

    /* two classes vote: a positive sum is the first class, so the second's score is its negative */
    b = builder_new();
    builder_input(b, "x", ONNX_FLOAT, 3);
    builder_node(b, "SVMClassifier", "ai.onnx.ml", "svc", "x", "label scores");
    builder_floats(b, "coefficients", 2, coefficient);
    builder_floats(b, "support_vectors", 6, vectors);
    builder_ints(b, "vectors_per_class", 2, per_class);
    builder_floats(b, "rho", 1, rho);
    builder_ints(b, "classlabels_ints", 2, labels);
    builder_output(b, "label");
    g = import(b);
    assert_true(g->w[0] == 1 && g->w[2] == 0 && g->bias[0] == -0.25);
    assert_int_equal(g->task, HATS_TASK_BINARY);
    hats_graph_free(g);
}

static void labels_may_come_from_a_constant_behind_argmax(void **state) {
    (void)state;
    const int64_t dims_3x3[] = {3, 3};
    const double w[] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    const char *const names[] = {"a", "b", "c"};
    struct builder *b = builder_new();
    builder_input(b, "x", ONNX_DOUBLE, 3);
    builder_numbers(b, "w", ONNX_DOUBLE, 2, dims_3x3, w);
    builder_texts(b, "classes", 3, names);
    builder_node(b, "MatMul", "", "l", "x w", "s");
    builder_node(b, "ArgMax", "", "a", "s", "i");
    builder_int(b, "axis", 1);
    builder_node(b, "ArrayFeatureExtractor", "ai.onnx.ml", "e", "classes i", "label");
    builder_output(b, "label");
    struct hats_graph *g = import(b);
    assert_int_equal(g->task, HATS_TASK_MULTICLASS);
    assert_string_equal(g->labels[2], "c");
    hats_graph_free(g);
}

/* --- stumps --- */

static void tree_attributes(struct builder *b, size_t n_trees, const double *thresholds,
                            const int64_t *features, const char *mode) {
    int64_t trees[30], ids[30], f[30], yes[30], no[30];
    double values[30];
    const char *modes[30];
    for (size_t t = 0; t < n_trees; t++) {
        for (size_t i = 0; i < 3; i++) {
            size_t at = 3 * t + i;
            trees[at] = (int64_t)t;
            ids[at] = (int64_t)i;
            f[at] = i == 0 ? features[t] : 0;
            values[at] = i == 0 ? thresholds[t] : 0;
            yes[at] = i == 0 ? 1 : 0;
            no[at] = i == 0 ? 2 : 0;
            modes[at] = i == 0 ? mode : "LEAF";
        }
    }
    builder_ints(b, "nodes_treeids", 3 * n_trees, trees);
    builder_ints(b, "nodes_nodeids", 3 * n_trees, ids);
    builder_ints(b, "nodes_featureids", 3 * n_trees, f);
    builder_ints(b, "nodes_truenodeids", 3 * n_trees, yes);
    builder_ints(b, "nodes_falsenodeids", 3 * n_trees, no);
    builder_floats(b, "nodes_values", 3 * n_trees, values);
    builder_strings(b, "nodes_modes", 3 * n_trees, modes);
}

static struct builder *stumps(const char *mode) {
    const double thresholds[] = {1.5, 7, 1.5}, base[] = {0.125};
    const int64_t features[] = {2, 0, 2}, leaf_trees[] = {0, 0, 1, 1, 2, 2},
                  leaf_ids[] = {1, 2, 1, 2, 1, 2}, targets[] = {0, 0, 0, 0, 0, 0};
    const double leaves[] = {-1, 1, 0.5, -0.5, -0.25, 0.25};
    struct builder *b = builder_new();
    builder_input(b, "x", ONNX_FLOAT, 3);
    builder_node(b, "TreeEnsembleRegressor", "ai.onnx.ml", "gb", "x", "y");
    tree_attributes(b, 3, thresholds, features, mode);
    builder_ints(b, "target_treeids", 6, leaf_trees);
    builder_ints(b, "target_nodeids", 6, leaf_ids);
    builder_ints(b, "target_ids", 6, targets);
    builder_floats(b, "target_weights", 6, leaves);
    builder_floats(b, "base_values", 1, base);
    builder_output(b, "y");
    return b;
}

static double score_of(const struct hats_graph *g, const double *x) {
    double sum = g->bias[0];
    for (uint32_t f = 0; f < g->n_features; f++)
        if (hats_graph_inside(&g->features[f], x[g->features[f].column]))
            sum += g->w[f];
    return sum;
}

static void stumps_share_bits_and_keep_every_branch_mode(void **state) {
    (void)state;
    static const char *const modes[] = {"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GT", "BRANCH_GTE"};
    for (size_t m = 0; m < 4; m++) {
        struct hats_graph *g = import(stumps(modes[m]));
        assert_true(g->trees);
        assert_int_equal(g->n_features, 2); /* two trees ask the same */
        assert_int_equal(g->features[0].column, 0);
        assert_int_equal(g->features[1].column, 2);
        for (int i = -1; i <= 1; i++) {
            double x[3] = {7 + i, 0, 1.5 + i};
            bool yes[4] = {i <= 0, i<0, i> 0, i >= 0};
            double want = 0.125 + (yes[m] ? -1.25 : 1.25) + (yes[m] ? 0.5 : -0.5);
            assert_true(score_of(g, x) == want);
        }
        hats_graph_free(g);
    }
}

static void a_tree_of_two_levels_is_refused_by_its_number(void **state) {
    (void)state;
    const int64_t trees[] = {4, 4, 4, 4, 4}, ids[] = {0, 1, 2, 3, 4}, f[] = {0, 1, 0, 0, 0},
                  yes[] = {1, 3, 0, 0, 0}, no[] = {2, 4, 0, 0, 0};
    const double values[] = {1, 2, 0, 0, 0}, leaves[] = {1, 2, 3};
    const char *const modes[] = {"BRANCH_LEQ", "BRANCH_LEQ", "LEAF", "LEAF", "LEAF"};
    const int64_t leaf_trees[] = {4, 4, 4}, leaf_ids[] = {2, 3, 4}, targets[] = {0, 0, 0};
    struct builder *b = builder_new();
    builder_input(b, "x", ONNX_FLOAT, 3);
    builder_node(b, "TreeEnsembleRegressor", "ai.onnx.ml", "forest", "x", "y");
    builder_ints(b, "nodes_treeids", 5, trees);
    builder_ints(b, "nodes_nodeids", 5, ids);
    builder_ints(b, "nodes_featureids", 5, f);
    builder_ints(b, "nodes_truenodeids", 5, yes);
    builder_ints(b, "nodes_falsenodeids", 5, no);
    builder_floats(b, "nodes_values", 5, values);
    builder_strings(b, "nodes_modes", 5, modes);
    builder_ints(b, "target_treeids", 3, leaf_trees);
    builder_ints(b, "target_nodeids", 3, leaf_ids);
    builder_ints(b, "target_ids", 3, targets);
    builder_floats(b, "target_weights", 3, leaves);
    builder_output(b, "y");
    refuse(b, HATS_E_UNSUPPORTED,
           "node 'forest' (operator TreeEnsembleRegressor): tree 4 has 5 nodes: deeper than one "
           "level");
}

/* --- refusals --- */

static void an_unknown_operator_is_named_with_its_node(void **state) {
    (void)state;
    struct builder *b = gemm_of(ONNX_FLOAT);
    builder_node(b, "Relu", "", "relu_1", "y", "z");
    builder_output(b, "z");
    refuse(b, HATS_E_UNSUPPORTED, "ONNX node 'relu_1' (operator Relu): this operator is not");
    b = gemm_of(ONNX_FLOAT);
    builder_node(b, "Conv", "", "", "y w", "z");
    builder_output(b, "z");
    refuse(b, HATS_E_UNSUPPORTED, "ONNX node number 2 (operator Conv)");
    b = gemm_of(ONNX_FLOAT);
    builder_node(b, "Gemm", "com.example", "odd", "x w b", "z");
    builder_output(b, "z");
    refuse(b, HATS_E_UNSUPPORTED, "ONNX node 'odd' (operator Gemm)");
}

static void names_cannot_write_on_the_terminal(void **state) {
    (void)state;
    struct builder *b = gemm_of(ONNX_FLOAT);
    builder_node(b, "Re\x1b[2Jlu", "", "a\nb", "y", "z");
    builder_output(b, "z");
    refuse(b, HATS_E_UNSUPPORTED, "ONNX node 'a?b' (operator Re?[2Jlu)");
}

static void every_length_is_checked(void **state) {
    (void)state;
    const double ten[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    const int64_t labels[] = {0, 1}, dims_2x1[] = {2, 1}, dims_2[] = {2};
    struct builder *b = builder_new();
    builder_input(b, "x", ONNX_FLOAT, 3);
    builder_node(b, "LinearClassifier", "ai.onnx.ml", "lc", "x", "label scores");
    builder_floats(b, "coefficients", 10, ten);
    builder_ints(b, "classlabels_ints", 2, labels);
    builder_output(b, "label");
    refuse(b, HATS_E_MALFORMED, "node 'lc' (operator LinearClassifier): 10 coefficients");

    b = builder_new();
    builder_input(b, "x", ONNX_FLOAT, 3);
    builder_node(b, "Scaler", "ai.onnx.ml", "sc", "x", "y");
    builder_floats(b, "offset", 2, ten);
    builder_floats(b, "scale", 3, ten);
    builder_output(b, "y");
    refuse(b, HATS_E_MALFORMED, "2 offsets and 3 scales for 3 columns");

    b = builder_new();
    builder_input(b, "x", ONNX_FLOAT, 3);
    builder_numbers(b, "w", ONNX_FLOAT, 2, dims_2x1, ten);
    builder_node(b, "MatMul", "", "mm", "x w", "y");
    builder_output(b, "y");
    refuse(b, HATS_E_MALFORMED, "does not have 3 rows");

    b = gemm_of(ONNX_FLOAT);
    builder_numbers(b, "c", ONNX_FLOAT, 1, dims_2, ten);
    builder_node(b, "Add", "", "add", "y c", "z");
    builder_output(b, "z");
    refuse(b, HATS_E_MALFORMED, "a constant of 2 elements does not fit 1 columns");

    b = builder_new();
    builder_input(b, "x", ONNX_FLOAT, 3);
    builder_node(b, "TreeEnsembleRegressor", "ai.onnx.ml", "gb", "x", "y");
    tree_attributes(b, 1, ten, labels, "BRANCH_LEQ");
    builder_ints(b, "target_treeids", 2, labels);
    builder_ints(b, "target_nodeids", 1, labels);
    builder_output(b, "y");
    refuse(b, HATS_E_MALFORMED, "'target_nodeids' holds 1 entries instead of 2");
}

static void what_is_not_linear_is_refused_with_the_reason(void **state) {
    (void)state;
    struct builder *b = builder_new();
    builder_input(b, "x", ONNX_FLOAT, 3);
    builder_node(b, "Normalizer", "ai.onnx.ml", "norm", "x", "y");
    builder_text(b, "norm", "L2");
    builder_output(b, "y");
    refuse(b, HATS_E_UNSUPPORTED, "divides a record by its own norm");

    b = builder_new();
    builder_input(b, "x", ONNX_FLOAT, 3);
    builder_node(b, "Mul", "", "square", "x x", "y");
    builder_output(b, "y");
    refuse(b, HATS_E_UNSUPPORTED, "only columns or scores with a constant stay linear");

    b = gemm_of(ONNX_FLOAT);
    builder_node(b, "Sigmoid", "", "s", "y", "p");
    builder_node(b, "Gemm", "", "second", "p w b", "z");
    builder_output(b, "z");
    refuse(b, HATS_E_MALFORMED, "node 'second'");

    b = gemm_of(ONNX_FLOAT);
    builder_node(b, "Clip", "", "after", "y b b", "z");
    builder_output(b, "z");
    refuse(b, HATS_E_UNSUPPORTED, "node 'after' (operator Clip): input 1 is the scores");

    b = builder_new();
    builder_input(b, "x", ONNX_FLOAT, 3);
    builder_output(b, "x");
    refuse(b, HATS_E_UNSUPPORTED, "a linear layer must lead to it");

    b = builder_new();
    builder_input(b, "x", ONNX_FLOAT, 3);
    builder_node(b, "SVMRegressor", "ai.onnx.ml", "svr", "x", "y");
    builder_text(b, "kernel_type", "RBF");
    builder_output(b, "y");
    refuse(b, HATS_E_UNSUPPORTED, "kernel RBF");
}

static void values_must_be_defined_once_and_be_finite(void **state) {
    (void)state;
    const double nan3[] = {1, NAN, 2};
    struct builder *b = builder_new();
    builder_input(b, "x", ONNX_FLOAT, 3);
    builder_numbers(b, "w", ONNX_FLOAT, 2, dims_3x1, nan3);
    builder_node(b, "MatMul", "", "mm", "x w", "y");
    builder_output(b, "y");
    refuse(b, HATS_E_RANGE, "tensor 'w' holds a value that is not finite");

    b = gemm_of(ONNX_FLOAT);
    builder_node(b, "Identity", "", "again", "x", "y");
    builder_output(b, "y");
    refuse(b, HATS_E_MALFORMED, "the value 'y' is defined twice");

    b = builder_new();
    builder_input(b, "x", ONNX_FLOAT, 3);
    builder_node(b, "Identity", "", "i", "ghost", "y");
    builder_output(b, "y");
    refuse(b, HATS_E_MALFORMED, "input 'ghost' is not defined before it");
}

/* --- the file --- */

/* One length-delimited field around n bytes at the end of `out`; grows towards the front. */
static uint8_t *wrap(uint8_t *at, uint8_t *end, unsigned field) {
    size_t len = (size_t)(end - at);
    uint8_t head[12];
    size_t n = 0;
    head[n++] = (uint8_t)(field << 3 | 2);
    for (; len >= 0x80; len >>= 7)
        head[n++] = (uint8_t)(len | 0x80);
    head[n++] = (uint8_t)len;
    at -= n;
    memcpy(at, head, n);
    return at;
}

/* model.graph(7) . node(1) . attribute(5) . g(6) . node(1) . ... */
static uint8_t *nested(uint8_t *buffer, size_t cap, unsigned depth, size_t *len) {
    uint8_t *end = buffer + cap;
    uint8_t *at = end;
    for (unsigned i = 0; i < depth; i++) {
        at = wrap(at, end, 6);
        at = wrap(at, end, 5);
        at = wrap(at, end, 1);
    }
    at = wrap(at, end, 7);
    *len = (size_t)(end - at);
    return at;
}

static void graphs_nested_three_thousand_deep_are_refused(void **state) {
    (void)state;
    static uint8_t buffer[1 << 20];
    struct hats_graph *g = NULL;
    struct hats_error err = {0};
    size_t len;
    uint8_t *bytes = nested(buffer, sizeof buffer, 3000, &len);
    assert_int_equal(hats_onnx_import(&g, bytes, len, &err), HATS_E_MALFORMED);
    assert_non_null(strstr(err.text, "nests its messages too deep"));
    /* four subgraphs make 1 + 1 + 3 * 4 = 14 levels, five make 17 */
    bytes = nested(buffer, sizeof buffer, 4, &len);
    assert_int_equal(hats_onnx_scan(bytes, len, HATS_ONNX_MAX_NESTING, &err), HATS_OK);
    bytes = nested(buffer, sizeof buffer, 5, &len);
    assert_int_equal(hats_onnx_scan(bytes, len, HATS_ONNX_MAX_NESTING, &err), HATS_E_MALFORMED);
}

static void a_subgraph_is_never_followed(void **state) {
    (void)state;
    static uint8_t buffer[4096];
    struct hats_graph *g = NULL;
    struct hats_error err = {0};
    size_t len;
    uint8_t *bytes = nested(buffer, sizeof buffer, 1, &len);
    hats_status st = hats_onnx_import(&g, bytes, len, &err);
    assert_int_equal(st, HATS_E_UNSUPPORTED); /* no inputs: refused before any node */
    assert_null(g);
}

static void every_truncation_is_refused(void **state) {
    (void)state;
    struct builder *b = gemm_of(ONNX_DOUBLE);
    struct hats_graph *g = NULL;
    size_t len;
    builder_node(b, "Sigmoid", "", "s", "y", "p");
    builder_output(b, "p");
    uint8_t *bytes = builder_pack(b, &len);
    for (size_t n = 0; n < len; n++) {
        uint8_t *copy = malloc(n + 1);
        assert_non_null(copy);
        memcpy(copy, bytes, n);
        assert_int_not_equal(hats_onnx_import(&g, copy, n, NULL), HATS_OK);
        assert_null(g);
        free(copy);
    }
    assert_int_equal(hats_onnx_import(&g, bytes, len, NULL), HATS_OK);
    hats_graph_free(g);
    builder_free(b);
}

static void any_changed_byte_is_imported_or_refused(void **state) {
    (void)state;
    struct builder *b = stumps("BRANCH_LEQ");
    size_t len;
    uint8_t *bytes = builder_pack(b, &len);
    for (size_t i = 0; i < len; i++) {
        for (unsigned v = 1; v < 256; v <<= 1) {
            struct hats_graph *g = NULL;
            bytes[i] ^= (uint8_t)v;
            (void)!hats_onnx_import(&g, bytes, len, NULL);
            hats_graph_free(g);
            bytes[i] ^= (uint8_t)v;
        }
    }
    builder_free(b);
}

static void memory_may_fail_anywhere(void **state) {
    (void)state;
    struct builder *b = stumps("BRANCH_LEQ");
    size_t len;
    uint8_t *bytes = builder_pack(b, &len);
    for (uint64_t n = 1;; n++) {
        struct hats_graph *g = NULL;
        hats_alloc_fail_at(n);
        hats_status st = hats_onnx_import(&g, bytes, len, NULL);
        bool reached = hats_alloc_count() >= n;
        hats_alloc_fail_at(0);
        hats_graph_free(g);
        assert_int_equal(st, reached ? HATS_E_MEMORY : HATS_OK);
        if (!reached)
            break;
    }
    builder_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gemm_is_a_regression),
        cmocka_unit_test(alpha_beta_and_transposition_are_applied),
        cmocka_unit_test(matmul_and_add_are_a_gemm_and_two_layers_fold_into_one),
        cmocka_unit_test(preparation_is_affine_a_column_and_a_clip),
        cmocka_unit_test(arithmetic_behind_a_clip_moves_into_the_weights),
        cmocka_unit_test(two_opposite_classes_become_one_score),
        cmocka_unit_test(a_softmax_over_two_classes_is_a_sigmoid_of_the_difference),
        cmocka_unit_test(scaler_imputer_and_one_hot_prepare_columns),
        cmocka_unit_test(an_imputer_may_replace_a_number),
        cmocka_unit_test(support_vectors_of_a_linear_kernel_fold),
        cmocka_unit_test(labels_may_come_from_a_constant_behind_argmax),
        cmocka_unit_test(stumps_share_bits_and_keep_every_branch_mode),
        cmocka_unit_test(a_tree_of_two_levels_is_refused_by_its_number),
        cmocka_unit_test(an_unknown_operator_is_named_with_its_node),
        cmocka_unit_test(names_cannot_write_on_the_terminal),
        cmocka_unit_test(every_length_is_checked),
        cmocka_unit_test(what_is_not_linear_is_refused_with_the_reason),
        cmocka_unit_test(values_must_be_defined_once_and_be_finite),
        cmocka_unit_test(graphs_nested_three_thousand_deep_are_refused),
        cmocka_unit_test(a_subgraph_is_never_followed),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(any_changed_byte_is_imported_or_refused),
        cmocka_unit_test(memory_may_fail_anywhere),
    };
    return cmocka_run_group_tests_name("onnx", tests, NULL, NULL);
}
