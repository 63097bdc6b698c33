#include "base/arena.h"
#include "fuzz.h"
#include "model/schema.h"

enum { inputs = 6 };

/* A graph of one score over six unnamed columns, as an ONNX file makes it. */
static struct hats_graph *graph_new(void) {
    struct hats_graph *g = hats_alloc(sizeof *g);
    require(g != NULL, "there is memory");
    g->columns = hats_alloc_array(inputs, sizeof *g->columns);
    g->features = hats_alloc_array(inputs, sizeof *g->features);
    g->w = hats_alloc_array(inputs, sizeof *g->w);
    g->bias = hats_alloc_array(1, sizeof *g->bias);
    require(g->columns != NULL && g->features != NULL && g->w != NULL && g->bias != NULL,
            "there is memory");
    g->n_columns = g->n_features = inputs;
    g->k = 1;
    g->task = HATS_TASK_REGRESSION;
    g->link = HATS_LINK_IDENTITY;
    for (uint32_t f = 0; f < inputs; f++) {
        g->features[f] = (struct hats_graph_feature){
            .kind = HATS_FEATURE_NUMBER, .column = f, .a = 1, .post_a = 1};
        g->w[f] = f + 1;
    }
    return g;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes) {
    struct hats_graph *g = graph_new();
    struct hats_error err;

    if (hats_schema_apply(g, (const char *)data, len_bytes, &err) == HATS_OK) {
        require(g->n_features == inputs, "a schema keeps the number of inputs");
        for (uint32_t f = 0; f < g->n_features; f++)
            require(g->features[f].column < g->n_columns,
                    "every input reads a column that is there");
    }
    hats_graph_free(g);
    return 0;
}
