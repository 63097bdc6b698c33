#include "model/link.h"

#include <math.h>

static double sigmoid(double s) { return s >= 0 ? 1 / (1 + exp(-s)) : exp(s) / (1 + exp(s)); }

static double score_of(const struct hats_plan *p, int64_t acc) {
    return ldexp((double)acc * (double)p->scale_num, -(int)p->scale_shift);
}

void hats_link_scores(double *score, double *value, const struct hats_plan *plan,
                      const int64_t *acc) {
    uint32_t k = plan->shape.k;
    double most = -INFINITY;
    double sum = 0;

    for (uint32_t o = 0; o < k; o++) {
        score[o] = score_of(plan, acc[o]);
        most = fmax(most, score[o]);
    }
    if (value == NULL)
        return;
    for (uint32_t o = 0; o < k; o++) {
        switch (plan->link) {
        case HATS_LINK_IDENTITY: value[o] = NAN; break;
        case HATS_LINK_SIGMOID:
        case HATS_LINK_SIGMOID_L1: value[o] = sigmoid(score[o]); break;
        case HATS_LINK_SOFTMAX: value[o] = exp(score[o] - most); break;
        case HATS_LINK_EXP: value[o] = exp(score[o]); break;
        }
        sum += value[o];
    }
    if (plan->link == HATS_LINK_SOFTMAX || plan->link == HATS_LINK_SIGMOID_L1)
        for (uint32_t o = 0; o < k; o++)
            value[o] /= sum;
}

/* What a class weighs before its share is taken, and what all of them weigh. The softmax is taken
 * relative to the largest score, so that nothing overflows. */
static double class_weight(const struct hats_plan *p, int64_t acc, int64_t most) {
    switch (p->link) {
    case HATS_LINK_SOFTMAX: return exp(score_of(p, acc - most));
    case HATS_LINK_SIGMOID:
    case HATS_LINK_SIGMOID_L1: return sigmoid(score_of(p, acc));
    case HATS_LINK_IDENTITY:
    case HATS_LINK_EXP: break;
    }
    return NAN;
}

static double all_weights(const struct hats_plan *p, const int64_t *acc, int64_t most) {
    double sum = 0;

    if (p->link == HATS_LINK_SIGMOID)
        return 1;
    for (uint32_t o = 0; o < p->shape.k; o++)
        sum += class_weight(p, acc[o], most);
    return sum;
}

static void apply_binary(struct hats_link_answer *out, const struct hats_plan *p, int64_t acc) {
    bool positive = acc > 0;
    double s = score_of(p, acc);
    bool probable = p->link == HATS_LINK_SIGMOID;

    out->score = s;
    out->index = positive;
    out->n_top = 2;
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t c = i == 0 ? positive : !positive;
        double of_class = c == 1 ? s : -s;
        out->top[i] = (struct hats_link_class){.index = c,
                                               .label = p->labels[c],
                                               .score = of_class,
                                               .probability = probable ? sigmoid(of_class) : NAN};
    }
    out->label = out->top[0].label;
    out->value = out->top[0].probability;
}

static void apply_multiclass(struct hats_link_answer *out, const struct hats_plan *p,
                             const int64_t *acc) {
    uint32_t best[HATS_LINK_TOP] = {0};
    uint32_t n = 0;
    double sum;

    /* insertion into a list of three; a tie keeps the earlier class first */
    for (uint32_t o = 0; o < p->shape.k; o++) {
        uint32_t at = n;
        while (at > 0 && acc[best[at - 1]] < acc[o])
            at--;
        if (at == HATS_LINK_TOP)
            continue;
        n = n < HATS_LINK_TOP ? n + 1 : n;
        for (uint32_t i = n - 1; i > at; i--)
            best[i] = best[i - 1];
        best[at] = o;
    }
    sum = all_weights(p, acc, acc[best[0]]);
    out->n_top = n;
    for (uint32_t i = 0; i < n; i++)
        out->top[i] = (struct hats_link_class){
            .index = best[i],
            .label = p->labels[best[i]],
            .score = score_of(p, acc[best[i]]),
            .probability = class_weight(p, acc[best[i]], acc[best[0]]) / sum};
    out->score = out->top[0].score;
    out->value = out->top[0].probability;
    out->label = out->top[0].label;
    out->index = best[0];
}

void hats_link_apply(struct hats_link_answer *out, const struct hats_plan *plan,
                     const int64_t *acc) {
    *out = (struct hats_link_answer){.task = plan->task, .link = plan->link, .value = NAN};
    if (plan->task == HATS_TASK_BINARY) {
        apply_binary(out, plan, acc[0]);
    } else if (plan->task == HATS_TASK_MULTICLASS) {
        apply_multiclass(out, plan, acc);
    } else {
        out->score = score_of(plan, acc[0]);
        out->value = plan->link == HATS_LINK_EXP ? exp(out->score) : NAN;
        out->label = plan->labels[0];
    }
}
