/* The compiler: (ONNX file, schema, calibration file, options) -> model directory.
 *
 * Quantisation, round(v) = floor(v + 1/2) in binary64 throughout, qmax(b) = 2^(b-1) - 1:
 *
 *   inputs   feature z_j in [lo_j, hi_j]: the model's own clip range where it has one; a column of
 *            integers that fits the bits passes unchanged; otherwise the range of the calibration file,
 *            and then the client clips and says so. With c the middle and h half the width of the range,
 *            x_j = round((z_j - c_j) * S_j), S_j = qmax(x_bits) / h_j; a 0/1 feature beside numbers has
 *            unit round(S), S the smallest S_j, otherwise unit 1.
 *   weights  w_oj * S / S_j scaled by T = qmax(w_bits) / max|w| (or / a quantile of |w|, when larger
 *            weights are to saturate; never those of a text model's norm slot), rounded.
 *   bias     round((b + sum_j w_oj c_j) * S * T).   score = acc / (S T).
 *   stumps   round(1024 w), round(1024 b); score = acc / 1024.
 *
 * Widths that are not given are the smallest of (8,8), (10,8), (8,10), (10,10) which change no class
 * on the calibration file (regression: no score by more than 1/1000 of the scores' range).
 *
 * The same inputs give the same bytes: only + - * / and floor of binary64 reach them, without
 * contraction.
 */
#ifndef HATS_MODEL_COMPILE_H
#define HATS_MODEL_COMPILE_H

#include "model/package.h"

#define HATS_COMPILE_ALL 1000000u /* parts per million */
#define HATS_COMPILE_CLIP_LIST 16

/* Zero-initialise, then fill; hats_compile_options_init does so with the defaults. */
struct hats_compile_options {
    const char *onnx_path;
    const char *schema_path;      /* NULL: none */
    const char *calibration_path; /* CSV with a header row */
    const char *label_column;     /* NULL: no labels; ignored as an input */
    const char *out_dir;          /* NULL: nothing is written (a dry run) */
    const char *name, *version;
    unsigned x_bits, w_bits; /* 2..16; 0: choose */
    uint32_t w_keep_ppm;     /* quantile of |w| above which weights saturate */
    uint32_t block;          /* 0: choose */
    unsigned extra_decimals; /* digits a cell may have beyond those of the calibration file */
    bool replace;            /* out_dir may hold another model */
};
void hats_compile_options_init(struct hats_compile_options *o);

/* One input that some calibration row had clipped. */
struct hats_compile_clip {
    char column[HATS_PLAN_TEXT_MAX + 1];
    uint64_t cells;
    double from, to; /* raw values outside this range are clipped */
};

struct hats_compile_result {
    struct hats_model_figures figures;
    uint64_t rows;          /* calibration rows */
    uint64_t agree;         /* rows with the same class as the float model (binary, multiclass) */
    double score_error_max; /* |score - float score|, over rows and outputs */
    double score_error_mean;
    uint64_t float_correct, integer_correct;     /* binary, multiclass, when has_labels */
    double float_error_mean, integer_error_mean; /* regression: mean |prediction - label| */
    uint64_t clipped_cells;                      /* all of them */
    uint64_t saturated_weights;
    struct hats_compile_clip clips[HATS_COMPILE_CLIP_LIST]; /* those with most cells first */
    unsigned x_bits, w_bits;                                /* used; 0 0 for stumps */
    uint32_t n_clips;                                       /* inputs concerned */
    bool bits_chosen;                                       /* by the compiler */
    bool has_labels;
    bool range_from_calibration; /* some input's clip range is not the model's own */
    bool had_bom;
    char note[512]; /* sentences for a person, "" if none */
};

/* Everything in one call. On failure nothing is written, and out_dir is as it was. */
HATS_MUST_USE hats_status hats_compile_run(struct hats_compile_result *result,
                                           const struct hats_compile_options *options,
                                           struct hats_error *err);

/* The same with the parts already in memory; for tests and for hats_compile_run itself. */
struct hats_graph;
HATS_MUST_USE hats_status hats_compile_graph(struct hats_plan **plan, int32_t **w, int64_t **bias,
                                             struct hats_compile_result *result,
                                             struct hats_graph *graph,
                                             const struct hats_compile_options *options,
                                             struct hats_error *err);

#endif
