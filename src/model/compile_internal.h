/* Between the compiler's files: what the calibration file says, and one quantised model. */
#ifndef HATS_MODEL_COMPILE_INTERNAL_H
#define HATS_MODEL_COMPILE_INTERNAL_H

#include "model/compile.h"
#include "model/csv.h"
#include "model/graph.h"

/* Hashed n-grams: slots seen in 13,083 customer queries stay within 7 (d = 1024), sums within 864. */
#define TEXT_SLOT_MAX 15
#define TEXT_SUM_MAX 976
#define TEXT_NORM_MAX 48

/* Leaf values are sums of log-odds steps: 1024 to the unit, unless all of them are tiny. */
#define STUMP_SCALE 1024
#define STUMP_LEAST 127

/* Of one number column: from every cell of the calibration file. */
struct column_stats {
    unsigned decimals;
    double most; /* largest |v| */
    double least_v, most_v;
    bool seen;
};

/* Of one number feature without a clip of the model's: the calibration range of z. */
struct feature_range {
    double lo, hi;
};

struct calibration {
    uint64_t rows;
    bool had_bom;
    struct column_stats *columns;   /* one a graph column */
    struct feature_range *features; /* one a graph feature */
};

/* A quantised model; arrays are owned. */
struct quantised {
    struct hats_plan *plan;
    int32_t *w;
    int64_t *bias;
    struct hats_linear_budget budget;
    uint64_t saturated;
    bool range_from_calibration;
    bool fixed_scale;       /* stumps: w_bits had no part */
    uint32_t coarse_column; /* of the graph: where A's rounding moves inputs most */
    double coarse;          /* by up to this many steps */
    double weight_scale;    /* score = acc / weight_scale */
};

/* compile_calibrate.c */

/* The graph's columns get their names from the file's header where it has none. First pass. */
hats_status hats_compile_calibrate(struct calibration *out, struct hats_graph *g,
                                   const struct hats_compile_options *o, struct hats_error *err);
void hats_compile_calibration_clear(struct calibration *c);
/* Second pass: the quantised model beside the graph, into *result. */
hats_status hats_compile_compare(struct hats_compile_result *result, const struct hats_graph *g,
                                 const struct quantised *q, const struct hats_compile_options *o,
                                 struct hats_error *err);

/* compile_quantise.c */

hats_status hats_compile_quantise(struct quantised *out, const struct hats_graph *g,
                                  const struct calibration *c, const struct hats_compile_options *o,
                                  unsigned x_bits, unsigned w_bits, struct hats_error *err);
void hats_compile_quantised_clear(struct quantised *q);

#endif
