#include "model/graph.h"

#include "base/arena.h"

void hats_graph_free(struct hats_graph *graph) {
    if (graph == NULL)
        return;
    for (uint32_t c = 0; graph->columns != NULL && c < graph->n_columns; c++)
        hats_free(graph->columns[c].name);
    hats_free(graph->columns);
    for (uint32_t f = 0; graph->features != NULL && f < graph->n_features; f++)
        hats_free(graph->features[f].category);
    hats_free(graph->features);
    hats_free(graph->w);
    hats_free(graph->bias);
    for (uint32_t o = 0; graph->labels != NULL && o < graph->n_labels; o++)
        hats_free(graph->labels[o]);
    hats_free(graph->labels);
    hats_free(graph);
}

double hats_graph_number(const struct hats_graph_feature *f, double v) {
    double z = f->a * v + f->b;

    if (f->has_clip)
        z = z < f->lo ? f->lo : z > f->hi ? f->hi : z;
    return f->in_float ? (double)(float)z : z;
}

bool hats_graph_inside(const struct hats_graph_feature *f, double v) {
    double z = hats_graph_number(f, v);

    if (f->has_above && !(f->at_counts ? z >= f->above : z > f->above))
        return false;
    return !f->has_up_to || z <= f->up_to;
}

static void collapse_pair(struct hats_graph *g) {
    size_t d = g->n_features;
    bool opposite = g->bias[0] == -g->bias[1];

    for (size_t f = 0; f < d; f++)
        opposite &= g->w[f] == -g->w[d + f];
    if (!opposite && g->link != HATS_LINK_SOFTMAX)
        return;
    for (size_t f = 0; f < d; f++)
        g->w[f] = g->link == HATS_LINK_SOFTMAX ? g->w[d + f] - g->w[f] : g->w[d + f];
    g->bias[0] = g->link == HATS_LINK_SOFTMAX ? g->bias[1] - g->bias[0] : g->bias[1];
    if (g->link != HATS_LINK_IDENTITY)
        g->link = HATS_LINK_SIGMOID;
    g->k = 1;
}

hats_status hats_graph_settle(struct hats_graph *g, bool classifier, struct hats_error *err) {
    classifier |= g->link == HATS_LINK_SOFTMAX || (g->link == HATS_LINK_SIGMOID && g->k == 1);
    if (classifier && g->k == 2)
        collapse_pair(g);
    if (!classifier && g->link == HATS_LINK_SIGMOID)
        return hats_fail(err, HATS_E_UNSUPPORTED,
                         "sigmoids of %u outputs without classes (several labels at once) are not "
                         "supported",
                         g->k);
    if (!classifier) {
        g->task = HATS_TASK_REGRESSION;
        return HATS_OK;
    }
    if (g->link == HATS_LINK_EXP)
        return hats_fail(err, HATS_E_UNSUPPORTED, "Exp behind a classifier is not supported");
    if (g->k == 1 && g->link != HATS_LINK_IDENTITY && g->link != HATS_LINK_SIGMOID)
        return hats_fail(err, HATS_E_UNSUPPORTED, "%s of one score is always 1",
                         hats_plan_link_name(g->link));
    g->task = g->k == 1 ? HATS_TASK_BINARY : HATS_TASK_MULTICLASS;
    if (g->n_labels > 0 && g->n_labels != (g->k == 1 ? 2 : g->k))
        return hats_fail(err, HATS_E_MALFORMED, "%u class labels for %u outputs", g->n_labels,
                         g->k);
    return HATS_OK;
}

hats_status hats_graph_prune(struct hats_graph *g, struct hats_error *err) {
    uint32_t *becomes = hats_alloc_array(g->n_columns, sizeof *becomes);
    uint32_t n = 0;

    if (becomes == NULL)
        return hats_fail(err, HATS_E_MEMORY, "no memory for %u columns", g->n_columns);
    for (uint32_t f = 0; f < g->n_features; f++)
        becomes[g->features[f].column] = 1;
    for (uint32_t c = 0; c < g->n_columns; c++) {
        bool used = becomes[c] != 0;
        becomes[c] = n;
        if (used)
            g->columns[n++] = g->columns[c];
        else
            hats_free(g->columns[c].name);
    }
    for (uint32_t c = n; c < g->n_columns; c++)
        g->columns[c] = (struct hats_graph_column){0};
    for (uint32_t f = 0; f < g->n_features; f++)
        g->features[f].column = becomes[g->features[f].column];
    g->n_columns = n;
    hats_free(becomes);
    return HATS_OK;
}
