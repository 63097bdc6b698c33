/* From integer answers to what a person reads. For display: floating point is allowed here, and
 * nothing computed here travels or is signed.
 *
 *     score_o = acc_o * num / 2^shift
 *     probability = sigmoid(score), softmax(scores) or, for counts and amounts, mean = exp(score)
 *
 * The class is decided on the integers: binary: acc > 0; otherwise the first maximum.
 */
#ifndef HATS_MODEL_LINK_H
#define HATS_MODEL_LINK_H

#include "model/plan.h"

#define HATS_LINK_TOP 3

struct hats_link_class {
    uint32_t index;
    const char *label; /* borrowed from the plan */
    double score;
    double probability; /* NAN when the link gives none */
};

struct hats_link_answer {
    enum hats_plan_task task;
    enum hats_plan_link link;
    /* regression: the first output; binary: the score of labels[1]; multiclass: of the class */
    double score;
    /* sigmoid, softmax: of the class named by `label`; exp: the mean; identity: NAN */
    double value;
    const char *label; /* the class; regression: the output's name */
    uint32_t index;
    /* binary and multiclass: best classes first */
    struct hats_link_class top[HATS_LINK_TOP];
    uint32_t n_top;
};

/* acc has plan->shape.k entries. */
void hats_link_apply(struct hats_link_answer *out, const struct hats_plan *plan,
                     const int64_t *acc);

/* All k scores, and what the link makes of them (value may be NULL; NAN where there is none). */
void hats_link_scores(double *score, double *value, const struct hats_plan *plan,
                      const int64_t *acc);

#endif
