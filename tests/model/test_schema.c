#include "onnx_builder.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "model/onnx.h"
#include "model/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* y = w x + 1/2 over n inputs; with scale, x is doubled and clipped to -1 .. 1 first. */
static struct hats_graph *model(size_t n, const double *w, bool scale) {
    const int64_t dims[2] = {(int64_t)n, 1}, one[1] = {1};
    const double half[] = {0.5}, two[] = {2}, lo[] = {-1}, hi[] = {1};
    struct hats_graph *g = NULL;
    struct hats_error err = {0};
    size_t len;
    struct builder *b = builder_new();
    builder_input(b, "x", ONNX_DOUBLE, (int64_t)n);
    builder_numbers(b, "w", ONNX_DOUBLE, 2, dims, w);
    builder_numbers(b, "b", ONNX_DOUBLE, 1, one, half);
    builder_numbers(b, "two", ONNX_DOUBLE, 1, one, two);
    builder_numbers(b, "lo", ONNX_DOUBLE, 0, NULL, lo);
    builder_numbers(b, "hi", ONNX_DOUBLE, 0, NULL, hi);
    builder_node(b, "Mul", "", "m", "x two", "x2");
    builder_node(b, "Clip", "", "c", "x2 lo hi", "x3");
    builder_node(b, "Gemm", "", "g", scale ? "x3 w b" : "x w b", "y");
    builder_output(b, "y");
    uint8_t *bytes = builder_pack(b, &len);
    if (hats_onnx_import(&g, bytes, len, &err) != HATS_OK)
        fail_msg("%s", err.text);
    builder_free(b);
    return g;
}

static hats_status apply(struct hats_graph *g, const char *text, struct hats_error *err) {
    return hats_schema_apply(g, text, strlen(text), err);
}

static const double w6[] = {1, 2, 3, 4, 5, 6};

static void rules_become_features_in_order(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_graph *g = model(6, w6, false);
    hats_status st = apply(g,
                           "# six inputs\n"
                           "number age\n"
                           "bins \"credit amount\" 100 2.5e2   # three of them\r\n"
                           "\n"
                           "onehot purpose \"new car\" \"say \"\"hi\"\"\"\n",
                           &err);
    if (st != HATS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(g->n_columns, 3);
    assert_string_equal(g->columns[1].name, "credit amount");
    assert_true(g->columns[2].is_text && !g->columns[2].unknown_is_zero);
    assert_int_equal(g->features[0].kind, HATS_FEATURE_NUMBER);
    assert_true(!g->features[1].has_above && g->features[1].up_to == 100);
    assert_true(g->features[2].above == 100 && g->features[2].up_to == 250);
    assert_true(g->features[3].above == 250 && !g->features[3].has_up_to);
    assert_string_equal(g->features[4].category, "new car");
    assert_string_equal(g->features[5].category, "say \"hi\"");
    hats_graph_free(g);
}

static void what_the_model_does_to_a_flag_goes_into_its_weight(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_graph *g = model(3, w6, true); /* a flag 0, 1 becomes 0, 1 behind the clip of 2 x */
    assert_int_equal(apply(g, "above v 10 20\nnumber u\n", &err), HATS_OK);
    assert_true(g->w[0] == 1 && g->w[1] == 2 && g->bias[0] == 0.5);
    assert_true(g->features[2].has_clip && g->features[2].a == 2);
    hats_graph_free(g);
}

static void labels_and_links_make_a_classifier(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_graph *g = model(1, w6, false);
    assert_int_equal(g->task, HATS_TASK_REGRESSION);
    assert_int_equal(apply(g, "labels no yes\nlink sigmoid\n", &err), HATS_OK);
    assert_int_equal(g->task, HATS_TASK_BINARY);
    assert_int_equal(g->link, HATS_LINK_SIGMOID);
    assert_string_equal(g->labels[1], "yes");
    assert_null(g->columns[0].name); /* columns stay the model's */
    hats_graph_free(g);
}

static void ngrams_stand_alone(void **state) {
    (void)state;
    struct hats_error err = {0};
    struct hats_graph *g = model(6, w6, false);
    assert_int_equal(apply(g, "text-ngrams words 6\n", &err), HATS_OK);
    assert_true(g->has_text);
    hats_graph_free(g);
    g = model(6, w6, true);
    assert_int_equal(apply(g, "text-ngrams words 6\n", &err), HATS_E_UNSUPPORTED);
    hats_graph_free(g);
}

static void mistakes_are_named_by_line(void **state) {
    (void)state;
    static const struct {
        const char *text;
        hats_status want;
        const char *words;
    } cases[] = {
        {"nummer x\n", HATS_E_MALFORMED, "line 1: unknown rule"},
        {"\n\nnumber\n", HATS_E_MALFORMED, "line 3: number takes one column"},
        {"number a b\n", HATS_E_MALFORMED, "line 1: number takes one column"},
        {"bins a\n", HATS_E_MALFORMED, "at least one cut"},
        {"bins a 1 1\n", HATS_E_MALFORMED, "cuts must ascend"},
        {"bins a one\n", HATS_E_MALFORMED, "not a plain decimal"},
        {"bins a nan\n", HATS_E_MALFORMED, "not a plain decimal"},
        {"onehot a\n", HATS_E_MALFORMED, "at least one category"},
        {"onehot a \"\"\n", HATS_E_MALFORMED, "a category is empty"},
        {"onehot \"a b c\n", HATS_E_MALFORMED, "a quote is left open"},
        {"onehot \"a\"b c\n", HATS_E_MALFORMED, "text follows a closing quote"},
        {"number a\nonehot a x\n", HATS_E_MALFORMED, "line 2: the column is a number elsewhere"},
        {"number a\n", HATS_E_RANGE, "describes 1 inputs, the model has 2"},
        {"bins a 1 2\n", HATS_E_RANGE, "more inputs than the model's 2"},
        {"number a\nnumber b\ntext-ngrams c 2\n", HATS_E_MALFORMED, "stands alone"},
        {"text-ngrams c 1\n", HATS_E_MALFORMED, "text-ngrams takes"},
        {"link probit\n", HATS_E_MALFORMED, "no such link"},
        {"labels a b\nlabels c d\n", HATS_E_MALFORMED, "line 2: labels stands once"},
        {"number a\nnumber b\nlink sigmoid\nlabels a b c\n", HATS_E_MALFORMED, "3 class labels"},
    };
    for (size_t i = 0; i < HATS_COUNT_OF(cases); i++) {
        struct hats_error err = {0};
        struct hats_graph *g = model(2, w6, false);
        hats_status st = apply(g, cases[i].text, &err);
        if (st != cases[i].want || strstr(err.text, cases[i].words) == NULL)
            fail_msg("case %zu: %s, \"%s\"", i, hats_status_name(st), err.text);
        hats_graph_free(g);
    }
}

static void memory_may_fail_anywhere(void **state) {
    (void)state;
    for (uint64_t n = 1;; n++) {
        struct hats_graph *g = model(3, w6, true);
        hats_alloc_fail_at(n);
        hats_status st = apply(g, "number a\nonehot b x y\nlabels l m\nlink sigmoid\n", NULL);
        bool reached = hats_alloc_count() >= n;
        hats_alloc_fail_at(0);
        hats_graph_free(g);
        assert_int_equal(st, reached ? HATS_E_MEMORY : HATS_OK);
        if (!reached)
            break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_become_features_in_order),
        cmocka_unit_test(what_the_model_does_to_a_flag_goes_into_its_weight),
        cmocka_unit_test(labels_and_links_make_a_classifier),
        cmocka_unit_test(ngrams_stand_alone),
        cmocka_unit_test(mistakes_are_named_by_line),
        cmocka_unit_test(memory_may_fail_anywhere),
    };
    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
